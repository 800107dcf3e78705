//! Lines that are marked for copying: from where it was begun to where the cursor is.

use super::super::keys::Verb;
use super::super::window::{Anchor, Entry};
use super::{Effect, Mode, View};

/// Both ends as bytes of the log: the lines that hold them are selected, and all between.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Selection {
    anchor: u64,
    cursor: u64,
}

impl View {
    /// The line that is looked at: the one that was found or jumped to while it is in sight, else the
    /// first that is shown; while following, the last.
    #[must_use]
    pub fn current(&self) -> Option<&Entry> {
        let shown = self.window.entries.get(self.visible()).unwrap_or_default();
        let landed = self.landed.as_ref().and_then(|landed| landed.at);
        let holds = |at: u64| shown.iter().find(|entry| entry.offset <= at && at < entry.next);
        let sought = self.find.hit().and_then(holds).or_else(|| landed.and_then(holds));
        sought.or(if self.is_following() { shown.last() } else { shown.first() })
    }

    /// Whether lines are being selected.
    #[must_use]
    pub fn is_selecting(&self) -> bool {
        self.selection.is_some()
    }

    /// Whether the line that begins here is selected.
    #[must_use]
    pub fn is_selected(&self, entry: &Entry) -> bool {
        let Some((from, to)) = self.selection.map(Selection::range) else { return false };
        from < entry.next.max(entry.offset + 1) && entry.offset < to
    }

    /// What is to be copied: lines that begin in this part of the log.
    #[must_use]
    pub fn selected(&self) -> Option<(u64, u64)> {
        let current = || self.current().map(|entry| (entry.offset, entry.offset + 1));
        self.selection.map(Selection::range).or_else(current)
    }

    /// For the pane's last line; empty when nothing is selected.
    #[must_use]
    pub fn selection_words(&self) -> String {
        let Some((from, to)) = self.selection.map(Selection::range) else { return String::new() };
        let within = self.window.starts_at() <= from && (to <= self.window.stops_at() || self.window.reaches_end());
        let count = self.window.entries.iter().filter(|entry| self.is_selected(entry)).count();
        let lines = match (within, count) {
            (true, 1) => "1 line".to_owned(),
            (true, count) => format!("{count} lines"),
            (false, _) => "many lines".to_owned(),
        };
        format!("{lines} selected: y copies, esc leaves")
    }

    pub(super) fn select(&mut self) {
        self.selection = match (self.selection, self.current().map(|entry| entry.offset)) {
            (None, Some(at)) => Some(Selection { anchor: at, cursor: at }),
            (None, None) | (Some(_), _) => None,
        };
        if self.selection.is_some() && self.is_following() {
            self.mode = Mode::Still;
        }
    }

    /// Moves the end of the selection; `None` for what does not.
    pub(super) fn extend(&mut self, verb: Verb) -> Option<Vec<Effect>> {
        let page = i64::try_from(self.rows).unwrap_or(1);
        let step = match verb {
            Verb::LineUp => -1,
            Verb::LineDown => 1,
            Verb::HalfUp => -(page / 2).max(1),
            Verb::HalfDown => (page / 2).max(1),
            Verb::PageUp => -(page - 1).max(1),
            Verb::PageDown => (page - 1).max(1),
            Verb::Top => {
                self.set_cursor(0);
                return Some(self.go_to(Anchor::Offset(0), 0));
            }
            Verb::Follow => {
                // To the last line there is now: what is read goes on standing still.
                self.set_cursor(u64::MAX);
                return Some(self.go_to(Anchor::End, self.rows.saturating_sub(1)));
            }
            Verb::Wrap
            | Verb::Left
            | Verb::Right
            | Verb::Find
            | Verb::Next
            | Verb::Previous
            | Verb::Filter
            | Verb::Times
            | Verb::Select
            | Verb::Back => return None,
        };
        Some(self.step_cursor(step))
    }

    fn set_cursor(&mut self, at: u64) {
        if let Some(selection) = &mut self.selection {
            selection.cursor = at;
        }
    }

    fn step_cursor(&mut self, step: i64) -> Vec<Effect> {
        let Some(cursor) = self.selection.map(|selection| selection.cursor) else { return Vec::new() };
        let last = self.window.entries.len().saturating_sub(1);
        let at = self.window.entries.partition_point(|entry| entry.offset <= cursor).saturating_sub(1);
        let wanted = i64::try_from(at).unwrap_or(0).saturating_add(step).max(0);
        let entry = usize::try_from(wanted).unwrap_or(0).min(last);
        let Some(offset) = self.window.entries.get(entry).map(|entry| entry.offset) else { return Vec::new() };
        self.set_cursor(offset);
        // The whole line comes into sight, as little as possible moves.
        let (first, row) = self.first_row();
        let (top, begin, end) = (self.rows_before(first) + row, self.rows_before(entry), self.rows_before(entry + 1));
        if begin < top {
            self.top = self.place_of_row(begin);
        } else if end > top + self.rows {
            self.top = self.place_of_row(end.saturating_sub(self.rows).min(begin));
        }
        self.scroll(0)
    }
}

impl Selection {
    /// From the first byte to behind the last one.
    fn range(self) -> (u64, u64) {
        let (first, last) = (self.anchor.min(self.cursor), self.anchor.max(self.cursor));
        (first, last.saturating_add(1))
    }
}
