//! The wall: one cell per host, and below it a line on the selected one.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen::{Pen, columns};
use super::theme::{Depth, Role, Theme};
use crate::app::wall::{Cell, Form, RUN};
use crate::app::{App, Pick, say};
use crate::domain::link::{Hold, LinkState};

pub fn render(frame: &mut Frame<'_>, area: Rect, app: &App, theme: &Theme) {
    let room = Rect { height: area.height.saturating_sub(1), ..area };
    let wall = app.wall(room.width, room.height);
    let selected = app.host().map(|host| &host.id);
    let at = wall.cells.iter().position(|cell| Some(&cell.host.id) == selected).unwrap_or(0);
    let top = wall.top(at, usize::from(room.height));
    let place = |row: usize| u16::try_from(row.checked_sub(top)?).ok().filter(|row| *row < room.height);
    for (row, name) in &wall.headings {
        let Some(row) = place(*row) else { continue };
        if let Some(mut pen) = Pen::at(frame.buffer_mut(), room, row, theme.ellipsis()) {
            pen.skip(1).text(&say::clean(name), theme.style(Role::Heading));
        }
    }
    for (n, cell) in wall.cells.iter().enumerate() {
        let (Some(row), Ok(column)) = (place(cell.row), u16::try_from(cell.column)) else { continue };
        let x = room.x.saturating_add(column.saturating_mul(wall.width));
        let place = Rect { x, y: room.y + row, width: wall.width, height: 1 }.intersection(room);
        draw(frame, place, cell, wall.form, n == at, app, theme);
    }
    let below = Rect { y: area.y + room.height, height: area.height - room.height, ..area };
    note(frame, below, app, theme);
}

fn draw(frame: &mut Frame<'_>, at: Rect, cell: &Cell<'_>, form: Form, selected: bool, app: &App, theme: &Theme) {
    let host = cell.host;
    let state = host.link.state;
    if selected {
        let shown = Rect { width: at.width.saturating_sub(1), ..at };
        frame.buffer_mut().set_style(shown, theme.selected(true));
    }
    let Some(mut pen) = Pen::at(frame.buffer_mut(), at, 0, theme.ellipsis()) else { return };
    let ink = Ink { theme, selected };
    pen.sign(theme.state(state), ink.style(Role::State(state)));
    let mark = if app.hosts.is_marked(&host.id) { theme.marked() } else { ' ' };
    let pick = app.picks.of(&app.fleet, &host.id);
    let hits = pick.as_ref().map_or(0, |pick| pick.attempt.alarm_hits());
    let alarm = if hits > 0 { theme.alarm() } else { ' ' };
    // Where there is room for an alarm's mark only, it stands in the gap between the cells.
    match form {
        Form::Signs => {
            pen.sign(alarm, ink.style(Role::Bad));
        }
        Form::Names => {
            let name = at.width.saturating_sub(4);
            pen.sign(mark, ink.style(Role::Accent)).left(host.id.as_str(), name, ink.style(Role::Text));
            pen.sign(alarm, ink.style(Role::Bad));
        }
        Form::Words | Form::Runs => {
            let run = if form == Form::Runs { RUN + 1 } else { 0 };
            let name = at.width.saturating_sub(2 + 1 + STATE + 2 + run);
            pen.sign(mark, ink.style(Role::Accent)).left(host.id.as_str(), name, ink.style(Role::Text));
            let word = host.link.hold().map_or(state.word(), Hold::short);
            pen.skip(1).left(word, STATE, ink.style(Role::State(state)));
            match pick.filter(|_| form == Form::Runs) {
                Some(pick) => of_run(&mut pen, &pick, app, &ink, state),
                None => {
                    pen.sign(alarm, ink.style(Role::Bad));
                }
            }
        }
    }
}

/// `▶ ▲3 burn-in     ▰▰▱▱▱  42 %`
fn of_run(pen: &mut Pen<'_>, pick: &Pick<'_>, app: &App, ink: &Ink<'_>, state: LinkState) {
    let (sign, role) = ink.theme.standing(pick.standing(state));
    let hits = pick.attempt.alarm_hits();
    let alarms = if hits == 0 { String::new() } else { format!("{}{} ", ink.theme.alarm(), say::few(hits)) };
    let progress = app.progress(pick).filter(|_| state.is_connected());
    let (gauge, percent) = progress.map_or_else(Default::default, |progress| {
        (ink.theme.gauge(progress.permille, GAUGE), format!("{} %", progress.permille / 10))
    });
    let name = (RUN - 2).saturating_sub(columns(&alarms) + columns(&gauge) + columns(&percent).max(5) + 2);
    pen.skip(1).sign(sign, ink.style(role)).skip(1).left(&alarms, columns(&alarms), ink.style(Role::Bad));
    pen.left(&say::clean(pick.run.spec.title()), name, ink.style(Role::Text));
    pen.skip(1).left(&gauge, columns(&gauge), ink.style(Role::Quiet)).right(&percent, 6, ink.style(Role::Quiet));
}

/// Styles of a cell.
struct Ink<'a> {
    theme: &'a Theme,
    selected: bool,
}

impl Ink<'_> {
    /// With sixteen colours the selected cell is reversed, and colours in it would be blocks.
    fn style(&self, role: Role) -> Style {
        match self.theme.depth {
            Depth::Ansi16 if self.selected => Style::default(),
            Depth::Mono | Depth::Ansi16 | Depth::Indexed | Depth::Rgb => self.theme.style(role),
        }
    }
}

/// `node07 lost for 12m03s: no answer: connecting timed out`
fn note(frame: &mut Frame<'_>, at: Rect, app: &App, theme: &Theme) {
    let Some(mut pen) = Pen::at(frame.buffer_mut(), at, 0, theme.ellipsis()) else { return };
    let Some(host) = app.host() else {
        pen.skip(1).text("no host", theme.style(Role::Quiet));
        return;
    };
    let state = host.link.state;
    let age = say::duration(app.now.wall.since(host.link.since));
    pen.skip(1).text(host.id.as_str(), theme.style(Role::Heading)).skip(1);
    pen.text(&format!("{} {} for {age}", theme.state(state), host.link.word()), theme.style(Role::State(state)));
    if let Some(pick) = app.picks.of(&app.fleet, &host.id).filter(|_| state.is_connected()) {
        let progress = app.progress(&pick).map(|it| format!(" {}", say::progress(it.permille, it.remaining)));
        let text = format!("  {}{}", say::clean(pick.run.spec.title()), progress.unwrap_or_default());
        pen.text(&text, theme.style(Role::Text));
        if pick.attempt.alarm_hits() > 0 {
            pen.text(&format!(" {} {}", theme.alarm(), pick.attempt.alarm_hits()), theme.style(Role::Bad));
        }
    }
    let sentence = app.link_sentence(host);
    if !state.is_connected() && !sentence.is_empty() {
        pen.text(&format!(": {sentence}"), theme.style(Role::Text));
    }
}

/// The longest word of a state.
const STATE: u16 = 12;

/// Columns of a gauge.
const GAUGE: usize = 5;
