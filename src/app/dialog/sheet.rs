//! A sheet of text over the panes, to scroll and to close. What stands on it is made when it is
//! drawn, so that it stays true while it is open.

use super::Step;
use crate::app::key::{Code, Key};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sheet {
    pub kind: SheetKind,
    /// Lines scrolled away at the top; whoever draws it stops at the end of the text.
    pub top: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SheetKind {
    Help,
    Details,
    Incidents,
    /// What happened while nobody looked.
    Digest,
}

impl Sheet {
    #[must_use]
    pub fn new(kind: SheetKind) -> Self {
        Self { kind, top: 0 }
    }

    pub(super) fn handle_key(&mut self, key: Key) -> Step {
        match key.code {
            Code::Up | Code::Char('k') => self.top = self.top.saturating_sub(1),
            Code::Down | Code::Char('j') => self.top += 1,
            Code::PageUp => self.top = self.top.saturating_sub(PAGE),
            Code::PageDown | Code::Char(' ') => self.top += PAGE,
            Code::Home | Code::Char('g') => self.top = 0,
            Code::End | Code::Char('G') => self.top = MOST,
            Code::Char('y') => return Step::Copy(self.kind),
            Code::Esc | Code::Enter | Code::Char('q' | '?' | 'i' | 'I' | 'D') => return Step::Close,
            Code::Char(_) | Code::Tab | Code::BackTab | Code::Backspace | Code::Delete | Code::Left | Code::Right => {}
        }
        self.top = self.top.min(MOST);
        Step::Stay
    }

    /// Told by whoever knows how far it can scroll.
    pub fn limit(&mut self, most: usize) {
        self.top = self.top.min(most);
    }
}

const PAGE: usize = 10;

/// No sheet is longer.
const MOST: usize = 1000;
