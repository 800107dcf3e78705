//! Looking runs up, and forgetting them.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::error::LedgerError;
use crate::domain::id::{Attempt, AttemptId, RunId};

/// Runs whose id begins with `prefix`, at most one more than [`CANDIDATES`]. Forgotten ones are not
/// found, nor does no text mean any: it comes of a variable that is not set.
pub(super) fn beginning_with(db: &Connection, prefix: &str) -> rusqlite::Result<Vec<RunId>> {
    if prefix.is_empty() {
        return Ok(Vec::new());
    }
    let limit = i64::try_from(CANDIDATES + 1).unwrap_or(i64::MAX);
    // `~` sorts after every character of an id.
    db.prepare_cached("SELECT DISTINCT run FROM attempts WHERE run >= ?1 AND run < ?1 || '~' ORDER BY run LIMIT ?2")?
        .query_map(params![prefix, limit], |row| row.get::<_, String>(0))?
        .filter_map(|run| run.map(|run| RunId::parse(&run).ok()).transpose())
        .collect()
}

/// The one run that `prefix` means.
pub(super) fn the_one(prefix: &str, mut found: Vec<RunId>) -> Result<RunId, LedgerError> {
    match found.as_slice() {
        [] => Err(LedgerError::NotFound { text: prefix.into() }),
        [run] => Ok(*run),
        [_, _, ..] => {
            found.truncate(CANDIDATES);
            Err(LedgerError::Ambiguous { prefix: prefix.into(), candidates: found })
        }
    }
}

/// Whether it may be forgotten: it is known, and every attempt of it is over.
pub(super) fn check_over(db: &Connection, run: RunId) -> rusqlite::Result<Result<(), LedgerError>> {
    let known = db.prepare_cached("SELECT 1 FROM runs WHERE run = ?1")?.exists([run.as_str()])?;
    if !known {
        return Ok(Err(LedgerError::NotFound { text: run.to_string() }));
    }
    let going: Option<u32> = db
        .prepare_cached("SELECT attempt FROM attempts WHERE run = ?1 AND ended_at IS NULL ORDER BY attempt LIMIT 1")?
        .query_row([run.as_str()], |row| row.get(0))
        .optional()?;
    Ok(match going.and_then(Attempt::new) {
        Some(attempt) => Err(LedgerError::NotOver { id: AttemptId { run, attempt } }),
        None => Ok(()),
    })
}

/// Removes what is kept beside its logs. Its events stay in the journal, which is never edited, but
/// no restart makes a run of them again.
pub(super) fn forget(change: &Transaction<'_>, run: RunId) -> rusqlite::Result<()> {
    let run = run.as_str();
    for table in ["marks", "arrivals", "watches", "alarms"] {
        change
            .execute(&format!("DELETE FROM {table} WHERE stream IN (SELECT id FROM streams WHERE run = ?1)"), [run])?;
    }
    change.execute("DELETE FROM streams WHERE run = ?1", [run])?;
    change.execute("DELETE FROM attempts WHERE run = ?1", [run])?;
    change.execute("UPDATE runs SET forgotten_to = (SELECT max(seq) FROM events) WHERE run = ?1", [run])?;
    Ok(())
}

/// Runs that were forgotten and not taken up again: there is nothing to be left of their logs.
pub(super) fn forgotten(db: &Connection) -> rusqlite::Result<Vec<RunId>> {
    db.prepare("SELECT run FROM runs WHERE forgotten_to > 0 AND run NOT IN (SELECT run FROM attempts)")?
        .query_map([], |row| row.get::<_, String>(0))?
        .filter_map(|run| run.map(|run| RunId::parse(&run).ok()).transpose())
        .collect()
}

/// Named when a prefix fits several runs; more are left out.
pub(super) const CANDIDATES: usize = 10;
