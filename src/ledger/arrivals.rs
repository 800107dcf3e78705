//! When output arrived: samples, so that views can show times and jump to one.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, Transaction, params};

use super::marks::{stream_or_new, unsigned};
use crate::domain::id::AttemptId;
use crate::domain::moment::Wall;
use crate::domain::run::Stream;

/// The bytes of a log from `offset` on arrived at `at`, or up to [`SAMPLING`] later; those before it
/// arrived before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arrival {
    pub at: Wall,
    pub offset: u64,
}

/// One sample on its way to the database.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) id: AttemptId,
    pub(super) stream: Stream,
    pub(super) arrival: Arrival,
}

/// Lets one sample per stream and [`SAMPLING`] through.
#[derive(Default)]
pub(super) struct Sampler {
    /// Whoever appends to a log waits for it; nobody holds it for longer than one look-up.
    last: Mutex<HashMap<(AttemptId, Stream), Wall>>,
}

impl Sampler {
    /// Whether this one is due. A wall clock that was set back counts as a new beginning.
    pub(super) fn is_due(&self, id: AttemptId, stream: Stream, at: Wall) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.get(&(id, stream)).is_some_and(|last| *last <= at && at.since(*last) < SAMPLING) {
            return false;
        }
        if last.len() >= SAMPLED_STREAMS {
            last.clear();
        }
        last.insert((id, stream), at);
        true
    }
}

impl Sample {
    pub(super) fn insert(&self, change: &Transaction<'_>) -> rusqlite::Result<()> {
        let stream = stream_or_new(change, self.id, self.stream)?;
        let offset = i64::try_from(self.arrival.offset).unwrap_or(i64::MAX);
        change
            .prepare_cached("INSERT OR REPLACE INTO arrivals (stream, log_offset, at) VALUES (?1, ?2, ?3)")?
            .execute([stream, offset, self.arrival.at.0])?;
        Ok(())
    }
}

/// The samples for the bytes in `range`: the last one at or before its start, and those within, at
/// most `limit`.
pub(super) fn read(db: &Connection, stream: i64, range: &Range<u64>, limit: usize) -> rusqlite::Result<Vec<Arrival>> {
    let signed = |offset: u64| i64::try_from(offset).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    db.prepare_cached(
        "SELECT at, log_offset FROM arrivals WHERE stream = ?1 AND log_offset < max(?3, ?2 + 1) AND log_offset >=
             coalesce((SELECT max(log_offset) FROM arrivals WHERE stream = ?1 AND log_offset <= ?2), ?2)
         ORDER BY log_offset LIMIT ?4",
    )?
    .query_map(params![stream, signed(range.start), signed(range.end), limit], |row| {
        Ok(Arrival { at: Wall(row.get(0)?), offset: unsigned(row.get(1)?) })
    })?
    .collect()
}

/// Where the output begins that arrived last at or before `at`; `None` when there was none yet.
pub(super) fn offset_at(db: &Connection, stream: i64, at: Wall) -> rusqlite::Result<Option<u64>> {
    db.prepare_cached("SELECT max(log_offset) FROM arrivals WHERE stream = ?1 AND at <= ?2")?
        .query_row([stream, at.0], |row| Ok(row.get::<_, Option<i64>>(0)?.map(unsigned)))
}

/// Fine enough to read times off, and a week of it is 600,000 rows of some 20 bytes per stream.
pub const SAMPLING: Duration = Duration::from_secs(1);

/// When this many streams have written since the start, all of them may write a sample at once.
const SAMPLED_STREAMS: usize = 10_000;
