//! Listens, asks, tells.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::net::linux::dump::snapshot;
use crate::net::linux::events::Events;
use crate::net::linux::kernel::Kernel;
use crate::net::{NetError, NetSettings, OwnNetwork};
use crate::port::Clock;

/// Goes on until it is aborted.
pub(in crate::net) async fn follow(settings: NetSettings, clock: Arc<dyn Clock>, out: watch::Sender<OwnNetwork>) {
    loop {
        let Err(error) = listen(&settings, &*clock, &out).await;
        let changes = out.borrow().changes;
        tell(&out, OwnNetwork { changes, ..OwnNetwork::unknown(&error) });
        sleep(AGAIN).await;
    }
}

async fn listen(
    settings: &NetSettings,
    clock: &dyn Clock,
    out: &watch::Sender<OwnNetwork>,
) -> Result<Infallible, NetError> {
    // Before the first look, so that nothing falls between.
    let mut events = Events::subscribe()?;
    let mut kernel = Kernel::open()?;
    let mut patience = SETTLED;
    let mut changes = out.borrow().changes;
    loop {
        let began = clock.now().mono;
        tell(out, OwnNetwork { changes, ..OwnNetwork::of(snapshot(&mut kernel).await?, settings) });
        sleep(rest(clock.now().mono.since(began))).await;
        let happened = timeout(patience, events.next()).await;
        // The look that follows the last change in time counts as one too: what it shows may be new.
        changes += u64::from(happened.is_ok() || patience == SETTLED);
        patience = match happened {
            Ok(happened) => happened.map(|()| SETTLED)?,
            Err(_) => LEISURE,
        };
    }
}

fn tell(out: &watch::Sender<OwnNetwork>, network: OwnNetwork) {
    out.send_if_modified(|known| {
        let changed = *known != network;
        if changed {
            *known = network;
        }
        changed
    });
}

/// Asking takes at most a tenth of the time, however large the routing table and however busy the
/// network: a change is seen at once, the next one after this.
fn rest(took: Duration) -> Duration {
    took.saturating_mul(9).clamp(SHORTEST_REST, LONGEST_REST)
}

const SHORTEST_REST: Duration = Duration::from_millis(2);
const LONGEST_REST: Duration = Duration::from_secs(10);

/// After the last change the kernel is asked once more: IPv4 routes go silently, and a little after
/// the address or link they went with.
const SETTLED: Duration = Duration::from_millis(250);

/// Without any change it is asked so often, should a change ever go untold: a wrong "down" would
/// keep every host paused.
const LEISURE: Duration = Duration::from_secs(30);

/// After a failure to open or ask; until then the network is unknown.
const AGAIN: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_takes_at_most_a_tenth_of_the_time() {
        assert_eq!(rest(Duration::ZERO), SHORTEST_REST);
        assert_eq!(rest(Duration::from_millis(100)), Duration::from_millis(900));
        assert_eq!(rest(Duration::MAX), LONGEST_REST);
    }

    #[test]
    fn what_did_not_change_is_not_told() {
        let (out, mut changes) = watch::channel(OwnNetwork::not_asked());
        tell(&out, OwnNetwork::not_asked());
        assert!(!changes.has_changed().unwrap());
        let error = NetError::Open(std::io::Error::from_raw_os_error(13));

        tell(&out, OwnNetwork::unknown(&error));
        assert!(changes.has_changed().unwrap());
        let why = changes.borrow_and_update().why.clone();
        assert!(why.starts_with("failed to open a netlink socket: Permission denied"), "{why}");
    }
}
