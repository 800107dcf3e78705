//! Colours and signs. Colour only ever repeats what a sign and a word say: without any of it nothing
//! is lost. The hues are Okabe and Ito's, lightened: told apart with every common colour blindness.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;

use crate::app::Standing;
use crate::app::toast::Tone;
use crate::domain::link::LinkState;
use crate::domain::network::NetworkState;
use crate::domain::timeline::{Ailment, Mark};

/// How much the terminal can show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Theme {
    pub depth: Depth,
    pub signs: Signs,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Depth {
    /// `NO_COLOR`: bold, dim and reversed only.
    Mono,
    Ansi16,
    Indexed,
    Rgb,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signs {
    Unicode,
    Ascii,
}

/// What a piece of the screen is, for its style.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    Text,
    /// Read when needed: labels, units.
    Quiet,
    /// Seen, not read: edges, guides.
    Faint,
    Accent,
    /// What a pane or dialog is called.
    Heading,
    Good,
    Warning,
    Bad,
    State(LinkState),
}

impl Default for Theme {
    fn default() -> Self {
        Self { depth: Depth::Rgb, signs: Signs::Unicode }
    }
}

impl Theme {
    /// What the environment says of the terminal: `NO_COLOR`, `COLORTERM`, `TERM`, and the locale.
    #[must_use]
    pub fn detect(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let term = set("TERM").unwrap_or_default();
        let colorterm = set("COLORTERM").unwrap_or_default();
        let depth = if set("NO_COLOR").is_some() || term == "dumb" {
            Depth::Mono
        } else if colorterm == "truecolor" || colorterm == "24bit" || term.ends_with("-direct") {
            Depth::Rgb
        } else if term.contains("256")
            || ["kitty", "alacritty", "foot", "wezterm", "ghostty"].iter().any(|t| term.contains(t))
        {
            Depth::Indexed
        } else {
            Depth::Ansi16
        };
        // POSIX: the first of these that is set decides (XBD 8.2).
        let locale =
            ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| set(name)).unwrap_or_default().to_lowercase();
        let unicode = (locale.contains("utf-8") || locale.contains("utf8")) && term != "linux" && term != "dumb";
        Self { depth, signs: if unicode { Signs::Unicode } else { Signs::Ascii } }
    }

    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        let style = Style::default();
        let colour = |hue| style.fg(self.colour(hue));
        match (role, self.depth) {
            (Role::Text, _) => style,
            (Role::Quiet | Role::Faint, Depth::Mono) => style.add_modifier(Modifier::DIM),
            (Role::Quiet, _) => colour(GREY),
            (Role::Faint, _) => colour(DARK),
            (Role::Accent | Role::Heading | Role::Bad | Role::Warning, Depth::Mono) => {
                style.add_modifier(Modifier::BOLD)
            }
            (Role::Accent, _) => colour(SKY),
            (Role::Heading, _) => style.add_modifier(Modifier::BOLD),
            (Role::Good, _) => colour(GREEN),
            (Role::Warning, _) => colour(ORANGE),
            (Role::Bad, _) => colour(VERMILLION),
            (Role::State(state), _) => self.state_style(state),
        }
    }

    /// The selected row.
    #[must_use]
    pub fn selected(&self, focused: bool) -> Style {
        match self.depth {
            Depth::Mono | Depth::Ansi16 if focused => Style::default().add_modifier(Modifier::REVERSED),
            Depth::Mono | Depth::Ansi16 => Style::default().add_modifier(Modifier::BOLD),
            Depth::Indexed | Depth::Rgb => {
                Style::default().fg(self.colour(WHITE)).bg(self.colour(if focused { NAVY } else { NIGHT }))
            }
        }
    }

    /// A cell of a strip: what is not calm has a tinted ground, so that a common outage is one band.
    #[must_use]
    pub fn strip(&self, state: LinkState) -> Style {
        let style = self.state_style(state);
        match (self.depth, hue(state)) {
            (Depth::Rgb | Depth::Indexed, Some(hue)) if crate::app::hosts::is_trouble(state) => {
                style.bg(self.colour(Hue { rgb: hue.rgb.map(|c| c / 4), ..hue }))
            }
            (Depth::Rgb | Depth::Indexed | Depth::Ansi16 | Depth::Mono, _) => style,
        }
    }

    fn state_style(&self, state: LinkState) -> Style {
        let trouble = crate::app::hosts::is_trouble(state);
        let style = Style::default();
        match (self.depth, hue(state)) {
            (Depth::Mono, _) if trouble => style.add_modifier(Modifier::BOLD),
            (Depth::Mono, _) => style,
            (Depth::Ansi16 | Depth::Indexed | Depth::Rgb, Some(hue)) => style.fg(self.colour(hue)),
            (Depth::Ansi16 | Depth::Indexed | Depth::Rgb, None) => self.style(Role::Quiet),
        }
    }

    fn colour(&self, hue: Hue) -> Color {
        match self.depth {
            Depth::Mono => Color::Reset,
            Depth::Ansi16 => hue.ansi,
            Depth::Indexed => Color::Indexed(indexed(hue.rgb)),
            Depth::Rgb => Color::Rgb(hue.rgb[0], hue.rgb[1], hue.rgb[2]),
        }
    }
}

/// Signs, each one column wide.
impl Theme {
    fn pick<T>(&self, unicode: T, ascii: T) -> T {
        match self.signs {
            Signs::Unicode => unicode,
            Signs::Ascii => ascii,
        }
    }

    #[must_use]
    pub fn state(&self, state: LinkState) -> char {
        self.pick(state.glyph(), state.letter())
    }

    /// In a strip calm is a line, so that the eye finds what is not.
    #[must_use]
    pub fn strip_sign(&self, state: LinkState) -> char {
        match state {
            LinkState::Alive => self.pick('━', '='),
            LinkState::Idle => self.pick('·', '-'),
            LinkState::Connecting
            | LinkState::Pinging
            | LinkState::Reconnecting
            | LinkState::Paused
            | LinkState::Rebooted
            | LinkState::Refused
            | LinkState::Lost => self.state(state),
        }
    }

    #[must_use]
    pub fn mark(&self, mark: &Mark) -> (char, Role) {
        match mark {
            Mark::Reboot => (self.pick('↻', 'B'), Role::State(LinkState::Rebooted)),
            Mark::RunStarted => (self.pick('▶', '>'), Role::Accent),
            Mark::RunEnded { success: true } => (self.pick('✓', '+'), Role::Good),
            Mark::RunEnded { success: false } => (self.pick('✗', '!'), Role::Bad),
            Mark::Gap => (self.pick('≠', '#'), Role::Warning),
            Mark::Health(Ailment { unhealthy: true, .. }) => (self.pick('▲', '^'), Role::Warning),
            Mark::Health(Ailment { unhealthy: false, .. }) => (self.pick('▽', 'v'), Role::Good),
            Mark::Note(_) => (self.pick('✎', '*'), Role::Text),
        }
    }

    #[must_use]
    pub fn standing(&self, standing: Standing) -> (char, Role) {
        match standing {
            Standing::Waiting => (self.pick('◇', '.'), Role::Quiet),
            Standing::Running => (self.pick('▶', '>'), Role::Accent),
            Standing::Ending => (self.pick('▷', ')'), Role::Accent),
            Standing::Unknown => ('?', Role::Warning),
            Standing::Succeeded => (self.pick('✓', '+'), Role::Good),
            Standing::Stopped => (self.pick('■', 'x'), Role::Quiet),
            Standing::Failed => (self.pick('✗', '!'), Role::Bad),
        }
    }

    #[must_use]
    pub fn network(&self, state: NetworkState) -> (char, Role) {
        match state {
            NetworkState::Unknown => ('?', Role::Quiet),
            NetworkState::Up => (self.pick('●', '+'), Role::Good),
            NetworkState::Degraded => (self.pick('◐', '~'), Role::Warning),
            NetworkState::Down => (self.pick('○', '!'), Role::Bad),
        }
    }

    #[must_use]
    pub fn tone(&self, tone: Tone) -> (char, Role) {
        match tone {
            Tone::Plain => (self.pick('›', '>'), Role::Accent),
            Tone::Good => (self.pick('✓', '+'), Role::Good),
            Tone::Warning => ('!', Role::Warning),
            Tone::Bad => (self.pick('✗', '!'), Role::Bad),
        }
    }

    #[must_use]
    pub fn cursor_bar(&self) -> char {
        self.pick('▌', '>')
    }

    #[must_use]
    pub fn marked(&self) -> char {
        self.pick('◆', '*')
    }

    #[must_use]
    pub fn ellipsis(&self) -> char {
        self.pick('…', '~')
    }

    #[must_use]
    pub fn tick(&self) -> char {
        self.pick('╵', '\'')
    }

    #[must_use]
    pub fn rule(&self) -> char {
        self.pick('─', '-')
    }

    #[must_use]
    pub fn separator(&self) -> char {
        self.pick('│', '|')
    }

    #[must_use]
    pub fn dot(&self) -> char {
        self.pick('·', '-')
    }

    /// From the highest down, or the other way round.
    #[must_use]
    pub fn order(&self, reversed: bool) -> char {
        if reversed { self.pick('▴', '^') } else { self.pick('▾', 'v') }
    }

    /// What is used, and what is free.
    #[must_use]
    pub fn gauge(&self) -> (char, char) {
        self.pick(('■', '·'), ('#', '.'))
    }

    #[must_use]
    pub fn hidden(&self) -> char {
        self.pick('•', '*')
    }

    #[must_use]
    pub fn border(&self) -> border::Set<'static> {
        self.pick(border::ROUNDED, ASCII_BORDER)
    }
}

#[derive(Clone, Copy)]
struct Hue {
    rgb: [u8; 3],
    ansi: Color,
}

const fn hue_of(rgb: [u8; 3], ansi: Color) -> Hue {
    Hue { rgb, ansi }
}

const SKY: Hue = hue_of([96, 186, 238], Color::Cyan);
const GREEN: Hue = hue_of([64, 190, 148], Color::Green);
const YELLOW: Hue = hue_of([240, 228, 110], Color::LightYellow);
const ORANGE: Hue = hue_of([240, 170, 50], Color::Yellow);
const VERMILLION: Hue = hue_of([244, 110, 66], Color::LightRed);
const PURPLE: Hue = hue_of([222, 146, 194], Color::Magenta);
const BLUE: Hue = hue_of([116, 152, 236], Color::LightBlue);
const WHITE: Hue = hue_of([226, 232, 240], Color::White);
const GREY: Hue = hue_of([140, 149, 161], Color::Gray);
const DARK: Hue = hue_of([74, 82, 94], Color::DarkGray);
const NAVY: Hue = hue_of([30, 52, 74], Color::Blue);
const NIGHT: Hue = hue_of([30, 36, 44], Color::Black);

fn hue(state: LinkState) -> Option<Hue> {
    match state {
        LinkState::Idle => None,
        LinkState::Connecting => Some(SKY),
        LinkState::Alive => Some(GREEN),
        LinkState::Pinging => Some(YELLOW),
        LinkState::Reconnecting => Some(ORANGE),
        LinkState::Paused => Some(BLUE),
        LinkState::Rebooted => Some(PURPLE),
        LinkState::Refused | LinkState::Lost => Some(VERMILLION),
    }
}

const ASCII_BORDER: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// The nearest of the 256 colours: from the 6×6×6 cube or from the greys.
pub(super) fn indexed(rgb: [u8; 3]) -> u8 {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let distance = |a: [u8; 3]| a.iter().zip(rgb).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum::<u32>();
    let level = |c: u8| (0_u8..6).min_by_key(|i| LEVELS[usize::from(*i)].abs_diff(c)).unwrap_or(0);
    let cube = rgb.map(level);
    let cube_rgb = cube.map(|i| LEVELS[usize::from(i)]);
    let grey = (0_u8..24).min_by_key(|i| distance([8 + 10 * i; 3])).unwrap_or(0);
    if distance([8 + 10 * grey; 3]) < distance(cube_rgb) {
        232 + grey
    } else {
        16 + 36 * cube[0] + 6 * cube[1] + cube[2]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn detect(variables: &[(&str, &str)]) -> Theme {
        Theme::detect(&|name| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn the_environment_decides() {
        let rgb = detect(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("LANG", "de_DE.UTF-8")]);
        assert_eq!(rgb, Theme::default());
        let plain = detect(&[("TERM", "xterm"), ("NO_COLOR", "1"), ("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]);
        assert_eq!(plain, Theme { depth: Depth::Mono, signs: Signs::Ascii });
        assert_eq!(
            detect(&[("TERM", "linux"), ("LANG", "C.UTF-8")]),
            Theme { depth: Depth::Ansi16, signs: Signs::Ascii }
        );
        assert_eq!(detect(&[("TERM", "tmux-256color"), ("NO_COLOR", "")]).depth, Depth::Indexed);
    }

    #[test]
    fn every_state_has_a_sign_of_its_own_in_lists_and_in_strips() {
        for signs in [Signs::Unicode, Signs::Ascii] {
            let theme = Theme { depth: Depth::Mono, signs };
            assert_eq!(LinkState::ALL.map(|s| theme.state(s)).iter().collect::<BTreeSet<_>>().len(), 9);
            assert_eq!(LinkState::ALL.map(|s| theme.strip_sign(s)).iter().collect::<BTreeSet<_>>().len(), 9);
            if signs == Signs::Ascii {
                assert!(LinkState::ALL.iter().all(|s| theme.state(*s).is_ascii() && theme.strip_sign(*s).is_ascii()));
            }
        }
    }

    #[test]
    fn without_colour_no_style_has_one() {
        let theme = Theme { depth: Depth::Mono, signs: Signs::Unicode };
        let roles =
            [Role::Text, Role::Quiet, Role::Faint, Role::Accent, Role::Heading, Role::Good, Role::Warning, Role::Bad];
        let styles = roles.into_iter().chain(LinkState::ALL.map(Role::State)).map(|role| theme.style(role));
        let strips = LinkState::ALL.map(|state| theme.strip(state));
        for style in styles.chain(strips).chain([theme.selected(true), theme.selected(false)]) {
            assert!([style.fg, style.bg].into_iter().flatten().all(|colour| colour == Color::Reset), "{style:?}");
        }
    }

    #[test]
    fn the_nearest_of_256_colours_is_found() {
        assert_eq!(indexed([255, 255, 255]), 231);
        assert_eq!(indexed([0, 0, 0]), 16);
        assert_eq!(indexed([128, 128, 128]), 244);
        assert_eq!(indexed([95, 175, 255]), 75);
    }
}
