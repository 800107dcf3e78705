//! Our copy of a spool: a plain file that only grows, raw bytes and nothing else. Its length is the
//! offset at which the output goes on. Knows nothing of the database.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::error::LedgerError;
use crate::domain::id::{AttemptId, RunId};
use crate::domain::run::Stream;

/// A log, open for writing. At most one is open per file, in all processes.
pub struct Log {
    file: File,
    path: PathBuf,
    len: u64,
}

impl Log {
    /// Opens the log at `path`, or makes it, in a way that its name survives a power cut.
    pub(super) fn open(root: &Path, path: PathBuf) -> Result<Self, LedgerError> {
        if let Some(dir) = path.parent() {
            create_dir(dir)?;
        }
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(0o600);
        let file = options.open(&path).map_err(LedgerError::io("open", &path))?;
        match file.try_lock() {
            // A file system without locks: the lock of the ledger has to be enough.
            Ok(()) | Err(TryLockError::Error(_)) => {}
            Err(TryLockError::WouldBlock) => return Err(LedgerError::LogInUse { path }),
        }
        let len = length(&file, &path)?;
        // Not only when it was made just now: whoever made it may have died before this.
        if len == 0 {
            for dir in path.ancestors().skip(1).take_while(|dir| dir.starts_with(root)) {
                sync_dir(dir)?;
            }
        }
        Ok(Self { file, path, len })
    }

    /// Appends all of `bytes` or, with an error, none: what was written of them is cut off again, and
    /// when even that fails it counts, so that [`Log::len`] is right in every case. Blocks.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), LedgerError> {
        match self.file.write_all(bytes) {
            Ok(()) => {
                self.len += bytes.len() as u64;
                Ok(())
            }
            Err(error) => {
                if self.file.set_len(self.len).is_err() {
                    self.len = length(&self.file, &self.path)?;
                }
                Err(LedgerError::io("append to", &self.path)(error))
            }
        }
    }

    /// Bytes in it: the offset of the next one.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns when all of it is on the disk itself; only then may the host give its copy up. Blocks.
    pub fn sync(&self) -> Result<(), LedgerError> {
        self.file.sync_data().map_err(LedgerError::io("sync", &self.path))
    }
}

impl Drop for Log {
    /// Closing alone would leave the lock to a child that is being started at this moment, until it
    /// has become its program; then the log could not be opened again at once.
    fn drop(&mut self) {
        self.file.unlock().ok();
    }
}

/// The directory of everything that a run put out.
pub(super) fn run_dir(root: &Path, run: RunId) -> PathBuf {
    root.join(RUNS).join(run.as_str())
}

/// Where a stream's log is, or would be.
pub(super) fn path(root: &Path, id: AttemptId, stream: Stream) -> PathBuf {
    run_dir(root, id.run).join(id.attempt.to_string()).join(format!("{}.log", stream.word()))
}

/// Brings what is in a log on the disk itself, whoever wrote it; nothing to do when there is none.
pub(super) fn sync(path: &Path) -> Result<(), LedgerError> {
    match File::open(path) {
        Ok(file) => file.sync_data().map_err(LedgerError::io("sync", path)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(LedgerError::io("open", path)(error)),
    }
}

/// Removes a run's logs; says how many bytes were in them. Nothing to do when there are none.
pub(super) fn remove(root: &Path, run: RunId) -> Result<u64, LedgerError> {
    let dir = run_dir(root, run);
    let bytes = bytes_in(&dir)?;
    match fs::remove_dir_all(&dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(LedgerError::io("remove", &dir)(error)),
        Ok(()) | Err(_) => Ok(bytes),
    }
}

/// Makes it and those above it that are missing, for the operator's eyes only.
pub(super) fn create_dir(dir: &Path) -> Result<(), LedgerError> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(LedgerError::io("create", dir))
}

fn bytes_in(dir: &Path) -> Result<u64, LedgerError> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        other => other.map_err(LedgerError::io("read", dir))?,
    };
    let mut bytes = 0;
    for entry in entries {
        let entry = entry.map_err(LedgerError::io("read", dir))?;
        // Of a symbolic link, the link itself: nothing outside is ever counted or removed.
        let meta = entry.metadata().map_err(LedgerError::io("read", &entry.path()))?;
        bytes += if meta.is_dir() { bytes_in(&entry.path())? } else { meta.len() };
    }
    Ok(bytes)
}

fn length(file: &File, path: &Path) -> Result<u64, LedgerError> {
    file.metadata().map(|meta| meta.len()).map_err(LedgerError::io("read the length of", path))
}

/// A new name is only on the disk once its directory is.
fn sync_dir(dir: &Path) -> Result<(), LedgerError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(LedgerError::io("sync", dir))
}

const RUNS: &str = "runs";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Attempt;

    fn log(root: &Path) -> Result<Log, LedgerError> {
        let id = AttemptId { run: RunId::from_random(7), attempt: Attempt::FIRST };
        Log::open(root, path(root, id, Stream::Out))
    }

    #[test]
    fn it_goes_on_where_it_ended() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut first = log(dir.path()).expect("it opens");
        first.append(b"one\r\n\0").expect("there is space");
        first.sync().expect("it syncs");
        assert_eq!(first.len(), 6);
        drop(first);
        let mut second = log(dir.path()).expect("it opens");
        assert_eq!(second.len(), 6);
        second.append(b"two").expect("there is space");
        assert_eq!(fs::read(second.path()).expect("it is there"), b"one\r\n\0two");
    }

    #[test]
    fn two_writers_of_one_log_cannot_be() {
        let dir = tempfile::tempdir().expect("a directory");
        let first = log(dir.path()).expect("it opens");
        assert!(matches!(log(dir.path()), Err(LedgerError::LogInUse { .. })));
        drop(first);
        assert!(log(dir.path()).is_ok());
    }

    #[test]
    fn others_cannot_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("a directory");
        let log = log(dir.path()).expect("it opens");
        let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!(mode(log.path()), 0o600);
        assert!(log.path().ancestors().skip(1).take(3).all(|dir| mode(dir) == 0o700));
    }

    #[test]
    fn removing_says_how_much_it_was() {
        let dir = tempfile::tempdir().expect("a directory");
        log(dir.path()).and_then(|mut log| log.append(&[1; 1000])).expect("there is space");
        assert_eq!(remove(dir.path(), RunId::from_random(7)).expect("it goes"), 1000);
        assert_eq!(remove(dir.path(), RunId::from_random(7)).expect("it is gone"), 0);
    }
}
