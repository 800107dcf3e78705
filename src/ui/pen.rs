//! Writing into cells from left to right within bounds: fields of fixed width, cut with an ellipsis.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A place in a row of cells, and how far the row goes.
pub struct Pen<'a> {
    buffer: &'a mut Buffer,
    x: u16,
    y: u16,
    right: u16,
    ellipsis: char,
}

impl<'a> Pen<'a> {
    /// At the beginning of row `row` of `area`; `None` when the area does not have it.
    pub fn at(buffer: &'a mut Buffer, area: Rect, row: u16, ellipsis: char) -> Option<Self> {
        let area = area.intersection(buffer.area);
        (row < area.height).then(|| Self { buffer, x: area.x, y: area.y + row, right: area.right(), ellipsis })
    }

    /// Columns left in the row.
    #[must_use]
    pub fn room(&self) -> u16 {
        self.right.saturating_sub(self.x)
    }

    /// Writes as much as fits; what was cut ends the row.
    pub fn text(&mut self, text: &str, style: Style) -> &mut Self {
        let room = self.room();
        let fitting = fit(text, usize::from(room), self.ellipsis);
        let (x, _) = self.buffer.set_stringn(self.x, self.y, &fitting, usize::from(room), style);
        self.x = if fitting.len() == text.len() { x } else { self.right };
        self
    }

    pub fn sign(&mut self, sign: char, style: Style) -> &mut Self {
        self.text(sign.encode_utf8(&mut [0; 4]), style)
    }

    pub fn skip(&mut self, columns: u16) -> &mut Self {
        self.x = self.x.saturating_add(columns).min(self.right);
        self
    }

    /// Writes into a field of `width` columns, from its left.
    pub fn left(&mut self, text: &str, width: u16, style: Style) -> &mut Self {
        let end = self.x.saturating_add(width).min(self.right);
        let text = fit(text, usize::from(end - self.x), self.ellipsis);
        self.buffer.set_stringn(self.x, self.y, &text, usize::from(end - self.x), style);
        self.x = end;
        self
    }

    /// Writes into a field of `width` columns, up to its right.
    pub fn right(&mut self, text: &str, width: u16, style: Style) -> &mut Self {
        let end = self.x.saturating_add(width).min(self.right);
        let text = fit(text, usize::from(end - self.x), self.ellipsis);
        let columns = columns(&text);
        self.buffer.set_stringn(end - columns.min(end - self.x), self.y, &text, usize::from(columns), style);
        self.x = end;
        self
    }
}

/// Columns that a text takes.
#[must_use]
pub fn columns(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

/// The text, or as much of it as fits with an ellipsis behind it.
#[must_use]
pub fn fit(text: &str, width: usize, ellipsis: char) -> std::borrow::Cow<'_, str> {
    if text.width() <= width {
        return text.into();
    }
    let mut used = 1;
    let kept: String = text
        .chars()
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= width
        })
        .collect();
    if width == 0 { "".into() } else { format!("{}{ellipsis}", kept.trim_end()).into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_to_columns_not_characters() {
        assert_eq!(fit("reconnecting", 12, '…'), "reconnecting");
        assert_eq!(fit("reconnecting", 6, '…'), "recon…");
        assert_eq!(fit("漢字漢字", 6, '…'), "漢字…");
        assert_eq!(fit("a b c", 3, '…'), "a…");
        assert_eq!(fit("abc", 0, '…'), "");
    }

    #[test]
    fn fields_keep_their_columns() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 16, 1));
        let area = buffer.area;
        let mut pen = Pen::at(&mut buffer, area, 0, '~').expect("a row");
        pen.left("abcdef", 4, Style::default())
            .right("7", 3, Style::default())
            .skip(1)
            .text("and more!", Style::default());
        assert_eq!(buffer, Buffer::with_lines(["abc~  7 and mor~"]));
        let area = buffer.area;
        assert!(Pen::at(&mut buffer, area, 1, '~').is_none());
    }
}
