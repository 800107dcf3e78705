//! The list of hosts: one line each, and under a host in trouble what the trouble is and when it is
//! tried again. Columns go by what the width allows, the least important first.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Pane;
use super::pen::{Pen, columns};
use super::theme::{Depth, Role, Theme};
use crate::app::hosts::Order;
use crate::app::layout::Edge;
use crate::app::places::Note;
use crate::app::{App, Focus, Pick, say};
use crate::domain::fleet::HostView;
use crate::domain::link::Hold;
use crate::domain::progress::Progress;
use crate::domain::run::{Killer, Phase, Verdict};

pub fn render(frame: &mut Frame<'_>, area: Rect, app: &App, theme: &Theme) {
    let edge = app.areas().map_or(Edge::Box, |areas| areas.edge);
    let hosts = app.hosts.visible(&app.fleet);
    let focused = app.focus == Focus::Hosts;
    let pane = Pane { title: title(app, hosts.len()), aside: aside(app), focused, ..Pane::default() };
    let mut inside = pane.render(frame, area, edge, theme);
    if hosts.is_empty() {
        return empty(frame, inside, app, theme);
    }
    let table = Columns::for_width(inside.width, &hosts);
    let listing = app.listing(inside.height);
    if listing.headed {
        header(frame, inside, table, theme);
        inside = Rect { y: inside.y + 1, height: inside.height - 1, ..inside };
    }
    for (n, row) in (0..inside.height).zip(&listing.rows) {
        let line = Line { app, theme, host: row.host, selected: row.selected, focused, columns: table };
        match &row.note {
            None => line.render(frame, inside, n),
            Some(note) => line.render_note(frame, inside, n, note),
        }
    }
}

fn title(app: &App, shown: usize) -> super::Label {
    let all = app.fleet.hosts.len();
    let count = if shown == all { format!(" {all}") } else { format!(" {shown} of {all}") };
    vec![("Hosts".into(), Role::Heading), (count, Role::Quiet)]
}

fn aside(app: &App) -> super::Label {
    let mut label = super::Label::new();
    if !app.hosts.filter.is_empty() {
        label.push((format!("/{}", app.hosts.filter), Role::Accent));
    }
    if app.hosts.order == Order::Trouble {
        let space = if label.is_empty() { "" } else { "  " };
        label.push((format!("{space}trouble first"), Role::Quiet));
    }
    label
}

fn empty(frame: &mut Frame<'_>, inside: Rect, app: &App, theme: &Theme) {
    let lines: &[&str] = if app.fleet.hosts.is_empty() {
        &["No hosts yet.", "", "Name them in steadfast.toml; steadfast config init writes one."]
    } else {
        &["No host matches the filter.", "", "esc shows all again."]
    };
    let room = usize::from(inside.width.saturating_sub(3));
    let lines = lines.iter().flat_map(|line| say::wrap(line, room));
    for (row, line) in (1..).zip(lines) {
        if let Some(mut pen) = Pen::at(frame.buffer_mut(), inside, row, theme.ellipsis()) {
            pen.skip(2).text(&line, theme.style(Role::Quiet));
        }
    }
}

/// Widths; a column of no width is not shown.
#[derive(Clone, Copy, Debug)]
struct Columns {
    name: u16,
    age: u16,
    rtt: u16,
    sign: u16,
    run: u16,
    phase: u16,
    rate: u16,
}

impl Columns {
    fn for_width(width: u16, hosts: &[&HostView]) -> Self {
        let longest = hosts.iter().map(|host| columns(host.id.as_str())).max().unwrap_or(0);
        let name = longest.clamp(4, (width / 3).clamp(8, 28));
        // Where there is room the last column keeps off the edge.
        let margin = u16::from(width >= 50);
        let mut left = width.saturating_sub(PREFIX + name + GAP + STATE + margin);
        let mut take = |wanted: u16| {
            let fits = wanted <= left;
            left -= if fits { wanted } else { 0 };
            if fits { wanted } else { 0 }
        };
        let (sign, age) = (take(2), take(6 + 1));
        // Hardly any state is so long that the ages beside it need the blank.
        let age = if age == 0 { take(6) } else { age };
        let run = take(8 + 1);
        let phase = if run > 0 { take(SHORT_PHASE) } else { 0 };
        let rtt = if phase > 0 { take(7 + GAP) } else { 0 };
        let rate = if rtt > 0 { take(9 + GAP) } else { 0 };
        // What is left over lets the run's name and then its phase be read in full.
        let more = left.min(4);
        let wider = if phase > 0 { (left - more).min(14) } else { 0 };
        let (phase, more) = (phase + wider, more + (left - more - wider).min(12));
        Self { name, age, rtt, sign, run: if run > 0 { run + more } else { 0 }, phase, rate }
    }
}

fn header(frame: &mut Frame<'_>, inside: Rect, table: Columns, theme: &Theme) {
    let style = theme.style(Role::Faint);
    let Some(mut pen) = Pen::at(frame.buffer_mut(), inside, 0, theme.ellipsis()) else { return };
    pen.skip(PREFIX).left("host", table.name, style).skip(GAP).left("state", STATE, style);
    pen.right(if table.age > 0 { "for" } else { "" }, table.age, style);
    pen.right(if table.rtt > 0 { "rtt" } else { "" }, table.rtt, style);
    pen.skip(table.sign).left(if table.run > 0 { " run" } else { "" }, table.run + table.phase, style);
    pen.right(if table.rate > 0 { "output" } else { "" }, table.rate, style);
}

/// One host.
struct Line<'a> {
    app: &'a App,
    theme: &'a Theme,
    host: &'a HostView,
    selected: bool,
    focused: bool,
    columns: Columns,
}

impl Line<'_> {
    fn render(&self, frame: &mut Frame<'_>, inside: Rect, row: u16) {
        self.ground(frame, inside, row);
        let Some(mut pen) = Pen::at(frame.buffer_mut(), inside, row, self.theme.ellipsis()) else { return };
        let (state, table) = (self.host.link.state, self.columns);
        let quiet = self.style(Role::Quiet);
        self.bar(&mut pen);
        let mark = if self.app.hosts.is_marked(&self.host.id) { self.theme.marked() } else { ' ' };
        pen.sign(mark, self.style(Role::Accent));
        pen.sign(self.theme.state(state), self.style(Role::State(state))).skip(1);
        pen.left(self.host.id.as_str(), table.name, self.name_style()).skip(GAP);
        let word = self.host.link.hold().map_or(state.word(), Hold::short);
        pen.left(word, STATE, self.style(Role::State(state)));
        let age = say::duration(self.app.now.wall.since(self.host.link.since));
        pen.right(&age, table.age, quiet);
        let rtt = self.app.live.rtt(&self.host.id).filter(|_| state.is_connected());
        pen.right(&rtt.map(say::latency).unwrap_or_default(), table.rtt, quiet);
        if let Some(pick) = self.app.picks.of(&self.app.fleet, &self.host.id) {
            self.run(&mut pen, &pick);
        }
    }

    fn run(&self, pen: &mut Pen<'_>, pick: &Pick<'_>) {
        let table = self.columns;
        if table.sign == 0 {
            return;
        }
        let (sign, role) = self.theme.standing(pick.standing(self.host.link.state));
        // Where there is no room for more than a sign, alarms take it.
        let hits = pick.attempt.alarm_hits();
        let (sign, role) = if table.run == 0 && hits > 0 { (self.theme.alarm(), Role::Bad) } else { (sign, role) };
        pen.skip(1).sign(sign, self.style(role));
        let alarms = if hits == 0 { String::new() } else { format!("{}{} ", self.theme.alarm(), say::few(hits)) };
        let name = table.run.saturating_sub(1 + columns(&alarms));
        pen.skip(table.run.min(1)).left(&alarms, columns(&alarms).min(table.run), self.style(Role::Bad));
        pen.left(&say::clean(pick.run.spec.title()), name, self.style(Role::Text));
        let (words, role) = self.phase(pick);
        pen.skip(table.phase.min(GAP)).left(&words, table.phase.saturating_sub(GAP), self.style(role));
        let rate = self.app.live.rate(&self.host.id).map(|rate| format!("{}/s", say::bytes(rate)));
        pen.right(&rate.unwrap_or_default(), table.rate, self.style(Role::Quiet));
    }

    fn phase(&self, pick: &Pick<'_>) -> (String, Role) {
        let attempt = pick.attempt;
        let since = attempt.started_at.unwrap_or(attempt.requested_at);
        match &attempt.phase {
            // Nothing starts on a host that cannot be reached.
            Phase::Requested if !self.host.link.state.is_connected() => ("waiting".into(), Role::Quiet),
            Phase::Requested => ("starting".into(), Role::Quiet),
            Phase::Running if attempt.cancelling => ("cancelling".into(), Role::Warning),
            Phase::Running => {
                let age = say::duration(self.app.now.wall.since(since));
                let known = self.host.link.state.is_connected();
                if let Some(progress) = self.app.progress(pick).filter(|_| known) {
                    return (self.gauge(&progress), Role::Quiet);
                }
                let words = match (known, self.columns.phase > SHORT_PHASE + 7) {
                    (true, true) => format!("running {age}"),
                    (false, true) => format!("running {age}?"),
                    (_, false) => age,
                };
                (words, Role::Quiet)
            }
            Phase::Ending => ("ending".into(), Role::Quiet),
            Phase::Ended { verdict, .. } => {
                let (_, role) = self.theme.standing(pick.standing(self.host.link.state));
                let by_operator = matches!(verdict, Verdict::Killed { by: Killer::Operator, .. });
                let said = || say::clean(&verdict.to_string()).into_owned();
                let words = if by_operator { "cancelled".into() } else { said() };
                let fits = columns(&words) <= self.columns.phase.saturating_sub(GAP);
                (if fits { words } else { short(verdict).into() }, role)
            }
        }
    }

    /// `▰▰▱▱▱ 42 %, 3m20s left`, as far as there is room.
    fn gauge(&self, progress: &Progress) -> String {
        let room = usize::from(self.columns.phase.saturating_sub(GAP));
        let percent = format!("{} %", progress.permille / 10);
        let words = say::progress(progress.permille, progress.remaining);
        if room > words.chars().count() + GAUGE {
            format!("{} {words}", self.theme.gauge(progress.permille, GAUGE))
        } else if room >= words.chars().count() {
            words
        } else {
            percent
        }
    }

    fn render_note(&self, frame: &mut Frame<'_>, inside: Rect, row: u16, note: &Note) {
        self.ground(frame, inside, row);
        let Some(mut pen) = Pen::at(frame.buffer_mut(), inside, row, self.theme.ellipsis()) else { return };
        self.bar(&mut pen);
        pen.skip(PREFIX - 1);
        if let Some(retry) = &note.retry {
            pen.text(retry, self.style(Role::State(self.host.link.state)));
            pen.text(if note.cause.is_empty() { "" } else { ": " }, self.style(Role::Quiet));
        }
        pen.text(&note.cause, self.style(Role::Quiet));
    }

    fn bar(&self, pen: &mut Pen<'_>) {
        pen.sign(if self.selected { self.theme.cursor_bar() } else { ' ' }, self.style(Role::Accent));
    }

    fn ground(&self, frame: &mut Frame<'_>, inside: Rect, row: u16) {
        if self.selected && row < inside.height {
            let line = Rect { y: inside.y + row, height: 1, ..inside };
            frame.buffer_mut().set_style(line, self.theme.selected(self.focused));
        }
    }

    fn name_style(&self) -> Style {
        let style = self.style(Role::Text);
        if self.selected { style.patch(self.theme.style(Role::Heading)) } else { style }
    }

    /// With sixteen colours the selected row is reversed, and colours in it would be blocks.
    fn style(&self, role: Role) -> Style {
        match self.theme.depth {
            Depth::Ansi16 if self.selected => Style::default(),
            Depth::Mono | Depth::Ansi16 | Depth::Indexed | Depth::Rgb => self.theme.style(role),
        }
    }
}

/// Six columns at most: the sign before it says how good it is.
fn short(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Finished { .. } => "exited",
        Verdict::Killed { by: Killer::Operator, .. } => "ended",
        Verdict::Killed { by: Killer::OutOfMemory, .. } => "OOM",
        Verdict::Killed { by: Killer::Unknown, .. } => "killed",
        Verdict::Vanished => "gone",
        Verdict::InterruptedByReboot => "reboot",
        Verdict::Reverted => "undone",
        Verdict::TimedOut { .. } => "late",
        Verdict::NotStarted { .. } => "unrun",
        Verdict::Abandoned => "left",
    }
}

/// Columns of a gauge.
const GAUGE: usize = 6;

/// Bar, mark, glyph, blank.
const PREFIX: u16 = 4;

/// The longest word of a state.
const STATE: u16 = 12;

const GAP: u16 = 2;

/// Room for an age; the sign before it says that it runs.
const SHORT_PHASE: u16 = 6 + GAP;
