//! The output of several hosts as one stream: the last lines of each in the order in which they arrived,
//! then what comes. Bounded: the newest [`MOST_LINES`] lines of at most [`MOST_SOURCES`] hosts; each host's
//! own pane has all of them.

use std::collections::VecDeque;

use super::dialog::Dialog;
use super::log::LogId;
use super::output::Line;
use super::toast::Tone;
use super::{App, say};
use crate::domain::id::HostId;
use crate::domain::moment::Wall;
use crate::domain::run::Stream;

/// One of the hosts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    pub host: HostId,
    pub log: LogId,
}

/// A line of one of them.
#[derive(Clone, PartialEq, Debug)]
pub struct MergedLine {
    /// Which of the sources.
    pub source: usize,
    /// When it arrived, if that is known.
    pub at: Option<Wall>,
    pub line: Line,
    /// It is ours: so much of the source was left out.
    pub left_out: bool,
}

/// The view itself.
#[derive(Clone, PartialEq, Debug)]
pub struct MergedSheet {
    pub sources: Vec<Source>,
    /// Hosts that there was no room for.
    pub beyond: usize,
    pub lines: VecDeque<MergedLine>,
    /// Lines below the last that is shown; none while following.
    pub up: usize,
    /// Columns that are left out at the left.
    pub shift: usize,
    pub times: bool,
    /// Rows in which they are shown.
    pub rows: usize,
}

impl MergedSheet {
    #[must_use]
    pub fn new(sources: Vec<Source>, beyond: usize) -> Self {
        Self { sources, beyond, lines: VecDeque::new(), up: 0, shift: 0, times: false, rows: 1 }
    }

    /// The letter of a source: told apart without colour, and when names are cut.
    #[must_use]
    pub fn letter(source: usize) -> char {
        u8::try_from(source).ok().and_then(|n| b'A'.checked_add(n)).map_or('?', char::from)
    }

    /// The lines in sight of a pane with so many rows.
    pub fn visible(&self, rows: usize) -> impl Iterator<Item = &MergedLine> {
        let last = self.lines.len().saturating_sub(self.up).max(rows.min(self.lines.len()));
        self.lines.range(last.saturating_sub(rows)..last)
    }

    /// Takes in what has come. What is read stands still, as long as it is there.
    pub fn extend(&mut self, lines: Vec<MergedLine>) {
        if self.up > 0 {
            self.up += lines.len();
        }
        self.lines.extend(lines);
        let surplus = self.lines.len().saturating_sub(MOST_LINES);
        self.lines.drain(..surplus);
        self.up = self.up.min(self.lines.len());
    }

    /// Scrolls up, or down for less than nothing.
    pub fn scroll(&mut self, up: isize, rows: usize) {
        let most = self.lines.len().saturating_sub(rows);
        self.up = self.up.saturating_add_signed(up).min(most);
    }
}

impl App {
    /// Shows what the marked hosts put out as one stream.
    pub(super) fn merge(&mut self) {
        let targets = self.hosts.targets(&self.fleet);
        let picks = targets.iter().filter_map(|host| self.picks.of(&self.fleet, host));
        let mut sources: Vec<_> =
            picks.map(|pick| Source { host: pick.run.host.clone(), log: (pick.id(), Stream::Out) }).collect();
        if sources.len() < 2 {
            return self.tell(Tone::Plain, "mark two hosts or more on which something ran (space), then O merges them");
        }
        let beyond = sources.len().saturating_sub(MOST_SOURCES);
        sources.truncate(MOST_SOURCES);
        if beyond > 0 {
            let words = format!("the first {MOST_SOURCES} of them: {} left out", say::count(beyond, "host"));
            self.tell(Tone::Warning, words);
        }
        let mut sheet = MergedSheet::new(sources, beyond);
        sheet.rows = usize::from(self.terminal_room().1);
        self.dialogs.push(Dialog::Merged(sheet));
    }

    /// The merged output that is shown, if it is.
    #[must_use]
    pub fn merged(&self) -> Option<&MergedSheet> {
        self.dialogs.iter().find_map(|dialog| if let Dialog::Merged(merged) = dialog { Some(merged) } else { None })
    }

    pub(super) fn extend_merged(&mut self, sources: &[LogId], lines: Vec<MergedLine>) {
        for dialog in &mut self.dialogs {
            if let Dialog::Merged(merged) = dialog
                && merged.sources.iter().map(|source| source.log).eq(sources.iter().copied())
            {
                return merged.extend(lines);
            }
        }
    }
}

/// Hosts at once: more letters, and nobody can read it.
pub const MOST_SOURCES: usize = 16;

/// Lines that are kept.
pub const MOST_LINES: usize = 2000;

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(range: std::ops::Range<usize>) -> Vec<MergedLine> {
        let line = |n| MergedLine { source: n, at: None, line: Line::default(), left_out: false };
        range.map(line).collect()
    }

    fn shown(sheet: &MergedSheet, rows: usize) -> Vec<usize> {
        sheet.visible(rows).map(|line| line.source).collect()
    }

    #[test]
    fn it_follows_stands_still_when_scrolled_and_forgets_the_oldest() {
        let mut sheet = MergedSheet::new(Vec::new(), 0);
        assert!(shown(&sheet, 3).is_empty());
        sheet.extend(lines(0..5));
        assert_eq!(shown(&sheet, 3), [2, 3, 4]);
        sheet.scroll(1, 3);
        assert_eq!(shown(&sheet, 3), [1, 2, 3]);
        sheet.extend(lines(5..7));
        assert_eq!(shown(&sheet, 3), [1, 2, 3]);
        sheet.scroll(isize::MAX, 3);
        assert_eq!(shown(&sheet, 3), [0, 1, 2]);
        sheet.scroll(isize::MIN, 3);
        sheet.extend(lines(7..MOST_LINES + 10));
        assert_eq!((sheet.lines.len(), shown(&sheet, 1)), (MOST_LINES, vec![MOST_LINES + 9]));
        assert_eq!([0, 15].map(MergedSheet::letter), ['A', 'P']);
    }
}
