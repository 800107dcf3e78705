//! Can we reach this host? One pure machine per host: [`Link`].

mod backoff;
mod dialing;
mod hold;
mod machine;
mod outside;
mod rtt;
mod session;
mod settings;
mod state;
mod traffic;

pub use backoff::{Backoff, Jitter, Multiplier};
pub use hold::Hold;
pub use machine::Link;
pub use settings::{CONNECT_LIMIT, Keepalive, LinkSettings};
pub use state::LinkState;
pub use traffic::{DialStage, LinkEffect, LinkFact, LinkInput};
