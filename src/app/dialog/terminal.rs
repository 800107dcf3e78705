//! The screen of a full-screen program, to look at: read only, every key is ours.

use super::Step;
use crate::app::key::{Code, Key};
use crate::domain::id::AttemptId;

/// Whose screen it is, and which part of it is looked at when it is larger than ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TerminalSheet {
    pub id: AttemptId,
    /// Columns and rows of the run's terminal.
    pub size: (u16, u16),
    /// Columns and rows that are left out at the left and the top.
    pub pan: (u16, u16),
    /// It was moved by hand: else the cursor is kept in sight.
    moved: bool,
}

impl TerminalSheet {
    #[must_use]
    pub fn new(id: AttemptId, size: (u16, u16)) -> Self {
        Self { id, size, pan: (0, 0), moved: false }
    }

    pub(super) fn handle_key(&mut self, key: Key) -> Step {
        self.moved = true;
        let (x, y) = &mut self.pan;
        match key.code {
            Code::Left | Code::Char('h') => *x = x.saturating_sub(STEP),
            Code::Right | Code::Char('l') => *x += STEP,
            Code::Up | Code::Char('k') => *y = y.saturating_sub(1),
            Code::Down | Code::Char('j') => *y += 1,
            Code::Home | Code::Char('g') => self.pan = (0, 0),
            Code::End | Code::Char('G') => *y = self.size.1,
            Code::Esc | Code::Enter | Code::Char('q' | 'T') => return Step::Close,
            Code::Char(_) | Code::Tab | Code::BackTab | Code::Backspace | Code::Delete => {}
            Code::PageUp | Code::PageDown => *y = if key.code == Code::PageUp { 0 } else { self.size.1 },
        }
        Step::Stay
    }

    /// Keeps the row of the cursor in sight, unless another part is looked at.
    pub fn follow(&mut self, cursor: Option<(u16, u16)>, rows: u16) {
        if !self.moved {
            self.pan.1 = cursor.map_or(0, |(_, row)| (row + 1).saturating_sub(rows));
        }
    }

    /// Told by whoever knows how much is shown: never past the end.
    pub fn limit(&mut self, room: (u16, u16)) {
        self.pan.0 = self.pan.0.min(self.size.0.saturating_sub(room.0));
        self.pan.1 = self.pan.1.min(self.size.1.saturating_sub(room.1));
    }
}

/// Columns by which it is moved at a time.
const STEP: u16 = 8;
