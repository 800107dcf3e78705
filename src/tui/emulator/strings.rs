//! Leaves out what a program sends to the terminal itself as a string (OSC, DCS, APC, PM, SOS): none of it
//! is drawn, and an emulator keeps it in memory until it ends.

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Strings {
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    #[default]
    Text,
    Escape,
    String,
    /// In a string, after an escape that may end it.
    Ending,
}

impl Strings {
    /// Appends what is to be drawn of `bytes` to `out`.
    pub(super) fn leave_out(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for &byte in bytes {
            self.state = match (self.state, byte) {
                (State::Text, ESC) => State::Escape,
                (State::Text, _) => {
                    out.push(byte);
                    State::Text
                }
                (State::Escape, b']' | b'P' | b'_' | b'^' | b'X') => State::String,
                (State::Escape, ESC) => State::Escape,
                (State::Escape, _) => {
                    out.extend([ESC, byte]);
                    State::Text
                }
                (State::String | State::Ending, BEL | CAN | SUB) => State::Text,
                (State::String | State::Ending, ESC) => State::Ending,
                (State::String, _) => State::String,
                (State::Ending, b'\\') => State::Text,
                // Another sequence ends it as well.
                (State::Ending, b']' | b'P' | b'_' | b'^' | b'X') => State::String,
                (State::Ending, _) => {
                    out.extend([ESC, byte]);
                    State::Text
                }
            };
        }
    }
}

const BEL: u8 = 0x07;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1A;
const ESC: u8 = 0x1B;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_go_wherever_the_output_is_cut() {
        let bytes = b"a\x1b]0;title\x07b\x1bPq#0\x1b\\c\x1b[31md\x1b_x\x1b[2Je\x1b]52;c;x\x18f\x1b7";
        for size in 1..bytes.len() {
            let (mut strings, mut out) = (Strings::default(), Vec::new());
            bytes.chunks(size).for_each(|piece| strings.leave_out(piece, &mut out));
            assert_eq!(String::from_utf8_lossy(&out), "abc\x1b[31md\x1b[2Jef\x1b7");
        }
    }
}
