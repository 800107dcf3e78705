//! How a connection ended: set once, seen by all who wait for it.

use tokio::sync::watch;

use crate::domain::diagnosis::Cause;
use crate::port::SessionGone;

/// The end of one connection. The first cause wins: what comes after it is only its echo.
pub(super) struct Ending {
    cause: watch::Sender<Option<Cause>>,
}

impl Ending {
    pub(super) fn new() -> Self {
        Self { cause: watch::Sender::new(None) }
    }

    /// Says that it has ended; ignored when that was said before.
    pub(super) fn set(&self, cause: Cause) {
        self.cause.send_if_modified(|known| {
            let first = known.is_none();
            if first {
                *known = Some(cause);
            }
            first
        });
    }

    pub(super) fn cause(&self) -> Option<Cause> {
        self.cause.borrow().clone()
    }

    /// Completes when it has ended. Whoever waits here sets the limit.
    pub(super) async fn wait(&self) -> SessionGone {
        let mut seen = self.cause.subscribe();
        loop {
            if let Some(cause) = seen.borrow_and_update().clone() {
                return SessionGone(cause);
            }
            if seen.changed().await.is_err() {
                // Cannot be: the sender is borrowed for as long as we wait.
                return SessionGone(Cause::ClosedByPeer(String::new()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_cause_is_kept_and_wakes_who_waits() {
        let ending = Ending::new();
        let (gone, ()) = tokio::join!(ending.wait(), async {
            ending.set(Cause::PortRefused);
            ending.set(Cause::Operator);
        });
        assert_eq!(gone, SessionGone(Cause::PortRefused));
        assert_eq!(ending.wait().await, SessionGone(Cause::PortRefused));
    }
}
