//! The edge of a pane: a box, a rule above it, or nothing, with texts set into it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::widgets::{Block, Widget};

use super::pen::{Pen, columns};
use super::rect;
use super::theme::{Depth, Role, Theme};
use crate::app::layout::{Area, Edge};

/// Pieces of text with their roles.
pub type Label = Vec<(String, Role)>;

/// What is set into an edge.
#[derive(Default)]
pub struct Pane {
    pub title: Label,
    /// Top right.
    pub aside: Label,
    /// Bottom left; only a box has a bottom.
    pub foot: Label,
    pub focused: bool,
    /// What is top right has room before the title.
    pub aside_first: bool,
}

impl Pane {
    /// Draws the edge and gives the room inside.
    pub fn render(&self, frame: &mut Frame<'_>, area: Rect, edge: Edge, theme: &Theme) -> Rect {
        let line = theme.style(if self.focused { Role::Accent } else { Role::Faint });
        let buffer = frame.buffer_mut();
        match edge {
            Edge::None => return area,
            Edge::Box => Block::bordered().border_set(theme.border()).border_style(line).render(area, buffer),
            Edge::Rule => {
                let rule = theme.rule().to_string().repeat(usize::from(area.width));
                buffer.set_stringn(area.x, area.y, rule, usize::from(area.width), line);
            }
        }
        self.write_top(frame, area, theme);
        if edge == Edge::Box && !self.foot.is_empty() && area.height > 1 {
            let bottom = Rect { y: area.bottom() - 1, height: 1, ..area };
            write(frame, bottom.inner(MARGIN), &self.foot, theme, |role| theme.style(role));
        }
        rect(edge.inside(Area { x: area.x, y: area.y, width: area.width, height: area.height }))
    }

    fn write_top(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let top = Rect { height: 1, ..area }.inner(MARGIN);
        let titled = |role| match (role, self.focused, theme.depth) {
            // Without colour the focus is told by a reversed title.
            (Role::Heading, true, Depth::Mono) => Style::default().add_modifier(Modifier::REVERSED | Modifier::BOLD),
            (Role::Heading, true, Depth::Ansi16 | Depth::Indexed | Depth::Rgb) => {
                theme.style(Role::Accent).add_modifier(Modifier::BOLD)
            }
            (role, _, _) => theme.style(role),
        };
        let aside = width(&self.aside);
        let taken = if self.aside_first && aside > 0 { (aside + 1).min(top.width) } else { 0 };
        let room = Rect { width: top.width - taken, ..top };
        let legible = room.width >= width(&self.title).min(LEGIBLE + 1);
        let used = if legible { write(frame, room, &self.title, theme, titled) } else { 0 };
        let wanted = aside.min(top.width.saturating_sub(used + 1));
        if wanted >= LEGIBLE {
            let place = Rect { x: top.right() - wanted, width: wanted, ..top };
            write(frame, place, &self.aside, theme, |role| theme.style(role));
        }
    }
}

/// Columns of a label in an edge, with a blank before and after it.
pub fn width(label: &Label) -> u16 {
    if label.is_empty() { 0 } else { label.iter().map(|(text, _)| columns(text)).sum::<u16>() + 2 }
}

/// Writes it with a blank before and after it, and gives the columns used.
fn write(frame: &mut Frame<'_>, area: Rect, label: &Label, theme: &Theme, style: impl Fn(Role) -> Style) -> u16 {
    if label.is_empty() {
        return 0;
    }
    let Some(mut pen) = Pen::at(frame.buffer_mut(), area, 0, theme.ellipsis()) else { return 0 };
    let before = pen.room();
    pen.text(" ", Style::default());
    for (text, role) in label {
        // The edge's own style must not shine through.
        pen.text(text, Style::reset().patch(style(*role)));
    }
    pen.text(" ", Style::default());
    before - pen.room()
}

/// A text cut to less than this tells nothing.
const LEGIBLE: u16 = 6;

const MARGIN: ratatui::layout::Margin = ratatui::layout::Margin { horizontal: 1, vertical: 0 };
