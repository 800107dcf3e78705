//! stress-ng: settings, metrics as it goes, a summary; or the kernel ends it for its appetite.

use std::fmt::Write;

use super::typed::{duration_option, number_option, option};
use super::{End, Part, Scene, to_u64};

pub(super) fn program(words: &[String]) -> (Vec<Part>, End) {
    let seconds = duration_option(words, &["--timeout", "-t"]).unwrap_or(DEFAULT_SECONDS);
    let hogs = hogs(words);
    if is_greedy(words) {
        return (greedy(&hogs), End::OutOfMemory);
    }
    let summary = summary(&hogs, seconds);
    let body = Part::lines(line, to_u64(seconds / INTERVAL).max(1), INTERVAL);
    (vec![Part::text(header(&hogs, seconds)), body, Part::text(summary)], End::Code(0))
}

/// `(stressor, instances)` as asked for on the command line.
fn hogs(words: &[String]) -> Vec<(&'static str, u64)> {
    let asked = STRESSORS.iter().filter_map(|&name| Some((name, number_option(words, &[&format!("--{name}")])?)));
    let hogs: Vec<_> = asked.collect();
    if hogs.is_empty() { vec![("cpu", 8)] } else { hogs }
}

fn is_greedy(words: &[String]) -> bool {
    let share = option(words, &["--vm-bytes"]).and_then(|share| share.strip_suffix('%')?.parse::<u64>().ok());
    share.is_some_and(|percent| percent > 100)
}

fn header(hogs: &[(&str, u64)], seconds: f64) -> String {
    let hogs: Vec<String> = hogs.iter().map(|(name, count)| format!("{count} {name}")).collect();
    format!(
        "stress-ng: info:  [4121] setting to a {} run per stressor\nstress-ng: info:  [4121] dispatching hogs: {}\n",
        long(seconds),
        hogs.join(", ")
    )
}

fn line(scene: &Scene, number: u64, out: &mut String) {
    let mut dice = scene.dice(number);
    let elapsed = scene.seconds(number + 1);
    let _ = match number % 8 {
        0 | 4 => {
            let ops = dice.between(19_400, 21_900);
            let total = to_u64(elapsed * 20_600.0);
            writeln!(
                out,
                "stress-ng: metrc: [4121] cpu     {total:>12} bogo ops {elapsed:>10.2} s real  {ops:>6}.{:02} ops/s",
                dice.below(100)
            )
        }
        2 => {
            let rate = dice.between(88_000, 97_000);
            let total = to_u64(elapsed * 92_500.0);
            writeln!(
                out,
                "stress-ng: metrc: [4121] vm      {total:>12} bogo ops {elapsed:>10.2} s real  {rate:>6}.{:02} ops/s",
                dice.below(100)
            )
        }
        6 => writeln!(
            out,
            "stress-ng: info:  [4121] cpu: 0.{:02} load average per core, {} MHz, {}.{} C",
            dice.between(94, 99),
            dice.between(2_890, 3_410),
            dice.between(71, 84),
            dice.below(10)
        ),
        _ => writeln!(
            out,
            "stress-ng: debug: [{}] {}: verified, instance {}",
            dice.between(4_122, 4_143),
            dice.pick(METHODS),
            dice.below(16)
        ),
    };
}

fn summary(hogs: &[(&str, u64)], seconds: f64) -> String {
    let mut out = String::from(
        "stress-ng: metrc: [4121] stressor       bogo ops real time  usr time  sys time   bogo ops/s\n\
         stress-ng: metrc: [4121]                           (secs)    (secs)    (secs)   (real time)\n",
    );
    for (index, (name, count)) in (1_u64..).zip(hogs) {
        let ops = to_u64(seconds * 5_150.5) * count / index;
        let busy = seconds * super::to_f64(*count) * 0.985;
        let _ = writeln!(
            out,
            "stress-ng: metrc: [4121] {name:<12} {ops:>10} {seconds:>9.2} {busy:>9.2} {:>9.2} {:>12.2}",
            busy * 0.013,
            super::to_f64(ops) / seconds.max(0.01)
        );
    }
    let all: u64 = hogs.iter().map(|(_, count)| count).sum();
    let named: Vec<String> = hogs.iter().map(|(name, count)| format!("{name} ({count})")).collect();
    let _ = writeln!(
        out,
        "stress-ng: info:  [4121] skipped: 0\nstress-ng: info:  [4121] passed: {all}: {}",
        named.join(" ")
    );
    let _ = writeln!(
        out,
        "stress-ng: info:  [4121] failed: 0\nstress-ng: info:  [4121] successful run completed in {}",
        long(seconds)
    );
    out
}

/// Takes more memory than there is; its last line is cut off by the kernel's killer.
fn greedy(hogs: &[(&str, u64)]) -> Vec<Part> {
    vec![
        Part::text(header(hogs, 1800.0)),
        Part::lines(appetite, GREEDY_FRAMES, 1.0),
        Part::text("stress-ng: debug: [4188] vm: gained 8388608 more pages, touching the"),
        Part::pause(2.0),
    ]
}

fn appetite(scene: &Scene, number: u64, out: &mut String) {
    let mut dice = scene.dice(number);
    let percent = 31 + number * 68 / scene.frames;
    let swap = percent.saturating_sub(80) * 5;
    let _ = writeln!(
        out,
        "stress-ng: debug: [{}] vm: {percent:>3}% of memory in use, swap {swap:>2}%, {:>6} major faults/s",
        dice.between(4_180, 4_188),
        percent * percent * dice.between(1, 3)
    );
    if percent > 92 && number.is_multiple_of(3) {
        let _ = writeln!(
            out,
            "{}stress-ng: warn:  [4181] vm: allocation of {} MB stalled for {} ms{}",
            super::YELLOW,
            dice.between(512, 4096),
            dice.between(200, 1900),
            super::RESET
        );
    }
}

fn long(seconds: f64) -> String {
    let whole = to_u64(seconds);
    let (hours, minutes) = (whole / 3600, whole / 60 % 60);
    let rest = seconds - super::to_f64(hours * 3600 + minutes * 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest:.2} secs"),
        (0, 1) => format!("1 min, {rest:.2} secs"),
        (0, minutes) => format!("{minutes} mins, {rest:.2} secs"),
        (hours, minutes) => format!("{hours} hours, {minutes} mins, {rest:.2} secs"),
    }
}

const STRESSORS: &[&str] = &["cpu", "matrix", "vm", "hdd", "io", "fork", "cache", "timer"];
const METHODS: &[&str] =
    &["matrixprod", "fft", "crc16", "zeta", "walk-1d", "rowhammer", "gray", "prime-incdec", "hanoi"];
const INTERVAL: f64 = 0.7;
const DEFAULT_SECONDS: f64 = 60.0;
const GREEDY_FRAMES: u64 = 74;
