//! Places to jump to: what the operator typed, and marks.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::window::Anchor;
use crate::domain::moment::Wall;

/// Asks for the next mark in a direction.
#[derive(Clone, PartialEq, Debug)]
pub struct Jump {
    pub forward: bool,
    /// Only marks after this byte, or before it.
    pub from: u64,
    /// Besides the marks of the log itself.
    pub landmarks: Vec<Landmark>,
}

/// Something that one may want to jump to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Landmark {
    pub spot: Spot,
    pub words: String,
}

/// Where it is in the log: known, or to be looked up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spot {
    Offset(u64),
    /// What had arrived by then.
    Moment(Wall),
}

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Landed {
    /// `None`: there is none.
    pub at: Option<u64>,
    pub words: String,
}

/// Why a text is no place.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvalidPlace {
    #[error("type where to go")]
    Empty,
    #[error("{0:?} is no time, size, percentage or line: see the examples")]
    Unknown(String),
    #[error("there is no {0:?}: times go from 00:00 to 23:59:59")]
    NoSuchTime(String),
    #[error("there is no {0:?} in the calendar")]
    NoSuchDate(String),
    #[error("{0} has not come yet")]
    Future(String),
    #[error("a log has at most 100 %")]
    BeyondAll,
    #[error("lines are counted from 1")]
    NoLine,
}

/// Reads `14:05`, `-10m`, `2026-11-17 14:05`, `11-17 14:05`, `50%`, `1.5GB`, `1204` (a line). Times are
/// local; one that today has not come yet is yesterday's.
pub fn parse(text: &str, now: Wall, utc_offset: i32) -> Result<Anchor, InvalidPlace> {
    let text = text.trim();
    let unknown = || InvalidPlace::Unknown(text.to_owned());
    if text.is_empty() {
        return Err(InvalidPlace::Empty);
    }
    if let Some(back) = text.strip_prefix('-') {
        let seconds = duration(back).ok_or_else(unknown)?;
        return Ok(Anchor::Time(Wall(now.0.saturating_sub(seconds.saturating_mul(1000)))));
    }
    if let Some(percent) = text.strip_suffix('%') {
        return part(percent.trim()).ok_or_else(unknown)?;
    }
    if text.contains(':') || text.contains('-') {
        return time(text, now, utc_offset);
    }
    match text.trim_start_matches('#').replace(',', "").parse::<u64>() {
        Ok(0) => Err(InvalidPlace::NoLine),
        Ok(line) => Ok(Anchor::Line(line - 1)),
        Err(_) => bytes(text).map(Anchor::Offset).ok_or_else(unknown),
    }
}

/// `1h30m`, `90s`, `2d`: in seconds.
fn duration(text: &str) -> Option<i64> {
    let (mut total, mut number) = (0_i64, String::new());
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        let unit = match c.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => return None,
        };
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(unit)?)?;
        number.clear();
    }
    (number.is_empty() && total > 0).then_some(total)
}

fn part(text: &str) -> Option<Result<Anchor, InvalidPlace>> {
    let percent: f64 = text.parse().ok().filter(|percent: &f64| percent.is_finite() && *percent >= 0.0)?;
    if percent > 100.0 {
        return Some(Err(InvalidPlace::BeyondAll));
    }
    // Between 0 and 10,000: the digits after the point of nothing.
    format!("{:.0}", percent * 100.0).parse().ok().map(|part| Ok(Anchor::Part(part)))
}

/// `4096B`, `1.5GB`, `300MiB`.
fn bytes(text: &str) -> Option<u64> {
    let at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(at);
    let (letter, binary) = match unit.to_ascii_lowercase().as_str() {
        "b" => return number.trim().replace(',', "").parse().ok(),
        unit => (unit.chars().next()?, unit.ends_with("ib")),
    };
    if !matches!(unit.len(), 1..=3) || !(unit.len() == 1 || unit.to_ascii_lowercase().ends_with('b')) {
        return None;
    }
    let power = "kmgt".find(letter)? + 1;
    let base: u64 = if binary { 1024 } else { 1000 };
    let scale = base.pow(u32::try_from(power).ok()?);
    let (whole, tenths) = number.trim().split_once('.').unwrap_or((number.trim(), "0"));
    let tenths: u64 = tenths.get(..1)?.parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(scale)?.checked_add(tenths * (scale / 10))
}

fn time(text: &str, now: Wall, utc_offset: i32) -> Result<Anchor, InvalidPlace> {
    let unknown = || InvalidPlace::Unknown(text.to_owned());
    let local = local(now, utc_offset).ok_or_else(unknown)?;
    let words: Vec<_> = text.split(['T', ' ']).filter(|word| !word.is_empty()).collect();
    let (wanted, dated) = match *words.as_slice() {
        [time] if time.contains(':') => (local.date().and_time(clock(time)?), false),
        [date] => (day(date, local.date())?.and_time(NaiveTime::MIN), true),
        [date, time] => (day(date, local.date())?.and_time(clock(time)?), true),
        _ => return Err(unknown()),
    };
    let wanted = match wanted > local {
        true if dated => return Err(InvalidPlace::Future(text.to_owned())),
        true => wanted - TimeDelta::days(1),
        false => wanted,
    };
    Ok(Anchor::Time(Wall((wanted.and_utc().timestamp() - i64::from(utc_offset)).saturating_mul(1000))))
}

fn local(now: Wall, utc_offset: i32) -> Option<NaiveDateTime> {
    chrono::DateTime::from_timestamp_millis(now.0 + i64::from(utc_offset) * 1000).map(|at| at.naive_utc())
}

fn clock(text: &str) -> Result<NaiveTime, InvalidPlace> {
    let parse = |format| NaiveTime::parse_from_str(text, format).ok();
    parse("%H:%M:%S").or_else(|| parse("%H:%M")).ok_or_else(|| InvalidPlace::NoSuchTime(text.to_owned()))
}

/// `2026-11-17`; `11-17` is the last one that there was.
fn day(text: &str, today: NaiveDate) -> Result<NaiveDate, InvalidPlace> {
    let wrong = || InvalidPlace::NoSuchDate(text.to_owned());
    let numbers: Vec<u32> = text.split('-').map(str::parse).collect::<Result<_, _>>().map_err(|_| wrong())?;
    let of = |year, month, day| NaiveDate::from_ymd_opt(year, month, day);
    match *numbers.as_slice() {
        [year, month, day] => i32::try_from(year).ok().and_then(|year| of(year, month, day)).ok_or_else(wrong),
        [month, day] => {
            let this = of(today.year(), month, day).filter(|date| *date <= today);
            this.or_else(|| of(today.year() - 1, month, day)).ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-17 14:03:22 UTC, an hour later here.
    const NOW: Wall = Wall(1_794_924_202_000);

    fn seconds_ago(text: &str) -> i64 {
        match parse(text, NOW, 3600) {
            Ok(Anchor::Time(at)) => (NOW.0 - at.0) / 1000,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn times_are_local_and_never_to_come() {
        for (text, ago) in [
            ("-10m", 600),
            ("-1h30m", 5400),
            ("- 2d 1s", 172_801),
            ("15:00", 202),
            ("15:03:21", 1),
            ("15:04", 86_362),
            ("2026-11-17 14:03:22", 3600),
            ("2026-11-16T15:03:22", 86_400),
            ("11-16 15:03:22", 86_400),
            ("2026-11-17", 54_202),
            ("11-18 15:03:22", 364 * 86_400),
        ] {
            assert_eq!(seconds_ago(text), ago, "{text}");
        }
    }

    #[test]
    fn places_are_told_by_their_units() {
        let of = |text| parse(text, NOW, 0).expect("a place");
        assert_eq!([of("50%"), of("0.25 %"), of("100%")], [Anchor::Part(5000), Anchor::Part(25), Anchor::Part(10_000)]);
        assert_eq!([of("1"), of("#1,204")], [Anchor::Line(0), Anchor::Line(1203)]);
        for (text, offset) in [("4096B", 4096), ("1.5GB", 1_500_000_000), ("3k", 3000), ("2 MiB", 2 << 20)] {
            assert_eq!(of(text), Anchor::Offset(offset), "{text}");
        }
    }

    #[test]
    fn what_is_no_place_is_told_why() {
        let why = |text: &str| parse(text, NOW, 0).expect_err(text).to_string();
        assert_eq!(why(" "), "type where to go");
        assert_eq!(why("25:10"), "there is no \"25:10\": times go from 00:00 to 23:59:59");
        assert_eq!(why("02-30 10:00"), "there is no \"02-30\" in the calendar");
        assert_eq!(why("2027-01-01"), "2027-01-01 has not come yet");
        assert_eq!(why("101%"), "a log has at most 100 %");
        assert_eq!(why("0"), "lines are counted from 1");
        for text in [
            "yesterday",
            "-10",
            "-",
            "-5y",
            "12x",
            "%",
            "NaN%",
            "-1%",
            "1..5GB",
            "kB",
            "9999999999999999999999TB",
            "é:é",
        ] {
            assert!(parse(text, NOW, 0).is_err(), "{text}");
        }
    }
}
