//! "Did you mean": the name closest to a mistyped one.

/// The candidate most like `word`, if any is like it at all.
#[must_use]
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Names are short; what is not is not worth comparing with everything.
    if word.len() > 100 {
        return None;
    }
    let lower = word.to_lowercase().replace('-', "_");
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&lower, &candidate.to_lowercase().replace('-', "_")), candidate))
        .filter(|(likeness, _)| *likeness >= ENOUGH)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// Tried on the keys of the configuration: typing errors pass, other words do not.
const ENOUGH: f64 = 0.8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_find_their_word_and_other_words_do_not() {
        let keys = ["hosts", "jobs", "state_dir", "identity_files", "idle_timeout", "timeout"];
        for (typed, meant) in [
            ("hots", "hosts"),
            ("host", "hosts"),
            ("job", "jobs"),
            ("state-dir", "state_dir"),
            ("identity_file", "identity_files"),
            ("idletimeout", "idle_timeout"),
            ("tiemout", "timeout"),
        ] {
            assert_eq!(closest(typed, keys), Some(meant));
        }
        for typed in ["", "colour", "x", "webhook"] {
            assert_eq!(closest(typed, keys), None, "{typed}");
        }
    }
}
