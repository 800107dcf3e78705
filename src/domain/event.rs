//! The one vocabulary of facts: journal, command line, API, screen and replay all read these.

use std::time::Duration;

use crate::domain::boot::BootIdentity;
use crate::domain::boot::cause::RebootCause;
use crate::domain::diagnosis::{Cause, RungReport};
use crate::domain::health::LevelChange;
use crate::domain::id::{AttemptId, HostId, Seq};
use crate::domain::link::{Hold, LinkState};
use crate::domain::moment::Wall;
use crate::domain::network::NetworkState;
use crate::domain::run::{Faults, RunSpec, Stream, Verdict};
use crate::domain::system::System;
use crate::domain::watch::AlarmHit;

/// Something that happened, numbered by the hub in the order in which it learned of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    pub seq: Seq,
    pub at: Wall,
    pub host: Option<HostId>,
    pub fact: Fact,
}

/// What happened. Output itself is never a fact: bytes are addressed by offset in the log.
#[derive(Clone, PartialEq, Debug)]
pub enum Fact {
    Link(LinkChange),
    Network {
        from: NetworkState,
        to: NetworkState,
        why: String,
    },
    Boot(BootFact),
    Run {
        id: AttemptId,
        fact: RunFact,
    },
    Output {
        id: AttemptId,
        stream: Stream,
        mark: OutputMark,
    },
    /// Of a host or a service on it. Samples themselves are no facts.
    Health(LevelChange),
    Operator(OperatorFact),
    Supervisor(SupervisorFact),
}

/// A link went from one state to another, or stayed and tried again (`from == to`).
#[derive(Clone, PartialEq, Debug)]
pub struct LinkChange {
    pub from: LinkState,
    pub to: LinkState,
    pub cause: Option<Cause>,
    pub evidence: Vec<RungReport>,
    /// Attempts spent since the link was last alive.
    pub attempt: u32,
    /// When the next attempt is due.
    pub retry_at: Option<Wall>,
    /// The attempt that is due waits for its turn behind so many others; no time of the host's passes.
    pub waits_behind: Option<u32>,
}

impl LinkChange {
    /// Without evidence, attempts or anything that is due.
    #[must_use]
    pub fn between(from: LinkState, to: LinkState, cause: Option<Cause>) -> Self {
        Self { from, to, cause, evidence: Vec::new(), attempt: 0, retry_at: None, waits_behind: None }
    }

    /// What the operator has said of the host, if it is that.
    #[must_use]
    pub fn hold(&self) -> Option<Hold> {
        Hold::of(self.to, self.cause.as_ref())
    }
}

#[derive(Clone, PartialEq, Debug)]
pub enum BootFact {
    /// First identity seen of this host.
    Identified(BootIdentity),
    /// It booted between `not_before` (when the old identity was last seen) and now.
    Rebooted { before: BootIdentity, after: BootIdentity, not_before: Wall, evidence: Vec<(String, String)> },
    /// What is left on the host of the boot before, as `(source, lines)`, and what it proves. A fact of its
    /// own, once per reboot: gathering it takes seconds, for which neither the link nor the runs wait.
    Evidence { cause: RebootCause, texts: Vec<(String, String)> },
    /// What the host is made of; `before`, when it was known and is another now. Asked once per boot; nothing
    /// is told when all is as it was.
    System { now: Box<System>, before: Option<Box<System>> },
    /// The same boot, but its uptime went back since `not_before`: a snapshot of it was restored.
    Reverted { identity: BootIdentity, uptime_before: Duration, uptime_after: Duration, not_before: Wall },
}

#[derive(Clone, PartialEq, Debug)]
pub enum RunFact {
    /// The operator, a policy or a program asked for this attempt. Journaled before anything is sent.
    Requested {
        spec: Box<RunSpec>,
    },
    /// It is on the host: started by us just now, or found there.
    Started(Started),
    /// The host answered that it could not, for now; it is tried again.
    StartDelayed {
        reason: String,
    },
    /// The host's record of its end was seen; `out` and `err` are the final spool sizes.
    EndSeen {
        out: u64,
        err: u64,
        /// From its start to its end by the host's own clock, in whole seconds.
        took: Option<Duration>,
    },
    /// What the host counted of its own faults while the attempt went on.
    Counted(Faults),
    CancelRequested {
        reason: CancelReason,
    },
    /// Everything of it is gone from the host, or what is named here is not.
    Cancelled {
        left_over: Vec<String>,
    },
    Ended {
        verdict: Verdict,
        lengths: Lengths,
    },
    /// Policy: another attempt at this time.
    RetryScheduled {
        at: Wall,
    },
    /// Something about its directory or its launcher that the operator should know.
    Notice(String),
    /// Little space is left on the file system of the spool.
    DiskLow {
        free: u64,
    },
    /// The spool cannot grow: output is not kept, the command goes on.
    SpoolStuck {
        why: Stuck,
        /// Bytes, if the host says.
        free: Option<u64>,
    },
    /// Lines of its output matched a pattern: the first at once, later ones together.
    Alarm(AlarmHit),
    /// How far it has come, in coarse steps.
    Progress {
        permille: u16,
        status: Option<String>,
    },
    /// It can again.
    SpoolFlows {
        free: Option<u64>,
    },
}

/// Why a spool cannot grow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stuck {
    /// The disk, or the share of it that a quota allows.
    Full,
    ReadOnly,
    Unwritable,
}

impl Stuck {
    /// Fits "the host's disk is …".
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ReadOnly => "read-only",
            Self::Unwritable => "not writable",
        }
    }
}

/// How an attempt was started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Started {
    /// The host's clock, seconds since 1970-01-01 UTC.
    pub at_host: Option<i64>,
    pub pid: u32,
    /// Found running instead of started by this request.
    pub attached: bool,
    /// `setsid`, `systemd-run`, …
    pub launcher: String,
    /// `script`, `plain`, …: what gives it its terminal.
    pub terminal: String,
    /// The directory of the attempt on the host.
    pub directory: String,
    pub boot: BootIdentity,
}

/// Bytes in the logs of an attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Lengths {
    pub out: u64,
    pub err: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CancelReason {
    Operator,
    TotalLimit,
    IdleLimit,
}

impl CancelReason {
    /// The word written to the host.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::TotalLimit => "total",
            Self::IdleLimit => "idle",
        }
    }
}

/// Something about the log at an offset; committed before the bytes after it are written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OutputMark {
    /// The host gave up `lost` bytes of the spool before we had them; the log goes on at `spool_offset`.
    Gap { log_offset: u64, spool_offset: u64, lost: u64 },
    /// We did not see the host for this long; the bytes up to `log_offset + caught_up` came afterwards. 0 where
    /// the connection held, as nobody knows then.
    Blind { log_offset: u64, duration: Duration, cause: String, caught_up: u64 },
}

#[derive(Clone, PartialEq, Debug)]
pub enum OperatorFact {
    Connect,
    Reconnect,
    Detach,
    /// No dialing and no following until it is resumed.
    Pause,
    /// The host is gone, says the operator.
    MarkDead,
    Note(String),
}

#[derive(Clone, PartialEq, Debug)]
pub enum SupervisorFact {
    Started {
        version: String,
    },
    Stopped,
    /// It slept, or was not scheduled, for this long.
    Stalled(Duration),
    Warning(String),
}
