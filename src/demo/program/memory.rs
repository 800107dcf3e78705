//! memtester: passes of tests; the last of its loops finds something.

use std::fmt::Write;

use super::{End, GREEN, Part, RED, RESET, Scene};

pub(super) fn program(_words: &[String]) -> (Vec<Part>, End) {
    let frames = LOOPS * (TESTS.len() as u64) * STEPS;
    (vec![Part::text(HEADER), Part::lines(line, frames, INTERVAL), Part::text(FOOTER)], End::Code(4))
}

/// Each test is a few updates of its line, then its result.
fn line(scene: &Scene, number: u64, out: &mut String) {
    let mut dice = scene.dice(number);
    let tests = TESTS.len() as u64;
    let (pass, step) = (number / STEPS / tests, number % STEPS);
    let test = usize::try_from(number / STEPS % tests).unwrap_or(0);
    if step == 0 && test == 0 {
        let _ = writeln!(out, "Loop {}/{LOOPS}:", pass + 1);
    }
    let name = TESTS[test];
    if step + 1 < STEPS {
        let word = if step % 2 == 0 { "setting" } else { "testing" };
        let _ = write!(out, "\r  {name:<20}: {word} {:>3}", (step + 1) * 64 / STEPS);
    } else if pass + 1 == LOOPS && test == FAILING {
        let bits = dice.roll();
        let _ = writeln!(
            out,
            "\r  {name:<20}: testing  51\n{RED}FAILURE: 0x{bits:016x} != 0x{:016x} at offset 0x{:016x}.{RESET}",
            bits ^ 0x0008_0000,
            dice.below(1 << 33) & !7
        );
    } else {
        let _ = writeln!(out, "\r  {name:<20}: {GREEN}ok{RESET}         ");
    }
}

const TESTS: &[&str] = &[
    "Stuck Address",
    "Random Value",
    "Compare XOR",
    "Compare SUB",
    "Compare MUL",
    "Sequential Increment",
    "Solid Bits",
    "Block Sequential",
    "Checkerboard",
    "Bit Spread",
    "Bit Flip",
    "Walking Ones",
];
const FAILING: usize = 9;
const LOOPS: u64 = 3;
const STEPS: u64 = 8;
const INTERVAL: f64 = 0.4;
const HEADER: &str = "memtester version 4.6.0 (64-bit)\nCopyright (C) 2001-2020 Charles Cazabon.\nLicensed under the GNU General Public License version 2 (only).\n\npagesize is 4096\npagesizemask is 0xfffffffffffff000\nwant 8192MB (8589934592 bytes)\ngot  8192MB (8589934592 bytes), trying mlock ...locked.\n";
const FOOTER: &str = "\n\x1b[31mDone: 1 test failed.\x1b[0m\n";
