//! From the bytes of a log to lines that are safe to draw, on the parser of [`vte`].
//!
//! One line at a time: text, colours (SGR), carriage return, backspace, tab, and what moves or erases
//! within the line are interpreted as a terminal would; everything else (cursor addressing, alternate
//! screen, OSC, DCS, C1, …) is left out. A newline ends any sequence, so that what was cut short costs
//! the rest of its own line only.
//!
//! Colours that go on over a line's end are carried in the *pen*, an argument: whoever shows a window in
//! the middle of a log gets it from [`pen_after`] the bytes before the window. No state has to be stored
//! per line or in an index, and the same window always looks the same.
//!
//! Time and memory are bounded however long a line is: [`MAX_BYTES`] of it are decoded, and
//! [`MAX_COLUMNS`] shown.

use std::borrow::Cow;

use vte::{Params, Parser, Perform};

use super::canvas::Canvas;
use super::glyph::{Treatment, is_stand_in, stand_in, treatment};
use super::line::Line;
use super::style::{Kind, Style};
use super::words;

/// Decodes one line, with or without its newline, and leaves in `pen` the style that goes on after it.
#[must_use]
pub fn line(raw: &[u8], pen: &mut Style) -> Line {
    let raw = raw.strip_suffix(b"\n").unwrap_or(raw);
    let raw = without_trailing_returns(raw);
    if raw.len() <= MAX_COLUMNS && raw.iter().all(|b| matches!(b, b' '..=b'~')) {
        let mut line = Line::default();
        if let (false, Ok(text)) = (raw.is_empty(), std::str::from_utf8(raw)) {
            line.push(text, text.len(), *pen);
        }
        return line;
    }
    let shown = Shown::of(raw);
    let mut screen = Screen { canvas: Canvas::new(*pen) };
    Parser::new().advance(&mut screen, readable(shown.bytes).as_bytes());
    *pen = screen.canvas.pen;
    if shown.cut > 0 {
        // What the part that is not shown did to the colours.
        *pen = pen_after(&raw[raw.len().saturating_sub(MAX_BYTES)..], *pen);
    }
    let cut = shown.cut + screen.canvas.cut;
    let mut line = screen.canvas.into_line();
    if cut > 0 {
        let note = format!(" [+{}]", words::bytes(cut));
        line.push(&note, note.len(), Style { kind: Kind::Note, ..Style::default() });
    }
    line
}

/// The style that is on after `bytes`, if it was `pen` before them.
#[must_use]
pub fn pen_after(bytes: &[u8], mut pen: Style) -> Style {
    for line in bytes.split(|&b| b == b'\n').filter(|line| memchr::memchr(ESC, line).is_some()) {
        let mut only = PenOnly(pen);
        Parser::new().advance(&mut only, line);
        pen = only.0;
    }
    pen
}

/// The part of a line that is decoded, and how many bytes after it are not.
struct Shown<'a> {
    bytes: &'a [u8],
    cut: u64,
}

impl<'a> Shown<'a> {
    /// All of it, or else what a reader wants of it: the last state of something that overwrites itself
    /// with carriage returns (a progress bar), the beginning of anything else.
    fn of(raw: &'a [u8]) -> Self {
        if raw.len() <= MAX_BYTES {
            return Self { bytes: raw, cut: 0 };
        }
        let tail = &raw[raw.len() - MAX_BYTES..];
        if let Some(at) = memchr::memchr(b'\r', tail) {
            return Self { bytes: &tail[at + 1..], cut: 0 };
        }
        let head = without_cut_character(&raw[..MAX_BYTES]);
        Self { bytes: head, cut: u64::try_from(raw.len() - head.len()).unwrap_or(u64::MAX) }
    }
}

/// Returns before the newline move to where the next line begins anyway.
fn without_trailing_returns(raw: &[u8]) -> &[u8] {
    let end = raw.iter().rposition(|&b| b != b'\r').map_or(0, |at| at + 1);
    &raw[..end]
}

/// Without the beginning of a UTF-8 sequence at the end.
fn without_cut_character(bytes: &[u8]) -> &[u8] {
    let back = bytes.iter().rev().take(3).position(|b| *b >= 0xC0);
    back.map_or(bytes, |back| &bytes[..bytes.len() - 1 - back])
}

/// Valid UTF-8, in which a stand-in is in the place of each invalid byte.
fn readable(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes)
        && !text.contains(is_stand_in)
    {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len() * 2);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if is_stand_in(c) {
                let mut buffer = [0; 4];
                text.extend(c.encode_utf8(&mut buffer).bytes().map(stand_in));
            } else {
                text.push(c);
            }
        }
        text.extend(chunk.invalid().iter().copied().map(stand_in));
    }
    Cow::Owned(text)
}

/// What the parser found, drawn on a canvas of one line.
struct Screen {
    canvas: Canvas,
}

impl Perform for Screen {
    fn print(&mut self, c: char) {
        match treatment(c) {
            Treatment::Print(width) => self.canvas.put(c, width),
            Treatment::Join => self.canvas.join(c),
            Treatment::Drop => {}
            Treatment::Name => self.canvas.put_escaped(&format!("<U+{:04X}>", u32::from(c))),
            Treatment::Byte(byte) => self.canvas.put_escaped(&format!("\\x{byte:02x}")),
        }
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            0x08 => self.canvas.back(1),
            b'\t' => self.canvas.tab(),
            b'\r' => self.canvas.home(),
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: char) {
        // A prefix or an intermediate makes another sequence of the same letter.
        if ignore || !intermediates.is_empty() {
            return;
        }
        let number = params.iter().next().and_then(|p| p.first().copied()).unwrap_or(0);
        let count = usize::from(number.max(1));
        match action {
            'm' => self.canvas.pen.apply_sgr(params),
            'C' | 'a' => self.canvas.forward(count),
            'D' => self.canvas.back(count),
            'G' | '`' => self.canvas.go(count - 1),
            'K' | 'J' => match number {
                0 => self.canvas.erase_after(),
                1 => self.canvas.erase_before(),
                2 => self.canvas.erase_all(),
                _ => {}
            },
            _ => {}
        }
    }
}

/// Follows the style and nothing else.
struct PenOnly(Style);

impl Perform for PenOnly {
    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: char) {
        if action == 'm' && intermediates.is_empty() && !ignore {
            self.0.apply_sgr(params);
        }
    }
}

/// Columns of a line that are shown; the rest is told as a figure. 51 rows of a terminal of 80.
pub const MAX_COLUMNS: usize = 4096;

/// Bytes of a line that are looked at: [`MAX_COLUMNS`] of four bytes each, and as many bytes of colour.
pub const MAX_BYTES: usize = 8 * MAX_COLUMNS;

const ESC: u8 = 0x1B;

#[cfg(test)]
mod tests;
