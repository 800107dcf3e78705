//! Runs that cannot be lost: the supervisor, the host side and the ledger against a real OpenSSH
//! server whose sessions are killed, cut and stalled.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says so"
)]

#[expect(dead_code, reason = "agents and certificates are for the tests of sessions")]
mod support;

#[path = "durable/alarms.rs"]
mod alarms;
#[path = "durable/asleep.rs"]
mod asleep;
#[path = "durable/blind.rs"]
mod blind;
#[path = "durable/cuts.rs"]
mod cuts;
#[path = "durable/disk.rs"]
mod disk;
#[path = "durable/ends.rs"]
mod ends;
#[path = "durable/every_byte.rs"]
mod every_byte;
#[path = "durable/killed.rs"]
mod killed;
#[path = "durable/rig.rs"]
mod rig;
