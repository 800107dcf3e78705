//! The network as it changes.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::net::{NetSettings, OwnNetwork, platform};
use crate::port::Clock;

/// Follows the network until it is dropped.
pub struct Watch {
    changes: watch::Receiver<OwnNetwork>,
    /// Aborted with us.
    _task: JoinSet<()>,
}

impl Watch {
    /// Begins to watch, on the current tokio runtime. Cannot fail: what cannot be watched is
    /// `Unknown`, `why` says so, and it is tried again at leisure.
    #[must_use]
    pub fn start(settings: NetSettings, clock: Arc<dyn Clock>) -> Self {
        // Holds the newest value only: who looks late misses what is over, and delays nobody.
        let (out, changes) = watch::channel(OwnNetwork::not_asked());
        let mut task = JoinSet::new();
        task.spawn(platform::follow(settings, clock, out));
        Self { changes, _task: task }
    }

    /// The network now, and every change. Begins with `Unknown`, "not asked yet".
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<OwnNetwork> {
        self.changes.clone()
    }
}
