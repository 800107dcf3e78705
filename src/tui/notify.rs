//! Calls the operator who looks elsewhere: the terminal's bell, and words for the desktop where the
//! terminal hands them on.

use super::clipboard::wrapped;
use crate::app::say;
use crate::domain::alert::{AlertSettings, Desktop};

/// What is written to the terminal. The words come from hosts in part: nothing in them is a control.
pub fn sequence(text: &str, settings: &AlertSettings, in_tmux: bool) -> String {
    let text: String = say::clean(text).chars().take(LONGEST).collect();
    let words = match settings.desktop {
        Desktop::Off => String::new(),
        Desktop::Osc9 => wrapped(&format!("\x1b]9;steadfast: {text}\x07"), in_tmux),
        // The parts are set apart by semicolons.
        Desktop::Osc777 => wrapped(&format!("\x1b]777;notify;steadfast;{}\x07", text.replace(';', ",")), in_tmux),
    };
    let bell = if settings.bell { "\x07" } else { "" };
    format!("{words}{bell}")
}

/// Characters; desktops show about two lines.
const LONGEST: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_hosts_are_harmless_and_each_terminal_gets_its_own() {
        let hostile = "lost: a\x1b]52;c;x\x07; b";
        let with = |bell, desktop| AlertSettings { bell, desktop, ..AlertSettings::default() };
        assert_eq!(sequence(hostile, &with(true, Desktop::Off), false), "\x07");
        assert_eq!(sequence(hostile, &with(false, Desktop::Off), true), "");
        assert_eq!(sequence(hostile, &with(true, Desktop::Osc9), false), "\x1b]9;steadfast: lost: a]52;c;x; b\x07\x07");
        assert_eq!(
            sequence(hostile, &with(false, Desktop::Osc777), true),
            "\x1bPtmux;\x1b\x1b]777;notify;steadfast;lost: a]52,c,x, b\x07\x1b\\"
        );
    }
}
