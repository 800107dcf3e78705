//! The screen under load: a log of 10 GB, frames and keys while output floods in, an idle minute.
//!
//! `cargo bench --bench screen [-- PART…]`, where a part is `log`, `frame`, `flood`, `many` or `idle`; all
//! of them when none is named. Each figure is told beside a peer's or a budget. Nothing is asserted of
//! time. `log` needs 10 GB of room and as much memory for the file's pages, else it is told that the disk
//! was measured; all but `log` and `frame` need sshd.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a benchmark measures real time, and fails by panicking"
)]

#[path = "../tests/screen/scene.rs"]
#[expect(dead_code, clippy::too_many_arguments, reason = "made for tests")]
mod scene;
#[path = "../tests/support/mod.rs"]
#[expect(dead_code, reason = "made for tests")]
mod support;
#[path = "../tests/tui/terminal.rs"]
#[expect(dead_code, reason = "made for tests")]
mod terminal;

#[path = "screen/fleet.rs"]
mod fleet;
#[path = "screen/flood.rs"]
mod flood;
#[path = "screen/frame.rs"]
mod frame;
#[path = "screen/idle.rs"]
mod idle;
#[path = "screen/log.rs"]
mod log;

use std::time::Duration;

fn main() {
    // cargo itself adds a flag.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let parts: [(&str, fn()); 5] = [
        ("log", log::measure),
        ("frame", frame::measure),
        ("flood", flood::one),
        ("many", flood::many),
        ("idle", idle::measure),
    ];
    for (name, measure) in parts {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            measure();
        }
    }
}

fn told(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
    println!("{what}: median {:.2} ms, 99 % {:.2} ms, of {}", at(50), at(99), times.len());
}

/// Bytes of memory that a process has in use, without what it shares with files.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() * 1024
}

/// Processor time that a process has used.
fn cpu(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // The name may hold anything; the numbers come after its last parenthesis.
    let (_, numbers) = stat.rsplit_once(") ").unwrap();
    let ticks: u64 = numbers.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 1000 / TICKS)
}

/// A second in /proc, as proc(5) has it on every Linux of today.
const TICKS: u64 = 100;
