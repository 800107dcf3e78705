//! An I/O trace at two thousand lines a second. Every line has the same length, so that gigabytes of
//! it need no index.

use std::fmt::Write;

use super::{End, Part, Scene};

pub(super) fn program(_words: &[String]) -> (Vec<Part>, End) {
    let lines = Part { fixed: Some(LINE), ..Part::lines(line, PER_SECOND * MINUTES * 60, INTERVAL) };
    (vec![lines, Part::text("blktrace: stopped, 0 events dropped\n")], End::Code(0))
}

fn line(scene: &Scene, number: u64, out: &mut String) {
    let mut dice = scene.dice(number);
    let seconds = number / PER_SECOND;
    let _ = writeln!(
        out,
        "259,1 {:>3} {:>10} {seconds:>6}.{:09} {:>5}  {}  {:<2} {:>10} + {:<4} {:>5} us",
        dice.below(64),
        number % 10_000_000_000,
        number % PER_SECOND * 500_000 + dice.below(490_000),
        dice.between(2_100, 2_131),
        dice.pick(&["Q", "G", "I", "D", "C"]),
        dice.pick(&["R", "W", "WS", "RA"]),
        dice.below(1_953_525_168),
        8 << dice.below(6),
        dice.between(41, 2_900)
    );
}

const PER_SECOND: u64 = 2_000;
const INTERVAL: f64 = 1.0 / 2_000.0;
/// 280 MB: enough to impress, and no burden for the operator's disk.
const MINUTES: u64 = 30;
/// Bytes of a line with its newline.
const LINE: u64 = 78;
