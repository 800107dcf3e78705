//! Reading what systems say of their boot. Strict: what is not exactly one of the known forms is
//! nothing at all, for a guess here would be a reboot that never was.

/// A boot id: a UUID, as Linux (`/proc/sys/kernel/random/boot_id`) and macOS (`kern.bootsessionuuid`)
/// write it.
#[must_use]
pub fn boot_id(text: &str) -> Option<String> {
    let text = text.trim();
    let dashes = [8, 13, 18, 23];
    let sound = text.len() == 36
        && text.bytes().enumerate().all(
            |(at, byte)| {
                if dashes.contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() }
            },
        );
    sound.then(|| text.to_owned())
}

/// Seconds since 1970-01-01 UTC at which a system booted: a bare number (`btime` of Linux), what
/// `sysctl [-n] kern.boottime` says on the BSDs and on macOS, or `uptime -s`. Dates are asked for in
/// UTC (`TZ=UTC0`): in local time, the change to summer time would look like another boot.
#[must_use]
pub fn boot_time(text: &str) -> Option<i64> {
    let text = unnamed(text.trim())?;
    let seconds = number(text).or_else(|| braces(text)).or_else(|| ctime(text)).or_else(|| iso(text))?;
    (seconds > 0 && seconds < LATEST).then_some(seconds)
}

/// Start of PID 1 in clock ticks.
#[must_use]
pub fn init_start(text: &str) -> Option<u64> {
    let text = text.trim();
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Without `kern.boottime` and what the system writes after it.
fn unnamed(text: &str) -> Option<&str> {
    let Some(rest) = text.strip_prefix("kern.boottime") else { return Some(text) };
    let rest = rest.trim_start();
    rest.strip_prefix(':').or_else(|| rest.strip_prefix('=')).map(str::trim_start)
}

/// `{ sec = 1700000000, usec = 123456 } Tue Nov 14 22:13:20 2023`: FreeBSD, macOS, DragonFly.
fn braces(text: &str) -> Option<i64> {
    let inner = text.strip_prefix('{')?.split_once('}')?.0;
    let (sec, usec) = inner.split_once(',')?;
    let value = |part: &str, name: &str| number(part.trim().strip_prefix(name)?.trim_start().strip_prefix('=')?.trim());
    value(usec, "usec")?;
    value(sec, "sec")
}

/// `Tue Nov 14 22:13:20 2023`: OpenBSD, NetBSD.
fn ctime(text: &str) -> Option<i64> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let [weekday, month, day, time, year] = words.as_slice() else { return None };
    if !["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].contains(weekday) {
        return None;
    }
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = i64::try_from(months.iter().position(|name| name == month)?).ok()? + 1;
    epoch(number(year)?, month, number(day)?, clock(time)?)
}

/// `2023-11-14 22:13:20`: `uptime -s`.
fn iso(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(' ')?;
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return None };
    epoch(number(year)?, number(month)?, number(day)?, clock(time)?)
}

/// Seconds of the day in `22:13:20`.
fn clock(text: &str) -> Option<i64> {
    let parts: Vec<&str> = text.split(':').collect();
    let [hour, minute, second] = parts.as_slice() else { return None };
    let (hour, minute, second) = (number(hour)?, number(minute)?, number(second)?);
    (hour < 24 && minute < 60 && second <= 60).then_some(hour * 3600 + minute * 60 + second)
}

/// The Gregorian calendar, counted in years that begin in March.
fn epoch(year: i64, month: i64, day: i64, second: i64) -> Option<i64> {
    if !(1970..3000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - DAYS_TO_1970;
    Some(days * 86_400 + second)
}

/// Digits and nothing else: no sign, no blank.
fn number(text: &str) -> Option<i64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// From March 1st of the year 0.
const DAYS_TO_1970: i64 = 719_468;

/// Later than this no clock is believed: the year 3000.
const LATEST: i64 = 32_503_680_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn recorded_answers_are_read() {
        let at = Some(1_700_000_000);
        for text in [
            "1700000000",
            // FreeBSD 14.
            "kern.boottime: { sec = 1700000000, usec = 123456 } Tue Nov 14 22:13:20 2023",
            "{ sec = 1700000000, usec = 123456 } Tue Nov 14 22:13:20 2023\n",
            // macOS 14.
            "kern.boottime: { sec = 1700000000, usec = 57331 } Tue Nov 14 22:13:20 2023",
            // OpenBSD 7, and with -n.
            "kern.boottime=Tue Nov 14 22:13:20 2023",
            "Tue Nov 14 22:13:20 2023",
            // NetBSD 10.
            "kern.boottime = Tue Nov 14 22:13:20 2023",
            // procps.
            "2023-11-14 22:13:20\n",
        ] {
            assert_eq!(boot_time(text), at, "{text}");
        }
        assert_eq!(boot_time("Thu Feb 29 00:00:01 2024"), Some(1_709_164_801));
        assert_eq!(boot_time("Sat Mar  1 00:00:00 2025"), Some(1_740_787_200));
    }

    #[test]
    fn what_is_not_an_answer_is_nothing() {
        for text in [
            "",
            "0",
            "-5",
            "+5",
            "1e9",
            "kern.boottime",
            "sysctl: unknown oid 'kern.boottime'",
            "{ sec = 1700000000 }",
            "{ sec = x, usec = 1 }",
            "{ sec = 0, usec = 0 } Thu Jan  1 00:00:00 1970",
            "Tue Nov 14 22:13:20 UTC 2023",
            "Die Nov 14 22:13:20 2023",
            "2023-11-14",
            "2023-13-14 22:13:20",
            "2023-11-14 25:13:20",
            "uptime: invalid option -- 's'",
            "99999999999999999999",
            "40000000000",
        ] {
            assert_eq!(boot_time(text), None, "{text}");
        }
        assert_eq!(boot_id("5f3c12ab-77aa-4c1e-9d0b-2f6a1c0e9b11\n").map(|id| id.len()), Some(36));
        assert!(boot_id("5F3C12AB-77AA-4C1E-9D0B-2F6A1C0E9B11").is_some(), "macOS");
        for text in ["", "cat: boot_id: Permission denied", "5f3c12ab-77aa-4c1e-9d0b-2f6a1c0e9b1", "x\u{e9}"] {
            assert_eq!(boot_id(text), None, "{text}");
        }
        assert_eq!((init_start("12"), init_start(""), init_start("-1")), (Some(12), None, None));
    }

    proptest! {
        #[test]
        fn no_text_crashes_them(text in any::<Vec<u8>>()) {
            let text = String::from_utf8_lossy(&text);
            let _ = (boot_id(&text), boot_time(&text), init_start(&text));
        }

        #[test]
        fn no_date_crashes_them(
            text in "(kern.boottime)?[:= ]{0,3}(\\{ sec = [0-9]{0,20}, usec = [0-9]{0,20} \\})?[A-Z]?[a-z ]{0,4}[0-9:\\- ]{0,24}"
        ) {
            prop_assert!(boot_time(&text).is_none_or(|seconds| seconds > 0 && seconds < LATEST));
        }
    }
}
