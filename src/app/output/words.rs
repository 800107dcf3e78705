//! Figures as people read them.

use std::time::Duration;

/// `512 B`, `41.2 MiB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let (mut tenths, mut unit) = (u128::from(count) * 10 / 1024, 0);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    if tenths >= 1000 { format!("{} {name}", tenths / 10) } else { format!("{}.{} {name}", tenths / 10, tenths % 10) }
}

/// `1,234,567`.
#[must_use]
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `56,789`, `3.1 M`: at most seven columns.
#[must_use]
pub fn brief(count: u64) -> String {
    const UNITS: [&str; 5] = ["M", "G", "T", "P", "E"];
    if count < 1_000_000 {
        return grouped(count);
    }
    let (mut tenths, mut unit) = (count / 100_000, 0);
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    if tenths >= 1000 { format!("{} {name}", tenths / 10) } else { format!("{}.{} {name}", tenths / 10, tenths % 10) }
}

/// `00:25:11`; hours go on beyond 99.
#[must_use]
pub fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// `part` of `whole` in whole percent, rounded down: 100 only when it is all.
#[must_use]
pub fn percent(part: u64, whole: u64) -> u64 {
    if whole == 0 { 100 } else { u64::try_from(u128::from(part) * 100 / u128::from(whole)).unwrap_or(100).min(100) }
}

/// Text of others without what could disturb the screen, at most `limit` characters.
#[must_use]
pub fn plain(text: &str, limit: usize) -> String {
    text.chars().filter(|&c| !c.is_control() && !super::glyph::is_hidden(c)).take(limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        for (count, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (43_202_118, "41.2 MiB"),
            (1_073_741_823, "1023 MiB"),
            (1 << 30, "1.0 GiB"),
            (u64::MAX, "15.9 EiB"),
        ] {
            assert_eq!(bytes(count), text);
        }
        assert_eq!(
            [grouped(7), grouped(1234), grouped(123_456), grouped(1_234_567)],
            ["7", "1,234", "123,456", "1,234,567"]
        );
        let brief_ones = [brief(999_999), brief(3_140_000), brief(250_000_000), brief(7_000_000_000), brief(u64::MAX)];
        assert_eq!(brief_ones, ["999,999", "3.1 M", "250 M", "7.0 G", "18.4 E"]);
        assert_eq!(clock(Duration::from_secs(25 * 60 + 11)), "00:25:11");
        assert_eq!(clock(Duration::from_secs(150 * 3600)), "150:00:00");
        assert_eq!((percent(0, 0), percent(999, 1000), percent(u64::MAX, u64::MAX)), (100, 99, 100));
    }
}
