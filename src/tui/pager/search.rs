//! Searching a log of any size: counts the lines that match in the background, and finds the next or the
//! previous one. Works in steps, between which its thread looks for other orders.
//!
//! The unit is the line: that is what is counted and what `n` goes to. What matched is not kept, only how
//! many there are before which byte ([`Tally`]): it is found again by looking between two of those.

use std::io;
use std::ops::Range;

use super::chunk::{Chunk, backward, forward};
use super::log::{Log, as_u64};
use super::tally::Tally;
use super::visible::Visible;
use crate::app::output::{Direction, Outcome, Pattern, Progress, Seek, Sought};

pub(super) struct Search {
    pattern: Pattern,
    /// Only lines that pass it are searched.
    filter: Option<Pattern>,
    tally: Tally,
    /// The last line is not ended yet, and matches; it is not in the tally.
    open_match: bool,
    /// Bytes looked at, the last line's included.
    seen: u64,
    /// The log's length at the last step.
    end: u64,
    seeking: Option<Seeking>,
    chunk: Chunk,
    visible: Visible,
}

struct Seeking {
    seek: Seek,
    /// The line start from which it goes on.
    position: u64,
    wrapped: bool,
    looked_at: u64,
    outcome: Outcome,
}

/// A line that matches: where it begins, and where the match does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Hit {
    line: u64,
    at: u64,
}

impl Search {
    pub(super) fn new(pattern: Pattern, filter: Option<Pattern>) -> Self {
        Self {
            pattern,
            filter,
            tally: Tally::default(),
            open_match: false,
            seen: 0,
            end: 0,
            seeking: None,
            chunk: Chunk::default(),
            visible: Visible::default(),
        }
    }

    pub(super) fn seek(&mut self, seek: Seek) {
        let outcome = Outcome::Seeking(0);
        self.seeking = Some(Seeking { seek, position: seek.from, wrapped: false, looked_at: 0, outcome });
    }

    /// Whether there is nothing left to do until the log grows.
    pub(super) fn is_idle(&self, log: &Log) -> bool {
        let seeking = matches!(self.seeking, Some(Seeking { outcome: Outcome::Seeking(_), .. }));
        !seeking && log.length().is_ok_and(|end| end == self.seen)
    }

    pub(super) fn progress(&self) -> Progress {
        Progress {
            matches: self.tally.total() + u64::from(self.open_match),
            counted: self.seen,
            end: self.end,
            seek: self.seeking.as_ref().map(|seeking| Sought { serial: seeking.seek.serial, outcome: seeking.outcome }),
        }
    }

    /// Does the next piece of work, a mebibyte or so: first what the operator waits for.
    pub(super) fn step(&mut self, log: &Log) -> io::Result<()> {
        let end = log.length()?;
        self.end = end;
        if end < self.tally.covered() {
            // The log has become shorter: what was counted is no longer there.
            self.tally = Tally::default();
            self.open_match = false;
            self.seen = 0;
        }
        match self.seeking.take() {
            Some(seeking) if matches!(seeking.outcome, Outcome::Seeking(_)) => {
                let mut seeking = seeking;
                let outcome = self.seek_step(log, end, &mut seeking);
                seeking.outcome = *outcome.as_ref().unwrap_or(&Outcome::Failed);
                self.seeking = Some(seeking);
                outcome?;
            }
            seeking => {
                self.seeking = seeking;
                self.count_step(log, end)?;
            }
        }
        self.number_the_found(log)
    }

    fn count_step(&mut self, log: &Log, end: u64) -> io::Result<()> {
        let start = self.tally.covered();
        forward(log, start, end, &mut self.chunk)?;
        let at_end = self.chunk.stop() >= end;
        let whole = if at_end { memchr::memrchr(b'\n', self.chunk.bytes()).map_or(0, |at| at + 1) } else { usize::MAX };
        let stop = start + as_u64(whole.min(self.chunk.bytes().len()));
        self.open_match = false;
        self.visible.fill(self.chunk.bytes());
        for found in MatchingLines::new(&self.pattern, self.visible.text()).among(self.filter.as_ref()) {
            let line = start + self.visible.raw_line(found.start);
            if line < stop {
                self.tally.add(line);
            } else {
                self.open_match = true;
            }
        }
        self.tally.advance(stop);
        // Read less than there should be: it shrank just now; the next step looks again.
        self.seen = if at_end { end } else { stop };
        Ok(())
    }

    fn seek_step(&mut self, log: &Log, end: u64, seeking: &mut Seeking) -> io::Result<Outcome> {
        match seeking.seek.direction {
            Direction::Forward => self.seek_forward(log, end, seeking),
            Direction::Backward => self.seek_backward(log, end, seeking),
        }
    }

    fn seek_forward(&mut self, log: &Log, end: u64, seeking: &mut Seeking) -> io::Result<Outcome> {
        let from = seeking.seek.from;
        let start = self.tally.none_from(seeking.position);
        forward(log, super::chunk::line_start_from(log, start, end)?, end, &mut self.chunk)?;
        if let Some(hit) = self.hits().next() {
            if seeking.wrapped && hit.line >= from {
                return Ok(Outcome::Nothing);
            }
            return Ok(Outcome::Found { line: hit.line, at: hit.at, ordinal: None, wrapped: seeking.wrapped });
        }
        seeking.looked_at += as_u64(self.chunk.bytes().len());
        seeking.position = self.chunk.stop().max(start);
        let over = seeking.position >= end || self.chunk.bytes().is_empty();
        if (seeking.wrapped && (seeking.position >= from || over)) || (over && from == 0) {
            return Ok(Outcome::Nothing);
        }
        if over {
            seeking.wrapped = true;
            seeking.position = 0;
        }
        Ok(Outcome::Seeking(seeking.looked_at))
    }

    fn seek_backward(&mut self, log: &Log, end: u64, seeking: &mut Seeking) -> io::Result<Outcome> {
        let from = seeking.seek.from;
        let stop = self.tally.none_before(seeking.position.min(end));
        backward(log, super::chunk::line_start_from(log, stop, end)?, &mut self.chunk)?;
        if let Some(hit) = self.hits().filter(|hit| hit.line < stop).last() {
            if seeking.wrapped && hit.line < from {
                return Ok(Outcome::Nothing);
            }
            return Ok(Outcome::Found { line: hit.line, at: hit.at, ordinal: None, wrapped: seeking.wrapped });
        }
        seeking.looked_at += as_u64(self.chunk.bytes().len());
        seeking.position = self.chunk.start().min(stop);
        let over = seeking.position == 0 || self.chunk.bytes().is_empty();
        if (seeking.wrapped && (seeking.position <= from || over)) || (over && from >= end) {
            return Ok(Outcome::Nothing);
        }
        if over {
            seeking.wrapped = true;
            seeking.position = end;
        }
        Ok(Outcome::Seeking(seeking.looked_at))
    }

    /// The matching lines of the chunk.
    fn hits(&mut self) -> impl Iterator<Item = Hit> {
        let start = self.chunk.start();
        self.visible.fill(self.chunk.bytes());
        let visible = &self.visible;
        MatchingLines::new(&self.pattern, visible.text())
            .among(self.filter.as_ref())
            .map(move |found| Hit { line: start + visible.raw_line(found.start), at: start + visible.raw(found.end) })
    }

    /// Says which one the found line is, as soon as those before it are counted.
    fn number_the_found(&mut self, log: &Log) -> io::Result<()> {
        let Some(Seeking { outcome: Outcome::Found { line, at, ordinal: None, wrapped }, .. }) = self.seeking else {
            return Ok(());
        };
        let Some(known) = self.tally.before(line) else { return Ok(()) };
        let mut count = known.count + 1;
        let mut position = super::chunk::line_start_from(log, known.offset, line)?;
        while position < line {
            forward(log, position, line, &mut self.chunk)?;
            if self.chunk.bytes().is_empty() {
                break;
            }
            position = self.chunk.stop();
            count += as_u64(self.hits().count());
        }
        if let Some(seeking) = &mut self.seeking {
            seeking.outcome = Outcome::Found { line, at, ordinal: Some(count), wrapped };
        }
        Ok(())
    }
}

/// The lines of a text that match: from where the line begins to where its first match does.
pub(super) struct MatchingLines<'a> {
    pattern: &'a Pattern,
    /// Lines that do not pass it are not there.
    filter: Option<&'a Pattern>,
    text: &'a [u8],
    position: usize,
}

impl<'a> MatchingLines<'a> {
    pub(super) fn new(pattern: &'a Pattern, text: &'a [u8]) -> Self {
        Self { pattern, filter: None, text, position: 0 }
    }

    fn among(self, filter: Option<&'a Pattern>) -> Self {
        Self { filter, ..self }
    }
}

impl Iterator for MatchingLines<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.position < self.text.len() {
            let found = self.pattern.regex().find_at(self.text, self.position)?;
            if found.start() == self.text.len() && self.text.ends_with(b"\n") {
                return None;
            }
            let line = memchr::memrchr(b'\n', &self.text[..found.start()]).map_or(0, |at| at + 1);
            let rest = &self.text[found.start()..];
            let end = memchr::memchr(b'\n', rest).map_or(self.text.len(), |at| found.start() + at);
            self.position = end + 1;
            if self.filter.is_some_and(|filter| !filter.regex().is_match(&self.text[line..end])) {
                continue;
            }
            if found.end() <= end {
                return Some(line..found.start());
            }
            // It goes on into the next line (`\s` may be a line's end): does the line match by itself?
            let alone = self.text.get(line..end).and_then(|line| self.pattern.regex().find(line));
            if let Some(alone) = alone {
                return Some(line..line + alone.start());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
