//! The screen from end to end: the real binary in a pseudo-terminal, runs on a host behind a real
//! OpenSSH server, and what an operator and the world do to it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says so"
)]

#[expect(dead_code, reason = "agents, certificates and the network are for the tests of sessions")]
mod support;

#[path = "tui/asked.rs"]
mod asked;
#[path = "tui/demo.rs"]
mod demo;
#[path = "tui/leaving.rs"]
mod leaving;
#[path = "tui/log.rs"]
mod log;
#[path = "tui/output.rs"]
mod output;
#[path = "tui/rig.rs"]
mod rig;
#[path = "tui/runs.rs"]
mod runs;
#[path = "tui/size.rs"]
mod size;
#[path = "tui/terminal.rs"]
mod terminal;
