//! The output of the selected run: which one, and how much of it can be seen.

use super::key::Key;
use crate::domain::id::AttemptId;

/// What the pane shows.
#[derive(Clone, Debug)]
pub struct Output {
    pub attempt: Option<AttemptId>,
    pub columns: u16,
    pub rows: u16,
    pub follow: bool,
    pub wrap: bool,
}

impl Default for Output {
    fn default() -> Self {
        Self { attempt: None, columns: 0, rows: 0, follow: true, wrap: false }
    }
}

impl Output {
    /// Shows another attempt, or nothing.
    pub fn show(&mut self, attempt: Option<AttemptId>) {
        self.attempt = attempt;
    }

    /// The room for text has changed.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        (self.columns, self.rows) = (columns, rows);
    }

    /// Whether a line is being typed in it: then every key is its own.
    #[must_use]
    pub fn is_typing(&self) -> bool {
        false
    }

    /// Whether the key meant something here; then it has been carried out.
    pub fn handle_key(&mut self, key: Key) -> bool {
        match key {
            key if key == Key::char('f') => self.follow = !self.follow,
            key if key == Key::char('w') => self.wrap = !self.wrap,
            _ => return false,
        }
        true
    }
}

/// The keys that it reads itself, for the help.
pub const KEYS: &[(&str, &str)] = &[];
