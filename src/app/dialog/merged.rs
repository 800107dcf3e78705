//! The keys of the merged output.

use super::Step;
use crate::app::key::{Code, Key};
use crate::app::merged::MergedSheet;

impl MergedSheet {
    pub(super) fn handle_key(&mut self, key: Key) -> Step {
        let page = isize::try_from(self.rows.max(2) - 1).unwrap_or(1);
        let rows = self.rows;
        match key.code {
            Code::Up | Code::Char('k') => self.scroll(1, rows),
            Code::Down | Code::Char('j') => self.scroll(-1, rows),
            Code::PageUp => self.scroll(page, rows),
            Code::PageDown | Code::Char(' ') => self.scroll(-page, rows),
            Code::Home | Code::Char('g') => self.scroll(isize::MAX, rows),
            Code::End | Code::Char('G' | 'f') => self.up = 0,
            Code::Left | Code::Char('h') => self.shift = self.shift.saturating_sub(STEP),
            Code::Right | Code::Char('l') => self.shift = (self.shift + STEP).min(MOST_SHIFT),
            Code::Char('t') => self.times = !self.times,
            Code::Esc | Code::Enter | Code::Char('q' | 'O') => return Step::Close,
            Code::Char(_) | Code::Tab | Code::BackTab | Code::Backspace | Code::Delete => {}
        }
        Step::Stay
    }
}

/// Columns by which it is moved at a time, and at most.
const STEP: usize = 8;
const MOST_SHIFT: usize = 4096;
