//! The program without a screen: what it prints, where, and how it ends; without a host, and against
//! a real OpenSSH server.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says so"
)]

#[expect(dead_code, reason = "agents, proxies and frozen servers are for other tests")]
mod support;

#[path = "headless/alone.rs"]
mod alone;
#[path = "headless/bench.rs"]
mod bench;
#[path = "headless/hosts.rs"]
mod hosts;
#[path = "headless/watch.rs"]
mod watch;
