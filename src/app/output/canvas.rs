//! One line of a terminal: cells, a cursor, a pen. Nothing on it is ever wider than [`MAX_COLUMNS`].

use unicode_width::UnicodeWidthStr;

use super::decode::MAX_COLUMNS;
use super::line::Line;
use super::style::{Kind, Style};

pub(super) struct Canvas {
    cells: Vec<Cell>,
    column: usize,
    pub(super) pen: Style,
    /// Bytes of text that fell off the right end since the cursor was last at the left one.
    pub(super) cut: u64,
}

#[derive(Clone)]
struct Cell {
    glyph: Glyph,
    style: Style,
}

#[derive(Clone)]
enum Glyph {
    Char(char),
    /// A character with marks joined to it.
    Joined(Box<str>),
    /// The further columns of the wide character before it.
    Tail,
}

impl Canvas {
    pub(super) fn new(pen: Style) -> Self {
        Self { cells: Vec::new(), column: 0, pen, cut: 0 }
    }

    /// Writes a character of `width` columns at the cursor, over what is there.
    pub(super) fn put(&mut self, c: char, width: usize) {
        let end = self.column + width;
        if end > MAX_COLUMNS {
            self.cut += u64::try_from(c.len_utf8()).unwrap_or(0);
            return;
        }
        self.make_room(self.column, end);
        let style = self.pen;
        for (at, cell) in self.cells[self.column..end].iter_mut().enumerate() {
            let glyph = if at == 0 { Glyph::Char(c) } else { Glyph::Tail };
            *cell = Cell { glyph, style };
        }
        self.column = end;
    }

    /// Writes our words for what cannot be shown.
    pub(super) fn put_escaped(&mut self, text: &str) {
        let pen = std::mem::replace(&mut self.pen, Style { kind: Kind::Escaped, ..Style::default() });
        for c in text.chars() {
            self.put(c, 1);
        }
        self.pen = pen;
    }

    /// Joins a mark to the character before the cursor. Marks beyond [`MAX_MARKS`], and those that would
    /// change how wide it is, are left out.
    pub(super) fn join(&mut self, mark: char) {
        if self.column == 0 {
            self.put(' ', 1);
        }
        let mut at = self.column.min(self.cells.len());
        let mut width = 0;
        while at > 0 {
            at -= 1;
            width += 1;
            let Some(cell) = self.cells.get_mut(at) else { return };
            let text = match &cell.glyph {
                Glyph::Tail => continue,
                Glyph::Char(c) => format!("{c}{mark}"),
                Glyph::Joined(text) => format!("{text}{mark}"),
            };
            if text.chars().count() <= 1 + MAX_MARKS && text.width() == width {
                cell.glyph = Glyph::Joined(text.into());
            }
            return;
        }
    }

    pub(super) fn home(&mut self) {
        self.column = 0;
        self.cut = 0;
    }

    pub(super) fn go(&mut self, column: usize) {
        self.column = column.min(MAX_COLUMNS);
    }

    pub(super) fn forward(&mut self, count: usize) {
        self.go(self.column + count);
    }

    pub(super) fn back(&mut self, count: usize) {
        self.column = self.column.saturating_sub(count);
    }

    pub(super) fn tab(&mut self) {
        self.go((self.column / 8 + 1) * 8);
        // Whatever is written after it or not, the line is as long as the tab made it.
        let column = self.column;
        self.lengthen(column);
    }

    pub(super) fn erase_after(&mut self) {
        if self.column < self.cells.len() {
            self.make_room(self.column, self.column);
            self.cells.truncate(self.column);
        }
    }

    pub(super) fn erase_before(&mut self) {
        let end = (self.column + 1).min(self.cells.len());
        self.make_room(0, end);
        self.cells[..end].fill(BLANK);
    }

    pub(super) fn erase_all(&mut self) {
        self.cells.clear();
    }

    /// Blanks up to `end`, and no half of a wide character left of `start` or right of `end`.
    fn make_room(&mut self, start: usize, end: usize) {
        self.lengthen(end);
        if self.is_tail(start) {
            let head = (0..start).rev().find(|&at| !self.is_tail(at)).unwrap_or(0);
            self.cells[head..start].fill(BLANK);
        }
        let mut at = end;
        while self.is_tail(at) {
            self.cells[at] = BLANK;
            at += 1;
        }
    }

    fn lengthen(&mut self, end: usize) {
        if self.cells.len() < end {
            self.cells.resize(end, BLANK);
        }
    }

    fn is_tail(&self, at: usize) -> bool {
        self.cells.get(at).is_some_and(|cell| matches!(cell.glyph, Glyph::Tail))
    }

    pub(super) fn into_line(self) -> Line {
        let mut line = Line::default();
        let mut buffer = [0; 4];
        for cell in &self.cells {
            match &cell.glyph {
                Glyph::Char(c) => line.push(c.encode_utf8(&mut buffer), 1, cell.style),
                Glyph::Joined(text) => line.push(text, 1, cell.style),
                Glyph::Tail => line.push("", 1, cell.style),
            }
        }
        line
    }
}

const BLANK: Cell = Cell {
    glyph: Glyph::Char(' '),
    style: Style {
        fg: super::style::Color::Default,
        bg: super::style::Color::Default,
        attributes: super::style::Attributes::NONE,
        kind: Kind::Text,
    },
};

/// Enough for every script; what has more is a joke or an attack.
const MAX_MARKS: usize = 8;
