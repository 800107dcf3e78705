//! The output of the selected run.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::Pane;
use super::theme::{Role, Theme};
use crate::app::layout::Edge;
use crate::app::{App, Focus, say};

pub fn render(frame: &mut Frame<'_>, area: Rect, app: &App, theme: &Theme) {
    let edge = app.areas().map_or(Edge::Box, |areas| areas.edge);
    let title = match app.pick() {
        Some(pick) => vec![
            (say::clean(pick.run.spec.title()).into_owned(), Role::Heading),
            (format!(" {} attempt {}", pick.run.host, pick.attempt.attempt), Role::Quiet),
        ],
        None => vec![("Output".into(), Role::Heading)],
    };
    Pane { title, focused: app.focus == Focus::Output, ..Pane::default() }.render(frame, area, edge, theme);
}
