//! Toasts: at the right above the hints and what is told there, the newest lowest.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use super::pen::{Pen, columns, fit};
use super::theme::{Role, Theme};
use crate::app::App;

pub fn render(frame: &mut Frame<'_>, below: Rect, app: &App, theme: &Theme) {
    let mut y = below.y;
    for toast in app.toasts.iter().rev() {
        let Some(above) = y.checked_sub(1).filter(|y| *y > 0) else { return };
        y = above;
        let room = usize::from(below.width.saturating_sub(8));
        let text = fit(&toast.text, room, theme.ellipsis());
        let width = columns(&text) + 4;
        let area = Rect { x: below.right().saturating_sub(width + 1), y, width, height: 1 };
        Clear.render(area, frame.buffer_mut());
        frame.buffer_mut().set_style(area, theme.selected(true));
        let (sign, role) = theme.tone(toast.tone);
        let base = theme.selected(true);
        if let Some(mut pen) = Pen::at(frame.buffer_mut(), area, 0, theme.ellipsis()) {
            pen.skip(1)
                .sign(sign, base.patch(theme.style(role)))
                .skip(1)
                .text(&text, base.patch(theme.style(Role::Text)));
        }
    }
}
