//! Our own SSH client: russh over a socket of ours, hop by hop.
//!
//! Every connection of a chain has its own host key check, authentication, counter of heard bytes and
//! end. Liveness is not judged here: russh's keepalive and inactivity limit are off, the supervisor
//! pings.

mod auth;
mod bytes;
mod chain;
mod exec;
mod guard;
mod handshake;
mod host_key;
mod preferred;
mod probe;
mod pulse;
mod session;
mod tcp;

pub(super) use auth::KeyRing;
pub(super) use chain::{Means, dial};
pub(super) use probe::{probe, resolve};

use crate::domain::diagnosis::{Cause, Rung};

/// Where a dial broke, and why.
struct Broken {
    rung: Rung,
    cause: Cause,
    /// More than the cause says; may be empty.
    detail: String,
}

impl Broken {
    fn new(rung: Rung, cause: Cause) -> Self {
        Self { rung, cause, detail: String::new() }
    }
}
