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

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::clock::SystemClock;
    use crate::domain::network::NetworkState;
    use crate::net::Source;

    #[tokio::test]
    async fn it_says_that_only_check_hosts_are_asked_and_waits_for_nobody() {
        let (out, mut seen) = watch::channel(OwnNetwork::not_asked());
        let mut following = tokio::task::JoinSet::new();
        following.spawn(follow(NetSettings::default(), Arc::new(SystemClock), out));
        seen.changed().await.unwrap();
        let own = seen.borrow_and_update().clone();
        assert_eq!((own.state, own.source), (NetworkState::Unknown, Source::Polling));
        assert!(own.why.contains("no netlink"), "{}", own.why);
        assert!(following.try_join_next().is_none(), "a watch that ends would be taken for an unwatched network");
        drop(seen);
        following.join_next().await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn what_is_asked_of_the_kernel_is_not_known() {
        assert!(matches!(snapshot().await, Err(NetError::NoNetlink)));
        assert!(matches!(route_to(Ipv4Addr::LOCALHOST.into()).await, Err(NetError::NoNetlink)));
        assert!(matches!(statistics("lo0").await, Err(NetError::NoNetlink)));
    }
}
