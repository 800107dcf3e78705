//! What is known of the network, as values.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::net::IpAddr;

use crate::domain::network::NetworkState;
use crate::net::judge;

/// What counts as the operator's network.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NetSettings {
    /// Only these interfaces count; empty: all.
    pub interfaces: Vec<String>,
    /// Every host of the fleet is on a loopback address, so no network is needed: never `Down`.
    pub loopback_only: bool,
}

/// The operator's own network at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnNetwork {
    pub state: NetworkState,
    /// For people; free of control characters.
    pub why: String,
    /// In the kernel's order; those that do not count too.
    pub interfaces: Vec<InterfaceSummary>,
    /// Over an interface that counts.
    pub default_route: bool,
}

impl OwnNetwork {
    pub(super) fn of(snapshot: Snapshot, settings: &NetSettings) -> Self {
        let (state, why) = judge(&snapshot, settings);
        let default_route = judge::usable(&snapshot, settings)
            .any(|interface| snapshot.routes.iter().any(|route| route.default && route.interface == interface.name));
        Self { state, why, interfaces: snapshot.interfaces, default_route }
    }

    /// Nothing is known, for this reason.
    pub(super) fn unknown(error: &dyn Error) -> Self {
        let mut why = format!("failed to {error}");
        let mut source = error.source();
        while let Some(cause) = source {
            why.push_str(&format!(": {cause}"));
            source = cause.source();
        }
        Self { why, ..Self::not_asked() }
    }

    pub(super) fn not_asked() -> Self {
        Self {
            state: NetworkState::Unknown,
            why: "not asked yet".to_owned(),
            interfaces: Vec::new(),
            default_route: false,
        }
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
