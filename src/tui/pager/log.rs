//! The file of a log: opened when it is there, read at offsets, never written.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

pub(super) struct Log {
    /// None for a file without a name, which stays open.
    path: Option<PathBuf>,
    /// Bytes that may be read: what the writer has announced. The file may be longer.
    allowed: AtomicU64,
    /// Held while the file is opened, never while it is read.
    file: Mutex<Option<Arc<File>>>,
}

impl Log {
    pub(super) fn new(path: PathBuf, allowed: u64) -> Self {
        Self { path: Some(path), allowed: AtomicU64::new(allowed), file: Mutex::new(None) }
    }

    /// A file without a name, of which nothing may be read yet.
    pub(super) fn of_file(file: Arc<File>) -> Self {
        Self { path: None, allowed: AtomicU64::new(0), file: Mutex::new(Some(file)) }
    }

    /// Whether this changed anything.
    pub(super) fn allow(&self, end: u64) -> bool {
        self.allowed.swap(end, Ordering::Relaxed) != end
    }

    /// Bytes that are there to be read now. A log that is not there yet has none.
    pub(super) fn length(&self) -> io::Result<u64> {
        let Some(file) = self.file()? else { return Ok(0) };
        Ok(file.metadata()?.len().min(self.allowed.load(Ordering::Relaxed)))
    }

    /// Fills the buffer from `offset` on, up to the file's end.
    pub(super) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(file) = self.file()? else { return Ok(0) };
        let mut filled = 0;
        while filled < buffer.len() {
            match file.read_at(&mut buffer[filled..], offset + as_u64(filled)) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// The file, opened again when the one that was open has been deleted.
    fn file(&self) -> io::Result<Option<Arc<File>>> {
        let mut slot = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(path) = &self.path else { return Ok(slot.clone()) };
        if let Some(file) = slot.as_ref()
            && file.metadata()?.nlink() > 0
        {
            return Ok(Some(Arc::clone(file)));
        }
        *slot = match File::open(path) {
            Ok(file) => Some(Arc::new(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(slot.clone())
    }
}

pub(in crate::tui) fn as_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// For lengths that are bounded by a buffer of ours.
pub(super) fn as_usize(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
