//! One line that is being typed. Its memory is wiped when it goes, because passwords are typed into
//! it too; what it holds is never shown by `Debug`.

use std::fmt;

use zeroize::Zeroizing;

use super::key::{Code, Key};

/// Text and a cursor in it. Bounded: what is typed beyond [`LIMIT`] bytes is not taken.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    text: Zeroizing<String>,
    /// A byte offset on a character boundary.
    cursor: usize,
}

/// A line typed below the panes, and what for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    pub line: Line,
    pub purpose: Purpose,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// Shows only hosts that match, while it is typed.
    Filter,
    /// A note on the timeline of the marked hosts, or of the selected one.
    Note,
}

impl Default for Line {
    fn default() -> Self {
        // Room for all of it from the start: a string that grows leaves copies of a secret behind.
        Self { text: Zeroizing::new(String::with_capacity(LIMIT)), cursor: 0 }
    }
}

impl Line {
    #[must_use]
    pub fn with_text(text: &str) -> Self {
        let mut line = Self::default();
        line.insert(text);
        line
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is left of the cursor, and what is under and right of it.
    #[must_use]
    pub fn split(&self) -> (&str, &str) {
        self.text.split_at(self.cursor)
    }

    /// Types `text` at the cursor, without its control characters.
    pub fn insert(&mut self, text: &str) {
        for c in text.chars().filter(|c| !c.is_control()) {
            if self.text.len() + c.len_utf8() > LIMIT {
                return;
            }
            self.text.insert(self.cursor, c);
            self.cursor += c.len_utf8();
        }
    }

    /// Whether the key was one for editing; then it has been carried out.
    pub fn handle_key(&mut self, key: Key) -> bool {
        if let Some(c) = key.typed() {
            self.insert(c.encode_utf8(&mut [0; 4]));
            return true;
        }
        match (key.code, key.ctrl) {
            (Code::Backspace, false) | (Code::Char('h'), true) => self.delete_back(1),
            (Code::Char('w'), true) => self.delete_word(),
            (Code::Char('u'), true) => {
                self.text.drain(..self.cursor);
                self.cursor = 0;
            }
            (Code::Char('k'), true) => self.text.truncate(self.cursor),
            (Code::Delete, false) | (Code::Char('d'), true) => {
                if self.cursor < self.text.len() {
                    self.text.remove(self.cursor);
                }
            }
            (Code::Left, false) | (Code::Char('b'), true) => self.cursor -= self.width_before(),
            (Code::Right, false) | (Code::Char('f'), true) => {
                self.cursor += self.text[self.cursor..].chars().next().map_or(0, char::len_utf8);
            }
            (Code::Home, false) | (Code::Char('a'), true) => self.cursor = 0,
            (Code::End, false) | (Code::Char('e'), true) => self.cursor = self.text.len(),
            _ => return false,
        }
        true
    }

    fn width_before(&self) -> usize {
        self.text[..self.cursor].chars().next_back().map_or(0, char::len_utf8)
    }

    fn delete_back(&mut self, characters: usize) {
        for _ in 0..characters {
            let width = self.width_before();
            self.text.drain(self.cursor - width..self.cursor);
            self.cursor -= width;
        }
    }

    fn delete_word(&mut self) {
        let before = &self.text[..self.cursor];
        let kept = before.trim_end().rfind(char::is_whitespace).map_or(0, |at| at + 1);
        self.delete_back(before[kept..].chars().count());
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({} bytes, cursor {})", self.text.len(), self.cursor)
    }
}

/// Longer than any password or filter that somebody types.
pub const LIMIT: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &mut Line, keys: &[Key]) {
        for key in keys {
            assert!(line.handle_key(*key), "{key}");
        }
    }

    #[test]
    fn it_edits_in_the_middle_of_wide_characters() {
        let mut line = Line::with_text("aöü");
        typed(&mut line, &[Key::of(Code::Left), Key::of(Code::Backspace), Key::char('x')]);
        assert_eq!(line.text(), "axü");
        assert_eq!(line.split(), ("ax", "ü"));
        typed(&mut line, &[Key::of(Code::Home), Key::of(Code::Delete), Key::of(Code::End), Key::ctrl('h')]);
        assert_eq!(line.text(), "x");
    }

    #[test]
    fn ctrl_w_takes_a_word_and_ctrl_u_the_rest() {
        let mut line = Line::with_text("one two  ");
        typed(&mut line, &[Key::ctrl('w')]);
        assert_eq!(line.text(), "one ");
        typed(&mut line, &[Key::ctrl('u')]);
        assert_eq!(line.text(), "");
    }

    #[test]
    fn it_takes_neither_control_characters_nor_more_than_its_limit() {
        let mut line = Line::with_text("a\x1b[31m\nb");
        assert_eq!(line.text(), "a[31mb");
        line.insert(&"é".repeat(LIMIT));
        assert!(line.text().len() <= LIMIT);
    }

    #[test]
    fn what_was_typed_is_not_in_its_debug_form() {
        assert!(!format!("{:?}", Line::with_text("secret")).contains("secret"));
    }
}
