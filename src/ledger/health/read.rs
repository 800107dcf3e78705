//! Reading, by whoever wants to: the owner at its start, viewers and commands beside it.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, Row, params};

use super::record::TakenRecord;
use super::{FILE, schema, thin};
use crate::domain::health::{METRICS, Metric, Point, Taken};
use crate::domain::id::HostId;
use crate::domain::moment::Wall;
use crate::ledger::error::LedgerError;

/// The recent past of one host.
#[derive(Clone, PartialEq, Debug)]
pub struct Past {
    pub host: HostId,
    pub latest: Option<Taken>,
    /// Oldest first.
    pub points: Vec<Point>,
}

/// The numbers of a stretch of time: one sample, or many of them.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Slice {
    pub from: Wall,
    /// Samples in it.
    pub count: u32,
    pub mean: [Option<f64>; METRICS],
    pub max: [Option<f64>; METRICS],
}

/// Reads what is on disk. Blocks.
pub struct HealthReader {
    db: Connection,
    path: PathBuf,
}

impl HealthReader {
    /// Opens the history beside the ledger in `dir`; `None`: there is none.
    ///
    /// # Errors
    /// When it cannot be read, or a later version wrote it.
    pub fn open(dir: &Path) -> Result<Option<Self>, LedgerError> {
        let path = dir.join(FILE);
        Ok(schema::open_reader(&path)?.map(|db| Self { db, path }))
    }

    /// Each host with its last sample, and at most so many numbers before it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn recent(&self, points: usize) -> Result<Vec<Past>, LedgerError> {
        recent(&self.db, points).map_err(LedgerError::database(&self.path))
    }

    /// What was told of a host from `since` on, oldest first, at most the last `limit`: means of five
    /// minutes as far as samples have become them, then samples.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn history(&self, host: &HostId, since: Wall, limit: usize) -> Result<Vec<Slice>, LedgerError> {
        history(&self.db, host, since, limit).map_err(LedgerError::database(&self.path))
    }
}

pub(super) fn recent(db: &Connection, points: usize) -> rusqlite::Result<Vec<Past>> {
    let mut hosts = db.prepare_cached("SELECT id, name, at, latest FROM hosts")?;
    let mut rows = hosts.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let (number, name): (i64, String) = (row.get(0)?, row.get(1)?);
        // Whoever wrote another name there did not mean us.
        let Ok(host) = HostId::parse(&name) else { continue };
        let text: String = row.get(3)?;
        let at = Wall(row.get(2)?);
        let latest = serde_json::from_str::<TakenRecord>(&text).ok().map(|record| record.taken(at));
        all.push(Past { host, latest, points: last(db, number, points)? });
    }
    Ok(all)
}

fn last(db: &Connection, host: i64, points: usize) -> rusqlite::Result<Vec<Point>> {
    let columns: Vec<&str> = Metric::ALL.iter().map(|metric| metric.word()).collect();
    let sql = format!("SELECT at, {} FROM samples WHERE host = ?1 ORDER BY at DESC LIMIT ?2", columns.join(", "));
    let limit = i64::try_from(points).unwrap_or(i64::MAX);
    let read = |row: &Row<'_>| -> rusqlite::Result<Point> {
        let mut values = [None; METRICS];
        for (place, value) in values.iter_mut().enumerate() {
            *value = row.get(place + 1)?;
        }
        Ok(Point { at: Wall(row.get(0)?), values })
    };
    let mut points: Vec<Point> = db.prepare_cached(&sql)?.query_map([host, limit], read)?.collect::<Result<_, _>>()?;
    points.reverse();
    Ok(points)
}

fn history(db: &Connection, host: &HostId, since: Wall, limit: usize) -> rusqlite::Result<Vec<Slice>> {
    let of = |table: &str, count: &str, max: &str| {
        let columns: Vec<String> = Metric::ALL.iter().map(|metric| format!("{0}, {0}{max}", metric.word())).collect();
        format!(
            "SELECT at, {count}, {} FROM {table} WHERE at >= ?2
                AND host = (SELECT id FROM hosts WHERE name = ?1) ORDER BY at DESC LIMIT ?3",
            columns.join(", ")
        )
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let begun = since.0 - i64::try_from(thin::SLICE.as_millis()).unwrap_or(0);
    let mut all = Vec::new();
    for (sql, since) in [(of("means", "count", "_max"), begun), (of("samples", "1", ""), since.0)] {
        let rows = db
            .prepare_cached(&sql)?
            .query_map(params![host.as_str(), since, limit], slice)?
            .collect::<Result<Vec<_>, _>>()?;
        all.extend(rows);
    }
    all.sort_by_key(|slice| slice.from);
    let excess = all.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
    all.drain(..excess);
    Ok(all)
}

fn slice(row: &Row<'_>) -> rusqlite::Result<Slice> {
    let (mut mean, mut max) = ([None; METRICS], [None; METRICS]);
    for (place, (mean, max)) in mean.iter_mut().zip(&mut max).enumerate() {
        (*mean, *max) = (row.get(2 + 2 * place)?, row.get(3 + 2 * place)?);
    }
    Ok(Slice { from: Wall(row.get(0)?), count: row.get(1)?, mean, max })
}
