//! What is known of the network, as values.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::net::IpAddr;

use crate::domain::network::{CheckAnswer, CheckHost, NetworkSettings, NetworkState};
use crate::net::{NetError, judge};

/// What counts as the operator's network.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NetSettings {
    /// As configured.
    pub network: NetworkSettings,
    /// Who is asked whether it carries, where the operator named nobody: jump hosts, hosts.
    pub inventory: Vec<CheckHost>,
    /// Every host of the fleet is on a loopback address, so no network is needed: never `Down`.
    pub loopback_only: bool,
}

impl NetSettings {
    /// Only these interfaces count.
    #[must_use]
    pub fn only(interfaces: &[&str]) -> Self {
        let interfaces = interfaces.iter().map(|name| (*name).to_owned()).collect();
        Self { network: NetworkSettings { interfaces, ..NetworkSettings::default() }, ..Self::default() }
    }

    /// Whether anybody is asked.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        !self.checks().is_empty()
    }

    /// Who is to be asked.
    pub(super) fn checks(&self) -> Vec<CheckHost> {
        match &self.network.check {
            _ if self.loopback_only => Vec::new(),
            Some(named) => named.clone(),
            None => self.inventory.clone(),
        }
    }
}

/// How it is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Source {
    /// Nobody has looked yet.
    #[default]
    NotAsked,
    /// The kernel tells of every change.
    Netlink,
    /// This system has no netlink: only check hosts are asked, at their interval.
    Polling,
}

/// The operator's own network at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OwnNetwork {
    pub state: NetworkState,
    /// For people; free of control characters.
    pub why: String,
    /// In the kernel's order; those that do not count too.
    pub interfaces: Vec<InterfaceSummary>,
    /// Over an interface that counts.
    pub default_route: bool,
    /// What check hosts said last; empty when nobody had to be asked.
    pub checks: Vec<CheckAnswer>,
    pub source: Source,
    /// Grows with every change that the kernel tells of, of routes that are not shown here too.
    pub changes: u64,
}

impl OwnNetwork {
    pub(super) fn of(snapshot: Snapshot, settings: &NetSettings) -> Self {
        let (state, why) = judge(&snapshot, settings);
        let default_route = judge::usable(&snapshot, settings)
            .any(|interface| snapshot.routes.iter().any(|route| route.default && route.interface == interface.name));
        let interfaces = snapshot.interfaces;
        Self { state, why, interfaces, default_route, source: Source::Netlink, ..Self::default() }
    }

    /// Nothing is known, for this reason.
    pub(super) fn unknown(error: &NetError) -> Self {
        let source = if let NetError::NoNetlink = error { Source::Polling } else { Source::Netlink };
        let mut why = format!("failed to {error}");
        let mut inner = error.source();
        while let Some(cause) = inner {
            why.push_str(&format!(": {cause}"));
            inner = cause.source();
        }
        Self { why, source, ..Self::default() }
    }

    pub(super) fn not_asked() -> Self {
        Self { why: "not asked yet".to_owned(), ..Self::default() }
    }
}

/// One interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InterfaceSummary {
    pub name: String,
    /// Switched on.
    pub up: bool,
    /// Able to carry packets: has a carrier.
    pub running: bool,
    pub addresses: Vec<InterfaceAddress>,
    pub loopback: bool,
}

/// An address of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InterfaceAddress {
    pub ip: IpAddr,
    pub prefix: u8,
    /// Of use beyond this link, and ready: neither link-local nor waiting for duplicates to show up.
    pub global: bool,
}

impl fmt::Display for InterfaceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ip, self.prefix)
    }
}

/// What the kernel said, reduced to what [`judge`] needs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Snapshot {
    pub interfaces: Vec<InterfaceSummary>,
    /// At most two per interface, however large the routing table.
    pub routes: BTreeSet<RouteOut>,
    /// A part of the answer was not understood, or it changed all the time while the kernel told it:
    /// it may speak for the network, never against it.
    pub incomplete: bool,
}

/// Some route leads over this interface to more than its own link and this machine.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct RouteOut {
    pub interface: String,
    pub default: bool,
}
