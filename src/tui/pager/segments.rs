//! Where lines begin and end, found by looking at the bytes around a place only.
//!
//! An entry begins after a newline, where a gap was cut, and, so that a line of a gigabyte costs no more
//! than any other, at each multiple of [`PIECE`] before which there was no newline for as long. All
//! three are seen within two pieces of the place, so nothing has to be known of the log before it.

use std::io;

use super::log::{Log, as_u64, as_usize};

pub(super) struct Segments<'a> {
    log: &'a Log,
    /// The log as it was when this began; later bytes are not looked at.
    end: u64,
    /// Offsets at which a gap was cut, in order.
    cuts: &'a [u64],
    /// The pieces last read, newest last, at most [`KEPT`].
    pieces: Vec<(u64, Vec<u8>)>,
}

impl<'a> Segments<'a> {
    pub(super) fn new(log: &'a Log, end: u64, cuts: &'a [u64]) -> Self {
        Self { log, end, cuts, pieces: Vec::new() }
    }

    /// The log's length, for this.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Where the entry begins that holds the byte at `offset`; that of the last one when it is the end.
    pub(super) fn start_of(&mut self, offset: u64) -> io::Result<u64> {
        let offset = offset.min(self.end.saturating_sub(1));
        let start = self.line_start(offset)?;
        let cut = self.cuts[..self.cuts.partition_point(|&cut| cut <= offset)].last();
        Ok(cut.map_or(start, |&cut| cut.max(start)))
    }

    /// Where the entry that begins at `start` ends, and the next begins.
    pub(super) fn next_after(&mut self, start: u64) -> io::Result<u64> {
        let next = self.line_end(start)?;
        let cut = self.cuts.get(self.cuts.partition_point(|&cut| cut <= start));
        Ok(cut.map_or(next, |&cut| cut.min(next)))
    }

    /// The bytes from `start` to `stop`; fewer when the log has become shorter.
    pub(super) fn bytes(&mut self, start: u64, stop: u64) -> io::Result<Vec<u8>> {
        let stop = stop.min(self.end);
        let mut bytes = Vec::with_capacity(as_usize(stop.saturating_sub(start)));
        let mut at = start;
        while at < stop {
            let part = self.part(at, stop)?;
            if part.is_empty() {
                break;
            }
            bytes.extend_from_slice(part);
            at += as_u64(part.len());
        }
        Ok(bytes)
    }

    /// Calls `look` with all bytes from `start` to `stop`, piece by piece, until it returns something.
    pub(super) fn scan<T>(
        &mut self,
        start: u64,
        stop: u64,
        mut look: impl FnMut(u64, &[u8]) -> Option<T>,
    ) -> io::Result<Option<T>> {
        let mut at = start;
        while at < stop.min(self.end) {
            let part = self.part(at, stop)?;
            if part.is_empty() {
                break;
            }
            let length = as_u64(part.len());
            if let Some(found) = look(at, part) {
                return Ok(Some(found));
            }
            at += length;
        }
        Ok(None)
    }

    fn line_start(&mut self, offset: u64) -> io::Result<u64> {
        let piece = offset / PIECE * PIECE;
        if let Some(start) = self.last_line_end(piece, offset)? {
            return Ok(start);
        }
        if piece == 0 {
            return Ok(0);
        }
        // Without a newline in the piece before it, the piece itself is the beginning.
        Ok(self.last_line_end(piece - PIECE, piece)?.unwrap_or(piece))
    }

    fn line_end(&mut self, start: u64) -> io::Result<u64> {
        let piece = start / PIECE * PIECE;
        if let Some(next) = self.first_line_end(start, piece + PIECE)? {
            return Ok(next);
        }
        if self.last_line_end(piece, start)?.is_none() {
            return Ok((piece + PIECE).min(self.end));
        }
        let next = self.first_line_end(piece + PIECE, piece + 2 * PIECE)?;
        Ok(next.unwrap_or((piece + 2 * PIECE).min(self.end)))
    }

    /// After the last newline in `[start, stop)`, which is within one piece.
    fn last_line_end(&mut self, start: u64, stop: u64) -> io::Result<Option<u64>> {
        let part = self.part(start, stop)?;
        Ok(memchr::memrchr(b'\n', part).map(|at| start + as_u64(at) + 1))
    }

    /// After the first newline in `[start, stop)`, which is within one piece.
    fn first_line_end(&mut self, start: u64, stop: u64) -> io::Result<Option<u64>> {
        let part = self.part(start, stop)?;
        Ok(memchr::memchr(b'\n', part).map(|at| start + as_u64(at) + 1))
    }

    /// What there is of `[start, stop)` in the piece of `start`.
    fn part(&mut self, start: u64, stop: u64) -> io::Result<&[u8]> {
        let stop = stop.min(self.end);
        if start >= stop {
            return Ok(&[]);
        }
        let number = start / PIECE;
        let kept = match self.pieces.iter().position(|(kept, _)| *kept == number) {
            Some(at) => at,
            None => self.load(number)?,
        };
        let bytes = self.pieces.get(kept).map_or(&[][..], |(_, bytes)| bytes);
        let from = as_usize(start - number * PIECE).min(bytes.len());
        let to = as_usize(stop - number * PIECE).min(bytes.len());
        Ok(&bytes[from..to.max(from)])
    }

    fn load(&mut self, number: u64) -> io::Result<usize> {
        let start = number * PIECE;
        let mut bytes = if self.pieces.len() == KEPT { self.pieces.remove(0).1 } else { Vec::new() };
        bytes.resize(as_usize(PIECE.min(self.end.saturating_sub(start))), 0);
        let filled = self.log.read_at(start, &mut bytes)?;
        bytes.truncate(filled);
        self.pieces.push((number, bytes));
        Ok(self.pieces.len() - 1)
    }
}

/// No entry is longer than two of these: 256 KiB is some 50 µs of reading, and far more than is shown of
/// one line.
pub(super) const PIECE: u64 = 256 << 10;

/// Two around the place, one being scanned.
const KEPT: usize = 3;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// The boundaries as the module's doc defines them.
    fn naive(bytes: &[u8], cuts: &[u64]) -> Vec<u64> {
        let piece = as_usize(PIECE);
        (0..=bytes.len())
            .filter(|&at| {
                at == 0
                    || at == bytes.len()
                    || bytes[at - 1] == b'\n'
                    || cuts.contains(&as_u64(at))
                    || (at % piece == 0 && !bytes[at - piece..at].contains(&b'\n'))
            })
            .map(as_u64)
            .collect()
    }

    fn check(bytes: &[u8], cuts: &[u64]) {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(bytes).expect("written");
        let end = as_u64(bytes.len());
        let log = Log::new(file.path().to_owned(), end);
        let boundaries = naive(bytes, cuts);
        let mut segments = Segments::new(&log, end, cuts);
        for pair in boundaries.windows(2) {
            let (start, next) = (pair[0], pair[1]);
            assert_eq!(segments.next_after(start).expect("read"), next, "after {start}");
            for offset in [start, (start + next) / 2, next - 1] {
                assert_eq!(segments.start_of(offset).expect("read"), start, "of {offset}");
            }
            assert_eq!(segments.bytes(start, next).expect("read"), &bytes[as_usize(start)..as_usize(next)]);
        }
        assert_eq!(segments.start_of(end).expect("read"), boundaries[boundaries.len().saturating_sub(2)]);
    }

    fn with_newlines_at(length: u64, newlines: &[u64]) -> Vec<u8> {
        let mut bytes = vec![b'x'; as_usize(length)];
        for &at in newlines {
            bytes[as_usize(at)] = b'\n';
        }
        bytes
    }

    #[test]
    fn every_entry_is_found_from_each_of_its_bytes() {
        check(b"one\ntwo\n\nfour", &[]);
        check(b"one\ntwo\n\nfour\n", &[5, 8, 11]);
        for newlines in [
            &[][..],
            &[10],
            &[PIECE - 1],
            &[PIECE],
            &[PIECE + 1, 3 * PIECE],
            &[5, PIECE + 7, 3 * PIECE - 1, 4 * PIECE + 1],
        ] {
            check(&with_newlines_at(5 * PIECE + 9, newlines), &[]);
            check(&with_newlines_at(4 * PIECE, newlines.get(..1).unwrap_or_default()), &[7, 2 * PIECE, 2 * PIECE + 3]);
        }
    }

    #[test]
    fn an_empty_log_has_no_entry() {
        let log = Log::new("/nonexistent/steadfast/log".into(), 0);
        let mut segments = Segments::new(&log, 0, &[]);
        assert_eq!(segments.start_of(0).expect("no error"), 0);
        assert_eq!(segments.next_after(0).expect("no error"), 0);
    }
}
