//! F5: drawing. Imports `app` and `domain`; changes nothing and decides nothing: one file per pane,
//! each `fn render(frame, area, &App, &Theme)`.
//!
//! ```text
//! title    fleet, counts by state, own network, clock
//! ╭ hosts ──╮╭ output ───────╮
//! │         ││               │
//! ╰─────────╯│               │
//! ╭ details ╮│               │
//! ╰─────────╯╰───────────────╯
//! ╭ timeline ────────────────╮
//! ╰──────────────────────────╯
//! hints    keys, or the line being typed
//! ```

mod details;
mod dialog;
mod edge;
mod health;
mod hints;
mod hosts;
mod merged;
mod output;
mod pen;
pub mod picture;
mod plain;
mod sheet;
mod terminal;
pub mod theme;
mod timeline;
mod title;
mod toasts;
mod wall;

use ratatui::Frame;
use ratatui::layout::Rect;

use self::edge::{Label, Pane};
use self::pen::{Pen, columns};
use self::theme::{Role, Signs, Theme};
use crate::app::App;
use crate::app::layout::{Area, Edge, MIN_HEIGHT, MIN_WIDTH};

/// Draws the whole screen. `area` is the terminal, which the app was told the size of.
pub fn render(frame: &mut Frame<'_>, area: Rect, app: &App, theme: &Theme) {
    draw(frame, area, app.shown(), theme);
    if let Some(areas) = app.is_frozen().then(|| app.areas()).flatten() {
        hints::frozen(frame, rect(areas.hints), app, theme);
    }
    match theme.signs {
        Signs::Unicode => {}
        Signs::Ascii => plain::render(frame.buffer_mut(), area),
    }
}

fn draw(frame: &mut Frame<'_>, area: Rect, app: &App, theme: &Theme) {
    if (area.width, area.height) != app.size {
        // The terminal has changed its size and the app hears of it with its next message.
        return;
    }
    let Some(areas) = app.areas() else { return too_small(frame, area, theme) };
    title::render(frame, rect(areas.title), app, theme);
    if let Some(at) = areas.hosts {
        hosts::render(frame, rect(at), app, theme);
    }
    if let Some(at) = areas.details {
        details::render(frame, rect(at), app, theme);
    }
    if let Some(at) = areas.output {
        output::render(frame, rect(at), app, theme);
    }
    if let Some(at) = areas.timeline {
        timeline::render(frame, rect(at), app, theme);
    }
    if let Some(at) = areas.wall {
        wall::render(frame, rect(at), app, theme);
    }
    if let Some(at) = areas.health {
        health::render(frame, rect(at), app, theme);
    }
    if let (Edge::Rule, Some(hosts)) = (areas.edge, areas.hosts) {
        let line = theme.separator().to_string();
        for y in hosts.y + 1..hosts.y + hosts.height {
            frame.buffer_mut().set_stringn(hosts.x + hosts.width, y, &line, 1, theme.style(Role::Faint));
        }
    }
    hints::render(frame, rect(areas.hints), app, theme);
    // The line below the wall, and below the numbers, tells of the selected host: no toast hides it.
    let told = u16::from(areas.wall.is_some() || areas.health.is_some());
    toasts::render(frame, Rect { y: areas.hints.y.saturating_sub(told), ..rect(areas.hints) }, app, theme);
    dialog::render(frame, app, theme);
}

/// Says so, and that nothing is lost.
fn too_small(frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
    let lines = [
        format!("{}x{} is too small", area.width, area.height),
        format!("steadfast needs {MIN_WIDTH}x{MIN_HEIGHT}"),
        "runs go on".to_owned(),
    ];
    let top = area.height.saturating_sub(3) / 2;
    for (row, line) in (top..).zip(&lines) {
        if let Some(mut pen) = Pen::at(frame.buffer_mut(), area, row, theme.ellipsis()) {
            let indent = pen.room().saturating_sub(columns(line)) / 2;
            pen.skip(indent).text(line, theme.style(Role::Text));
        }
    }
}

fn rect(area: Area) -> Rect {
    Rect::new(area.x, area.y, area.width, area.height)
}
