//! What is known of a link.

use crate::domain::diagnosis::{Cause, RungReport};
use crate::domain::link::{Hold, LinkState};
use crate::domain::moment::Wall;

#[derive(Clone, PartialEq, Debug)]
pub struct LinkView {
    pub state: LinkState,
    pub since: Wall,
    pub cause: Option<Cause>,
    pub evidence: Vec<RungReport>,
    pub attempt: u32,
    pub retry_at: Option<Wall>,
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
}
