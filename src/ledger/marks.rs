//! Marks of logs, and what they say of offsets: a gap moves every byte after it.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::error::LedgerError;
use crate::domain::event::OutputMark;
use crate::domain::id::AttemptId;
use crate::domain::run::Stream;

/// Number of the stream in the database, if anything is known of it.
pub(super) fn stream(db: &Connection, id: AttemptId, stream: Stream) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT id FROM streams WHERE run = ?1 AND attempt = ?2 AND stream = ?3")?
        .query_row(params![id.run.as_str(), id.attempt.number(), stream.word()], |row| row.get(0))
        .optional()
}

/// As [`stream`]; makes it known.
pub(super) fn stream_or_new(change: &Transaction<'_>, id: AttemptId, of: Stream) -> rusqlite::Result<i64> {
    change
        .prepare_cached("INSERT INTO streams (run, attempt, stream) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
        .execute(params![id.run.as_str(), id.attempt.number(), of.word()])?;
    stream(change, id, of)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// All marks of a stream, in order of their offset.
pub(super) fn read(db: &Connection, stream: i64) -> rusqlite::Result<Vec<OutputMark>> {
    db.prepare_cached(
        "SELECT log_offset, kind, spool_offset, lost, for_ms, cause, caught_up FROM marks
         WHERE stream = ?1 ORDER BY log_offset, kind, for_ms, cause",
    )?
    .query_map([stream], mark)?
    .collect()
}

/// Where in the spool the byte at `log_offset` of the log is: the last gap at or before it decides.
pub(super) fn spool_offset(db: &Connection, stream: i64, log_offset: u64) -> rusqlite::Result<u64> {
    let gap: Option<(i64, i64)> = db
        .prepare_cached(
            "SELECT log_offset, spool_offset FROM marks
             WHERE stream = ?1 AND kind = 'gap' AND log_offset <= ?2 ORDER BY log_offset DESC LIMIT 1",
        )?
        .query_row(params![stream, i64::try_from(log_offset).unwrap_or(i64::MAX)], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(gap.map_or(log_offset, |(at, spool)| unsigned(spool).saturating_add(log_offset - unsigned(at))))
}

/// Writes a mark. The same one again changes nothing; a gap that grew before any byte came after it
/// grows the mark that is there.
pub(super) fn write(
    change: &Transaction<'_>,
    (id, of): (AttemptId, Stream),
    mark: &OutputMark,
) -> rusqlite::Result<Result<(), LedgerError>> {
    let stream = stream_or_new(change, id, of)?;
    match mark {
        OutputMark::Gap { log_offset, spool_offset, lost } => {
            let Some(numbers) = signed([*log_offset, *spool_offset, *lost]) else { return Ok(too_large(id)) };
            write_gap(change, id, stream, numbers)
        }
        OutputMark::Blind { log_offset, duration, cause, caught_up } => {
            let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
            let Some([at, for_ms, caught_up]) = signed([*log_offset, milliseconds, *caught_up]) else {
                return Ok(too_large(id));
            };
            change
                .prepare_cached(
                    "INSERT OR REPLACE INTO marks (stream, log_offset, kind, for_ms, cause, caught_up)
                     VALUES (?1, ?2, 'blind', ?3, ?4, ?5)",
                )?
                .execute(params![stream, at, for_ms, cause, caught_up])?;
            Ok(Ok(()))
        }
    }
}

fn write_gap(
    change: &Transaction<'_>,
    id: AttemptId,
    stream: i64,
    [at, spool, lost]: [i64; 3],
) -> rusqlite::Result<Result<(), LedgerError>> {
    let later: i64 = change
        .prepare_cached("SELECT count(*) FROM marks WHERE stream = ?1 AND kind = 'gap' AND log_offset > ?2")?
        .query_row([stream, at], |row| row.get(0))?;
    if later > 0 {
        return Ok(Err(LedgerError::InvalidMark { id, why: "a later gap is known already" }));
    }
    let here: Option<(i64, i64)> = change
        .prepare_cached("SELECT spool_offset, lost FROM marks WHERE stream = ?1 AND kind = 'gap' AND log_offset = ?2")?
        .query_row([stream, at], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let before = i64::try_from(spool_offset(change, stream, unsigned(at))?).unwrap_or(i64::MAX);
    let lost = match here {
        Some((known, _)) if spool <= known => return Ok(Ok(())),
        Some((known, lost)) => lost.saturating_add(spool - known),
        None if spool < before => {
            return Ok(Err(LedgerError::InvalidMark { id, why: "a gap cannot lead back in the spool" }));
        }
        None => lost,
    };
    change
        .prepare_cached(
            "INSERT OR REPLACE INTO marks (stream, log_offset, kind, spool_offset, lost)
             VALUES (?1, ?2, 'gap', ?3, ?4)",
        )?
        .execute([stream, at, spool, lost])?;
    Ok(Ok(()))
}

/// Whether something is kept of the stream beyond the end of its log.
pub(super) fn is_beyond(db: &Connection, stream: i64, length: u64) -> rusqlite::Result<bool> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM marks WHERE stream = ?1 AND log_offset > ?2)
             OR EXISTS (SELECT 1 FROM arrivals WHERE stream = ?1 AND log_offset > ?2)
             OR EXISTS (SELECT 1 FROM watches WHERE stream = ?1 AND scanned > ?2)",
    )?
    .query_row([stream, length], |row| row.get(0))
}

/// Removes what is kept beyond the end of the log: those bytes are fetched again, and may then lie
/// elsewhere.
pub(super) fn cut(change: &Transaction<'_>, stream: i64, length: u64) -> rusqlite::Result<()> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    change.execute("DELETE FROM marks WHERE stream = ?1 AND log_offset > ?2", [stream, length])?;
    change.execute("DELETE FROM arrivals WHERE stream = ?1 AND log_offset > ?2", [stream, length])?;
    // What is left is counted anew, from the beginning.
    if change.execute("DELETE FROM watches WHERE stream = ?1 AND scanned > ?2", [stream, length])? > 0 {
        change.execute("DELETE FROM alarms WHERE stream = ?1", [stream])?;
    }
    Ok(())
}

fn mark(row: &Row<'_>) -> rusqlite::Result<OutputMark> {
    let number = |column| row.get::<_, i64>(column).map(unsigned);
    let log_offset = number(0)?;
    Ok(match row.get_ref(1)?.as_str()? {
        "gap" => OutputMark::Gap { log_offset, spool_offset: number(2)?, lost: number(3)? },
        _ => OutputMark::Blind {
            log_offset,
            duration: Duration::from_millis(number(4)?),
            cause: row.get(5)?,
            caught_up: number(6)?,
        },
    })
}

fn too_large(id: AttemptId) -> Result<(), LedgerError> {
    Err(LedgerError::InvalidMark { id, why: "a number in it is too large" })
}

/// SQLite's numbers are signed; no file is longer than they count.
fn signed(numbers: [u64; 3]) -> Option<[i64; 3]> {
    let [a, b, c] = numbers.map(i64::try_from);
    Some([a.ok()?, b.ok()?, c.ok()?])
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
