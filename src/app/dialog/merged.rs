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
        if key.code == Code::Char('y') {
            return Step::CopyMerged;
        }
        let leaves = [Code::Esc, Code::Enter, Code::Char('q'), Code::Char('O')].contains(&key.code);
        if leaves { Step::Close } else { Step::Stay }
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.output.update(output::Msg::Paste(text.to_owned()));
    }
}
