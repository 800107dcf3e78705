//! Output as plain text: what [`Sanitizer`] lets pass, without colours, and with lines that end in a newline
//! only. For files; nothing is cut, however long a line is.

use super::Sanitizer;

#[derive(Clone, Debug, Default)]
pub struct PlainText {
    sanitizer: Sanitizer,
    clean: Vec<u8>,
    /// In a colour sequence: the only ones that are left.
    in_sequence: bool,
    /// A carriage return that is kept only if no newline follows.
    returned: bool,
}

impl PlainText {
    /// Appends the text of `bytes` to `out`; the result does not depend on where the output is cut.
    pub fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut clean = std::mem::take(&mut self.clean);
        clean.clear();
        self.sanitizer.write(bytes, &mut clean);
        self.strip(&clean, out);
        self.clean = clean;
    }

    /// Ends the stream.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        let mut clean = Vec::new();
        std::mem::take(&mut self.sanitizer).finish(&mut clean);
        self.strip(&clean, out);
    }

    fn strip(&mut self, clean: &[u8], out: &mut Vec<u8>) {
        for &byte in clean {
            if self.in_sequence {
                self.in_sequence = byte != b'm';
                continue;
            }
            if std::mem::take(&mut self.returned) && !matches!(byte, b'\n' | b'\r') {
                out.push(b'\r');
            }
            match byte {
                0x1B => self.in_sequence = true,
                b'\r' => self.returned = true,
                byte => out.push(byte),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(pieces: &[&[u8]]) -> String {
        let (mut plain, mut out) = (PlainText::default(), Vec::new());
        pieces.iter().for_each(|piece| plain.write(piece, &mut out));
        plain.finish(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn only_text_is_left() {
        let text = b"\x1b[1;31mred\x1b[0m \x1b[2J\x1b]0;title\x07two\r\r\nthree 10%\rthree 20%\n\xff end\x1b[3";
        assert_eq!(plain(&[text]), "red two\nthree 10%\rthree 20%\n\\xff end");
    }

    proptest! {
        #[test]
        fn it_is_the_same_wherever_it_is_cut(bytes in prop::collection::vec(prop::sample::select(b"a\r\n\x1b[0m;]\xc3\xa9".to_vec()), 0..60), at in 0_usize..60) {
            let (one, two) = bytes.split_at(at.min(bytes.len()));
            let cut = plain(&[one, two]);
            prop_assert!(!cut.contains('\x1b'));
            prop_assert_eq!(cut, plain(&[&bytes]));
        }
    }
}
