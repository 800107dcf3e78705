//! Where moments come from.

use crate::domain::moment::Moment;

/// Tells the time; the only source of it for everything above.
pub trait Clock: Send + Sync {
    fn now(&self) -> Moment;
}
