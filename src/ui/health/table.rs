//! All hosts: a line each, and below them what the selected one's numbers mean.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::picture::Picture;
use super::{of_age, role, style};
use crate::app::health::{Age, Column, Grade, Header, PREFIX, Row, Table, number};
use crate::app::{App, say};
use crate::ui::pen::Pen;
use crate::ui::theme::{Role, Theme};

pub(super) fn render(frame: &mut Frame<'_>, area: Rect, app: &App, theme: &Theme) {
    let table = app.health_table(area.width);
    let foot = App::health_foot(area.height);
    let lines = area.height.saturating_sub(2 + foot);
    summary(frame, area, app, theme);
    header(frame, area, &table, app, theme);
    let rows = app.health_rows(usize::from(lines));
    for (y, row) in (2_u16..).zip(&rows) {
        Line { app, theme, row, table: &table }.render(frame, area, y);
    }
    if rows.is_empty() {
        let text = if app.hosts.filter.is_empty() { "no host" } else { "no host matches the filter" };
        if let Some(mut pen) = Pen::at(frame.buffer_mut(), area, 2, theme.ellipsis()) {
            pen.skip(PREFIX).text(text, theme.style(Role::Quiet));
        }
    }
    let below = Rect { y: area.y + area.height - foot, height: foot, ..area };
    if let Some(row) = app.health_order().iter().find(|row| row.selected) {
        told(frame, below, row, app, theme);
    }
}

/// `Health  9 hosts, 1 unhealthy, 2 worth a look, 1 late    every 30s, by cpu`
fn summary(frame: &mut Frame<'_>, area: Rect, app: &App, theme: &Theme) {
    let rows = app.health_order();
    let bad = rows.iter().filter(|row| !row.findings.bad.is_empty()).count();
    let warned = rows.iter().filter(|row| row.findings.bad.is_empty() && !row.findings.warnings.is_empty()).count();
    let late = rows.iter().filter(|row| matches!(row.age, Age::Late(_))).count();
    let failed = rows.iter().filter(|row| matches!(row.age, Age::Failed(_))).count();
    let Some(mut pen) = Pen::at(frame.buffer_mut(), area, 0, theme.ellipsis()) else { return };
    pen.skip(1).text("Health", theme.style(Role::Heading)).skip(2);
    let servers = rows.iter().filter(|row| row.server).count();
    pen.text(&say::count(rows.len() - servers, "host"), theme.style(Role::Text));
    if servers > 0 {
        pen.text(&format!(", {}", say::count(servers, "server")), theme.style(Role::Text));
    }
    let counts = [
        (bad, "unhealthy", Role::Bad),
        (warned, "worth a look", Role::Warning),
        (late, "late", Role::Warning),
        (failed, "without a sample", Role::Warning),
    ];
    for (count, words, role) in counts.into_iter().filter(|(count, ..)| *count > 0) {
        pen.text(", ", theme.style(Role::Quiet)).text(&format!("{count} {words}"), theme.style(role));
    }
    if let Some(trouble) = app.plane_trouble() {
        pen.text(", ", theme.style(Role::Quiet)).text(&trouble, theme.style(Role::Warning));
    }
    let how = match app.health.settings.sampling {
        Some(sampling) => format!("every {}", say::duration(sampling.interval)),
        None => "off: `sampling = true` in [health]".into(),
    };
    let filter =
        if app.hosts.filter.is_empty() { String::new() } else { format!(", /{}", say::clean(&app.hosts.filter)) };
    let order = if app.health.reversed { ", reversed" } else { "" };
    let text = format!("  {how}, by {}{order}{filter} ", app.health.column.word());
    let room = pen.room();
    if super::super::pen::columns(&text) <= room {
        pen.right(&text, room, theme.style(Role::Quiet));
    }
}

fn header(frame: &mut Frame<'_>, area: Rect, table: &Table, app: &App, theme: &Theme) {
    let Some(mut pen) = Pen::at(frame.buffer_mut(), area, 1, theme.ellipsis()) else { return };
    let name = |column: Column| {
        let sorted = app.health.column == column;
        let sign = if sorted { theme.order(app.health.reversed).to_string() } else { String::new() };
        let role = if sorted { Role::Accent } else { Role::Faint };
        (format!("{}{sign}", column.word()), theme.style(role))
    };
    let (text, style) = name(Column::Host);
    pen.skip(PREFIX).left(&text, table.name, style);
    for cell in &table.cells {
        let (text, style) = name(cell.column);
        pen.right(&text, cell.value - 1, style).skip(1);
        pen.skip(if cell.picture > 0 { cell.picture + 1 } else { 0 });
    }
}

/// One host.
struct Line<'a> {
    app: &'a App,
    theme: &'a Theme,
    row: &'a Row<'a>,
    table: &'a Table,
}

impl Line<'_> {
    fn render(&self, frame: &mut Frame<'_>, area: Rect, y: u16) {
        let Self { app, theme, row, table } = self;
        let line = Rect { y: area.y + y, height: 1, ..area };
        if row.selected {
            frame.buffer_mut().set_style(line, theme.selected(true));
        }
        let state = row.host.link.state;
        let Some(mut pen) = Pen::at(frame.buffer_mut(), line, 0, theme.ellipsis()) else { return };
        pen.sign(if row.selected { theme.cursor_bar() } else { ' ' }, self.style(Role::Accent));
        pen.sign(if app.hosts.is_marked(&row.host.id) { theme.marked() } else { ' ' }, self.style(Role::Accent));
        if row.server {
            pen.sign(theme.dot(), self.style(Role::Quiet)).skip(1);
        } else {
            pen.sign(theme.state(state), self.style(Role::State(state))).skip(1);
        }
        let name = if row.selected { Role::Heading } else { Role::Text };
        pen.left(row.host.id.as_str(), table.name, self.style(name));
        if row.taken().is_none() {
            let words = app.age_words(row.host, &row.age);
            pen.skip(2).text(&words, self.style(of_age(&row.age)));
            return;
        }
        let mut x = line.x + PREFIX + table.name;
        for cell in &table.cells {
            self.cell(frame, Rect { x, width: cell.value.min(line.right().saturating_sub(x)), ..line }, cell);
            x += cell.value;
            if cell.picture > 0 {
                self.picture(frame, Rect { x, width: cell.picture, ..line }.intersection(line), cell.column);
                x += cell.picture + 1;
            }
        }
        let room = Rect { x, width: line.right().saturating_sub(x), ..line };
        if table.note > 0 {
            self.note(frame, room);
        }
    }

    fn cell(&self, frame: &mut Frame<'_>, at: Rect, cell: &Header) {
        let Some(mut pen) = Pen::at(frame.buffer_mut(), at, 0, self.theme.ellipsis()) else { return };
        let stale = !matches!(self.row.age, Age::Fresh(_));
        let (text, grade) = match cell.column {
            Column::Services => match self.row.services() {
                Some((running, all)) => {
                    let unwell = self.row.host.unwell.services().next().is_some();
                    (format!("{running}/{all}"), if unwell { Grade::Bad } else { Grade::Calm })
                }
                None => (String::new(), Grade::Calm),
            },
            Column::Host
            | Column::Cpu
            | Column::Memory
            | Column::Load
            | Column::Pressure
            | Column::Disk
            | Column::Temperature => match (self.row.value(cell.column), cell.column.metrics().first()) {
                (Some(value), Some(metric)) => (number(*metric, value), self.app.grade(*metric, value)),
                _ => (self.theme.dot().to_string(), Grade::Calm),
            },
        };
        // Old numbers are not shown as if they were true now.
        let shown = if stale && grade == Grade::Calm { Role::Quiet } else { role(grade) };
        pen.right(&text, at.width.saturating_sub(1), self.style(shown));
        pen.sign(if grade == Grade::Calm { ' ' } else { '!' }, self.style(role(grade)));
    }

    fn picture(&self, frame: &mut Frame<'_>, area: Rect, column: Column) {
        let Some(health) = self.row.health else { return };
        let plain = self.row.selected;
        let (app, theme, age, metrics) = (self.app, self.theme, &self.row.age, column.metrics());
        Picture { app, theme, age, health, metrics, plain }.render(frame, area);
    }

    /// What is wrong; else how old the numbers are, if they are not of now.
    fn note(&self, frame: &mut Frame<'_>, at: Rect) {
        let Some(mut pen) = Pen::at(frame.buffer_mut(), at, 0, self.theme.ellipsis()) else { return };
        let row = self.row;
        pen.skip(1);
        if !matches!(row.age, Age::Fresh(_)) {
            pen.text(&self.app.age_word(row.host, &row.age), self.style(of_age(&row.age))).skip(1);
        }
        if let Some(service) = row.service() {
            pen.text(service, self.style(Role::Text)).skip(1);
        }
        let worst = if row.findings.bad.is_empty() { Role::Warning } else { Role::Bad };
        pen.text(&row.findings.text(), self.style(worst));
    }

    fn style(&self, role: Role) -> ratatui::style::Style {
        style(self.theme, role, self.row.selected)
    }
}

/// `cinder alive, sampled 3s ago: CPU 97 % over 90 %, 91 C over 85 C`
fn told(frame: &mut Frame<'_>, at: Rect, row: &Row<'_>, app: &App, theme: &Theme) {
    let age = app.age_words(row.host, &row.age);
    let found = row.findings.text();
    let well = row.taken().is_some() && found.is_empty() && matches!(row.age, Age::Fresh(_));
    let found = if well { "nothing over a threshold".into() } else { found };
    let worst = match (row.findings.bad.is_empty(), row.findings.warnings.is_empty()) {
        (false, _) => Role::Bad,
        (true, false) => Role::Warning,
        (true, true) => Role::Good,
    };
    let service = row.service().map(|service| format!("{service} ")).unwrap_or_default();
    let head = format!("{} {service}", row.host.id);
    let room = usize::from(at.width.saturating_sub(2));
    let Some(mut pen) = Pen::at(frame.buffer_mut(), at, 0, theme.ellipsis()) else { return };
    pen.skip(1).text(&head, theme.style(Role::Heading)).text(&age, theme.style(of_age(&row.age)));
    if found.is_empty() {
        return;
    }
    let used = usize::from(super::super::pen::columns(&format!("{head}{age}: {found}")));
    if at.height > 1 && used > room {
        pen.text(":", theme.style(Role::Quiet));
        if let Some(mut pen) = Pen::at(frame.buffer_mut(), at, 1, theme.ellipsis()) {
            pen.skip(1).text(&found, theme.style(worst));
        }
        return;
    }
    pen.text(": ", theme.style(Role::Quiet)).text(&found, theme.style(worst));
}
