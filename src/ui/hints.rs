//! The last line: which keys mean something here, or the line being typed.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::pen::{Pen, columns, fit};
use super::theme::{Role, Theme};
use super::{Label, output};
use crate::app::keymap::{self, Hint};
use crate::app::line::{Line, Purpose};
use crate::app::output::View;
use crate::app::{App, say};

pub fn render(frame: &mut Frame<'_>, area: Rect, app: &App, theme: &Theme) {
    let Some(mut pen) = Pen::at(frame.buffer_mut(), area, 0, theme.ellipsis()) else { return };
    if let Some(typed) = &app.entry {
        return match typed.purpose {
            Purpose::Filter => {
                let words = ("filter hosts ", "/", "enter keeps it  esc shows all again");
                entry(&mut pen, words, &typed.line, theme)
            }
            Purpose::Note => {
                let about = format!("note on {} ", fit(&about(app), ABOUT, theme.ellipsis()));
                entry(&mut pen, (&about, "> ", "enter keeps it  esc leaves"), &typed.line, theme)
            }
        };
    }
    if prompt(&mut pen, app.output.view(), theme) {
        return;
    }
    pen.skip(1);
    if app.hosts.marks() > 0 {
        pen.text(&format!("{} {} marked", theme.marked(), app.hosts.marks()), theme.style(Role::Accent)).skip(2);
    }
    // Help and quit are always there; what else fits comes before them.
    let possible = keymap::hints(app.focus).filter(|hint| !(app.read_only && hint.acts));
    let (last, rest): (Vec<Hint>, Vec<Hint>) = possible.partition(|hint| hint.always);
    let kept = last.iter().map(width).sum();
    note(&mut pen, &output::notes(app, theme), kept, theme);
    let mut room = pen.room().saturating_sub(kept);
    for hint in rest {
        if width(&hint) <= room {
            room -= width(&hint);
            write(&mut pen, &hint, theme);
        }
    }
    for hint in last {
        write(&mut pen, &hint, theme);
    }
}

/// The hosts that a note is for.
fn about(app: &App) -> String {
    match app.hosts.marks() {
        0 => app.host().map_or_else(|| "no host".to_owned(), |host| host.id.to_string()),
        marks => say::count(marks, "marked host"),
    }
}

/// The pattern that is being typed for an output; says whether there is one.
pub fn prompt(pen: &mut Pen<'_>, view: &View, theme: &Theme) -> bool {
    let (words, line) = if let Some(line) = view.find().prompt() {
        (("search output ", "/", "enter finds it  esc leaves"), line)
    } else if let Some(line) = view.filter().prompt() {
        (("show only lines with ", "&", "enter filters, empty shows all  esc leaves"), line)
    } else {
        return false;
    };
    entry(pen, words, line, theme);
    true
}

/// Over everything else: the screen stands still, since when, and how it goes on.
pub fn frozen(frame: &mut Frame<'_>, area: Rect, app: &App, theme: &Theme) {
    let reversed = Style::default().add_modifier(Modifier::REVERSED | Modifier::BOLD);
    let style = theme.style(Role::Warning).patch(reversed);
    frame.buffer_mut().set_string(area.x, area.y, " ".repeat(usize::from(area.width)), style);
    let Some(mut pen) = Pen::at(frame.buffer_mut(), area, 0, theme.ellipsis()) else { return };
    let since = say::time(app.shown().now.wall, app.shown().utc_offset);
    pen.text(&format!(" FROZEN at {since}  F goes on; nothing is missed"), style);
    if !app.questions.is_empty() {
        pen.text("  a question waits", style);
    }
}

/// What the focused pane says of itself, as much as leaves room for what comes last.
fn note(pen: &mut Pen<'_>, label: &Label, kept: u16, theme: &Theme) {
    for (text, role) in label {
        let room = pen.room().saturating_sub(kept + GAP);
        pen.left(text, columns(text).min(room), theme.style(*role));
    }
    if !label.is_empty() {
        pen.skip(GAP);
    }
}

fn entry(pen: &mut Pen<'_>, (head, sign, tail): (&str, &str, &str), line: &Line, theme: &Theme) {
    pen.skip(1).text(head, theme.style(Role::Quiet)).text(sign, theme.style(Role::Accent));
    typed(pen, line, None, theme);
    pen.skip(1);
    for piece in tail.split("  ") {
        // Half a hint is none.
        if columns(piece) + GAP <= pen.room() {
            pen.skip(GAP).text(piece, theme.style(Role::Quiet));
        }
    }
}

/// A line being typed with its cursor; every character as `hidden` when there is one. Of a line that is too
/// long for its place the beginning goes: the cursor stays in sight.
pub fn typed(pen: &mut Pen<'_>, line: &Line, hidden: Option<char>, theme: &Theme) {
    let shown = |text: &str| match hidden {
        Some(sign) => text.chars().map(|_| sign).collect(),
        None => text.to_owned(),
    };
    let (before, after) = line.split();
    let mut rest = after.chars();
    let under = rest.next().map_or(" ".to_owned(), |c| shown(c.encode_utf8(&mut [0; 4])));
    let room = usize::from(pen.room().saturating_sub(columns(&under)));
    pen.text(&tail(&shown(before), room, theme.ellipsis()), theme.style(Role::Text));
    pen.text(&under, Style::default().add_modifier(Modifier::REVERSED));
    pen.text(&shown(rest.as_str()), theme.style(Role::Text));
}

/// The end of a text, as much as fits with an ellipsis before it.
fn tail(text: &str, room: usize, ellipsis: char) -> String {
    if usize::from(columns(text)) <= room {
        return text.to_owned();
    }
    let mut used = 1;
    let kept = text.chars().rev().take_while(|c| {
        used += usize::from(columns(c.encode_utf8(&mut [0; 4])));
        used <= room
    });
    let kept: Vec<char> = kept.collect();
    std::iter::once(ellipsis).take(room).chain(kept.into_iter().rev()).collect()
}

fn write(pen: &mut Pen<'_>, hint: &Hint, theme: &Theme) {
    pen.text(&hint.key.to_string(), theme.style(Role::Accent).add_modifier(Modifier::BOLD));
    pen.skip(1).text(hint.words, theme.style(Role::Quiet)).skip(GAP);
}

fn width(hint: &Hint) -> u16 {
    columns(&hint.key.to_string()) + 1 + columns(hint.words) + GAP
}

const GAP: u16 = 2;

/// Columns for whom a note is about.
const ABOUT: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_line_its_end_is_seen() {
        assert_eq!(tail("abcdef", 6, '~'), "abcdef");
        assert_eq!(tail("abcdef", 4, '~'), "~def");
        assert_eq!(tail("漢字漢字", 4, '~'), "~字");
        assert_eq!(tail("abc", 0, '~'), "");
    }
}
