//! The geometry of the pane: which rows are shown, and how the place moves over them.

use super::{Anchor, Effect, Mode, Top, View};

impl View {
    /// The entry and the row within it that are shown first.
    #[must_use]
    pub fn first_row(&self) -> (usize, usize) {
        let entry = self.window.entry_at(self.top.offset).unwrap_or(0);
        let rows = self.window.entries.get(entry).map_or(1, |entry| entry.rows(self.wraps_at()));
        (entry, self.top.row.min(rows - 1))
    }

    /// The entries of which something is shown: first, and last exclusive.
    #[must_use]
    pub fn visible(&self) -> std::ops::Range<usize> {
        let (first, row) = self.first_row();
        let (mut last, mut left) = (first, self.rows + row);
        while let Some(entry) = self.window.entries.get(last) {
            let rows = entry.rows(self.wraps_at());
            last += 1;
            if rows >= left {
                break;
            }
            left -= rows;
        }
        first..last
    }

    /// Moves the place by so many rows, as far as the window goes, and asks for the next one in time.
    pub(super) fn scroll(&mut self, rows: i64) -> Vec<Effect> {
        match self.mode {
            Mode::Following if rows < 0 => self.mode = Mode::Still,
            Mode::Following => {
                self.top = self.place_of_row(self.last_top());
                return Vec::new();
            }
            Mode::Going { .. } => {
                self.pending = self.pending.saturating_add(rows).clamp(-MAX_PENDING, MAX_PENDING);
                return Vec::new();
            }
            Mode::Still => {}
        }
        let rows = rows.saturating_add(std::mem::take(&mut self.pending));
        let (total, last) = (self.rows_before(self.window.entries.len()), self.last_top());
        let (entry, row) = self.first_row();
        let here = self.rows_before(entry) + row;
        let wanted = i64::try_from(here).unwrap_or(i64::MAX).saturating_add(rows);
        let limit = if self.window.reaches_end() { last } else { total.saturating_sub(1) };
        let row = usize::try_from(wanted.max(0)).unwrap_or(usize::MAX).min(limit);
        self.top = self.place_of_row(row);
        let more_above = self.window.starts_at() > 0;
        let more_below = !self.window.reaches_end();
        let beyond = wanted.saturating_sub(i64::try_from(row).unwrap_or(0));
        self.pending = if (beyond < 0 && more_above) || (beyond > 0 && more_below) {
            beyond.clamp(-MAX_PENDING, MAX_PENDING)
        } else {
            0
        };
        let short = (more_above && row < self.rows) || (more_below && total - row < 2 * self.rows);
        if short && !self.window.entries.is_empty() && !self.is_asked() { self.read_around() } else { Vec::new() }
    }

    /// Whether the reader is already at the window around the place.
    fn is_asked(&self) -> bool {
        self.asked.is_some_and(|(asked, _)| asked.anchor == Anchor::Offset(self.top.offset))
    }

    pub(super) fn rows_before(&self, entry: usize) -> usize {
        let columns = self.wraps_at();
        self.window.entries.iter().take(entry).map(|entry| entry.rows(columns)).sum()
    }

    /// The first row when the last one is at the bottom.
    pub(super) fn last_top(&self) -> usize {
        self.rows_before(self.window.entries.len()).saturating_sub(self.rows)
    }

    pub(super) fn place_of_row(&self, row: usize) -> Top {
        let mut left = row;
        for entry in &self.window.entries {
            let rows = entry.rows(self.wraps_at());
            if left < rows {
                return Top { offset: entry.offset, row: left };
            }
            left -= rows;
        }
        Top { offset: self.window.entries.last().map_or(0, |entry| entry.offset), row: 0 }
    }
}

/// Rows that may be waiting to be scrolled: a held key, not a journey.
const MAX_PENDING: i64 = 100_000;
