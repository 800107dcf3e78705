//! Every view and every dialog, from the same story at the same moment, at four sizes and in three looks:
//! what is written, and in which styles.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use ratatui::style::{Modifier, Style as Cells};
use steadfast::app::dialog::{AskFor, Decision};
use steadfast::app::log::{News, Work};
use steadfast::app::merged::{MergedNews, Merging};
use steadfast::app::output::{Sifted, Stamp, Style};
use steadfast::app::terminal::Picture;
use steadfast::domain::network::NetworkState;

use super::*;

/// A view: how it is called, the keys that lead there, and what comes from elsewhere then.
struct View {
    name: &'static str,
    keys: &'static str,
    begin: fn(u16, u16) -> App,
    then: fn(&mut App),
}

const fn view(name: &'static str, keys: &'static str) -> View {
    View { name, keys, begin: app, then: scene::answer }
}

impl View {
    const fn begin(self, begin: fn(u16, u16) -> App) -> Self {
        Self { begin, ..self }
    }

    const fn then(self, then: fn(&mut App)) -> Self {
        Self { then, ..self }
    }

    fn app(&self, (columns, rows): (u16, u16)) -> App {
        let mut app = (self.begin)(columns, rows);
        strike(&mut app, self.keys);
        (self.then)(&mut app);
        app
    }
}

const VIEWS: &[View] = &[
    view("home", ""),
    view("home-no-hosts", "").begin(nobody),
    view("home-marks", "jj  "),
    view("home-filter", "/rack-2"),
    view("home-troubles", "").begin(troubled),
    view("home-alarms", "").begin(alarmed),
    view("home-frozen", "F"),
    view("hosts-alone", "z"),
    view("output", "\n"),
    view("output-alone", "\nz"),
    view("output-empty", "G\tz"),
    view("output-not-broken", "\nwll"),
    view("output-search", "\n/pass [12]\n").then(found),
    view("output-search-typed", "\nz/page 0"),
    view("output-filter", "\n&pass [12] v\n").then(sifted),
    view("output-selected", "\nvkk"),
    view("output-times", "\ntz").then(timed),
    view("output-marks", "\nzt").then(marked),
    view("output-alarms", "\n").begin(alarmed).then(alarms),
    view("output-alarms-times", "\nzt").begin(alarmed).then(alarms),
    view("timeline", "\t\t←←←←←"),
    view("timeline-alone", "\t\tz←←←←←←←←←←←←←←←←←←←←←←←←←←←←←"),
    view("wall", "Wl "),
    view("wall-by-tag", "Wo"),
    view("health", "").begin(health::app),
    view("health-one", "j\n").begin(health::app),
    view("terminal", "T").then(painted),
    view("terminal-unread", "T"),
    view("merged", "   O").then(merged),
    view("merged-times", "   Ot").then(merged),
    view("incidents", "I"),
    view("digest", "D").begin(away),
    view("help", "?"),
    view("details", "jjjjji"),
    view("palette", ":can"),
    view("dialog-cancel", "x"),
    view("dialog-cancel-marked", "  x"),
    view("dialog-rerun", "R"),
    view("dialog-mark-dead-many", "aX1"),
    view("dialog-jobs", "J"),
    view("dialog-no-jobs", "J").begin(jobless),
    view("dialog-start-job", "Jdisk\n"),
    view("dialog-go-to", "\n@25:99\n"),
    view("dialog-save", "S\t"),
    view("dialog-overwrite", "").then(exists),
    view("dialog-note", "mreplaced a fan"),
    view("dialog-question", "").then(|app| ask(app, Kind::Passphrase)),
    view("dialog-quit", "q"),
];

/// One key for each character.
pub fn strike(app: &mut App, keys: &str) {
    for c in keys.chars() {
        let key = match c {
            '\t' => TAB,
            '\n' => ENTER,
            '\u{1b}' => ESC,
            '←' => Key::of(Code::Left),
            c => Key::char(c),
        };
        press(app, &[key]);
    }
}

const COLOUR: Theme = COLOURED;
const MONO: Theme = Theme { depth: Depth::Mono, signs: Signs::Unicode, ground: Ground::Dark };
/// As the Linux console is: sixteen colours and no other letters.
const ASCII: Theme = Theme { depth: Depth::Ansi16, signs: Signs::Ascii, ground: Ground::Dark };

#[test]
fn every_view_at_every_size_in_every_look() {
    for view in VIEWS {
        let (mut colour, mut mono, mut ascii) = (Sheet::default(), Sheet::default(), Sheet::default());
        for size in SIZES {
            let app = view.app(size);
            let [in_colour, in_mono, in_ascii] = [COLOUR, MONO, ASCII].map(|theme| draw(&app, theme));
            let [written, plainly, plain] = [&in_colour, &in_mono, &in_ascii].map(text);
            let place = format!("{} at {size:?}", view.name);
            assert_eq!(plainly, written, "without colour the same is written: {place}");
            assert!(plain.is_ascii(), "{place}:\n{plain}");
            let reset = |cell: &ratatui::buffer::Cell| cell.fg == Color::Reset && cell.bg == Color::Reset;
            assert!(in_mono.content().iter().all(reset), "a colour: {place}");
            colour.add(size, Some(&written), &in_colour);
            mono.add(size, None, &in_mono);
            ascii.add(size, Some(&plain), &in_ascii);
        }
        for (look, sheet) in [("colour", colour), ("mono", mono), ("ascii", ascii)] {
            insta::assert_snapshot!(format!("{}-{look}", view.name), sheet.end());
        }
    }
}

/// What a snapshot says: of each size what is written, and which styles it has.
#[derive(Default)]
struct Sheet {
    text: String,
    styles: Vec<Cells>,
}

impl Sheet {
    /// The text, and below it of each row the runs of cells that are styled alike: a letter and how many.
    fn add(&mut self, (columns, rows): (u16, u16), written: Option<&str>, buffer: &Buffer) {
        let written = written.unwrap_or("(written as in colour)\n");
        let _ = write!(self.text, "== {columns}x{rows}\n{written}-- styles\n");
        let runs: Vec<_> = buffer.content().chunks(usize::from(columns)).map(|row| self.runs(row)).collect();
        let mut row = 0;
        for alike in runs.chunk_by(|a, b| a == b) {
            let last = row + alike.len() - 1;
            let which = if alike.len() == 1 { format!("{row}") } else { format!("{row}-{last}") };
            if alike.first().is_some_and(|runs| !runs.is_empty()) {
                let _ = writeln!(self.text, "{which:>5}:{}", alike[0]);
            }
            row += alike.len();
        }
    }

    fn runs(&mut self, row: &[ratatui::buffer::Cell]) -> String {
        // The colour of what cannot be seen does not matter, unless it has a ground.
        let style = |cell: &ratatui::buffer::Cell| {
            let seen = cell.symbol() != " " || cell.modifier.intersects(GROUND);
            let style = cell.style();
            if seen { style } else { Cells::new().fg(Color::Reset).bg(cell.bg).add_modifier(cell.modifier & GROUND) }
        };
        let mut runs = String::new();
        let mut letters: Vec<char> = Vec::new();
        let mut grounded = false;
        for cell in row {
            let letter = self.letter(style(cell));
            // A blank goes with what is before it, unless that has a ground.
            let blank = letter == '.' && cell.symbol() == " " && !grounded;
            grounded = !blank && (cell.bg != Color::Reset || cell.modifier.intersects(GROUND));
            letters.push(letters.last().copied().filter(|_| blank).unwrap_or(letter));
        }
        for run in letters.chunk_by(|a, b| a == b) {
            let _ = write!(runs, " {}{}", run[0], run.len());
        }
        let plain = runs.rfind(" .").filter(|at| !runs[at + 1..].contains(' '));
        runs.truncate(plain.unwrap_or(runs.len()));
        runs
    }

    fn letter(&mut self, style: Cells) -> char {
        let plain = Cells::new().fg(Color::Reset).bg(Color::Reset);
        if (style.fg, style.bg, style.add_modifier) == (plain.fg, plain.bg, Modifier::empty()) {
            return '.';
        }
        let known = self.styles.iter().position(|known| *known == style);
        let at = known.unwrap_or_else(|| {
            self.styles.push(style);
            self.styles.len() - 1
        });
        ('a'..='z').chain('A'..='Z').chain('α'..='ω').nth(at).expect("no view has so many styles")
    }

    fn end(mut self) -> String {
        self.text.push_str("== styles\n");
        let mut legend = String::new();
        for style in self.styles.clone() {
            let _ = write!(legend, "{} ", self.letter(style));
            for (word, colour) in [("", style.fg), ("on ", style.bg)] {
                match colour.filter(|colour| *colour != Color::Reset) {
                    Some(Color::Rgb(r, g, b)) => {
                        let _ = write!(legend, " {word}#{r:02x}{g:02x}{b:02x}");
                    }
                    Some(colour) => {
                        let _ = write!(legend, " {word}{colour}");
                    }
                    None => {}
                }
            }
            for (name, _) in style.add_modifier.iter_names() {
                let _ = write!(legend, " {}", name.to_lowercase());
            }
            legend.push('\n');
        }
        self.text + &legend
    }
}

/// What is seen of a blank.
const GROUND: Modifier = Modifier::REVERSED.union(Modifier::UNDERLINED);

/// A new kind of dialog or pane is to be in the table: this does not compile, or fails, before it is.
#[test]
fn the_table_has_every_pane_and_every_dialog() {
    let mut seen = BTreeSet::new();
    for view in VIEWS {
        let app = view.app((120, 40));
        seen.insert(app.focus.word());
        seen.extend(app.dialogs.last().map(kind));
        seen.extend(app.questions.front().filter(|_| app.is_asking()).map(|_| "question"));
        seen.extend(app.entry.as_ref().map(|_| "entry"));
    }
    let panes = Focus::ALL.map(Focus::word);
    let wanted: BTreeSet<_> = panes.into_iter().chain(DIALOGS).chain(["question", "entry"]).collect();
    assert_eq!(seen, wanted);
    let names: BTreeSet<_> = VIEWS.iter().map(|view| view.name).collect();
    assert_eq!(names.len(), VIEWS.len(), "a name twice");
}

fn kind(dialog: &Dialog) -> &'static str {
    match dialog {
        Dialog::Sheet(sheet) => match sheet.kind {
            SheetKind::Help => "help",
            SheetKind::Details => "details",
            SheetKind::Incidents => "incidents",
            SheetKind::Digest => "digest",
        },
        Dialog::Confirm(confirm) => match confirm.decision() {
            Decision::Commands(_) if confirm.typed.is_some() => "confirm with a number",
            Decision::Commands(_) => "confirm",
            Decision::Quit => "quit",
            Decision::Save(_) => "overwrite",
        },
        Dialog::Jobs(_) => "jobs",
        Dialog::Palette(_) => "palette",
        Dialog::Ask(ask) => match ask.purpose {
            AskFor::Place => "place",
            AskFor::File(_) => "file",
        },
        Dialog::Terminal(_) => "terminal",
        Dialog::Merged(_) => "merged",
    }
}

const DIALOGS: [&str; 14] = [
    "help",
    "details",
    "incidents",
    "digest",
    "confirm with a number",
    "confirm",
    "quit",
    "overwrite",
    "jobs",
    "palette",
    "place",
    "file",
    "terminal",
    "merged",
];

/// Screens that differ in nothing but the state of one host: what is written of it differs too, in every
/// view that shows it, and at every size.
#[test]
fn no_state_is_told_by_colour_alone() {
    for (keys, size) in ["", "z", "\t\tz", "W", "Wo", "H"].iter().flat_map(|keys| SIZES.map(|size| (keys, size))) {
        let mut told = [COLOUR, ASCII].map(|theme| (theme, BTreeSet::new()));
        for state in LinkState::ALL {
            let app = with_state(state, keys, size);
            for (theme, told) in &mut told {
                let sign = before_amber(&text(&draw(&app, *theme)));
                assert!(sign.contains(theme.state(state)), "{keys:?} at {size:?}: {sign:?} for {}", state.word());
                told.insert(sign);
            }
        }
        for (_, told) in told {
            assert_eq!(told.len(), LinkState::ALL.len(), "{keys:?} at {size:?}: {told:?}");
        }
    }
}

fn with_state(state: LinkState, keys: &str, (columns, rows): (u16, u16)) -> App {
    let mut app = app(columns, rows);
    let from = app.fleet.hosts[&host("amber")].link.state;
    if from != state {
        let change = event(&app, "amber", Fact::Link(LinkChange::between(from, state, None)));
        app.update(scene::NOW, change);
    }
    app.toasts.clear();
    strike(&mut app, keys);
    app
}

/// Nothing but the sign: the words and ages behind the name are left out.
fn before_amber(shown: &str) -> String {
    let signs = shown.lines().filter_map(|line| line.split_once("amber")).map(|(before, _)| {
        let nearest: Vec<char> = before.chars().rev().take(3).collect();
        nearest.into_iter().collect::<String>()
    });
    signs.collect::<Vec<_>>().join("/")
}

/// In the middle of a log that is searched, with long lines cut: each key of the pane has something to do.
#[test]
fn every_key_of_the_output_does_something() {
    for binding in output::KEYS {
        for key in binding.keys {
            let mut app = app(120, 40);
            strike(&mut app, "\nwlll/page\n");
            found(&mut app);
            strike(&mut app, "gjjj");
            scene::answer(&mut app);
            let before = format!("{app:?}");
            let effects = press(&mut app, &[*key]);
            assert!(!effects.is_empty() || format!("{app:?}") != before, "{key} ({}) does nothing", binding.help);
        }
    }
}

#[test]
fn too_small_is_said_at_every_small_size() {
    let mut all = String::new();
    for (columns, rows) in [(59, 16), (60, 15), (40, 10), (20, 5), (20, 2)] {
        let shown = text(&draw(&app(columns, rows), COLOUR));
        let _ = write!(all, "== {columns}x{rows}\n{shown}");
    }
    insta::assert_snapshot!("too-small", all);
}

/// No host, no job: the first start.
fn nobody(columns: u16, rows: u16) -> App {
    let mut app = App::new(Setup { now: scene::NOW, ..Setup::default() });
    app.update(scene::NOW, Msg::Resize { columns, rows });
    app
}

fn jobless(columns: u16, rows: u16) -> App {
    let mut app = app(columns, rows);
    app.jobs.clear();
    app
}

/// Our own network is down, somebody else holds the ledger, we may only look, and something failed.
fn troubled(columns: u16, rows: u16) -> App {
    let mut app = app(columns, rows);
    app.fleet.network = NetworkState::Down;
    app.read_only = true;
    app.update(scene::NOW, Msg::Holder(Some("erika@bench, pid 812".into())));
    app.update(scene::NOW, Msg::Failed("the webhook was not answered: connection refused (10.0.0.9:443)".into()));
    app
}

/// An alarm in the output, and a run that says how far it is.
fn alarmed(columns: u16, rows: u16) -> App {
    let mut app = app(columns, rows);
    let id = app.pick().expect("a run").id();
    let line = "EDAC MC0: 1 CE memory read error".to_owned();
    for hits in 1..=12 {
        let hit =
            AlarmHit { pattern: "memory error".into(), stream: Stream::Out, hits, offset: 700, line: line.clone() };
        let told = event(&app, "amber", Fact::Run { id, fact: RunFact::Alarm(hit) });
        app.update(scene::NOW, told);
    }
    let remaining = Some(std::time::Duration::from_secs(4_000));
    let progress = Progress { permille: 420, status: Some("pass 3".into()), remaining };
    app.update(scene::NOW, Msg::Progress(vec![(id, progress)]));
    app
}

/// Nobody looked for three hours.
fn away(columns: u16, rows: u16) -> App {
    let mut app = app(columns, rows);
    let started = Fact::Supervisor(SupervisorFact::Started { version: "1".into() });
    app.fleet.last_at = Some(scene::ago(10_800));
    app.fleet.apply(&Event { seq: Seq(app.fleet.seq.0 + 1), at: scene::ago(60), host: None, fact: started });
    app
}

fn tell(app: &mut App, msg: output::Msg) {
    app.update(scene::NOW, Msg::Output(msg));
}

/// The third of five matches.
fn found(app: &mut App) {
    for order in app.output.take_effects().collect::<Vec<_>>() {
        if let output::Effect::Search(output::Order::Start { seek, .. }) = order {
            let (line, at) = (1_340, 1_378);
            let outcome = output::Outcome::Found { line, at, ordinal: Some(3), wrapped: false };
            let seek = Some(output::Sought { serial: seek.serial, outcome });
            tell(app, output::Msg::Progress(output::Progress { matches: 32, counted: 900, end: 1_800, seek }));
        }
    }
    scene::answer(app);
}

fn sifted(app: &mut App) {
    let orders: Vec<_> = app.output.take_effects().collect();
    for order in orders {
        if let output::Effect::Read(request) = order {
            let mut window = scene::log(request);
            window.entries.retain(|entry| entry.line.text().contains("verified"));
            (window.covers, window.anchor) = (Some((0, window.end)), 0);
            tell(app, output::Msg::Window(window));
        }
    }
    tell(app, output::Msg::Sifted(Sifted { lines: 2, counted: 9, end: 9 }));
}

fn with_window(app: &mut App, change: impl Fn(&mut output::Window)) {
    let orders: Vec<_> = app.output.take_effects().collect();
    let Some(output::Effect::Read(request)) = orders.last() else { panic!("nothing is read: {orders:?}") };
    let mut window = scene::log(*request);
    change(&mut window);
    tell(app, output::Msg::Window(window));
}

fn timed(app: &mut App) {
    with_window(app, |window| {
        for (n, entry) in window.entries.iter_mut().enumerate().skip(2) {
            let at = scene::ago(86_400 / 20 * (43 - i64::try_from(n).expect("small")));
            entry.time = Some(Stamp { at, at_latest: n % 5 == 0 });
        }
    });
}

/// Everything that can stand between lines, and lines that are not simple.
fn marked(app: &mut App) {
    with_window(app, |window| {
        let mut pen = Style::default();
        let mut line = |at: usize, bytes: &[u8]| window.entries[at].line = output::decode::line(bytes, &mut pen);
        line(33, "漢字 and é, \u{1b}[31mred\u{1b}[0m, invalid \u{1b}]0;title\u{7}escape".as_bytes());
        line(34, b"not UTF-8: \xff\xfe\n");
        line(35, b" 10 %\r 55 %\r 99 %\n");
        line(36, "long: ".repeat(60).as_bytes());
        let blind = |cause: &str, caught_up| output::Marker::Blind {
            duration: std::time::Duration::from_secs(1_511),
            cause: cause.into(),
            caught_up,
        };
        window.entries[39].before.push(blind("own network is down", 43_202_118));
        window.entries[40].before.push(blind("we were not running", 0));
        window.entries[42].after.push(output::Marker::More(3));
        for (n, entry) in window.entries.iter_mut().enumerate() {
            let at = scene::ago(2_000 - 40 * i64::try_from(n).expect("small"));
            entry.time = Some(Stamp { at, at_latest: n == 39 });
        }
    });
}

/// Two lines of the log are alarms.
fn alarms(app: &mut App) {
    app.toasts.clear();
    let id = app.pick().expect("a run").id();
    tell(app, output::Msg::Show(id, Stream::Out));
    with_window(app, |window| {
        window.alarms = true;
        let mut pen = Style::default();
        for (n, words) in [(36, "EDAC MC0: 1 CE memory read error on DIMM_A1"), (40, "mce: [Hardware Error]: bank 5")] {
            window.entries[n].line = output::decode::line(words.as_bytes(), &mut pen);
            window.entries[n].alarm = true;
        }
        for (n, entry) in window.entries.iter_mut().enumerate() {
            let at = scene::ago(2_000 - 40 * i64::try_from(n).expect("small"));
            entry.time = Some(Stamp { at, at_latest: n == 39 });
        }
    });
}

fn row(cells: &str) -> output::Line {
    let mut line = output::Line::default();
    for c in cells.chars() {
        let reversed = Style { attributes: output::Attributes::REVERSE, ..Style::default() };
        line.cell(c.encode_utf8(&mut [0; 4]), 1, if c.is_uppercase() { reversed } else { Style::default() });
    }
    line
}

fn painted(app: &mut App) {
    let id = app.terminal().expect("it is looked at").id;
    let rows = (0..30).map(|n| row(&format!("{n:02} cpu [||||||    ] Mem "))).collect();
    let picture = Picture { id, rows, cursor: Some((4, 6)), alternate: true, skipped: 12_000_000, trouble: None };
    app.update(scene::NOW, Msg::Log(News::Picture(Box::new(picture))));
}

fn merged(app: &mut App) {
    let sheet = app.merged_mut().expect("three hosts are marked");
    let of = sheet.logs();
    let Some(output::Effect::Read(request)) = sheet.output.take_effects().last() else { panic!("it reads") };
    let merging = Merging { left_out: 9_000_000, ..Merging::default() };
    app.update(scene::NOW, Msg::Log(News::Merged(MergedNews { of, merging, msgs: merged_log(request) })));
}

/// What the merger has made of three logs.
pub fn merged_log(request: output::Request) -> Vec<output::Msg> {
    let mut window = output::Window { serial: request.serial, ..output::Window::default() };
    let mut pen = Style::default();
    for number in 0..50_u64 {
        let (letter, name, colour) =
            [("A", "amber", 36), ("B", "birch", 33), ("C", "cedar", 35)][usize::try_from(number % 3).expect("small")];
        let words = match number {
            40 => "\u{1b}[33m── gap: host gave up 3.8 MiB ──".to_owned(),
            number => format!("line {number}, and what it says of itself"),
        };
        let head = format!("\u{1b}[0;1;{colour}m{letter}\u{1b}[22m {name}\u{1b}[0;2m │\u{1b}[0m ");
        let text = format!("{head}{words}\u{1b}[0m\n");
        let line = output::decode::line(text.as_bytes(), &mut pen);
        let (offset, next) = (window.end, window.end + u64::try_from(text.len()).expect("short"));
        let at = scene::ago(60 - i64::try_from(number).expect("small"));
        let time = request.times.then_some(Stamp { at, at_latest: false });
        window.entries.push(output::Entry {
            offset,
            next,
            number: Some(number),
            time,
            line,
            ..output::Entry::default()
        });
        window.end = next;
    }
    window.anchor = window.entries.len() - 1;
    let end = window.end;
    let extent = output::Extent { end, indexed: end, lines: 50 };
    vec![output::Msg::Grew(end), output::Msg::Window(window), output::Msg::Extent(extent)]
}

/// What is asked when a file of that name is there.
fn exists(app: &mut App) {
    strike(app, "S");
    let effects = press(app, &[ENTER]);
    let [Effect::Log(Work::Save(save))] = &effects[..] else { panic!("{effects:?}") };
    app.update(scene::NOW, Msg::Log(News::Exists(save.clone())));
}

fn ask(app: &mut App, kind: Kind) {
    for id in 1..3 {
        let text = "Enter passphrase for key /home/erika/.ssh/id_ed25519_the_one_of_the_lab: ".into();
        app.update(scene::NOW, Msg::Ask(Question { id, host: host("ivy"), kind, text, echo: false }));
    }
    for c in "hunter2".chars() {
        app.update(later(1), Msg::Key(Key::char(c)));
    }
}
