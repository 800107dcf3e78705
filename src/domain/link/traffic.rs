//! What goes into the machine and what comes out.

use std::time::Duration;

use crate::domain::boot::BootIdentity;
use crate::domain::diagnosis::{Cause, RungReport};
use crate::domain::event::{BootFact, LinkChange};
use crate::domain::id::Epoch;
use crate::domain::link::{Hold, Keepalive};
use crate::domain::network::NetworkState;

/// What happened.
#[derive(Clone, PartialEq, Debug)]
pub enum LinkInput {
    Connect,
    /// Dial now, whatever the state and the backoff.
    Reconnect,
    Detach,
    /// Leave the host alone until `Reconnect` or `Detach`.
    Hold(Hold),
    Network(NetworkState),
    /// What the kernel's routing table says about this host: without a route it alone is paused.
    Route {
        reachable: bool,
    },
    Dialed {
        epoch: Epoch,
        evidence: Vec<RungReport>,
    },
    /// What holds for this host from now on.
    Keepalive(Keepalive),
    DialFailed {
        epoch: Epoch,
        cause: Cause,
        evidence: Vec<RungReport>,
    },
    /// How far a dial under way is.
    Dialing {
        epoch: Epoch,
        stage: DialStage,
    },
    Identified {
        epoch: Epoch,
        identity: BootIdentity,
    },
    /// The session is open, but the host would not say who it is.
    IdentifyFailed {
        epoch: Epoch,
        cause: Cause,
    },
    /// Bytes came in.
    Heard {
        epoch: Epoch,
    },
    Pong {
        epoch: Epoch,
        rtt: Duration,
    },
    Gone {
        epoch: Epoch,
        cause: Cause,
    },
    Probed {
        epoch: Epoch,
        evidence: Vec<RungReport>,
    },
    /// The runs that the reboot interrupted were dealt with.
    RebootHandled,
    /// We were not scheduled, or the machine slept, for this long: no host is to blame.
    Stalled(Duration),
}

/// What keeps a dial from its end; told as often as it changes. A driver that tells nothing has its dial
/// judged by the link's own `connect_timeout`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DialStage {
    /// For a place in the limiter; so many dials have theirs before it.
    Waiting { before: u32 },
    /// For the host, which is given this long: what was configured for it and for each machine on the way.
    Connecting { limit: Duration },
    /// For the operator, who was asked for a secret and may think.
    Asking,
}

/// What the driver has to do. Each names the epoch that its answer must carry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LinkEffect {
    Dial(Epoch),
    /// Ask the host for its boot identity.
    Identify(Epoch),
    Ping(Epoch),
    /// Probe all rungs at once.
    Probe(Epoch),
    /// End the dial or session of this epoch and everything on it.
    Close(Epoch),
}

/// What is to be published.
#[derive(Clone, PartialEq, Debug)]
pub enum LinkFact {
    Link(LinkChange),
    Boot(BootFact),
}
