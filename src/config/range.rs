//! `node[01-20]`: many names in one.

/// A pattern that stands for no names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    #[error("`[{0}]` is no range of numbers such as `[1-20]`, `[01-20]` or `[1-3,7]`")]
    NoRange(String),
    #[error("`[` is never closed")]
    Open,
    #[error("`[{0}]` goes backwards")]
    Backwards(String),
    #[error("stands for more than {MAX_NAMES} names")]
    TooMany,
}

/// The names that `pattern` stands for, in order: every `[…]` in it counts through its numbers, the
/// last one fastest. Without `[` it stands for itself. Leading zeros are kept: `[01-20]` has two
/// digits throughout. An IPv6 address in brackets is no range.
pub fn expand(pattern: &str) -> Result<Vec<String>, RangeError> {
    let mut names = vec![String::new()];
    let mut rest = pattern;
    while let Some((literal, tail)) = rest.split_once('[') {
        let (inside, after) = tail.split_once(']').ok_or(RangeError::Open)?;
        let parts = if inside.contains(':') { vec![format!("[{inside}]")] } else { numbers(inside)? };
        if names.len().saturating_mul(parts.len()) > MAX_NAMES {
            return Err(RangeError::TooMany);
        }
        names = names.iter().flat_map(|name| parts.iter().map(move |part| format!("{name}{literal}{part}"))).collect();
        rest = after;
    }
    names.iter_mut().for_each(|name| name.push_str(rest));
    Ok(names)
}

/// `01-03,7` as `01`, `02`, `03`, `7`.
fn numbers(inside: &str) -> Result<Vec<String>, RangeError> {
    let mut all = Vec::new();
    for part in inside.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let number = |text: &str| {
            let sound = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<usize>().ok().filter(|_| sound).ok_or_else(|| RangeError::NoRange(inside.into()))
        };
        let (from, to) = (number(first)?, number(last)?);
        if from > to {
            return Err(RangeError::Backwards(inside.into()));
        }
        if (to - from).saturating_add(all.len()) >= MAX_NAMES {
            return Err(RangeError::TooMany);
        }
        let width = if first.starts_with('0') { first.len() } else { 0 };
        all.extend((from..=to).map(|number| format!("{number:0width$}")));
    }
    Ok(all)
}

/// Ten times the fleet this is made for; a range beyond it is a typing error, and would only eat memory.
pub(super) const MAX_NAMES: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_count_and_keep_their_zeros() {
        assert_eq!(expand("db1"), Ok(vec!["db1".into()]));
        assert_eq!(expand("n[08-10]"), Ok(vec!["n08".into(), "n09".into(), "n10".into()]));
        assert_eq!(expand("n[8-10,3]x").map(|names| names.join(" ")), Ok("n8x n9x n10x n3x".into()));
        assert_eq!(expand("r[1-2]-n[1-2]").map(|names| names.join(" ")), Ok("r1-n1 r1-n2 r2-n1 r2-n2".into()));
        assert_eq!(expand("[::1]"), Ok(vec!["[::1]".into()]));
    }

    #[test]
    fn what_is_no_range_is_an_error_and_never_eats_memory() {
        assert_eq!(expand("n[1-3"), Err(RangeError::Open));
        assert_eq!(expand("n[3-1]"), Err(RangeError::Backwards("3-1".into())));
        for bad in ["n[]", "n[a-b]", "n[1-]", "n[-1]", "n[1--2]", "n[1,,2]", "n[+1-2]", "n[1-9999999999]"] {
            assert!(matches!(expand(bad), Err(RangeError::NoRange(_))), "{bad}");
        }
        assert_eq!(expand("[1-10000]").map(|names| names.len()), Ok(10_000));
        for bad in ["[1-10001]", "[1-999999999]", "[1-101]-[1-100]", "[1-9999,1-9999]"] {
            assert_eq!(expand(bad), Err(RangeError::TooMany), "{bad}");
        }
    }
}
