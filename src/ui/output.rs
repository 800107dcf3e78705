//! Draws the output pane: a frame with where we are in it, and the rows of the window that are in sight.
//!
//! ```text
//! ┌ web-07 · soak · ● running ───────────────────────────── FOLLOW · 56,789 lines ┐
//! │ pass 1 of 3: 41 %                                                             │
//! │ ── gap: host gave up 41.2 MiB ──                                              │
//! │ pass 2 of 3: 7 %                                                              ┃
//! └ /error: 3 of 1,204 matching lines ────────────────────────────────────────────┘
//! ```
//!
//! Cells are written directly and only for what is shown: a widget that breaks lines by itself would look
//! at the whole text (measured: half a second per frame).

mod palette;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::style::Style;

pub use self::palette::{Colors, OutputPalette};
use crate::app::output::{Entry, Line, Marker, Span, View, char_width, text_width};

/// Whose output it is, in words.
#[derive(Clone, Copy, Debug)]
pub struct Heading<'a> {
    pub host: &'a str,
    pub run: &'a str,
    /// Glyph and word.
    pub state: &'a str,
    pub focused: bool,
}

/// What is left for text within the frame: what [`View`] is to be told as its size.
#[must_use]
pub fn text_area(area: Rect) -> Rect {
    area.inner(Margin::new(1, 1))
}

/// Draws the pane; also where the cursor stands while a pattern is typed.
pub fn render(frame: &mut Frame<'_>, area: Rect, view: &View, heading: &Heading<'_>, palette: &OutputPalette) {
    if area.width < 4 || area.height < 3 {
        return;
    }
    let buffer = frame.buffer_mut();
    draw_frame(buffer, area, heading.focused, palette);
    draw_title(buffer, area, view, heading, palette);
    draw_scroll_bar(buffer, area, view, palette);
    let end = draw_status(buffer, area, view, palette);
    draw_body(buffer, text_area(area), view, palette);
    if view.find().is_typing() {
        frame.set_cursor_position(Position::new(end, area.bottom() - 1));
    }
}

fn draw_frame(buffer: &mut Buffer, area: Rect, focused: bool, palette: &OutputPalette) {
    let style = if focused { palette.focused } else { palette.border };
    let [horizontal, vertical, corners @ ..] = palette.frame();
    let across = horizontal.repeat(usize::from(area.width));
    let (left, right, bottom) = (area.left(), area.right() - 1, area.bottom() - 1);
    for y in [area.top(), bottom] {
        buffer.set_stringn(left, y, &across, usize::from(area.width), style);
    }
    for y in area.top() + 1..bottom {
        buffer.set_stringn(left, y, vertical, 1, style);
        buffer.set_stringn(right, y, vertical, 1, style);
    }
    for ((x, y), corner) in
        [(left, area.top()), (right, area.top()), (left, bottom), (right, bottom)].into_iter().zip(corners)
    {
        buffer.set_stringn(x, y, corner, 1, style);
    }
}

/// Where we are has room before whose output it is: that is in the list of hosts too.
fn draw_title(buffer: &mut Buffer, area: Rect, view: &View, heading: &Heading<'_>, palette: &OutputPalette) {
    let room = usize::from(area.width - 2);
    let position = palette.words(format!(" {} ", view.position_words()));
    let style = if view.is_following() { palette.follow } else { palette.title };
    let width = text_width(&position).min(room);
    let x = area.right() - 1 - u16::try_from(width).unwrap_or(0);
    buffer.set_stringn(x, area.top(), &position, width, style);
    let parts: Vec<_> =
        [heading.host, heading.run, heading.state].into_iter().filter(|part| !part.is_empty()).collect();
    let title = palette.words(format!(" {} ", parts.join(" · ")));
    let room = room.saturating_sub(width + 1);
    buffer.set_stringn(area.left() + 1, area.top(), cut(&title, room, palette), room, palette.title);
}

/// The search, and how lines are shown; returns where the text ends.
fn draw_status(buffer: &mut Buffer, area: Rect, view: &View, palette: &OutputPalette) -> u16 {
    let (y, room) = (area.bottom() - 1, usize::from(area.width - 2));
    if view.wraps_at().is_none() {
        let text = format!(" not broken, from column {} ", view.shift() + 1);
        let width = text_width(&text).min(room);
        buffer.set_stringn(area.right() - 1 - u16::try_from(width).unwrap_or(0), y, &text, width, palette.title);
    }
    let words = view.find().words();
    if words.is_empty() {
        return area.left() + 1;
    }
    // Of what is being typed the end is to be seen.
    let words = if view.find().is_typing() { tail(&words, room.saturating_sub(2)) } else { &words };
    let text = palette.words(format!(" {words}"));
    let (end, _) = buffer.set_stringn(area.left() + 1, y, cut(&text, room, palette), room, palette.title);
    if usize::from(end - area.left()) <= room {
        buffer.set_stringn(end, y, " ", 1, palette.title);
    }
    end.min(area.right() - 1)
}

/// By bytes: it is right before a single line is counted.
fn draw_scroll_bar(buffer: &mut Buffer, area: Rect, view: &View, palette: &OutputPalette) {
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
        buffer.set_stringn(area.right() - 1, y, palette.thumb(), 1, palette.title);
    }
}

fn draw_body(buffer: &mut Buffer, area: Rect, view: &View, palette: &OutputPalette) {
    let window = view.window();
    if window.entries.is_empty() {
        let words = match &window.trouble {
            Some(trouble) => trouble.as_str(),
            None if view.shown().is_none() => "no run selected",
            None => "no output yet",
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
    let mut rows = Rows { buffer, area, y: area.y, skip, view, palette };
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
}

impl Rows<'_> {
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
        let hit = self.view.find().hit().is_some_and(|hit| entry.offset <= hit && hit < entry.next);
        let found: Vec<_> = match self.view.find().pattern() {
            Some(pattern) => pattern.matches(entry.line.text()).collect(),
            None => Vec::new(),
        };
        let style = if hit { self.palette.current_match } else { self.palette.other_match };
        let width = usize::from(self.area.width);
        let text = entry.line.text();
        if self.view.wraps_at().is_some() {
            let mut starts = entry.line.row_starts(width);
            starts.push(text.len());
            for row in starts.windows(2) {
                let &[start, end] = row else { continue };
                let Some(y) = self.next_row() else { continue };
                self.draw_row(&entry.line, start..end, 0, y, &found, style);
            }
        } else if let Some(y) = self.next_row() {
            let (range, lead) = entry.line.columns(self.view.shift(), width);
            let goes_on = range.end < text.len();
            self.draw_row(&entry.line, range, lead, y, &found, style);
            self.draw_edges(entry.line.width(), goes_on, y);
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
        let room = usize::from(self.area.width);
        let mut column = lead;
        for Span { text, style } in line.spans_in(range.clone()) {
            let text = self.palette.host_text(text);
            let width = text_width(&text);
            if column >= room {
                break;
            }
            let x = self.area.x + u16::try_from(column).unwrap_or(0);
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
            let place = (
                self.area.x.saturating_add(u16::try_from(from).unwrap_or(u16::MAX)),
                u16::try_from(width).unwrap_or(0),
            );
            self.buffer.set_style(Rect::new(place.0, y, place.1, 1), style);
        }
    }

    /// Says that a line goes on to the left or right of what is shown of it.
    fn draw_edges(&mut self, width: usize, goes_on: bool, y: u16) {
        let [left, right] = self.palette.edges();
        if self.view.shift() > 0 && width > 0 {
            self.buffer.set_stringn(self.area.x, y, left, 1, self.palette.note);
        }
        if goes_on {
            self.buffer.set_stringn(self.area.right() - 1, y, right, 1, self.palette.note);
        }
    }

    fn draw_marker(&mut self, marker: &Marker) {
        let Some(y) = self.next_row() else { return };
        let [horizontal, ..] = self.palette.frame();
        let text = self.palette.words(format!("{0}{0} {1} {0}{0}", horizontal, marker.text()));
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

/// The last columns of a text.
fn tail(text: &str, room: usize) -> &str {
    let mut width = text_width(text);
    for (at, c) in text.char_indices() {
        if width <= room {
            return &text[at..];
        }
        width -= char_width(c);
    }
    ""
}

#[cfg(test)]
mod tests;
