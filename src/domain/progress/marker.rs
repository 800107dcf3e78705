//! `::steadfast progress=0.42 status="pass 3"::`: what a run says of itself.

/// What stands between the colons.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Marker {
    /// 0 to 1.
    pub fraction: Option<f64>,
    pub status: Option<String>,
}

/// The last marker in a line, if it says anything. What is not understood in it is left out.
#[must_use]
pub fn marker(line: &str) -> Option<Marker> {
    let at = line.rfind(OPENING)?;
    let mut rest = &line[at + OPENING.len()..];
    let mut marker = Marker::default();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() || rest.starts_with("::") {
            break;
        }
        let Some((key, after)) = rest.split_once('=') else { break };
        let (value, after) = value(after);
        match key.trim() {
            "progress" => marker.fraction = fraction(&value),
            "status" => marker.status = Some(value.chars().filter(|c| !c.is_control()).take(STATUS).collect()),
            _ => {}
        }
        rest = after;
    }
    (marker != Marker::default()).then_some(marker)
}

/// A word, or a text in quotation marks with `\"` and `\\`; and what comes after it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find("::").into_iter().chain(text.find(char::is_whitespace)).min().unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let (mut out, mut escaped) = (String::new(), false);
    for (at, c) in quoted.char_indices() {
        match c {
            '\\' if !escaped => escaped = true,
            '"' if !escaped => return (out, &quoted[at + 1..]),
            _ => {
                out.push(c);
                escaped = false;
            }
        }
    }
    (out, "")
}

/// `0.42`, or `42%`.
fn fraction(text: &str) -> Option<f64> {
    let value = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().ok()? / 100.0,
        None => text.parse().ok()?,
    };
    (0.0..=1.0).contains(&value).then_some(value)
}

pub const OPENING: &str = "::steadfast ";

/// Characters of a status.
const STATUS: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_says_how_far_it_is() {
        let said = |line| marker(line).map(|it| (it.fraction, it.status));
        let pass = Some("pass 3".to_owned());
        assert_eq!(said(r#"::steadfast progress=0.42 status="pass 3"::"#), Some((Some(0.42), pass.clone())));
        assert_eq!(said(r#"[12:00] ::steadfast status="pass 3" progress=42%:: more"#), Some((Some(0.42), pass)));
        assert_eq!(said(r#"::steadfast status="a \"b\" \\c"::"#), Some((None, Some(r#"a "b" \c"#.into()))));
        assert_eq!(said("::steadfast progress=0.1:: ::steadfast progress=0.2::"), Some((Some(0.2), None)));
    }

    #[test]
    fn nonsense_says_nothing() {
        for line in [
            "",
            "::steadfast ::",
            "::steadfast progress=1.5::",
            "::steadfast progress=NaN::",
            "::steadfast x",
            "::steadfast =::",
        ] {
            assert_eq!(marker(line), None, "{line}");
        }
        assert!(marker(&format!("::steadfast status=\"{}", "x\x1b".repeat(9_999))).is_some_and(|it| {
            it.status.is_some_and(|status| status.chars().all(|c| c == 'x') && status.len() <= STATUS)
        }));
    }
}
