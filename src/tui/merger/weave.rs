//! The thread that merges: first what is there, by the times at which it arrived, then what comes as it comes.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;

use super::input::{Input, Next};
use super::spill::Spill;
use super::{MOST, Shared, lock};
use crate::app::log::LogId;
use crate::app::merged::{MergedSheet, Source};
use crate::app::output::{Attributes, Color, Kind, Marker, Style, decode, mark_offset, text_width, words};
use crate::domain::moment::Wall;
use crate::port::Clock;
use crate::supervisor::Handle;
use crate::tui::feed::{MarksOf, TimesOf};
use crate::tui::pager::as_u64;

/// Something that happened while it is looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Live {
    pub(super) source: usize,
    /// Where in the log; at once without.
    pub(super) offset: Option<u64>,
    pub(super) words: String,
}

pub(super) struct Weaver {
    sources: Vec<Source>,
    handle: Handle,
    marks_of: Option<MarksOf>,
    times_of: Option<TimesOf>,
    clock: Arc<dyn Clock>,
    loom: Loom,
}

/// Where the lines come together.
struct Loom {
    shared: Arc<Shared>,
    ring: Arc<dyn Fn() + Send + Sync>,
    out: Writer,
}

/// One log, and who says how long it is.
struct Strand {
    log: LogId,
    input: Input,
    end: watch::Receiver<u64>,
    from: u64,
    /// What stands before its lines.
    head: Vec<u8>,
    /// Marks of before: an event may tell of one of them again.
    told: Vec<(u64, String)>,
}

impl Weaver {
    pub(super) fn new(
        sheet: &MergedSheet,
        handle: Handle,
        (marks_of, times_of): (Option<MarksOf>, Option<TimesOf>),
        clock: Arc<dyn Clock>,
        spill: Arc<Spill>,
        shared: Arc<Shared>,
        ring: Arc<dyn Fn() + Send + Sync>,
    ) -> Self {
        let loom = Loom { shared, ring, out: Writer { spill, buffer: Vec::new() } };
        Self { sources: sheet.sources.clone(), handle, marks_of, times_of, clock, loom }
    }

    pub(super) fn run(mut self) {
        let worked = self.strands().and_then(|mut strands| {
            self.loom.begin(&mut strands)?;
            self.go_on(&mut strands)
        });
        if let Err(error) = worked {
            lock(&self.loom.shared.merging).trouble = Some(format!("failed to merge: {error}"));
        }
        (self.loom.ring)();
    }

    /// Where each log is, and where it is begun with.
    fn strands(&mut self) -> io::Result<Vec<Strand>> {
        let share = MOST / 2 / as_u64(self.sources.len().max(1));
        let width = self.sources.iter().map(|source| text_width(source.host.as_str())).max().unwrap_or(0);
        let mut strands = Vec::new();
        let mut left_out = 0;
        for (n, source) in self.sources.iter().enumerate() {
            let tail = self.handle.output(source.log.0, source.log.1);
            let from = tail.end.borrow().saturating_sub(share);
            left_out += from;
            let arrivals = self.times_of.as_ref().map(|times_of| times_of(source.log.0, source.log.1));
            let mut input = Input::new(tail.path, from, arrivals);
            let marks = self.marks_of.as_ref().map(|ask| ask(source.log.0, source.log.1)).unwrap_or_default();
            let told: Vec<_> = marks.iter().map(|mark| (mark_offset(mark), Marker::of(mark).text())).collect();
            input.marks.extend(told.iter().filter(|(at, _)| *at >= from).cloned());
            input.landmarks.extend(source.landmarks.iter().cloned());
            let head = head(n, source.host.as_str(), width);
            strands.push(Strand { log: source.log, input, end: tail.end, from, head, told });
        }
        lock(&self.loom.shared.merging).left_out = left_out;
        Ok(strands)
    }

    /// What comes, within one look in the order of the hosts.
    fn go_on(&mut self, strands: &mut [Strand]) -> io::Result<()> {
        while !self.loom.is_closed() {
            self.take_live(strands);
            let now = self.clock.now().wall;
            let mut more = false;
            for strand in strands.iter_mut() {
                if strand.end.has_changed().is_err() {
                    // Who writes it has changed, after a reconnect or a takeover.
                    strand.end = self.handle.output(strand.log.0, strand.log.1).end;
                }
                let end = *strand.end.borrow_and_update();
                strand.input.cut(end);
                // No log keeps the others waiting for long.
                let stop = end.min(strand.input.place().saturating_add(AT_ONCE));
                while let Some((_, what)) = strand.input.peek(stop)? {
                    self.loom.out.put(strand, what, Some(now))?;
                }
                more |= stop < end;
            }
            if !self.loom.out.buffer.is_empty() {
                self.loom.hand_out(None)?;
            }
            if !more {
                std::thread::park_timeout(PACE);
            }
        }
        Ok(())
    }

    fn take_live(&self, strands: &mut [Strand]) {
        let waiting: Vec<_> = lock(&self.loom.shared.live).drain(..).collect();
        for Live { source, offset, words } in waiting {
            let Some(strand) = strands.get_mut(source) else { continue };
            match offset {
                Some(at) if strand.told.contains(&(at, words.clone())) => {}
                Some(at) => strand.input.marks.push_back((at, words)),
                None => strand.input.landmarks.push_back((self.clock.now().wall, words)),
            }
        }
    }
}

impl Loom {
    fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Relaxed) || self.shared.full.load(Ordering::Relaxed)
    }

    /// What is there when it begins, in the order in which it arrived.
    fn begin(&mut self, strands: &mut [Strand]) -> io::Result<()> {
        let ends: Vec<u64> = strands.iter().map(|strand| *strand.end.borrow()).collect();
        let mut next: Vec<_> = Vec::new();
        for (strand, end) in strands.iter_mut().zip(&ends) {
            next.push(strand.input.peek(*end)?);
        }
        // The earliest, of those that came at once the first host's.
        while let Some((at, source)) = next.iter().enumerate().filter_map(|(n, next)| next.map(|(at, _)| (at, n))).min()
        {
            let (Some(strand), Some(end), Some(slot)) =
                (strands.get_mut(source), ends.get(source), next.get_mut(source))
            else {
                break;
            };
            while let Some((then, what)) = slot.filter(|(then, _)| *then <= at) {
                self.out.put(strand, what, then)?;
                *slot = strand.input.peek(*end)?;
            }
            if self.out.is_due() {
                let done = strands.iter().map(|strand| strand.input.place().saturating_sub(strand.from)).sum();
                let all = strands.iter().zip(&ends).map(|(strand, end)| end.saturating_sub(strand.from)).sum();
                self.hand_out(Some(words::percent(done, all)))?;
                if self.is_closed() {
                    return Ok(());
                }
            }
        }
        self.hand_out(None)
    }

    fn hand_out(&mut self, percent: Option<u64>) -> io::Result<()> {
        self.out.flush()?;
        if self.out.spill.end() >= MOST {
            self.shared.full.store(true, Ordering::Relaxed);
        }
        lock(&self.shared.merging).percent = percent;
        (self.ring)();
        Ok(())
    }
}

/// Lines on their way to the file.
struct Writer {
    spill: Arc<Spill>,
    buffer: Vec<u8>,
}

impl Writer {
    fn is_due(&self) -> bool {
        self.buffer.len() >= HANDED_OUT
    }

    fn flush(&mut self) -> io::Result<()> {
        self.spill.append(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    fn put(&mut self, strand: &mut Strand, what: Next, at: Option<Wall>) -> io::Result<()> {
        if let Some(at) = at {
            self.spill.stamp(self.spill.end() + as_u64(self.buffer.len()), at);
        }
        self.buffer.extend_from_slice(&strand.head);
        match what {
            Next::Line(length) => {
                let (bytes, pen) = strand.input.take(length);
                content(bytes, pen, &mut self.buffer);
            }
            Next::Mark => {
                let words = strand.input.marks.pop_front().map(|(_, words)| words);
                marker(&words.unwrap_or_default(), &mut self.buffer);
            }
            Next::Landmark => {
                let words = strand.input.landmarks.pop_front().map(|(_, words)| words);
                marker(&words.unwrap_or_default(), &mut self.buffer);
            }
        }
        self.buffer.extend_from_slice(b"\x1b[0m\n");
        // A flood within one time does not wait for its end.
        if self.buffer.len() >= HELD { self.flush() } else { Ok(()) }
    }
}

/// `A node03 │ ` in the colour of the source: one of few, letters and names tell the rest apart.
fn head(source: usize, host: &str, width: usize) -> Vec<u8> {
    const COLOURS: [u8; 6] = [36, 33, 35, 32, 94, 91];
    let colour = COLOURS.get(source % COLOURS.len()).copied().unwrap_or(39);
    let blank = " ".repeat(width.saturating_sub(text_width(host)));
    let letter = MergedSheet::letter(source);
    format!("\x1b[0;1;{colour}m{letter}\x1b[22m {host}{blank}\x1b[0;2m │\x1b[0m ").into_bytes()
}

fn marker(words: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("\x1b[33m── {words} ──").as_bytes());
}

/// A line as it is shown: what goes back in it or moves the cursor would fall on what stands before it.
fn content(raw: &[u8], pen: &mut Style, out: &mut Vec<u8>) {
    let bare = raw.strip_suffix(b"\n").unwrap_or(raw);
    let bare = bare.strip_suffix(b"\r").unwrap_or(bare);
    if *pen == Style::default() && bare.iter().all(|byte| *byte >= b' ' || *byte == b'\t') {
        return out.extend_from_slice(bare);
    }
    let line = decode::line(raw, pen);
    for span in line.spans() {
        sgr(span.style, out);
        out.extend_from_slice(span.text.as_bytes());
    }
}

fn sgr(style: Style, out: &mut Vec<u8>) {
    let attributes = [
        (Attributes::BOLD, 1),
        (Attributes::DIM, 2),
        (Attributes::ITALIC, 3),
        (Attributes::UNDERLINE, 4),
        (Attributes::REVERSE, 7),
        (Attributes::STRIKE, 9),
    ];
    let mut codes = String::from("0");
    let mut add = |code: String| {
        codes.push(';');
        codes.push_str(&code);
    };
    for (_, code) in attributes.into_iter().filter(|(attribute, _)| style.attributes.contains(*attribute)) {
        add(code.to_string());
    }
    for (ground, colour) in [(38, style.fg), (48, style.bg)] {
        match colour {
            Color::Default => {}
            Color::Ansi(n) | Color::Indexed(n) => add(format!("{ground};5;{n}")),
            Color::Rgb(r, g, b) => add(format!("{ground};2;{r};{g};{b}")),
        }
    }
    match style.kind {
        Kind::Text => {}
        Kind::Escaped | Kind::Note => add("2".into()),
    }
    out.extend_from_slice(format!("\x1b[{codes}m").as_bytes());
}

/// Bytes that are handed out at once while what is there is merged.
const HANDED_OUT: usize = 256 << 10;

/// Bytes that are held at most.
const HELD: usize = 4 << 20;

/// Bytes of one log that are taken in one look.
const AT_ONCE: u64 = 4 << 20;

/// Twenty looks a second.
const PACE: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(raw: &[u8]) -> String {
        let mut out = head(1, "web-07", 8);
        content(raw, &mut Style::default(), &mut out);
        let line = decode::line(&out, &mut Style::default());
        line.text().to_owned()
    }

    #[test]
    fn a_line_never_falls_on_what_stands_before_it() {
        assert_eq!(shown(b"pass 1\r\n"), "B web-07   │ pass 1");
        assert_eq!(shown(b" 10 %\r 55 %\r100 %\n"), "B web-07   │ 100 %");
        assert_eq!(shown(b"\x1b[2J\x1b[Hhome \x1b[31mred\xff\n"), "B web-07   │ home red\\xff");
        assert_eq!(shown(b"a\x08\x08\x08\x08b\n"), "B web-07   │ b");
    }

    /// Each line arrived at the second it names.
    struct Named(Vec<u8>);

    impl crate::tui::pager::Arrivals for Named {
        fn of(&self, _: std::ops::Range<u64>) -> Vec<(u64, Wall)> {
            let text = String::from_utf8_lossy(&self.0).into_owned();
            let mut offset = 0;
            let lines = text.split_inclusive('\n').map(|line| {
                let at = line.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0);
                let sample = (offset, Wall(at * 1000));
                offset += as_u64(line.len());
                sample
            });
            lines.collect()
        }

        fn offset_at(&self, _: Wall) -> Option<u64> {
            None
        }
    }

    fn strand(n: usize, host: &str, text: &str) -> (Strand, tempfile::TempDir) {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("out.log");
        std::fs::write(&path, text).expect("written");
        let log =
            (crate::domain::id::AttemptId::parse("0123456789.1").expect("an id"), crate::domain::run::Stream::Out);
        let (_, end) = watch::channel(as_u64(text.len()));
        let input = Input::new(path, 0, Some(Box::new(Named(text.into()))));
        (Strand { log, input, end, from: 0, head: head(n, host, 4), told: Vec::new() }, dir)
    }

    #[test]
    fn lines_stand_in_the_order_in_which_they_arrived_with_what_happened_between_them() {
        let (mut one, _one) = strand(0, "elm", "1 boots\n4 works\n9 ends\n");
        let (mut two, _two) = strand(1, "fir", "2 boots\n4 too\n5 more\n7 not yet end");
        one.input.landmarks.push_back((Wall(3_000), "rebooted".into()));
        two.input.marks.push_back((14, "gap: host gave up 9 B".into()));
        let spill = Arc::new(Spill::create().expect("a file"));
        let out = Writer { spill: Arc::clone(&spill), buffer: Vec::new() };
        let mut loom = Loom { shared: Arc::default(), ring: Arc::new(|| ()), out };
        loom.begin(&mut [one, two]).expect("merged");
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut spill.part(0), &mut bytes).expect("read");
        let mut pen = Style::default();
        let lines = bytes.split_inclusive(|byte| *byte == b'\n').map(|raw| decode::line(raw, &mut pen));
        let text: Vec<_> = lines.map(|line| line.text().to_owned()).collect();
        assert_eq!(
            text,
            [
                "A elm  │ 1 boots",
                "B fir  │ 2 boots",
                "A elm  │ ── rebooted ──",
                "A elm  │ 4 works",
                "B fir  │ 4 too",
                "B fir  │ ── gap: host gave up 9 B ──",
                "B fir  │ 5 more",
                "A elm  │ 9 ends",
            ]
        );
        assert_eq!(spill.end(), as_u64(bytes.len()));
        assert_eq!(lock(&loom.shared.merging).clone(), crate::app::merged::Merging::default());
    }

    #[test]
    fn colours_are_kept_and_go_on_in_the_next_line_of_the_same_host() {
        let (mut pen, mut out) = (Style::default(), Vec::new());
        content(b"\x1b[1;38;5;200mbright\n", &mut pen, &mut out);
        out.clear();
        content(b"still\n", &mut pen, &mut out);
        assert_eq!(out, b"\x1b[0;1;38;5;200mstill");
    }
}
