//! A decoded line: text that is safe to draw, with its styles.

use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use super::glyph::is_hidden;
use super::style::Style;

/// One line as it is shown. Its text holds no control and no bidirectional format character.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Line {
    text: String,
    runs: Vec<Run>,
    width: usize,
}

/// Up to `end` (a byte of the text, exclusive) the style is this.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Run {
    end: usize,
    style: Style,
}

/// A stretch of one style.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span<'a> {
    pub text: &'a str,
    pub style: Style,
}

impl Line {
    /// The whole text, without styles: what a search looks at.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    pub fn spans(&self) -> impl Iterator<Item = Span<'_>> {
        self.spans_in(0..self.text.len())
    }

    /// The spans of a byte range of the text, cut to it.
    pub fn spans_in(&self, range: Range<usize>) -> impl Iterator<Item = Span<'_>> {
        let mut start = 0;
        self.runs.iter().filter_map(move |run| {
            let piece = start.max(range.start)..run.end.min(range.end);
            start = run.end;
            let text = self.text.get(piece).filter(|text| !text.is_empty())?;
            Some(Span { text, style: run.style })
        })
    }

    /// Appends one cell of a terminal, of one or two columns; what must not be shown is a question mark.
    pub fn cell(&mut self, text: &str, width: usize, style: Style) {
        let safe = !text.chars().any(|c| c.is_control() || is_hidden(c)) && text_width(text) == width;
        match (text.is_empty(), safe) {
            (true, _) => self.push(&" ".repeat(width), width, style),
            (false, true) => self.push(text, width, style),
            (false, false) => self.push(&"?".repeat(width), width, style),
        }
    }

    /// Appends text of known width; adjacent text of one style is one span.
    pub(super) fn push(&mut self, text: &str, width: usize, style: Style) {
        self.text.push_str(text);
        self.width += width;
        let end = self.text.len();
        match self.runs.last_mut() {
            Some(run) if run.style == style => run.end = end,
            _ => self.runs.push(Run { end, style }),
        }
    }

    /// The byte at which each row begins when the line is broken at `columns`; never empty.
    #[must_use]
    pub fn row_starts(&self, columns: usize) -> Vec<usize> {
        let columns = columns.max(1);
        // One byte and one column per character: no need to look at them.
        if self.text.is_ascii() {
            return (0..self.width.max(1)).step_by(columns).collect();
        }
        let mut starts = vec![0];
        let mut used = 0;
        for (at, c) in self.text.char_indices() {
            let width = char_width(c);
            if used + width > columns && used > 0 {
                starts.push(at);
                used = 0;
            }
            used += width;
        }
        starts
    }

    /// Rows that the line takes when it is broken at `columns`.
    #[must_use]
    pub fn rows(&self, columns: usize) -> usize {
        if self.width <= columns { 1 } else { self.row_starts(columns).len() }
    }

    /// The bytes that fit into `columns` from column `from` on, and how many columns of blank stand
    /// before them, where a wide character was cut in two.
    #[must_use]
    pub fn columns(&self, from: usize, columns: usize) -> (Range<usize>, usize) {
        if self.text.is_ascii() {
            let start = from.min(self.width);
            return (start..from.saturating_add(columns).min(self.width), 0);
        }
        let (mut column, mut start, mut end, mut lead) = (0, None, self.text.len(), 0);
        for (at, c) in self.text.char_indices() {
            let width = char_width(c);
            if start.is_none() && column >= from && width > 0 {
                start = Some(at);
                lead = column - from;
            }
            if width > 0 && column + width > from.saturating_add(columns) {
                end = at;
                break;
            }
            column += width;
        }
        let start = start.unwrap_or(end).min(end);
        (start..end, lead)
    }
}

/// Columns of one character as we lay it out: joined marks take none.
#[must_use]
pub fn char_width(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// Columns of a text that came out of a [`Line`].
#[must_use]
pub fn text_width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(char_width).sum() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        let mut line = Line::default();
        line.push(text, text_width(text), Style::default());
        line
    }

    #[test]
    fn a_wide_character_is_never_broken_in_two() {
        let line = line("ab漢字c");
        assert_eq!(line.width(), 7);
        assert_eq!(line.row_starts(3), [0, 2, 5], "漢 does not fit behind ab, 字 does not behind 漢");
        assert_eq!(line.rows(3), 3);
        assert_eq!(line.columns(3, 3), (5..8, 1));
        assert_eq!(line.columns(0, 3), (0..2, 0));
        assert_eq!(line.columns(50, 3), (9..9, 0));
    }

    #[test]
    fn a_full_row_makes_no_empty_one() {
        assert_eq!(line("abcdef").row_starts(3), [0, 3]);
        assert_eq!(line("").row_starts(3), [0]);
        assert_eq!(line("漢").row_starts(1), [0], "wider than the pane: still one row");
    }

    #[test]
    fn spans_are_cut_to_the_range_asked_for() {
        let mut line = line("abc");
        let bold = Style { fg: super::super::style::Color::Ansi(1), ..Style::default() };
        line.push("def", 3, bold);
        let texts: Vec<_> = line.spans_in(2..5).map(|s| (s.text, s.style)).collect();
        assert_eq!(texts, [("c", Style::default()), ("de", bold)]);
    }
}
