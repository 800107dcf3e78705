//! What front ends hold of the supervisor: commands in; a snapshot and every event after it out.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio_util::task::TaskTracker;

use crate::domain::command::Command;
use crate::domain::event::{Event, Fact};
use crate::domain::fleet::Fleet;
use crate::domain::health::{HostHealth, PlaneHealth};
use crate::domain::id::{AttemptId, HostId, Seq};
use crate::domain::progress::Progress;
use crate::domain::run::Stream;
use crate::supervisor::limits::SHUTDOWN_LIMIT;
use crate::supervisor::shared::Shared;

/// Cheap to clone; the supervisor runs until [`Handle::shutdown`].
#[derive(Clone)]
pub struct Handle {
    pub(super) orders: mpsc::Sender<Order>,
    pub(super) shared: Arc<Shared>,
    pub(super) tasks: TaskTracker,
}

/// What the hub does for its front ends.
pub(super) enum Order {
    Command(Box<Command>),
    /// Has a fact of no host told and written down.
    Tell(Fact),
    /// A standing warning of a part that is not the hub's.
    Warn(String),
    Subscribe(oneshot::Sender<(Fleet, broadcast::Receiver<Arc<Event>>)>),
    Shutdown,
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
    pub(super) fn new(orders: mpsc::Sender<Order>, shared: Arc<Shared>, tasks: TaskTracker) -> Self {
        Self { orders, shared, tasks }
    }

    /// Hands a command over without waiting; what comes of it is told by events. As a viewer, the
    /// command goes through the ledger to the supervisor that holds it.
    pub fn command(&self, command: Command) -> Result<(), CommandError> {
        self.orders.try_send(Order::Command(Box::new(command))).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => CommandError::Busy,
            mpsc::error::TrySendError::Closed(_) => CommandError::Stopped,
        })
    }

    /// Has a standing warning told and written down; only where the ledger is held.
    pub fn warn(&self, text: String) -> Result<(), CommandError> {
        self.orders.try_send(Order::Warn(text)).map_err(|error| match error {
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

    /// What is known of a host's health; `None`: nothing yet. The same `Arc` as long as nothing changes.
    #[must_use]
    pub fn health(&self, host: &HostId) -> Option<Arc<HostHealth>> {
        self.shared.health(host)
    }

    /// What is known of a control plane, where one is asked. The same `Arc` as long as nothing changes.
    #[must_use]
    pub fn plane(&self) -> Option<Arc<PlaneHealth>> {
        self.shared.plane()
    }

    /// How far an attempt is, as its output tells; `None` when that is not known, or not looked at by us.
    #[must_use]
    pub fn progress(&self, id: AttemptId) -> Option<Progress> {
        self.shared.progress(id)
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

    /// Ends all connections and stops; runs go on. Returns when the journal is on disk, or after
    /// ten seconds with what is.
    pub async fn shutdown(&self) {
        // An error means that the hub is gone already, which is what is asked for.
        self.orders.send(Order::Shutdown).await.ok();
        if tokio::time::timeout(SHUTDOWN_LIMIT, self.tasks.wait()).await.is_err() {
            tracing::warn!("some tasks did not end in time");
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
