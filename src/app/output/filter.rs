//! The filter of the pane: which lines are shown at all, the prompt for it, and how far the counting of
//! them has come.

use super::find::{Typed, type_key};
use super::pattern::Pattern;
use super::window::Sifted;
use super::words;
use crate::app::key::Key;
use crate::app::line::Line;

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Filter {
    prompt: Option<Line>,
    pattern: Option<Pattern>,
    sifted: Option<Sifted>,
    trouble: Option<String>,
}

impl Filter {
    #[must_use]
    pub fn pattern(&self) -> Option<&Pattern> {
        self.pattern.as_ref()
    }

    /// The pattern as far as it is typed.
    #[must_use]
    pub fn prompt(&self) -> Option<&Line> {
        self.prompt.as_ref()
    }

    /// Why the last pattern was not taken.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    pub(super) fn open_prompt(&mut self) {
        self.trouble = None;
        self.prompt = Some(Line::default());
    }

    pub(super) fn paste(&mut self, text: &str) {
        if let Some(line) = &mut self.prompt {
            line.insert(text);
        }
    }

    pub(super) fn type_key(&mut self, key: Key) -> Typed {
        type_key(&mut self.prompt, key)
    }

    /// For another log: what is being typed goes on, the filter does not.
    pub(super) fn renewed(&self) -> Self {
        Self { prompt: self.prompt.clone(), ..Self::default() }
    }

    /// Takes another pattern; none for an empty text. Says whether anything changed.
    pub(super) fn set(&mut self, text: &str) -> bool {
        let pattern = match (text.is_empty(), Pattern::parse(text)) {
            (true, _) => None,
            (false, Ok(pattern)) => Some(pattern),
            (false, Err(error)) => {
                self.trouble = Some(format!("failed to {error}"));
                return false;
            }
        };
        let changed = pattern != self.pattern;
        if changed {
            *self = Self { pattern, ..Self::default() };
        }
        changed
    }

    /// Takes news of the counting.
    pub(super) fn take(&mut self, sifted: Sifted) {
        if self.pattern.is_some() {
            self.sifted = Some(sifted);
        }
    }

    /// `filter: error (1,204 of 3.1 M)`; empty without a filter. `total`: lines of the log, when known.
    #[must_use]
    pub fn words(&self, total: Option<u64>) -> String {
        let Some(pattern) = &self.pattern else { return String::new() };
        let head: String = pattern.text().chars().take(SHOWN).collect();
        let more = if pattern.text().chars().count() > SHOWN { ".." } else { "" };
        let text = if pattern.is_literal() { " as text" } else { "" };
        let Some(sifted) = self.sifted else { return format!("filter: {head}{more}{text} (looking)") };
        let lines = words::brief(sifted.lines);
        let of = match total {
            _ if sifted.counted < sifted.end => format!("in {} %", words::percent(sifted.counted, sifted.end)),
            Some(total) => format!("of {}", words::brief(total)),
            None => "so far".to_owned(),
        };
        format!("filter: {head}{more}{text} ({lines} {of})")
    }

    /// Why no line is shown.
    #[must_use]
    pub fn nothing_words(&self) -> Option<String> {
        self.pattern.as_ref()?;
        Some(match self.sifted {
            Some(sifted) if sifted.lines == 0 && sifted.counted >= sifted.end => {
                "no line matches; esc shows all".to_owned()
            }
            Some(sifted) => format!("looking: {} %; esc shows all", words::percent(sifted.counted, sifted.end)),
            None => "looking; esc shows all".to_owned(),
        })
    }
}

/// Characters of a pattern that are shown in the title.
const SHOWN: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_words_say_how_many_of_how_many_and_how_far_it_has_come() {
        let mut filter = Filter::default();
        assert_eq!((filter.words(Some(3)), filter.nothing_words()), (String::new(), None));
        assert!(filter.set("error"));
        assert!(!filter.set("error"), "the same again");
        assert_eq!(filter.words(None), "filter: error (looking)");
        filter.take(Sifted { lines: 1204, counted: 30, end: 90 });
        assert_eq!(filter.words(Some(7)), "filter: error (1,204 in 33 %)");
        filter.take(Sifted { lines: 1204, counted: 90, end: 90 });
        assert_eq!(filter.words(None), "filter: error (1,204 so far)");
        assert_eq!(filter.words(Some(3_120_000)), "filter: error (1,204 of 3.1 M)");
        filter.take(Sifted { lines: 0, counted: 90, end: 90 });
        assert_eq!(filter.nothing_words().as_deref(), Some("no line matches; esc shows all"));
        assert!(!filter.set(&"x".repeat(5000)) && filter.trouble().is_some(), "the old one stays");
        assert!(filter.set("") && filter.pattern().is_none());
        filter.take(Sifted { lines: 1, counted: 1, end: 1 });
        assert_eq!(filter.words(None), "", "news of a filter that is gone");
    }

    #[test]
    fn a_long_pattern_is_cut_and_a_broken_one_is_taken_as_text() {
        let mut filter = Filter::default();
        filter.set(&"ab(".repeat(20));
        let words = filter.words(None);
        assert!(words.contains(".. as text (looking)") && words.chars().count() < 60, "{words}");
    }
}
