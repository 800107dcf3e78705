//! Sessions over SSH, with a real OpenSSH server on loopback. Every wait has a limit; none is timed.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says so"
)]

#[expect(dead_code, reason = "a proxy that counts what goes one way is for other tests")]
mod support;

#[path = "ssh_session/asked.rs"]
mod asked;
#[path = "ssh_session/bench.rs"]
mod bench;
#[path = "ssh_session/exec.rs"]
mod exec;
#[path = "ssh_session/life.rs"]
mod life;
#[path = "ssh_session/login.rs"]
mod login;
#[path = "ssh_session/reach.rs"]
mod reach;
#[path = "ssh_session/system.rs"]
mod system;
#[path = "ssh_session/trust.rs"]
mod trust;
