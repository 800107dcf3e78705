//! What front ends hold of the supervisor: commands in; a snapshot and every event after it out.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::domain::command::Command;
use crate::domain::event::Event;
use crate::domain::fleet::Fleet;
use crate::domain::id::{AttemptId, HostId, Seq};
use crate::domain::run::Stream;

/// Cheap to clone; the supervisor runs until [`Handle::shutdown`].
#[derive(Clone)]
pub struct Handle {
    pub(super) orders: mpsc::Sender<Order>,
    pub(super) shared: Arc<dyn Shared>,
}

/// What the hub does for its front ends.
pub(super) enum Order {
    Command(Command),
    Subscribe(oneshot::Sender<(Fleet, broadcast::Receiver<Arc<Event>>)>),
    Shutdown(oneshot::Sender<()>),
}

/// Numbers and files that are read without asking the hub.
pub(super) trait Shared: Send + Sync {
    fn live(&self, host: &HostId) -> Live;
    fn output(&self, id: AttemptId, stream: Stream) -> OutputTail;
    fn holder(&self) -> Option<String>;
}

/// The moving numbers of one host.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Live {
    /// The last answered ping.
    pub rtt: Option<Duration>,
    /// Output received in all, in bytes, since the supervisor started.
    pub received: u64,
}

/// A log on our disk, and how long it is now.
#[derive(Clone, Debug)]
pub struct OutputTail {
    pub path: PathBuf,
    /// Bytes that may be read.
    pub end: watch::Receiver<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    #[error("take the command: the supervisor is busy; try again")]
    Busy,
    #[error("take the command: the supervisor has stopped")]
    Stopped,
}

impl Handle {
    /// Hands a command over without waiting; what comes of it is told by events. As a viewer, the
    /// command goes through the ledger to the supervisor that holds it.
    pub fn command(&self, command: Command) -> Result<(), CommandError> {
        self.orders.try_send(Order::Command(command)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => CommandError::Busy,
            mpsc::error::TrySendError::Closed(_) => CommandError::Stopped,
        })
    }

    /// The fleet as it is now, and every event after that.
    pub async fn subscribe(&self) -> Result<Subscription, CommandError> {
        let (answer, wait) = oneshot::channel();
        self.orders.send(Order::Subscribe(answer)).await.map_err(|_| CommandError::Stopped)?;
        let (fleet, events) = wait.await.map_err(|_| CommandError::Stopped)?;
        let seq = fleet.seq;
        Ok(Subscription { handle: self.clone(), snapshot: fleet, events, seq })
    }

    /// The host's moving numbers; zeros for one that is not known.
    #[must_use]
    pub fn live(&self, host: &HostId) -> Live {
        self.shared.live(host)
    }

    /// Where an attempt's output is on our disk, and how far it has come.
    #[must_use]
    pub fn output(&self, id: AttemptId, stream: Stream) -> OutputTail {
        self.shared.output(id, stream)
    }

    /// Who holds the ledger, if not we: we only look on, and commands go through that supervisor.
    #[must_use]
    pub fn holder(&self) -> Option<String> {
        self.shared.holder()
    }

    /// Ends all connections and stops; runs go on. Returns when the journal is on disk.
    pub async fn shutdown(&self) {
        let (answer, wait) = oneshot::channel();
        if self.orders.send(Order::Shutdown(answer)).await.is_ok() {
            // An error means that the hub is gone already, which is what was asked for.
            wait.await.ok();
        }
    }
}

/// A seat at the event stream.
pub struct Subscription {
    handle: Handle,
    /// The fleet before the first event of [`Subscription::next`].
    pub snapshot: Fleet,
    events: broadcast::Receiver<Arc<Event>>,
    seq: Seq,
}

/// What a subscriber learns.
#[derive(Clone, Debug)]
pub enum Update {
    Event(Arc<Event>),
    /// It was too slow and events were skipped: this is the fleet now, go on from here.
    Lagged(Box<Fleet>),
    Stopped,
}

impl Subscription {
    /// The next event in order. Cancel-safe.
    pub async fn next(&mut self) -> Update {
        loop {
            match self.events.recv().await {
                Ok(event) if event.seq <= self.seq => {}
                Ok(event) => {
                    self.seq = event.seq;
                    return Update::Event(event);
                }
                Err(broadcast::error::RecvError::Closed) => return Update::Stopped,
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    let Ok(fresh) = self.handle.subscribe().await else { return Update::Stopped };
                    let fleet = fresh.snapshot.clone();
                    *self = fresh;
                    return Update::Lagged(Box::new(fleet));
                }
            }
        }
    }
}
