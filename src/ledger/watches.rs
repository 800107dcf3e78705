//! How far output was looked at for alarms, what was found, and where.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};

use super::Ledger;
use super::error::LedgerError;
use super::marks::{stream_or_new, unsigned};
use super::writer::Job;
use crate::domain::id::AttemptId;
use crate::domain::run::Stream;

/// Everything before `scanned` was looked at.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct WatchState {
    pub scanned: u64,
    pub found: Vec<WatchedPattern>,
}

/// Lines that matched the patterns of one name; place and words of the last of them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WatchedPattern {
    pub pattern: String,
    pub hits: u64,
    pub offset: u64,
    pub line: String,
}

/// One state on its way to the database.
pub(super) struct Watched {
    id: AttemptId,
    stream: Stream,
    state: WatchState,
    places: Vec<(u64, String)>,
}

impl Ledger {
    /// How far a stream was looked at.
    pub fn watch_state(&self, id: AttemptId, stream: Stream) -> Result<WatchState, LedgerError> {
        self.of_stream(id, stream, read).map(|state| state.flatten().unwrap_or_default())
    }

    /// Where alarms are in a log, and of which pattern, in order. Of each pattern the first two hundred.
    pub fn alarms(&self, id: AttemptId, stream: Stream) -> Result<Vec<(u64, String)>, LedgerError> {
        self.of_stream(id, stream, places).map(Option::unwrap_or_default)
    }

    /// Notes how far a stream was looked at, and the places found since the last time: both or neither.
    /// Without waiting; false when there is no room, and nothing is noted.
    pub fn record_watch(&self, id: AttemptId, stream: Stream, state: WatchState, places: Vec<(u64, String)>) -> bool {
        let Ok(owner) = self.owner() else { return false };
        owner.hand_over(Job::Watched(Watched { id, stream, state, places })).is_ok()
    }
}

impl Watched {
    pub(super) fn insert(&self, change: &Transaction<'_>) -> rusqlite::Result<()> {
        let stream = stream_or_new(change, self.id, self.stream)?;
        let found = serde_json::to_string(&self.state.found).unwrap_or_else(|_| "[]".into());
        change
            .prepare_cached("INSERT OR REPLACE INTO watches (stream, scanned, found) VALUES (?1, ?2, ?3)")?
            .execute(params![stream, signed(self.state.scanned), found])?;
        for (offset, pattern) in &self.places {
            change
                .prepare_cached("INSERT OR IGNORE INTO alarms (stream, log_offset, pattern) VALUES (?1, ?2, ?3)")?
                .execute(params![stream, signed(*offset), pattern])?;
        }
        Ok(())
    }
}

fn read(db: &Connection, stream: i64) -> rusqlite::Result<Option<WatchState>> {
    db.prepare_cached("SELECT scanned, found FROM watches WHERE stream = ?1")?
        .query_row([stream], |row| {
            let found: String = row.get(1)?;
            // What cannot be read is counted anew, from the beginning.
            Ok(serde_json::from_str(&found).map_or_else(
                |_| WatchState::default(),
                |found| WatchState { scanned: row.get(0).map(unsigned).unwrap_or_default(), found },
            ))
        })
        .optional()
}

fn places(db: &Connection, stream: i64) -> rusqlite::Result<Vec<(u64, String)>> {
    db.prepare_cached("SELECT log_offset, pattern FROM alarms WHERE stream = ?1 ORDER BY log_offset, pattern")?
        .query_map([stream], |row| Ok((unsigned(row.get(0)?), row.get(1)?)))?
        .collect()
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
