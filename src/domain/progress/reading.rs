//! Numbers in a line that may be progress: a percentage, or n of m.

use std::hash::{DefaultHasher, Hash, Hasher};

/// One number, and what kind of line it stands in.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Reading {
    /// 0 to 1.
    pub fraction: f64,
    /// Equal for the same place in lines that differ in their numbers only.
    pub shape: u64,
    pub kind: Kind,
    /// Something beside it says that it is progress: a bar, "done", "eta".
    pub supported: bool,
}

/// Of two that grow, the greater is shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    Count,
    Percent,
    /// The operator described it, or the run said so.
    Told,
}

/// All of them in a line, at most [`MOST`].
#[must_use]
pub fn readings(line: &str) -> Vec<Reading> {
    let mut found = Vec::new();
    found.extend(transfer_table(line));
    let bytes = line.as_bytes();
    let mut at = 0;
    while at < bytes.len() && found.len() < MOST {
        if !bytes[at].is_ascii_digit() || (at > 0 && is_part_of_word(bytes[at - 1])) {
            at += 1;
            continue;
        }
        let end = number_end(bytes, at);
        found.extend(percent(line, at, end).or_else(|| count(line, at, end)));
        at = end;
    }
    found
}

/// `45%`, `12.34 %`.
fn percent(line: &str, start: usize, end: usize) -> Option<Reading> {
    let value: f64 = line[start..end].parse().ok()?;
    let rest = &line[end..];
    let rest = rest.strip_prefix('%').or_else(|| rest.strip_prefix(" %"))?;
    let (before, after) = (&line[..start], rest);
    // "+3%" and "-3%" are changes.
    if value > 100.0 || before.ends_with(['+', '-', '<', '>', '~']) || is_denied(before, after) {
        return None;
    }
    let shape = shape(before, after, 0);
    Some(Reading { fraction: value / 100.0, shape, kind: Kind::Percent, supported: is_supported(line) })
}

/// `3/10`, `[ 12/345]`, `3 of 10`.
fn count(line: &str, start: usize, end: usize) -> Option<Reading> {
    let n: u64 = line[start..end].parse().ok()?;
    let rest = &line[end..];
    let trimmed = rest.trim_start();
    let tail = trimmed
        .strip_prefix('/')
        .or_else(|| trimmed.strip_prefix("of "))
        .filter(|_| rest.len() - trimmed.len() <= 1)?;
    let tail = tail.trim_start();
    let length = tail.bytes().take_while(u8::is_ascii_digit).count();
    let m: u64 = tail[..length].parse().ok()?;
    let after = &tail[length..];
    let before = &line[..start];
    // A path, a date, a version, "0/0/0 errors".
    let odd = before.ends_with(['/', '.', '-', ':']) || after.starts_with(['/', '.', '-', ':', '%']);
    let odd = odd && !after.strip_prefix(':').is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    if m < 2 || n > m || m > 1 << 40 || odd || is_denied(before, after) {
        return None;
    }
    // "Loop 1/3" is in the first: none is done.
    let begun = before.split(|c: char| !c.is_ascii_alphabetic()).rfind(|word| !word.is_empty()).is_some_and(|word| {
        ["loop", "pass", "iteration", "cycle", "round", "step", "epoch", "stage", "phase"]
            .contains(&word.to_lowercase().as_str())
    });
    let done = if begun { n.saturating_sub(1) } else { n };
    // Of numbers this small nothing is lost in a float.
    #[expect(clippy::cast_precision_loss, reason = "a fraction for a gauge")]
    let fraction = done as f64 / m as f64;
    Some(Reading { fraction, shape: shape(before, after, m), kind: Kind::Count, supported: is_supported(line) })
}

/// curl's table: ` 45 1234M   45  556M    0     0  11.2M      0  0:01:50  0:00:49  0:01:01 11.0M`.
fn transfer_table(line: &str) -> Option<Reading> {
    let words: Vec<&str> = line.split_whitespace().collect();
    if words.len() != 12 || !words[8..11].iter().all(|word| word.contains(':')) {
        return None;
    }
    let whole: f64 = words[0].parse().ok()?;
    let received: f64 = words[2].parse().ok()?;
    (whole <= 100.0 && received <= 100.0).then(|| Reading {
        fraction: whole / 100.0,
        shape: shape("curl", "", 0),
        kind: Kind::Percent,
        supported: true,
    })
}

fn number_end(bytes: &[u8], start: usize) -> usize {
    let mut end = start;
    while end < bytes.len() {
        let next_is_digit = bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
        if bytes[end].is_ascii_digit() || (bytes[end] == b'.' && next_is_digit) {
            end += 1;
        } else {
            break;
        }
    }
    end
}

fn is_part_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_' || byte == b','
}

/// What is measured, not reached.
fn is_denied(before: &str, after: &str) -> bool {
    let words = |text: &str| {
        let lower = text.to_lowercase();
        lower
            .split(|c: char| !c.is_ascii_alphabetic())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (before, after) = (words(before), words(after));
    before.iter().rev().take(2).chain(after.iter().take(2)).any(|word| DENIED.contains(&word.as_str()))
}

fn is_supported(line: &str) -> bool {
    let lower = line.to_lowercase();
    let words = ["done", "complete", "progress", "eta", "elapsed", "finish"].iter().any(|word| lower.contains(word));
    words || ["==", "##", "█", "...", "[>"].iter().any(|bar| line.contains(bar))
}

/// The words around, without numbers, bars and blanks.
fn shape(before: &str, after: &str, of: u64) -> u64 {
    let words = |text: &str| text.chars().filter(|c| c.is_alphabetic()).collect::<String>();
    let head = words(before);
    let head: String = head.chars().rev().take(16).collect();
    let tail: String = words(after).chars().take(6).collect();
    let mut hasher = DefaultHasher::new();
    (head, tail, of).hash(&mut hasher);
    hasher.finish()
}

/// Readings of one line.
const MOST: usize = 4;

const DENIED: &[&str] = &[
    "cpu",
    "gpu",
    "mem",
    "memory",
    "load",
    "usage",
    "used",
    "use",
    "util",
    "utilization",
    "utilisation",
    "idle",
    "user",
    "usr",
    "us",
    "sy",
    "sys",
    "system",
    "iowait",
    "wait",
    "steal",
    "battery",
    "fan",
    "swap",
    "free",
    "avail",
    "available",
    "loss",
    "packet",
    "faster",
    "slower",
    "hit",
    "hits",
    "miss",
    "ratio",
    "coverage",
    "cover",
    "confidence",
    "margin",
    "duty",
    "brightness",
    "volume",
    "humidity",
    "capacity",
    "health",
    "charge",
    "accuracy",
    "errors",
    "error",
    "busy",
    "stddev",
    "level",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Vec<(Kind, u32)> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "thousandths for a test")]
        readings(line).iter().map(|it| (it.kind, (it.fraction * 1000.0).round() as u32)).collect()
    }

    #[test]
    fn lines_of_real_programs() {
        use Kind::{Count, Percent};
        for (line, expected) in [
            ("Jobs: 4 (f=4): [w(4)][12.3%][w=523MiB/s][w=134k IOPS][eta 01m:20s]", vec![(Percent, 123)]),
            ("  1,238,099,000  45%  112.30MB/s    0:00:12 (xfr#1, to-chk=0/1)", vec![(Percent, 450)]),
            ("Progress: [ 45%] [##########............] ", vec![(Percent, 450)]),
            (" 12.34% done, 1:23 elapsed. (0/0/0 errors)", vec![(Percent, 123)]),
            ("tests/test_api.py ........                  [ 45%]", vec![(Percent, 450)]),
            ("  450K .......... .......... .......... 45% 1.2M 3s", vec![(Percent, 450)]),
            ("file.iso   45%[====>      ]   1.20G  3.4MB/s  eta 3m 2s", vec![(Percent, 450)]),
            (" 45 1234M   45  556M    0     0  11.2M      0  0:01:50  0:00:49  0:01:01 11.0M", vec![(Percent, 450)]),
            ("######################             45.3%", vec![(Percent, 453)]),
            (
                "stress-ng: info:  [1234] starting stressors, 10 of 320 (3.12%), finish at 17:03:11",
                vec![(Count, 31), (Percent, 31)],
            ),
            ("Loop 2/10:", vec![(Count, 100)]),
            ("[ 12/345] Building CXX object foo.o", vec![(Count, 35)]),
            ("Receiving objects:  67% (890/1328), 1.20 MiB", vec![(Percent, 670), (Count, 670)]),
            ("pass 3 of 10: 7 %", vec![(Count, 200), (Percent, 70)]),
        ] {
            assert_eq!(of(line), expected, "{line}");
        }
    }

    #[test]
    fn what_is_measured_or_dated_is_no_progress() {
        for line in [
            "CPU 97%",
            "%Cpu(s): 97.0% us, 1.0% sy",
            "mem used 43%",
            "GPU-Util 83%",
            "3 packets transmitted, 0% packet loss",
            "1234567890 bytes (1.2 GB, 1.1 GiB) copied, 5 s, 247 MB/s",
            "2026/11/25 10:00:00 started",
            "(0/0/0 errors)",
            "version 1.2/3.4",
            "load 1/4",
            "12% faster than before",
            "150%",
            "/dev/sda1 50% used",
        ] {
            assert_eq!(of(line), [], "{line}");
        }
    }

    #[test]
    fn the_same_kind_of_line_has_the_same_shape() {
        let shape = |line: &str| readings(line).first().map(|it| it.shape);
        assert_eq!(shape("[w(4)][12.3%][w=523MiB/s]"), shape("[w(4)][99.9%][w=1MiB/s]"));
        assert_ne!(shape("Reading: 12%"), shape("Writing: 12%"));
        assert_ne!(shape("Loop 2/10:"), shape("Loop 2/11:"));
    }
}
