//! F2: the operator's own network: whether it is our end that is down, and which way a host lies.
//!
//! [`NetworkMonitor`] tells of every change, [`look`] asks once, [`route_to`] and [`statistics`] are asked
//! on demand. What a change means is decided by [`judge`], what check hosts say on top of it by
//! [`Network`](crate::domain::network::Network); both are pure. On Linux all of it comes from
//! the kernel by netlink; a notification is only a hint that something changed, after which the
//! kernel is asked for everything: so a lost or a misread notification cannot leave a wrong picture.
//!
//! Imports `domain` and `port`. Deliberately absent: reading interfaces where there is no netlink (check
//! hosts are asked there too, and [`Source::Polling`] says so), changing anything.

// Elsewhere it is what there is; in tests it is compiled everywhere, so that it cannot rot.
#[cfg(any(test, not(target_os = "linux")))]
mod elsewhere;
mod judge;
#[cfg(target_os = "linux")]
mod linux;
mod monitor;
mod own;
mod reach;

#[cfg(not(target_os = "linux"))]
use elsewhere as platform;
#[cfg(target_os = "linux")]
use linux as platform;

use std::io;
use std::net::IpAddr;

pub use judge::judge;
pub(crate) use monitor::wait_until_up;
pub use monitor::{Feed, NetworkMonitor};
pub use own::{InterfaceAddress, InterfaceSummary, NetSettings, OwnNetwork, RouteOut, Snapshot, Source};
pub use reach::ask;

/// The network as it is now. What cannot be asked is `Unknown`, and `why` says so.
pub async fn look(settings: &NetSettings) -> OwnNetwork {
    match platform::snapshot().await {
        Ok(snapshot) => OwnNetwork::of(snapshot, settings),
        Err(error) => OwnNetwork::unknown(&error),
    }
}

/// The way that packets to `ip` would take now; `None`: the kernel has none.
///
/// # Errors
/// When the kernel cannot be asked.
pub async fn route_to(ip: IpAddr) -> Result<Option<Route>, NetError> {
    platform::route_to(ip.to_canonical()).await
}

/// The counters of an interface; `None`: there is none of this name.
///
/// # Errors
/// When the kernel cannot be asked.
pub async fn statistics(interface: &str) -> Result<Option<Statistics>, NetError> {
    platform::statistics(interface).await
}

/// How packets leave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Route {
    pub interface: String,
    /// The address of ours that they carry.
    pub source: Option<IpAddr>,
    /// `None`: the address is on the interface's own network.
    pub gateway: Option<IpAddr>,
    /// The address is one of this machine: no network is needed.
    pub local: bool,
}

/// What went through an interface since it exists.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Statistics {
    pub rx_bytes: u64,
    pub tx_bytes: u64,
    pub rx_packets: u64,
    pub tx_packets: u64,
    pub rx_errors: u64,
    pub tx_errors: u64,
    pub rx_dropped: u64,
    pub tx_dropped: u64,
    pub mtu: u32,
    /// As people write it, `52:54:00:12:34:56`; tunnels have none.
    pub mac: Option<String>,
}

/// Why the kernel told nothing.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    #[error("open a netlink socket")]
    Open(#[source] io::Error),
    #[error("ask the kernel for its {what}")]
    Ask {
        what: &'static str,
        #[source]
        source: io::Error,
    },
    #[error("ask the kernel for its {0}: no answer in time")]
    NoAnswer(&'static str),
    #[error("hear of changes")]
    Listen(#[source] io::Error),
    #[error("ask this system, which has no netlink")]
    NoNetlink,
}
