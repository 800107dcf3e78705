use super::super::decode;
use super::super::keys::KEYS;
use super::super::style::Style;
use super::super::window::{Direction, Entry, Outcome, Sought};
use super::*;
use crate::app::key::Code;

/// A log, and a reader that answers at once, or when it is told to.
struct Bench {
    view: View,
    text: String,
    end: usize,
    orders: Vec<Order>,
    filters: Vec<Option<Pattern>>,
    reads: usize,
}

impl Bench {
    fn new(lines: usize, rows: u16) -> Self {
        let text: String = (1..=lines).map(|n| format!("line {n}\n")).collect();
        Self::of(text, rows)
    }

    fn of(text: String, rows: u16) -> Self {
        let mut bench =
            Self { view: View::default(), end: text.len(), text, orders: Vec::new(), filters: Vec::new(), reads: 0 };
        let id = AttemptId::parse("0123456789.1").expect("an id");
        bench.tell(Msg::Resized { columns: 20, rows });
        bench.tell(Msg::Grew(bench.end as u64));
        bench.tell(Msg::Show(id, Stream::Out));
        bench.tell(Msg::Grew(bench.end as u64));
        bench
    }

    fn tell(&mut self, msg: Msg) {
        let mut effects = self.view.update(msg);
        while let Some(effect) = effects.pop() {
            match effect {
                Effect::Read(request) => {
                    self.reads += 1;
                    assert!(self.reads < 10_000, "it reads for ever");
                    let answer = self.answer(&request);
                    effects.extend(self.view.update(Msg::Window(answer)));
                }
                Effect::Search(order) => self.orders.push(order),
                Effect::Filter(pattern) => self.filters.push(pattern),
            }
        }
    }

    fn keys(&mut self, keys: &str) {
        for key in keys.chars() {
            self.tell(Msg::Key(Key::char(key)));
        }
    }

    fn answer(&self, request: &Request) -> Window {
        let log = &self.text[..self.end];
        let mut entries = Vec::new();
        let mut offset = 0;
        for (number, line) in log.split_inclusive('\n').enumerate() {
            let next = offset + line.len() as u64;
            let line = decode::line(line.as_bytes(), &mut Style::default());
            entries.push(Entry { offset, next, number: Some(number as u64), line, ..Entry::default() });
            offset = next;
        }
        let anchor = match request.anchor {
            Anchor::End | Anchor::Time(_) | Anchor::Part(_) => entries.len().saturating_sub(1),
            Anchor::Offset(offset) => entries.iter().rposition(|e| e.offset <= offset).unwrap_or(0),
            Anchor::Line(number) => usize::try_from(number).expect("small").min(entries.len() - 1),
        };
        let first = anchor.saturating_sub(request.before);
        let entries = entries.into_iter().skip(first).take(anchor - first + request.after).collect();
        let end = self.end as u64;
        Window { serial: request.serial, entries, anchor: anchor - first, end, ..Window::default() }
    }

    /// The text of the rows shown.
    fn screen(&self) -> Vec<String> {
        let (first, skip) = self.view.first_row();
        let mut rows = Vec::new();
        for entry in &self.view.window.entries[first..] {
            let text = entry.line.text();
            let Some(columns) = self.view.wraps_at() else {
                rows.push(text.to_owned());
                continue;
            };
            let mut starts = entry.line.row_starts(columns);
            starts.push(text.len());
            rows.extend(starts.windows(2).map(|row| text[row[0]..row[1]].to_owned()));
        }
        rows.into_iter().skip(skip).take(self.view.rows).collect()
    }

    fn shows(&self, first: usize, last: usize) {
        let expected: Vec<_> = (first..=last).map(|n| format!("line {n}")).collect();
        assert_eq!(self.screen(), expected);
    }
}

#[test]
fn it_follows_until_it_is_scrolled_up_and_again_when_told() {
    let mut bench = Bench::new(100, 10);
    bench.shows(91, 100);
    assert!(bench.view.is_following());
    bench.keys("jj");
    assert!(bench.view.is_following(), "there is nothing further down");
    bench.keys("k");
    bench.shows(90, 99);
    bench.tell(Msg::Marked);
    bench.shows(90, 99);
    assert!(!bench.view.is_following());
    bench.text.push_str("line 101\n");
    bench.end = bench.text.len();
    bench.tell(Msg::Grew(bench.end as u64));
    bench.shows(90, 99);
    bench.keys("jjjjj");
    bench.shows(92, 101);
    assert!(!bench.view.is_following(), "scrolling to the end is not following");
    for back in ["f", "G"] {
        bench.keys("gf");
        bench.shows(92, 101);
        bench.keys("k");
        bench.keys(back);
        assert!(bench.view.is_following());
        bench.shows(92, 101);
    }
}

#[test]
fn while_following_what_grows_is_shown_with_one_read_at_a_time() {
    let mut bench = Bench::new(100, 5);
    bench.end = bench.text.find("line 50\n").expect("there");
    let mut view = bench.view.clone();
    let Some(Effect::Read(first)) = view.update(Msg::Grew(10_000)).pop() else { panic!("it reads") };
    assert_eq!(view.update(Msg::Grew(20_000)), [], "one read at a time");
    let again = view.update(Msg::Window(bench.answer(&first)));
    assert!(matches!(again[..], [Effect::Read(Request { anchor: Anchor::End, .. })]), "it has grown since: {again:?}");
    let Some(Effect::Read(second)) = again.into_iter().next() else { panic!("a read") };
    assert_eq!(
        view.update(Msg::Window(bench.answer(&second))),
        [],
        "a file that is shorter than was told is not read for ever"
    );
    assert_eq!(view.update(Msg::Window(bench.answer(&first))), [], "an old answer is not shown");
}

#[test]
fn the_whole_log_can_be_walked_through() {
    let mut bench = Bench::new(1000, 10);
    bench.keys("g");
    bench.shows(1, 10);
    bench.keys("kkk");
    bench.shows(1, 10);
    for page in 1..=100 {
        bench.tell(Msg::Key(Key::of(Code::PageDown)));
        bench.shows(1 + page * 9, 10 + page * 9);
    }
    for _ in 0..200 {
        bench.keys("d");
    }
    bench.shows(991, 1000);
    for page in 1..=100 {
        bench.tell(Msg::Key(Key::of(Code::PageUp)));
        bench.shows(991 - page * 9, 1000 - page * 9);
    }
}

#[test]
fn keys_that_come_before_the_reader_has_answered_are_not_lost() {
    let mut bench = Bench::new(1000, 10);
    for (before, first) in [("", 541), ("g", 541)] {
        bench.keys("G");
        bench.keys(before);
        let mut view = bench.view.clone();
        let mut reads = Vec::new();
        if before.is_empty() {
            reads = view.update(Msg::Key(Key::char('g')));
        }
        for _ in 0..60 {
            reads.extend(view.update(Msg::Key(Key::of(Code::PageDown))));
        }
        // The reader does the newest only.
        while let Some(Effect::Read(request)) = reads.pop() {
            reads = view.update(Msg::Window(bench.answer(&request)));
        }
        bench.view = view;
        bench.shows(first, first + 9);
    }
}

#[test]
fn a_long_line_is_scrolled_by_its_rows() {
    let mut bench = Bench::of(format!("first\n{}\nlast\n", "0123456789".repeat(10)), 3);
    assert_eq!(bench.screen(), ["01234567890123456789", "01234567890123456789", "last"]);
    bench.keys("k");
    assert_eq!(bench.screen(), ["01234567890123456789"; 3]);
    bench.keys("kkk");
    assert_eq!(bench.screen()[0], "first");
    bench.keys("w");
    assert_eq!((bench.screen()[2].as_str(), bench.view.wraps_at()), ("last", None));
    bench.keys("ll");
    assert_eq!(bench.view.shift(), 16);
    bench.keys("h");
    assert_eq!(bench.view.shift(), 8);
    bench.keys("w");
    assert_eq!(bench.view.shift(), 0);
}

#[test]
fn the_place_holds_when_the_pane_changes_its_size() {
    let mut bench = Bench::new(100, 10);
    bench.tell(Msg::GoTo(Anchor::Line(39)));
    bench.shows(40, 49);
    bench.tell(Msg::Resized { columns: 50, rows: 20 });
    bench.shows(40, 59);
    bench.tell(Msg::Resized { columns: 10, rows: 5 });
    bench.shows(40, 44);
    bench.keys("f");
    bench.tell(Msg::Resized { columns: 30, rows: 7 });
    bench.shows(94, 100);
}

#[test]
fn a_log_that_was_cut_is_shown_as_it_is_now() {
    let mut bench = Bench::new(100, 10);
    bench.keys("k");
    bench.end = bench.text.find("line 20\n").expect("there");
    bench.tell(Msg::Grew(bench.end as u64));
    bench.shows(10, 19);
    bench.end = 0;
    bench.tell(Msg::Grew(0));
    assert_eq!(bench.screen(), [""; 0]);
    bench.end = bench.text.len();
    bench.tell(Msg::Grew(bench.end as u64));
    bench.shows(91, 100);
}

#[test]
fn an_empty_log_is_waited_for() {
    let mut bench = Bench::new(30, 10);
    bench.end = 0;
    bench.tell(Msg::Grew(0));
    bench.keys("gkj");
    bench.end = bench.text.len();
    bench.tell(Msg::Grew(bench.end as u64));
    bench.shows(1, 10);
}

#[test]
fn a_search_from_the_end_goes_backwards_and_n_goes_on() {
    let mut bench = Bench::new(100, 9);
    bench.keys("/line 5");
    assert!(bench.view.takes_all_keys());
    assert_eq!(bench.view.find().words(), "/line 5");
    bench.tell(Msg::Key(Key::of(Code::Backspace)));
    bench.keys("4");
    bench.tell(Msg::Key(Key::of(Code::Enter)));
    let Some(Order::Start { pattern, seek }) = bench.orders.pop() else { panic!("a search") };
    assert_eq!((pattern.text(), seek.direction, seek.from), ("line 4", Direction::Backward, u64::MAX));
    assert_eq!(bench.view.find().words(), "/line 4: searching");
    let of_another = Progress { matches: 9, counted: 9, end: 9, seek: None };
    bench.tell(Msg::Progress(of_another));
    assert_eq!(bench.view.find().words(), "/line 4: searching", "news of another pattern");

    let line = bench.text.find("line 49").expect("there") as u64;
    let found = |serial, line| Progress {
        matches: 11,
        counted: 500,
        end: 1000,
        seek: Some(Sought { serial, outcome: Outcome::Found { line, at: line, ordinal: None, wrapped: false } }),
    };
    bench.tell(Msg::Progress(found(seek.serial, line)));
    bench.shows(46, 54);
    assert_eq!(bench.view.find().words(), "/line 4: ? of 11 matching lines in 50 %");
    bench.keys("k");
    bench.tell(Msg::Progress(found(seek.serial, line)));
    bench.shows(45, 53);

    bench.keys("n");
    let Some(Order::Seek(next)) = bench.orders.pop() else { panic!("a seek") };
    assert_eq!((next.direction, next.from), (Direction::Forward, line + 1));
    bench.keys("N");
    let Some(Order::Seek(next)) = bench.orders.pop() else { panic!("a seek") };
    assert_eq!((next.direction, next.from), (Direction::Backward, line));
    bench.tell(Msg::Progress(found(seek.serial, 0)));
    bench.shows(45, 53);

    assert!(bench.view.takes_escape());
    bench.tell(Msg::Key(Key::of(Code::Esc)));
    assert_eq!((bench.orders.pop(), bench.view.takes_escape()), (Some(Order::Stop), false));
    bench.tell(Msg::Progress(found(next.serial, 0)));
    bench.shows(45, 53);
}

#[test]
fn the_title_says_where_we_are() {
    let mut bench = Bench::new(1200, 10);
    let end = bench.end as u64;
    assert_eq!(bench.view.position_words(), "FOLLOW · 10.6 KiB");
    bench.tell(Msg::Extent(Extent { end, indexed: end, lines: 1200 }));
    assert_eq!(bench.view.position_words(), "FOLLOW · 1,200 lines");
    bench.tell(Msg::GoTo(Anchor::Line(999)));
    assert_eq!(bench.view.position_words(), "line 1,000-1,009 of 1,200 (82 %)");
    bench.tell(Msg::Resized { columns: 40, rows: 10 });
    assert_eq!(bench.view.position_words(), "line 1,000-1,009 of 1,200 · 1.8 KiB below");
    bench.tell(Msg::Resized { columns: 80, rows: 10 });
    assert_eq!(bench.view.position_words(), "line 1,000-1,009 of 1,200 (82 %) · 1.8 KiB below");
    bench.tell(Msg::Key(Key::of(Code::PageDown)));
    bench.keys("gG");
    assert_eq!(bench.view.position_words(), "FOLLOW · 1,200 lines");
}

#[test]
fn every_verb_has_a_key_and_no_key_has_two() {
    for binding in KEYS {
        for key in binding.keys {
            assert_eq!(Verb::of(*key), Some(binding.verb), "{key:?}");
        }
    }
    assert_eq!(Verb::of(Key::char('q')), None);
}

#[test]
fn a_filter_is_typed_shown_in_the_title_and_left_by_escape() {
    let mut bench = Bench::new(100, 10);
    bench.keys("k/line 1");
    bench.tell(Msg::Key(Key::of(Code::Enter)));
    bench.keys("&e 7");
    assert!(bench.view.takes_all_keys());
    bench.tell(Msg::Key(Key::of(Code::Enter)));
    assert!(matches!(bench.orders.last(), Some(Order::Stop)), "what was found may not be shown any more");
    assert_eq!(bench.filters.last().map(|filter| filter.as_ref().map(Pattern::text)), Some(Some("e 7")));
    assert!(!bench.view.is_following(), "it stands where it stood");
    bench.tell(Msg::Sifted(Sifted { lines: 11, counted: 9, end: 9 }));
    assert!(bench.view.position_words().ends_with("filter: e 7 (11 so far)"), "{}", bench.view.position_words());
    bench.keys("G");
    assert_eq!(bench.view.position_words(), "FOLLOW · filter: e 7 (11 so far)");
    bench.tell(Msg::Key(Key::of(Code::Esc)));
    assert_eq!(bench.filters.last(), Some(&None));
    assert!(!bench.view.takes_escape() && bench.view.is_following());
    bench.keys("&");
    bench.tell(Msg::Key(Key::of(Code::Enter)));
    assert_eq!(bench.filters.len(), 2, "nothing to clear");
}

#[test]
fn what_a_filter_has_found_so_far_is_shown_and_the_rest_still_awaited() {
    let mut bench = Bench::new(100, 4);
    let mut effects = bench.view.update(Msg::Do(Verb::Top));
    let Some(Effect::Read(request)) = effects.pop() else { panic!("it reads") };
    let whole = bench.answer(&request);
    let some =
        |n| Window { entries: whole.entries[..n].to_vec(), covers: Some((0, 9)), partial: true, ..whole.clone() };
    assert!(bench.view.update(Msg::Window(some(2))).is_empty());
    assert_eq!(bench.screen(), ["line 1", "line 2"]);
    bench.tell(Msg::Window(whole.clone()));
    assert_eq!(bench.screen().len(), 4);
}

#[test]
fn times_take_columns_of_the_lines() {
    let mut bench = Bench::of("x".repeat(20), 4);
    assert_eq!(bench.screen().len(), 1);
    bench.keys("t");
    assert_eq!((bench.view.gutter(), bench.view.wraps_at()), (11, Some(9)));
    assert_eq!(bench.screen().len(), 3);
    bench.tell(Msg::Resized { columns: 120, rows: 4 });
    assert_eq!(bench.view.gutter(), 16);
    bench.keys("t");
    assert_eq!(bench.view.wraps_at(), Some(120));
}
