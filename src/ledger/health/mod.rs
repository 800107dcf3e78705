//! The samples of hosts, in a file of their own (`health.db`): what is in it is worth looking at and
//! nothing depends on it, so that it may be removed at any time.
//!
//! One thread writes, in batches, off everybody's way: [`HealthLog::record`] queues and returns. What
//! is in a batch survives the death of this process; the last second may be missing. Samples of more
//! than a day become means of five minutes with their maxima, kept for 30 days ([`thin`]).

mod log;
mod read;
mod record;
mod schema;
#[cfg(test)]
mod tests;
mod thin;

pub use log::{HealthListener, HealthLog};
pub use read::{HealthReader, Past, Slice};

/// Beside the ledger.
const FILE: &str = "health.db";
