use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Margin;

use super::*;
use crate::app::key::{Code, Key};
use crate::app::output::{self, Extent, Msg, Outcome, Progress, Sought, Window, decode};
use crate::domain::id::AttemptId;
use crate::domain::run::Stream;
use crate::ui::theme::{Depth, Signs};

const AREA: Rect = Rect::new(0, 0, 80, 24);

fn heading() -> Heading {
    let title = vec![("soak".into(), Role::Heading), (" web-07 attempt 1".into(), Role::Quiet)];
    Heading { title, edge: Edge::Box, focused: true, clock: Clock::default() }
}

fn text_area(area: Rect) -> Rect {
    area.inner(Margin::new(1, 1))
}

/// A view of these entries, which are the last ones of a log with as much again before them.
fn view(entries: Vec<Entry>) -> View {
    let mut view = View::default();
    let id = AttemptId::parse("0123456789.1").expect("an id");
    let area = text_area(AREA);
    let _ = view.update(Msg::Resized { columns: area.width, rows: area.height });
    let end = entries.last().map_or(0, |entry| entry.next);
    let lines = entries.last().and_then(|entry| entry.number).map_or(0, |number| number + 1);
    let _ = view.update(Msg::Grew(end));
    let mut effects = view.update(Msg::Show(id, Stream::Out));
    answer(&mut view, &mut effects, &entries);
    let _ = view.update(Msg::Extent(Extent { end, indexed: end, lines }));
    view
}

fn answer(view: &mut View, effects: &mut Vec<output::Effect>, entries: &[Entry]) {
    while let Some(effect) = effects.pop() {
        if let output::Effect::Read(request) = effect {
            let end = entries.last().map_or(0, |entry| entry.next);
            let anchor = match request.anchor {
                output::Anchor::Offset(offset) => entries.iter().rposition(|e| e.offset <= offset).unwrap_or(0),
                output::Anchor::End | output::Anchor::Line(_) | output::Anchor::Time(_) | output::Anchor::Part(_) => {
                    entries.len().saturating_sub(1)
                }
            };
            let entries = entries.to_vec();
            let window = Window { serial: request.serial, entries, anchor, end, ..Window::default() };
            effects.extend(view.update(Msg::Window(window)));
        }
    }
}

fn press(view: &mut View, entries: &[Entry], keys: &[Key]) {
    for key in keys {
        let mut effects = view.update(Msg::Key(*key));
        answer(view, &mut effects, entries);
    }
}

/// Lines from number 1,000 on, of a log whose earlier lines have as many bytes.
fn entries(lines: &[Vec<u8>]) -> Vec<Entry> {
    let mut offset = lines.iter().map(|line| line.len() as u64).sum();
    let mut pen = output::Style::default();
    let entry = |(number, line): (usize, &Vec<u8>)| {
        let next = offset + line.len() as u64;
        let number = Some(1000 + number as u64);
        let entry = Entry { offset, next, number, line: decode::line(line, &mut pen), ..Entry::default() };
        offset = next;
        entry
    };
    lines.iter().enumerate().map(entry).collect()
}

fn numbered(count: usize) -> Vec<Vec<u8>> {
    (1..=count).map(|n| format!("[{n:03}] stress-ng: info: pass {n} of {count} went well\r\n").into_bytes()).collect()
}

fn draw_pane(view: &View, theme: &Theme) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(AREA.width, AREA.height)).expect("a terminal");
    terminal.draw(|frame| draw(frame, AREA, view, &heading(), theme)).expect("drawn");
    terminal
}

fn shot(view: &View) -> String {
    draw_pane(view, &Theme::default()).backend().to_string()
}

#[test]
fn following() {
    insta::assert_snapshot!(shot(&view(entries(&numbered(60)))));
}

#[test]
fn scrolled() {
    let entries = entries(&numbered(60));
    let mut view = view(entries.clone());
    press(&mut view, &entries, &[Key::of(Code::PageUp), Key::of(Code::Up)]);
    insta::assert_snapshot!(shot(&view));
}

#[test]
fn searched() {
    let entries = entries(&numbered(60));
    let mut view = view(entries.clone());
    press(&mut view, &entries, &[Key::char('/'), Key::char('4'), Key::char('2')]);
    assert_eq!(view.find().prompt().map(|line| line.text()), Some("42"));
    press(&mut view, &entries, &[Key::of(Code::Enter)]);
    let line = entries[41].offset;
    let outcome = Outcome::Found { line, at: line + 2, ordinal: Some(3), wrapped: false };
    let progress = Progress { matches: 1204, counted: 10, end: 10, seek: Some(Sought { serial: 1, outcome }) };
    let mut effects = view.update(Msg::Progress(progress));
    answer(&mut view, &mut effects, &entries);
    insta::assert_snapshot!(shot(&view));

    let terminal = draw_pane(&view, &Theme::default());
    let palette = OutputPalette::of(&Theme::default());
    let buffer = terminal.backend().buffer();
    let row = (1..23)
        .find(|&y| buffer[(2, y)].symbol() == "0" && buffer[(3, y)].symbol() == "4" && buffer[(4, y)].symbol() == "2");
    let cell = &buffer[(3, row.expect("the line is in sight"))];
    assert_eq!((Some(cell.fg), Some(cell.bg)), (palette.current_match.fg, palette.current_match.bg));
}

#[test]
fn gaps_and_blind_times() {
    let mut entries = entries(&numbered(12));
    entries[4].before.push(Marker::Gap { lost: 43_202_118 });
    let blind = Duration::from_secs(25 * 60 + 11);
    entries[9].after.push(Marker::Blind { duration: blind, cause: "own network".into(), caught_up: 42_991_616 });
    insta::assert_snapshot!(shot(&view(entries)));
}

#[test]
fn long_lines() {
    let mut lines = numbered(3);
    lines.push([b"begin ".to_vec(), "0123456789".repeat(20).into_bytes(), b" end\n".to_vec()].concat());
    lines.push("漢字".repeat(30).into_bytes());
    lines.push(vec![b'x'; 6000]);
    let entries = entries(&lines);
    let mut view = view(entries.clone());
    insta::assert_snapshot!("cut", shot(&view));
    press(&mut view, &entries, &[Key::char('g')]);
    insta::assert_snapshot!("broken", shot(&view));
    press(&mut view, &entries, &[Key::char('w'), Key::char('l')]);
    insta::assert_snapshot!("not_broken", shot(&view));
}

#[test]
fn ascii_without_colours() {
    let mut lines = numbered(40);
    lines.push("caf\u{e9} \x1b[31mred\x1b[0m 漢 \x1b[1mbold\x1b[0m \u{202e}evil".into());
    let entries = entries(&lines);
    let mut view = view(entries.clone());
    press(&mut view, &entries, &[Key::of(Code::Up), Key::of(Code::Down)]);
    let terminal = draw_pane(&view, &Theme { depth: Depth::Mono, signs: Signs::Ascii, ..Theme::default() });
    let heading_only = terminal.backend().to_string();
    insta::assert_snapshot!(heading_only);
    for cell in terminal.backend().buffer().content() {
        assert!(cell.symbol().is_ascii(), "{:?}", cell.symbol());
        assert_eq!((cell.fg, cell.bg), (ratatui::style::Color::Reset, ratatui::style::Color::Reset));
    }
}

#[test]
fn nothing_to_show() {
    let first_row = |view: &View| shot(view).lines().nth(1).map(str::to_owned).unwrap_or_default();
    assert!(first_row(&View::default()).contains("no run selected"));
    assert!(first_row(&view(Vec::new())).contains("no output yet"));
}

#[test]
fn any_size_can_be_drawn() {
    let lines = [numbered(5), vec!["漢字".repeat(50).into_bytes(), b"\x1b[7m\xff\xfe".to_vec()]].concat();
    let entries = entries(&lines);
    let mut view = view(entries.clone());
    press(&mut view, &entries, &[Key::char('/'), Key::char('字'), Key::of(Code::Enter), Key::char('/')]);
    for (width, height) in [(0, 0), (1, 1), (3, 3), (4, 3), (5, 4), (7, 30), (200, 3), (400, 120)] {
        let area = Rect::new(0, 0, width, height);
        for wrap in [Key::char('w'), Key::char('l')] {
            let inner = text_area(area);
            let mut effects = view.update(Msg::Resized { columns: inner.width, rows: inner.height });
            answer(&mut view, &mut effects, &entries);
            press(&mut view, &entries, &[Key::of(Code::Esc), wrap]);
            let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
            terminal.draw(|frame| draw(frame, area, &view, &heading(), &Theme::default())).expect("drawn");
        }
    }
}
