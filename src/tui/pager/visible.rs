//! The text of a log without its escape sequences, as a search sees it: what is on the screen is found,
//! also where colours break a word, and what is only in a sequence (`31m`) is not.

use super::log::as_u64;

/// Bytes of whole lines, and which places of the log they come from.
#[derive(Debug, Default)]
pub(super) struct Visible {
    text: Vec<u8>,
    /// After how many bytes of text how many have been left out, in order; none when nothing was.
    left_out: Vec<(usize, u64)>,
}

impl Visible {
    /// Takes the place of what was in here, so that its memory is used again.
    pub(super) fn fill(&mut self, raw: &[u8]) {
        self.text.clear();
        self.left_out.clear();
        let mut rest = raw;
        let mut gone = 0;
        while let Some(at) = memchr::memchr(ESC, rest) {
            self.text.extend_from_slice(&rest[..at]);
            let length = sequence_length(&rest[at..]);
            gone += as_u64(length);
            self.left_out.push((self.text.len(), gone));
            rest = &rest[at + length..];
        }
        self.text.extend_from_slice(rest);
    }

    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Where a line that begins at this byte of the text begins in the raw bytes: before the sequences that
    /// it begins with.
    pub(super) fn raw_line(&self, at: usize) -> u64 {
        at.checked_sub(1).map_or(0, |newline| self.raw(newline) + 1)
    }

    /// Where a byte of the text is in the raw bytes.
    pub(super) fn raw(&self, at: usize) -> u64 {
        let known = self.left_out.partition_point(|&(text, _)| text <= at);
        let gone = known.checked_sub(1).and_then(|known| self.left_out.get(known)).map_or(0, |&(_, gone)| gone);
        as_u64(at) + gone
    }
}

/// Bytes of the escape sequence at the beginning of `bytes`; a line's end ends any.
fn sequence_length(bytes: &[u8]) -> usize {
    let ends_in = |from: usize, is_last: fn(u8) -> bool| {
        for (at, &byte) in bytes.iter().enumerate().skip(from) {
            match byte {
                b'\n' | b'\r' | ESC => return at,
                _ if is_last(byte) => return at + 1,
                _ => {}
            }
        }
        bytes.len()
    };
    match bytes.get(1) {
        None => 1,
        Some(b'[') => ends_in(2, |byte| matches!(byte, 0x40..=0x7E)),
        Some(b']' | b'P' | b'X' | b'^' | b'_') => ends_in(2, |byte| byte == 0x07),
        Some(0x20..=0x2F) => ends_in(2, |byte| matches!(byte, 0x30..=0x7E)),
        Some(b'\n' | b'\r' | &ESC) => 1,
        Some(_) => 2,
    }
}

const ESC: u8 = 0x1B;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_are_left_out_and_places_are_kept() {
        let raw = b"\x1b[31mer\x1b[0mror\n\x1b]0;title\x07two\x1b]x\x1b\\\nthree\x1b[3\nfour\x1b";
        let mut visible = Visible::default();
        visible.fill(raw);
        assert_eq!(String::from_utf8_lossy(visible.text()), "error\ntwo\nthree\nfour");
        for (at, &byte) in visible.text().iter().enumerate() {
            assert_eq!(raw[usize::try_from(visible.raw(at)).expect("small")], byte, "{at}");
        }
    }
}
