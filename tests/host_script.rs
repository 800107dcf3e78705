//! The host side of a run (`assets/host.sh`), in real shells on this machine: every call goes through
//! `steadfast::remote`, as it would over SSH. Waits are for conditions; every process, mount and
//! directory ends with the bench that stands for it.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "a test fails by panicking")]

#[path = "host_script/bench.rs"]
mod bench;
#[path = "host_script/cancel.rs"]
mod cancel;
#[path = "host_script/cuts.rs"]
mod cuts;
#[path = "host_script/ends.rs"]
mod ends;
#[path = "host_script/faults.rs"]
mod faults;
#[path = "host_script/follow.rs"]
mod follow;
#[path = "host_script/lease.rs"]
mod lease;
#[path = "support/local_session.rs"]
mod local_session;
#[path = "host_script/places.rs"]
mod places;
#[path = "support/processes.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod processes;
#[path = "host_script/runs.rs"]
mod runs;
#[path = "host_script/spool.rs"]
mod spool;
#[path = "host_script/upload.rs"]
mod upload;
