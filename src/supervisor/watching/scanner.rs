//! Finds alarms in a stream of output, each line once, however it is cut into pieces.

use std::time::Duration;

use memchr::{memchr2, memchr2_iter, memrchr2};
use regex::bytes::RegexSet;

use crate::domain::moment::Mono;
use crate::domain::progress::plain;
use crate::domain::run::Stream;
use crate::domain::watch::{AlarmHit, LINE_SHOWN, Watch, compile};
use crate::ledger::{WatchState, WatchedPattern};
use crate::supervisor::watching::prefilter::Prefilter;

/// What is looked for, how far it was looked, and what was found.
pub(super) struct Scanner {
    prefilter: Prefilter,
    patterns: RegexSet,
    ignored: RegexSet,
    /// Of each pattern, which count it belongs to.
    count_of: Vec<usize>,
    counts: Vec<Count>,
    /// A line that has begun and is not yet looked at, at most [`LINE`] bytes, and where it begins.
    begun: Vec<u8>,
    at: u64,
    /// Places that the ledger does not have yet.
    places: Vec<(u64, String)>,
    changed: bool,
}

/// Of the patterns of one name.
struct Count {
    found: WatchedPattern,
    told: u64,
    told_at: Option<Mono>,
}

impl Scanner {
    /// What of the patterns cannot be used is left out, and said.
    pub(super) fn new(watch: &Watch) -> (Self, Option<String>) {
        let all = watch.patterns();
        let regexes: Vec<&str> = all.iter().map(|pattern| pattern.regex.as_str()).collect();
        let compiled = compile(regexes.iter().copied());
        let ignored = compile(watch.ignored().iter().map(String::as_str));
        let problem = compiled.as_ref().err().or(ignored.as_ref().err()).cloned();
        let (mut count_of, mut counts) = (Vec::new(), Vec::<Count>::new());
        for pattern in &all {
            let known = counts.iter().position(|count| count.found.pattern == pattern.name);
            count_of.push(known.unwrap_or(counts.len()));
            if known.is_none() {
                let found = WatchedPattern { pattern: pattern.name.clone(), hits: 0, offset: 0, line: String::new() };
                counts.push(Count { found, told: 0, told_at: None });
            }
        }
        let (patterns, ignored) = (compiled.unwrap_or_default(), ignored.unwrap_or_default());
        let scanner = Self {
            prefilter: Prefilter::new(&regexes),
            patterns,
            ignored,
            count_of,
            counts,
            begun: Vec::with_capacity(LINE),
            at: 0,
            places: Vec::new(),
            changed: false,
        };
        (scanner, problem)
    }

    /// Goes on where an earlier one was.
    pub(super) fn resume(&mut self, state: WatchState) {
        self.at = state.scanned;
        for found in state.found {
            if let Some(count) = self.counts.iter_mut().find(|count| count.found.pattern == found.pattern) {
                count.found = found;
            }
        }
    }

    /// Everything before this offset was looked at, and nothing after it.
    #[cfg(test)]
    fn scanned(&self) -> u64 {
        self.at
    }

    /// Where the next byte belongs.
    pub(super) fn position(&self) -> u64 {
        self.at + self.begun.len() as u64
    }

    /// Looks at the next bytes of the log.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.begun.is_empty() {
                let whole = memrchr2(b'\n', b'\r', bytes).map_or(0, |last| last + 1);
                self.look_at_lines(&bytes[..whole]);
                self.at += whole as u64;
                bytes = &bytes[whole..];
                while bytes.len() >= LINE {
                    self.look_at(self.at, &bytes[..LINE]);
                    self.at += LINE as u64;
                    bytes = &bytes[LINE..];
                }
                self.begun.extend_from_slice(bytes);
                return;
            }
            let room = (LINE - self.begun.len()).min(bytes.len());
            let end = memchr2(b'\n', b'\r', &bytes[..room]);
            self.begun.extend_from_slice(&bytes[..end.unwrap_or(room)]);
            bytes = &bytes[end.map_or(room, |end| end + 1)..];
            if end.is_some() || self.begun.len() == LINE {
                self.end_line();
                self.at += u64::from(end.is_some());
            }
        }
    }

    /// No more will come: what has begun is a line.
    pub(super) fn finish(&mut self) {
        if !self.begun.is_empty() {
            self.end_line();
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.begun);
        self.look_at(self.at, &line);
        self.at += line.len() as u64;
        self.begun = line;
        self.begun.clear();
    }

    /// Most output has nothing in it, and most lines of the rest: they are passed over.
    fn look_at_lines(&mut self, lines: &[u8]) {
        self.changed = true;
        if self.prefilter.anywhere(lines) {
            let mut start = 0;
            for end in memchr2_iter(b'\n', b'\r', lines) {
                self.look_at_line(start, &lines[start..end]);
                start = end + 1;
            }
            return;
        }
        let mut from = 0;
        while let Some(at) = self.prefilter.next(lines, from) {
            let start = memrchr2(b'\n', b'\r', &lines[from..at]).map_or(from, |end| from + end + 1);
            let end = memchr2(b'\n', b'\r', &lines[at..]).map_or(lines.len(), |end| at + end);
            self.look_at_line(start, &lines[start..end]);
            from = end + 1;
        }
    }

    /// `start` counts from where we are.
    fn look_at_line(&mut self, start: usize, line: &[u8]) {
        for (piece, part) in line.chunks(LINE).enumerate() {
            self.look_at(self.at + (start + piece * LINE) as u64, part);
        }
    }

    fn look_at(&mut self, offset: u64, line: &[u8]) {
        self.changed = true;
        let matched = self.patterns.matches(line);
        if !matched.matched_any() || self.ignored.is_match(line) {
            return;
        }
        let mut counted: Vec<usize> =
            matched.iter().filter_map(|pattern| self.count_of.get(pattern).copied()).collect();
        counted.dedup();
        for (n, of) in counted.iter().enumerate() {
            let Some(count) = self.counts.get_mut(*of).filter(|_| !counted[..n].contains(of)) else { continue };
            let found = &mut count.found;
            if found.hits < PLACES {
                self.places.push((offset, found.pattern.clone()));
            }
            found.hits += 1;
            found.offset = offset;
            found.line = plain(line).trim().chars().take(LINE_SHOWN).collect();
        }
    }

    /// What is to be told: the first line of each pattern at once, later ones together and seldom; with
    /// `all`, everything that was not told yet.
    pub(super) fn take_due(&mut self, now: Mono, stream: Stream, all: bool) -> Vec<AlarmHit> {
        let mut due = Vec::new();
        for count in &mut self.counts {
            let waits = count.told_at.is_some_and(|at| now.since(at) < PACE);
            if count.found.hits == count.told || (waits && !all) {
                continue;
            }
            (count.told, count.told_at) = (count.found.hits, Some(now));
            let WatchedPattern { pattern, hits, offset, line } = count.found.clone();
            due.push(AlarmHit { pattern, stream, hits, offset, line });
        }
        due.sort_by_key(|hit| hit.offset);
        due
    }

    /// When there is something to tell.
    pub(super) fn due_at(&self) -> Option<Mono> {
        let open = self.counts.iter().filter(|count| count.found.hits > count.told);
        open.map(|count| count.told_at.map_or(Mono::default(), |at| at + PACE)).min()
    }

    /// What the ledger is to know, if it has changed.
    pub(super) fn take_state(&mut self) -> Option<(WatchState, Vec<(u64, String)>)> {
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        let found = self.counts.iter().filter(|count| count.found.hits > 0).map(|count| count.found.clone());
        Some((WatchState { scanned: self.at, found: found.collect() }, std::mem::take(&mut self.places)))
    }

    /// The ledger had no room: it is told later.
    pub(super) fn put_back(&mut self, places: Vec<(u64, String)>) {
        self.changed = true;
        self.places = places;
    }

    pub(super) fn has_places(&self) -> bool {
        !self.places.is_empty()
    }
}

/// A longer line is looked at in pieces of this size; what lies across a cut is not seen.
pub(super) const LINE: usize = 4096;

/// Lines of a pattern, in each stream, of which the place is kept; all are counted.
pub(super) const PLACES: u64 = 200;

/// Of each pattern the first line is told at once, the next ones together after this time.
pub(super) const PACE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::watch::AlarmPattern;

    fn watch(patterns: &[(&str, &str)]) -> Watch {
        let pattern = |(name, regex): &(&str, &str)| AlarmPattern { name: (*name).into(), regex: (*regex).into() };
        Watch { defaults: false, alarms: patterns.iter().map(pattern).collect(), ..Watch::default() }
    }

    fn scanner(watch: &Watch) -> Scanner {
        let (scanner, problem) = Scanner::new(watch);
        assert_eq!(problem, None);
        scanner
    }

    fn told(scanner: &mut Scanner) -> Vec<(String, u64, u64, String)> {
        let hits = scanner.take_due(Mono::default(), Stream::Out, true);
        hits.into_iter().map(|hit| (hit.pattern, hit.hits, hit.offset, hit.line)).collect()
    }

    #[test]
    fn lines_are_counted_by_name_and_told_first_at_once_then_together() {
        let mut scanner = scanner(&watch(&[("disk", "I/O error"), ("disk", "sector"), ("panic", "^panic$")]));
        scanner.feed(b"ok\r\nI/O error, sector 5\r\npanic\r\n");
        let second = Mono(Duration::from_secs(1));
        let hits = scanner.take_due(second, Stream::Out, false);
        assert_eq!(
            hits.iter().map(|hit| (&*hit.pattern, hit.hits, hit.offset)).collect::<Vec<_>>(),
            [("disk", 1, 4), ("panic", 1, 25)]
        );
        assert_eq!(hits[0].line, "I/O error, sector 5");
        scanner.feed(b"I/O error\nI/O error\n");
        assert_eq!(scanner.take_due(second + Duration::from_secs(59), Stream::Out, false), []);
        assert_eq!(scanner.due_at(), Some(second + PACE));
        let later = scanner.take_due(second + PACE, Stream::Out, false);
        assert_eq!(later.iter().map(|hit| hit.hits).collect::<Vec<_>>(), [3]);
        assert_eq!(scanner.due_at(), None);
    }

    #[test]
    fn the_defaults_know_what_machines_say_and_what_they_do_not_mean() {
        let mut scanner = scanner(&Watch::default());
        for (line, name) in [
            ("[12.3] Kernel panic - not syncing: Fatal exception", "kernel panic"),
            ("BUG: unable to handle page fault for address: ffffc90000", "kernel oops"),
            ("mce: [Hardware Error]: Machine check events logged", "hardware error"),
            ("blk_update_request: I/O error, dev sda, sector 12345", "i/o error"),
            ("EXT4-fs error (device sda1): ext4_lookup:1590", "file system error"),
            ("XFS (dm-0): Metadata corruption detected", "file system error"),
            ("BTRFS error (device sdb): parent transid verify failed", "file system error"),
            ("Out of memory: Killed process 4242 (stress-ng-vm)", "out of memory"),
            ("INFO: task kworker/0:1 blocked for more than 120 seconds.", "hung task"),
            ("watchdog: BUG: soft lockup - CPU#3 stuck for 22s!", "hung task"),
            ("stress-ng: fail:  [123] vm: detected 2 bit errors", "stress-ng failure"),
            ("verify: bad header rand_seed 123, wanted 456", "fio verify error"),
            ("crc32c: verify failed at file /dev/nvme1n1 offset 4096", "fio verify error"),
            ("\x1b[31mFAILURE: 0x00ff != 0x00fe at offset 0x10.\x1b[0m", "memory test failure"),
            ("app[77]: segfault at 10 ip 00007f error 4", "segfault"),
        ] {
            scanner.feed(format!("{line}\r\n").as_bytes());
            assert_eq!(told(&mut scanner).iter().map(|(name, ..)| &**name).collect::<Vec<_>>(), [name], "{line}");
        }
        for line in [
            "mce: CPU supports 32 MCE banks",
            "EXT4-fs (sda1): mounted filesystem. Opts: errors=remount-ro",
            "smart: I/O errors: 0",
            "pass completed, no I/O errors",
            "stress-ng: info:  [9] successful run completed in 60.00s",
            "tests panicked: 0",
        ] {
            scanner.feed(format!("{line}\n").as_bytes());
            assert_eq!(told(&mut scanner), [], "{line}");
        }
    }

    #[test]
    fn a_line_without_an_end_is_cut_and_costs_no_memory() {
        let mut scanner = scanner(&watch(&[("x", "needle")]));
        for _ in 0..1_000 {
            scanner.feed(&[b'a'; 10_000]);
            assert!(scanner.begun.len() < LINE);
        }
        scanner.feed(b"needle");
        scanner.finish();
        assert_eq!(told(&mut scanner).len(), 1);
        assert_eq!(scanner.scanned(), 10_000_006);
    }

    #[test]
    fn places_are_kept_up_to_a_number() {
        let mut scanner = scanner(&watch(&[("x", "x")]));
        for _ in 0..PLACES + 50 {
            scanner.feed(b"x\n");
        }
        let (state, places) = scanner.take_state().expect("it changed");
        assert_eq!((state.found[0].hits, places.len() as u64), (PLACES + 50, PLACES));
        assert!(scanner.take_state().is_none());
    }

    proptest! {
        /// However it is cut, and wherever a supervisor dies between two pieces: never twice, never missed.
        #[test]
        fn cuts_and_restarts_change_nothing(
            lines in proptest::collection::vec(prop_oneof!["[a-z ]{0,20}", Just("bad".to_owned()), Just("bad ignore".to_owned())], 0..60),
            cuts in proptest::collection::vec((1_usize..60, any::<bool>()), 1..80),
        ) {
            let watch = Watch { ignore: vec!["ignore".into()], ..watch(&[("bad", "^bad")]) };
            let text = lines.join("\r\n");
            let expected = lines.iter().filter(|line| line.starts_with("bad") && !line.contains("ignore")).count();
            let bytes = text.as_bytes();
            let (mut one, mut at) = (scanner(&watch), 0);
            let mut kept = WatchState::default();
            for (length, dies) in cuts {
                let end = (at + length).min(bytes.len());
                one.feed(&bytes[at..end]);
                at = end;
                if let Some((state, _)) = one.take_state() {
                    kept = state;
                }
                if dies {
                    one = scanner(&watch);
                    one.resume(kept.clone());
                    one.feed(&bytes[usize::try_from(one.position()).unwrap_or(0)..at]);
                }
            }
            one.feed(&bytes[at..]);
            one.finish();
            let hits = one.take_due(Mono::default(), Stream::Out, true).first().map_or(0, |hit| hit.hits);
            prop_assert_eq!(hits, expected as u64);
            prop_assert_eq!(one.scanned(), bytes.len() as u64);
        }
    }

    /// Measured, not judged: `cargo test --release cost_of_looking -- --ignored --nocapture`.
    #[test]
    #[ignore = "a measurement"]
    #[expect(clippy::disallowed_methods, reason = "a measurement")]
    fn cost_of_looking() {
        let calm = "[ 1234.567] nvme nvme1: 128/0/0 default/read/poll queues, 4096 bytes in 12 us, ok\r\n";
        let near = "stress-ng: info:  [123] vm: 12345 detected stall in 9 ms, verify: failed at random, ok\r\n";
        let noise: Vec<u8> = (0..1 << 20).map(|_| rand::random()).collect();
        for (name, text) in [("calm", calm.as_bytes()), ("near", near.as_bytes()), ("noise", &noise)] {
            let mut scanner = scanner(&Watch::default());
            let block: Vec<u8> = text.iter().copied().cycle().take(1 << 20).collect();
            let begun = std::time::Instant::now();
            for piece in block.chunks(32 * 1024).cycle().take(16 * 1024) {
                scanner.feed(piece);
            }
            let seconds = begun.elapsed().as_secs_f64();
            println!("{name}: 512 MiB in {seconds:.2} s: {:.0} MB/s", 536.87 / seconds);
        }
    }
}
