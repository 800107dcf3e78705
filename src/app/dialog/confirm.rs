//! A question with yes and no. What cannot be undone has the focus on no; what hits many hosts wants
//! their number typed.

use super::Step;
use crate::app::key::{Code, Key};
use crate::app::line::Line;
use crate::app::log::Save;
use crate::domain::command::Command;

#[derive(Clone, Debug)]
pub struct Confirm {
    pub title: String,
    pub text: Vec<String>,
    /// The buttons' words.
    pub yes: String,
    pub no: String,
    /// Which button has the focus.
    pub on_yes: bool,
    /// What must be typed before yes means yes, and what has been.
    pub typed: Option<(String, Line)>,
    decision: Decision,
}

/// What is done on yes.
#[derive(Clone, PartialEq, Debug)]
pub enum Decision {
    Commands(Vec<Command>),
    Quit,
    /// A copy of a log, over the file that is there.
    Save(Save),
}

impl Confirm {
    /// With the focus on no.
    #[must_use]
    pub fn new(title: String, text: Vec<String>, yes: &str, no: &str, decision: Decision) -> Self {
        Self { title, text, yes: yes.into(), no: no.into(), on_yes: false, typed: None, decision }
    }

    /// The same with the focus on yes: for what harms nobody.
    #[must_use]
    pub fn harmless(mut self) -> Self {
        self.on_yes = true;
        self
    }

    /// The same, but this must be typed first.
    #[must_use]
    pub fn with_typed(mut self, expected: String) -> Self {
        self.typed = Some((expected, Line::default()));
        self
    }

    #[must_use]
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// Whether what must be typed has been.
    #[must_use]
    pub fn is_unlocked(&self) -> bool {
        self.typed.as_ref().is_none_or(|(expected, line)| line.text().trim() == expected)
    }

    pub(super) fn paste(&mut self, text: &str) {
        if let Some((_, line)) = &mut self.typed {
            line.insert(text);
        }
    }

    pub(super) fn handle_key(&mut self, key: Key) -> Step {
        if key.code == Code::Enter && (self.typed.is_some() || self.on_yes) {
            return self.agree();
        }
        if [Code::Esc, Code::Enter].contains(&key.code) { Step::Close } else { self.handle_other(key) }
    }

    fn handle_other(&mut self, key: Key) -> Step {
        if let Some((_, line)) = &mut self.typed {
            line.handle_key(key);
            return Step::Stay;
        }
        if [Code::Tab, Code::BackTab, Code::Left, Code::Right].contains(&key.code) {
            self.on_yes = !self.on_yes;
        }
        match key.typed() {
            Some('y' | 'Y') => self.agree(),
            Some('n' | 'N' | 'q') => {
                // A second q means what the first one meant.
                if self.decision == Decision::Quit && key == Key::char('q') { self.agree() } else { Step::Close }
            }
            Some('h' | 'l') => {
                self.on_yes = !self.on_yes;
                Step::Stay
            }
            _ => Step::Stay,
        }
    }

    fn agree(&self) -> Step {
        if self.is_unlocked() { Step::Decide(self.decision.clone()) } else { Step::Stay }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialog() -> Confirm {
        Confirm::new("t".into(), Vec::new(), "do", "keep", Decision::Commands(Vec::new()))
    }

    #[test]
    fn enter_does_nothing_that_cannot_be_undone() {
        assert!(matches!(dialog().handle_key(Key::of(Code::Enter)), Step::Close));
        assert!(matches!(dialog().handle_key(Key::char('y')), Step::Decide(_)));
        let mut moved = dialog();
        moved.handle_key(Key::of(Code::Tab));
        assert!(matches!(moved.handle_key(Key::of(Code::Enter)), Step::Decide(_)));
        assert!(matches!(dialog().harmless().handle_key(Key::of(Code::Enter)), Step::Decide(_)));
    }

    #[test]
    fn many_hosts_want_their_number_typed() {
        let mut dialog = dialog().with_typed("12".into());
        assert!(matches!(dialog.handle_key(Key::char('y')), Step::Stay));
        assert!(matches!(dialog.handle_key(Key::of(Code::Enter)), Step::Stay));
        dialog.handle_key(Key::of(Code::Backspace));
        for c in ['1', '2'] {
            dialog.handle_key(Key::char(c));
        }
        assert!(matches!(dialog.handle_key(Key::of(Code::Enter)), Step::Decide(_)));
    }
}
