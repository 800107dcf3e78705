//! Health, end to end: the real binary against a control plane started here, and against a real OpenSSH
//! server.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says so"
)]

#[expect(dead_code, reason = "agents, proxies and frozen servers are for other tests")]
mod support;

#[expect(dead_code, reason = "shared with the tests of the program without a screen")]
#[path = "headless/bench.rs"]
mod bench;
#[path = "health/http.rs"]
mod http;
#[path = "health/sampling.rs"]
mod sampling;
#[path = "health/screen.rs"]
mod screen;
#[path = "health/ssh.rs"]
mod ssh;
#[path = "health/tls.rs"]
mod tls;
