//! The operator's own network: from the kernel's word to a dial, and what a thousand quiet links cost.
//!
//! `cargo bench --bench network`. The first part needs a network namespace (root, or user namespaces).
//! Nothing is asserted.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a benchmark measures real time, and fails by panicking"
)]

#[path = "../tests/support/local_session.rs"]
#[expect(dead_code, clippy::expect_used, reason = "made for tests")]
mod local_session;

#[cfg(target_os = "linux")]
#[path = "network/event.rs"]
mod event;
#[path = "network/quiet.rs"]
mod quiet;

use std::time::Duration;

fn main() {
    #[cfg(target_os = "linux")]
    if event::is_inside() {
        event::measure();
        return;
    }
    #[cfg(target_os = "linux")]
    event::go_inside();
    quiet::measure();
}

fn told(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
    println!("{what}: median {:.2} ms, 99 % {:.2} ms, of {}", at(50), at(99), times.len());
}
