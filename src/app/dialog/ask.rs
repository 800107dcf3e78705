//! A line to be typed in a dialog, with what is wrong with it: where to go in a log, what to call a file.

use super::Step;
use crate::app::key::{Code, Key};
use crate::app::line::Line;
use crate::app::log::Save;

#[derive(Clone, Debug)]
pub struct Ask {
    pub purpose: AskFor,
    pub line: Line,
    /// Why the last answer was not taken.
    pub trouble: Option<String>,
}

#[derive(Clone, PartialEq, Debug)]
pub enum AskFor {
    /// A place in the log that is shown.
    Place,
    /// The name of a file that a log is copied to.
    File(Save),
}

impl Ask {
    #[must_use]
    pub fn new(purpose: AskFor, text: &str) -> Self {
        Self { purpose, line: Line::with_text(text), trouble: None }
    }

    #[must_use]
    pub fn title(&self) -> &'static str {
        match self.purpose {
            AskFor::Place => "Go to",
            AskFor::File(_) => "Save the log as",
        }
    }

    /// What is told below the line.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match &self.purpose {
            AskFor::Place => vec![
                "14:05  11-17 14:05  -10m   when it arrived, local time".into(),
                "50%  1.5GB  4096B          how far into the log".into(),
                "1204                       a line".into(),
            ],
            AskFor::File(save) => {
                let (raw, plain) = if save.plain { (' ', 'x') } else { ('x', ' ') };
                vec![
                    format!("({raw}) raw: byte for byte what the command wrote"),
                    format!("({plain}) plain: text without colours and escape sequences"),
                ]
            }
        }
    }

    /// The keys that mean something.
    #[must_use]
    pub fn keys(&self) -> &'static str {
        match self.purpose {
            AskFor::Place => "enter goes there  esc closes",
            AskFor::File(_) => "enter saves  tab raw or plain  esc closes",
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.trouble = None;
        self.line.insert(text);
    }

    pub(super) fn handle_key(&mut self, key: Key) -> Step {
        match (key.code, &mut self.purpose) {
            (Code::Esc, _) => return Step::Close,
            (Code::Enter, _) => return Step::Answer,
            (Code::Tab | Code::BackTab, AskFor::File(save)) => save.plain = !save.plain,
            _ => {
                if self.line.handle_key(key) {
                    self.trouble = None;
                }
            }
        }
        Step::Stay
    }
}
