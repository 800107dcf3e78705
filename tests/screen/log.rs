//! What can be done with the output that is shown.

use steadfast::app::log::{News, Program, Save, Work};
use steadfast::app::merged::{MergedNews, Merging};
use steadfast::app::output::{Anchor, Jump, Landed, Line, Sifted, Spot, Stamp, Style};
use steadfast::app::terminal::Picture;

use super::*;

/// The output of the first host has the focus.
fn reading(columns: u16, rows: u16) -> App {
    let mut app = app(columns, rows);
    press(&mut app, &[ENTER]);
    app
}

fn tell(app: &mut App, msg: output::Msg) {
    app.update(scene::NOW, Msg::Output(msg));
}

#[test]
fn a_filter_is_typed_below_and_told_in_the_title() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut app = reading(columns, rows);
        typed(&mut app, "&pass [12] v");
        assert!(text(&draw(&app, COLOURED)).contains("show only lines with &pass [12] v"));
        press(&mut app, &[ENTER]);
        let orders: Vec<_> = app.output.take_effects().collect();
        let [output::Effect::Filter(Some(pattern)), output::Effect::Read(request)] = &orders[..] else {
            panic!("{orders:?}")
        };
        assert_eq!(pattern.text(), "pass [12] v");
        assert!(text(&draw(&app, COLOURED)).contains("looking; esc shows all"));
        let mut window = scene::log(*request);
        window.entries.retain(|entry| entry.line.text().contains("verified"));
        (window.covers, window.anchor) = (Some((0, window.end)), 0);
        tell(&mut app, output::Msg::Window(window));
        tell(&mut app, output::Msg::Sifted(Sifted { lines: 2, counted: 9, end: 9 }));
        press(&mut app, &[ESC]);
        assert!(matches!(app.output.take_effects().next(), Some(output::Effect::Filter(None))));
        assert_eq!(app.focus, Focus::Output, "escape leaves the filter first");
    }
}

#[test]
fn times_stand_before_the_lines() {
    for (columns, rows, keys) in [(80, 24, "t"), (120, 40, "tz")] {
        let mut app = reading(columns, rows);
        typed(&mut app, keys);
        let Some(output::Effect::Read(request)) = app.output.take_effects().last() else { panic!("it reads") };
        assert!(request.times);
        let mut window = scene::log(request);
        for (n, entry) in window.entries.iter_mut().enumerate().skip(2) {
            let at = scene::ago(86_400 / 20 * (43 - i64::try_from(n).expect("small")));
            entry.time = Some(Stamp { at, at_latest: n % 5 == 0 });
        }
        tell(&mut app, output::Msg::Window(window));
    }
}

#[test]
fn where_to_go_is_typed_and_what_is_no_place_is_told() {
    let mut app = reading(80, 24);
    typed(&mut app, "@25:99");
    assert!(press(&mut app, &[ENTER]).is_empty());
    press(&mut app, &[Key::ctrl('u')]);
    typed(&mut app, "-80h");
    press(&mut app, &[ENTER]);
    assert!(text(&draw(&app, COLOURED)).contains("this attempt began later, 2026-11-14 11:"), "before the run");
    press(&mut app, &[Key::ctrl('u')]);
    typed(&mut app, "-10m");
    press(&mut app, &[ENTER]);
    assert!(app.dialogs.is_empty());
    let Some(output::Effect::Read(request)) = app.output.take_effects().next() else { panic!("it reads") };
    assert_eq!(request.anchor, Anchor::Time(scene::ago(600)));
    typed(&mut app, "@50%");
    press(&mut app, &[ENTER]);
    let Some(output::Effect::Read(request)) = app.output.take_effects().next() else { panic!("it reads") };
    assert_eq!(request.anchor, Anchor::Part(5000));
}

#[test]
fn marks_of_the_host_are_looked_for_too_and_what_was_found_is_told() {
    let mut app = reading(80, 24);
    typed(&mut app, "g");
    scene::answer(&mut app);
    let note = steadfast::domain::event::OperatorFact::Note("fan\u{202e} replaced".into());
    let msg = event(&app, "amber", Fact::Operator(note));
    app.update(scene::NOW, msg);
    typed(&mut app, "}");
    let Some(Jump { forward: true, from: 0, landmarks }) = app.output.take_jump() else { panic!("it jumps") };
    let note = landmarks.iter().find(|landmark| landmark.words.starts_with("note: fan")).expect("a note");
    assert_eq!(note.spot, Spot::Moment(scene::NOW.wall));
    tell(&mut app, output::Msg::Landed(Landed { at: Some(900), words: "mark 1 of 2: a gap".into() }));
    scene::answer(&mut app);
    assert!(text(&draw(&app, COLOURED)).contains("mark 1 of 2: a gap"));
    typed(&mut app, "}");
    let from = app.output.take_jump().map(|jump| jump.from);
    assert_eq!(from, Some(900), "from where it landed, as long as that is in sight");
    assert!(!text(&draw(&app, COLOURED)).contains("mark 1 of 2"), "until the next key");
    tell(&mut app, output::Msg::Landed(Landed { at: None, words: "no mark further on, of 2".into() }));
    assert!(text(&draw(&app, COLOURED)).contains("no mark further on"));
}

#[test]
fn lines_are_selected_and_copied() {
    let mut app = reading(80, 24);
    let last = app.output.view().window().entries.last().expect("a line").clone();
    let copy = |effects: &[Effect]| match effects {
        [Effect::Log(Work::Copy { from, to, filter: None, .. })] => (*from, *to),
        other => panic!("{other:?}"),
    };
    assert_eq!(copy(&typed(&mut app, "y")), (last.offset, last.offset + 1), "the last one while following");
    typed(&mut app, "vkk");
    let third = app.output.view().window().entries.iter().rev().nth(2).expect("a line").offset;
    assert_eq!(copy(&typed(&mut app, "y")), (third, last.offset + 1));
    assert!(!app.output.view().is_selecting(), "what was copied is no longer selected");
    typed(&mut app, "vkkkkkkkkkkkkkkkkkkkkkkkkkkk");
    assert!(text(&draw(&app, COLOURED)).contains("selected: y copies"));
    let (from, _) = app.output.view().selected().expect("lines");
    let first = &app.output.view().window().entries[app.output.view().visible()][0];
    assert_eq!(from, first.offset, "the cursor is always in sight");
    press(&mut app, &[ESC]);
    assert!(!app.output.view().is_selecting() && app.focus == Focus::Output);
}

#[test]
fn a_log_is_opened_elsewhere_at_the_line_shown() {
    let mut app = reading(80, 24);
    typed(&mut app, "g");
    scene::answer(&mut app);
    typed(&mut app, "jj");
    let view = app.output.view();
    let first = view.window().entries[view.visible()][0].clone();
    let number = first.number.map(|number| number + 1);
    assert!(number > Some(1));
    for (key, program) in [("o", Program::Pager), ("E", Program::Editor), ("L", Program::Lnav)] {
        let effects = typed(&mut app, key);
        let [Effect::Log(Work::Open { with, line, offset, .. })] = effects[..] else { panic!("{effects:?}") };
        assert_eq!((with, offset, line), (program, first.offset, number));
    }
}

#[test]
fn a_log_is_saved_under_a_name_and_over_another_file_only_when_told() {
    let mut app = app(80, 24);
    typed(&mut app, "S");
    press(&mut app, &[TAB]);
    let effects = press(&mut app, &[ENTER]);
    let [Effect::Log(Work::Save(save))] = &effects[..] else { panic!("{effects:?}") };
    assert!(save.plain && !save.overwrite && save.name == "amber-memtest.1.log", "{save:?}");
    app.update(scene::NOW, Msg::Log(News::Exists(save.clone())));
    assert!(text(&draw(&app, COLOURED)).contains("Overwrite amber-memtest.1.log?"));
    assert!(press(&mut app, &[ENTER]).is_empty(), "enter keeps it");
    app.update(scene::NOW, Msg::Log(News::Exists(save.clone())));
    let effects = typed(&mut app, "y");
    assert!(matches!(&effects[..], [Effect::Log(Work::Save(Save { overwrite: true, plain: true, .. }))]));
    for percent in ["1 %", "50 %"] {
        app.update(scene::NOW, Msg::Log(News::Saving(format!("saving x: {percent}"))));
    }
    let shown = text(&draw(&app, COLOURED));
    assert!(shown.contains("saving x: 50 %") && !shown.contains("saving x: 1 %"));
    typed(&mut app, "S");
    press(&mut app, &[Key::ctrl('u'), ENTER]);
    assert!(text(&draw(&app, COLOURED)).contains("type a name for the file"));
}

#[test]
fn a_frozen_screen_stands_still_while_everything_goes_on() {
    let mut app = app(80, 24);
    typed(&mut app, "F");
    let still = text(&draw(&app, COLOURED));
    let refused = LinkChange::between(LinkState::Alive, LinkState::Refused, None);
    let msg = event(&app, "amber", Fact::Link(refused));
    app.update(scene::NOW, msg);
    app.update(scene::NOW, Msg::Ask(question()));
    typed(&mut app, "jjxWq");
    let later = text(&draw(&app, COLOURED));
    assert_eq!(still.lines().take(23).collect::<Vec<_>>(), later.lines().take(23).collect::<Vec<_>>());
    assert!(later.contains("a question waits"));
    assert!(matches!(typed(&mut app, "s")[..], [Effect::Screenshot]), "what has nothing to do with it works");
    app.update(scene::NOW, Msg::Resize { columns: 120, rows: 40 });
    let wider = text(&draw(&app, COLOURED));
    assert!(wider.contains("FROZEN") && !wider.contains("refused 0s"));
    typed(&mut app, "F");
    let now = text(&draw(&app, COLOURED));
    assert!(!now.contains("FROZEN") && now.contains("Password for ivy"));
    assert!(now.lines().any(|row| row.contains("amber") && row.contains("refused")));
    let later = Moment { mono: Mono(scene::NOW.mono.0 + std::time::Duration::from_secs(1)), ..scene::NOW };
    app.update(later, Msg::Key(ESC));
    press(&mut app, &[Key::ctrl('s')]);
    assert!(app.is_frozen() && press(&mut app, &[Key::ctrl('c')]).is_empty());
    assert!(!app.is_frozen() && matches!(app.dialogs.last(), Some(Dialog::Confirm(_))), "ctrl-C still asks");
}

fn row(cells: &str) -> Line {
    let mut line = Line::default();
    for c in cells.chars() {
        let reversed = Style { attributes: output::Attributes::REVERSE, ..Style::default() };
        line.cell(c.encode_utf8(&mut [0; 4]), 1, if c.is_uppercase() { reversed } else { Style::default() });
    }
    line
}

#[test]
fn the_terminal_of_a_run_is_looked_at_and_left() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut app = app(columns, rows);
        let sized = RunIo::Pty { columns: 100, rows: 30 };
        app.fleet.runs.get_mut(&run(1)).expect("a run").spec.io = sized;
        typed(&mut app, "T");
        assert!(text(&draw(&app, COLOURED)).contains("reading its output"));
        let id = app.terminal().expect("it is looked at").id;
        let rows = (0..30).map(|n| row(&format!("{n:02} cpu [||||||    ] Mem "))).collect();
        let picture = Picture { id, rows, cursor: Some((4, 6)), alternate: true, skipped: 12_000_000, trouble: None };
        app.update(scene::NOW, Msg::Log(News::Picture(Box::new(picture))));
        typed(&mut app, "jjl");
        let moved = text(&draw(&app, COLOURED));
        assert_eq!(moved.contains("from column 9, row 3"), columns == 80, "{moved}");
        typed(&mut app, "q");
        assert!(app.terminal().is_none() && app.dialogs.is_empty());
    }
    let mut app = app(80, 24);
    app.fleet.runs.get_mut(&run(1)).expect("a run").spec.io = RunIo::Split;
    typed(&mut app, "T");
    assert!(app.terminal().is_none() && text(&draw(&app, COLOURED)).contains("has no terminal"));
}

#[test]
fn the_output_of_marked_hosts_is_one_and_read_as_any_other() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut app = app(columns, rows);
        typed(&mut app, "O");
        assert!(app.merged().is_none() && text(&draw(&app, COLOURED)).contains("mark two hosts or more"));
        press(&mut app, &[ESC]);
        typed(&mut app, "   O");
        let merged = app.merged_mut().expect("three hosts are marked");
        let of = merged.logs();
        let hosts: Vec<_> = merged.sources.iter().map(|source| source.host.as_str()).collect();
        assert_eq!(hosts, ["amber", "birch", "cedar"]);
        let ended = |(_, words): &(_, String)| words == "run unsuccessful";
        assert!(merged.sources[2].landmarks.iter().any(ended), "what happened to cedar is put between the lines");
        let Some(output::Effect::Read(request)) = merged.output.take_effects().last() else { panic!("it reads") };
        let news = |of| MergedNews { of, merging: Merging::default(), msgs: views::merged_log(request) };
        app.update(scene::NOW, Msg::Log(News::Merged(news(of[1..].to_vec()))));
        assert!(!text(&draw(&app, COLOURED)).contains("line 49"), "news of other logs is old");
        app.update(scene::NOW, Msg::Log(News::Merged(news(of))));
        assert!(text(&draw(&app, COLOURED)).contains("line 49"));
        press(&mut app, &[Key::of(Code::PageUp)]);
        let shown = text(&draw(&app, COLOURED));
        assert!(shown.contains("of 50") && !shown.contains("line 49") && !shown.contains("FOLLOW"), "{shown}");
        typed(&mut app, "/birch");
        assert!(text(&draw(&app, COLOURED)).contains("search output /birch"));
        press(&mut app, &[ENTER]);
        let orders: Vec<_> = app.merged_mut().expect("shown").output.take_effects().collect();
        assert!(matches!(orders.last(), Some(output::Effect::Search(output::Order::Start { .. }))), "{orders:?}");
        typed(&mut app, "&cedar");
        press(&mut app, &[ENTER]);
        let orders: Vec<_> = app.merged_mut().expect("shown").output.take_effects().collect();
        assert!(matches!(orders.first(), Some(output::Effect::Filter(Some(_)))), "{orders:?}");
        press(&mut app, &[ESC]);
        assert!(app.merged().is_some(), "escape leaves the filter first");
        let Some(output::Effect::Read(request)) = app.merged_mut().expect("shown").output.take_effects().nth(1) else {
            panic!("it reads all again")
        };
        let of = app.merged().expect("shown").logs();
        let msgs = views::merged_log(request);
        app.update(scene::NOW, Msg::Log(News::Merged(MergedNews { of, merging: Merging::default(), msgs })));
        typed(&mut app, "fvkk");
        let effects = typed(&mut app, "y");
        assert!(matches!(effects[..], [Effect::Log(Work::CopyMerged { filter: None, .. })]), "{effects:?}");
        assert!(app.merged().is_some_and(|merged| !merged.output.view().is_selecting()));
        press(&mut app, &[ESC]);
        assert!(app.merged().is_none());
    }
}
