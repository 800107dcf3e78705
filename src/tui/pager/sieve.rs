//! The filter of a log of any size: counts the lines that pass in the background, and finds those around a
//! place for the reader. What passed is not kept, but for the last few lines; between two counts of the
//! [`Tally`] it is found again by looking.

use std::collections::VecDeque;
use std::io;
use std::sync::Mutex;

use super::chunk::{Chunk, backward, forward, line_start_from};
use super::lock;
use super::log::{Log, as_u64};
use super::search::MatchingLines;
use super::tally::Tally;
use super::visible::Visible;
use crate::app::output::{Pattern, Sifted};

pub(super) struct Sieve {
    pattern: Pattern,
    /// Held for a few thousand additions at most; the reader waits for it.
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    tally: Tally,
    /// The last line is not ended yet, and passes; it is not in the tally.
    open: bool,
    seen: u64,
    end: u64,
    /// Where the last lines in the tally begin, at most [`KEPT`]: whoever follows the end asks for them with
    /// each frame.
    last: VecDeque<u64>,
}

/// What the counting thread works with, used again for each step.
#[derive(Default)]
pub(super) struct Tools {
    chunk: Chunk,
    visible: Visible,
    lines: Vec<u64>,
}

impl Sieve {
    pub(super) fn new(pattern: Pattern) -> Self {
        Self { pattern, counted: Mutex::default() }
    }

    pub(super) fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    pub(super) fn sifted(&self) -> Sifted {
        let counted = lock(&self.counted);
        Sifted { lines: counted.tally.total() + u64::from(counted.open), counted: counted.seen, end: counted.end }
    }

    /// Counts a mebibyte or so; says whether it has come to the end. For one thread only.
    pub(super) fn step(&self, log: &Log, tools: &mut Tools) -> io::Result<bool> {
        let end = log.length()?;
        let start = {
            let mut counted = lock(&self.counted);
            if end < counted.tally.covered() {
                // The log has become shorter: what was counted is no longer there.
                *counted = Counted::default();
            }
            counted.tally.covered()
        };
        let Tools { chunk, visible, lines } = tools;
        forward(log, start, end, chunk)?;
        let at_end = chunk.stop() >= end;
        let whole = if at_end { memchr::memrchr(b'\n', chunk.bytes()).map_or(0, |at| at + 1) } else { usize::MAX };
        let stop = start + as_u64(whole.min(chunk.bytes().len()));
        visible.fill(chunk.bytes());
        lines.clear();
        lines.extend(MatchingLines::new(&self.pattern, visible.text()).map(|at| start + visible.raw_line(at.start)));
        let ended = lines.partition_point(|line| *line < stop);
        let mut counted = lock(&self.counted);
        for &line in lines.iter().take(ended) {
            counted.tally.add(line);
            if counted.last.len() == KEPT {
                counted.last.pop_front();
            }
            counted.last.push_back(line);
        }
        counted.tally.advance(stop);
        counted.open = ended < lines.len();
        counted.end = end;
        // Read less than there should be: it shrank just now; the next step looks again.
        counted.seen = if at_end { end } else { stop };
        Ok(at_end || chunk.bytes().is_empty())
    }

    /// The last lines that pass and begin before `stop`, in order, if those are kept.
    fn last_before(&self, stop: u64, count: usize) -> Option<Vec<u64>> {
        let counted = lock(&self.counted);
        let before = counted.last.partition_point(|line| *line < stop);
        let all = as_u64(counted.last.len()) == counted.tally.total();
        (stop <= counted.tally.covered() && (all || before >= count))
            .then(|| counted.last.range(before.saturating_sub(count)..before).copied().collect())
    }

    fn none_from(&self, offset: u64) -> u64 {
        lock(&self.counted).tally.none_from(offset)
    }

    fn none_before(&self, offset: u64) -> u64 {
        lock(&self.counted).tally.none_before(offset)
    }
}

/// Looks for lines that pass; `going` is asked between two pieces, with what was found, whether to go on.
pub(super) struct Look<'a> {
    pub(super) log: &'a Log,
    pub(super) sieve: &'a Sieve,
    pub(super) end: u64,
    chunk: Chunk,
    visible: Visible,
}

/// The lines found, in order, and up to where all of them are.
pub(super) struct Found {
    pub(super) lines: Vec<u64>,
    pub(super) reached: u64,
}

impl<'a> Look<'a> {
    pub(super) fn new(log: &'a Log, sieve: &'a Sieve, end: u64) -> Self {
        Self { log, sieve, end, chunk: Chunk::default(), visible: Visible::default() }
    }

    /// The first `count` lines that begin at `start`, where one does, or later. `None`: told to stop.
    pub(super) fn forward(
        &mut self,
        start: u64,
        count: usize,
        mut going: impl FnMut(&Found) -> bool,
    ) -> io::Result<Option<Found>> {
        let mut found = Found { lines: Vec::new(), reached: start };
        while found.lines.len() <= count && found.reached < self.end {
            let next = self.sieve.none_from(found.reached);
            let begin = line_start_from(self.log, next, self.end)?;
            forward(self.log, begin, self.end, &mut self.chunk)?;
            if self.chunk.bytes().is_empty() {
                found.reached = self.end;
                break;
            }
            self.sift(&mut found.lines, u64::MAX);
            found.reached = self.chunk.stop();
            if !going(&found) {
                return Ok(None);
            }
        }
        if let Some(&beyond) = found.lines.get(count) {
            found.lines.truncate(count);
            found.reached = beyond;
        }
        Ok(Some(found))
    }

    /// The last `count` lines that begin before `stop`, where one does. `None`: told to stop.
    pub(super) fn backward(
        &mut self,
        stop: u64,
        count: usize,
        mut going: impl FnMut(&Found) -> bool,
    ) -> io::Result<Option<Found>> {
        if let Some(lines) = self.sieve.last_before(stop, count) {
            let reached = if lines.len() < count { 0 } else { lines.first().copied().unwrap_or(stop) };
            return Ok(Some(Found { lines, reached }));
        }
        let mut found = Found { lines: Vec::new(), reached: stop };
        while found.lines.len() < count && found.reached > 0 {
            let before = self.sieve.none_before(found.reached);
            if before == 0 {
                found.reached = 0;
                break;
            }
            backward(self.log, line_start_from(self.log, before, self.end)?, &mut self.chunk)?;
            if self.chunk.bytes().is_empty() {
                break;
            }
            let mut lines = Vec::new();
            self.sift(&mut lines, found.reached);
            lines.append(&mut found.lines);
            found = Found { lines, reached: self.chunk.start().min(before) };
            if !going(&found) {
                return Ok(None);
            }
        }
        let surplus = found.lines.len().saturating_sub(count);
        found.lines.drain(..surplus);
        if surplus > 0 || found.lines.len() == count {
            found.reached = found.lines.first().copied().unwrap_or(found.reached);
        }
        Ok(Some(found))
    }

    /// The lines of the chunk that pass and begin before `stop`.
    fn sift(&mut self, lines: &mut Vec<u64>, stop: u64) {
        self.visible.fill(self.chunk.bytes());
        let (start, visible) = (self.chunk.start(), &self.visible);
        let all = MatchingLines::new(&self.sieve.pattern, visible.text());
        lines.extend(all.map(|at| start + visible.raw_line(at.start)).take_while(|line| *line < stop));
    }
}

/// Twice as many as are read around a place on the largest screen.
const KEPT: usize = 1024;
