//! The screen as a whole: what is drawn at each size, and what keys do to it.

#![cfg(feature = "tui")]

#[path = "screen/scene.rs"]
#[expect(clippy::expect_used, clippy::too_many_arguments, reason = "a story for tests, told in one line each")]
mod scene;

#[path = "screen/health.rs"]
mod health;
#[path = "screen/log.rs"]
mod log;
#[path = "screen/views.rs"]
#[expect(clippy::expect_used, reason = "a story for tests, told in one line each")]
mod views;

use std::collections::BTreeSet;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Color;
use scene::{app, ended, event, host, run};
use secrecy::ExposeSecret;
use steadfast::app::dialog::{Dialog, SheetKind};
use steadfast::app::key::{Code, Key};
use steadfast::app::keymap::{BINDINGS, When};
use steadfast::app::mouse::{Deed, Mouse};
use steadfast::app::output::{self, Verb};
use steadfast::app::question::{Kind, Question};
use steadfast::app::{App, Effect, Focus, Msg, Setup, SheetLine};
use steadfast::domain::alert::AlertKind;
use steadfast::domain::command::Command;
use steadfast::domain::event::{CancelReason, Event, Fact, LinkChange, RunFact, SupervisorFact};
use steadfast::domain::fleet::Fleet;
use steadfast::domain::id::{HostId, Seq};
use steadfast::domain::link::{Hold, LinkState};
use steadfast::domain::look::Look;
use steadfast::domain::moment::{Moment, Mono};
use steadfast::domain::progress::Progress;
use steadfast::domain::run::{RunIo, Stream, Verdict};
use steadfast::domain::watch::AlarmHit;
use steadfast::ui::theme::{Depth, Ground, Signs, Theme};

fn draw(app: &App, theme: Theme) -> Buffer {
    let (columns, rows) = app.size;
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).expect("a terminal");
    terminal.draw(|frame| steadfast::ui::render(frame, frame.area(), app, &theme)).expect("drawn");
    terminal.backend().buffer().clone()
}

fn text(buffer: &Buffer) -> String {
    let columns = usize::from(buffer.area.width);
    let rows = buffer.content().chunks(columns);
    // What a wide character covers is no blank.
    let row = |cells: &[ratatui::buffer::Cell]| {
        let mut covered = 0;
        let mut row = String::new();
        for symbol in cells.iter().map(|cell| cell.symbol()) {
            if covered == 0 {
                row.push_str(symbol);
                covered = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
            } else {
                covered -= 1;
            }
        }
        row
    };
    rows.map(row).map(|row| format!("{}\n", row.trim_end())).collect()
}

fn press(app: &mut App, keys: &[Key]) -> Vec<Effect> {
    keys.iter().flat_map(|key| app.update(scene::NOW, Msg::Key(*key))).collect()
}

fn typed(app: &mut App, keys: &str) -> Vec<Effect> {
    press(app, &keys.chars().map(Key::char).collect::<Vec<_>>())
}

fn commands(effects: &[Effect]) -> Vec<&Command> {
    effects
        .iter()
        .filter_map(|effect| if let Effect::Command(command) = effect { Some(command) } else { None })
        .collect()
}

const ENTER: Key = Key::of(Code::Enter);
const ESC: Key = Key::of(Code::Esc);
const TAB: Key = Key::of(Code::Tab);
const COLOURED: Theme = Theme { depth: Depth::Rgb, signs: Signs::Unicode, ground: Ground::Dark };
const PLAIN: Theme = Theme { depth: Depth::Mono, signs: Signs::Ascii, ground: Ground::Dark };
const SIZES: [(u16, u16); 4] = [(60, 16), (80, 24), (120, 40), (200, 60)];

#[test]
fn themes_are_changed_by_a_key_and_mono_has_no_colour() {
    let mut app = app(80, 24);
    let colours = |app: &App| {
        let buffer = draw(app, COLOURED.with(app.look));
        buffer
            .content
            .iter()
            .flat_map(|cell| [cell.fg, cell.bg])
            .filter(|colour| *colour != Color::Reset)
            .collect::<Vec<_>>()
    };
    let dark = colours(&app);
    press(&mut app, &[Key::ctrl('t')]);
    let light = colours(&app);
    assert!(!dark.is_empty() && !light.is_empty() && dark != light);
    press(&mut app, &[Key::ctrl('t')]);
    assert_eq!((app.look, colours(&app)), (Look::Mono, Vec::new()));
    press(&mut app, &[Key::ctrl('t')]);
    assert_eq!(app.look, Look::Default);
}

/// So many seconds after the story.
fn later(seconds: u64) -> Moment {
    Moment { mono: Mono(scene::NOW.mono.0 + std::time::Duration::from_secs(seconds)), ..scene::NOW }
}

#[test]
fn an_alarm_and_progress_are_seen_in_list_title_details_and_timeline() {
    let mut app = app(160, 45);
    let id = app.pick().expect("a run").id();
    let line = "Kernel panic - not syncing: \u{1b}[2Jx".to_owned();
    let hit =
        |hits| AlarmHit { pattern: "kernel panic".into(), stream: Stream::Out, hits, offset: 7, line: line.clone() };
    let told = event(&app, "amber", Fact::Run { id, fact: RunFact::Alarm(hit(1)) });
    app.update(scene::NOW, told);
    let again = event(&app, "amber", Fact::Run { id, fact: RunFact::Alarm(hit(12)) });
    assert!(app.update(scene::NOW, again).is_empty(), "called once");
    let rest = std::time::Duration::from_secs(200);
    let progress = Progress { permille: 420, status: Some("pass 3".into()), remaining: Some(rest) };
    app.update(scene::NOW, Msg::Progress(vec![(id, progress)]));
    let shown = text(&draw(&app, COLOURED));
    for wanted in ["▲12 memtest", "42 %", "▰▰▰▱▱▱▱▱ 42 %, 3m20s left", "▲ alarm"] {
        assert!(shown.contains(wanted), "{wanted}: {shown}");
    }
    let sheet = app.sheet_text(SheetKind::Incidents);
    assert!(sheet.contains("kernel panic ×12") && !sheet.contains('\u{1b}'), "{sheet}");
    let effects = typed(&mut app, "(");
    assert!(matches!(effects[..], [Effect::SeekAlarm { forward: false, from: None, .. }]), "{effects:?}");
    // On the wall too, in every form of a cell: with the run, with the state's word, with the name, the sign alone.
    app.focus = Focus::Hosts;
    typed(&mut app, "W");
    assert!(text(&draw(&app, COLOURED)).contains("● amber   alive        ▶ ▲12 memtest    ▰▰▱▱▱  42 %"));
    for (hosts, wanted) in [(190, "● amber   alive       ▲"), (500, "● amber  ▲"), (900, "●▲")] {
        for n in 0..hosts {
            app.fleet.add_host(
                HostId::parse(&format!("z{n:03}")).expect("a name"),
                String::new(),
                Vec::new(),
                scene::NOW.wall,
            );
        }
        let shown = text(&draw(&app, COLOURED));
        assert!(shown.contains(wanted), "{wanted}: {shown}");
    }
}

#[test]
fn the_wall_has_a_selection_and_leads_to_the_output() {
    let mut app = app(80, 24);
    typed(&mut app, "W");
    let chosen = app.host().map(|host| host.id.clone());
    typed(&mut app, "jl");
    assert_ne!(app.host().map(|host| host.id.clone()), chosen);
    press(&mut app, &[ENTER]);
    assert_eq!(app.focus, Focus::Output, "enter goes to the output");
}

#[test]
fn a_note_goes_to_every_marked_host_and_an_empty_one_nowhere() {
    let mut app = app(120, 40);
    typed(&mut app, "  mreplaced a fan");
    let effects = press(&mut app, &[ENTER]);
    let noted = commands(&effects);
    assert_eq!(noted.len(), 2);
    assert!(noted.iter().all(|command| matches!(command, Command::Note { text, .. } if text == "replaced a fan")));
    typed(&mut app, "m ");
    assert!(press(&mut app, &[ENTER]).is_empty());
}

#[test]
fn a_command_is_found_by_its_words_and_done() {
    let mut app = app(120, 40);
    typed(&mut app, ":reconn");
    let effects = press(&mut app, &[ENTER]);
    assert!(matches!(commands(&effects)[..], [Command::Reconnect(_)]), "{effects:?}");
    typed(&mut app, ":less time");
    let before = app.strips.span_words();
    press(&mut app, &[ENTER]);
    assert_ne!(app.strips.span_words(), before);
}

#[test]
fn the_digest_tells_what_happened_while_nobody_looked() {
    let mut app = app(100, 40);
    let started = Fact::Supervisor(SupervisorFact::Started { version: "1".into() });
    app.fleet.last_at = Some(scene::ago(10_800));
    let at = scene::ago(60);
    app.fleet.apply(&Event { seq: Seq(app.fleet.seq.0 + 1), at, host: None, fact: started });
    let opened = |fleet| App::new(Setup { fleet, now: scene::NOW, ..Setup::default() });
    let wait = |app: &mut App, seconds| {
        let later = Moment { mono: scene::NOW.mono + Duration::from_secs(seconds), ..scene::NOW };
        app.update(later, Msg::Tick { utc_offset: 0 });
        matches!(app.dialogs.last(), Some(Dialog::Sheet(sheet)) if sheet.kind == SheetKind::Digest)
    };
    let mut again = opened(app.fleet.clone());
    assert!(again.toasts.iter().any(|toast| toast.text == "nobody looked for 2h59m: D tells what happened"));
    // It opens by itself once the hosts had time to tell, of which one is still connecting,
    assert_eq!([2, 29, 30].map(|second| wait(&mut again, second)), [false, false, true]);
    // but not under the hands of an operator, and not where nothing happened.
    let mut busy = opened(app.fleet.clone());
    typed(&mut busy, "j");
    assert!(!wait(&mut busy, 30));
    let mut quiet = opened(Fleet { away: app.fleet.away, ..Fleet::default() });
    assert!(!wait(&mut quiet, 30) && quiet.toasts.iter().any(|toast| toast.text.contains("D tells")));
    typed(&mut app, "D");
    let copied = app.sheet_text(SheetKind::Digest);
    for told in ["First failure", "memtest on cedar: exit 2", "Rebooted", "Goes on", "Wrong now"] {
        assert!(copied.contains(told), "{told}: {copied}");
    }
}

fn mouse(app: &mut App, what: Deed, x: u16, y: u16) {
    app.update(scene::NOW, Msg::Mouse(Mouse { what, x, y }));
}

/// Where a text begins on the screen, from the bottom up or from the top down.
fn find(app: &App, wanted: &str, from_bottom: bool) -> (u16, u16) {
    let drawn = text(&draw(app, COLOURED));
    let mut rows: Vec<_> = drawn.lines().enumerate().collect();
    if from_bottom {
        rows.reverse();
    }
    let found = rows.into_iter().find(|(_, row)| row.contains(wanted));
    let Some((y, row)) = found else { panic!("{wanted} is not drawn") };
    let before = row.split(wanted).next().map_or(0, |before| before.chars().count());
    (u16::try_from(before).unwrap_or(u16::MAX), u16::try_from(y).unwrap_or(u16::MAX))
}

#[test]
fn a_click_selects_what_is_drawn_there() {
    for (columns, rows) in SIZES {
        for (sign, name) in [("◐", "dogwood"), ("◑", "fir"), ("●", "amber")] {
            let mut app = app(columns, rows);
            let (x, y) = find(&app, &format!("{sign} {name}"), false);
            app.focus = Focus::Timeline;
            mouse(&mut app, Deed::Press, x, y);
            assert_eq!((app.host().map(|h| h.id.as_str()), app.focus), (Some(name), Focus::Hosts), "{columns}x{rows}");
            typed(&mut app, "W");
            let (x, y) = find(&app, "ginkgo", false);
            mouse(&mut app, Deed::Press, x, y);
            assert_eq!((app.host().map(|h| h.id.as_str()), app.focus), (Some("ginkgo"), Focus::Wall));
        }
    }
    let mut app = app(120, 40);
    let (x, y) = find(&app, "hazel", true);
    mouse(&mut app, Deed::Press, x, y);
    assert_eq!((app.host().map(|h| h.id.as_str()), app.focus), (Some("hazel"), Focus::Timeline));
    assert_eq!(app.strips.cursor(), None, "a name is no moment");
    mouse(&mut app, Deed::Press, x + 40, y);
    assert!(app.strips.cursor().is_some());
}

#[test]
fn a_drag_pans_and_the_wheel_scrolls_what_is_under_it() {
    let mut app = app(120, 40);
    let (x, y) = find(&app, "hazel", true);
    mouse(&mut app, Deed::Press, x + 40, y);
    mouse(&mut app, Deed::Drag, x + 60, y);
    mouse(&mut app, Deed::Release, x + 60, y);
    assert!(!app.strips.is_live());
    let held = app.strips.window(80, scene::NOW.wall);
    mouse(&mut app, Deed::Drag, x + 90, y);
    assert_eq!(app.strips.window(80, scene::NOW.wall), held, "nothing is held any more");
    mouse(&mut app, Deed::WheelDown, x + 40, y);
    assert_ne!(app.strips.window(80, scene::NOW.wall), held);
    let (x, y) = find(&app, "amber", false);
    let before = app.host().map(|host| host.id.clone());
    mouse(&mut app, Deed::WheelUp, x, y);
    assert_ne!(app.host().map(|host| host.id.clone()), before);
    let effects = typed(&mut app, "M");
    assert!(matches!(effects[..], [Effect::Mouse(false)]));
}

#[test]
fn what_needs_the_operator_calls_once() {
    let alerts = AlertKind::ALL.to_vec();
    let mut app = App::new(Setup { fleet: scene::fleet(), now: scene::NOW, alerts, ..Setup::default() });
    let failed = ended(Verdict::Finished { code: 3 });
    let id = app.fleet.runs[&run(1)].latest_id().expect("an attempt");
    let msg = event(&app, "amber", Fact::Run { id, fact: failed });
    let effects = app.update(scene::NOW, msg);
    assert!(matches!(&effects[..], [Effect::Notify(text)] if text == "memtest on amber: exit 3"), "{effects:?}");
}

#[test]
fn incidents_are_copied_as_text() {
    let mut app = app(120, 40);
    let effects = typed(&mut app, "Iy");
    let [Effect::Copy(copied)] = &effects[..] else { panic!("{effects:?}") };
    assert!(copied.contains("next: ") && copied.contains("incident"), "{copied}");
}

#[test]
fn the_output_alone_is_searched_and_not_broken() {
    let mut app = app(80, 24);
    press(&mut app, &[ENTER]);
    typed(&mut app, "z/page");
    app.update(scene::NOW, Msg::Paste(" 00\n".into()));
    press(&mut app, &[ENTER]);
    let orders: Vec<_> = app.output.take_effects().collect();
    let [output::Effect::Search(output::Order::Start { pattern, seek })] = &orders[..] else { panic!("{orders:?}") };
    assert_eq!(pattern.text(), "page 00");
    let outcome = output::Outcome::Nothing;
    let sought = Some(output::Sought { serial: seek.serial, outcome });
    let progress = output::Progress { matches: 0, counted: 9, end: 9, seek: sought };
    app.update(scene::NOW, Msg::Output(output::Msg::Progress(progress)));
    typed(&mut app, "w");
    scene::answer(&mut app);
    press(&mut app, &[ESC]);
    assert!(app.zoom && app.output.view().find().pattern().is_none(), "escape leaves the search first");
    press(&mut app, &[ESC]);
    assert!(!app.zoom);
}

#[test]
fn another_host_brings_another_log_and_a_host_without_runs_none() {
    let mut app = app(120, 40);
    let first = app.output.view().shown();
    assert_eq!(first.map(|(id, _)| id), app.pick().map(|pick| pick.id()));
    typed(&mut app, "j");
    assert!(app.output.view().shown() != first && app.output.view().window().entries.is_empty());
    assert!(matches!(app.output.take_effects().next(), Some(output::Effect::Read(_))));
    typed(&mut app, "G");
    assert_eq!(app.output.view().shown(), None);
    assert!(text(&draw(&app, COLOURED)).contains("no run selected"));
}

#[test]
fn streams_are_switched_where_there_are_two() {
    let mut app = app(120, 40);
    press(&mut app, &[ENTER]);
    typed(&mut app, "e");
    assert_eq!(app.output.view().shown().map(|(_, stream)| stream), Some(Stream::Out));
    assert!(text(&draw(&app, COLOURED)).contains("stdout and stderr of this run are one"));
    app.fleet.runs.get_mut(&run(1)).expect("a run").spec.io = RunIo::Split;
    typed(&mut app, "e");
    assert_eq!(app.output.view().shown().map(|(_, stream)| stream), Some(Stream::Err));
    assert!(text(&draw(&app, COLOURED)).contains("attempt 1 stderr"));
    typed(&mut app, "e");
    assert_eq!(app.output.view().shown().map(|(_, stream)| stream), Some(Stream::Out));
}

#[test]
fn nothing_panics_at_any_size_with_anything_open() {
    for (columns, rows) in [(1, 1), (20, 5), (59, 16), (60, 15), (60, 16), (61, 17), (75, 21), (400, 120)] {
        for keys in [
            "", "x", "J", "q", "?", "i", "I", "D", "W", "Wojjl", ":", ":zz", "mx", "/q", "z", "\t", "\tz", "\tz/x",
            "\tw", "\t\tz", "rn", "J\n", "F", "T", "S", "\t@1", "\t&x", "\tvkkk", "\tzt",
        ] {
            let mut app = app(columns, rows);
            app.update(scene::NOW, Msg::Ask(question()));
            for c in keys.chars() {
                let key = match c {
                    '\t' => TAB,
                    '\n' => ENTER,
                    c => Key::char(c),
                };
                press(&mut app, &[key]);
            }
            for theme in [COLOURED, PLAIN] {
                draw(&app, theme);
            }
        }
    }
}

#[test]
fn too_small_says_so() {
    let mut app = app(59, 15);
    assert!(text(&draw(&app, COLOURED)).contains("59x15 is too small"));
    app.update(scene::NOW, Msg::Resize { columns: 60, rows: 16 });
    assert!(text(&draw(&app, COLOURED)).contains("amber"));
}

#[test]
fn every_state_is_told_by_a_word_and_a_sign_of_its_own() {
    for theme in [COLOURED, PLAIN] {
        let shown = text(&draw(&app(120, 40), theme));
        let told = |state: LinkState| {
            let wanted = format!("{} ", theme.state(state));
            shown.lines().any(|line| line.contains(&wanted) && line.contains(state.word()))
        };
        for state in LinkState::ALL.into_iter().filter(|state| *state != LinkState::Idle) {
            assert!(told(state), "{} in {theme:?}:\n{shown}", state.word());
        }
    }
}

#[test]
fn an_outage_common_to_all_stands_in_one_column() {
    let shown = text(&draw(&app(200, 60), PLAIN));
    let strip =
        |name: &str| shown.lines().rfind(|line| line.contains(name)).map(|line| line.find('Z')).expect("a strip");
    let columns: BTreeSet<_> = ["amber", "birch", "cedar", "dogwood", "elm", "fir", "ginkgo"].map(strip).into();
    assert!(columns.len() == 1 && columns.first().is_some_and(Option::is_some), "{columns:?}");
}

#[test]
fn the_selection_follows_the_host_when_the_list_is_ordered_anew() {
    let mut app = app(120, 40);
    typed(&mut app, "jo");
    assert_eq!(app.host().map(|h| h.id.clone()), Some(host("birch")));
    let change = LinkChange::between(LinkState::Alive, LinkState::Refused, None);
    let msg = event(&app, "birch", Fact::Link(change));
    app.update(scene::NOW, msg);
    assert_eq!(app.hosts.visible(&app.fleet)[0].id, host("birch"));
    assert_eq!(app.host().map(|h| h.id.clone()), Some(host("birch")));
}

#[test]
fn cancel_asks_names_what_it_hits_and_forgets_what_has_ended_meanwhile() {
    let mut app = app(120, 40);
    assert!(typed(&mut app, "x").is_empty());
    assert!(text(&draw(&app, COLOURED)).contains("Cancel memtest on amber?"));
    assert!(press(&mut app, &[ENTER]).is_empty(), "enter keeps it running");
    typed(&mut app, "x");
    let effects = typed(&mut app, "y");
    assert_eq!(commands(&effects), [&Command::Cancel { run: run(1), reason: CancelReason::Operator }]);

    typed(&mut app, "x");
    let id = app.pick().expect("a run").id();
    let over = ended(Verdict::Finished { code: 0 });
    let msg = event(&app, "amber", Fact::Run { id, fact: over });
    app.update(scene::NOW, msg);
    assert!(typed(&mut app, "y").is_empty());
    assert!(typed(&mut app, "x").is_empty() && app.dialogs.is_empty(), "nothing goes on here");
}

#[test]
fn verbs_act_on_marks() {
    let mut app = app(120, 40);
    let effects = typed(&mut app, "  r");
    let expected = ["amber", "birch"].map(|name| Command::Reconnect(host(name)));
    assert_eq!(commands(&effects), expected.iter().collect::<Vec<_>>());
    typed(&mut app, "x");
    let shown = text(&draw(&app, COLOURED));
    assert!(shown.contains("Cancel 2 runs?") && shown.contains("disk-burn on birch"));
}

#[test]
fn many_runs_are_cancelled_only_when_their_number_is_typed() {
    let mut app = app(120, 40);
    let mut spec = app.fleet.runs[&run(1)].spec.clone();
    spec.job = None;
    for (n, name) in ["ivy", "juniper"].into_iter().enumerate() {
        let run = run(100 + u64::try_from(n).expect("small"));
        let id = steadfast::domain::id::AttemptId { run, attempt: steadfast::domain::id::Attempt::FIRST };
        let msg = event(&app, name, Fact::Run { id, fact: RunFact::Requested { spec: Box::new(spec.clone()) } });
        app.update(scene::NOW, msg);
    }
    typed(&mut app, "ax");
    assert!(text(&draw(&app, COLOURED)).contains("type 7 to cancel the runs"));
    assert!(typed(&mut app, "y").is_empty() && press(&mut app, &[ENTER]).is_empty());
    press(&mut app, &[Key::of(Code::Backspace)]);
    typed(&mut app, "7");
    assert_eq!(commands(&press(&mut app, &[ENTER])).len(), 7);
}

#[test]
fn rerun_asks_only_while_the_old_one_is_running() {
    let mut app = app(120, 40);
    assert!(typed(&mut app, "R").is_empty());
    let effects = typed(&mut app, "y");
    assert!(
        matches!(commands(&effects)[..], [Command::Start { host: on, spec, .. }] if *on == host("amber") && spec.title() == "memtest")
    );
    typed(&mut app, "jj");
    assert_eq!(commands(&typed(&mut app, "R")), [&Command::Rerun(run(3))]);
}

#[test]
fn a_job_is_chosen_confirmed_and_started() {
    let mut app = app(120, 40);
    typed(&mut app, "Jdisk");
    press(&mut app, &[ENTER]);
    assert!(text(&draw(&app, COLOURED)).contains("Start disk-burn on amber?"));
    let first = press(&mut app, &[ENTER]);
    assert!(matches!(commands(&first)[..], [Command::Start { spec, .. }] if spec.command.starts_with("fio")));
    assert!(app.dialogs.is_empty());
    typed(&mut app, "Jdisk");
    let second = press(&mut app, &[ENTER, ENTER]);
    let id = |effects: &[Effect]| match commands(effects)[..] {
        [Command::Start { id, .. }] => *id,
        _ => panic!("one start"),
    };
    assert_ne!(id(&first), id(&second));
}

#[test]
fn enter_goes_to_the_output_and_to_a_job_where_nothing_ran() {
    let mut app = app(120, 40);
    press(&mut app, &[ENTER]);
    assert_eq!(app.focus, Focus::Output);
    press(&mut app, &[ESC]);
    typed(&mut app, "G");
    assert_eq!(app.host().map(|h| h.id.clone()), Some(host("juniper")));
    press(&mut app, &[ENTER]);
    assert!(matches!(app.dialogs.last(), Some(Dialog::Jobs(_))));
}

#[test]
fn quit_says_what_goes_on_and_ctrl_c_twice_leaves_at_once() {
    let mut app = app(120, 40);
    assert!(typed(&mut app, "q").is_empty());
    assert!(text(&draw(&app, COLOURED)).contains("Quit? 5 runs go on"));
    assert!(matches!(typed(&mut app, "q")[..], [Effect::Quit]));
    press(&mut app, &[ESC]);
    assert!(press(&mut app, &[Key::ctrl('c')]).is_empty());
    assert!(matches!(press(&mut app, &[Key::ctrl('c')])[..], [Effect::Abort]));
}

#[test]
fn read_only_refuses_every_verb_that_acts_on_hosts() {
    let mut app = app(120, 40);
    app.read_only = true;
    assert!(text(&draw(&app, COLOURED)).contains("read-only"), "the title says it");
    let acts = |effect: &Effect| matches!(effect, Effect::Command(command) if command.acts_on_host());
    for binding in BINDINGS {
        let focuses: &[Focus] = match &binding.when {
            When::Always => &Focus::ALL,
            When::In(focus) => std::slice::from_ref(focus),
        };
        for (focus, key) in focuses.iter().flat_map(|focus| binding.keys.iter().map(move |key| (focus, key))) {
            let mut app = busy();
            app.read_only = true;
            app.focus = *focus;
            let effects = press(&mut app, &[*key]);
            assert!(!effects.iter().any(acts), "{key} in {focus:?}: {effects:?}");
            if binding.action.acts_on_hosts() && !(*focus == Focus::Output && Verb::of(*key).is_some()) {
                assert!(effects.is_empty() && app.dialogs.is_empty(), "{key} in {focus:?} asks what it will not do");
                assert!(app.toasts.iter().any(|toast| toast.text.contains("read-only")), "{key} says nothing");
            }
        }
    }
    assert_eq!(BINDINGS.iter().filter(|binding| binding.action.acts_on_hosts()).count(), 8);
}

#[test]
fn a_dialog_from_before_does_nothing_when_only_looking() {
    let mut app = app(120, 40);
    typed(&mut app, "x");
    app.read_only = true;
    assert!(typed(&mut app, "y").is_empty());
    assert!(app.toasts.iter().any(|toast| toast.text.contains("read-only")));
}

#[test]
fn hosts_are_left_alone_on_demand_and_many_only_when_their_number_is_typed() {
    let mut app = app(120, 40);
    assert_eq!(commands(&typed(&mut app, "p")), [&Command::Pause(host("amber"))]);
    assert!(typed(&mut app, "X").is_empty(), "it asks, also for one");
    let shown = text(&draw(&app, COLOURED));
    assert!(shown.contains("Mark dead 1 host?") && shown.contains("1 run goes on there"), "{shown}");
    assert_eq!(commands(&typed(&mut app, "y")), [&Command::MarkDead(host("amber"))]);
    typed(&mut app, "  p");
    assert!(text(&draw(&app, COLOURED)).contains("Pause 2 hosts?"));
    assert_eq!(commands(&typed(&mut app, "y")).len(), 2);
    press(&mut app, &[ESC]);
    typed(&mut app, "aX");
    assert!(typed(&mut app, "y").is_empty() && press(&mut app, &[ENTER]).is_empty());
    press(&mut app, &[Key::of(Code::Backspace)]);
    typed(&mut app, "10");
    assert_eq!(commands(&press(&mut app, &[ENTER])).len(), 10);
}

#[test]
fn a_host_left_alone_is_told_in_the_operators_words_and_is_no_incident() {
    for (hold, words) in [(Hold::Paused, "paused (you)"), (Hold::Dead, "marked dead")] {
        let mut app = app(160, 40);
        let from = app.fleet.hosts[&host("amber")].link.state;
        let change = LinkChange::between(from, hold.state(), Some(hold.cause()));
        let open = app.fleet.incidents.open().count();
        let msg = event(&app, "amber", Fact::Link(change));
        assert!(app.update(scene::NOW, msg).is_empty(), "nobody is called");
        assert_eq!(app.fleet.incidents.open().count(), open);
        let shown = text(&draw(&app, COLOURED));
        assert!(shown.contains(words) && shown.contains(&format!("1 {}", hold.word())), "{shown}");
    }
}

#[test]
fn the_filter_shows_less_and_escape_all_again() {
    let mut app = app(120, 40);
    typed(&mut app, "/rack-2 lost");
    assert_eq!(app.hosts.visible(&app.fleet).len(), 1);
    press(&mut app, &[ENTER]);
    assert_eq!(app.host().map(|h| h.id.clone()), Some(host("ginkgo")));
    press(&mut app, &[ESC]);
    assert_eq!(app.hosts.visible(&app.fleet).len(), 10);
    assert_eq!(app.host().map(|h| h.id.clone()), Some(host("ginkgo")));
}

fn question() -> Question {
    let text = "Password for root:\u{1b}[2J".into();
    Question { id: 9, host: host("ivy"), kind: Kind::Password, text, echo: false }
}

#[test]
fn a_password_is_asked_for_hidden_and_only_when_nothing_else_is_typed() {
    let mut app = app(80, 24);
    typed(&mut app, "/x");
    app.update(scene::NOW, Msg::Ask(question()));
    assert!(!app.is_asking(), "the filter is being typed");
    press(&mut app, &[ESC]);
    assert!(app.is_asking());
    let later = Moment { mono: Mono(scene::NOW.mono.0 + std::time::Duration::from_secs(1)), ..scene::NOW };
    for c in "hunter2".chars() {
        app.update(later, Msg::Key(Key::char(c)));
    }
    let shown = text(&draw(&app, PLAIN));
    assert!(shown.contains("*******") && !shown.contains("hunter2") && shown.contains("Password for ivy"));
    assert!(!format!("{app:?}").contains("hunter2"));
    let effects = app.update(later, Msg::Key(ENTER));
    let [Effect::Answer { id: 9, secret: Some(secret) }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(secret.expose_secret(), "hunter2");
}

#[test]
fn the_help_names_every_key_of_the_table_and_of_the_output() {
    let app = app(120, 40);
    let lines = app.sheet_lines(SheetKind::Help);
    let labels: Vec<_> = lines
        .iter()
        .filter_map(|line| if let SheetLine::Entry { label, .. } = line { Some(label) } else { None })
        .collect();
    let of_output = steadfast::app::output::KEYS.iter().map(|binding| binding.keys);
    for keys in BINDINGS.iter().map(|binding| binding.keys).chain(of_output) {
        for key in keys {
            assert!(labels.iter().any(|label| label.split("  ").any(|word| word == key.to_string())), "{key}");
        }
    }
    let states = lines.iter().filter(|line| matches!(line, SheetLine::State(..))).count();
    assert_eq!(states, LinkState::ALL.len());
}

#[test]
fn every_key_of_the_table_does_something() {
    for binding in BINDINGS {
        let focuses: &[Focus] = match &binding.when {
            When::Always => &Focus::ALL,
            When::In(focus) => std::slice::from_ref(focus),
        };
        for focus in focuses {
            // What the output pane takes for itself is tested with its view.
            let taken = |key: &Key| *focus == Focus::Output && Verb::of(*key).is_some();
            for key in binding.keys.iter().filter(|key| !taken(key)) {
                let mut app = busy();
                app.focus = *focus;
                if *focus == Focus::Wall {
                    // Narrow, so that there is a row on each side.
                    app.update(scene::NOW, Msg::Resize { columns: 60, rows: 40 });
                    press(&mut app, &[Key::of(Code::Up); 4]);
                    press(&mut app, &[Key::of(Code::Down), Key::of(Code::Right)]);
                }
                let before = format!("{app:?}");
                let effects = press(&mut app, &[*key]);
                assert!(
                    !effects.is_empty() || format!("{app:?}") != before,
                    "{key} with focus on {focus:?} does nothing"
                );
            }
        }
    }
}

/// In the middle of everything, so that each key has something to do.
fn busy() -> App {
    let mut app = app(120, 40);
    typed(&mut app, "jjjjj ");
    app.focus = Focus::Timeline;
    press(&mut app, &[Key::of(Code::Left); 5]);
    app.focus = Focus::Hosts;
    app
}
