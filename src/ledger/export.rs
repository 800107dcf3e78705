//! The journal as JSON Lines.

use std::io::{self, Write};

use super::Ledger;
use super::error::LedgerError;
use super::record::EventRecord;
use crate::domain::id::Seq;

#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// `BrokenPipe` when the reader has seen enough.
    #[error("write the journal")]
    Write(#[from] io::Error),
}

/// Writes every event after `after` that is on disk, one line each; returns the last one's number,
/// or `after` when there was none. Constant memory, and no lock is held meanwhile. Blocks.
pub fn export(ledger: &Ledger, after: Seq, mut out: impl Write) -> Result<Seq, ExportError> {
    let mut last = after;
    loop {
        let page = ledger.events(last, PAGE)?;
        for event in &page {
            serde_json::to_writer(&mut out, &EventRecord::from(event)).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
            last = event.seq;
        }
        if page.len() < PAGE {
            out.flush()?;
            return Ok(last);
        }
    }
}

/// Events read at once.
const PAGE: usize = 1000;
