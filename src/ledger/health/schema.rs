//! The tables, and how the file is opened.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::domain::health::Metric;
use crate::ledger::error::LedgerError;
use crate::ledger::schema::{BUSY_TIMEOUT, create};

/// Opens it for writing; made if there is none. A damaged one is put aside: it holds nothing that
/// anything depends on.
pub(super) fn open_owner(path: &Path) -> Result<Connection, LedgerError> {
    match try_open_owner(path) {
        Err(error @ LedgerError::Damaged { .. }) => {
            let aside = path.with_extension("db.damaged");
            tracing::warn!(%error, aside = %aside.display(), "the history of health is damaged, put aside and begun anew");
            fs::rename(path, &aside).map_err(LedgerError::io("put aside", path))?;
            for belonging in ["db-wal", "db-shm"] {
                // Mostly there is none; the new file must not find it.
                fs::remove_file(path.with_extension(belonging)).ok();
            }
            try_open_owner(path)
        }
        other => other,
    }
}

fn try_open_owner(path: &Path) -> Result<Connection, LedgerError> {
    create(path)?;
    let broken = LedgerError::database(path);
    let mut db = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    if version(&db, path)? == 0 {
        let change = db.transaction().map_err(&broken)?;
        change.execute_batch(&tables()).map_err(&broken)?;
        change.pragma_update(None, "user_version", VERSION).map_err(&broken)?;
        change.pragma_update(None, "application_id", APPLICATION).map_err(&broken)?;
        change.commit().map_err(&broken)?;
    }
    db.pragma_update(None, "journal_mode", "wal").map_err(&broken)?;
    // A power cut may take the last batches; the file stays sound.
    db.pragma_update(None, "synchronous", "normal").map_err(&broken)?;
    db.pragma_update(None, "journal_size_limit", 4 << 20).map_err(&broken)?;
    let page: i64 = db.pragma_query_value(None, "page_size", |row| row.get(0)).map_err(&broken)?;
    // This pragma answers.
    db.pragma_update_and_check(None, "max_page_count", BYTES / page.max(512), |_| Ok(())).map_err(&broken)?;
    Ok(db)
}

/// Opens it for reading; `None`: there is none, or its owner has only begun to make it.
pub(super) fn open_reader(path: &Path) -> Result<Option<Connection>, LedgerError> {
    if !path.exists() {
        return Ok(None);
    }
    let db = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    Ok((version(&db, path)? > 0).then_some(db))
}

fn open(path: &Path, access: OpenFlags) -> Result<Connection, LedgerError> {
    let broken = LedgerError::database(path);
    let db = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(&broken)?;
    db.busy_timeout(BUSY_TIMEOUT).map_err(&broken)?;
    Ok(db)
}

fn version(db: &Connection, path: &Path) -> Result<i64, LedgerError> {
    let broken = LedgerError::database(path);
    let number = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (found, application) = (number("user_version").map_err(&broken)?, number("application_id").map_err(&broken)?);
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(&broken)?;
    match (application, found) {
        (APPLICATION, found) if found > VERSION => Err(LedgerError::Newer { path: path.into(), found, known: VERSION }),
        (APPLICATION, found) => Ok(found),
        (0, 0) if tables == 0 => Ok(0),
        _ => Err(LedgerError::Foreign { path: path.into() }),
    }
}

/// `at` counts milliseconds since 1970 UTC; of `means` it is the beginning of the slice.
fn tables() -> String {
    let values: Vec<String> = Metric::ALL.iter().map(|metric| format!("{} REAL", metric.word())).collect();
    let slices: Vec<String> =
        Metric::ALL.iter().map(|metric| format!("{0} REAL, {0}_max REAL", metric.word())).collect();
    format!(
        "CREATE TABLE hosts (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, latest TEXT NOT NULL
        ) STRICT;
        CREATE TABLE samples (
            host INTEGER NOT NULL, at INTEGER NOT NULL, {}, PRIMARY KEY (host, at)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE means (
            host INTEGER NOT NULL, at INTEGER NOT NULL, count INTEGER NOT NULL, {}, PRIMARY KEY (host, at)
        ) STRICT, WITHOUT ROWID;",
        values.join(", "),
        slices.join(", ")
    )
}

const VERSION: i64 = 1;

/// `STFH`.
const APPLICATION: i64 = 0x5354_4648;

/// The file grows no further: what comes then is not written, and a warning says so. Thinning keeps it
/// far below that.
const BYTES: i64 = 512 << 20;
