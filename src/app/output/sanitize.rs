//! Output of a host for a real terminal: text, newline, carriage return, tab and colours (SGR) pass, and
//! nothing else. What the pane does by decoding, the headless front end does with this.

use super::glyph::{Treatment, treatment};

/// Cleans a stream in pieces of any size; the result does not depend on where it is cut.
#[derive(Clone, Debug, Default)]
pub struct Sanitizer {
    state: State,
    /// The beginning of a character, or the parameters of a `CSI` sequence: at most [`MAX_SGR`] bytes.
    held: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    #[default]
    Text,
    /// Within a UTF-8 sequence.
    Character,
    Escape,
    /// After `ESC` and an intermediate byte.
    Intermediate,
    /// In `CSI` parameters that may yet be SGR.
    Sgr,
    /// In a `CSI` sequence that is dropped.
    Csi,
    /// In OSC, DCS, SOS, PM or APC.
    Words,
}

impl Sanitizer {
    /// Appends what may pass of `bytes` to `out`.
    pub fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            if self.state == State::Text {
                let safe = rest.iter().position(|&b| !is_safe(b)).unwrap_or(rest.len());
                if safe > 0 {
                    out.extend_from_slice(&rest[..safe]);
                    rest = &rest[safe..];
                    continue;
                }
            }
            self.step(byte, out);
            rest = after;
        }
    }

    /// Ends the stream: the beginning of a character is told byte by byte, that of a sequence goes.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        if self.state == State::Character {
            self.tell_held(self.held.len(), out);
        }
    }

    fn step(&mut self, byte: u8, out: &mut Vec<u8>) {
        // A newline ends every sequence: nothing that was cut short swallows the lines after it.
        let ends = matches!(byte, b'\n' | b'\r' | CAN | SUB);
        match self.state {
            State::Text => self.begin(byte, out),
            State::Character => self.character(byte, out),
            State::Escape | State::Intermediate | State::Sgr | State::Csi | State::Words if byte == ESC => {
                self.state = State::Escape;
            }
            State::Escape | State::Intermediate | State::Sgr | State::Csi | State::Words if ends => {
                self.restart(byte, out);
            }
            State::Escape => self.escape(byte, out),
            State::Intermediate | State::Sgr | State::Csi if byte >= 0x80 => self.restart(byte, out),
            State::Intermediate => {
                if byte >= 0x30 {
                    self.state = State::Text;
                }
            }
            State::Sgr => self.sgr(byte, out),
            State::Csi => {
                if matches!(byte, 0x40..=0x7E) {
                    self.state = State::Text;
                }
            }
            State::Words => {
                if byte == BEL {
                    self.state = State::Text;
                }
            }
        }
    }

    fn restart(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.state = State::Text;
        self.begin(byte, out);
    }

    fn begin(&mut self, byte: u8, out: &mut Vec<u8>) {
        match byte {
            ESC => self.state = State::Escape,
            0x80.. => {
                self.held.clear();
                self.character(byte, out);
            }
            _ if is_safe(byte) => out.push(byte),
            _ => {}
        }
    }

    fn escape(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.state = match byte {
            b'[' => {
                self.held.clear();
                State::Sgr
            }
            b']' | b'P' | b'X' | b'^' | b'_' => State::Words,
            0x20..=0x2F => State::Intermediate,
            0x00..=0x1F => State::Escape,
            0x30..=0x7F => State::Text,
            0x80.. => return self.restart(byte, out),
        };
    }

    fn sgr(&mut self, byte: u8, out: &mut Vec<u8>) {
        match byte {
            b'0'..=b'9' | b';' | b':' if self.held.len() < MAX_SGR => self.held.push(byte),
            b'm' => {
                out.extend_from_slice(b"\x1b[");
                out.extend_from_slice(&self.held);
                out.push(b'm');
                self.state = State::Text;
            }
            0x40..=0x7E => self.state = State::Text,
            0x20..=0x3F => self.state = State::Csi,
            _ => {}
        }
    }

    fn character(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.state = State::Character;
        self.held.push(byte);
        match std::str::from_utf8(&self.held) {
            Ok(text) => {
                for c in text.chars() {
                    pass(c, out);
                }
                self.state = State::Text;
            }
            Err(error) => {
                let Some(invalid) = error.error_len() else { return };
                // The bytes before this one were a beginning that it does not go on with.
                let again = self.held.len() > invalid;
                self.tell_held(invalid, out);
                self.state = State::Text;
                if again {
                    self.begin(byte, out);
                }
            }
        }
    }

    fn tell_held(&mut self, count: usize, out: &mut Vec<u8>) {
        for byte in self.held.iter().take(count) {
            out.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
        }
    }
}

/// All of `bytes` at once.
#[must_use]
pub fn sanitize(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut sanitizer = Sanitizer::default();
    sanitizer.write(bytes, &mut out);
    sanitizer.finish(&mut out);
    out
}

fn is_safe(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t')
}

/// Characters pass but controls, and those that would reorder or hide text, which are named. Joiners
/// pass: here nothing is laid out, and the terminal knows what to do with them.
fn pass(c: char, out: &mut Vec<u8>) {
    match treatment(c) {
        _ if c.is_control() => {}
        Treatment::Name => out.extend_from_slice(format!("<U+{:04X}>", u32::from(c)).as_bytes()),
        Treatment::Print(_) | Treatment::Join | Treatment::Drop | Treatment::Byte(_) => {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

/// Longer than any sequence that sets each attribute and both colours; a longer one is dropped.
const MAX_SGR: usize = 96;

const BEL: u8 = 0x07;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1A;
const ESC: u8 = 0x1B;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn clean(bytes: &[u8]) -> String {
        String::from_utf8(sanitize(bytes)).expect("always UTF-8")
    }

    #[test]
    fn text_and_colours_pass_and_nothing_else() {
        for (input, expected) in [
            (&b"plain\ttext\r\n"[..], "plain\ttext\r\n"),
            (b"\x1b[1;31mred\x1b[0m \x1b[38:2::1:2:3mrgb\x1b[m", "\x1b[1;31mred\x1b[0m \x1b[38:2::1:2:3mrgb\x1b[m"),
            (b"a\x1b[2Jb\x1b[10;10Hc\x1b[?1049hd\x1b[>4;1me", "abcde"),
            (b"a\x1b]52;c;aGk=\x07b\x1b]0;title\x1b\\c", "abc"),
            (b"a\x1bPq#0\x1b\\b\x1b_x\x1b\\c\x1b(0d\x1bMe\x1bcf", "abcdef"),
            (b"a\x08\x07\x00\x7fb", "ab"),
            (b"\xc2\x9b31mx", "31mx"),
            (b"\x9b31mx\xff", "\\x9b31mx\\xff"),
            (b"\xe2\x82A\xf0\x9f\x98", "\\xe2\\x82A\\xf0\\x9f\\x98"),
            ("漢字 é \u{202e}evil".as_bytes(), "漢字 é <U+202E>evil"),
            (b"\x1b]0;never ended\nnext", "\nnext"),
            (b"\x1b[31\nnext", "\nnext"),
            ("\x1b[3é".as_bytes(), "é"),
        ] {
            assert_eq!(clean(input), expected, "{:?}", String::from_utf8_lossy(input));
        }
    }

    #[test]
    fn a_sequence_without_end_takes_no_memory() {
        let mut sanitizer = Sanitizer::default();
        let mut out = Vec::new();
        sanitizer.write(b"\x1b[", &mut out);
        sanitizer.write(&[b'1'; 100_000], &mut out);
        sanitizer.write(b"m\x1b]", &mut out);
        sanitizer.write(&[b'x'; 100_000], &mut out);
        assert!(sanitizer.held.capacity() <= 2 * MAX_SGR, "{}", sanitizer.held.capacity());
        assert_eq!(out, b"");
    }

    /// Bytes in which sequences, broken ones too, are frequent.
    fn hostile() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            any::<Vec<u8>>(),
            "\\PC{0,5}".prop_map(String::into_bytes),
            "\x1b\\[[0-9;:?>]{0,6}[a-zA-Z@`]?".prop_map(String::into_bytes),
            "\x1b[\\]P_^X(#c][a-z;0-9]{0,5}(\x07|\x1b\\\\)?".prop_map(String::into_bytes),
            prop::sample::select(b"\n\r\t\x08\x18\x1b\x9b\xc2\xe2\xf0\xff".to_vec()).prop_map(|b| vec![b]),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn where_the_stream_is_cut_makes_no_difference(bytes in hostile(), cuts in prop::collection::vec(0_usize..64, 0..8)) {
            let mut sanitizer = Sanitizer::default();
            let (mut out, mut rest) = (Vec::new(), &bytes[..]);
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                sanitizer.write(piece, &mut out);
                rest = after;
            }
            sanitizer.write(rest, &mut out);
            sanitizer.finish(&mut out);
            prop_assert_eq!(out, sanitize(&bytes));
        }

        #[test]
        fn no_escape_but_colours_and_no_control_gets_through(bytes in hostile()) {
            let out = clean(&bytes);
            let sgr = regex::Regex::new("\x1b\\[[0-9;:]*m").expect("a fixed expression");
            let text = sgr.replace_all(&out, "");
            prop_assert!(!text.chars().any(|c| c.is_control() && !"\n\r\t".contains(c)), "{:?}", text);
            prop_assert_eq!(sanitize(out.as_bytes()), out.as_bytes(), "clean stays as it is");
        }

        #[test]
        fn newlines_are_never_lost(bytes in hostile()) {
            let count = |bytes: &[u8]| bytes.iter().filter(|&&b| b == b'\n').count();
            prop_assert_eq!(count(&sanitize(&bytes)), count(&bytes));
        }
    }
}
