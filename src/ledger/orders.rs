//! Commands that viewers leave for the owner, in a table.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::error::LedgerError;
use super::record::CommandRecord;
use crate::domain::command::Command;

/// Leaves an order. Waits up to [`BUSY_TIMEOUT`](super::schema::BUSY_TIMEOUT) for the owner's writes.
pub(super) fn put(db: &mut Connection, command: &Command) -> rusqlite::Result<Result<(), LedgerError>> {
    let body = match serde_json::to_string(&CommandRecord::from(command)) {
        Ok(body) => body,
        Err(error) => return Ok(Err(error.into())),
    };
    let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let waiting: i64 = change.query_row("SELECT count(*) FROM orders", [], |row| row.get(0))?;
    let waiting = u64::try_from(waiting).unwrap_or_default();
    if waiting >= WAITING {
        return Ok(Err(LedgerError::OrdersFull { waiting }));
    }
    change.execute("INSERT INTO orders (body) VALUES (?1)", [body])?;
    change.commit().map(Ok)
}

/// Number of the last order that is waiting; 0 when there is none.
pub(super) fn last(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("SELECT coalesce(max(id), 0) FROM orders", [], |row| row.get(0))
}

/// Drops the orders up to `last`; says how many those were.
pub(super) fn drop_to(db: &Connection, last: i64) -> rusqlite::Result<usize> {
    db.execute("DELETE FROM orders WHERE id <= ?1", [last])
}

/// Whether any are waiting; answered without a look at the table while nobody has written anything.
pub(super) fn are_waiting(db: &Connection, seen: &mut Option<i64>) -> rusqlite::Result<bool> {
    // Changes when another connection, ours of the writer included, has committed (sqlite.org/pragma.html).
    let version = db.pragma_query_value(None, "data_version", |row| row.get(0))?;
    if *seen == Some(version) {
        return Ok(false);
    }
    let waiting = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM orders)")?.query_row([], |row| row.get(0))?;
    // While some are waiting it is asked again: taking them may fail.
    *seen = if waiting { None } else { Some(version) };
    Ok(waiting)
}

/// Takes them out, in the order they were given.
pub(super) fn take(change: &Transaction<'_>) -> rusqlite::Result<Vec<String>> {
    let bodies =
        change.prepare_cached("SELECT body FROM orders ORDER BY id")?.query_map([], |row| row.get(0))?.collect();
    change.execute("DELETE FROM orders", [])?;
    bodies
}

/// What they say. One that cannot be read (by another version) is dropped and logged: it must not
/// stand in the way of the others.
pub(super) fn parse(bodies: &[String]) -> Vec<Command> {
    bodies
        .iter()
        .filter_map(|body| {
            let read =
                || -> Result<Command, LedgerError> { Ok(serde_json::from_str::<CommandRecord>(body)?.try_into()?) };
            read().inspect_err(|error| tracing::warn!(%error, "an order was dropped: it cannot be read")).ok()
        })
        .collect()
}

/// More than this many orders waiting are refused: nobody is taking them.
pub(super) const WAITING: u64 = 1000;
