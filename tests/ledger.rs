//! The ledger from outside: several processes, sudden deaths, a full disk.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says so"
)]

#[expect(dead_code, reason = "the rest of it is for tests with an SSH server")]
mod support;

#[path = "ledger/full_disk.rs"]
mod full_disk;
#[path = "ledger/killed.rs"]
mod killed;
#[path = "ledger/life.rs"]
mod life;
#[path = "ledger/process.rs"]
mod process;
#[path = "ledger/samples.rs"]
mod samples;
#[path = "ledger/together.rs"]
mod together;
