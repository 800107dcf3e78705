//! The screen that stands still: a copy of the state is drawn, while the state itself goes on.

use super::key::Key;
use super::keymap::{self, Action};
use super::{App, Effect};

impl App {
    /// What is to be drawn: all of it as it was when the screen was frozen, or as it is.
    #[must_use]
    pub fn shown(&self) -> &Self {
        self.frozen.as_deref().unwrap_or(self)
    }

    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.frozen.is_some()
    }

    pub(super) fn freeze(&mut self) {
        self.frozen = match self.frozen.take() {
            Some(_) => None,
            None => {
                let mut still = self.clone();
                // Those would never go.
                still.toasts.clear();
                Some(Box::new(still))
            }
        };
    }

    /// Only what lets it go on, or has nothing to do with what is shown.
    pub(super) fn handle_frozen_key(&mut self, key: Key) -> Vec<Effect> {
        let Some(action) = keymap::lookup(self.focus, key) else { return Vec::new() };
        if matches!(action, Action::Freeze | Action::Back) {
            self.freeze();
        } else if matches!(action, Action::Screenshot | Action::Mouse | Action::Redraw | Action::Suspend) {
            return self.perform(action);
        }
        Vec::new()
    }

    /// The window has another size: what stands still is laid out anew.
    pub(super) fn resize_frozen(&mut self) {
        let size = self.size;
        if let Some(still) = &mut self.frozen {
            still.size = size;
            still.settle();
        }
    }
}
