//! Durations, sizes and screens as people write them, in the file and on the command line.

use std::time::Duration;

/// Parses a duration as humantime writes it, up to [`MAX_DURATION`].
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text)
        .map_err(|error| format!("{text:?} is no duration such as \"90s\", \"5m\" or \"1h 30m\": {error}"))?;
    if duration > MAX_DURATION {
        return Err(format!("{text:?} is longer than ten years"));
    }
    Ok(duration)
}

/// Parses a number of bytes with a unit: `512MiB`, `1.5GB`, `65536`.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let invalid = || format!("{text:?} is no size such as \"512MiB\" or \"1GiB\"; the units are {}", units());
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim();
    let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor).ok_or_else(invalid)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    // Nine digits after the point are finer than any disk; more would only overflow.
    if fraction.is_empty() || fraction.len() > 9 {
        return Err(invalid());
    }
    let whole: u128 = whole.parse().map_err(|_| invalid())?;
    let part: u128 = fraction.parse().map_err(|_| invalid())?;
    let scale = 10_u128.pow(u32::try_from(fraction.len()).unwrap_or(0));
    let bytes = whole.checked_mul(u128::from(factor)).map(|bytes| bytes + part * u128::from(factor) / scale);
    bytes.and_then(|bytes| u64::try_from(bytes).ok()).ok_or_else(|| format!("{text:?} is more than 16 EiB"))
}

/// Parses `COLUMNSxROWS`, each 1–1000.
pub fn parse_screen(text: &str) -> Result<(u16, u16), String> {
    let digits = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
    let side = |text: &str| Some(text).filter(digits)?.parse::<u16>().ok().filter(|n| (1..=1000).contains(n));
    text.split_once('x')
        .and_then(|(columns, rows)| Some((side(columns)?, side(rows)?)))
        .ok_or_else(|| format!("{text:?} is no size of a terminal such as \"80x24\" (each side 1 to 1000)"))
}

fn units() -> String {
    let names: Vec<_> = UNITS.iter().map(|(name, _)| *name).filter(|name| !name.is_empty()).collect();
    names.join(", ")
}

/// Longer is a mistake, and would only make sums overflow.
const MAX_DURATION: Duration = Duration::from_secs(3650 * 24 * 3600);

/// No bare `K`, `M`, `G`: half of the world reads them one way, half the other.
const UNITS: [(&str, u64); 10] = [
    ("", 1),
    ("B", 1),
    ("kB", 1000),
    ("MB", 1000 * 1000),
    ("GB", 1000 * 1000 * 1000),
    ("TB", 1000 * 1000 * 1000 * 1000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_need_an_unambiguous_unit() {
        assert_eq!(parse_size("1GiB"), Ok(1 << 30));
        assert_eq!(parse_size("1.5 KiB"), Ok(1536));
        assert_eq!(parse_size("500MB"), Ok(500_000_000));
        assert_eq!(parse_size("65536"), Ok(65536));
        for bad in ["", "1G", "GiB", "1.GiB", ".5GiB", "-1B", "1..2B", "99999999999999999999TiB", "1 gib", "٣B"] {
            assert!(parse_size(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn durations_are_bounded() {
        assert_eq!(parse_duration("1h 30m"), Ok(Duration::from_secs(5400)));
        for bad in ["", "5", "5 parsecs", "-5s", "11y", "99999999999999999999s"] {
            assert!(parse_duration(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_screen_has_two_sides() {
        assert_eq!(parse_screen("132x43"), Ok((132, 43)));
        for bad in ["", "80", "80x", "x24", "0x24", "+80x24", "80x1001", "80X24", "80x24x1"] {
            assert!(parse_screen(bad).is_err(), "{bad:?}");
        }
    }
}
