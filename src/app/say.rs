//! Numbers and times in words, and text of strangers made harmless. Pure; local time is an offset
//! from UTC that the caller knows.

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::domain::event::Stuck;
use crate::domain::moment::Wall;
use crate::domain::watch::AlarmHit;

/// At most six columns: `42s`, `7m03s`, `3h07m`, `12d04h`, `412d`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{minutes}m{:02}s", seconds % 60),
        3600..86_400 => format!("{hours}h{:02}m", minutes % 60),
        86_400..8_640_000 => format!("{days}d{:02}h", hours % 24),
        _ => format!("{days}d"),
    }
}

/// At most seven columns: `0.4 ms`, `12 ms`, `1.2 s`.
#[must_use]
pub fn latency(latency: Duration) -> String {
    let micros = latency.as_micros();
    match micros {
        0..10_000 => format!("{}.{} ms", micros / 1000, micros % 1000 / 100),
        10_000..1_000_000 => format!("{} ms", micros / 1000),
        _ => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
    }
}

/// `kernel panic`, `i/o error ×12`.
#[must_use]
pub fn alarm(hit: &AlarmHit) -> String {
    format!("{}{}", clean(&hit.pattern), times(hit.hits))
}

/// ` ×12`; nothing for once.
#[must_use]
pub fn times(hits: u64) -> String {
    if hits == 1 { String::new() } else { format!(" ×{hits}") }
}

/// At most three columns: `7`, `99`, `1k`, `9M`.
#[must_use]
pub fn few(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..100_000 => format!("{}k", count / 1_000),
        _ => ">9k".into(),
    }
}

/// `42 %`, and when it ends if that is known.
#[must_use]
pub fn progress(permille: u16, remaining: Option<Duration>) -> String {
    let rest = remaining.map(|rest| format!(", {} left", duration(rest))).unwrap_or_default();
    format!("{} %{rest}", permille / 10)
}

/// A spool that cannot grow, with the figure.
#[must_use]
pub fn stuck(why: Stuck, free: Option<u64>) -> String {
    let word = why.word();
    format!("the host's disk is {word}{}: output is not kept meanwhile; the run goes on", room(free))
}

/// It can again.
#[must_use]
pub fn flows(free: Option<u64>) -> String {
    format!("the host's disk takes output again{}", room(free))
}

fn room(free: Option<u64>) -> String {
    free.map(|free| format!(" ({} free)", bytes(free))).unwrap_or_default()
}

/// At most seven columns: `412 B`, `1.2 kB`, `34 MB`. Decimal units, as disks are sold.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut tenths = bytes / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    if tenths < 100 {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    } else {
        format!("{} {}", tenths / 10, UNITS[unit])
    }
}

/// `14:03:22`
#[must_use]
pub fn time(at: Wall, utc_offset: i32) -> String {
    local(at, utc_offset).format("%H:%M:%S").to_string()
}

/// `14:03`
#[must_use]
pub fn short_time(at: Wall, utc_offset: i32) -> String {
    local(at, utc_offset).format("%H:%M").to_string()
}

/// `Tue 14 Nov`
#[must_use]
pub fn date(at: Wall, utc_offset: i32) -> String {
    local(at, utc_offset).format("%a %-d %b").to_string()
}

/// `2026-11-14 14:03:22`
#[must_use]
pub fn date_time(at: Wall, utc_offset: i32) -> String {
    local(at, utc_offset).format("%Y-%m-%d %H:%M:%S").to_string()
}

fn local(at: Wall, utc_offset: i32) -> NaiveDateTime {
    let shifted = at.0.saturating_add(i64::from(utc_offset).saturating_mul(1000));
    DateTime::from_timestamp_millis(shifted).unwrap_or_default().naive_utc()
}

/// `1 run`, `3 runs`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Names joined by commas; what is beyond `most` is counted.
#[must_use]
pub fn list<'a>(names: impl ExactSizeIterator<Item = &'a str>, most: usize) -> String {
    let more = names.len().saturating_sub(most);
    let mut text = names.take(most).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

/// Text in lines of at most `width` columns, broken between words where that is possible. Never
/// without a line.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = vec![String::new()];
    let mut used = 0;
    let mut words = text.split_inclusive(' ').peekable();
    while let Some(word) = words.next() {
        let mut length = word.trim_end().width();
        if let Some(unit) = words.peek().filter(|unit| word.trim_end().ends_with(is_digit) && is_unit(unit)) {
            length += 1 + unit.trim_end().width();
        }
        if used > 0 && used + length > width {
            lines.push(String::new());
            used = 0;
        }
        for c in word.chars() {
            let columns = c.width().unwrap_or(0);
            if used + columns > width && c != ' ' {
                lines.push(String::new());
                used = 0;
            }
            used += columns;
            if let Some(line) = lines.last_mut() {
                line.push(c);
            }
        }
    }
    for line in &mut lines {
        line.truncate(line.trim_end().len());
    }
    lines
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

/// What stays with the number before it.
fn is_unit(word: &str) -> bool {
    ["ms", "s", "B", "KiB", "MiB", "GiB", "TiB"].contains(&word.trim_end_matches([' ', ',', ';', '.']))
}

/// Text that came from a host, fit to be shown: without control characters and without the invisible
/// ones that turn or hide what is next to them.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_treacherous) {
        Cow::Owned(
            text.chars()
                .map(|c| if c == '\n' || c == '\t' { ' ' } else { c })
                .filter(|c| !is_treacherous(*c))
                .collect(),
        )
    } else {
        Cow::Borrowed(text)
    }
}

/// Controls; marks and overrides of direction; zero-width characters (Unicode's `Cf` as far as it
/// concerns Latin, and the tags); variation selectors and skin tones, of which terminals disagree how wide
/// they make the character before them.
fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fit_six_columns() {
        for (seconds, text) in
            [(0, "0s"), (59, "59s"), (423, "7m03s"), (11_220, "3h07m"), (1_051_200, "12d04h"), (35_596_800, "412d")]
        {
            assert_eq!(duration(Duration::from_secs(seconds)), text);
            assert!(text.len() <= 6);
        }
    }

    #[test]
    fn sizes_and_latencies_fit_seven_columns() {
        for (size, text) in [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (34_567_890, "34 MB"), (u64::MAX, "18 EB")]
        {
            assert_eq!(bytes(size), text);
        }
        for size in (0..64).map(|shift| 1_u64 << shift) {
            assert!(bytes(size).len() <= 7, "{}", bytes(size));
            assert!(latency(Duration::from_nanos(size.min(1 << 40))).len() <= 8);
        }
        assert_eq!(latency(Duration::from_micros(432)), "0.4 ms");
        assert_eq!(latency(Duration::from_millis(12)), "12 ms");
        assert_eq!(latency(Duration::from_millis(1_250)), "1.2 s");
    }

    #[test]
    fn local_time_is_utc_plus_the_offset() {
        let at = Wall(1_794_664_982_000);
        assert_eq!(date_time(at, 0), "2026-11-14 14:03:02");
        assert_eq!(time(at, 5 * 3600 + 1800), "19:33:02");
        assert_eq!(date(at, -15 * 3600), "Fri 13 Nov");
    }

    #[test]
    fn what_hides_or_turns_text_is_taken_out() {
        assert_eq!(clean("exit\u{202e}0\x1b[2J\tok\u{200b}"), "exit0[2J ok");
        assert_eq!(clean("\u{26a0}\u{fe0f} 👍\u{1f3fd} 漢\u{e0100}字"), "\u{26a0} 👍 漢字");
        assert!(matches!(clean("größe ✓"), Cow::Borrowed(_)));
    }

    #[test]
    fn lines_break_between_words_and_never_exceed_the_width() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("auth took 4.1 ms, banner", 14), ["auth took", "4.1 ms, banner"]);
        for width in 1..20 {
            for line in wrap("port refused: größe 漢字漢字 is a-very-long-word-indeed and more", width) {
                assert!(line.width() <= width.max(2), "{line:?} at {width}");
            }
        }
    }

    #[test]
    fn long_lists_are_counted() {
        assert_eq!(list(["a", "b", "c"].into_iter(), 2), "a, b and 1 more");
        assert_eq!(list(["a"].into_iter(), 2), "a");
    }
}
