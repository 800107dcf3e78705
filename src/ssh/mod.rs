//! F2: SSH, behind [`port::Connector`](crate::port::Connector) and [`port::Session`](crate::port::Session).
//!
//! Two transports: [`native`] speaks the protocol itself (russh), [`system`] drives the system's `ssh`
//! program for what we do not speak. [`resolve`] says how a host is reached, [`known_hosts`] which key
//! it must show. Imports `domain` and `port`; nothing in here knows of runs or of a screen.

pub mod known_hosts;
pub mod resolve;

mod ask;
mod connector;
mod ending;
mod environment;
mod icmp;
mod limiter;
mod native;
mod patience;
mod rungs;
mod system;
mod text;

pub use connector::SshConnector;
pub use environment::Environment;
