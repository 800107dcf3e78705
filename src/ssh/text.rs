//! What comes from a host or a library, made fit to be shown.

/// One line without control characters, of at most `limit` characters.
pub(super) fn clean(text: &str, limit: usize) -> String {
    let mut line = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if line.chars().count() > limit {
        line = line.chars().take(limit.saturating_sub(1)).collect();
        line.push('…');
    }
    line
}

/// As [`clean`], for bytes of unknown encoding.
pub(super) fn clean_bytes(bytes: &[u8], limit: usize) -> String {
    clean(&String::from_utf8_lossy(bytes), limit)
}

/// Long enough for a reason, short enough for a line on the screen.
pub(super) const LINE: usize = 200;

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn control_characters_and_length_are_taken_away() {
        assert_eq!(clean("a\u{1b}[31m\r\n b\u{7}c", 40), "a [31m b c");
        assert_eq!(clean("äöüß", 3), "äö…");
        assert_eq!(clean(" \n", 3), "");
    }
}
