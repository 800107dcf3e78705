//! What front ends may ask of the supervisor.

use crate::domain::event::CancelReason;
use crate::domain::id::{HostId, RunId};
use crate::domain::run::RunSpec;

/// A wish; what comes of it is told by events.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    Connect(HostId),
    /// Dial now: without waiting out a backoff, and also out of `refused` and `lost`.
    Reconnect(HostId),
    /// Close the connection and leave the host alone. Its runs go on.
    Detach(HostId),
    /// As `Detach`, and it stays so until `Reconnect`: also after a restart, and whatever is asked of its runs.
    Pause(HostId),
    /// The host is gone: no more dials until `Reconnect`, and nobody is called about it.
    MarkDead(HostId),
    /// The front end picks `id`, so that it can wait for the events of this very run.
    Start {
        id: RunId,
        host: HostId,
        spec: Box<RunSpec>,
    },
    Cancel {
        run: RunId,
        reason: CancelReason,
    },
    /// The next attempt of a run that is over.
    Rerun(RunId),
    /// Take over runs found on a host that this ledger does not know.
    Adopt(HostId),
    Note {
        host: HostId,
        text: String,
    },
}

impl Command {
    /// Whether it has something done on a host or to the connection with it; a note is only written down.
    #[must_use]
    pub fn acts_on_host(&self) -> bool {
        match self {
            Self::Connect(_)
            | Self::Reconnect(_)
            | Self::Detach(_)
            | Self::Pause(_)
            | Self::MarkDead(_)
            | Self::Start { .. }
            | Self::Cancel { .. }
            | Self::Rerun(_)
            | Self::Adopt(_) => true,
            Self::Note { .. } => false,
        }
    }

    /// The host it concerns, where that is said in it.
    #[must_use]
    pub fn host(&self) -> Option<&HostId> {
        match self {
            Self::Connect(host)
            | Self::Reconnect(host)
            | Self::Detach(host)
            | Self::Pause(host)
            | Self::MarkDead(host)
            | Self::Adopt(host)
            | Self::Start { host, .. }
            | Self::Note { host, .. } => Some(host),
            Self::Cancel { .. } | Self::Rerun(_) => None,
        }
    }
}
