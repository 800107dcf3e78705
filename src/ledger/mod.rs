//! stub
pub mod record;
use crate::domain::{command::*, event::*, fleet::*, id::*, moment::*, run::*};
use std::path::PathBuf;
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub enum LedgerError {
    Stopped,
}
pub enum Opened {
    Owner(Ledger),
    Viewer(Ledger, Holder),
}
#[derive(Clone, Debug)]
pub struct Holder {
    pub pid: u32,
    pub since: Wall,
    pub what: String,
}
impl std::fmt::Display for Holder {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}
#[derive(Clone)]
pub struct Ledger;
pub struct Log;
impl Log {
    pub fn append(&mut self, _: &[u8]) -> Result<(), LedgerError> {
        Ok(())
    }
    pub fn len(&self) -> u64 {
        0
    }
    pub fn sync(&self) -> Result<(), LedgerError> {
        Ok(())
    }
}
impl Ledger {
    pub fn open(_: &std::path::Path, _: &str, _: Wall) -> Result<Opened, LedgerError> {
        Ok(Opened::Owner(Self))
    }
    pub fn open_viewer(_: &std::path::Path) -> Result<Self, LedgerError> {
        Ok(Self)
    }
    pub fn holder(&self) -> Option<Holder> {
        None
    }
    pub fn is_owner(&self) -> bool {
        true
    }
    pub fn marks(&self, _: AttemptId, _: Stream) -> Result<Vec<OutputMark>, LedgerError> {
        Ok(vec![])
    }
    pub fn forget(&self, _: RunId) -> Result<u64, LedgerError> {
        Ok(0)
    }
    pub fn close(self) {}
    pub fn record(
        &self,
        _: Vec<Event>,
    ) -> Result<tokio::sync::oneshot::Receiver<Result<(), LedgerError>>, LedgerError> {
        Err(LedgerError::Stopped)
    }
    pub fn events(&self, _: Seq, _: usize) -> Result<Vec<Event>, LedgerError> {
        Ok(vec![])
    }
    pub fn restore(&self, _: Wall) -> Result<Fleet, LedgerError> {
        Ok(Fleet::default())
    }
    pub fn log_path(&self, _: AttemptId, _: Stream) -> PathBuf {
        PathBuf::new()
    }
    pub fn open_log(&self, _: AttemptId, _: Stream) -> Result<Log, LedgerError> {
        Ok(Log)
    }
    pub fn mark(&self, _: AttemptId, _: Stream, _: OutputMark) -> Result<(), LedgerError> {
        Ok(())
    }
    pub fn spool_offset(&self, _: AttemptId, _: Stream, _: u64) -> Result<u64, LedgerError> {
        Ok(0)
    }
    pub fn record_arrival(&self, _: AttemptId, _: Stream, _: Wall, _: u64) -> Result<(), LedgerError> {
        Ok(())
    }
    pub fn order(&self, _: &Command) -> Result<(), LedgerError> {
        Ok(())
    }
    pub fn take_orders(&self) -> Result<Vec<Command>, LedgerError> {
        Ok(vec![])
    }
}
