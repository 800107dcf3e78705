//! The tables of the ledger, and how a connection with them is opened. `PRAGMA user_version` counts
//! the migrations that were made; each is one transaction.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::error::LedgerError;

/// Opens the database as its owner: makes it if there is none, and migrates it.
pub(super) fn open_owner(path: &Path) -> Result<Connection, LedgerError> {
    create(path)?;
    let broken = LedgerError::database(path);
    let mut db = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    migrate(&mut db, path, &MIGRATIONS)?;
    db.pragma_update(None, "journal_mode", "wal").map_err(&broken)?;
    db.pragma_update(None, "journal_size_limit", WAL_LIMIT).map_err(&broken)?;
    // Without effect where fsync already reaches the disk; macOS needs it.
    db.pragma_update(None, "fullfsync", true).map_err(&broken)?;
    db.pragma_update(None, "checkpoint_fullfsync", true).map_err(&broken)?;
    Ok(db)
}

/// Opens the database for reading only.
pub(super) fn open_reader(path: &Path) -> Result<Connection, LedgerError> {
    let db = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    check_version(&db, path)?;
    Ok(db)
}

/// Opens the database as a viewer that leaves an order in it.
pub(super) fn open_viewer(path: &Path) -> Result<Connection, LedgerError> {
    let db = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    check_version(&db, path)?;
    Ok(db)
}

/// As [`open_reader`], beside an owner that may only just have begun to make the database: waits for
/// it up to [`NAP`] × [`NAPS`]. The one who starts as a viewer waits; when it is late it gets the error.
pub(super) fn await_reader(path: &Path) -> Result<Connection, LedgerError> {
    for _ in 0..NAPS {
        match open_reader(path) {
            Err(LedgerError::Older { found: 0, .. } | LedgerError::Missing { .. }) => thread::sleep(NAP),
            other => return other,
        }
    }
    open_reader(path)
}

/// SQLite would make it readable for everyone that the umask lets; -wal and -shm take its mode. One
/// that is there is not opened: closing it would let go of this process's locks on it (fcntl(2)).
pub(super) fn create(path: &Path) -> Result<(), LedgerError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(LedgerError::io("create", path)(error)),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn open(path: &Path, access: OpenFlags) -> Result<Connection, LedgerError> {
    if !path.exists() {
        return Err(LedgerError::Missing { dir: path.parent().unwrap_or(path).into() });
    }
    let broken = LedgerError::database(path);
    let db = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(&broken)?;
    db.busy_timeout(BUSY_TIMEOUT).map_err(&broken)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(db)
}

fn check_version(db: &Connection, path: &Path) -> Result<(), LedgerError> {
    let known = version_of(&MIGRATIONS);
    let found = version(db, path)?;
    match found.cmp(&known) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Less => Err(LedgerError::Older { path: path.into(), found, known }),
        std::cmp::Ordering::Greater => Err(LedgerError::Newer { path: path.into(), found, known }),
    }
}

fn version(db: &Connection, path: &Path) -> Result<i64, LedgerError> {
    let number = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let broken = LedgerError::database(path);
    let (found, application) = (number("user_version").map_err(&broken)?, number("application_id").map_err(&broken)?);
    let tables: i64 = db
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(LedgerError::database(path))?;
    if application == APPLICATION || (application == 0 && found == 0 && tables == 0) {
        Ok(found)
    } else {
        Err(LedgerError::Foreign { path: path.into() })
    }
}

fn migrate(db: &mut Connection, path: &Path, migrations: &[&str]) -> Result<(), LedgerError> {
    let known = version_of(migrations);
    let found = version(db, path)?;
    let done = usize::try_from(found).unwrap_or(usize::MAX);
    let Some(missing) = migrations.get(done..) else {
        return Err(LedgerError::Newer { path: path.into(), found, known });
    };
    for (number, migration) in (found + 1..).zip(missing) {
        let mut step = || -> rusqlite::Result<()> {
            let change = db.transaction()?;
            change.execute_batch(migration)?;
            change.pragma_update(None, "user_version", number)?;
            change.pragma_update(None, "application_id", APPLICATION)?;
            change.commit()
        };
        step().map_err(LedgerError::database(path))?;
    }
    Ok(())
}

fn version_of(migrations: &[&str]) -> i64 {
    i64::try_from(migrations.len()).unwrap_or(i64::MAX)
}

/// Never edited once released: what is to be different comes as a further one.
const MIGRATIONS: [&str; 2] = [
    "
    -- The journal. `body` is the JSON of record::FactRecord; `at` counts milliseconds since 1970 UTC.
    -- `kind` is its `type`, but `retry` for a link that stays as it is; `run` is set when it is about one.
    CREATE TABLE events (
        seq  INTEGER PRIMARY KEY,
        at   INTEGER NOT NULL,
        host TEXT,
        kind TEXT NOT NULL,
        run  TEXT,
        body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX events_by_kind ON events (kind, host);

    -- What the journal says of runs, for looking them up. Events up to `forgotten_to` are of a run
    -- that was forgotten.
    CREATE TABLE runs (
        run          TEXT PRIMARY KEY,
        host         TEXT NOT NULL,
        title        TEXT NOT NULL,
        requested_at INTEGER NOT NULL,
        forgotten_to INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE attempts (
        run          TEXT NOT NULL,
        attempt      INTEGER NOT NULL,
        requested_at INTEGER NOT NULL,
        ended_at     INTEGER,
        verdict      TEXT,
        PRIMARY KEY (run, attempt)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE streams (
        id      INTEGER PRIMARY KEY,
        run     TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        stream  TEXT NOT NULL,
        UNIQUE (run, attempt, stream)
    ) STRICT;
    CREATE TABLE marks (
        stream       INTEGER NOT NULL,
        log_offset   INTEGER NOT NULL,
        kind         TEXT NOT NULL,
        spool_offset INTEGER NOT NULL DEFAULT 0,
        lost         INTEGER NOT NULL DEFAULT 0,
        for_ms       INTEGER NOT NULL DEFAULT 0,
        cause        TEXT NOT NULL DEFAULT '',
        caught_up    INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (stream, log_offset, kind, for_ms, cause)
    ) STRICT, WITHOUT ROWID;
    -- When the bytes from `log_offset` on arrived; sampled.
    CREATE TABLE arrivals (
        stream     INTEGER NOT NULL,
        log_offset INTEGER NOT NULL,
        at         INTEGER NOT NULL,
        PRIMARY KEY (stream, log_offset)
    ) STRICT, WITHOUT ROWID;

    -- Commands of viewers for the owner.
    CREATE TABLE orders (
        id   INTEGER PRIMARY KEY AUTOINCREMENT,
        body TEXT NOT NULL
    ) STRICT;
",
    "
    -- How far output was looked at for alarms, and what was found: JSON of watches::WatchedPattern.
    CREATE TABLE watches (
        stream  INTEGER PRIMARY KEY,
        scanned INTEGER NOT NULL,
        found   TEXT NOT NULL
    ) STRICT;
    -- Where; of each pattern and stream the first ones.
    CREATE TABLE alarms (
        stream     INTEGER NOT NULL,
        log_offset INTEGER NOT NULL,
        pattern    TEXT NOT NULL,
        PRIMARY KEY (stream, log_offset, pattern)
    ) STRICT, WITHOUT ROWID;
",
];

/// `STFT`: what `file` and SQLite tell databases apart by.
const APPLICATION: i64 = 0x5354_4654;

/// Whoever wants to write while another process writes waits this long, then gets
/// [`LedgerError::Busy`]; the journal keeps what it could not write and tries again.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The write-ahead log is cut back to this after a checkpoint; it grows beyond while a reader is in
/// the way.
const WAL_LIMIT: i64 = 16 << 20;

/// Prepared statements kept per connection: more than there are.
const STATEMENTS: usize = 64;

/// See [`await_reader`].
const NAPS: u32 = 500;
const NAP: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("ledger.db");
        (dir, path)
    }

    #[test]
    fn a_migration_that_fails_leaves_the_schema_as_it_was() {
        let (_dir, path) = database();
        drop(open_owner(&path).expect("it is made"));
        let mut db = open(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).expect("it opens");
        let with = |last| MIGRATIONS.into_iter().chain([last]).collect::<Vec<_>>();
        let now = version_of(&MIGRATIONS);
        assert!(migrate(&mut db, &path, &with("CREATE TABLE later (a) STRICT; this is no SQL")).is_err());
        assert_eq!(version(&db, &path).expect("it has one"), now);
        let later = with("CREATE TABLE later (a ANY) STRICT");
        migrate(&mut db, &path, &later).expect("it is as if the broken one had never been");
        assert_eq!(version(&db, &path).expect("it has one"), now + 1);
        migrate(&mut db, &path, &later).expect("there is nothing left to do");
    }

    #[test]
    fn a_newer_schema_is_refused_and_left_alone() {
        let (_dir, path) = database();
        let db = open_owner(&path).expect("it is made");
        db.pragma_update(None, "user_version", 99).expect("it is set");
        drop(db);
        assert!(matches!(open_owner(&path), Err(LedgerError::Newer { found: 99, .. })));
        assert!(matches!(open_reader(&path), Err(LedgerError::Newer { .. })));
    }

    #[test]
    fn what_is_no_ledger_is_refused() {
        let (_dir, path) = database();
        std::fs::write(&path, [b'x'; 8192]).expect("it is written");
        assert!(matches!(open_owner(&path), Err(LedgerError::Damaged { .. })));
        std::fs::remove_file(&path).expect("it is removed");
        assert!(matches!(open_reader(&path), Err(LedgerError::Missing { .. })));
        Connection::open(&path).and_then(|db| db.execute_batch("CREATE TABLE notes (a)")).expect("it is made");
        assert!(matches!(open_owner(&path), Err(LedgerError::Foreign { .. })));
    }
}
