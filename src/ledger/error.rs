//! What can go wrong with the ledger, in words that fit "failed to …".

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::ErrorCode;

use crate::domain::id::{AttemptId, InvalidId, RunId, Seq};

/// Cheap to clone: one failed batch answers many requests.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LedgerError {
    #[error("{action} {}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: Arc<io::Error>,
    },
    /// Works again when there is space again; nothing that was there is damaged.
    #[error("write to {}: no space left on the disk, or its quota is used up", path.display())]
    NoSpace { path: PathBuf },
    #[error("use the ledger {}", path.display())]
    Database {
        path: PathBuf,
        #[source]
        source: Arc<rusqlite::Error>,
    },
    #[error(
        "read the ledger {path}: the file is damaged; the logs under runs/ beside it are plain files and stay readable. \
         To mend it, stop every steadfast, try `sqlite3 {path} .recover`, or move it away together with its -wal and \
         -shm: a new one is made, and `steadfast adopt HOST` takes the runs over again",
        path = path.display()
    )]
    Damaged {
        path: PathBuf,
        #[source]
        source: Arc<rusqlite::Error>,
    },
    #[error("use the ledger {}: a newer steadfast wrote it (schema {found}, this one knows {known}); use that one, or another --state-dir", path.display())]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("use the ledger {}: it is of an older steadfast (schema {found}, this one needs {known}); stop that one, and start this one once to migrate it", path.display())]
    Older { path: PathBuf, found: i64, known: i64 },
    #[error("use the ledger {}: it is the database of another program", path.display())]
    Foreign { path: PathBuf },
    #[error("open the ledger in {}: there is none", dir.display())]
    Missing { dir: PathBuf },
    /// Another process has been writing for longer than [`super::schema::BUSY_TIMEOUT`].
    #[error("use the ledger {}: another process keeps it busy", path.display())]
    Busy { path: PathBuf },
    /// The writer's queue is full: the disk does not keep up. What was given is not kept.
    #[error("write to the ledger: its queue is full, the disk is too slow")]
    Full,
    #[error("write to the ledger: it is closed")]
    Stopped,
    #[error("write to the ledger: another steadfast holds it")]
    NotOwner,
    #[error("hand the command over: no supervisor is running")]
    NoOwner,
    #[error("hand the command over: the supervisor does not take any; {waiting} are waiting")]
    OrdersFull { waiting: u64 },
    #[error("find run {text:?}")]
    NotFound { text: String },
    #[error("find run {prefix:?}: it could be {}", list(candidates))]
    Ambiguous {
        prefix: String,
        /// At most [`super::runs::CANDIDATES`].
        candidates: Vec<RunId>,
    },
    #[error("forget run {}: attempt {} is not over", id.run, id.attempt)]
    NotOver { id: AttemptId },
    /// Another event has this number already, or the numbers of one request do not ascend.
    #[error("write event {}: the journal is past it", seq.0)]
    OutOfOrder { seq: Seq },
    #[error("mark the output of {id}: {why}")]
    InvalidMark { id: AttemptId, why: &'static str },
    /// Two writers would write everything twice.
    #[error("open {} for writing: it is open already", path.display())]
    LogInUse { path: PathBuf },
    #[error("write or read a record of the ledger")]
    Record(#[source] Arc<serde_json::Error>),
    #[error("read a record of the ledger")]
    Name(#[from] InvalidId),
}

impl LedgerError {
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| {
            if [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded].contains(&source.kind()) {
                Self::NoSpace { path: path.into() }
            } else {
                Self::Io { action, path: path.into(), source: Arc::new(source) }
            }
        }
    }

    pub(super) fn database(path: &Path) -> impl Fn(rusqlite::Error) -> Self {
        move |source| match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::NoSpace { path: path.into() },
            Some(ErrorCode::SystemIoFailure) if is_full(&source) => Self::NoSpace { path: path.into() },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path: path.into() },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged { path: path.into(), source: Arc::new(source) }
            }
            _ => Self::Database { path: path.into(), source: Arc::new(source) },
        }
    }
}

impl From<serde_json::Error> for LedgerError {
    fn from(error: serde_json::Error) -> Self {
        Self::Record(Arc::new(error))
    }
}

/// Growing the wal index on a full disk is told as an I/O error (SQLITE_IOERR_SHMSIZE) and not as a full disk.
fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE)
}

fn list(ids: &[RunId]) -> String {
    ids.iter().map(RunId::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_says_which_file_and_how_to_mend_it() {
        let damaged = LedgerError::database(Path::new("/state/ledger.db"))(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT),
            None,
        ));
        let text = damaged.to_string();
        assert!(text.contains("/state/ledger.db") && text.contains(".recover") && text.contains("adopt"), "{text}");
        assert!(std::error::Error::source(&damaged).is_some());
    }
}
