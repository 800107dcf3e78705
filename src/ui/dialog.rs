//! Dialogs over the panes: the one on top of the stack, or the question of a connection.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::widgets::{Clear, Widget};

use super::hints::typed;
use super::pen::{Pen, columns};
use super::theme::{Role, Theme};
use super::{Label, Pane, merged, sheet, terminal};
use crate::app::dialog::{Ask, Confirm, Dialog, JobList, Palette};
use crate::app::layout::Edge;
use crate::app::question::Question;
use crate::app::{App, say};

pub fn render(frame: &mut Frame<'_>, app: &App, theme: &Theme) {
    match app.dialogs.last() {
        Some(Dialog::Sheet(top)) => sheet::render(frame, top, app, theme),
        Some(Dialog::Confirm(top)) => confirm(frame, top, theme),
        Some(Dialog::Jobs(top)) => jobs(frame, top, theme),
        Some(Dialog::Palette(top)) => palette(frame, top, theme),
        Some(Dialog::Ask(top)) => ask(frame, top, theme),
        Some(Dialog::Terminal(top)) => terminal::render(frame, top, app, theme),
        Some(Dialog::Merged(top)) => merged::render(frame, top, app, theme),
        None => {
            if let Some(front) = app.questions.front().filter(|_| app.is_asking()) {
                question(frame, front, app, theme);
            }
        }
    }
}

/// A box in the middle for `rows` rows of up to `width` columns; gives the room inside.
fn open(frame: &mut Frame<'_>, title: &str, foot: Label, width: u16, rows: u16, theme: &Theme) -> Rect {
    let screen = frame.area();
    let width = (width + 6).clamp(44, 84).min(screen.width);
    let height = (rows + 4).min(screen.height);
    let area = Rect { x: (screen.width - width) / 2, y: (screen.height - height) / 2, width, height };
    Clear.render(area, frame.buffer_mut());
    let pane = Pane { title: vec![(title.to_owned(), Role::Heading)], foot, focused: true, ..Pane::default() };
    let inside = pane.render(frame, area, Edge::Box, theme);
    inside.inner(ratatui::layout::Margin { horizontal: 2, vertical: 1 })
}

fn confirm(frame: &mut Frame<'_>, confirm: &Confirm, theme: &Theme) {
    let buttons = columns(&confirm.yes) + columns(&confirm.no) + 12;
    let longest = confirm.text.iter().map(|line| columns(line)).max().unwrap_or(0);
    let width = longest.max(buttons).max(columns(&confirm.title) + 2).min(frame.area().width.min(84) - 6);
    let text: Vec<_> = confirm.text.iter().flat_map(|line| say::wrap(&say::clean(line), usize::from(width))).collect();
    let rows = u16::try_from(text.len()).unwrap_or(u16::MAX).saturating_add(2);
    let inside = open(frame, &say::clean(&confirm.title), Label::new(), width, rows, theme);
    let last = inside.height.saturating_sub(1);
    for (row, line) in (0..last.saturating_sub(1)).zip(&text) {
        if let Some(mut pen) = Pen::at(frame.buffer_mut(), inside, row, theme.ellipsis()) {
            pen.text(line, theme.style(Role::Text));
        }
    }
    let Some(mut pen) = Pen::at(frame.buffer_mut(), inside, last, theme.ellipsis()) else { return };
    if let Some((expected, line)) = &confirm.typed {
        pen.text(&format!("type {expected} to {}: ", confirm.yes.to_lowercase()), theme.style(Role::Warning));
        typed(&mut pen, line, None, theme);
        return;
    }
    button(&mut pen, &confirm.yes, "y", confirm.on_yes, theme);
    pen.skip(2);
    button(&mut pen, &confirm.no, "esc", !confirm.on_yes, theme);
}

/// A line to be typed, what is wrong with it, and examples.
fn ask(frame: &mut Frame<'_>, ask: &Ask, theme: &Theme) {
    let hints = ask.hints();
    let width = hints.iter().map(|line| columns(line)).max().unwrap_or(0).max(60);
    let trouble = say::wrap(&say::clean(ask.trouble.as_deref().unwrap_or_default()), usize::from(width));
    let rows = u16::try_from(hints.len() + trouble.len()).unwrap_or(u16::MAX).saturating_add(2);
    let foot = vec![(ask.keys().to_owned(), Role::Quiet)];
    let inside = open(frame, ask.title(), foot, width, rows, theme);
    if let Some(mut pen) = Pen::at(frame.buffer_mut(), inside, 0, theme.ellipsis()) {
        pen.text("> ", theme.style(Role::Accent));
        typed(&mut pen, &ask.line, None, theme);
    }
    let texts = trouble.iter().map(|line| (line.as_str(), Role::Bad));
    let texts = texts.chain([("", Role::Text)]).chain(hints.iter().map(|line| (line.as_str(), Role::Quiet)));
    for (row, (text, role)) in (1..inside.height).zip(texts) {
        if let Some(mut pen) = Pen::at(frame.buffer_mut(), inside, row, theme.ellipsis()) {
            pen.text(text, theme.style(role));
        }
    }
}

/// The focused one is reversed and, for those who cannot see that, in brackets.
fn button(pen: &mut Pen<'_>, word: &str, key: &str, focused: bool, theme: &Theme) {
    let (open, close) = if focused { ("[", "]") } else { (" ", " ") };
    let style = if focused {
        theme.style(Role::Accent).add_modifier(Modifier::REVERSED | Modifier::BOLD)
    } else {
        theme.style(Role::Text)
    };
    pen.text(&format!("{open}{word}{close}"), style).skip(1).text(key, theme.style(Role::Quiet));
}

fn jobs(frame: &mut Frame<'_>, list: &JobList, theme: &Theme) {
    let hosts = say::list(list.hosts.iter().map(|host| host.as_str()), 3);
    let shown: Vec<_> = list.shown().collect();
    let rows = u16::try_from(shown.len().max(1)).unwrap_or(u16::MAX).clamp(3, 14);
    let foot = vec![("enter chooses  esc closes  typing narrows".to_owned(), Role::Quiet)];
    let inside = open(frame, &format!("Start a job on {hosts}"), foot, 78, rows * 2 + 1, theme);
    let Some(mut pen) = Pen::at(frame.buffer_mut(), inside, 0, theme.ellipsis()) else { return };
    pen.text("/", theme.style(Role::Accent));
    typed(&mut pen, &list.filter, None, theme);
    let body = Rect { y: inside.y + 1, height: inside.height.saturating_sub(1), ..inside };
    if shown.is_empty() {
        return no_jobs(frame, body, list, theme);
    }
    let rows = usize::from(body.height / 2).max(1);
    let first = list.at().saturating_sub(rows.saturating_sub(1));
    for (n, (job, meant)) in shown.iter().enumerate().skip(first).take(rows) {
        let row = u16::try_from((n - first) * 2).unwrap_or(u16::MAX);
        if n == list.at() && row < body.height {
            let lines = Rect { y: body.y + row, height: 2.min(body.height - row), ..body };
            frame.buffer_mut().set_style(lines, theme.selected(true));
        }
        let bar = if n == list.at() { theme.cursor_bar() } else { ' ' };
        if let Some(mut pen) = Pen::at(frame.buffer_mut(), body, row, theme.ellipsis()) {
            pen.sign(bar, theme.style(Role::Accent)).skip(1).text(job.name.as_str(), theme.style(Role::Heading));
            pen.skip(2).text(&job.about, theme.style(Role::Text));
            if !meant {
                pen.text("  (meant for other hosts)", theme.style(Role::Quiet));
            }
        }
        if let Some(mut pen) = Pen::at(frame.buffer_mut(), body, row + 1, theme.ellipsis()) {
            let command = job.spec.command.lines().next().unwrap_or_default();
            pen.sign(bar, theme.style(Role::Accent)).skip(3).text(&format!("$ {command}"), theme.style(Role::Quiet));
        }
    }
}

fn palette(frame: &mut Frame<'_>, palette: &Palette, theme: &Theme) {
    let foot = vec![("enter does it  esc closes  typing narrows".to_owned(), Role::Quiet)];
    let inside = open(frame, "Commands", foot, 78, 15, theme);
    let Some(mut pen) = Pen::at(frame.buffer_mut(), inside, 0, theme.ellipsis()) else { return };
    pen.text(":", theme.style(Role::Accent));
    typed(&mut pen, &palette.filter, None, theme);
    let body = Rect { y: inside.y + 1, height: inside.height.saturating_sub(1), ..inside };
    if palette.shown().is_empty() {
        if let Some(mut pen) = Pen::at(frame.buffer_mut(), body, 1, theme.ellipsis()) {
            pen.text("No command is called so.", theme.style(Role::Quiet));
        }
        return;
    }
    let first = palette.at().saturating_sub(usize::from(body.height.saturating_sub(1)));
    for (row, (n, entry)) in (0..body.height).zip(palette.shown().iter().enumerate().skip(first)) {
        let selected = n == palette.at();
        if selected {
            let line = Rect { y: body.y + row, height: 1, ..body };
            frame.buffer_mut().set_style(line, theme.selected(true));
        }
        let bar = if selected { theme.cursor_bar() } else { ' ' };
        let keys = entry.keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        if let Some(mut pen) = Pen::at(frame.buffer_mut(), body, row, theme.ellipsis()) {
            pen.sign(bar, theme.style(Role::Accent)).skip(1).left(&keys, 12, theme.style(Role::Quiet));
            pen.skip(1).text(entry.help, theme.style(Role::Text));
        }
    }
}

fn no_jobs(frame: &mut Frame<'_>, body: Rect, list: &JobList, theme: &Theme) {
    let text: &[&str] = if list.total() == 0 {
        &["No jobs yet. Name what you run again and again in", "steadfast.toml: [jobs.NAME] with command = \"...\"."]
    } else {
        &["No job matches."]
    };
    for (row, line) in (1..).zip(text) {
        if let Some(mut pen) = Pen::at(frame.buffer_mut(), body, row, theme.ellipsis()) {
            pen.text(line, theme.style(Role::Quiet));
        }
    }
}

fn question(frame: &mut Frame<'_>, question: &Question, app: &App, theme: &Theme) {
    let waiting = app.questions.len() - 1;
    let mut foot = vec![("enter answers  esc skips".to_owned(), Role::Quiet)];
    if waiting > 0 {
        foot.push((format!("  {waiting} more"), Role::Warning));
    }
    let text = say::clean(&question.text);
    let lines = say::wrap(&text, 60);
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let inside = open(frame, &format!("{} for {}", question.kind.title(), question.host), foot, 60, rows, theme);
    for (row, line) in (0..inside.height.saturating_sub(1)).zip(&lines) {
        if let Some(mut pen) = Pen::at(frame.buffer_mut(), inside, row, theme.ellipsis()) {
            pen.text(line, theme.style(Role::Text));
        }
    }
    let last = inside.height.saturating_sub(1);
    if let Some(mut pen) = Pen::at(frame.buffer_mut(), inside, last, theme.ellipsis()) {
        pen.text("> ", theme.style(Role::Accent));
        typed(&mut pen, &app.questions.line, (!question.echo).then(|| theme.hidden()), theme);
    }
}
