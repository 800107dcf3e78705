//! What is known of a run and its attempts.

use std::time::Duration;

use crate::domain::event::{Lengths, RunFact, Started};
use crate::domain::id::{Attempt, AttemptId, HostId, RunId};
use crate::domain::moment::Wall;
use crate::domain::run::{Faults, Phase, RunSpec, Stream};
use crate::domain::watch::{AlarmHit, PATTERNS};

/// A run and its attempts, first to last; never without one.
#[derive(Clone, PartialEq, Debug)]
pub struct RunView {
    pub id: RunId,
    pub host: HostId,
    pub spec: RunSpec,
    pub attempts: Vec<AttemptView>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct AttemptView {
    pub attempt: Attempt,
    pub phase: Phase,
    pub requested_at: Wall,
    pub started_at: Option<Wall>,
    pub started: Option<Started>,
    /// When it ended by the host's own clock.
    pub ended_at: Option<Wall>,
    /// Final spool sizes, once the end was seen.
    pub expected: Option<Lengths>,
    /// Log sizes, once it is over.
    pub lengths: Option<Lengths>,
    pub cancelling: bool,
    /// When the next attempt is due, if policy wants one.
    pub retry_at: Option<Wall>,
    /// What the operator should know about it, newest last, at most [`NOTICES`].
    pub notices: Vec<String>,
    /// Patterns that its output matched, the first to match first, at most [`PATTERNS`] of each stream.
    pub alarms: Vec<AlarmView>,
    /// How far it was when that was last written down.
    pub progress: Option<ProgressView>,
    /// What the host counted of its own faults meanwhile.
    pub faults: Faults,
    /// Bytes that the host gave up before we had them.
    pub lost: u64,
    /// How long it was not seen for reasons of ours.
    pub blind: Duration,
}

/// Lines that matched one pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AlarmView {
    /// As it was last told.
    pub hit: AlarmHit,
    pub first_at: Wall,
    pub last_at: Wall,
}

/// How far a run had come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProgressView {
    pub permille: u16,
    pub status: Option<String>,
    pub at: Wall,
}

impl RunView {
    /// The newest attempt. `None` only for a run that was never requested.
    #[must_use]
    pub fn latest(&self) -> Option<&AttemptView> {
        self.attempts.last()
    }

    #[must_use]
    pub fn latest_id(&self) -> Option<AttemptId> {
        self.latest().map(|a| AttemptId { run: self.id, attempt: a.attempt })
    }

    #[must_use]
    pub fn requested_at(&self) -> Wall {
        self.attempts.first().map(|a| a.requested_at).unwrap_or_default()
    }

    #[must_use]
    pub fn is_over(&self) -> bool {
        self.latest().is_none_or(|a| a.phase.is_over())
    }
}

impl AlarmView {
    fn is(&self, pattern: &str, stream: Stream) -> bool {
        self.hit.pattern == pattern && self.hit.stream == stream
    }
}

impl AttemptView {
    #[must_use]
    pub fn new(attempt: Attempt, requested_at: Wall) -> Self {
        Self {
            attempt,
            phase: Phase::Requested,
            requested_at,
            started_at: None,
            started: None,
            ended_at: None,
            expected: None,
            lengths: None,
            cancelling: false,
            retry_at: None,
            notices: Vec::new(),
            alarms: Vec::new(),
            progress: None,
            faults: Faults::default(),
            lost: 0,
            blind: Duration::ZERO,
        }
    }

    pub(super) fn apply(&mut self, at: Wall, fact: &RunFact) {
        match fact {
            RunFact::Requested { .. } => {}
            RunFact::Started(started) => {
                self.phase = Phase::Running;
                self.started_at = Some(at);
                self.started = Some(started.clone());
            }
            RunFact::StartDelayed { reason } => self.notice(format!("start delayed: {reason}")),
            RunFact::EndSeen { out, err, took } => {
                self.phase = Phase::Ending;
                self.ended_at = self.started_at.zip(*took).map(|(started, took)| started + took);
                self.expected = Some(Lengths { out: *out, err: *err });
            }
            RunFact::Counted(faults) => self.faults.clone_from(faults),
            RunFact::CancelRequested { .. } => {
                self.cancelling = !self.phase.is_over();
                // Neither is there another attempt.
                self.retry_at = None;
            }
            RunFact::Cancelled { left_over } => {
                if !left_over.is_empty() {
                    self.notice(format!("left over on the host: {}", left_over.join(", ")));
                }
            }
            RunFact::Ended { verdict, lengths } => {
                // What ended while nobody looked ended when the host says, and not when it was seen.
                let at = self.ended_at.filter(|ended| at.since(*ended) > SOON).unwrap_or(at);
                self.phase = Phase::Ended { verdict: verdict.clone(), at };
                self.lengths = Some(*lengths);
                self.cancelling = false;
            }
            RunFact::RetryScheduled { at } => self.retry_at = Some(*at),
            RunFact::Alarm(hit) => self.alarm(at, hit),
            RunFact::Progress { permille, status } => {
                self.progress = Some(ProgressView { permille: *permille, status: status.clone(), at });
            }
            RunFact::Notice(text) => self.notice(text.clone()),
            RunFact::DiskLow { free } => {
                self.notice(format!("the disk of the spool is nearly full: {} MB left", free / 1_000_000))
            }
            RunFact::SpoolStuck { why, free } => self.notice(format!(
                "the host's disk is {}{}: output is not kept",
                why.word(),
                free.map(|free| format!(" ({free} bytes free)")).unwrap_or_default()
            )),
            RunFact::SpoolFlows { .. } => self.notice("the host's disk takes output again".into()),
        }
    }

    /// Lines of all patterns that matched.
    #[must_use]
    pub fn alarm_hits(&self) -> u64 {
        self.alarms.iter().map(|alarm| alarm.hit.hits).sum()
    }

    /// How many lines of the pattern are known of.
    #[must_use]
    pub fn known_hits(&self, pattern: &str, stream: Stream) -> u64 {
        self.alarms.iter().find(|alarm| alarm.is(pattern, stream)).map_or(0, |alarm| alarm.hit.hits)
    }

    /// The counts are totals: told again, they change nothing.
    fn alarm(&mut self, at: Wall, hit: &AlarmHit) {
        if let Some(known) = self.alarms.iter_mut().find(|alarm| alarm.is(&hit.pattern, hit.stream)) {
            if hit.hits > known.hit.hits {
                (known.hit, known.last_at) = (hit.clone(), at);
            }
        } else if self.alarms.len() < PATTERNS * 2 {
            self.alarms.push(AlarmView { hit: hit.clone(), first_at: at, last_at: at });
        }
    }

    fn notice(&mut self, text: String) {
        if self.notices.last() != Some(&text) {
            self.notices.push(text);
        }
        let excess = self.notices.len().saturating_sub(NOTICES);
        self.notices.drain(..excess);
    }
}

/// An end is seen within this time by whoever watches; the host's clock tells whole seconds.
const SOON: Duration = Duration::from_secs(2);

/// Older notices are in the journal.
pub const NOTICES: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::Verdict;

    /// When a run of 15 s by the host's clock, begun at 100 s, ended for us, who saw it later.
    fn ended(seen: i64, took: Option<u64>) -> i64 {
        let mut attempt = AttemptView::new(Attempt::FIRST, Wall(99_000));
        let took = took.map(Duration::from_secs);
        let (at, lengths) = (Wall(seen * 1000), Lengths::default());
        attempt.started_at = Some(Wall(100_000));
        attempt.apply(at, &RunFact::EndSeen { out: 0, err: 0, took });
        attempt.apply(at, &RunFact::Ended { verdict: Verdict::Finished { code: 3 }, lengths });
        match attempt.phase {
            Phase::Ended { at, .. } => at.0 / 1000,
            Phase::Requested | Phase::Running | Phase::Ending => -1,
        }
    }

    #[test]
    fn what_ended_while_nobody_looked_ended_when_the_host_says() {
        assert_eq!([ended(9_000, Some(15)), ended(116, Some(15)), ended(9_000, None)], [115, 116, 9_000]);
        // A host whose clock was set says nonsense: nothing ends later than it was seen.
        assert_eq!(ended(200, Some(9_999)), 200);
    }
}
