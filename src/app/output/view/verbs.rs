//! What the keys of the pane do.

use super::super::decode;
use super::super::find::Typed;
use super::super::jump::Landed;
use super::super::keys::Verb;
use super::super::window::{Anchor, Direction, Window};
use super::{Effect, Mode, View};
use crate::app::key::Key;

impl View {
    pub(super) fn handle_key(&mut self, key: Key) -> Vec<Effect> {
        if self.filter.prompt().is_some() {
            return match self.filter.type_key(key) {
                Typed::Editing | Typed::Closed => Vec::new(),
                Typed::Submitted(text) => self.narrow(&text),
            };
        }
        if !self.find.is_typing() {
            return Verb::of(key).map_or_else(Vec::new, |verb| self.handle_verb(verb));
        }
        match self.find.type_key(key) {
            Typed::Editing | Typed::Closed => Vec::new(),
            Typed::Submitted(text) if text.is_empty() => self.handle_verb(Verb::Next),
            Typed::Submitted(text) => {
                // While following, what happened last is what one looks for.
                let (direction, from) = match self.mode {
                    Mode::Following => (Direction::Backward, u64::MAX),
                    Mode::Still | Mode::Going { .. } => (Direction::Forward, self.top.offset),
                };
                self.find.start(&text, direction, from).map(Effect::Search).into_iter().collect()
            }
        }
    }

    pub(super) fn handle_verb(&mut self, verb: Verb) -> Vec<Effect> {
        if self.selection.is_some()
            && let Some(effects) = self.extend(verb)
        {
            return effects;
        }
        let page = i64::try_from(self.rows).unwrap_or(1);
        match verb {
            Verb::LineUp => self.scroll(-1),
            Verb::LineDown => self.scroll(1),
            Verb::HalfUp => self.scroll(-(page / 2).max(1)),
            Verb::HalfDown => self.scroll((page / 2).max(1)),
            // One row of the page before stays in sight.
            Verb::PageUp => self.scroll(-(page - 1).max(1)),
            Verb::PageDown => self.scroll((page - 1).max(1)),
            Verb::Top => self.go_to(Anchor::Offset(0), 0),
            Verb::Follow => self.follow(),
            Verb::Wrap => {
                self.wrap = !self.wrap;
                self.shift = 0;
                self.top.row = 0;
                self.scroll(0)
            }
            Verb::Left => self.shift_to(self.shift.saturating_sub(SHIFT)),
            Verb::Right => self.shift_to(self.shift + SHIFT),
            Verb::Find => {
                self.find.open_prompt();
                Vec::new()
            }
            Verb::Next => self.seek(Direction::Forward),
            Verb::Previous => self.seek(Direction::Backward),
            Verb::Filter => {
                self.filter.open_prompt();
                Vec::new()
            }
            Verb::Times => {
                self.times = !self.times;
                self.shift = 0;
                self.top.row = 0;
                self.read_again()
            }
            Verb::Select => {
                self.select();
                Vec::new()
            }
            Verb::Back if self.selection.take().is_some() => Vec::new(),
            Verb::Back if self.find.pattern().is_some() => self.find.stop().map(Effect::Search).into_iter().collect(),
            Verb::Back => self.narrow(""),
        }
    }

    fn shift_to(&mut self, shift: usize) -> Vec<Effect> {
        if !self.wrap {
            self.shift = shift.min(decode::MAX_COLUMNS);
        }
        Vec::new()
    }

    fn seek(&mut self, direction: Direction) -> Vec<Effect> {
        let shown = self.window.entries.get(self.visible()).unwrap_or_default();
        let in_sight = |line: &u64| shown.iter().any(|entry| entry.offset <= *line && *line < entry.next);
        let from = match (self.find.hit().filter(in_sight), direction) {
            (Some(hit), Direction::Forward) => hit + 1,
            (Some(hit), Direction::Backward) => hit,
            (None, Direction::Backward) if self.is_following() => u64::MAX,
            (None, Direction::Forward | Direction::Backward) => self.top.offset,
        };
        self.find.seek(direction, from).map(Effect::Search).into_iter().collect()
    }

    /// From where the next mark is looked for: the one last jumped to while it is in sight.
    #[must_use]
    pub fn jumps_from(&self, forward: bool) -> u64 {
        let shown = self.window.entries.get(self.visible()).unwrap_or_default();
        let in_sight = |at: &u64| shown.iter().any(|entry| entry.offset <= *at && *at <= entry.next);
        match self.landed.as_ref().and_then(|landed| landed.at).filter(in_sight) {
            Some(at) => at,
            None if self.is_following() && !forward => u64::MAX,
            None if self.is_following() => self.end,
            None => self.top.offset,
        }
    }

    /// Something else is done: what was said about the last jump is old.
    pub(in crate::app::output) fn hush(&mut self) {
        if let Some(landed) = &mut self.landed {
            landed.words.clear();
        }
    }

    pub(super) fn land(&mut self, landed: Landed) -> Vec<Effect> {
        let at = landed.at;
        self.landed = Some(landed);
        at.map(|at| self.go_to(Anchor::Offset(at), self.rows / 3)).unwrap_or_default()
    }

    /// What is to be said about the place that was jumped to.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        let landed = self.landed.as_ref().map(|landed| landed.words.as_str()).filter(|words| !words.is_empty());
        landed.or(self.window.note.as_deref())
    }

    /// Shows only the lines that match, or all of them again. What is found depends on it: a search ends.
    fn narrow(&mut self, text: &str) -> Vec<Effect> {
        if !self.filter.set(text) {
            return Vec::new();
        }
        let mut effects: Vec<_> = self.find.stop().map(Effect::Search).into_iter().collect();
        effects.push(Effect::Filter(self.filter.pattern().cloned()));
        // The lines of before are of another view.
        self.window = Window::default();
        self.pending = 0;
        effects.extend(match self.mode {
            Mode::Following => self.follow(),
            Mode::Still | Mode::Going { .. } => self.go_to(Anchor::Offset(self.top.offset), 0),
        });
        effects
    }
}

/// Columns by which unbroken lines are shifted at a time.
const SHIFT: usize = 8;
