//! Who writes to a ledger: the one process that holds the lock file. The kernel lets go of it when
//! that process dies, however it dies, so nobody ever has to remove anything by hand.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::LedgerError;
use super::record::Timestamp;
use crate::domain::moment::Wall;

/// The process that writes to the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holder {
    pub pid: u32,
    pub since: Wall,
    /// What it is, for people: `steadfast run on /dev/pts/3`.
    pub what: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pid {} ({}) since {}", self.pid, self.what, Timestamp::from(self.since))
    }
}

/// The held lock; dropping it lets go.
pub(super) struct Lock {
    file: File,
    holder: PathBuf,
}

impl Lock {
    /// Takes the lock and says who did. `None`: another process, or another `Lock` of this one, has it.
    pub(super) fn take(dir: &Path, what: &str, now: Wall) -> Result<Option<Self>, LedgerError> {
        let path = dir.join(LOCK);
        let file = open(&path)?;
        if !try_lock(&file, &path)? {
            return Ok(None);
        }
        let lock = Self { file, holder: dir.join(HOLDER) };
        lock.sign(&Holder { pid: std::process::id(), since: now, what: what.to_owned() })?;
        Ok(Some(lock))
    }

    /// Written aside and renamed, so that no reader sees half of it.
    fn sign(&self, holder: &Holder) -> Result<(), LedgerError> {
        let aside = self.holder.with_extension("new");
        let mut text = serde_json::to_vec(&HolderRecord::from(holder))?;
        text.push(b'\n');
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        options.open(&aside).and_then(|mut file| file.write_all(&text)).map_err(LedgerError::io("write", &aside))?;
        fs::rename(&aside, &self.holder).map_err(LedgerError::io("write", &self.holder))
    }

    /// Lets go; idempotent.
    pub(super) fn release(&self) {
        // The name goes first: a name without a lock would only be stale, but the next holder's name
        // must not be removed. Neither can be mended here, and the kernel lets go at the latest.
        fs::remove_file(&self.holder).ok();
        self.file.unlock().ok();
    }
}

/// Who holds the ledger in `dir` now; `None`: nobody.
pub(super) fn holder(dir: &Path) -> Option<Holder> {
    is_held(dir).then(|| read_holder(&dir.join(HOLDER)).unwrap_or_else(unnamed))
}

/// As [`holder`], for one who was just refused the lock: waits up to [`NAP`] × [`NAPS`] for a holder
/// that has taken the lock, but has not yet written its name. The one who starts as a viewer waits;
/// when it is late the holder stays without a name.
pub(super) fn await_holder(dir: &Path) -> Holder {
    let path = dir.join(HOLDER);
    for _ in 0..NAPS {
        if let Some(holder) = read_holder(&path) {
            return holder;
        }
        thread::sleep(NAP);
    }
    unnamed()
}

/// Asks with a shared lock, which is let go of at once; [`try_lock`] puts up with it.
fn is_held(dir: &Path) -> bool {
    let Ok(file) = File::open(dir.join(LOCK)) else { return false };
    match file.try_lock_shared() {
        Ok(()) => {
            file.unlock().ok();
            false
        }
        Err(TryLockError::WouldBlock) => true,
        Err(TryLockError::Error(_)) => false,
    }
}

/// Tries a few times: a viewer that asks whether the lock is held holds it itself for an instant.
fn try_lock(file: &File, path: &Path) -> Result<bool, LedgerError> {
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_NAP),
            Err(TryLockError::Error(error)) => return Err(LedgerError::io("lock", path)(error)),
        }
    }
    Ok(false)
}

fn open(path: &Path) -> Result<File, LedgerError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map_err(LedgerError::io("open", path))
}

fn read_holder(path: &Path) -> Option<Holder> {
    let mut text = String::new();
    File::open(path).ok()?.take(HOLDER_LIMIT).read_to_string(&mut text).ok()?;
    serde_json::from_str::<HolderRecord>(&text).ok().map(Into::into)
}

fn unnamed() -> Holder {
    Holder { pid: 0, since: Wall::default(), what: "a steadfast that has not said its name".into() }
}

#[derive(Serialize, Deserialize)]
struct HolderRecord {
    pid: u32,
    since: Timestamp,
    what: String,
}

impl From<&Holder> for HolderRecord {
    fn from(holder: &Holder) -> Self {
        Self { pid: holder.pid, since: holder.since.into(), what: holder.what.clone() }
    }
}

impl From<HolderRecord> for Holder {
    fn from(record: HolderRecord) -> Self {
        let what = record.what.chars().filter(|c| !c.is_control()).collect();
        Self { pid: record.pid, since: record.since.into(), what }
    }
}

const LOCK: &str = "lock";
const HOLDER: &str = "holder.json";
const HOLDER_LIMIT: u64 = 4096;

/// The starting process waits this long for an asking viewer to let go; after that the lock counts
/// as held, and it starts as a viewer.
const LOCK_TRIES: u32 = 5;
const LOCK_NAP: Duration = Duration::from_millis(2);

/// See [`await_holder`].
const NAPS: u32 = 50;
const NAP: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_one_learns_who_the_first_is() {
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(holder(dir.path()), None);
        let lock = Lock::take(dir.path(), "steadfast run on /dev/pts/3", Wall(0)).expect("it can be taken");
        assert!(lock.is_some());
        assert!(Lock::take(dir.path(), "steadfast", Wall(1)).expect("it can be tried").is_none());
        let shown = await_holder(dir.path()).to_string();
        let pid = std::process::id();
        assert_eq!(shown, format!("pid {pid} (steadfast run on /dev/pts/3) since 1970-01-01T00:00:00.000Z"));
        assert_eq!(holder(dir.path()).map(|h| h.pid), Some(pid));
        drop(lock);
        assert_eq!(holder(dir.path()), None);
        assert!(Lock::take(dir.path(), "steadfast", Wall(1)).expect("it can be tried").is_some());
    }

    #[test]
    fn what_another_program_wrote_there_is_no_name() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join(HOLDER), [0xff; 9000]).expect("it can be written");
        assert_eq!(read_holder(&dir.path().join(HOLDER)), None);
    }
}
