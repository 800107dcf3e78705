//! Reading a log in large pieces of whole lines, forward and backward.

use std::io;

use super::log::{Log, as_u64, as_usize};
use super::segments::{PIECE, Segments};

/// Bytes of whole lines; of a line that is longer than [`CHUNK`], a part.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    buffer: Vec<u8>,
    start: u64,
}

impl Chunk {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    pub(super) fn start(&self) -> u64 {
        self.start
    }

    pub(super) fn stop(&self) -> u64 {
        self.start + as_u64(self.buffer.len())
    }

    fn read(&mut self, log: &Log, start: u64, stop: u64) -> io::Result<()> {
        self.start = start;
        self.buffer.resize(as_usize(stop.saturating_sub(start)), 0);
        let filled = log.read_at(start, &mut self.buffer)?;
        self.buffer.truncate(filled);
        Ok(())
    }
}

/// The lines from `start`, where one begins, on; the last one, which may not be ended, when it gets to
/// `end`.
pub(super) fn forward(log: &Log, start: u64, end: u64, chunk: &mut Chunk) -> io::Result<()> {
    let stop = start.saturating_add(CHUNK).min(end);
    chunk.read(log, start, stop)?;
    if stop < end {
        let whole = match memchr::memrchr(b'\n', &chunk.buffer) {
            Some(at) => at + 1,
            None => as_usize((chunk.stop() / PIECE * PIECE).saturating_sub(start)),
        };
        chunk.buffer.truncate(whole);
    }
    Ok(())
}

/// The lines before `stop`, where one begins or the log ends.
pub(super) fn backward(log: &Log, stop: u64, chunk: &mut Chunk) -> io::Result<()> {
    let start = stop.saturating_sub(CHUNK);
    chunk.read(log, start, stop)?;
    if start > 0 {
        let inner = chunk.buffer.len().saturating_sub(1);
        let cut = match memchr::memchr(b'\n', &chunk.buffer[..inner]) {
            Some(at) => at + 1,
            None => as_usize(start.next_multiple_of(PIECE) - start).min(inner),
        };
        chunk.buffer.drain(..cut);
        chunk.start += as_u64(cut);
    }
    Ok(())
}

/// Where the first line begins that begins at `offset` or later.
pub(super) fn line_start_from(log: &Log, offset: u64, end: u64) -> io::Result<u64> {
    if offset == 0 || offset >= end {
        return Ok(offset.min(end));
    }
    let mut segments = Segments::new(log, end, &[]);
    let start = segments.start_of(offset)?;
    if start == offset { Ok(start) } else { segments.next_after(start) }
}

/// Read at a time: large enough for full speed, small enough to stop within a millisecond or two.
pub(super) const CHUNK: u64 = 1 << 20;
