//! Which characters may stand on the screen, and how the others are written.

use unicode_width::UnicodeWidthChar;

/// What is to be done with a character.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Treatment {
    /// It takes this many columns, at least one.
    Print(usize),
    /// It goes onto the character before it.
    Join,
    /// It changes only how its neighbours are joined, on some terminals: left out, so that the width of
    /// a line is the same on all of them.
    Drop,
    /// It would be invisible or reorder the line: written as its number.
    Name,
    /// A byte that is not part of valid UTF-8, see [`stand_in`].
    Byte(u8),
}

#[must_use]
pub fn treatment(c: char) -> Treatment {
    match c {
        ' '..='~' => Treatment::Print(1),
        _ if c.is_control() => Treatment::Drop,
        '\u{10FF80}'..='\u{10FFFF}' => Treatment::Byte(u8::try_from(u32::from(c) & 0xFF).unwrap_or(0)),
        // Soft hyphen, (non-)joiners, variation selectors, skin tones.
        '\u{AD}' | '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' => Treatment::Drop,
        '\u{1F3FB}'..='\u{1F3FF}' => Treatment::Drop,
        _ if is_hidden(c) => Treatment::Name,
        _ => match c.width() {
            None => Treatment::Drop,
            Some(0) => Treatment::Join,
            Some(width) => Treatment::Print(width),
        },
    }
}

/// Whether a character reorders the line, ends it or is invisible: what could make a log read otherwise
/// than it was written.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}'
    )
}

/// The character that carries an invalid byte (0x80–0xFF) through the parser: the last 128 of the private
/// planes. When the host sends one of these itself, it is treated as four invalid bytes: nothing is
/// ambiguous, and nothing is lost.
#[must_use]
pub fn stand_in(byte: u8) -> char {
    char::from_u32(0x10_FF00 + u32::from(byte | 0x80)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[must_use]
pub fn is_stand_in(c: char) -> bool {
    matches!(c, '\u{10FF80}'..='\u{10FFFF}')
}
