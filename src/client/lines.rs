//! Cuts a stream of output into lines, at bounded memory.

use std::borrow::Cow;

use crate::domain::run::Stream;

/// A line of output, or a piece of one that is longer than [`LINE_LIMIT`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line<'a> {
    pub stream: Stream,
    /// As the host sent them, without the newline. Not to be trusted: control characters included.
    pub bytes: &'a [u8],
    /// Whether a newline followed. Not so for a piece of a longer line, and for what the program ended
    /// without one.
    pub complete: bool,
}

impl<'a> Line<'a> {
    /// As text, without a carriage return at its end; what is no UTF-8 is replaced. Control characters
    /// are still there: not to be shown on a terminal as it is.
    #[must_use]
    pub fn text(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.bytes.strip_suffix(b"\r").unwrap_or(self.bytes))
    }
}

/// One stream.
pub(super) struct Lines {
    stream: Stream,
    /// Shorter than [`LINE_LIMIT`].
    partial: Vec<u8>,
}

impl Lines {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, partial: Vec::new() }
    }

    pub(super) fn feed(&mut self, mut bytes: &[u8], on_line: &mut impl FnMut(Line<'_>)) {
        let stream = self.stream;
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = (bytes.get(..end).unwrap_or_default(), bytes.get(end + 1..).unwrap_or_default());
            let line = self.pieces(line, on_line);
            if self.partial.is_empty() {
                on_line(Line { stream, bytes: line, complete: true });
            } else {
                self.partial.extend_from_slice(line);
                on_line(Line { stream, bytes: &self.partial, complete: true });
                self.partial.clear();
            }
            bytes = rest;
        }
        let rest = self.pieces(bytes, on_line);
        self.partial.extend_from_slice(rest);
    }

    /// What came last, without a newline.
    pub(super) fn finish(&mut self, on_line: &mut impl FnMut(Line<'_>)) {
        if !self.partial.is_empty() {
            on_line(Line { stream: self.stream, bytes: &self.partial, complete: false });
            self.partial.clear();
        }
    }

    /// Gives away what is too long for one line; what is left is, with the partial one before it, not.
    fn pieces<'a>(&mut self, mut line: &'a [u8], on_line: &mut impl FnMut(Line<'_>)) -> &'a [u8] {
        while self.partial.len() + line.len() > LINE_LIMIT {
            let (now, later) = line.split_at(LINE_LIMIT - self.partial.len());
            self.partial.extend_from_slice(now);
            self.finish(on_line);
            line = later;
        }
        line
    }
}

/// Bytes of a line that are kept until its end comes; of a longer one each so many are given.
pub const LINE_LIMIT: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(chunks: &[&[u8]]) -> Vec<(Vec<u8>, bool)> {
        let mut lines = Vec::new();
        let mut cutter = Lines::new(Stream::Out);
        let mut on_line = |line: Line<'_>| lines.push((line.bytes.to_vec(), line.complete));
        for chunk in chunks {
            cutter.feed(chunk, &mut on_line);
            assert!(cutter.partial.len() <= LINE_LIMIT);
        }
        cutter.finish(&mut on_line);
        lines
    }

    fn joined(lines: &[(Vec<u8>, bool)]) -> Vec<u8> {
        let newline = |complete: bool| if complete { b"\n".as_slice() } else { b"" };
        lines.iter().flat_map(|(bytes, complete)| [bytes, newline(*complete)].concat()).collect()
    }

    #[test]
    fn lines_come_whole_however_the_chunks_fall() {
        let whole = cut(&[b"one\r\n\ntwo\nthree"]);
        let expected = [(&b"one\r"[..], true), (b"", true), (b"two", true), (b"three", false)];
        assert_eq!(whole, expected.map(|(bytes, complete)| (bytes.to_vec(), complete)));
        assert_eq!(cut(&[b"o", b"ne\r", b"\n", b"\ntw", b"o\nthree"]), whole);
        assert_eq!(cut(&[]), []);
    }

    #[test]
    fn a_line_without_end_is_bounded_and_nothing_of_it_is_lost() {
        for length in [LINE_LIMIT - 1, LINE_LIMIT, LINE_LIMIT + 1, 3 * LINE_LIMIT + 7] {
            let mut long = vec![b'x'; length];
            long.push(b'\n');
            for lines in [cut(&[&long]), cut(&[&long[..5], &long[5..length], b"\n"])] {
                assert_eq!(joined(&lines), long);
                assert!(lines.iter().all(|(line, _)| !line.is_empty() && line.len() <= LINE_LIMIT));
                assert_eq!(lines.len(), length.div_ceil(LINE_LIMIT));
            }
        }
    }

    #[test]
    fn text_is_text_whatever_came() {
        let text = |bytes| Line { stream: Stream::Out, bytes, complete: true }.text().into_owned();
        assert_eq!((text(b"a\r"), text(b"\xff"), text(b"")), ("a".into(), "\u{fffd}".into(), String::new()));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_added(chunks in prop::collection::vec("[a\n]{0,8}", 0..6)) {
            let chunks: Vec<&[u8]> = chunks.iter().map(String::as_bytes).collect();
            prop_assert_eq!(joined(&cut(&chunks)), chunks.concat());
        }
    }
}
