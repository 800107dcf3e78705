//! When output arrived, from the ledger.

use std::ops::Range;
use std::sync::Arc;

use super::feed::TimesOf;
use super::pager::Arrivals;
use crate::domain::id::AttemptId;
use crate::domain::moment::Wall;
use crate::domain::run::Stream;
use crate::ledger::Ledger;

/// A log whose times cannot be read is shown without them.
struct OfLog {
    ledger: Ledger,
    id: AttemptId,
    stream: Stream,
}

impl Arrivals for OfLog {
    fn of(&self, range: Range<u64>) -> Vec<(u64, Wall)> {
        let samples = self.ledger.arrivals(self.id, self.stream, range, MOST).unwrap_or_default();
        samples.into_iter().map(|sample| (sample.offset, sample.at)).collect()
    }

    fn offset_at(&self, at: Wall) -> Option<u64> {
        self.ledger.offset_at(self.id, self.stream, at).ok().flatten()
    }
}

/// The times of all logs of a ledger.
#[must_use]
pub fn of(ledger: Ledger) -> TimesOf {
    Arc::new(move |id, stream| Box::new(OfLog { ledger: ledger.clone(), id, stream }) as Box<dyn Arrivals>)
}

/// Samples per window: some hours of a quiet run; lines after those have the last one's time.
const MOST: usize = 20_000;
