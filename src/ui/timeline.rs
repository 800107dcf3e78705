//! The strips: one per host, aligned in time, so that what hit all of them at once stands as one
//! column. A cell shows the worst that was true in its slice of time.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::Pane;
use super::pen::{Pen, columns};
use super::theme::{Role, Theme};
use super::{Label, edge};
use crate::app::hosts::is_trouble;
use crate::app::layout::{Edge, FOOT_ALONE};
use crate::app::strips::{Slice, Window};
use crate::app::{App, Focus, say};
use crate::domain::diagnosis::Outlook;
use crate::domain::fleet::HostView;
use crate::domain::link::LinkState;
use crate::domain::moment::Wall;
use crate::domain::timeline::{Ailment, Mark};

pub fn render(frame: &mut Frame<'_>, area: Rect, app: &App, theme: &Theme) {
    let edge = app.areas().map_or(Edge::Box, |areas| areas.edge);
    let rows = app.strip_rows();
    let window = app.strips.window(app.strip_columns(), app.now.wall);
    let strips = app.strip_hosts(rows).into_iter().map(|host| (host, window.strip(host, app.now.wall))).collect();
    let view = View { app, theme, window, label: app.strip_label(), strips };

    let told = view.told();
    let mut inside = view.pane(edge, told.as_ref(), area.width).render(frame, area, edge, theme);
    if edge == Edge::None {
        inside = view.render_foot(frame, inside, told);
    }
    for (row, (host, strip)) in (0..).zip(&view.strips) {
        view.render_strip(frame, inside, row, host, strip);
    }
    view.render_axis(frame, inside, u16::try_from(view.strips.len()).unwrap_or(rows));
}

struct View<'a> {
    app: &'a App,
    theme: &'a Theme,
    window: Window,
    /// Columns of the names.
    label: u16,
    strips: Vec<(&'a HostView, Vec<Slice<'a>>)>,
}

impl View<'_> {
    fn pane(&self, edge: Edge, told: Option<&Label>, width: u16) -> Pane {
        let mut span = format!(" {}", self.app.strips.span_words());
        if !self.app.strips.is_live() {
            span.push_str(", in the past");
        }
        let title = vec![("Timeline".into(), Role::Heading), (span, Role::Quiet)];
        let room = width.saturating_sub(edge::width(&title) + 4);
        let (aside, foot) = match (edge, told) {
            (Edge::Rule, Some(told)) => (told.clone(), Label::new()),
            (Edge::Box | Edge::Rule | Edge::None, told) => (self.legend(room), told.cloned().unwrap_or_default()),
        };
        Pane { title, aside, foot, focused: self.app.focus == Focus::Timeline, ..Pane::default() }
    }

    /// The signs that can be seen, as many as fit, the worst first.
    fn legend(&self, room: u16) -> Label {
        let mut states: Vec<LinkState> = Vec::new();
        let mut marks: Vec<(char, Role, &str)> = Vec::new();
        for (_, strip) in &self.strips {
            for slice in strip {
                states.extend(slice.state.filter(|state| !states.contains(state)));
                if let Some(mark) = slice.mark {
                    let (sign, role) = self.theme.mark(mark);
                    let entry = (sign, role, mark_word(mark));
                    if !marks.contains(&entry) && entry.2 != LinkState::Rebooted.word() {
                        marks.push(entry);
                    }
                }
            }
        }
        states.sort_by_key(|state| std::cmp::Reverse(state.severity()));
        let states = states.iter().map(|s| (self.theme.strip_sign(*s), Role::State(*s), s.word()));
        let mut label = Label::new();
        for (sign, role, word) in states.chain(marks) {
            let space = if label.is_empty() { "" } else { "  " };
            let entry = [(format!("{space}{sign} "), role), (word.to_owned(), Role::Quiet)];
            label.extend(entry);
            if edge::width(&label) > room {
                label.truncate(label.len() - 2);
                break;
            }
        }
        label
    }

    fn render_strip(&self, frame: &mut Frame<'_>, inside: Rect, row: u16, host: &HostView, strip: &[Slice<'_>]) {
        let selected = self.app.host().is_some_and(|other| other.id == host.id);
        let state = host.link.state;
        let Some(mut pen) = Pen::at(frame.buffer_mut(), inside, row, self.theme.ellipsis()) else { return };
        let name = self.theme.style(if selected { Role::Heading } else { Role::Quiet });
        pen.sign(if selected { self.theme.cursor_bar() } else { ' ' }, self.theme.style(Role::Accent));
        pen.sign(self.theme.state(state), self.theme.style(Role::State(state))).skip(1);
        pen.left(host.id.as_str(), self.label.saturating_sub(4), name).skip(1);
        let cursor = self.cursor_column();
        for (column, slice) in (0_u16..).zip(strip) {
            let (sign, style) = self.cell(*slice);
            let under = cursor == Some(column);
            let style = if under { style.add_modifier(Modifier::REVERSED) } else { style };
            pen.sign(sign, style);
        }
    }

    /// A reboot shows over everything; any other mark over calm only, for it must not hide trouble.
    fn cell(&self, slice: Slice<'_>) -> (char, Style) {
        let Some(state) = slice.state else {
            return slice.mark.map_or((' ', Style::default()), |mark| self.marked(mark, Style::default()));
        };
        let ground = self.theme.strip(state);
        match slice.mark {
            Some(mark @ Mark::Reboot) => self.marked(mark, ground),
            Some(mark) if !is_trouble(state) => self.marked(mark, ground),
            Some(_) | None => (self.theme.strip_sign(state), ground),
        }
    }

    fn marked(&self, mark: &Mark, ground: Style) -> (char, Style) {
        let (sign, role) = self.theme.mark(mark);
        (sign, ground.patch(self.theme.style(role)).add_modifier(Modifier::BOLD))
    }

    fn cursor_column(&self) -> Option<u16> {
        self.window.column(self.app.strips.cursor()?)
    }

    fn render_axis(&self, frame: &mut Frame<'_>, inside: Rect, row: u16) {
        let style = self.theme.style(Role::Quiet);
        for (column, at) in self.window.ticks(TICK_GAP, self.app.utc_offset) {
            let text = format!("{}{}", self.theme.tick(), self.tick_words(at));
            let place = Rect {
                x: inside.x + self.label + column,
                width: inside.width.saturating_sub(self.label + column),
                ..inside
            };
            if columns(&text) <= place.width
                && let Some(mut pen) = Pen::at(frame.buffer_mut(), place, row, self.theme.ellipsis())
            {
                pen.text(&text, style);
            }
        }
    }

    fn tick_words(&self, at: Wall) -> String {
        let offset = self.app.utc_offset;
        let time = say::time(at, offset);
        if time == "00:00:00" {
            say::date(at, offset)
        } else if time.ends_with(":00") {
            say::short_time(at, offset)
        } else {
            time
        }
    }

    /// What the cursor points at: when, from what to what, why, for how long.
    fn told(&self) -> Option<Label> {
        let at = self.app.strips.cursor()?;
        let host = self.app.host()?;
        let offset = self.app.utc_offset;
        let mut label = vec![(format!("{} ", host.id), Role::Heading)];
        let Some((segment, end)) = self.window.segment_at(host, at) else {
            label.push((format!("{}: nothing known", self.when(at)), Role::Quiet));
            return Some(label);
        };
        let state = segment.state;
        if let Some(before) = host.timeline.before(segment) {
            label.push((format!("{} {}, then ", self.theme.state(before), before.word()), Role::State(before)));
        }
        label.push((format!("{} {}", self.theme.state(state), state.word()), Role::State(state)));
        let lasted = say::duration(end.unwrap_or(self.app.now.wall).since(segment.from));
        let lasted = if end.is_some() { format!("for {lasted}") } else { format!("for {lasted}, still") };
        label.push((format!(" from {} {lasted}", self.when(segment.from)), Role::Text));
        label.push((self.app.why(host, segment), Role::Quiet));
        if end.is_none() && host.link.state == state {
            let next = Outlook::from(&host.link).next(self.app.now.wall);
            label.extend(next.map(|next| (format!("; {next}"), Role::Quiet)));
        }
        let (from, to) = self.window.slice(self.window.column(at)?);
        for (at, mark) in host.timeline.marks().iter().filter(|(at, _)| (from..to).contains(at)).take(3) {
            let (sign, role) = self.theme.mark(mark);
            let words = match mark {
                Mark::Note(text) => format!("note {}", say::clean(text)),
                Mark::Alarm(pattern) => format!("alarm {}", say::clean(pattern)),
                Mark::Health(Ailment { words, .. }) => say::clean(words).into_owned(),
                Mark::Reboot | Mark::RunStarted | Mark::RunEnded { .. } | Mark::Gap => mark_word(mark).to_owned(),
            };
            label.push((format!("  {sign} "), role));
            label.push((format!("{words} at {}", say::time(*at, offset)), Role::Text));
        }
        Some(label)
    }

    /// The date only when it is not today's.
    fn when(&self, at: Wall) -> String {
        let offset = self.app.utc_offset;
        let today = say::date(at, offset) == say::date(self.app.now.wall, offset);
        if today { say::time(at, offset) } else { say::date_time(at, offset) }
    }

    /// Alone the pane has no edge: legend and cursor get lines of their own at the bottom.
    fn render_foot(&self, frame: &mut Frame<'_>, inside: Rect, told: Option<Label>) -> Rect {
        let [told, more] = folded(told.unwrap_or_default(), inside.width.saturating_sub(1));
        let lines = [self.legend(inside.width), told, more];
        let height = inside.height.saturating_sub(FOOT_ALONE);
        for (row, label) in (height..).zip(&lines) {
            let Some(mut pen) = Pen::at(frame.buffer_mut(), inside, row, self.theme.ellipsis()) else { continue };
            pen.skip(1);
            for (text, role) in label {
                pen.text(text, self.theme.style(*role));
            }
        }
        Rect { height, ..inside }
    }
}

/// In two lines, broken between words.
fn folded(label: Label, room: u16) -> [Label; 2] {
    let (mut first, mut second, mut used) = (Label::new(), Label::new(), 0_u16);
    for (text, role) in label {
        for word in text.split_inclusive(' ') {
            let fits = second.is_empty() && (used == 0 || used.saturating_add(columns(word.trim_end())) <= room);
            used = used.saturating_add(columns(word));
            if fits { first.push((word.to_owned(), role)) } else { second.push((word.to_owned(), role)) }
        }
    }
    [first, second]
}

fn mark_word(mark: &Mark) -> &'static str {
    match mark {
        Mark::Reboot => "rebooted",
        Mark::RunStarted => "run started",
        Mark::RunEnded { success: true } => "run succeeded",
        Mark::RunEnded { success: false } => "run unsuccessful",
        Mark::Alarm(_) => "alarm",
        Mark::Gap => "output lost",
        Mark::Health(Ailment { unhealthy: true, .. }) => "unhealthy",
        Mark::Health(Ailment { unhealthy: false, .. }) => "healthy again",
        Mark::Note(_) => "note",
    }
}

/// Columns between the labels of the axis.
const TICK_GAP: u16 = 14;
