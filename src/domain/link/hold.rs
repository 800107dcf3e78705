//! What the operator has said of a host that stands until the operator says otherwise.

use crate::domain::diagnosis::Cause;
use crate::domain::link::LinkState;

/// Nothing is dialed and nothing is followed; runs on the host go on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Hold {
    /// The link is paused until it is resumed.
    Paused,
    /// The host is gone for good, as far as the operator knows.
    Dead,
}

impl Hold {
    pub const ALL: [Self; 2] = [Self::Paused, Self::Dead];

    /// What a state and its cause say of it: a link carries its hold in them, in the journal too.
    #[must_use]
    pub fn of(state: LinkState, cause: Option<&Cause>) -> Option<Self> {
        Self::ALL.into_iter().find(|hold| hold.state() == state && cause == Some(&hold.cause()))
    }

    #[must_use]
    pub fn state(self) -> LinkState {
        match self {
            Self::Paused => LinkState::Paused,
            Self::Dead => LinkState::Lost,
        }
    }

    #[must_use]
    pub fn cause(self) -> Cause {
        match self {
            Self::Paused => Cause::PausedByOperator,
            Self::Dead => Cause::MarkedDead,
        }
    }

    /// Instead of the state's own word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Paused => "paused by you",
            Self::Dead => "marked dead",
        }
    }

    /// The same where twelve columns have to do.
    #[must_use]
    pub fn short(self) -> &'static str {
        match self {
            Self::Paused => "paused (you)",
            Self::Dead => "marked dead",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_is_told_from_the_same_state_for_another_reason() {
        for hold in Hold::ALL {
            assert_eq!(Hold::of(hold.state(), Some(&hold.cause())), Some(hold));
            assert!(hold.short().len() <= 12);
        }
        assert_eq!(Hold::of(LinkState::Paused, Some(&Cause::OwnNetworkDown)), None);
        assert_eq!(Hold::of(LinkState::Lost, Some(&Cause::PausedByOperator)), None);
        assert_eq!(Hold::of(LinkState::Lost, None), None);
    }
}
