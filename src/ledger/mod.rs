//! stub
use crate::domain::{command::*, event::*, fleet::*, id::*, moment::*, run::*};
use std::path::PathBuf;
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub enum LedgerError {
    Stopped,
}
pub struct Holder;
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
