//! Colours and signs. Colour only ever repeats what a sign and a word say: without any of it nothing
//! is lost. The hues are Okabe and Ito's, lightened: told apart with every common colour blindness.

mod hue;
mod signs;

use ratatui::style::{Color, Modifier, Style};

pub(super) use self::hue::indexed;
use self::hue::{DARK, GREEN, GREY, Hue, INK, NAVY, NIGHT, ORANGE, SKY, VERMILLION, of_state};
use crate::domain::link::LinkState;
use crate::domain::look::Look;

/// How much the terminal can show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Theme {
    pub depth: Depth,
    pub signs: Signs,
    /// The ground it is made for.
    pub ground: Ground,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Ground {
    #[default]
    Dark,
    Light,
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
        Self { depth: Depth::Rgb, signs: Signs::Unicode, ground: Ground::Dark }
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
        Self { depth, signs: if unicode { Signs::Unicode } else { Signs::Ascii }, ground: Ground::Dark }
    }

    /// As the operator wants it; colours only where the terminal may show any.
    #[must_use]
    pub fn with(self, look: Look) -> Self {
        match look {
            Look::Default => self,
            Look::Light => Self { ground: Ground::Light, ..self },
            Look::Mono => Self { depth: Depth::Mono, ..self },
        }
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
                Style::default().fg(self.colour(INK)).bg(self.colour(if focused { NAVY } else { NIGHT }))
            }
        }
    }

    /// A cell of a strip: what is not calm has a tinted ground, so that a common outage is one band.
    #[must_use]
    pub fn strip(&self, state: LinkState) -> Style {
        let style = self.state_style(state);
        match (self.depth, of_state(state)) {
            (Depth::Rgb | Depth::Indexed, Some(hue)) if crate::app::hosts::is_trouble(state) => {
                style.bg(self.colour(hue.tint()))
            }
            (Depth::Rgb | Depth::Indexed | Depth::Ansi16 | Depth::Mono, _) => style,
        }
    }

    fn state_style(&self, state: LinkState) -> Style {
        let trouble = crate::app::hosts::is_trouble(state);
        let style = Style::default();
        match (self.depth, of_state(state)) {
            (Depth::Mono, _) if trouble => style.add_modifier(Modifier::BOLD),
            (Depth::Mono, _) => style,
            (Depth::Ansi16 | Depth::Indexed | Depth::Rgb, Some(hue)) => style.fg(self.colour(hue)),
            (Depth::Ansi16 | Depth::Indexed | Depth::Rgb, None) => self.style(Role::Quiet),
        }
    }

    fn colour(&self, hue: Hue) -> Color {
        let (rgb, ansi) = match self.ground {
            Ground::Dark => hue.dark,
            Ground::Light => hue.light,
        };
        match self.depth {
            Depth::Mono => Color::Reset,
            Depth::Ansi16 => ansi,
            Depth::Indexed => Color::Indexed(indexed(rgb)),
            Depth::Rgb => Color::Rgb(rgb[0], rgb[1], rgb[2]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::app::Standing;
    use crate::app::toast::Tone;
    use crate::domain::network::NetworkState;
    use crate::domain::timeline::{Ailment, Mark};

    fn detect(variables: &[(&str, &str)]) -> Theme {
        Theme::detect(&|name| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn the_environment_decides() {
        let rgb = detect(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("LANG", "de_DE.UTF-8")]);
        assert_eq!(rgb, Theme::default());
        let plain = detect(&[("TERM", "xterm"), ("NO_COLOR", "1"), ("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]);
        assert_eq!(plain, Theme { depth: Depth::Mono, signs: Signs::Ascii, ground: Ground::Dark });
        assert_eq!(
            detect(&[("TERM", "linux"), ("LANG", "C.UTF-8")]),
            Theme { depth: Depth::Ansi16, signs: Signs::Ascii, ground: Ground::Dark }
        );
        assert_eq!(detect(&[("TERM", "tmux-256color"), ("NO_COLOR", "")]).depth, Depth::Indexed);
    }

    #[test]
    fn every_state_has_a_sign_of_its_own_in_lists_and_in_strips() {
        for signs in [Signs::Unicode, Signs::Ascii] {
            let theme = Theme { depth: Depth::Mono, signs, ground: Ground::Dark };
            assert_eq!(LinkState::ALL.map(|s| theme.state(s)).iter().collect::<BTreeSet<_>>().len(), 9);
            assert_eq!(LinkState::ALL.map(|s| theme.strip_sign(s)).iter().collect::<BTreeSet<_>>().len(), 9);
            if signs == Signs::Ascii {
                assert!(LinkState::ALL.iter().all(|s| theme.state(*s).is_ascii() && theme.strip_sign(*s).is_ascii()));
            }
        }
    }

    #[test]
    fn everything_else_that_has_a_colour_has_a_sign_of_its_own_too() {
        for signs in [Signs::Unicode, Signs::Ascii] {
            let theme = Theme { depth: Depth::Mono, signs, ground: Ground::Dark };
            let ailment = |unhealthy| Mark::Health(Ailment { unhealthy, words: String::new() });
            let marks = [
                Mark::Reboot,
                Mark::RunStarted,
                Mark::RunEnded { success: true },
                Mark::RunEnded { success: false },
                Mark::Alarm(String::new()),
                Mark::Gap,
                ailment(true),
                ailment(false),
                Mark::Note(String::new()),
            ];
            let networks = [NetworkState::Unknown, NetworkState::Up, NetworkState::Degraded, NetworkState::Down];
            let tones = [Tone::Plain, Tone::Good, Tone::Warning, Tone::Bad];
            let told = [
                marks.iter().map(|mark| theme.mark(mark).0).collect::<Vec<_>>(),
                Standing::ALL.map(|standing| theme.standing(standing).0).to_vec(),
                networks.map(|state| theme.network(state).0).to_vec(),
                tones.map(|tone| theme.tone(tone).0).to_vec(),
            ];
            for signs in told {
                assert_eq!(signs.iter().collect::<BTreeSet<_>>().len(), signs.len(), "{signs:?}");
            }
        }
    }

    #[test]
    fn without_colour_no_style_has_one() {
        let theme = Theme { depth: Depth::Mono, signs: Signs::Unicode, ground: Ground::Dark };
        let roles =
            [Role::Text, Role::Quiet, Role::Faint, Role::Accent, Role::Heading, Role::Good, Role::Warning, Role::Bad];
        let styles = roles.into_iter().chain(LinkState::ALL.map(Role::State)).map(|role| theme.style(role));
        let strips = LinkState::ALL.map(|state| theme.strip(state));
        for style in styles.chain(strips).chain([theme.selected(true), theme.selected(false)]) {
            assert!([style.fg, style.bg].into_iter().flatten().all(|colour| colour == Color::Reset), "{style:?}");
        }
    }

    #[test]
    fn the_operator_chooses_and_no_color_stays_without() {
        let dark = detect(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]);
        assert_ne!(dark.with(Look::Light).style(Role::Bad).fg, dark.style(Role::Bad).fg);
        assert_eq!(dark.with(Look::Mono).depth, Depth::Mono);
        let without = detect(&[("TERM", "xterm"), ("NO_COLOR", "1")]);
        for look in Look::ALL {
            assert_eq!(without.with(look).style(Role::Bad).fg, None, "{look:?}");
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
