//! The looks of the output pane, down to terminals without colours or without more than ASCII.

use std::borrow::Cow;

use ratatui::style::{Color, Modifier, Style};

use crate::app::output::{self, Attributes, Kind, char_width};

/// How the pane looks. The default asks for 16 colours and Unicode.
#[derive(Clone, PartialEq, Debug)]
pub struct OutputPalette {
    pub ascii: bool,
    /// Which colours of the host's own text are shown.
    pub colors: Colors,
    pub border: Style,
    pub focused: Style,
    pub title: Style,
    pub follow: Style,
    /// Our own words among the host's.
    pub note: Style,
    /// Bytes and characters that are written as their numbers.
    pub escaped: Style,
    pub gap: Style,
    pub blind: Style,
    pub current_match: Style,
    pub other_match: Style,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Colors {
    None,
    /// The terminal's 16; others become the nearest of them.
    Sixteen,
    #[default]
    All,
}

impl Default for OutputPalette {
    fn default() -> Self {
        let plain = Style::new();
        Self {
            ascii: false,
            colors: Colors::All,
            border: plain.fg(Color::DarkGray),
            focused: plain.fg(Color::Cyan),
            title: plain.add_modifier(Modifier::BOLD),
            follow: plain.fg(Color::Cyan).add_modifier(Modifier::BOLD),
            note: plain.fg(Color::DarkGray),
            escaped: plain.fg(Color::Magenta).add_modifier(Modifier::REVERSED),
            gap: plain.fg(Color::Yellow).add_modifier(Modifier::BOLD | Modifier::REVERSED),
            blind: plain.fg(Color::Yellow),
            current_match: plain.fg(Color::Black).bg(Color::Yellow).add_modifier(Modifier::BOLD),
            other_match: plain.fg(Color::Black).bg(Color::Cyan),
        }
    }
}

impl OutputPalette {
    /// Without any colour: weight, underline and reverse only.
    #[must_use]
    pub fn without_colors() -> Self {
        let plain = Style::new();
        let [bold, dim, reversed] = [Modifier::BOLD, Modifier::DIM, Modifier::REVERSED].map(|m| plain.add_modifier(m));
        Self {
            ascii: false,
            colors: Colors::None,
            border: dim,
            focused: bold,
            title: bold,
            follow: reversed.add_modifier(Modifier::BOLD),
            note: dim,
            escaped: reversed,
            gap: reversed.add_modifier(Modifier::BOLD),
            blind: bold,
            current_match: reversed.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            other_match: reversed,
        }
    }

    #[must_use]
    pub fn ascii(self) -> Self {
        Self { ascii: true, ..self }
    }

    /// Horizontal, vertical, and the corners from the top left.
    pub(super) fn frame(&self) -> [&'static str; 6] {
        if self.ascii { ["-", "|", "+", "+", "+", "+"] } else { ["─", "│", "┌", "┐", "└", "┘"] }
    }

    pub(super) fn thumb(&self) -> &'static str {
        if self.ascii { "#" } else { "┃" }
    }

    pub(super) fn edges(&self) -> [&'static str; 2] {
        if self.ascii { ["<", ">"] } else { ["‹", "›"] }
    }

    pub(super) fn ellipsis(&self) -> &'static str {
        if self.ascii { ".." } else { "…" }
    }

    /// Our own words, in what the terminal can show.
    pub(super) fn words(&self, text: String) -> String {
        if self.ascii { self.host_text(&text).into_owned() } else { text }
    }

    /// The host's text, in what the terminal can show; as wide as before.
    pub(super) fn host_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if !self.ascii || text.is_ascii() {
            return text.into();
        }
        let mut plain = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '·' => plain.push('-'),
                _ if c.is_ascii() => plain.push(c),
                _ => plain.extend(std::iter::repeat_n('?', char_width(c))),
            }
        }
        plain.into()
    }

    pub(super) fn host_style(&self, style: output::Style) -> Style {
        match style.kind {
            Kind::Text => {}
            Kind::Escaped => return self.escaped,
            Kind::Note => return self.note,
        }
        let mut shown = Style::new().add_modifier(modifiers(style.attributes));
        if let Some(color) = self.color(style.fg) {
            shown = shown.fg(color);
        }
        if let Some(color) = self.color(style.bg) {
            shown = shown.bg(color);
        }
        shown
    }

    fn color(&self, color: output::Color) -> Option<Color> {
        match (self.colors, color) {
            (_, output::Color::Default) | (Colors::None, _) => None,
            (_, output::Color::Ansi(n)) => Some(named(n)),
            (Colors::All, output::Color::Indexed(n)) => Some(Color::Indexed(n)),
            (Colors::All, output::Color::Rgb(r, g, b)) => Some(Color::Rgb(r, g, b)),
            (Colors::Sixteen, output::Color::Indexed(n)) => Some(nearest(of_index(n))),
            (Colors::Sixteen, output::Color::Rgb(r, g, b)) => Some(nearest([r, g, b])),
        }
    }
}

fn modifiers(attributes: Attributes) -> Modifier {
    [
        (Attributes::BOLD, Modifier::BOLD),
        (Attributes::DIM, Modifier::DIM),
        (Attributes::ITALIC, Modifier::ITALIC),
        (Attributes::UNDERLINE, Modifier::UNDERLINED),
        (Attributes::REVERSE, Modifier::REVERSED),
        (Attributes::STRIKE, Modifier::CROSSED_OUT),
    ]
    .into_iter()
    .filter(|(attribute, _)| attributes.contains(*attribute))
    .fold(Modifier::empty(), |all, (_, modifier)| all | modifier)
}

fn named(n: u8) -> Color {
    NAMED.get(usize::from(n)).copied().unwrap_or(Color::Reset)
}

/// The colour of an entry of the 256: a cube of 6×6×6 from 16 on, then 24 greys.
fn of_index(n: u8) -> [u8; 3] {
    let Some(cube) = n.checked_sub(16) else { return [0; 3] };
    if n >= 232 {
        return [8 + 10 * (n - 232); 3];
    }
    [cube / 36, cube / 6 % 6, cube % 6].map(|level| if level == 0 { 0 } else { 55 + 40 * level })
}

/// Which primaries it has, and whether it is bright.
fn nearest(rgb: [u8; 3]) -> Color {
    let most = rgb.into_iter().max().unwrap_or(0);
    if most < 64 {
        return Color::Black;
    }
    let bits = rgb.into_iter().enumerate().map(|(bit, level)| u8::from(level > most / 2) << bit).sum::<u8>();
    if bits == 7 && most < 160 {
        return Color::DarkGray;
    }
    named(bits + if most > 200 { 8 } else { 0 })
}

const NAMED: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_that_the_terminal_lacks_become_the_nearest_it_has() {
        let palette = OutputPalette { colors: Colors::Sixteen, ..OutputPalette::default() };
        for (color, expected) in [
            (output::Color::Indexed(196), Color::LightRed),
            (output::Color::Indexed(22), Color::Green),
            (output::Color::Indexed(240), Color::DarkGray),
            (output::Color::Rgb(255, 255, 255), Color::White),
            (output::Color::Rgb(0, 0, 140), Color::Blue),
            (output::Color::Rgb(1, 2, 3), Color::Black),
        ] {
            assert_eq!(palette.color(color), Some(expected), "{color:?}");
        }
        assert_eq!(OutputPalette::without_colors().color(output::Color::Ansi(1)), None);
    }
}
