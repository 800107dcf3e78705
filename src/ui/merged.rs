//! The output of several hosts as one stream: before each line whose it is, by letter, name and colour.
//!
//! ```text
//!  3 hosts merged                                FOLLOW · 1,204 lines
//! A node03 │ pass 1 of 3: 41 %
//! B web-07 │ error: worker 3
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::widgets::{Clear, Widget};

use super::pen::{Pen, columns};
use super::theme::{Role, Theme};
use super::{Label, hints, output};
use crate::app::merged::MergedSheet;
use crate::app::{App, say};

pub fn render(frame: &mut Frame<'_>, sheet: &MergedSheet, app: &App, theme: &Theme) {
    let area = frame.area();
    Clear.render(area, frame.buffer_mut());
    head(frame, Rect { height: 1, ..area }, sheet, theme);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area };
    output::render_alone(frame, body, sheet.output.view(), app, theme);
    let last = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
    foot(frame, last, sheet, theme);
}

/// How many hosts, what is not in it, and where we are; that is never cut.
fn head(frame: &mut Frame<'_>, area: Rect, sheet: &MergedSheet, theme: &Theme) {
    let place = output::place(sheet.output.view(), theme);
    let wanted = place.iter().map(|(text, _)| columns(text)).sum::<u16>() + 1;
    let left = Rect { width: area.width.saturating_sub(wanted + 1), ..area };
    if let Some(mut pen) = Pen::at(frame.buffer_mut(), left, 0, theme.ellipsis()) {
        let hosts = say::count(sheet.sources.len(), "host");
        pen.skip(1).text(&format!("{hosts} merged"), theme.style(Role::Heading));
        for (text, role) in notes(sheet) {
            pen.text(&text, theme.style(role));
        }
        if sheet.merging.left_out > 0 && columns(ELSEWHERE) <= pen.room() {
            pen.text(ELSEWHERE, theme.style(Role::Quiet));
        }
    }
    let right = Rect { x: area.right().saturating_sub(wanted), width: wanted, ..area }.intersection(area);
    if let Some(mut pen) = Pen::at(frame.buffer_mut(), right, 0, theme.ellipsis()) {
        for (text, role) in &place {
            pen.text(text, theme.style(*role));
        }
    }
}

fn notes(sheet: &MergedSheet) -> Label {
    let mut label = Label::new();
    if let Some(trouble) = &sheet.merging.trouble {
        label.push((format!("  {}", say::clean(trouble)), Role::Bad));
    }
    if let Some(percent) = sheet.merging.percent {
        label.push((format!("  merging: {percent} %"), Role::Accent));
    }
    if sheet.beyond > 0 {
        label.push((format!(", {} left out", say::count(sheet.beyond, "host")), Role::Warning));
    }
    if sheet.merging.left_out > 0 {
        label.push((format!(", oldest {} left out", say::bytes(sheet.merging.left_out)), Role::Warning));
    }
    label
}

/// A line being typed; else what a search has come to, and the keys.
fn foot(frame: &mut Frame<'_>, area: Rect, sheet: &MergedSheet, theme: &Theme) {
    let view = sheet.output.view();
    let said = output::said(view, theme);
    let Some(mut pen) = Pen::at(frame.buffer_mut(), area, 0, theme.ellipsis()) else { return };
    if hints::prompt(&mut pen, view, theme) {
        return;
    }
    pen.skip(1);
    for (text, role) in &said {
        pen.text(text, theme.style(*role));
    }
    pen.skip(if said.is_empty() { 0 } else { 2 });
    for (key, words) in KEYS {
        if columns(key) + 1 + columns(words) <= pen.room() {
            pen.text(key, theme.style(Role::Accent).add_modifier(Modifier::BOLD));
            pen.skip(1).text(words, theme.style(Role::Quiet)).skip(2);
        }
    }
}

/// Where what is left out can be seen.
const ELSEWHERE: &str = ": each host's own output has it";

/// The most wanted first.
const KEYS: [(&str, &str); 9] = [
    ("esc", "back"),
    ("/", "search"),
    ("&", "filter"),
    ("pgup", "page up"),
    ("f", "follow"),
    ("t", "times"),
    ("v", "select"),
    ("y", "copy"),
    ("w", "wrap"),
];
