//! One attempt of a run, as far as events tell.

use std::time::Duration;

use crate::domain::event::{Lengths, RunFact, Started};
use crate::domain::id::Attempt;
use crate::domain::moment::Wall;
use crate::domain::run::{Faults, Phase};

#[derive(Clone, PartialEq, Debug)]
pub struct AttemptView {
    pub attempt: Attempt,
    pub phase: Phase,
    pub requested_at: Wall,
    pub started_at: Option<Wall>,
    pub started: Option<Started>,
    /// Final spool sizes, once the end was seen.
    pub expected: Option<Lengths>,
    /// Log sizes, once it is over.
    pub lengths: Option<Lengths>,
    pub cancelling: bool,
    /// When the next attempt is due, if policy wants one.
    pub retry_at: Option<Wall>,
    /// What the operator should know about it, newest last, at most [`NOTICES`].
    pub notices: Vec<String>,
    /// What the host counted of its own faults meanwhile.
    pub faults: Faults,
    /// Bytes that the host gave up before we had them.
    pub lost: u64,
    /// How long it was not seen for reasons of ours.
    pub blind: Duration,
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
            expected: None,
            lengths: None,
            cancelling: false,
            retry_at: None,
            notices: Vec::new(),
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
            RunFact::EndSeen { out, err } => {
                self.phase = Phase::Ending;
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
                self.phase = Phase::Ended { verdict: verdict.clone(), at };
                self.lengths = Some(*lengths);
                self.cancelling = false;
            }
            RunFact::RetryScheduled { at } => self.retry_at = Some(*at),
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

    pub(super) fn notice(&mut self, text: String) {
        if self.notices.last() != Some(&text) {
            self.notices.push(text);
        }
        let excess = self.notices.len().saturating_sub(NOTICES);
        self.notices.drain(..excess);
    }
}

/// Older notices are in the journal.
pub const NOTICES: usize = 20;
