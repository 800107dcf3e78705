//! One of the logs that are merged: its lines one after the other, each with the time at which it arrived, and
//! what is to be told before it. Holds a few pieces of it, whatever its length.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use crate::app::output::Style;
use crate::domain::moment::Wall;
use crate::tui::pager::{Arrivals, as_u64};

pub(super) struct Input {
    path: PathBuf,
    file: Option<File>,
    arrivals: Option<Box<dyn Arrivals>>,
    /// Where the buffer begins in the log.
    at: u64,
    buffer: Vec<u8>,
    /// Bytes of the buffer that have been taken.
    taken: usize,
    /// What comes until the next newline belongs to a line whose beginning was left out.
    within: bool,
    /// Samples of the times, and up to which byte they are good.
    times: Vec<(u64, Wall)>,
    times_until: u64,
    /// What is told before the line that is at this place, or that came after this moment.
    pub(super) marks: VecDeque<(u64, String)>,
    pub(super) landmarks: VecDeque<(Wall, String)>,
    /// The colours that are on.
    pub(super) pen: Style,
}

/// What comes next of a log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Next {
    /// A line, so many bytes long.
    Line(usize),
    Mark,
    Landmark,
}

impl Input {
    /// From `at` on; in the middle of a line its rest is passed over.
    pub(super) fn new(path: PathBuf, at: u64, arrivals: Option<Box<dyn Arrivals>>) -> Self {
        Self {
            path,
            file: None,
            arrivals,
            at,
            buffer: Vec::new(),
            taken: 0,
            within: at > 0,
            times: Vec::new(),
            times_until: 0,
            marks: VecDeque::new(),
            landmarks: VecDeque::new(),
            pen: Style::default(),
        }
    }

    /// Where the next line begins.
    pub(super) fn place(&self) -> u64 {
        self.at + as_u64(self.taken)
    }

    /// The log was cut: what comes now is new.
    pub(super) fn cut(&mut self, end: u64) {
        if end < self.place() {
            (self.at, self.taken, self.within, self.file) = (end, 0, false, None);
            self.buffer.clear();
        }
    }

    /// What comes next before byte `end`, and when that was.
    pub(super) fn peek(&mut self, end: u64) -> io::Result<Option<(Option<Wall>, Next)>> {
        let line = self.line(end)?;
        let place = self.place();
        if self.marks.front().is_some_and(|(at, _)| *at <= place) {
            return Ok(Some((self.time_of(place), Next::Mark)));
        }
        let at = line.and_then(|_| self.time_of(place));
        match (self.landmarks.front().map(|(at, _)| *at), line) {
            (Some(landmark), Some(_)) if at.is_some_and(|at| landmark <= at) => {
                Ok(Some((Some(landmark), Next::Landmark)))
            }
            (_, Some(length)) => Ok(Some((at, Next::Line(length)))),
            (Some(landmark), None) => Ok(Some((Some(landmark), Next::Landmark))),
            (None, None) => Ok(None),
        }
    }

    /// The bytes of a line that was peeked at.
    pub(super) fn take(&mut self, length: usize) -> (&[u8], &mut Style) {
        let from = self.taken;
        self.taken = (from + length).min(self.buffer.len());
        (self.buffer.get(from..self.taken).unwrap_or_default(), &mut self.pen)
    }

    /// The length of the next whole line; one that is longer than [`LONGEST`] comes in parts.
    fn line(&mut self, end: u64) -> io::Result<Option<usize>> {
        loop {
            let rest = self.buffer.get(self.taken..).unwrap_or_default();
            let newline = memchr::memchr(b'\n', rest).map(|at| at + 1).filter(|length| *length <= LONGEST);
            let length = newline.or_else(|| (rest.len() >= LONGEST).then_some(LONGEST));
            match length {
                Some(length) if self.within => {
                    self.taken += length;
                    self.within = newline.is_none();
                }
                Some(length) => return Ok(Some(length)),
                None if !self.fill(end)? => return Ok(None),
                None => {}
            }
        }
    }

    /// Reads a piece more, if there is any.
    fn fill(&mut self, end: u64) -> io::Result<bool> {
        self.buffer.drain(..self.taken);
        (self.at, self.taken) = (self.place(), 0);
        let from = self.at + as_u64(self.buffer.len());
        let room = usize::try_from(end.saturating_sub(from)).unwrap_or(usize::MAX).min(PIECE);
        if room == 0 {
            return Ok(false);
        }
        let file = match self.file.take() {
            Some(file) => file,
            None => match File::open(&self.path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                opened => opened?,
            },
        };
        let kept = self.buffer.len();
        self.buffer.resize(kept + room, 0);
        let read = file.read_at(self.buffer.get_mut(kept..).unwrap_or_default(), from);
        self.file = Some(file);
        self.buffer.truncate(kept + *read.as_ref().unwrap_or(&0));
        read.map(|count| count > 0)
    }

    /// When the byte arrived. The ledger is asked for a stretch at a time.
    fn time_of(&mut self, offset: u64) -> Option<Wall> {
        let arrivals = self.arrivals.as_ref()?;
        if offset >= self.times_until {
            self.times = arrivals.of(offset..offset.saturating_add(STRETCH));
            // When there were more samples than are given at once, those are good up to the last one.
            let last = self.times.last().filter(|_| self.times.len() >= MANY).map(|(offset, _)| *offset);
            self.times_until = last.unwrap_or(u64::MAX).min(offset.saturating_add(STRETCH)).max(offset + 1);
        }
        let known = self.times.partition_point(|(from, _)| *from <= offset).checked_sub(1)?;
        self.times.get(known).map(|(_, at)| *at)
    }
}

/// Bytes read at once.
const PIECE: usize = 256 << 10;

/// Bytes of a line that are shown as one.
const LONGEST: usize = 64 << 10;

/// Bytes of a log for which the ledger is asked when they arrived.
const STRETCH: u64 = 16 << 20;

/// So many samples may be the first of more.
const MANY: usize = 10_000;

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::ops::Range;

    use super::*;

    struct Times;

    impl Arrivals for Times {
        fn of(&self, _: Range<u64>) -> Vec<(u64, Wall)> {
            vec![(0, Wall(10)), (6, Wall(20))]
        }

        fn offset_at(&self, _: Wall) -> Option<u64> {
            None
        }
    }

    fn log(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(bytes).expect("written");
        file
    }

    fn text(input: &mut Input, next: Option<(Option<Wall>, Next)>) -> String {
        let Some((_, Next::Line(length))) = next else { panic!("no line: {next:?}") };
        String::from_utf8_lossy(input.take(length).0).into_owned()
    }

    #[test]
    fn lines_come_when_they_are_whole_with_their_times_and_what_happened_before_them() {
        let file = log(b"one\ntwo\nthr");
        let mut input = Input::new(file.path().to_owned(), 0, Some(Box::new(Times)));
        input.marks.push_back((4, "gap".into()));
        input.landmarks.push_back((Wall(15), "rebooted".into()));
        let next = input.peek(11).expect("read");
        assert_eq!(next, Some((Some(Wall(10)), Next::Line(4))));
        assert_eq!(text(&mut input, next), "one\n");
        assert_eq!(input.peek(11).expect("read"), Some((Some(Wall(10)), Next::Mark)));
        input.marks.pop_front();
        let next = input.peek(11).expect("read");
        assert_eq!(text(&mut input, next), "two\n");
        assert_eq!(input.peek(11).expect("read"), Some((Some(Wall(15)), Next::Landmark)));
        input.landmarks.pop_front();
        assert_eq!(input.peek(11).expect("read"), None, "the last line is not ended");
        assert_eq!(input.place(), 8);
    }

    #[test]
    fn it_begins_with_a_whole_line_and_long_ones_come_in_parts() {
        let file = log(&[&b"lost\nkept\n"[..], &b"x".repeat(LONGEST + 5), b"\n"].concat());
        let end = file.as_file().metadata().expect("a length").len();
        let mut input = Input::new(file.path().to_owned(), 2, None);
        let mut parts = Vec::new();
        while let Some((None, Next::Line(length))) = input.peek(end).expect("read") {
            parts.push(input.take(length).0.len());
        }
        assert_eq!(parts, [5, LONGEST, 6]);
        file.as_file().set_len(3).expect("cut");
        input.cut(3);
        assert_eq!((input.peek(3).expect("read"), input.place()), (None, 3));
    }
}
