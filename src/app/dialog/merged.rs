//! The keys of the merged output: those of every output, and how to leave it.

use super::Step;
use crate::app::key::{Code, Key};
use crate::app::merged::MergedSheet;
use crate::app::output;

impl MergedSheet {
    pub(super) fn handle_key(&mut self, key: Key) -> Step {
        if self.output.handle_key(key) {
            return Step::Stay;
        }
        match key.code {
            Code::Char('y') => Step::CopyMerged,
            Code::Esc | Code::Enter | Code::Char('q' | 'O') => Step::Close,
            Code::Char(_)
            | Code::Tab
            | Code::BackTab
            | Code::Backspace
            | Code::Delete
            | Code::Up
            | Code::Down
            | Code::Left
            | Code::Right
            | Code::Home
            | Code::End
            | Code::PageUp
            | Code::PageDown => Step::Stay,
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.output.update(output::Msg::Paste(text.to_owned()));
    }
}
