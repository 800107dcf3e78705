//! A sheet of text over the panes: help, details.

use ratatui::Frame;
use ratatui::widgets::{Clear, Widget};

use super::pen::Pen;
use super::theme::{Role, Theme};
use super::{Pane, details, rect};
use crate::app::dialog::{Sheet, SheetKind};
use crate::app::layout::Edge;
use crate::app::{App, LABEL, SheetLine};

pub fn render(frame: &mut Frame<'_>, sheet: &Sheet, app: &App, theme: &Theme) {
    let lines = app.sheet_lines(sheet.kind);
    let mut area = rect(app.sheet_area());
    let wanted = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    if wanted < area.height {
        area.y += (area.height - wanted) / 2;
        area.height = wanted;
    }
    Clear.render(area, frame.buffer_mut());
    let title = match sheet.kind {
        SheetKind::Help => "Keys".to_owned(),
        SheetKind::Details => app.host().map_or("Details".to_owned(), |host| host.id.to_string()),
        SheetKind::Incidents => "Incidents".to_owned(),
        SheetKind::Digest => "While nobody looked".to_owned(),
    };
    let rows = usize::from(area.height.saturating_sub(2));
    let top = sheet.top.min(lines.len().saturating_sub(rows));
    let mut foot = vec![("esc closes  y copies".to_owned(), Role::Quiet)];
    if lines.len() > rows {
        foot.push((format!("  up down scroll  {}-{} of {}", top + 1, top + rows, lines.len()), Role::Quiet));
    }
    let pane = Pane { title: vec![(title, Role::Heading)], foot, focused: true, ..Pane::default() };
    let inside = pane.render(frame, area, Edge::Box, theme);
    for (row, line) in (0..inside.height).zip(lines.iter().skip(top)) {
        if let Some(mut pen) = Pen::at(frame.buffer_mut(), inside, row, theme.ellipsis()) {
            pen.skip(1);
            write(&mut pen, line, theme);
        }
    }
}

fn write(pen: &mut Pen<'_>, line: &SheetLine, theme: &Theme) {
    let label = u16::try_from(LABEL).unwrap_or(20);
    match line {
        SheetLine::Blank => {}
        SheetLine::Heading(text) => {
            pen.text(text, theme.style(Role::Heading).patch(theme.style(Role::Accent)));
        }
        SheetLine::State(state, meaning) => {
            let sign = format!("{} {}", theme.state(*state), state.word());
            pen.left(&sign, label, theme.style(Role::State(*state))).text(meaning, theme.style(Role::Text));
        }
        SheetLine::Run(standing, meaning) => {
            let (sign, role) = theme.standing(*standing);
            let head = format!("{sign} {}", standing.word());
            pen.left(&head, label, theme.style(role)).text(meaning, theme.style(Role::Text));
        }
        SheetLine::Entry { label: head, text, weight } => {
            pen.left(head, label, theme.style(Role::Quiet)).text(text, theme.style(details::role(*weight)));
        }
    }
}
