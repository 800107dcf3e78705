//! The output of several hosts as one stream: before each line whose it is, by letter, name and colour.
//!
//! ```text
//!  merged output of 3 hosts                                    FOLLOW
//! A node03 │ pass 1 of 3: 41 %
//! B web-07 │ error: worker 3
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::widgets::{Clear, Widget};

use super::output::OutputPalette;
use super::pen::{Pen, columns};
use super::theme::{Depth, Role, Theme};
use crate::app::merged::{MergedLine, MergedSheet};
use crate::app::output::text_width;
use crate::app::{App, say};

pub fn render(frame: &mut Frame<'_>, sheet: &MergedSheet, app: &App, theme: &Theme) {
    let area = frame.area();
    Clear.render(area, frame.buffer_mut());
    head(frame, area, sheet, theme);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area };
    if sheet.lines.is_empty()
        && let Some(mut pen) = Pen::at(frame.buffer_mut(), body, 1, theme.ellipsis())
    {
        pen.skip(2).text("no whole line yet", theme.style(Role::Quiet));
    }
    let names = sheet.sources.iter().map(|source| columns(source.host.as_str())).max().unwrap_or(0).min(area.width / 4);
    for (row, line) in (0..).zip(sheet.visible(usize::from(body.height))) {
        draw(frame, body, row, line, (sheet, names), app, theme);
    }
    let last = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
    let Some(mut pen) = Pen::at(frame.buffer_mut(), last, 0, theme.ellipsis()) else { return };
    pen.skip(1);
    for (key, words) in [("esc", "back"), ("pgup", "page up"), ("f", "follow"), ("t", "times"), ("h l", "left, right")]
    {
        pen.text(key, theme.style(Role::Accent).add_modifier(Modifier::BOLD));
        pen.skip(1).text(words, theme.style(Role::Quiet)).skip(2);
    }
}

fn head(frame: &mut Frame<'_>, area: Rect, sheet: &MergedSheet, theme: &Theme) {
    let Some(mut pen) = Pen::at(frame.buffer_mut(), area, 0, theme.ellipsis()) else { return };
    let place = if sheet.up == 0 { "FOLLOW".to_owned() } else { format!("{} below", say::count(sheet.up, "line")) };
    pen.skip(1)
        .text(&format!("merged output of {}", say::count(sheet.sources.len(), "host")), theme.style(Role::Heading));
    if sheet.beyond > 0 {
        pen.text(&format!(", {} left out", sheet.beyond), theme.style(Role::Warning));
    }
    pen.text(&format!("  the last {} of them", say::count(sheet.lines.len(), "line")), theme.style(Role::Quiet));
    let room = pen.room();
    let wanted = columns(&place) + 1;
    if room > wanted {
        let role = if sheet.up == 0 { Role::Accent } else { Role::Text };
        pen.skip(room - wanted).text(&place, theme.style(role));
    }
}

fn draw(
    frame: &mut Frame<'_>,
    body: Rect,
    row: u16,
    line: &MergedLine,
    (sheet, names): (&MergedSheet, u16),
    app: &App,
    theme: &Theme,
) {
    let palette = OutputPalette::of(theme);
    let Some(mut pen) = Pen::at(frame.buffer_mut(), body, row, theme.ellipsis()) else { return };
    if sheet.times {
        let at = line.at.map_or("--:--:--".to_owned(), |at| say::time(at, app.utc_offset));
        pen.left(&at, 9, theme.style(Role::Quiet));
    }
    let style = of_source(line.source, theme);
    let name = sheet.sources.get(line.source).map_or("", |source| source.host.as_str());
    pen.sign(MergedSheet::letter(line.source), style.add_modifier(Modifier::BOLD)).skip(1);
    pen.left(name, names, style).skip(1).sign(theme.separator(), theme.style(Role::Faint)).skip(1);
    let (room, y) = (pen.room(), body.y + row);
    let x = body.right().saturating_sub(room);
    let width = usize::from(room);
    let (range, lead) = line.line.columns(sheet.shift, width);
    let mut column = lead;
    for span in line.line.spans_in(range) {
        let text = palette.host_text(span.text);
        let style = if line.left_out { theme.style(Role::Warning) } else { palette.host_style(span.style) };
        let at = x + u16::try_from(column).unwrap_or(0);
        frame.buffer_mut().set_stringn(at, y, &text, width.saturating_sub(column), style);
        column += text_width(&text);
    }
}

/// One of few colours: letters and names tell the hosts apart where there are more of them, or no colours.
fn of_source(source: usize, theme: &Theme) -> Style {
    const COLOURS: [Color; 6] =
        [Color::Cyan, Color::Yellow, Color::Magenta, Color::Green, Color::LightBlue, Color::LightRed];
    match theme.depth {
        Depth::Mono => Style::default(),
        Depth::Ansi16 | Depth::Indexed | Depth::Rgb => Style::default().fg(COLOURS[source % COLOURS.len()]),
    }
}
