//! F2: a simulated fleet that speaks real SSH.
//!
//! Its hosts are russh servers inside this process, on loopback sockets or on any stream. They answer
//! the protocol of [`remote`](crate::remote) natively: no shell is ever run, no command executed, no
//! file written. What they print is a pure function of the seed (`program`), what happens to them a
//! pure schedule (`incident`); between the two and the operator is the weather (`relay`). Imports
//! `domain` and `port`, and in `access` the `ssh` adapter, through which the fleet is reached like any
//! other.
//!
//! ```text
//! socket or stream -> relay (weather) -> russh server -> exec -> answer, follow -> machine -> run -> spool
//!                        ^ incident <- schedule                                          program (seed)
//! ```

mod access;
mod answer;
mod dice;
mod exec;
mod fleet;
mod health;
mod host;
mod incident;
mod keys;
mod listener;
mod machine;
mod plain;
mod program;
mod relay;
mod roster;
mod run;
mod script;
mod server;
mod spool;
mod time;
mod weather;

pub use fleet::{DemoError, DemoFleet, FEWEST_HOSTS, FleetOptions, MOST_HOSTS};
pub use host::SimHost;
pub use incident::{Incident, Planned, Schedule};
