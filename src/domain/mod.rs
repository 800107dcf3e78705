//! F0: values and state machines. Sans-I/O: no tokio, serde, clock, file, socket or random source
//! in here; time ([`moment::Moment`]) and jitter come in as arguments. Imports nothing of the crate
//! but itself.

pub mod alert;
pub mod blind;
pub mod boot;
pub mod command;
pub mod diagnosis;
pub mod event;
pub mod fleet;
pub mod health;
pub mod host;
pub mod id;
pub mod incident;
pub mod link;
pub mod look;
pub mod moment;
pub mod network;
pub mod progress;
pub mod run;
pub mod system;
pub mod timeline;
pub mod watch;
