//! What the pane asks of the reader of a log, and what it gets: a few screens of decoded lines around a
//! place, never the log.

use std::time::Duration;

use super::line::Line;
use super::words;
use crate::domain::event::OutputMark;
use crate::domain::moment::Wall;

/// Asks for the lines around a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request {
    /// Comes back with the answer; an answer to an older request is not shown.
    pub serial: u64,
    pub anchor: Anchor,
    /// Lines wanted before the anchor's.
    pub before: usize,
    /// Lines wanted from the anchor's on.
    pub after: usize,
    /// Whether it is to be said when each line arrived.
    pub times: bool,
}

/// A place in a log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Anchor {
    /// The last line.
    End,
    /// The line that this byte is in.
    Offset(u64),
    /// The line of this number, from 0. Answered when the index has come that far.
    Line(u64),
    /// What arrived at this moment, or last before it.
    Time(Wall),
    /// So many ten-thousandths of the log.
    Part(u32),
}

/// Consecutive entries of a log.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Window {
    pub serial: u64,
    pub entries: Vec<Entry>,
    /// Which entry the anchor is in.
    pub anchor: usize,
    /// How long the log was.
    pub end: u64,
    /// Why nothing could be read.
    pub trouble: Option<String>,
    /// With a filter: from which byte to which every line that passes is among the entries.
    pub covers: Option<(u64, u64)>,
    /// With a filter: more is being looked for.
    pub partial: bool,
    /// What is to be said about the place that was asked for.
    pub note: Option<String>,
    /// Somewhere in the log there is an alarm: room is kept for their signs.
    pub alarms: bool,
}

/// A line, or the part of one between a gap or the reader's limit and the next.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Entry {
    /// Where it begins in the log.
    pub offset: u64,
    /// Where the next begins.
    pub next: u64,
    /// Its number from 0, when the index has come that far.
    pub number: Option<u64>,
    /// It is not the first part of its line.
    pub continued: bool,
    /// It is what the operator is alarmed for.
    pub alarm: bool,
    /// When it arrived, as far as that is known and was asked.
    pub time: Option<Stamp>,
    /// What happened before its first byte.
    pub before: Vec<Marker>,
    pub line: Line,
    /// What happened within it, and at the log's end.
    pub after: Vec<Marker>,
}

/// When a line arrived, to a second or so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    pub at: Wall,
    /// It was written while the host could not be seen: then, or earlier.
    pub at_latest: bool,
}

/// Something between lines that the host did not write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Marker {
    Gap {
        lost: u64,
    },
    Blind {
        duration: Duration,
        cause: String,
        caught_up: u64,
    },
    /// So many more at the same place.
    More(usize),
}

impl Window {
    #[must_use]
    pub fn starts_at(&self) -> u64 {
        self.covers.map_or_else(|| self.entries.first().map_or(0, |entry| entry.offset), |(start, _)| start)
    }

    #[must_use]
    pub fn stops_at(&self) -> u64 {
        self.covers.map_or_else(|| self.entries.last().map_or(0, |entry| entry.next), |(_, stop)| stop)
    }

    /// Whether there is nothing to be shown after its last entry.
    #[must_use]
    pub fn reaches_end(&self) -> bool {
        self.stops_at() >= self.end
    }

    /// The entry that holds a byte.
    #[must_use]
    pub fn entry_at(&self, offset: u64) -> Option<usize> {
        let after = self.entries.partition_point(|entry| entry.offset <= offset);
        after.checked_sub(1).filter(|&at| self.entries.get(at).is_some_and(|e| offset < e.next || offset == e.offset))
    }
}

impl Entry {
    /// Rows it takes when lines are broken at `columns`, or are not broken.
    #[must_use]
    pub fn rows(&self, columns: Option<usize>) -> usize {
        self.before.len() + self.after.len() + columns.map_or(1, |columns| self.line.rows(columns))
    }
}

impl Marker {
    #[must_use]
    pub fn of(mark: &OutputMark) -> Self {
        match mark {
            OutputMark::Gap { lost, .. } => Self::Gap { lost: *lost },
            OutputMark::Blind { duration, cause, caught_up, .. } => {
                Self::Blind { duration: *duration, cause: words::plain(cause, 60), caught_up: *caught_up }
            }
        }
    }

    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Gap { lost } => format!("gap: host gave up {}", words::bytes(*lost)),
            // The connection held: how much came before we looked again is not known.
            Self::Blind { duration, cause, caught_up: 0 } => format!("blind {} ({cause})", words::clock(*duration)),
            Self::Blind { duration, cause, caught_up } => {
                format!("blind {} ({cause}), caught up {}", words::clock(*duration), words::bytes(*caught_up))
            }
            Self::More(count) => format!("{count} more"),
        }
    }
}

/// Where a mark belongs in the log.
#[must_use]
pub fn mark_offset(mark: &OutputMark) -> u64 {
    match mark {
        OutputMark::Gap { log_offset, .. } | OutputMark::Blind { log_offset, .. } => *log_offset,
    }
}

/// What is known of a log as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Extent {
    /// Bytes that may be read.
    pub end: u64,
    /// Bytes that the index has covered.
    pub indexed: u64,
    /// Lines in those, the one that is not ended yet included.
    pub lines: u64,
}

impl Extent {
    /// How many lines the log has, once all of it is indexed.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        (self.indexed >= self.end).then_some(self.lines)
    }
}

/// How many lines pass the filter, in the bytes counted so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sifted {
    pub lines: u64,
    pub counted: u64,
    /// The log's length when this was said.
    pub end: u64,
}

/// Asks the search of a log.
#[derive(Clone, PartialEq, Debug)]
pub enum Order {
    /// Count the lines that match, as long as the log grows, and find the first one.
    Start {
        pattern: super::Pattern,
        seek: Seek,
    },
    /// Find another.
    Seek(Seek),
    Stop,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seek {
    /// Comes back with the answer.
    pub serial: u64,
    pub direction: Direction,
    /// Forward: the first line that begins here or later. Backward: the last that begins before here.
    /// Past the log's end it goes on at the other.
    pub from: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    Forward,
    Backward,
}

/// How far a search has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// Lines that match, in the bytes counted so far.
    pub matches: u64,
    pub counted: u64,
    /// The log's length when this was said.
    pub end: u64,
    pub seek: Option<Sought>,
}

/// The answer to the last [`Seek`], or how it is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sought {
    pub serial: u64,
    pub outcome: Outcome,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Bytes looked at.
    Seeking(u64),
    Found {
        /// Where the line begins: the next search goes on from here.
        line: u64,
        /// Where the match begins.
        at: u64,
        /// Which of the matching lines it is, from 1, once those before it are counted.
        ordinal: Option<u64>,
        /// It was found past the log's end.
        wrapped: bool,
    },
    Nothing,
    /// The log could not be read.
    Failed,
}
