//! Systems without netlink: nothing is known, and that is said.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::watch;

use crate::net::{NetError, NetSettings, OwnNetwork, Route, Snapshot, Statistics};
use crate::port::Clock;

pub(super) async fn follow(_: NetSettings, _: Arc<dyn Clock>, out: watch::Sender<OwnNetwork>) {
    out.send_replace(OwnNetwork::unknown(&NetError::NoNetlink));
    // Nothing will ever change; the sender stays, so that receivers wait instead of spinning.
    out.closed().await;
}

pub(super) async fn snapshot() -> Result<Snapshot, NetError> {
    Err(NetError::NoNetlink)
}

pub(super) async fn route_to(_: IpAddr) -> Result<Option<Route>, NetError> {
    Err(NetError::NoNetlink)
}

pub(super) async fn statistics(_: &str) -> Result<Option<Statistics>, NetError> {
    Err(NetError::NoNetlink)
}
