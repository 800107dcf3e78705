//! The pager against files: a log of 300 MB, one that grows, one that is cut, one with marks, and the whole
//! pane's state on top of it.
#![cfg(feature = "tui")]
#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use steadfast::app::key::{Code, Key};
use steadfast::app::output::{
    Anchor, Direction, Effect, Extent, Marker, Msg, Order, Outcome, Pattern, Progress, Request, Seek, Stamp, View,
    Window,
};
use steadfast::domain::event::OutputMark;
use steadfast::domain::id::AttemptId;
use steadfast::domain::moment::Wall;
use steadfast::domain::run::Stream;
use steadfast::tui::pager::{Answers, Arrivals, Pager};

/// Generous: a machine that is busy with other things still gets there.
const LIMIT: Duration = Duration::from_secs(120);

/// A pager and what it has answered.
struct Desk {
    pager: Pager,
    bell: Receiver<()>,
    seen: Answers,
    serial: u64,
}

impl Desk {
    fn open(path: &Path, end: u64) -> Self {
        let (ring, bell) = sync_channel(1);
        let notify = Arc::new(move || {
            // Full: somebody will look anyway.
            ring.try_send(()).ok();
        });
        let pager = Pager::open(path.to_owned(), end, notify).expect("threads");
        Self { pager, bell, seen: Answers::default(), serial: 0 }
    }

    /// Waits until what has been answered so far gives something.
    fn until<T>(&mut self, look: impl Fn(&Answers) -> Option<T>) -> T {
        loop {
            let new = self.pager.take();
            self.seen.window = new.window.or(self.seen.window.take());
            self.seen.extent = new.extent.or(self.seen.extent);
            self.seen.progress = new.progress.or(self.seen.progress);
            self.seen.sifted = new.sifted.or(self.seen.sifted);
            if let Some(found) = look(&self.seen) {
                return found;
            }
            self.bell.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("no answer; so far {:?}", self.seen.extent));
        }
    }

    fn window(&mut self, anchor: Anchor, before: usize, after: usize) -> Window {
        self.serial += 1;
        let serial = self.serial;
        self.pager.read(Request { serial, anchor, before, after, times: true });
        self.until(|seen| seen.window.clone().filter(|window| window.serial == serial && !window.partial))
    }

    /// As [`Desk::window`], of a pager that rings for nobody.
    fn spin(&mut self, anchor: Anchor, before: usize, after: usize) -> Window {
        self.serial += 1;
        let serial = self.serial;
        self.pager.read(Request { serial, anchor, before, after, times: true });
        loop {
            if let Some(window) = self.pager.take().window.filter(|window| window.serial == serial) {
                return window;
            }
            std::thread::yield_now();
        }
    }

    fn indexed(&mut self, end: u64) -> Extent {
        self.until(|seen| seen.extent.filter(|extent| extent.end == end && extent.indexed == end))
    }

    fn search(&mut self, pattern: &str, direction: Direction, from: u64) {
        self.serial += 1;
        let seek = Seek { serial: self.serial, direction, from };
        let pattern = Pattern::parse(pattern).expect("a pattern");
        self.seen.progress = None;
        self.pager.search(Order::Start { pattern, seek });
    }

    fn found(&mut self) -> Outcome {
        let serial = self.serial;
        let settled = |progress: &Progress| match progress.seek.filter(|sought| sought.serial == serial)?.outcome {
            Outcome::Seeking(_) | Outcome::Found { ordinal: None, .. } => None,
            outcome @ (Outcome::Found { .. } | Outcome::Nothing | Outcome::Failed) => Some(outcome),
        };
        self.until(|seen| seen.progress.as_ref().and_then(settled))
    }

    fn counted(&mut self, end: u64) -> u64 {
        let complete =
            |progress: &Progress| (progress.counted == end && progress.end == end).then_some(progress.matches);
        self.until(|seen| seen.progress.as_ref().and_then(complete))
    }
}

fn texts(window: &Window) -> Vec<String> {
    window.entries.iter().map(|entry| entry.line.text().to_owned()).collect()
}

/// A log of 300 MB, made once for all tests of this file.
struct Large {
    /// Removes it when the last test is over, also when that failed.
    _directory: tempfile::TempDir,
    path: PathBuf,
    length: u64,
    lines: u64,
}

fn text_of(line: u64) -> String {
    match line % 1000 {
        17 => format!("{line:08} \u{1b}[31merror\u{1b}[0m: worker {} lost 漢字", line % 7),
        18 => format!("{line:08} {}", "long ".repeat(400)),
        19 => String::new(),
        _ => format!("{line:08} {}", "the quick brown fox jumps over the lazy dog; ".repeat(5)),
    }
}

fn large() -> Arc<Large> {
    static SHARED: OnceLock<std::sync::Mutex<std::sync::Weak<Large>>> = OnceLock::new();
    let mut slot = SHARED.get_or_init(Default::default).lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(large) = slot.upgrade() {
        return large;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("out.log");
    let mut file = BufWriter::with_capacity(1 << 20, File::create(&path).expect("a file"));
    let (mut length, mut lines) = (0, 0);
    while length < 300 << 20 {
        let line = text_of(lines) + if lines % 2 == 0 { "\n" } else { "\r\n" };
        file.write_all(line.as_bytes()).expect("written");
        length += line.len() as u64;
        lines += 1;
    }
    file.flush().expect("written");
    let large = Arc::new(Large { _directory: directory, path, length, lines });
    *slot = Arc::downgrade(&large);
    large
}

/// What the pane shows of a line of [`text_of`].
fn shown(line: u64) -> String {
    text_of(line).replace("\u{1b}[31m", "").replace("\u{1b}[0m", "")
}

#[test]
fn a_large_log_is_shown_from_its_end_and_from_any_line() {
    let large = large();
    let mut desk = Desk::open(&large.path, large.length);
    let window = desk.window(Anchor::End, 50, 10);
    let expected: Vec<_> = (large.lines - 51..large.lines).map(shown).collect();
    assert_eq!(texts(&window), expected);
    assert!(window.reaches_end());

    assert_eq!(desk.indexed(large.length).lines, large.lines);
    // 64 KiB each, and never more than 65,536 of them.
    assert_eq!(desk.pager.index_entries() as u64, large.length / (64 << 10));

    let mut samples = vec![0, 1, 17, 18, 19, 20, large.lines - 1];
    samples.extend((1..20).map(|part| large.lines / 20 * part + 7 * part));
    let script: String = samples.iter().map(|line| format!("{}p;", line + 1)).collect();
    let sed = Command::new("sed").arg("-n").arg(script).arg(&large.path).output().expect("sed runs");
    let sed = String::from_utf8(sed.stdout).expect("text");
    samples.sort_unstable();
    samples.dedup();
    for (&line, from_sed) in samples.iter().zip(sed.lines()) {
        let window = desk.window(Anchor::Line(line), 3, 3);
        let entry = &window.entries[window.anchor];
        let from_sed = from_sed.replace("\u{1b}[31m", "").replace("\u{1b}[0m", "");
        assert_eq!((entry.line.text(), entry.number), (from_sed.trim_end_matches('\r'), Some(line)), "line {line}");
        let by_offset = desk.window(Anchor::Offset(entry.offset + 1), 3, 3);
        assert_eq!(texts(&by_offset), texts(&window), "line {line}");
    }
    assert_eq!(sed.lines().count(), samples.len());
    let beyond = desk.window(Anchor::Line(u64::MAX), 0, 1);
    assert_eq!(texts(&beyond), [shown(large.lines - 1)], "past the end is the end");
    desk.pager.close();
}

#[test]
fn a_search_of_a_large_log_counts_what_a_plain_scan_counts() {
    let large = large();
    let mut desk = Desk::open(&large.path, large.length);
    let expected = (0..large.lines).filter(|line| line % 1000 == 17).count() as u64;
    desk.search("error: worker [0-9]", Direction::Backward, u64::MAX);
    let last = (0..large.lines).rev().find(|line| line % 1000 == 17).expect("there is one");
    let Outcome::Found { line, ordinal, wrapped: false, .. } = desk.found() else { panic!("it is there") };
    assert_eq!(ordinal, Some(expected));
    let window = desk.window(Anchor::Offset(line), 0, 1);
    assert_eq!((window.entries[0].offset, window.entries[0].number), (line, Some(last)));
    assert_eq!(texts(&window), [shown(last)]);
    assert_eq!(desk.counted(large.length), expected);

    desk.serial += 1;
    desk.pager.search(Order::Seek(Seek { serial: desk.serial, direction: Direction::Forward, from: line + 1 }));
    let Outcome::Found { line, ordinal, wrapped, .. } = desk.found() else { panic!("it goes on at the beginning") };
    assert_eq!((ordinal, wrapped), (Some(1), true));
    assert_eq!(texts(&desk.window(Anchor::Offset(line), 0, 1)), [shown(17)]);
    desk.pager.close();
}

#[test]
fn a_search_can_be_replaced_and_stopped() {
    let large = large();
    let mut desk = Desk::open(&large.path, large.length);
    desk.search("nothing has this", Direction::Forward, 0);
    desk.search("^00000017 error", Direction::Forward, 0);
    let Outcome::Found { ordinal: Some(1), .. } = desk.found() else { panic!("it is near the beginning") };
    desk.pager.search(Order::Stop);
    desk.search("^00000018 long", Direction::Forward, 0);
    let Outcome::Found { ordinal: Some(1), .. } = desk.found() else { panic!("it is near the beginning") };
    desk.pager.close();
}

struct Small {
    _directory: tempfile::TempDir,
    path: PathBuf,
    length: u64,
}

impl Small {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("out.log");
        Self { _directory: directory, path, length: 0 }
    }

    fn append(&mut self, text: &[u8]) -> u64 {
        let mut file = OpenOptions::new().create(true).append(true).open(&self.path).expect("a file");
        file.write_all(text).expect("written");
        self.length += text.len() as u64;
        self.length
    }

    fn cut(&mut self, length: u64) {
        OpenOptions::new().write(true).open(&self.path).expect("a file").set_len(length).expect("cut");
        self.length = length;
    }
}

#[test]
fn a_log_is_followed_from_before_it_exists() {
    let mut log = Small::new();
    let mut desk = Desk::open(&log.path, 0);
    assert_eq!(desk.window(Anchor::End, 5, 5).entries, []);
    let end = log.append(b"one\ntw");
    desk.pager.set_end(end);
    assert_eq!(desk.indexed(end).lines, 2);
    assert_eq!(texts(&desk.window(Anchor::End, 5, 5)), ["one", "tw"]);
    let end = log.append(b"o\nthree\n");
    assert_eq!(texts(&desk.window(Anchor::End, 5, 5)), ["one", "tw"], "not before it may be read");
    desk.pager.set_end(end);
    assert_eq!(desk.indexed(end).lines, 3);
    let window = desk.window(Anchor::End, 5, 5);
    assert_eq!(texts(&window), ["one", "two", "three"]);
    assert_eq!(window.entries[2].number, Some(2));
    desk.pager.close();
}

#[test]
fn a_line_that_the_index_has_not_reached_is_waited_for() {
    let mut log = Small::new();
    let end = log.append(&b"x\n".repeat(1_000_000));
    let mut desk = Desk::open(&log.path, end);
    let window = desk.window(Anchor::Line(999_999), 0, 1);
    assert_eq!(window.entries[0].number, Some(999_999));
    desk.pager.close();
}

#[test]
fn a_log_that_was_cut_is_read_as_it_is_now() {
    let mut log = Small::new();
    let end = log.append(&b"0123456789 a line\n".repeat(50_000));
    let mut desk = Desk::open(&log.path, end);
    assert_eq!(desk.indexed(end).lines, 50_000);
    desk.search("a line", Direction::Forward, 0);
    assert_eq!(desk.counted(end), 50_000);
    log.cut(18 * 100);
    desk.pager.set_end(log.length);
    assert_eq!(desk.indexed(1800).lines, 100);
    assert_eq!(desk.counted(1800), 100);
    let window = desk.window(Anchor::Offset(end), 2, 5);
    assert_eq!((window.entries.len(), window.end), (3, 1800));
    let end = log.append(b"more\n");
    desk.pager.set_end(end);
    assert_eq!(desk.indexed(end).lines, 101);
    assert_eq!(texts(&desk.window(Anchor::End, 0, 1)), ["more"]);
    desk.pager.close();
}

#[test]
fn marks_stand_where_they_happened() {
    let mut log = Small::new();
    let end = log.append(b"one\ntwo\nthree\nfour\n");
    let mut desk = Desk::open(&log.path, end);
    let gap = |log_offset| OutputMark::Gap { log_offset, spool_offset: log_offset + 99, lost: 99 };
    let blind = |log_offset| {
        let (duration, cause) = (Duration::from_secs(61), "own\u{1b}[31m network".into());
        OutputMark::Blind { log_offset, duration, cause, caught_up: 5 }
    };
    desk.pager.set_marks(vec![blind(end), gap(5), blind(0), blind(9)]);
    let window = desk.window(Anchor::End, 10, 1);
    let lost = Marker::Gap { lost: 99 };
    let dark = Marker::Blind { duration: Duration::from_secs(61), cause: "own[31m network".into(), caught_up: 5 };
    let rows: Vec<_> = window
        .entries
        .iter()
        .flat_map(|entry| {
            let text = format!("{}{}", if entry.continued { "+" } else { "" }, entry.line.text());
            let marks = |marks: &[Marker]| marks.iter().map(|m| format!("-- {}", m.text())).collect::<Vec<_>>();
            [marks(&entry.before), vec![text], marks(&entry.after)].concat()
        })
        .collect();
    let (lost, dark) = (format!("-- {}", lost.text()), format!("-- {}", dark.text()));
    assert_eq!(rows, [&dark, "one", "t", &lost, "+wo", "three", &dark, "four", &dark]);
    desk.pager.close();
}

#[test]
fn lines_that_are_alarms_are_marked_and_no_others() {
    let mut log = Small::new();
    let end = log.append(b"one\ntwo\nthree\nfour\n");
    let mut desk = Desk::open(&log.path, end);
    assert!(!desk.window(Anchor::End, 10, 1).alarms);
    desk.pager.set_alarms(vec![14, 4]);
    desk.pager.set_marks(vec![OutputMark::Gap { log_offset: 8, spool_offset: 9, lost: 1 }]);
    let window = desk.window(Anchor::End, 10, 1);
    let alarms: Vec<_> = window.entries.iter().filter(|entry| entry.alarm).map(|entry| entry.line.text()).collect();
    assert!(window.alarms && alarms == ["two", "four"], "{alarms:?}");
    desk.pager.close();
}

#[test]
fn a_colour_from_before_the_window_goes_on_in_it() {
    let mut log = Small::new();
    let end = log.append(b"\x1b[31mred\nstill red\nalso red\x1b[0m\nplain\n");
    let mut desk = Desk::open(&log.path, end);
    let whole = desk.window(Anchor::Offset(0), 0, 10);
    for (at, entry) in whole.entries.iter().enumerate() {
        let alone = desk.window(Anchor::Offset(entry.offset), 0, 1);
        assert_eq!(alone.entries[0].line, whole.entries[at].line, "line {at}");
    }
    assert_ne!(
        whole.entries[1].line.spans().next().map(|s| s.style),
        whole.entries[3].line.spans().next().map(|s| s.style)
    );
    desk.pager.close();
}

#[test]
fn a_line_of_many_megabytes_is_walked_through_in_parts() {
    let mut log = Small::new();
    log.append(b"first\n");
    log.append(&vec![b'x'; 20 << 20]);
    let end = log.append(b"\nlast\n");
    let mut desk = Desk::open(&log.path, end);
    assert_eq!(desk.indexed(end).lines, 3);
    let window = desk.window(Anchor::End, 2000, 1);
    assert_eq!(window.starts_at(), 0);
    assert_eq!(
        (texts(&window).first().cloned(), texts(&window).last().cloned()),
        (Some("first".into()), Some("last".into()))
    );
    assert!(
        window.entries.iter().all(|entry| entry.next - entry.offset <= 512 << 10),
        "no part is longer than two pieces"
    );
    assert!(window.entries.windows(2).all(|pair| pair[0].next == pair[1].offset), "nothing is left out");
    assert_eq!(window.entries.iter().filter(|entry| entry.number == Some(1) && !entry.continued).count(), 1);
    desk.pager.close();
}

/// The state of the pane and the reader, wired as the screen wires them.
struct Pane {
    view: View,
    desk: Desk,
}

impl Pane {
    fn open(path: &Path, end: u64) -> Self {
        let mut pane = Self { view: View::default(), desk: Desk::open(path, end) };
        let id = AttemptId::parse("0123456789.1").expect("an id");
        for msg in [Msg::Resized { columns: 100, rows: 20 }, Msg::Show(id, Stream::Out), Msg::Grew(end)] {
            pane.tell(msg);
        }
        pane
    }

    fn tell(&mut self, msg: Msg) {
        for effect in self.view.update(msg) {
            match effect {
                Effect::Read(request) => self.desk.pager.read(request),
                Effect::Search(order) => self.desk.pager.search(order),
                Effect::Filter(pattern) => self.desk.pager.filter(pattern),
            }
        }
    }

    fn keys(&mut self, keys: &[Key]) {
        for key in keys {
            self.tell(Msg::Key(*key));
        }
    }

    /// Runs the loop of the screen until it shows what is wanted.
    fn until(&mut self, what: &str, wanted: impl Fn(&View) -> bool) {
        while !wanted(&self.view) {
            let answers = self.desk.pager.take();
            let none = answers == Answers::default();
            let msgs = [
                answers.window.map(Msg::Window),
                answers.extent.map(Msg::Extent),
                answers.progress.map(Msg::Progress),
                answers.sifted.map(Msg::Sifted),
            ];
            for msg in msgs.into_iter().flatten() {
                self.tell(msg);
            }
            if none && self.desk.bell.recv_timeout(LIMIT).is_err() {
                panic!("{what} never came; it shows {:?} at {}", visible(&self.view), self.view.position_words());
            }
        }
    }
}

fn visible(view: &View) -> Vec<String> {
    view.window().entries[view.visible()].iter().map(|entry| entry.line.text().to_owned()).collect()
}

#[test]
fn the_pane_walks_a_large_log() {
    let large = large();
    let mut pane = Pane::open(&large.path, large.length);
    let last = shown(large.lines - 1);
    pane.until("the end", |view| visible(view).last() == Some(&last));
    assert!(pane.view.is_following());
    pane.keys(&[Key::char('g')]);
    pane.until("the beginning", |view| visible(view).first() == Some(&shown(0)));
    pane.keys(&[Key::of(Code::PageDown); 40]);
    pane.until("some pages further", |view| view.window().entries[view.visible()][0].number.is_some_and(|n| n > 200));
    for key in "/worker 3 lost".chars() {
        pane.keys(&[Key::char(key)]);
    }
    pane.keys(&[Key::of(Code::Enter)]);
    let hit = |view: &View| {
        let hit = view.find().hit()?;
        view.window().entries[view.visible()].iter().find(|entry| entry.offset == hit).map(|e| e.line.text().to_owned())
    };
    let is_hit = |text: String| text.contains("worker 3 lost 漢字");
    pane.until("a hit", |view| hit(view).is_some_and(is_hit));
    let first = hit(&pane.view);
    pane.keys(&[Key::char('n')]);
    pane.until("the next hit", |view| hit(view).is_some_and(is_hit) && hit(view) > first);
    pane.keys(&[Key::char('N')]);
    pane.until("the first hit again", |view| hit(view) == first);
    pane.keys(&[Key::of(Code::Esc), Key::char('G')]);
    pane.until("the end again", |view| view.is_following() && visible(view).last() == Some(&last));
    pane.until("the number of lines", |view| view.position_words().ends_with(" lines"));
    pane.desk.pager.close();
}

#[test]
fn only_lines_that_pass_the_filter_are_read_and_they_are_counted() {
    let large = large();
    let mut desk = Desk::open(&large.path, large.length);
    let filter = |text: &str| Some(Pattern::parse(text).expect("a pattern"));
    let wanted: Vec<u64> = (0..large.lines).filter(|line| line % 1000 == 17 && line % 7 == 3).collect();
    let shown = |lines: &[u64]| lines.iter().map(|line| shown(*line)).collect::<Vec<_>>();
    desk.pager.filter(filter("worker 3 lost"));
    // Before anything is counted, and after.
    for _ in 0..2 {
        let window = desk.window(Anchor::End, 10, 3);
        assert_eq!(texts(&window), shown(&wanted[wanted.len() - 10..]));
        assert!(window.reaches_end() && window.starts_at() > 0);
        let window = desk.window(Anchor::Offset(0), 10, 3);
        assert_eq!(texts(&window), shown(&wanted[..3]));
        assert!(!window.reaches_end() && window.starts_at() == 0);
        desk.indexed(large.length);
        let window = desk.window(Anchor::Line(wanted[5]), 2, 2);
        assert_eq!((window.anchor, texts(&window)), (2, shown(&wanted[3..7])));
        assert_eq!(window.entries[2].number, Some(wanted[5]));
        let complete = desk.until(|seen| seen.sifted.filter(|sifted| sifted.counted == sifted.end));
        assert_eq!(complete.lines, wanted.len() as u64);
    }
    desk.search("worker [2-4] lost", Direction::Backward, u64::MAX);
    let Outcome::Found { ordinal, .. } = desk.found() else { panic!("it is there") };
    assert_eq!(ordinal, Some(wanted.len() as u64), "only what is shown is searched");
    desk.pager.filter(None);
    assert_eq!(desk.window(Anchor::End, 10, 3).entries.len(), 11);
    desk.pager.close();
}

#[test]
fn a_filter_follows_a_log_that_grows_and_one_that_is_cut() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("out.log");
    let write = |text: &str| {
        let mut file = OpenOptions::new().append(true).create(true).open(&path).expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        file.metadata().expect("a length").len()
    };
    let end = write("a hit\nmiss\n");
    let mut desk = Desk::open(&path, end);
    desk.pager.filter(Some(Pattern::parse("hit").expect("a pattern")));
    assert_eq!(texts(&desk.window(Anchor::End, 5, 5)), ["a hit"]);
    let end = write("b hit\nc h");
    desk.pager.set_end(end);
    assert_eq!(texts(&desk.window(Anchor::End, 5, 5)), ["a hit", "b hit"]);
    let end = write("it");
    desk.pager.set_end(end);
    let window = desk.window(Anchor::End, 5, 5);
    assert_eq!(texts(&window), ["a hit", "b hit", "c hit"]);
    assert_eq!(window.entries.iter().map(|entry| entry.next).collect::<Vec<_>>(), [11, 17, end]);
    let counted = desk.until(|seen| seen.sifted.filter(|sifted| sifted.counted == end));
    assert_eq!(counted.lines, 3);
    OpenOptions::new().write(true).open(&path).expect("a file").set_len(11).expect("cut");
    desk.pager.set_end(11);
    let counted = desk.until(|seen| seen.sifted.filter(|sifted| sifted.end == 11 && sifted.counted == 11));
    assert_eq!(counted.lines, 1);
    assert_eq!(texts(&desk.window(Anchor::End, 5, 5)), ["a hit"]);
    desk.pager.filter(Some(Pattern::parse("no such line").expect("a pattern")));
    let window = desk.window(Anchor::End, 5, 5);
    assert!(window.entries.is_empty() && window.reaches_end() && window.starts_at() == 0, "{window:?}");
    desk.pager.close();
}

/// Ten bytes a second, from the second of 1,000 on.
struct Steady;

impl Arrivals for Steady {
    fn of(&self, range: std::ops::Range<u64>) -> Vec<(u64, Wall)> {
        (range.start / 10..=range.end / 10).map(|second| (second * 10, second_of(second))).collect()
    }

    fn offset_at(&self, at: Wall) -> Option<u64> {
        u64::try_from(at.0 / 1000 - 1000).ok().map(|second| second * 10)
    }
}

fn second_of(second: u64) -> Wall {
    Wall(i64::try_from(1000 + second).expect("small") * 1000)
}

#[test]
fn lines_have_the_time_at_which_they_arrived_and_are_gone_to_by_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("out.log");
    let text: String = (0..100).map(|line| format!("line {line:04}\n")).collect();
    std::fs::write(&path, &text).expect("written");
    let open = |arrivals| Pager::with_times(path.clone(), 1000, arrivals, Arc::new(|| ())).expect("threads");
    let (ring, bell) = sync_channel(1);
    drop(ring);
    let mut desk = Desk { pager: open(Some(Box::new(Steady))), bell, seen: Answers::default(), serial: 0 };
    let blind = OutputMark::Blind {
        log_offset: 300,
        duration: Duration::from_secs(60),
        cause: "own network".into(),
        caught_up: 100,
    };
    desk.pager.set_marks(vec![blind]);
    let window = desk.spin(Anchor::Time(second_of(30)), 1, 2);
    let stamps: Vec<_> = window.entries.iter().filter_map(|entry| entry.time).collect();
    let stamp = |second, at_latest| Stamp { at: second_of(second), at_latest };
    assert_eq!(stamps, [stamp(29, false), stamp(30, true), stamp(31, true)]);
    assert_eq!((window.anchor, texts(&window)[1].as_str()), (1, "line 0030"));
    assert_eq!(desk.spin(Anchor::Part(5000), 0, 1).entries[0].offset, 500);
    let early = desk.spin(Anchor::Time(Wall(5)), 0, 1);
    assert!(early.entries[0].offset == 0 && early.note.is_some_and(|note| note.contains("beginning")));
    desk.pager = open(None);
    let unknown = desk.spin(Anchor::Time(second_of(30)), 0, 1);
    assert!(unknown.entries[0].time.is_none() && unknown.note.is_some_and(|note| note.contains("not known")));
    desk.pager.close();
}
