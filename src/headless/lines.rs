//! Output of several hosts in one stream: whole lines, each behind the name of its host. Pure: bytes
//! and moments in, bytes out.

use std::time::Duration;

use crate::app::output::Sanitizer;
use crate::domain::moment::Mono;

/// Puts the lines of several sources one after the other.
///
/// A line is shown when its newline is there; the beginning of one that rests for [`PATIENCE`], or is
/// longer than [`LONGEST`], is shown as far as it is. When another source speaks before such a line
/// ends, a newline is put in between, and what comes of it later gets its prefix again.
#[derive(Default)]
pub(super) struct Lines {
    sources: Vec<Source>,
    /// Whose line the cursor is in.
    open: Option<usize>,
    terminal: bool,
}

struct Source {
    prefix: Vec<u8>,
    /// `None`: bytes pass as they are.
    cleaner: Option<Sanitizer>,
    /// Of the current line, not shown yet.
    partial: Vec<u8>,
    /// Since when it rests.
    since: Mono,
    /// What is shown of the current line ends with a carriage return.
    returned: bool,
}

impl Lines {
    /// On a terminal, escape sequences that could do harm are removed and a carriage return within a
    /// line goes back to behind the prefix.
    pub(super) fn new(prefixes: Vec<Vec<u8>>, terminal: bool) -> Self {
        let source = |prefix| Source {
            prefix,
            cleaner: terminal.then(Sanitizer::default),
            partial: Vec::new(),
            since: Mono::default(),
            returned: false,
        };
        Self { sources: prefixes.into_iter().map(source).collect(), open: None, terminal }
    }

    pub(super) fn feed(&mut self, now: Mono, of: usize, bytes: &[u8], out: &mut Vec<u8>) {
        let Some(source) = self.sources.get_mut(of) else { return };
        let mut clean = Vec::new();
        let bytes = match &mut source.cleaner {
            Some(cleaner) => {
                cleaner.write(bytes, &mut clean);
                clean.as_slice()
            }
            None => bytes,
        };
        self.take(now, of, bytes, out);
    }

    fn take(&mut self, now: Mono, of: usize, bytes: &[u8], out: &mut Vec<u8>) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let Some(source) = self.sources.get_mut(of) else { return };
            source.since = now;
            source.partial.extend_from_slice(piece);
            if piece.ends_with(b"\n") || source.partial.len() > LONGEST {
                self.show(of, out);
            }
        }
    }

    /// When [`Lines::flush_due`] has something to show.
    pub(super) fn due(&self) -> Option<Mono> {
        self.sources.iter().filter(|source| !source.partial.is_empty()).map(|source| source.since + PATIENCE).min()
    }

    /// Shows beginnings of lines that have rested long enough.
    pub(super) fn flush_due(&mut self, now: Mono, out: &mut Vec<u8>) {
        for of in 0..self.sources.len() {
            let rests = |source: &Source| !source.partial.is_empty() && now >= source.since + PATIENCE;
            if self.sources.get(of).is_some_and(rests) {
                self.show(of, out);
            }
        }
    }

    /// This source has ended: what is left of it is shown.
    pub(super) fn finish(&mut self, of: usize, out: &mut Vec<u8>) {
        let Some(source) = self.sources.get_mut(of) else { return };
        if let Some(cleaner) = source.cleaner.as_mut().map(std::mem::take) {
            let (since, mut rest) = (source.since, Vec::new());
            cleaner.finish(&mut rest);
            self.take(since, of, &rest, out);
        }
        if self.sources.get(of).is_some_and(|source| !source.partial.is_empty()) {
            self.show(of, out);
        }
        if self.open == Some(of) {
            self.end_line(out);
        }
    }

    /// Ends the line that the cursor is in, so that something else can be written.
    pub(super) fn end_line(&mut self, out: &mut Vec<u8>) {
        if let Some(open) = self.open.take() {
            if self.terminal {
                out.extend_from_slice(RESET);
            }
            out.push(b'\n');
            if let Some(source) = self.sources.get_mut(open) {
                source.returned = false;
            }
        }
    }

    fn show(&mut self, of: usize, out: &mut Vec<u8>) {
        if self.open != Some(of) {
            self.end_line(out);
        }
        let Some(source) = self.sources.get_mut(of) else { return };
        let fresh = self.open != Some(of);
        let text = std::mem::take(&mut source.partial);
        let (body, ended) = match text.strip_suffix(b"\n") {
            Some(body) => (body, true),
            None => (text.as_slice(), false),
        };
        if fresh {
            out.extend_from_slice(&source.prefix);
        }
        if self.terminal {
            source.write_terminal(body, ended, out);
        } else {
            out.extend_from_slice(body);
        }
        if ended {
            out.push(b'\n');
        }
        self.open = (!ended).then_some(of);
    }
}

impl Source {
    fn write_terminal(&mut self, body: &[u8], ended: bool, out: &mut Vec<u8>) {
        for (place, part) in body.split_inclusive(|byte| *byte == b'\r').enumerate() {
            // Whatever follows a carriage return stands where the prefix was.
            if place > 0 || self.returned {
                out.extend_from_slice(&self.prefix);
            }
            out.extend_from_slice(part);
            self.returned = part.ends_with(b"\r");
        }
        if ended {
            if body.contains(&ESCAPE) {
                out.extend_from_slice(RESET);
            }
            self.returned = false;
        }
    }
}

/// How long the beginning of a line waits for the rest before it is shown: whoever asks a question
/// without a newline is seen a second later.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// Longer beginnings are shown as they are: memory is bounded, whatever a host writes.
const LONGEST: usize = 64 * 1024;

const ESCAPE: u8 = 0x1B;

/// Colours of one host do not run into the lines of another.
const RESET: &[u8] = b"\x1b[0m";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Mono {
        Mono(Duration::from_millis(millis))
    }

    fn two(terminal: bool) -> Lines {
        Lines::new(vec![b"[a] ".to_vec(), b"[b] ".to_vec()], terminal)
    }

    fn text(out: Vec<u8>) -> String {
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn lines_of_two_hosts_do_not_mix() {
        let (mut lines, mut out) = (two(false), Vec::new());
        lines.feed(at(0), 0, b"on", &mut out);
        lines.feed(at(1), 1, b"x\ny", &mut out);
        lines.feed(at(2), 0, b"e\n\ntwo", &mut out);
        lines.finish(0, &mut out);
        lines.finish(1, &mut out);
        assert_eq!(text(out), "[b] x\n[a] one\n[a] \n[a] two\n[b] y\n");
    }

    #[test]
    fn a_question_without_a_newline_is_seen_a_second_later() {
        let (mut lines, mut out) = (two(false), Vec::new());
        lines.feed(at(0), 0, b"go on? ", &mut out);
        assert_eq!(lines.due(), Some(at(1000)));
        lines.flush_due(at(999), &mut out);
        assert!(out.is_empty());
        lines.flush_due(at(1000), &mut out);
        assert_eq!((text(out.clone()).as_str(), lines.due()), ("[a] go on? ", None));
        lines.feed(at(1500), 0, b"yes\n", &mut out);
        assert_eq!(text(out), "[a] go on? yes\n");
    }

    #[test]
    fn a_line_that_another_host_breaks_goes_on_behind_its_prefix() {
        let (mut lines, mut out) = (two(false), Vec::new());
        lines.feed(at(0), 0, b"10%", &mut out);
        lines.flush_due(at(1000), &mut out);
        lines.feed(at(1100), 1, b"x\n", &mut out);
        lines.feed(at(1200), 0, b"20%\n", &mut out);
        assert_eq!(text(out), "[a] 10%\n[b] x\n[a] 20%\n");
    }

    #[test]
    fn on_a_terminal_a_progress_bar_stays_behind_its_prefix_and_colours_end_with_the_line() {
        let (mut lines, mut out) = (two(true), Vec::new());
        lines.feed(at(0), 0, b"1%\r2%\r\n\x1b[31mred\x1b]0;title\x07\n", &mut out);
        assert_eq!(text(out), "[a] 1%\r[a] 2%\r\n[a] \x1b[31mred\x1b[0m\n");
        let mut out = Vec::new();
        lines.feed(at(0), 0, b"1%\r", &mut out);
        lines.flush_due(at(1000), &mut out);
        lines.feed(at(1000), 0, b"2%\n", &mut out);
        assert_eq!(text(out), "[a] 1%\r[a] 2%\n");
    }

    #[test]
    fn a_line_without_end_is_not_kept() {
        let (mut lines, mut out) = (two(false), Vec::new());
        for _ in 0..100 {
            lines.feed(at(0), 0, &[b'x'; 4096], &mut out);
        }
        assert!(out.len() > 300_000, "{}", out.len());
    }

    /// Chunks of two hosts, and after each whether a second goes by.
    fn chunks() -> impl Strategy<Value = Vec<(usize, Vec<u8>, bool)>> {
        let byte = prop_oneof![Just(b'\n'), Just(b'\r'), b'a'..=b'd', any::<u8>()];
        prop::collection::vec((0usize..2, prop::collection::vec(byte, 0..20), any::<bool>()), 0..40)
    }

    fn run(chunks: &[(usize, Vec<u8>, bool)], pausing: bool) -> Vec<u8> {
        let (mut lines, mut out, mut now) = (two(false), Vec::new(), at(0));
        for (of, bytes, pause) in chunks {
            lines.feed(now, *of, bytes, &mut out);
            if *pause && pausing {
                now = now + PATIENCE;
                lines.flush_due(now, &mut out);
            }
        }
        lines.finish(0, &mut out);
        lines.finish(1, &mut out);
        out
    }

    fn of_source(out: &[u8], prefix: &[u8]) -> Vec<u8> {
        let lines = out.split_inclusive(|byte| *byte == b'\n');
        lines.filter_map(|line| line.strip_prefix(prefix)).flatten().copied().collect()
    }

    fn sent(chunks: &[(usize, Vec<u8>, bool)], source: usize) -> Vec<u8> {
        chunks.iter().filter(|(of, ..)| *of == source).flat_map(|(_, bytes, _)| bytes.clone()).collect()
    }

    proptest! {
        #[test]
        fn whatever_the_chunks_lines_are_whole_and_every_byte_is_there(chunks in chunks()) {
            let out = run(&chunks, false);
            for (source, prefix) in [&b"[a] "[..], b"[b] "].into_iter().enumerate() {
                let mut wanted = sent(&chunks, source);
                if wanted.last().is_some_and(|byte| *byte != b'\n') {
                    wanted.push(b'\n');
                }
                prop_assert_eq!(of_source(&out, prefix), wanted);
            }
        }

        #[test]
        fn whatever_the_pauses_only_newlines_are_added(chunks in chunks()) {
            let out = run(&chunks, true);
            let but_newlines = |bytes: Vec<u8>| bytes.into_iter().filter(|byte| *byte != b'\n').collect::<Vec<u8>>();
            for (source, prefix) in [&b"[a] "[..], b"[b] "].into_iter().enumerate() {
                prop_assert_eq!(but_newlines(of_source(&out, prefix)), but_newlines(sent(&chunks, source)));
            }
        }
    }
}
