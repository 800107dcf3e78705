//! The pane of details: what is known of the selected host and its run, the most pressing first.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::Pane;
use super::pen::Pen;
use super::theme::{Role, Theme};
use crate::app::layout::Edge;
use crate::app::{App, Detail, Weight, say};

pub fn render(frame: &mut Frame<'_>, area: Rect, app: &App, theme: &Theme) {
    let Some(host) = app.host() else {
        Pane { title: vec![("Details".into(), Role::Heading)], ..Pane::default() }.render(
            frame,
            area,
            Edge::Box,
            theme,
        );
        return;
    };
    let title = vec![
        (format!("{} ", theme.state(host.link.state)), Role::State(host.link.state)),
        (host.id.to_string(), Role::Heading),
    ];
    let inside = Pane { title, ..Pane::default() }.render(frame, area, Edge::Box, theme);
    let room = usize::from(inside.width.saturating_sub(LABEL + 2));
    let mut row = 0;
    for Detail { label, text, weight } in app.details(host) {
        let mut first = label;
        for line in say::wrap(&text, room) {
            let Some(mut pen) = Pen::at(frame.buffer_mut(), inside, row, theme.ellipsis()) else { return };
            pen.skip(1).left(first, LABEL, theme.style(Role::Quiet)).text(&line, theme.style(role(weight)));
            first = "";
            row += 1;
        }
    }
}

pub fn role(weight: Weight) -> Role {
    match weight {
        Weight::Plain => Role::Text,
        Weight::Advice => Role::Accent,
        Weight::Bad => Role::Warning,
    }
}

const LABEL: u16 = 10;
