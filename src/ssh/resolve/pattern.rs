//! The patterns of `ssh_config` and `known_hosts` (ssh_config(5), PATTERNS): `*`, `?`, lists with
//! `!`. Works on bytes, since neither file promises an encoding. No file is read here.

/// Whether `text` matches `pattern`, in which `*` stands for any bytes and `?` for one.
pub(in crate::ssh) fn matches(text: &[u8], pattern: &[u8]) -> bool {
    let (mut at, mut place) = (0, 0);
    // Where to go on when what follows the last `*` did not fit: one byte later in the text.
    let mut retry: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(place) {
            Some(b'*') => {
                place += 1;
                retry = Some((at, place));
                continue;
            }
            Some(b'?') => {}
            Some(byte) if *byte == text[at] => {}
            Some(_) | None => {
                let Some((from, after_star)) = retry else { return false };
                (at, place) = (from + 1, after_star);
                retry = Some((at, after_star));
                continue;
            }
        }
        at += 1;
        place += 1;
    }
    pattern[place..].iter().all(|byte| *byte == b'*')
}

/// Whether `text` matches one pattern of a comma-separated list and none of its `!` patterns.
pub(in crate::ssh) fn list_matches(text: &[u8], list: &[u8]) -> bool {
    let mut positive = false;
    for pattern in list.split(|byte| *byte == b',') {
        match pattern.strip_prefix(b"!") {
            Some(negated) if matches(text, negated) => return false,
            Some(_) => {}
            None => positive |= matches(text, pattern),
        }
    }
    positive
}

/// As [`list_matches`], upper and lower case being one: for host names.
pub(in crate::ssh) fn host_list_matches(host: &[u8], list: &[u8]) -> bool {
    list_matches(&host.to_ascii_lowercase(), &list.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (text, pattern, fits) in [
            ("", "", true),
            ("", "*", true),
            ("", "?", false),
            ("abc", "abc", true),
            ("abc", "a*c", true),
            ("abc", "a?c", true),
            ("abc", "*", true),
            ("abc", "a*b", false),
            ("aXbXc", "a*X*c", true),
            ("10.0.0.12", "10.0.?.1*", true),
            ("web.example.com", "*.example.com", true),
            ("example.com", "*.example.com", false),
        ] {
            assert_eq!(matches(text.as_bytes(), pattern.as_bytes()), fits, "{text} {pattern}");
        }
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let text = vec![b'a'; 4096];
        let pattern = "*a".repeat(200) + "b";
        assert!(!matches(&text, pattern.as_bytes()));
    }

    #[test]
    fn a_negated_pattern_wins_wherever_it_stands() {
        assert!(list_matches(b"web1", b"web*,!web2"));
        assert!(!list_matches(b"web2", b"web*,!web2"));
        assert!(!list_matches(b"web2", b"!web2,web*"));
        assert!(!list_matches(b"db1", b"!web2"));
        assert!(host_list_matches(b"WEB1", b"Web*"));
    }
}
