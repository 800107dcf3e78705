//! The search of the pane: the prompt, the pattern, and how far the searcher has come.

use super::pattern::Pattern;
use super::window::{Direction, Order, Outcome, Progress, Seek};
use super::words;
use crate::app::key::{Code, Key};
use crate::app::line::Line;

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Find {
    prompt: Option<Line>,
    pattern: Option<Pattern>,
    serial: u64,
    /// The serial of the pattern's first order: news of an earlier one is of another pattern.
    since: u64,
    progress: Option<Progress>,
    /// The line last gone to, of this pattern.
    hit: Option<u64>,
    trouble: Option<String>,
}

/// What a key in the prompt came to.
pub(super) enum Typed {
    Editing,
    Closed,
    Submitted(String),
}

impl Find {
    /// Whether a pattern is being typed: every key goes here.
    #[must_use]
    pub fn is_typing(&self) -> bool {
        self.prompt.is_some()
    }

    #[must_use]
    pub fn pattern(&self) -> Option<&Pattern> {
        self.pattern.as_ref()
    }

    /// Where the matching line begins that was gone to last.
    #[must_use]
    pub fn hit(&self) -> Option<u64> {
        self.hit
    }

    /// The pattern as far as it is typed.
    #[must_use]
    pub fn prompt(&self) -> Option<&Line> {
        self.prompt.as_ref()
    }

    pub(super) fn open_prompt(&mut self) {
        self.prompt = Some(Line::default());
        self.trouble = None;
    }

    pub(super) fn paste(&mut self, text: &str) {
        if let Some(line) = &mut self.prompt {
            line.insert(text);
        }
    }

    /// For another log: what is being typed goes on, what was found does not.
    pub(super) fn renewed(&self) -> Self {
        Self { prompt: self.prompt.clone(), serial: self.serial, ..Self::default() }
    }

    pub(super) fn type_key(&mut self, key: Key) -> Typed {
        type_key(&mut self.prompt, key)
    }

    /// Begins to search for a text, from a place.
    pub(super) fn start(&mut self, text: &str, direction: Direction, from: u64) -> Option<Order> {
        match Pattern::parse(text) {
            Ok(pattern) => {
                let serial = self.serial + 1;
                *self = Self { pattern: Some(pattern.clone()), serial, since: serial, ..Self::default() };
                Some(Order::Start { pattern, seek: Seek { serial, direction, from } })
            }
            Err(error) => {
                self.trouble = Some(format!("failed to {error}"));
                None
            }
        }
    }

    pub(super) fn seek(&mut self, direction: Direction, from: u64) -> Option<Order> {
        self.pattern.as_ref()?;
        self.serial += 1;
        Some(Order::Seek(Seek { serial: self.serial, direction, from }))
    }

    /// Forgets the pattern, and tells the searcher so if there was one.
    pub(super) fn stop(&mut self) -> Option<Order> {
        let searching = self.pattern.is_some();
        *self = Self { serial: self.serial + 1, ..Self::default() };
        searching.then_some(Order::Stop)
    }

    /// Takes news of the searcher, and returns where to go when it found what was last asked for.
    pub(super) fn progress(&mut self, progress: Progress) -> Option<u64> {
        self.pattern.as_ref()?;
        progress.seek.filter(|sought| sought.serial >= self.since)?;
        let before = self.found();
        self.progress = Some(progress);
        let (line, at) = self.found()?;
        self.hit = Some(line);
        (before != Some((line, at))).then_some(at)
    }

    /// The place found for the last order.
    fn found(&self) -> Option<(u64, u64)> {
        match self.outcome()? {
            Outcome::Found { line, at, .. } => Some((line, at)),
            Outcome::Seeking(_) | Outcome::Nothing | Outcome::Failed => None,
        }
    }

    fn outcome(&self) -> Option<Outcome> {
        let sought = self.progress?.seek?;
        (sought.serial == self.serial).then_some(sought.outcome)
    }

    /// What the pane's last line says; empty without a search.
    #[must_use]
    pub fn words(&self) -> String {
        if let Some(line) = &self.prompt {
            return format!("/{}", line.text());
        }
        if let Some(trouble) = &self.trouble {
            return trouble.clone();
        }
        let Some(pattern) = &self.pattern else { return String::new() };
        let as_text = if pattern.is_literal() { " (as text)" } else { "" };
        format!("/{}{as_text}: {}", pattern.text(), self.result_words())
    }

    fn result_words(&self) -> String {
        let Some(progress) = self.progress else { return "searching".into() };
        let all = progress.counted >= progress.end;
        let so_far = format!("{} %", words::percent(progress.counted, progress.end));
        let total = words::grouped(progress.matches);
        let noun = if progress.matches == 1 { "matching line" } else { "matching lines" };
        let lines = if all { format!("{total} {noun}") } else { format!("{total} {noun} in {so_far}") };
        match self.outcome() {
            None => "searching".into(),
            Some(Outcome::Seeking(looked_at)) => {
                format!("searching, {} %", words::percent(looked_at, progress.end))
            }
            Some(Outcome::Nothing) => "not found".into(),
            Some(Outcome::Failed) => "the log could not be read".into(),
            Some(Outcome::Found { ordinal, wrapped, .. }) => {
                let which = ordinal.map_or("?".into(), words::grouped);
                let wrapped = if wrapped { ", went past the end" } else { "" };
                format!("{which} of {lines}{wrapped}")
            }
        }
    }
}

/// Types into a prompt, which enter and escape take away.
pub(super) fn type_key(prompt: &mut Option<Line>, key: Key) -> Typed {
    let Some(line) = prompt else { return Typed::Closed };
    if key.code == Code::Enter {
        let text = line.text().to_owned();
        *prompt = None;
        return Typed::Submitted(text);
    }
    if key.code == Code::Esc || (key.code == Code::Backspace && line.text().is_empty()) {
        *prompt = None;
    } else {
        line.handle_key(key);
    }
    if prompt.is_some() { Typed::Editing } else { Typed::Closed }
}
