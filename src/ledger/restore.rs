//! What the ledger knows, folded into a fleet: the same fold as everywhere, over those events only
//! that still matter. Weeks of link changes are in the journal; a start does not read them.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::journal;
use crate::domain::fleet::{Away, Fleet, WARNINGS};
use crate::domain::id::Seq;
use crate::domain::moment::Wall;

/// All runs that were not forgotten, and of hosts: boots, the link as it was last, the timeline since
/// `since`. One consistent picture: it reads in one transaction.
pub(super) fn restore(db: &mut Connection, since: Wall) -> rusqlite::Result<Fleet> {
    let picture = db.transaction()?;
    let last = journal::last_seq(&picture)?;
    let first = first_since(&picture, since, last)?.max(last.saturating_sub(MOST));
    let mut fleet = Fleet::default();
    {
        let mut query = picture.prepare(MATTERING)?;
        let limit = i64::try_from(WARNINGS).unwrap_or(i64::MAX);
        let mut rows = query.query(named_params! {
            ":since": first,
            ":link": journal::LINK,
            ":retry": journal::RETRY,
            ":warnings": limit,
        })?;
        while let Some(row) = rows.next()? {
            fleet.apply(&journal::event(row)?);
        }
    }
    fleet.seq = Seq(u64::try_from(last).unwrap_or_default());
    fleet.last_at = at_or_before(&picture, last)?;
    fleet.away = away(&picture)?;
    Ok(fleet)
}

/// Events that a start reads of the time since: of a fleet that never rests the timeline begins later.
const MOST: i64 = 200_000;

/// The last stretch in which nobody looked: the fold over the event that tells of it, and the time of the one before.
fn away(db: &Connection) -> rusqlite::Result<Option<Away>> {
    let Some(event) = db.query_row(AWAY, [journal::SUPERVISOR], journal::event).optional()? else { return Ok(None) };
    let before = i64::try_from(event.seq.0).unwrap_or(i64::MAX).saturating_sub(1);
    let mut fleet = Fleet { last_at: at_or_before(db, before)?, ..Fleet::default() };
    fleet.apply(&event);
    Ok(fleet.away)
}

fn at_or_before(db: &Connection, seq: i64) -> rusqlite::Result<Option<Wall>> {
    let at = "SELECT at FROM events WHERE seq <= ?1 ORDER BY seq DESC LIMIT 1";
    db.prepare_cached(at)?.query_row([seq], |row| row.get(0).map(Wall)).optional()
}

/// The first event at or after `since`, found by halving. Where the wall clock was set back in
/// between, one of the places where it passed `since`.
fn first_since(db: &Connection, since: Wall, last: i64) -> rusqlite::Result<i64> {
    let mut at = db.prepare_cached("SELECT at FROM events WHERE seq >= ?1 ORDER BY seq LIMIT 1")?;
    let (mut low, mut high) = (1, last.saturating_add(1));
    while low < high {
        let middle = low + (high - low) / 2;
        if at.query_row([middle], |row| row.get::<_, i64>(0))? >= since.0 {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}

const AWAY: &str = "SELECT seq, at, host, body FROM events WHERE kind = ?1 AND json_valid(body)
    AND json_extract(body, '$.event') IN ('started', 'stalled') ORDER BY seq DESC LIMIT 1";

/// Per host, the last change of its link and, if later, the last that it was told to stay as it is, each
/// found by one step in the index (an earlier one would pass for the beginning of the state it was in);
/// boots and runs whole; the last network state; the last level of each host and service; the standing warnings; and everything since.
const MATTERING: &str = "
    WITH RECURSIVE
    hosts (kind, host) AS (
        SELECT k.kind, (SELECT min(host) FROM events WHERE kind = k.kind)
            FROM (SELECT :link AS kind UNION ALL SELECT :retry) AS k
        UNION ALL
        SELECT kind, (SELECT min(e.host) FROM events AS e WHERE e.kind = hosts.kind AND e.host > hosts.host)
            FROM hosts WHERE host IS NOT NULL
    ),
    links (kind, seq, changed) AS (
        SELECT kind,
            (SELECT max(e.seq) FROM events AS e WHERE e.kind = hosts.kind AND e.host = hosts.host AND e.seq < :since),
            (SELECT max(e.seq) FROM events AS e WHERE e.kind = :link AND e.host = hosts.host AND e.seq < :since)
        FROM hosts
    ),
    picked (seq) AS (
        SELECT seq FROM events WHERE seq >= :since
        UNION SELECT seq FROM events WHERE kind IN ('boot', 'run', 'output')
        UNION SELECT seq FROM links WHERE kind = :link OR seq > coalesce(changed, 0)
        UNION SELECT max(seq) FROM events WHERE kind = 'network'
        UNION SELECT max(seq) FROM events WHERE kind = 'health' AND json_valid(body)
            GROUP BY host, json_extract(body, '$.service')
        -- The operator's last word on each host.
        UNION SELECT max(seq) FROM events WHERE kind = 'operator' AND CASE WHEN json_valid(body)
            THEN json_extract(body, '$.event') IN ('pause', 'mark_dead', 'reconnect', 'detach') ELSE 0 END GROUP BY host
        UNION SELECT seq FROM (SELECT seq FROM events WHERE kind = 'supervisor'
            -- One that cannot be read becomes a warning.
            AND CASE WHEN json_valid(body) THEN json_extract(body, '$.event') = 'warning' ELSE 1 END
            ORDER BY seq DESC LIMIT :warnings)
    )
    -- What hosts left of their boots is for whoever asks for it.
    SELECT e.seq, e.at, e.host, CASE WHEN e.kind = 'boot' AND json_valid(e.body)
        THEN json_remove(e.body, '$.texts') ELSE e.body END FROM picked JOIN events AS e ON e.seq = picked.seq
        LEFT JOIN runs ON runs.run = e.run
    WHERE e.run IS NULL OR e.seq > coalesce(runs.forgotten_to, 0)
    ORDER BY e.seq";

#[cfg(test)]
#[path = "restore_tests.rs"]
mod tests;
