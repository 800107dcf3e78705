//! The clipboard of the operator's terminal, by OSC 52: works through SSH, and through tmux where
//! `set-clipboard` is on.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The sequence that copies `text`, cut to [`LIMIT`]; `in_tmux` wraps it so that tmux hands it on.
pub fn sequence(text: &str, in_tmux: bool) -> String {
    let cut = (0..=LIMIT.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    wrapped(&format!("\x1b]52;c;{}\x07", STANDARD.encode(&text[..cut])), in_tmux)
}

/// A sequence as it is, or so that tmux hands it on.
pub fn wrapped(osc: &str, in_tmux: bool) -> String {
    if in_tmux { format!("\x1bPtmux;{}\x1b\\", osc.replace('\x1b', "\x1b\x1b")) } else { osc.to_owned() }
}

/// Terminals drop longer sequences: xterm's limit is 100,000 bytes of base64.
const LIMIT: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_encoded_and_wrapped_for_tmux() {
        assert_eq!(sequence("hé", false), "\x1b]52;c;aMOp\x07");
        assert_eq!(sequence("hé", true), "\x1bPtmux;\x1b\x1b]52;c;aMOp\x07\x1b\\");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let text = "é".repeat(LIMIT);
        let long = sequence(&text[..], false);
        assert_eq!(long.len(), "\x1b]52;c;\x07".len() + LIMIT.div_ceil(3) * 4);
        let odd = format!("a{text}");
        assert!(sequence(&odd, false).len() <= long.len());
    }
}
