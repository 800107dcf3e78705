//! A log that is on our disk, printed from some place on, with its marks between the lines if wanted.
//! Constant memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::app::output::Sanitizer;
use crate::app::say;
use crate::domain::event::OutputMark;

/// Prints a log, and goes on with it when it has grown.
pub struct LogPrinter {
    position: u64,
    cleaner: Option<Sanitizer>,
    /// Those that are to be shown, in order of their place.
    marks: Vec<OutputMark>,
    at_start: bool,
}

impl LogPrinter {
    /// From the byte at `from` on; `clean` makes escape sequences harmless.
    #[must_use]
    pub fn new(from: u64, clean: bool) -> Self {
        Self { position: from, cleaner: clean.then(Sanitizer::default), marks: Vec::new(), at_start: true }
    }

    /// All marks that are known by now; those before our place were shown, or passed over.
    pub fn set_marks(&mut self, mut marks: Vec<OutputMark>) {
        marks.retain(|mark| place(mark) >= self.position);
        marks.sort_by_key(place);
        self.marks = marks;
    }

    /// Prints what there is. A log that is not there is empty.
    pub fn print(&mut self, path: &Path, out: &mut impl Write) -> io::Result<()> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        file.seek(SeekFrom::Start(self.position))?;
        let mut buffer = vec![0; CHUNK];
        loop {
            while self.marks.first().is_some_and(|mark| place(mark) <= self.position) {
                let mark = self.marks.remove(0);
                self.mark(&mark, out)?;
            }
            let room = self.marks.first().map_or(u64::MAX, |mark| place(mark) - self.position);
            let room = usize::try_from(room).unwrap_or(CHUNK).min(CHUNK);
            let length = file.read(buffer.get_mut(..room).unwrap_or_default())?;
            if length == 0 {
                return out.flush();
            }
            self.position += u64::try_from(length).unwrap_or(0);
            self.write(buffer.get(..length).unwrap_or_default(), out)?;
        }
    }

    /// Nothing more will come.
    pub fn finish(mut self, out: &mut impl Write) -> io::Result<()> {
        let mut rest = Vec::new();
        if let Some(cleaner) = self.cleaner.take() {
            cleaner.finish(&mut rest);
        }
        out.write_all(&rest)?;
        out.flush()
    }

    fn write(&mut self, bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
        let mut clean = Vec::new();
        let bytes = match &mut self.cleaner {
            Some(cleaner) => {
                cleaner.write(bytes, &mut clean);
                clean.as_slice()
            }
            None => bytes,
        };
        self.at_start = bytes.last().map_or(self.at_start, |last| *last == b'\n');
        out.write_all(bytes)
    }

    fn mark(&mut self, mark: &OutputMark, out: &mut impl Write) -> io::Result<()> {
        let newline = if self.at_start { "" } else { "\n" };
        self.at_start = true;
        writeln!(out, "{newline}-- {} --", words(mark))
    }
}

/// The place of a mark in the log.
fn place(mark: &OutputMark) -> u64 {
    match mark {
        OutputMark::Gap { log_offset, .. } | OutputMark::Blind { log_offset, .. } => *log_offset,
    }
}

fn words(mark: &OutputMark) -> String {
    match mark {
        OutputMark::Gap { lost, .. } => format!("{} are missing: the host's spool was full", say::bytes(*lost)),
        OutputMark::Blind { duration, cause, caught_up, .. } => {
            let (length, cause) = (say::duration(*duration), say::clean(cause));
            match caught_up {
                0 => format!("not seen for {length} ({cause})"),
                bytes => format!("not seen for {length} ({cause}); the next {} came afterwards", say::bytes(*bytes)),
            }
        }
    }
}

/// Where the last `lines` lines of a file begin; 0 when it has no more than that.
pub fn tail(path: &Path, lines: u64) -> io::Result<u64> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let end = file.seek(SeekFrom::End(0))?;
    if lines == 0 {
        return Ok(end);
    }
    let mut buffer = vec![0; CHUNK];
    let (mut begin, mut found) = (end, 0);
    while begin > 0 {
        let length = begin.min(u64::try_from(CHUNK).unwrap_or(u64::MAX));
        begin -= length;
        file.seek(SeekFrom::Start(begin))?;
        let Some(block) = buffer.get_mut(..usize::try_from(length).unwrap_or(CHUNK)) else { return Ok(begin) };
        file.read_exact(block)?;
        for newline in memchr::memrchr_iter(b'\n', block) {
            let after = begin + u64::try_from(newline).unwrap_or(0) + 1;
            // The newline at the very end ends the last line; it begins none.
            if after < end {
                found += 1;
                if found == lines {
                    return Ok(after);
                }
            }
        }
    }
    Ok(0)
}

/// Read at a time.
const CHUNK: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), bytes).expect("it can be written");
        file
    }

    #[test]
    fn marks_stand_between_the_lines_and_growth_goes_on() {
        let file = file(b"one\ntwo");
        let mut printer = LogPrinter::new(0, false);
        let gap = OutputMark::Gap { log_offset: 4, spool_offset: 1004, lost: 1000 };
        let blind = OutputMark::Blind {
            log_offset: 6,
            duration: Duration::from_secs(192),
            cause: "own \x1b[2Jnetwork".into(),
            caught_up: 41,
        };
        printer.set_marks(vec![blind, gap]);
        let mut out = Vec::new();
        printer.print(file.path(), &mut out).expect("it prints");
        std::fs::write(file.path(), b"one\ntwo\n").expect("it can be written");
        printer.print(file.path(), &mut out).expect("it prints");
        assert_eq!(
            String::from_utf8_lossy(&out),
            "one\n-- 1.0 kB are missing: the host's spool was full --\ntw\n\
             -- not seen for 3m12s (own [2Jnetwork); the next 41 B came afterwards --\no\n"
        );
    }

    #[test]
    fn a_terminal_gets_no_sequence_and_a_file_every_byte() {
        let file = file(b"\x1b[2Ja\xff\n");
        for (clean, wanted) in [(true, &b"a\\xff\n"[..]), (false, b"\x1b[2Ja\xff\n")] {
            let (mut printer, mut out) = (LogPrinter::new(0, clean), Vec::new());
            printer.print(file.path(), &mut out).expect("it prints");
            printer.finish(&mut out).expect("it ends");
            if !clean {
                assert_eq!(out, wanted);
            }
            assert_eq!(out.contains(&0x1B), !clean);
        }
    }

    #[test]
    fn a_log_that_is_not_there_is_empty() {
        let path = Path::new("/nonexistent/out.log");
        let mut out = Vec::new();
        assert!(LogPrinter::new(0, false).print(path, &mut out).is_ok() && out.is_empty());
        assert_eq!(tail(path, 5).expect("no error"), 0);
    }

    proptest! {
        #[test]
        fn the_tail_begins_where_the_lines_say(text in "[a\n]{0,200}", lines in 0u64..6) {
            let file = file(text.as_bytes());
            let begin = usize::try_from(tail(file.path(), lines).expect("it can be read")).expect("small");
            let wanted: Vec<&str> = text.split_inclusive('\n').collect();
            let kept = wanted.len().min(usize::try_from(lines).expect("small"));
            prop_assert_eq!(&text[begin..], wanted[wanted.len() - kept..].concat());
        }
    }

    #[test]
    fn the_tail_of_a_file_of_many_blocks_is_found() {
        let file = file(&b"0123456789abcdef\n".repeat(20_000));
        assert_eq!(tail(file.path(), 10_000).expect("it can be read"), 170_000);
    }
}
