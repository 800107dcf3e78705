//! The library for one host against a real OpenSSH server: what it says when all goes well, and when
//! sessions are killed, lines are cut and stalled, and sshd is away. Every wait has a limit; none is timed.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says so"
)]

#[expect(dead_code, reason = "agents, certificates and single processes are for other tests")]
mod support;

#[path = "client/attach.rs"]
mod attach;
#[path = "client/bench.rs"]
mod bench;
#[path = "client/durable.rs"]
mod durable;
#[path = "client/execute.rs"]
mod execute;
#[path = "client/life.rs"]
mod life;
#[path = "client/upload.rs"]
mod upload;
