//! When the bytes of a log arrived, as far as the ledger knows.

use std::ops::Range;
use std::sync::Arc;

use super::marks::Marks;
use crate::app::output::Stamp;
use crate::domain::moment::Wall;

/// Answers from the ledger. May block; asked by the thread that reads only.
pub trait Arrivals: Send + Sync {
    /// Samples of the bytes in `range`, in order, the one before it included: from this byte on, they
    /// arrived then.
    fn of(&self, range: Range<u64>) -> Vec<(u64, Wall)>;

    /// Where the output begins that arrived at a moment, or last before it; `None`: there was none yet.
    fn offset_at(&self, at: Wall) -> Option<u64>;
}

impl<T: Arrivals + ?Sized> Arrivals for Arc<T> {
    fn of(&self, range: Range<u64>) -> Vec<(u64, Wall)> {
        (**self).of(range)
    }

    fn offset_at(&self, at: Wall) -> Option<u64> {
        (**self).offset_at(at)
    }
}

/// The samples around a window.
#[derive(Default)]
pub(super) struct Times(pub(super) Vec<(u64, Wall)>);

impl Times {
    /// When the line arrived that begins at `offset`.
    pub(super) fn stamp(&self, offset: u64, marks: &Marks) -> Option<Stamp> {
        let sample = self.0.partition_point(|&(from, _)| from <= offset).checked_sub(1)?;
        let &(_, at) = self.0.get(sample)?;
        Some(Stamp { at, at_latest: marks.is_blind(offset) })
    }
}
