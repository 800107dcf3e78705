//! The screen of a run as its program drew it: above it whose it is, below it how to get back.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::widgets::{Clear, Widget};

use super::output::OutputPalette;
use super::pen::Pen;
use super::theme::{Role, Theme};
use crate::app::dialog::TerminalSheet;
use crate::app::output::text_width;
use crate::app::terminal::Picture;
use crate::app::{App, say};

pub fn render(frame: &mut Frame<'_>, sheet: &TerminalSheet, app: &App, theme: &Theme) {
    let area = frame.area();
    Clear.render(area, frame.buffer_mut());
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area };
    let picture = app.picture.as_ref().filter(|picture| picture.id == sheet.id);
    head(frame, area, sheet, picture, app, theme);
    match picture {
        Some(Picture { trouble: Some(trouble), .. }) => words(frame, body, trouble, theme),
        Some(picture) => draw(frame, body, sheet, picture, theme),
        None => words(frame, body, "reading its output", theme),
    }
    let last = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
    let Some(mut pen) = Pen::at(frame.buffer_mut(), last, 0, theme.ellipsis()) else { return };
    pen.skip(1).text("esc", theme.style(Role::Accent).add_modifier(Modifier::BOLD));
    pen.skip(1).text("back", theme.style(Role::Quiet)).skip(2);
    let (columns, rows) = app.terminal_room();
    if sheet.size.0 > columns || sheet.size.1 > rows {
        let seen = format!("from column {}, row {}", sheet.pan.0 + 1, sheet.pan.1 + 1);
        pen.text("arrows", theme.style(Role::Accent).add_modifier(Modifier::BOLD));
        pen.skip(1).text(&format!("move ({seen})"), theme.style(Role::Quiet)).skip(2);
    }
    pen.text("read only", theme.style(Role::Quiet));
}

fn head(frame: &mut Frame<'_>, area: Rect, sheet: &TerminalSheet, picture: Option<&Picture>, app: &App, theme: &Theme) {
    let Some(mut pen) = Pen::at(frame.buffer_mut(), area, 0, theme.ellipsis()) else { return };
    let Some(run) = app.fleet.runs.get(&sheet.id.run) else { return };
    let title = format!("screen of {}", say::clean(run.spec.title()));
    pen.skip(1).text(&title, theme.style(Role::Heading));
    let mut about = format!(" on {} attempt {}  {}x{}", run.host, sheet.id.attempt, sheet.size.0, sheet.size.1);
    if let Some(picture) = picture {
        about.push_str(if picture.alternate { ", full screen" } else { "" });
        if picture.skipped > 0 {
            about.push_str(&format!(", without its first {}", say::bytes(picture.skipped)));
        }
    }
    pen.text(&about, theme.style(Role::Quiet));
}

fn words(frame: &mut Frame<'_>, body: Rect, text: &str, theme: &Theme) {
    if let Some(mut pen) = Pen::at(frame.buffer_mut(), body, body.height / 2, theme.ellipsis()) {
        pen.skip(2).text(text, theme.style(Role::Warning));
    }
}

fn draw(frame: &mut Frame<'_>, body: Rect, sheet: &TerminalSheet, picture: &Picture, theme: &Theme) {
    let palette = OutputPalette::of(theme);
    let (left, top) = (usize::from(sheet.pan.0), usize::from(sheet.pan.1));
    let room = usize::from(body.width.min(sheet.size.0.saturating_sub(sheet.pan.0)));
    let buffer = frame.buffer_mut();
    for (y, row) in (body.top()..body.bottom()).zip(picture.rows.iter().skip(top)) {
        let (range, lead) = row.columns(left, room);
        let mut column = lead;
        for span in row.spans_in(range) {
            let text = palette.host_text(span.text);
            let x = body.x + u16::try_from(column).unwrap_or(0);
            buffer.set_stringn(x, y, &text, room.saturating_sub(column), palette.host_style(span.style));
            column += text_width(&text);
        }
    }
    // What is beyond the run's own screen is not part of it.
    let edge = u16::try_from(room).unwrap_or(u16::MAX);
    if edge < body.width {
        let line = theme.separator().to_string();
        let rows = body.height.min(sheet.size.1.saturating_sub(sheet.pan.1));
        for y in body.top()..body.top() + rows {
            buffer.set_stringn(body.x + edge, y, &line, 1, theme.style(Role::Faint));
        }
    }
    if let Some((x, y)) = picture.cursor {
        let place = (x.checked_sub(sheet.pan.0), y.checked_sub(sheet.pan.1));
        if let (Some(x), Some(y)) = place
            && x < body.width
            && y < body.height
        {
            let cell = Rect { x: body.x + x, y: body.y + y, width: 1, height: 1 };
            buffer.set_style(cell, Style::default().add_modifier(Modifier::REVERSED));
        }
    }
}
