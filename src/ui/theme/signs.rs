//! Signs, each one column wide.

use ratatui::symbols::border;

use super::{Role, Signs, Theme};
use crate::app::Standing;
use crate::app::toast::Tone;
use crate::domain::link::LinkState;
use crate::domain::network::NetworkState;
use crate::domain::timeline::{Ailment, Mark};

impl Theme {
    fn pick<T>(&self, unicode: T, ascii: T) -> T {
        match self.signs {
            Signs::Unicode => unicode,
            Signs::Ascii => ascii,
        }
    }

    #[must_use]
    pub fn state(&self, state: LinkState) -> char {
        self.pick(state.glyph(), state.letter())
    }

    /// In a strip calm is a line, so that the eye finds what is not.
    #[must_use]
    pub fn strip_sign(&self, state: LinkState) -> char {
        match state {
            LinkState::Alive => self.pick('━', '='),
            LinkState::Idle => self.pick('·', '-'),
            LinkState::Connecting
            | LinkState::Pinging
            | LinkState::Reconnecting
            | LinkState::Paused
            | LinkState::Rebooted
            | LinkState::Refused
            | LinkState::Lost => self.state(state),
        }
    }

    #[must_use]
    pub fn mark(&self, mark: &Mark) -> (char, Role) {
        match mark {
            Mark::Reboot => (self.pick('↻', 'B'), Role::State(LinkState::Rebooted)),
            Mark::RunStarted => (self.pick('▶', '>'), Role::Accent),
            Mark::RunEnded { success: true } => (self.pick('✓', '+'), Role::Good),
            Mark::RunEnded { success: false } => (self.pick('✗', '!'), Role::Bad),
            Mark::Alarm(_) => (self.alarm(), Role::Bad),
            Mark::Gap => (self.pick('≠', '#'), Role::Warning),
            Mark::Health(Ailment { unhealthy: true, .. }) => (self.pick('△', '^'), Role::Warning),
            Mark::Health(Ailment { unhealthy: false, .. }) => (self.pick('▽', 'v'), Role::Good),
            Mark::Note(_) => (self.pick('✎', '*'), Role::Text),
        }
    }

    #[must_use]
    pub fn standing(&self, standing: Standing) -> (char, Role) {
        match standing {
            Standing::Waiting => (self.pick('◇', '.'), Role::Quiet),
            Standing::Running => (self.pick('▶', '>'), Role::Accent),
            Standing::Ending => (self.pick('▷', ')'), Role::Accent),
            Standing::Unknown => ('?', Role::Warning),
            Standing::Succeeded => (self.pick('✓', '+'), Role::Good),
            Standing::Stopped => (self.pick('■', 'x'), Role::Quiet),
            Standing::Failed => (self.pick('✗', '!'), Role::Bad),
        }
    }

    #[must_use]
    pub fn network(&self, state: NetworkState) -> (char, Role) {
        match state {
            NetworkState::Unknown => ('?', Role::Quiet),
            NetworkState::Up => (self.pick('●', '+'), Role::Good),
            NetworkState::Degraded => (self.pick('◐', '~'), Role::Warning),
            NetworkState::Down => (self.pick('○', '!'), Role::Bad),
        }
    }

    #[must_use]
    pub fn tone(&self, tone: Tone) -> (char, Role) {
        match tone {
            Tone::Plain => (self.pick('›', '>'), Role::Accent),
            Tone::Good => (self.pick('✓', '+'), Role::Good),
            Tone::Warning => ('!', Role::Warning),
            Tone::Bad => (self.pick('✗', 'x'), Role::Bad),
        }
    }

    /// A gauge of so many columns.
    #[must_use]
    pub fn gauge(&self, permille: u16, columns: usize) -> String {
        let full = (usize::from(permille) * columns + 500) / 1000;
        let (done, open) = (self.pick('▰', '#'), self.pick('▱', '.'));
        (0..columns).map(|n| if n < full { done } else { open }).collect()
    }

    /// Before the number of alarms.
    #[must_use]
    pub fn alarm(&self) -> char {
        self.pick('▲', '%')
    }

    #[must_use]
    pub fn cursor_bar(&self) -> char {
        self.pick('▌', '>')
    }

    #[must_use]
    pub fn marked(&self) -> char {
        self.pick('◆', '*')
    }

    #[must_use]
    pub fn ellipsis(&self) -> char {
        self.pick('…', '~')
    }

    #[must_use]
    pub fn tick(&self) -> char {
        self.pick('╵', '\'')
    }

    #[must_use]
    pub fn rule(&self) -> char {
        self.pick('─', '-')
    }

    #[must_use]
    pub fn separator(&self) -> char {
        self.pick('│', '|')
    }

    #[must_use]
    pub fn dot(&self) -> char {
        self.pick('·', '-')
    }

    /// From the highest down, or the other way round.
    #[must_use]
    pub fn order(&self, reversed: bool) -> char {
        if reversed { self.pick('▴', '^') } else { self.pick('▾', 'v') }
    }

    /// What is used, and what is free.
    #[must_use]
    pub fn bar(&self) -> (char, char) {
        self.pick(('■', '·'), ('#', '.'))
    }

    #[must_use]
    pub fn hidden(&self) -> char {
        self.pick('•', '*')
    }

    #[must_use]
    pub fn border(&self) -> border::Set<'static> {
        self.pick(border::ROUNDED, ASCII_BORDER)
    }
}

const ASCII_BORDER: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};
