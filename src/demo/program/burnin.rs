//! A burn-in log: temperatures that breathe, coloured by how close they come to the limit.

use std::fmt::Write;

use super::{DIM, End, GREEN, Part, RED, RESET, Scene, YELLOW, clock, to_f64, to_u64};

pub(super) fn program(_words: &[String]) -> (Vec<Part>, End) {
    (
        vec![
            Part::text("burnin: 2 sockets, 16 DIMMs, 4 fans, limit 92.0 C, sampling every 0.5 s\n"),
            Part::endless(line, 0.5),
        ],
        End::Code(0),
    )
}

fn line(scene: &Scene, number: u64, out: &mut String) {
    let mut dice = scene.dice(number);
    // Two slow waves: load comes and goes, and so does the room's air.
    let wave = (to_f64(number) / 37.0).sin() * 9.0 + (to_f64(number) / 211.0).sin() * 5.0;
    let mut sensor = |base: f64| base + wave + dice.fraction() * 1.6;
    let (cpu0, cpu1, dimm) = (sensor(74.0), sensor(72.5), sensor(52.0));
    let fan = to_u64(5_200.0 + wave * 190.0);
    let watts = to_u64(610.0 + wave * 8.0);
    let hottest = cpu0.max(cpu1);
    let verdict = if hottest >= 88.0 {
        format!("{RED}HOT{RESET}")
    } else if hottest >= 83.0 {
        format!("{YELLOW}warm{RESET}")
    } else {
        format!("{GREEN}ok{RESET}")
    };
    let _ = writeln!(
        out,
        "{DIM}+{:<8}{RESET} cpu0 {}  cpu1 {}  dimm {}  fan {fan:>5} rpm  psu {watts:>3} W  {verdict}",
        clock(to_u64(scene.seconds(number))),
        degrees(cpu0, 83.0),
        degrees(cpu1, 83.0),
        degrees(dimm, 66.0),
    );
    corrected(scene, number, out);
}

/// What the machine's memory controller says now and then: worth a look, and no reason to stop.
fn corrected(scene: &Scene, number: u64, out: &mut String) {
    let mut dice = scene.dice(number ^ 0x5eed);
    if number == FIRST_ERROR || dice.below(400) == 0 {
        let _ = writeln!(
            out,
            "{YELLOW}mce: [Hardware Error]: corrected DIMM error, CPU {} bank 7, DIMM_{}{}{RESET}",
            dice.below(2),
            dice.pick(&["A", "B", "C", "D"]),
            dice.between(1, 4)
        );
    }
}

/// Within the first minute, so that whoever looks sees one.
const FIRST_ERROR: u64 = 50;

fn degrees(value: f64, warm: f64) -> String {
    let colour = if value >= warm + 5.0 {
        RED
    } else if value >= warm {
        YELLOW
    } else {
        GREEN
    };
    format!("{colour}{value:5.1}\u{b0}C{RESET}")
}
