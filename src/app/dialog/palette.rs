//! Every command by its words: typing narrows the list, the best match first, enter does it.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher};

use super::Step;
use crate::app::Focus;
use crate::app::key::{Code, Key};
use crate::app::keymap::{Action, BINDINGS, When};
use crate::app::line::Line;
use crate::app::output::{self, Verb};

#[derive(Clone, Debug)]
pub struct Palette {
    pub filter: Line,
    shown: Vec<Entry>,
    at: usize,
}

/// One command of the tables, with the keys that would have done it.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub help: &'static str,
    pub keys: &'static [Key],
    pub deed: Deed,
}

/// What is done, and in which pane, where that matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    Screen(Action, Option<Focus>),
    Output(Verb),
}

impl Palette {
    #[must_use]
    pub fn new() -> Self {
        Self { filter: Line::default(), shown: all().collect(), at: 0 }
    }

    /// The commands that match what was typed, the best first.
    #[must_use]
    pub fn shown(&self) -> &[Entry] {
        &self.shown
    }

    /// The row of [`Palette::shown`] that is selected.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.filter.insert(text);
        self.narrow();
    }

    pub(super) fn handle_key(&mut self, key: Key) -> Step {
        let last = self.shown.len().saturating_sub(1);
        match (key.code, key.ctrl) {
            (Code::Esc, _) => return Step::Close,
            (Code::Enter, _) => return self.shown.get(self.at).map_or(Step::Stay, |entry| Step::Perform(entry.deed)),
            (Code::Up, _) | (Code::Char('p'), true) => self.at = self.at.saturating_sub(1),
            (Code::Down, _) | (Code::Char('n'), true) => self.at = (self.at + 1).min(last),
            (Code::PageUp, _) => self.at = 0,
            (Code::PageDown, _) => self.at = last,
            // A second backspace than there are letters leaves, as in every editor.
            (Code::Backspace, _) if self.filter.text().is_empty() => return Step::Close,
            _ => {
                if self.filter.handle_key(key) {
                    self.narrow();
                }
            }
        }
        Step::Stay
    }

    fn narrow(&mut self) {
        let pattern = Pattern::parse(self.filter.text(), CaseMatching::Ignore, Normalization::Smart);
        let found = pattern.match_list(all(), &mut Matcher::new(Config::DEFAULT));
        self.shown = found.into_iter().map(|(entry, _)| entry).collect();
        self.at = 0;
    }
}

impl Default for Palette {
    fn default() -> Self {
        Self::new()
    }
}

impl AsRef<str> for Entry {
    fn as_ref(&self) -> &str {
        self.help
    }
}

/// The keymap as commands, each action once; those that hold everywhere first: what moves the cursor about
/// is seldom what somebody looks for.
fn all() -> impl Iterator<Item = Entry> {
    let first = |n: &usize| {
        let action = BINDINGS[*n].action;
        action != Action::Palette && BINDINGS[..*n].iter().all(|earlier| earlier.action != action)
    };
    let screen = (0..BINDINGS.len()).filter(first).map(|n| {
        let binding = &BINDINGS[n];
        let focus = match binding.when {
            When::Always => None,
            When::In(focus) => Some(focus),
        };
        Entry { help: binding.help, keys: binding.keys, deed: Deed::Screen(binding.action, focus) }
    });
    let own = output::KEYS.iter().filter(|binding| binding.verb != Verb::Follow && binding.verb != Verb::Wrap);
    let own = own.map(|binding| Entry { help: binding.help, keys: binding.keys, deed: Deed::Output(binding.verb) });
    let everywhere = |entry: &Entry| matches!(entry.deed, Deed::Screen(_, None));
    screen.clone().filter(everywhere).chain(screen.filter(move |entry| !everywhere(entry))).chain(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Palette {
        let mut palette = Palette::new();
        for c in text.chars() {
            palette.handle_key(Key::char(c));
        }
        palette
    }

    #[test]
    fn it_has_every_action_and_every_verb() {
        for binding in BINDINGS.iter().filter(|binding| binding.action != Action::Palette) {
            let has = |entry: &Entry| matches!(entry.deed, Deed::Screen(action, _) if action == binding.action);
            assert!(all().any(|entry| has(&entry)), "{binding:?}");
        }
        for binding in output::KEYS {
            let same = |entry: &Entry| entry.keys.iter().any(|key| binding.keys.contains(key));
            assert!(all().any(|entry| entry.deed == Deed::Output(binding.verb) || same(&entry)), "{binding:?}");
        }
    }

    #[test]
    fn before_anything_is_typed_the_verbs_are_first() {
        let first = Palette::new().shown().first().map(|entry| entry.deed);
        assert_eq!(first, Some(Deed::Screen(Action::Reconnect, None)));
    }

    #[test]
    fn a_few_letters_find_a_command() {
        for (text, action) in [
            ("recon", Action::Reconnect),
            ("cancl", Action::Cancel),
            ("health", Action::Health),
            ("quit", Action::Quit),
        ] {
            let palette = typed(text);
            let first = palette.shown().first().map(|entry| entry.deed);
            assert_eq!(first, Some(Deed::Screen(action, None)), "{text}");
        }
        let mut nothing = typed("zzzzqqq");
        assert!(nothing.shown().is_empty());
        assert!(matches!(nothing.handle_key(Key::of(Code::Enter)), Step::Stay));
        assert!(matches!(typed("").handle_key(Key::of(Code::Backspace)), Step::Close));
    }
}
