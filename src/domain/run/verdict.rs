//! How a run ended, and how far one has come.

use std::fmt;

use crate::domain::moment::Wall;

/// How an attempt ended. Silence is not among them: time alone never turns "not seen" into "failed".
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The exit record says so.
    Finished {
        code: i32,
    },
    Killed {
        signal: i32,
        by: Killer,
    },
    /// Its process is gone, the boot is the same, and there is no exit record.
    Vanished,
    InterruptedByReboot,
    /// The host has less of it than we do, or its clock of uptime went back: a snapshot was restored.
    Reverted,
    TimedOut {
        limit: TimeLimit,
    },
    /// The host would not start it, for this reason.
    NotStarted {
        reason: String,
    },
    /// The operator gave it up; what it did on the host is not known.
    Abandoned,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Killer {
    Operator,
    OutOfMemory,
    Unknown,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimeLimit {
    Total,
    Idle,
}

impl Verdict {
    #[must_use]
    pub fn is_success(&self) -> bool {
        *self == Self::Finished { code: 0 }
    }

    /// Whether the operator ended it: such a run stays ended.
    #[must_use]
    pub fn is_by_operator(&self) -> bool {
        match self {
            Self::Killed { by: Killer::Operator, .. } | Self::Abandoned => true,
            Self::Killed { by: Killer::OutOfMemory | Killer::Unknown, .. }
            | Self::Finished { .. }
            | Self::Vanished
            | Self::InterruptedByReboot
            | Self::Reverted
            | Self::TimedOut { .. }
            | Self::NotStarted { .. } => false,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished { code } => write!(f, "exit {code}"),
            Self::Killed { signal, by: Killer::Operator } => write!(f, "cancelled ({})", signal_name(*signal)),
            Self::Killed { signal, by: Killer::OutOfMemory } => {
                write!(f, "killed by {} (out of memory)", signal_name(*signal))
            }
            Self::Killed { signal, by: Killer::Unknown } => write!(f, "killed by {}", signal_name(*signal)),
            Self::Vanished => f.write_str("vanished"),
            Self::InterruptedByReboot => f.write_str("interrupted by reboot"),
            Self::Reverted => f.write_str("reverted"),
            Self::TimedOut { limit: TimeLimit::Total } => f.write_str("timed out (total)"),
            Self::TimedOut { limit: TimeLimit::Idle } => f.write_str("timed out (idle)"),
            Self::NotStarted { reason } => write!(f, "not started: {reason}"),
            Self::Abandoned => f.write_str("abandoned"),
        }
    }
}

/// Names of the signals that have one number on every architecture Linux runs on but MIPS, SPARC,
/// Alpha and PA-RISC (signal(7)); others print as their number.
fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "HUP",
        2 => "INT",
        3 => "QUIT",
        4 => "ILL",
        5 => "TRAP",
        6 => "ABRT",
        7 => "BUS",
        8 => "FPE",
        9 => "KILL",
        11 => "SEGV",
        13 => "PIPE",
        14 => "ALRM",
        15 => "TERM",
        24 => "XCPU",
        25 => "XFSZ",
        31 => "SYS",
        other => return format!("signal {other}"),
    };
    format!("SIG{name}")
}

/// How far an attempt has come, as far as we know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Written down, not yet known to have been started.
    Requested,
    /// On the host and going, when we last looked.
    Running,
    /// Its end is on record; the rest of its output is being read.
    Ending,
    Ended {
        verdict: Verdict,
        at: Wall,
    },
}

impl Phase {
    #[must_use]
    pub fn is_over(&self) -> bool {
        match self {
            Self::Ended { .. } => true,
            Self::Requested | Self::Running | Self::Ending => false,
        }
    }

    #[must_use]
    pub fn verdict(&self) -> Option<&Verdict> {
        match self {
            Self::Ended { verdict, .. } => Some(verdict),
            Self::Requested | Self::Running | Self::Ending => None,
        }
    }
}
