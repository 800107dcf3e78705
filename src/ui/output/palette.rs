//! The looks of the output pane, down to terminals without colours or without more than ASCII.

use std::borrow::Cow;

use ratatui::style::{Color, Modifier, Style};

use crate::app::output::{self, Attributes, Kind, char_width};
use crate::ui::plain::near;
use crate::ui::theme::{Depth, Role, Signs, Theme, indexed};

/// How the host's text looks, and what we put between it.
#[derive(Clone, PartialEq, Debug)]
pub struct OutputPalette {
    pub ascii: bool,
    /// Which colours of the host's own text are shown.
    pub colors: Colors,
    /// Our own words among the host's.
    pub note: Style,
    /// Bytes and characters that are written as their numbers.
    pub escaped: Style,
    pub gap: Style,
    /// What stands before a line that is an alarm.
    pub alarm: (char, Style),
    pub blind: Style,
    pub current_match: Style,
    pub other_match: Style,
    /// Lines that are to be copied.
    pub selected: Style,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Colors {
    None,
    /// The terminal's 16; others become the nearest of them.
    Sixteen,
    /// The 256; others become the nearest of them.
    Indexed,
    All,
}

impl OutputPalette {
    #[must_use]
    pub fn of(theme: &Theme) -> Self {
        let colors = match theme.depth {
            Depth::Mono => Colors::None,
            Depth::Ansi16 => Colors::Sixteen,
            Depth::Indexed => Colors::Indexed,
            Depth::Rgb => Colors::All,
        };
        let ascii = theme.signs == Signs::Ascii;
        let (note, blind) = (theme.style(Role::Quiet), theme.style(Role::Warning));
        let reversed = Style::new().add_modifier(Modifier::REVERSED);
        let gap = blind.add_modifier(Modifier::BOLD | Modifier::REVERSED);
        let base = Self {
            ascii,
            colors,
            note,
            escaped: reversed,
            gap,
            alarm: (theme.alarm(), theme.style(Role::Bad).add_modifier(Modifier::BOLD)),
            blind,
            current_match: reversed.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            other_match: reversed,
            selected: theme.selected(true),
        };
        if colors == Colors::None {
            return base;
        }
        let on = |ground| Style::new().fg(Color::Black).bg(ground);
        Self {
            escaped: reversed.fg(Color::Magenta),
            current_match: on(Color::Yellow).add_modifier(Modifier::BOLD),
            other_match: on(Color::Cyan),
            ..base
        }
    }

    pub(super) fn rule(&self) -> &'static str {
        if self.ascii { "--" } else { "──" }
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
    pub fn host_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if !self.ascii || text.is_ascii() {
            return text.into();
        }
        let mut plain = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                _ if c.is_ascii() => plain.push(c),
                _ if char_width(c) == 1 => plain.push(near(c)),
                _ => plain.extend(std::iter::repeat_n('?', char_width(c))),
            }
        }
        plain.into()
    }

    pub fn host_style(&self, style: output::Style) -> Style {
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
            (Colors::All | Colors::Indexed, output::Color::Indexed(n)) => Some(Color::Indexed(n)),
            (Colors::All, output::Color::Rgb(r, g, b)) => Some(Color::Rgb(r, g, b)),
            (Colors::Indexed, output::Color::Rgb(r, g, b)) => Some(Color::Indexed(indexed([r, g, b]))),
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
        let of = |depth| OutputPalette::of(&Theme { depth, ..Theme::default() });
        let palette = of(Depth::Ansi16);
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
        assert_eq!(of(Depth::Mono).color(output::Color::Ansi(1)), None);
        assert_eq!(of(Depth::Indexed).color(output::Color::Rgb(255, 255, 255)), Some(Color::Indexed(231)));
    }
}
