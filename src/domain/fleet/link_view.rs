//! What is known of a link.

use crate::domain::diagnosis::{Cause, RungReport, rungs, verdict};
use crate::domain::event::LinkChange;
use crate::domain::incident::is_trouble;
use crate::domain::link::{Hold, LinkState};
use crate::domain::moment::Wall;
use crate::domain::timeline::Told;

#[derive(Clone, PartialEq, Debug)]
pub struct LinkView {
    pub state: LinkState,
    pub since: Wall,
    pub cause: Option<Cause>,
    pub evidence: Vec<RungReport>,
    pub attempt: u32,
    pub retry_at: Option<Wall>,
    /// The attempt that is due waits for its turn behind so many others.
    pub waits_behind: Option<u32>,
}

impl LinkView {
    /// What the operator has said of the host.
    #[must_use]
    pub fn hold(&self) -> Option<Hold> {
        Hold::of(self.state, self.cause.as_ref())
    }

    /// The state's word, or what the operator has said.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.hold().map_or(self.state.word(), Hold::word)
    }

    /// Of how much interest it is among other hosts: what the operator knows already is of none.
    #[must_use]
    pub fn severity(&self) -> u8 {
        if self.hold().is_some() { LinkState::Idle.severity() } else { self.state.severity() }
    }

    pub(super) fn idle(now: Wall) -> Self {
        Self {
            state: LinkState::Idle,
            since: now,
            cause: None,
            evidence: Vec::new(),
            attempt: 0,
            retry_at: None,
            waits_behind: None,
        }
    }

    /// All but `since`, which only another state changes.
    pub(super) fn apply(&mut self, change: &LinkChange) {
        self.state = change.to;
        self.cause.clone_from(&change.cause);
        self.evidence.clone_from(&change.evidence);
        self.attempt = change.attempt;
        self.retry_at = change.retry_at;
        self.waits_behind = change.waits_behind;
    }

    /// What the timeline is to remember of it, while it is in trouble.
    pub(super) fn told(&self) -> Option<Told> {
        let cause = self.cause.as_ref().filter(|_| is_trouble(self.state))?;
        let (verdict, evidence) = (verdict(cause, &self.evidence), rungs(&self.evidence));
        Some(Told { verdict, evidence, attempts: self.attempt })
    }
}
