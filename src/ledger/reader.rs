//! Connections for reading: a few are kept, and whoever finds none opens one. Nobody waits for
//! another reader, and in WAL mode nobody waits for the writer.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::error::LedgerError;
use super::schema;

pub(super) struct Readers {
    path: PathBuf,
    /// Held only to take one out or put one back.
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf, first: Connection) -> Self {
        Self { path, idle: Mutex::new(vec![first]) }
    }

    /// Reads with a connection of its own. One that failed is not used again.
    pub(super) fn read<T>(&self, read: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T, LedgerError> {
        let idle = self.idle().pop();
        let mut db = match idle {
            Some(db) => db,
            None => schema::open_reader(&self.path)?,
        };
        let answer = read(&mut db).map_err(LedgerError::database(&self.path))?;
        let mut idle = self.idle();
        if idle.len() < KEPT {
            idle.push(db);
        }
        Ok(answer)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Connections kept open; one that is put back when there are as many is closed.
const KEPT: usize = 4;
