//! The output of the selected run: in the edge whose it is and where we are in it, inside it the rows of
//! the window that are in sight.
//!
//! ```text
//! ╭ memtest web-07 attempt 1 ▶ running ─────────────────── FOLLOW · 56,789 lines ╮
//! │ pass 1 of 3: 41 %                                                             │
//! │ ── gap: host gave up 41.2 MiB ──                                              │
//! │ pass 2 of 3: 7 %                                                              ┃
//! ╰ /error: 3 of 1,204 matching lines ────────────────────────────────────────────╯
//! ```
//!
//! Cells are written directly and only for what is shown: a widget that breaks lines by itself would look
//! at the whole text (measured: half a second per frame).

mod palette;
mod times;
mod title;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

pub use self::palette::OutputPalette;
use self::times::Clock;
use self::title::whose;
use super::edge;
use super::theme::{Role, Theme};
use super::{Label, Pane};
use crate::app::layout::Edge;
use crate::app::output::{Entry, Line, Marker, Span, View, char_width, text_width};
use crate::app::{App, Focus};

pub fn render(frame: &mut Frame<'_>, area: Rect, app: &App, theme: &Theme) {
    let edge = app.areas().map_or(Edge::Box, |areas| areas.edge);
    let palette = OutputPalette::of(theme);
    let aside = edge::width(&where_in(app.output.view(), &palette));
    // The corners, a blank on each side, and a column of the edge between the two.
    let room = area.width.saturating_sub(aside + 2 + 2 + 1);
    let mut title = whose(app, theme, room);
    if title.is_empty() {
        title.push(("Output".into(), Role::Heading));
    }
    let heading = Heading { title, edge, focused: app.focus == Focus::Output, clock: Clock::of(app) };
    draw(frame, area, app.output.view(), &heading, theme);
}

/// An output that fills `area`, without edge or title.
pub fn render_alone(frame: &mut Frame<'_>, area: Rect, view: &View, app: &App, theme: &Theme) {
    if !area.is_empty() {
        draw_body(frame.buffer_mut(), area, view, &OutputPalette::of(theme), Clock::of(app));
    }
}

/// Where we are in an output that has no edge to say so.
pub fn place(view: &View, theme: &Theme) -> Label {
    where_in(view, &OutputPalette::of(theme))
}

/// What a search has come to there.
pub fn said(view: &View, theme: &Theme) -> Label {
    foot(view, &OutputPalette::of(theme))
}

/// What the edge would say, for the last line of the screen, when the pane's edge has no room for it.
/// What a search has come to goes before whose output it is.
pub fn notes(app: &App, theme: &Theme) -> Label {
    if app.focus != Focus::Output {
        return Label::new();
    }
    let (palette, view) = (OutputPalette::of(theme), app.output.view());
    let foot = foot(view, &palette);
    match app.areas().map(|areas| areas.edge) {
        Some(Edge::Box) | None => Label::new(),
        Some(Edge::Rule) => foot,
        Some(Edge::None) => {
            // Whether it follows is never cut; what a search has come to goes before it.
            let place = where_in(view, &palette);
            let (mut label, rest) = if foot.is_empty() { (place, whose(app, theme, u16::MAX)) } else { (foot, place) };
            if !rest.is_empty() && !label.is_empty() {
                label.push(("  ".into(), Role::Text));
            }
            label.extend(rest);
            label
        }
    }
}

/// Where we are in it.
fn where_in(view: &View, palette: &OutputPalette) -> Label {
    if view.shown().is_none() {
        return Label::new();
    }
    let role = if view.is_following() { Role::Accent } else { Role::Text };
    vec![(palette.words(view.position_words()), role)]
}

/// The search, and how lines are shown. What is being typed is in the last line of the screen.
fn foot(view: &View, palette: &OutputPalette) -> Label {
    let mut label = Label::new();
    let words = match view.filter().trouble() {
        Some(trouble) => trouble.to_owned(),
        None if view.is_selecting() => view.selection_words(),
        None => view.find().words(),
    };
    if !words.is_empty() && !view.takes_all_keys() {
        label.push((palette.words(words), Role::Text));
    }
    if let Some(note) = view.note().filter(|_| label.is_empty()) {
        label.push((palette.words(note.to_owned()), Role::Accent));
    }
    if view.wraps_at().is_none() {
        let space = if label.is_empty() { "" } else { "  " };
        label.push((format!("{space}not broken, from column {}", view.shift() + 1), Role::Quiet));
    }
    label
}

/// What stands in the edge besides what the view says.
struct Heading {
    title: Label,
    edge: Edge,
    focused: bool,
    /// How times are written.
    clock: Clock,
}

fn draw(frame: &mut Frame<'_>, area: Rect, view: &View, heading: &Heading, theme: &Theme) {
    let palette = OutputPalette::of(theme);
    let pane = Pane {
        title: heading.title.clone(),
        aside: where_in(view, &palette),
        foot: foot(view, &palette),
        focused: heading.focused,
        aside_first: true,
    };
    let inside = pane.render(frame, area, heading.edge, theme);
    if inside.is_empty() {
        return;
    }
    if heading.edge == Edge::Box {
        draw_scroll_bar(frame.buffer_mut(), area, view, &palette, theme.style(Role::Heading));
    }
    draw_body(frame.buffer_mut(), inside, view, &palette, heading.clock);
}

/// By bytes: it is right before a single line is counted.
fn draw_scroll_bar(buffer: &mut Buffer, area: Rect, view: &View, palette: &OutputPalette, style: Style) {
    let (before, shown, all) = view.scroll_bar();
    let height = u64::from(area.height - 2);
    if shown >= all || height == 0 {
        return;
    }
    let scaled = |part: u64| u64::try_from(u128::from(part) * u128::from(height) / u128::from(all)).unwrap_or(0);
    let length = scaled(shown).max(1);
    // The thumb touches an end only when nothing more is there.
    let start = if before + shown >= all { height - length } else { scaled(before).min(height - length) };
    for row in start..start + length {
        let y = area.top() + 1 + u16::try_from(row).unwrap_or(0);
        buffer.set_stringn(area.right() - 1, y, palette.thumb(), 1, style);
    }
}

fn draw_body(buffer: &mut Buffer, area: Rect, view: &View, palette: &OutputPalette, clock: Clock) {
    let window = view.window();
    if window.entries.is_empty() {
        let filtered = view.filter().nothing_words();
        let words = match &window.trouble {
            Some(trouble) => trouble.as_str(),
            None if view.shown().is_none() => "no run selected",
            None => filtered.as_deref().unwrap_or("no output yet"),
        };
        buffer.set_stringn(
            area.x,
            area.y,
            cut(words, usize::from(area.width), palette),
            usize::from(area.width),
            palette.note,
        );
        return;
    }
    let (first, skip) = view.first_row();
    let gutter = u16::try_from(view.gutter()).unwrap_or(0).min(area.width / 2);
    let mut rows = Rows { buffer, area, y: area.y, skip, view, palette, gutter, clock };
    for entry in window.entries.get(first..).unwrap_or_default() {
        if rows.is_full() {
            break;
        }
        rows.draw_entry(entry);
    }
}

/// The rows of the body, filled from the top.
struct Rows<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
    y: u16,
    /// Rows that are above the first one shown.
    skip: usize,
    view: &'a View,
    palette: &'a OutputPalette,
    /// Columns before each line for its time.
    gutter: u16,
    clock: Clock,
}

impl Rows<'_> {
    /// Where the host's text goes.
    fn text_area(&self) -> Rect {
        let Rect { x, width, .. } = self.area;
        Rect { x: x + self.gutter, width: width.saturating_sub(self.gutter).max(1), ..self.area }
    }

    fn is_full(&self) -> bool {
        self.y >= self.area.bottom()
    }

    /// Where the next row goes, if it is in sight.
    fn next_row(&mut self) -> Option<u16> {
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        let y = self.y;
        self.y = self.y.saturating_add(1);
        (y < self.area.bottom()).then_some(y)
    }

    fn draw_entry(&mut self, entry: &Entry) {
        for marker in &entry.before {
            self.draw_marker(marker);
        }
        let selected = self.view.is_selected(entry);
        let first = self.y;
        let hit = self.view.find().hit().is_some_and(|hit| entry.offset <= hit && hit < entry.next);
        let found: Vec<_> = match self.view.find().pattern() {
            Some(pattern) => pattern.matches(entry.line.text()).collect(),
            None => Vec::new(),
        };
        let style = if hit { self.palette.current_match } else { self.palette.other_match };
        let width = usize::from(self.text_area().width);
        let text = entry.line.text();
        let mut time = Some(entry);
        if self.view.wraps_at().is_some() {
            let mut starts = entry.line.row_starts(width);
            starts.push(text.len());
            for row in starts.windows(2) {
                let &[start, end] = row else { continue };
                let row_time = time.take();
                let Some(y) = self.next_row() else { continue };
                self.draw_time(row_time, y);
                self.draw_row(&entry.line, start..end, 0, y, &found, style);
            }
        } else if let Some(y) = self.next_row() {
            let (range, lead) = entry.line.columns(self.view.shift(), width);
            let goes_on = range.end < text.len();
            self.draw_time(time, y);
            self.draw_row(&entry.line, range, lead, y, &found, style);
            self.draw_edges(entry.line.width(), goes_on, y);
        }
        if selected {
            let rows = self.y.min(self.area.bottom()).saturating_sub(first);
            let area = self.text_area();
            self.buffer.set_style(Rect { y: first, height: rows, ..area }, self.palette.selected);
        }
        for marker in &entry.after {
            self.draw_marker(marker);
        }
    }

    fn draw_row(
        &mut self,
        line: &Line,
        range: std::ops::Range<usize>,
        lead: usize,
        y: u16,
        found: &[std::ops::Range<usize>],
        style: Style,
    ) {
        let area = self.text_area();
        let room = usize::from(area.width);
        let mut column = lead;
        for Span { text, style } in line.spans_in(range.clone()) {
            let text = self.palette.host_text(text);
            let width = text_width(&text);
            if column >= room {
                break;
            }
            let x = area.x + u16::try_from(column).unwrap_or(0);
            self.buffer.set_stringn(x, y, &text, width.min(room - column), self.palette.host_style(style));
            column += width;
        }
        for found in found {
            let (start, end) = (found.start.max(range.start), found.end.min(range.end));
            let (Some(before), Some(inside)) = (line.text().get(range.start..start), line.text().get(start..end))
            else {
                continue;
            };
            let (from, width) = (lead + text_width(before), text_width(inside));
            let width = width.min(room.saturating_sub(from));
            let place =
                (area.x.saturating_add(u16::try_from(from).unwrap_or(u16::MAX)), u16::try_from(width).unwrap_or(0));
            self.buffer.set_style(Rect::new(place.0, y, place.1, 1), style);
        }
    }

    /// Says that a line goes on to the left or right of what is shown of it.
    fn draw_edges(&mut self, width: usize, goes_on: bool, y: u16) {
        let [left, right] = self.palette.edges();
        let area = self.text_area();
        if self.view.shift() > 0 && width > 0 {
            self.buffer.set_stringn(area.x, y, left, 1, self.palette.note);
        }
        if goes_on {
            self.buffer.set_stringn(area.right() - 1, y, right, 1, self.palette.note);
        }
    }

    /// When the line arrived and whether it is an alarm, before its first row; nothing before the others.
    fn draw_time(&mut self, entry: Option<&Entry>, y: u16) {
        let Some(entry) = entry.filter(|_| self.gutter > 0) else { return };
        let signs = u16::try_from(self.view.alarm_gutter()).unwrap_or(0);
        if entry.alarm
            && let Some(x) = self.gutter.checked_sub(signs)
        {
            let (sign, style) = self.palette.alarm;
            self.buffer.set_stringn(self.area.x + x, y, sign.to_string(), 1, style);
        }
        let room = usize::from(self.gutter.saturating_sub(signs + 1));
        if room == 0 {
            return;
        }
        let text = self.clock.stamp(entry.time, room, self.palette.ascii);
        self.buffer.set_stringn(self.area.x, y, &text, room, self.palette.note);
    }

    fn draw_marker(&mut self, marker: &Marker) {
        let Some(y) = self.next_row() else { return };
        let rule = self.palette.rule();
        let text = format!("{rule} {} {rule}", self.palette.words(marker.text()));
        let style = match marker {
            Marker::Gap { .. } => self.palette.gap,
            Marker::Blind { .. } | Marker::More(_) => self.palette.blind,
        };
        let room = usize::from(self.area.width);
        self.buffer.set_stringn(self.area.x, y, cut(&text, room, self.palette), room, style);
    }
}

/// The text, or as much of it as fits with a sign that it goes on.
fn cut<'a>(text: &'a str, room: usize, palette: &OutputPalette) -> std::borrow::Cow<'a, str> {
    if text_width(text) <= room {
        return text.into();
    }
    let sign = palette.ellipsis();
    let mut left = room.saturating_sub(text_width(sign));
    let end = text.char_indices().find(|&(_, c)| {
        let fits = char_width(c) <= left;
        left = left.saturating_sub(char_width(c));
        !fits
    });
    format!("{}{sign}", &text[..end.map_or(text.len(), |(at, _)| at)]).into()
}

#[cfg(test)]
mod tests;
