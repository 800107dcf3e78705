//! What goes into [`HostRun`](super::HostRun) and what comes out.

use std::time::Duration;

use crate::domain::event::{CancelReason, Lengths};
use crate::domain::id::Epoch;
use crate::domain::moment::Mono;
use crate::domain::run::{Evidence, Stream};

/// What happened. What carries an epoch is an answer to the effect of that epoch.
#[derive(Clone, PartialEq, Debug)]
pub enum RunInput {
    /// The host can be worked with, over the session of this epoch.
    Connected(Epoch),
    /// It cannot; for a reason of ours (own network) `blind` since then, which may be before it was noticed.
    Disconnected {
        blind: Option<Mono>,
    },
    StartAnswered {
        epoch: Epoch,
        attached: bool,
        evidence: Box<Evidence>,
    },
    /// `final_`: the host said no, in these words; otherwise nobody knows, and it is asked again.
    StartFailed {
        epoch: Epoch,
        reason: String,
        final_: bool,
    },
    /// A look at the run's directory: asked for, or told by a follower.
    Looked {
        epoch: Epoch,
        evidence: Box<Evidence>,
    },
    LookFailed {
        epoch: Epoch,
    },
    Followed {
        epoch: Epoch,
        stream: Stream,
        answer: FollowAnswer,
    },
    /// The follower is no more: it was cut, or the disk could not keep up and its rest was given back.
    FollowEnded {
        epoch: Epoch,
        stream: Stream,
    },
    /// Our log holds everything of the spool before this offset (or a mark says why not).
    Stored {
        stream: Stream,
        position: u64,
    },
    Cancel(CancelReason),
    CancelAnswered {
        epoch: Epoch,
        left_over: Vec<String>,
        evidence: Box<Evidence>,
    },
    CancelFailed {
        epoch: Epoch,
    },
    Acknowledged {
        epoch: Epoch,
    },
    /// We did not run for this long.
    Stalled(Duration),
}

/// How the host answered a follower.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FollowAnswer {
    Opened,
    /// The first byte that is still there.
    Gap {
        base: u64,
    },
    /// The spool is shorter than what we hold.
    Short,
    Missing,
}

/// What the driver has to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RunEffect {
    Start(Epoch),
    Look(Epoch),
    Follow {
        epoch: Epoch,
        stream: Stream,
        from: u64,
    },
    StopFollow(Stream),
    /// Write down that `from .. to` of the spool is gone, then report `Stored` at `to`.
    MarkGap {
        stream: Stream,
        from: u64,
        to: u64,
    },
    Cancel {
        epoch: Epoch,
        grace: Duration,
        reason: CancelReason,
    },
    /// Sync the logs, then let the host give back what is before these offsets.
    Acknowledge {
        epoch: Epoch,
        positions: Lengths,
    },
}
