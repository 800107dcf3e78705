//! Where moments come from.

use std::time::Duration;

use crate::domain::moment::Moment;

/// Tells the time; the only source of it for everything above.
pub trait Clock: Send + Sync {
    fn now(&self) -> Moment;

    /// How long this machine has slept since it booted, where that is known; what counts is its growth.
    fn asleep(&self) -> Duration {
        Duration::ZERO
    }
}
