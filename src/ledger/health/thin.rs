//! What becomes of samples as they grow old: means of five minutes after a day, nothing after 30 days;
//! and never more rows than [`ROWS`], of which each host has its part.

use std::time::Duration;

use rusqlite::{Connection, params};

use crate::domain::health::Metric;
use crate::domain::moment::Wall;

/// Thins what is in the file; host by host, each in a transaction of its own.
pub(super) fn thin(db: &mut Connection, now: Wall) -> rusqlite::Result<()> {
    let hosts: Vec<i64> =
        db.prepare("SELECT id FROM hosts")?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let most = i64::try_from(ROWS / 2 / hosts.len().max(1)).unwrap_or(i64::MAX).max(FEWEST);
    let before = |age: Duration| now.0.saturating_sub(millis(age));
    let aged = before(RAW).div_euclid(millis(SLICE)) * millis(SLICE);
    for host in hosts {
        let change = db.transaction()?;
        change.prepare_cached(&means())?.execute(params![host, millis(SLICE), aged])?;
        change.prepare_cached("DELETE FROM samples WHERE host = ?1 AND at < ?2")?.execute(params![host, aged])?;
        change.prepare_cached("DELETE FROM means WHERE host = ?1 AND at < ?2")?.execute(params![host, before(KEPT)])?;
        for table in ["samples", "means"] {
            // Beyond its part; and what a clock wrote that was ahead by more than a day.
            let sql = format!(
                "DELETE FROM {table} WHERE host = ?1 AND (at > ?3 OR at <=
                    (SELECT at FROM {table} WHERE host = ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2))"
            );
            change.prepare_cached(&sql)?.execute(params![host, most, now.0.saturating_add(millis(RAW))])?;
        }
        change.commit()?;
    }
    // Hosts that are no more.
    db.execute(
        "DELETE FROM hosts WHERE at < ?1 AND NOT EXISTS (SELECT 1 FROM samples WHERE host = id)
            AND NOT EXISTS (SELECT 1 FROM means WHERE host = id)",
        [before(KEPT)],
    )?;
    Ok(())
}

fn means() -> String {
    let columns: Vec<String> = Metric::ALL.iter().map(|metric| format!("{0}, {0}_max", metric.word())).collect();
    let values: Vec<String> = Metric::ALL.iter().map(|metric| format!("avg({0}), max({0})", metric.word())).collect();
    format!(
        "INSERT OR IGNORE INTO means (host, at, count, {}) SELECT host, at - at % ?2, count(*), {}
            FROM samples WHERE host = ?1 AND at < ?3 GROUP BY at - at % ?2",
        columns.join(", "),
        values.join(", ")
    )
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// How long samples stay as they are.
pub(super) const RAW: Duration = Duration::from_secs(24 * 3600);

/// Of one mean.
pub(super) const SLICE: Duration = Duration::from_secs(300);

/// How long means are kept.
pub(super) const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// Samples and means in all, of some 100 bytes each. With a thousand hosts at the usual interval the last
/// eight hours of samples and the last three days of means.
const ROWS: usize = 2_000_000;

/// What every host may have, however many there are.
const FEWEST: i64 = 100;
