//! How the process ends, in numbers. DESIGN §7; `run --help` shows [`TABLE`].

use crate::domain::run::{Killer, Verdict};
use crate::headless::How;

pub const SUCCESS: u8 = 0;
/// It did not work, for a reason that has no number of its own.
pub const FAILURE: u8 = 1;
/// The arguments do not make sense (clap's own number).
pub const USAGE: u8 = 2;
/// A reboot of the host interrupted the run.
pub const REBOOTED: u8 = 76;
/// Authentication or the host key was refused.
pub const REFUSED: u8 = 77;
/// The configuration is wrong.
pub const CONFIGURATION: u8 = 78;
/// The run was stopped by a time limit.
pub const TIMED_OUT: u8 = 124;
/// The operator cancelled.
pub const CANCELLED: u8 = 130;
/// Lost contact, could not connect, or nothing is known of how the command ended.
pub const UNKNOWN: u8 = 255;

/// For `run --help`.
pub const TABLE: &str = "\
Exit codes:
  the command's own    one host; for several hosts the highest
  128+N                the command was killed by signal N
  2                    the arguments do not make sense
  76                   interrupted by a reboot of the host
  77                   authentication or host key refused
  78                   bad configuration
  124                  stopped by --timeout or --idle-timeout
  130                  cancelled by the operator
  255                  could not connect, lost contact, detached, or how the command ended is not known
A command may end with one of these itself; `steadfast runs` and --json tell them apart.";

/// The exit code of one run that is over.
#[must_use]
pub fn of(verdict: &Verdict) -> u8 {
    match verdict {
        // A code beyond 255 comes from no Unix; it must not become 0 by wrapping.
        Verdict::Finished { code } => u8::try_from(*code).unwrap_or(UNKNOWN),
        Verdict::Killed { by: Killer::Operator, .. } | Verdict::Abandoned => CANCELLED,
        Verdict::Killed { signal, by: Killer::OutOfMemory | Killer::Unknown } => {
            u8::try_from(signal.saturating_add(128)).unwrap_or(UNKNOWN)
        }
        Verdict::InterruptedByReboot => REBOOTED,
        Verdict::TimedOut { .. } => TIMED_OUT,
        Verdict::Vanished | Verdict::Reverted | Verdict::NotStarted { .. } => UNKNOWN,
    }
}

/// The exit code of a run that is no longer followed, over or not.
#[must_use]
pub fn of_run(how: &How) -> u8 {
    match how {
        How::Ended(verdict) => of(verdict),
        How::Refused(_) => REFUSED,
        How::NoContact(_) | How::Going => UNKNOWN,
        How::Withstood(_) => FAILURE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::TimeLimit;

    #[test]
    fn verdicts_end_the_process_as_the_table_says() {
        let killed = |signal, by| Verdict::Killed { signal, by };
        for (verdict, code) in [
            (Verdict::Finished { code: 0 }, 0),
            (Verdict::Finished { code: 255 }, 255),
            (Verdict::Finished { code: 256 }, 255),
            (Verdict::Finished { code: -1 }, 255),
            (killed(9, Killer::Unknown), 137),
            (killed(9, Killer::OutOfMemory), 137),
            (killed(i32::MAX, Killer::Unknown), 255),
            (killed(15, Killer::Operator), 130),
            (Verdict::Abandoned, 130),
            (Verdict::InterruptedByReboot, 76),
            (Verdict::TimedOut { limit: TimeLimit::Idle }, 124),
            (Verdict::Vanished, 255),
            (Verdict::Reverted, 255),
            (Verdict::NotStarted { reason: String::new() }, 255),
        ] {
            assert_eq!(of(&verdict), code, "{verdict}");
        }
    }

    #[test]
    fn the_table_names_every_code() {
        for code in [USAGE, REBOOTED, REFUSED, CONFIGURATION, TIMED_OUT, CANCELLED, UNKNOWN] {
            assert!(TABLE.contains(&format!("\n  {code} ")), "{code}");
        }
    }
}
