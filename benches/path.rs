//! The whole path of a run's output, against a real OpenSSH server: how fast, how late, how soon seen.
//!
//! `cargo bench --bench path`. Each figure is told beside a peer's of the same run: OpenSSH's own client
//! for output, `less` for a first screen. Nothing is asserted.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a benchmark measures real time, and fails by panicking"
)]

#[path = "../tests/durable/rig.rs"]
#[expect(dead_code, reason = "made for tests")]
mod rig;
#[path = "../tests/support/mod.rs"]
#[expect(dead_code, reason = "made for tests")]
mod support;

#[path = "path/first_frame.rs"]
mod first_frame;
#[path = "path/latency.rs"]
mod latency;
#[path = "path/throughput.rs"]
mod throughput;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::rig::Rig;

fn main() {
    let Some(rig) = Rig::new(&[]) else { return };
    let program = std::fs::metadata(env!("CARGO_BIN_EXE_steadfast")).unwrap().len();
    println!("size of the program: {:.1} MB", program as f64 / 1e6);
    throughput::measure(&rig);
    latency::measure(&rig);
    first_frame::measure(&rig);
}

/// OpenSSH's client, on the rig's host.
fn ssh(rig: &Rig, command: &str) -> Command {
    let mut ssh = Command::new("ssh");
    ssh.arg("-F").arg(rig.ssh_config()).args(["-o", "BatchMode=yes", "h1", command]).stdin(Stdio::null());
    ssh
}

fn median(mut values: Vec<Duration>) -> Duration {
    values.sort_unstable();
    values[values.len() / 2]
}

fn percentile(mut values: Vec<Duration>, percent: usize) -> Duration {
    values.sort_unstable();
    values[(values.len() * percent / 100).min(values.len() - 1)]
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}
