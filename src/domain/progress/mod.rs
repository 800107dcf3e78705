//! How far a run has come, as its own output tells it. Pure: lines in, a fraction out.
//!
//! A number is taken for progress only when the same place of the same kind of line is seen to grow:
//! "CPU 97%" is no progress. What the run says itself (`::steadfast progress=0.42::`), or what the operator
//! described, is believed at once.

mod eta;
mod marker;
mod reading;
mod recogniser;

pub use eta::History;
pub use marker::{Marker, OPENING, marker};
pub use reading::{Kind, Reading, readings};
pub use recogniser::Recogniser;

use std::time::Duration;

/// How far, and what else is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Thousandths.
    pub permille: u16,
    /// What the run says that it does.
    pub status: Option<String>,
    /// How much longer, when there is enough to tell it from.
    pub remaining: Option<Duration>,
}

/// The last lines of a piece of output, oldest first, at most `most`: without escape sequences and control
/// characters, at most [`LINE`] characters each. A carriage return or backspace begins a line anew.
#[must_use]
pub fn last_lines(bytes: &[u8], most: usize) -> Vec<String> {
    let tail = &bytes[bytes.len().saturating_sub(TAIL)..];
    let pieces = tail.rsplit(|byte| matches!(byte, b'\n' | b'\r' | 0x08));
    let lines = pieces.filter(|piece| piece.iter().any(|byte| byte.is_ascii_alphanumeric())).take(most);
    let mut lines: Vec<String> = lines.map(plain).collect();
    lines.reverse();
    lines
}

/// Text without escape sequences and control characters.
#[must_use]
pub fn plain(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let (mut out, mut chars) = (String::new(), text.chars().peekable());
    let mut taken = 0;
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            // CSI: up to its final byte; anything else: one character more.
            if chars.next_if_eq(&'[').is_some() {
                while chars.next_if(|c| !('@'..='~').contains(c)).is_some() {}
            }
            chars.next();
        } else if !c.is_control() || c == '\t' {
            out.push(if c == '\t' { ' ' } else { c });
            taken += 1;
            if taken == LINE {
                break;
            }
        }
    }
    out
}

/// Characters of a line that are looked at.
pub const LINE: usize = 512;

/// Bytes of a piece of output that are looked at.
const TAIL: usize = 4096;
