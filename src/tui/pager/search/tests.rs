use std::io::Write;

use proptest::prelude::*;

use super::*;

struct Fixture {
    file: tempfile::NamedTempFile,
    log: Log,
    length: u64,
}

impl Fixture {
    fn new(bytes: &[u8]) -> Self {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let log = Log::new(file.path().to_owned(), 0);
        let mut fixture = Self { file, log, length: 0 };
        fixture.append(bytes);
        fixture
    }

    fn append(&mut self, bytes: &[u8]) {
        self.file.write_all(bytes).expect("written");
        self.length += as_u64(bytes.len());
        self.log.allow(self.length);
    }

    fn run(&self, search: &mut Search) -> Progress {
        for _ in 0..10_000 {
            search.step(&self.log).expect("readable");
            if search.is_idle(&self.log) {
                return search.progress();
            }
        }
        panic!("it never ends");
    }

    fn seek(&self, search: &mut Search, direction: Direction, from: u64) -> Option<(u64, u64, bool)> {
        search.seek(Seek { serial: 7, direction, from });
        let sought = self.run(search).seek.expect("an answer");
        assert_eq!(sought.serial, 7);
        match sought.outcome {
            Outcome::Found { line, ordinal, wrapped, .. } => Some((line, ordinal.expect("all is counted"), wrapped)),
            Outcome::Nothing => None,
            Outcome::Seeking(_) | Outcome::Failed => panic!("{sought:?}"),
        }
    }
}

fn search(pattern: &str) -> Search {
    Search::new(Pattern::parse(pattern).expect("a pattern"), None)
}

/// Where the lines begin that contain `needle`.
fn naive(bytes: &[u8], needle: &str) -> Vec<u64> {
    let mut start = 0;
    let mut lines = Vec::new();
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        if String::from_utf8_lossy(line).contains(needle) {
            lines.push(start);
        }
        start += as_u64(line.len());
    }
    lines
}

proptest! {
    #[test]
    fn it_finds_what_a_plain_scan_finds(
        lines in prop::collection::vec("[abx]{0,3}", 0..60),
        ended: bool,
        from in 0_u64..250,
        counted: bool,
    ) {
        let mut text = lines.join("\n");
        if ended {
            text.push('\n');
        }
        let expected = naive(text.as_bytes(), "x");
        let fixture = Fixture::new(text.as_bytes());
        let mut search = search("x");
        search.tally = Tally::new(7, 8);
        if counted {
            prop_assert_eq!(fixture.run(&mut search).matches, as_u64(expected.len()));
        }
        let ordinal = |line: u64| as_u64(expected.iter().take_while(|&&at| at <= line).count());

        let after = expected.iter().find(|&&line| line >= from).map(|&line| (line, ordinal(line), false));
        let wrapped = expected.first().map(|&line| (line, ordinal(line), true));
        prop_assert_eq!(fixture.seek(&mut search, Direction::Forward, from), after.or(wrapped));

        let before = expected.iter().rfind(|&&line| line < from).map(|&line| (line, ordinal(line), false));
        let wrapped = expected.last().map(|&line| (line, ordinal(line), true));
        prop_assert_eq!(fixture.seek(&mut search, Direction::Backward, from), before.or(wrapped));
        prop_assert_eq!(fixture.run(&mut search).matches, as_u64(expected.len()));
    }
}

#[test]
fn a_match_is_found_whatever_chunk_it_is_in() {
    let mut text = String::new();
    let mut expected = Vec::new();
    for number in 0..60_000_u64 {
        if number % 7_919 == 0 {
            expected.push(as_u64(text.len()));
        }
        let word = if number % 7_919 == 0 { "needle" } else { "straw" };
        text.push_str(&format!("{number:06} the quick brown fox jumps over the lazy {word}\r\n"));
    }
    let fixture = Fixture::new(text.as_bytes());
    let mut search = search("needle$");
    let mut found = Vec::new();
    let mut from = 0;
    while let Some((line, ordinal, false)) = fixture.seek(&mut search, Direction::Forward, from) {
        found.push(line);
        assert_eq!(ordinal, as_u64(found.len()));
        from = line + 1;
    }
    assert_eq!(found, expected);
    let mut from = u64::MAX;
    while let Some((line, _, false)) = fixture.seek(&mut search, Direction::Backward, from) {
        assert_eq!(found.pop(), Some(line));
        from = line;
    }
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn it_goes_on_as_the_log_grows_and_counts_a_line_once() {
    let mut fixture = Fixture::new(b"error one\nno\nerr");
    let mut search = search("error");
    assert_eq!(fixture.run(&mut search).matches, 1);
    fixture.append(b"or two");
    assert_eq!(fixture.run(&mut search).matches, 2, "a line that is not ended yet");
    fixture.append(b" and more\nerror three\n");
    let progress = fixture.run(&mut search);
    assert_eq!((progress.matches, progress.counted, progress.end), (3, fixture.length, fixture.length));
}

#[test]
fn a_log_that_was_cut_is_counted_anew() {
    let mut fixture = Fixture::new(b"error\nerror\nerror\n");
    let mut search = search("error");
    assert_eq!(fixture.run(&mut search).matches, 3);
    fixture.file.as_file().set_len(6).expect("cut");
    assert_eq!(fixture.run(&mut search).matches, 1);
    fixture.length = 6;
    fixture.append(b"");
}

#[test]
fn what_is_visible_is_found_and_what_is_not_is_not() {
    let fixture = Fixture::new(b"plain 31\n\x1b[31merr\x1b[0mor\n\x1b[31mred\x1b[0m\n");
    assert_eq!(fixture.seek(&mut search("error"), Direction::Forward, 0), Some((9, 1, false)));
    assert_eq!(fixture.run(&mut search("31")).matches, 1);
}

#[test]
fn a_match_does_not_go_over_the_end_of_a_line() {
    let fixture = Fixture::new(b"a\nb\na b\n");
    assert_eq!(fixture.run(&mut search(r"a\sb")).matches, 1);
    assert_eq!(fixture.run(&mut search(r"^$")).matches, 0);
    assert_eq!(fixture.run(&mut search(r"[^x]b|zz")).matches, 1);
}

#[test]
fn a_line_without_end_is_searched_in_parts() {
    let mut bytes = vec![b'.'; 5 << 20];
    let at = 3_333_333;
    bytes[at..at + 6].copy_from_slice(b"needle");
    let fixture = Fixture::new(&bytes);
    for direction in [Direction::Forward, Direction::Backward] {
        let mut search = search("needle");
        search.seek(Seek { serial: 1, direction, from: 0 });
        let outcome = fixture.run(&mut search).seek.map(|sought| sought.outcome);
        let Some(Outcome::Found { at: found, .. }) = outcome else { panic!("{outcome:?}") };
        assert_eq!(found, as_u64(at), "{direction:?}");
    }
}
