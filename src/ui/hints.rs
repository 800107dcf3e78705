//! The last line: which keys mean something here, or the line being typed.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::pen::{Pen, columns};
use super::theme::{Role, Theme};
use crate::app::App;
use crate::app::keymap::{self, Action, Binding};
use crate::app::line::Line;

pub fn render(frame: &mut Frame<'_>, area: Rect, app: &App, theme: &Theme) {
    let Some(mut pen) = Pen::at(frame.buffer_mut(), area, 0, theme.ellipsis()) else { return };
    if let Some(line) = &app.entry {
        return entry(&mut pen, line, theme);
    }
    pen.skip(1);
    if app.hosts.marks() > 0 {
        pen.text(&format!("{} {} marked", theme.marked(), app.hosts.marks()), theme.style(Role::Accent)).skip(2);
    }
    // Help and quit are always there; what else fits comes before them.
    let (last, rest): (Vec<&Binding>, Vec<&Binding>) =
        keymap::hints(app.focus).partition(|binding| matches!(binding.action, Action::Help | Action::Quit));
    let mut room = pen.room().saturating_sub(last.iter().map(|b| width(b)).sum());
    for binding in rest {
        if width(binding) <= room {
            room -= width(binding);
            hint(&mut pen, binding, theme);
        }
    }
    for binding in last {
        hint(&mut pen, binding, theme);
    }
}

fn entry(pen: &mut Pen<'_>, line: &Line, theme: &Theme) {
    pen.skip(1).text("filter hosts ", theme.style(Role::Quiet)).text("/", theme.style(Role::Accent));
    typed(pen, line, None, theme);
    pen.skip(3).text("enter keeps it  esc shows all again", theme.style(Role::Quiet));
}

/// A line being typed with its cursor; every character as `hidden` when there is one.
pub fn typed(pen: &mut Pen<'_>, line: &Line, hidden: Option<char>, theme: &Theme) {
    let shown = |text: &str| match hidden {
        Some(sign) => text.chars().map(|_| sign).collect(),
        None => text.to_owned(),
    };
    let (before, after) = line.split();
    let mut rest = after.chars();
    let under = rest.next().map_or(" ".to_owned(), |c| shown(c.encode_utf8(&mut [0; 4])));
    pen.text(&shown(before), theme.style(Role::Text));
    pen.text(&under, Style::default().add_modifier(Modifier::REVERSED));
    pen.text(&shown(rest.as_str()), theme.style(Role::Text));
}

fn hint(pen: &mut Pen<'_>, binding: &Binding, theme: &Theme) {
    let key = binding.keys.first().map(ToString::to_string).unwrap_or_default();
    pen.text(&key, theme.style(Role::Accent).add_modifier(Modifier::BOLD));
    pen.skip(1).text(binding.hint, theme.style(Role::Quiet)).skip(GAP);
}

fn width(binding: &Binding) -> u16 {
    let key = binding.keys.first().map(ToString::to_string).unwrap_or_default();
    columns(&key) + 1 + columns(binding.hint) + GAP
}

const GAP: u16 = 2;
