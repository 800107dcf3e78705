//! From evidence to verdict: pure rules, in one place.

use std::time::Duration;

use crate::domain::event::Lengths;
use crate::domain::run::{Evidence, ExitKind, ExitRecord, Killer, Observed, OnReboot, RunSpec, TimeLimit, Verdict};

/// What one look means for an attempt of which we hold `held` bytes since before that look.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Judgement {
    /// Nothing there.
    Missing,
    /// Not yet up.
    Starting,
    Running,
    /// Over; complete once we hold `sizes` of its spools.
    Over {
        verdict: Verdict,
        sizes: Lengths,
    },
}

/// Judges one look. `held` must have been true before the host was asked: only then does a shorter
/// spool prove that the host went back in time.
#[must_use]
pub fn judge(evidence: &Evidence, held: Lengths) -> Judgement {
    let sizes = evidence.sizes;
    let shrunk = sizes.out < held.out || sizes.err < held.err;
    let over = |verdict| Judgement::Over { verdict, sizes };
    match &evidence.observed {
        Observed::Missing => Judgement::Missing,
        Observed::Starting => Judgement::Starting,
        // Cancelled before its start arrived, which from then on is fenced off.
        Observed::Stillborn if evidence.cancel.is_some() => over(Verdict::Abandoned),
        Observed::Stillborn => {
            over(Verdict::NotStarted { reason: "the host never started it, and now never will".into() })
        }
        // A crash may lose what the disk had not yet: that is the reboot's doing.
        Observed::OtherBoot => over(Verdict::InterruptedByReboot),
        Observed::Running | Observed::Exited(_) | Observed::Vanished if shrunk => over(Verdict::Reverted),
        Observed::Running => Judgement::Running,
        Observed::Exited(record) => Judgement::Over {
            verdict: of_exit(evidence, record),
            // A file system that lost the end of a spool cannot give more than it has.
            sizes: Lengths { out: record.sizes.out.min(sizes.out), err: record.sizes.err.min(sizes.err) },
        },
        Observed::Vanished => over(by_cancel(evidence, KILL).unwrap_or(Verdict::Vanished)),
    }
}

fn of_exit(evidence: &Evidence, record: &ExitRecord) -> Verdict {
    let signal = match record.end {
        ExitKind::Code(_) => None,
        ExitKind::Signal(signal) => Some(signal),
    };
    if let Some(verdict) = by_cancel(evidence, signal.unwrap_or(TERM)) {
        return verdict;
    }
    match record.end {
        ExitKind::Code(code) => Verdict::Finished { code },
        ExitKind::Signal(signal) => {
            let by = if record.out_of_memory { Killer::OutOfMemory } else { Killer::Unknown };
            Verdict::Killed { signal, by }
        }
    }
}

/// The verdict when the host has a cancel on record.
fn by_cancel(evidence: &Evidence, signal: i32) -> Option<Verdict> {
    Some(match evidence.cancel.as_deref()? {
        "total" => Verdict::TimedOut { limit: TimeLimit::Total },
        "idle" => Verdict::TimedOut { limit: TimeLimit::Idle },
        _ => Verdict::Killed { signal, by: Killer::Operator },
    })
}

/// When the policy of the run wants another attempt: after this delay. `attempts` were made.
#[must_use]
pub fn next_attempt(spec: &RunSpec, verdict: &Verdict, attempts: u32) -> Option<Duration> {
    match verdict {
        Verdict::InterruptedByReboot => (spec.on_reboot == OnReboot::Rerun).then_some(Duration::ZERO),
        Verdict::Finished { code: 0 }
        | Verdict::Killed { by: Killer::Operator, .. }
        | Verdict::Abandoned
        | Verdict::Reverted => None,
        Verdict::Finished { .. }
        | Verdict::Killed { by: Killer::OutOfMemory | Killer::Unknown, .. }
        | Verdict::Vanished
        | Verdict::TimedOut { .. }
        | Verdict::NotStarted { .. } => (attempts <= spec.retry.times).then_some(spec.retry.delay),
    }
}

const TERM: i32 = 15;
const KILL: i32 = 9;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::Faults;

    fn evidence(observed: Observed, out: u64) -> Evidence {
        Evidence {
            observed,
            sizes: Lengths { out, err: 0 },
            bases: Lengths::default(),
            cancel: None,
            free: None,
            heartbeat: None,
            stuck: None,
            started: None,
            faults: Faults::default(),
            notice: None,
        }
    }

    fn exit(end: ExitKind) -> Observed {
        Observed::Exited(ExitRecord { end, sizes: Lengths { out: 10, err: 0 }, at_host: 0, out_of_memory: false })
    }

    fn held(out: u64) -> Lengths {
        Lengths { out, err: 0 }
    }

    #[test]
    fn a_code_is_a_code_and_a_signal_a_signal() {
        let over = |verdict| Judgement::Over { verdict, sizes: held(10) };
        assert_eq!(judge(&evidence(exit(ExitKind::Code(137)), 10), held(0)), over(Verdict::Finished { code: 137 }));
        assert_eq!(
            judge(&evidence(exit(ExitKind::Signal(9)), 10), held(0)),
            over(Verdict::Killed { signal: 9, by: Killer::Unknown })
        );
    }

    #[test]
    fn a_cancel_on_record_explains_the_end() {
        let mut cancelled = evidence(exit(ExitKind::Code(0)), 10);
        cancelled.cancel = Some("idle".into());
        let Judgement::Over { verdict, .. } = judge(&cancelled, held(0)) else { panic!("not over") };
        assert_eq!(verdict, Verdict::TimedOut { limit: TimeLimit::Idle });
        assert!(next_attempt(&RunSpec::new("x"), &verdict, 1).is_none());
    }

    #[test]
    fn a_shorter_spool_is_a_reverted_host_unless_it_booted() {
        let Judgement::Over { verdict, .. } = judge(&evidence(Observed::Running, 5), held(6)) else {
            panic!("not over")
        };
        assert_eq!(verdict, Verdict::Reverted);
        let Judgement::Over { verdict, .. } = judge(&evidence(Observed::OtherBoot, 5), held(6)) else {
            panic!("not over")
        };
        assert_eq!(verdict, Verdict::InterruptedByReboot);
    }

    #[test]
    fn what_the_operator_stopped_stays_stopped() {
        let mut spec = RunSpec::new("x");
        spec.retry.times = 9;
        let killed = |by| Verdict::Killed { signal: 15, by };
        assert!(next_attempt(&spec, &killed(Killer::Operator), 1).is_none());
        assert!(next_attempt(&spec, &killed(Killer::Unknown), 1).is_some());
        assert!(next_attempt(&spec, &killed(Killer::Unknown), 10).is_none());
    }
}
