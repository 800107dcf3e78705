//! The index from lines to offsets, built in the background and extended as the log grows.

use std::io;

use super::log::{Log, as_u64, as_usize};
use super::tally::Tally;
use super::window::line_ends;
use crate::app::output::Extent;

/// How many lines end before which byte, at a few places.
#[derive(Debug, Default)]
pub struct LineIndex {
    tally: Tally,
    /// Whether the last byte that was counted is not a line's end.
    open: bool,
}

impl LineIndex {
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Lines so far, the one that is not ended yet included.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.tally.total() + u64::from(self.open)
    }

    /// Counts the bytes that follow.
    pub fn extend(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last() {
            self.tally.extend(bytes, line_ends);
            self.open = *last != b'\n';
        }
    }

    pub(super) fn extent(&self, end: u64) -> Extent {
        Extent { end, indexed: self.tally.covered(), lines: self.lines() }
    }
}

/// What one step of building came to.
pub(super) enum Step {
    /// The index covers the log.
    Complete(Extent),
    More(Extent),
}

/// Counts the next bytes of the log. `index` is held only while they are counted, some 30 µs, which is
/// how long the reader of the window may wait for it.
pub(super) fn step(log: &Log, buffer: &mut Vec<u8>, index: &super::Index) -> io::Result<Step> {
    let end = log.length()?;
    let covered = index.with(|index| {
        if index.tally.covered() > end {
            // The log has become shorter: what was counted is no longer there.
            *index = LineIndex::default();
        }
        index.tally.covered()
    });
    buffer.resize(as_usize((end - covered).min(CHUNK)), 0);
    let filled = log.read_at(covered, buffer)?;
    let bytes = &buffer[..filled];
    let extent = index.with(|index| {
        index.extend(bytes);
        index.extent(end)
    });
    // Nothing read although there should be: it shrank just now, the next look will tell.
    let complete = extent.indexed >= end || as_u64(filled) == 0;
    Ok(if complete { Step::Complete(extent) } else { Step::More(extent) })
}

/// Read at a time: large enough for full speed, small enough to stop soon.
const CHUNK: u64 = 512 << 10;
