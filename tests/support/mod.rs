//! What tests against a real OpenSSH need: a server, keys, an agent, a network that breaks. Nothing
//! listens beyond loopback, and everything started here ends with the value that stands for it.
//!
//! A test crate that uses a part of it says so: `#[expect(dead_code, reason = "…")] mod support;`.

pub mod keys;
pub mod processes;
pub mod proxy;
pub mod sshd;

use std::time::{Duration, Instant};

/// Looks until `holds`, and fails with `what` when it never does.
#[expect(clippy::disallowed_methods, reason = "a test waits in real time")]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < LIMIT, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Longer than any of it takes on the slowest machine.
pub const LIMIT: Duration = Duration::from_secs(60);
