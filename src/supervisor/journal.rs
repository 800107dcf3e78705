//! The journal's task: hands events to the ledger, and tells when it cannot.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::domain::event::Event;
use crate::ledger::{Ledger, LedgerError};
use crate::supervisor::limits::JOURNAL;

/// The hub's end.
pub(super) struct Journal {
    entries: mpsc::Sender<Entry>,
}

struct Entry {
    event: Arc<Event>,
    /// Told when the event is on disk, or why it is not.
    written: Option<oneshot::Sender<Result<(), String>>>,
}

impl Journal {
    /// A journal, and what drives it; that ends when the journal is dropped and all is written.
    /// `troubles` is told of each change between writing and failing.
    pub(super) fn new(ledger: Ledger, troubles: mpsc::Sender<Option<String>>) -> (Self, impl Future<Output = ()>) {
        let (entries, queue) = mpsc::channel(JOURNAL);
        (Self { entries }, drive(ledger, queue, troubles))
    }

    /// Queues an event without waiting. `Err` if there is no room: it will not be on disk.
    pub(super) fn append(&self, event: Arc<Event>) -> Result<(), &'static str> {
        self.send(Entry { event, written: None })
    }

    /// Like [`Journal::append`]; the receiver hears when the event is on disk.
    pub(super) fn append_and_tell(
        &self,
        event: Arc<Event>,
    ) -> Result<oneshot::Receiver<Result<(), String>>, &'static str> {
        let (written, wait) = oneshot::channel();
        self.send(Entry { event, written: Some(written) })?;
        Ok(wait)
    }

    fn send(&self, entry: Entry) -> Result<(), &'static str> {
        self.entries.try_send(entry).map_err(|_| "the journal's queue is full")
    }
}

async fn drive(ledger: Ledger, mut queue: mpsc::Receiver<Entry>, troubles: mpsc::Sender<Option<String>>) {
    let mut batch = Vec::new();
    let mut failing = false;
    while queue.recv_many(&mut batch, 1_000).await > 0 {
        let events = batch.iter().map(|entry| (*entry.event).clone()).collect();
        let outcome = write(&ledger, events).await.map_err(|error| error.to_string());
        if outcome.is_err() != failing {
            failing = outcome.is_err();
            // Full: the hub has a warning waiting already.
            troubles.try_send(outcome.clone().err()).ok();
        }
        for written in batch.drain(..).filter_map(|entry| entry.written) {
            // Whoever waited may have gone.
            written.send(outcome.clone()).ok();
        }
    }
}

async fn write(ledger: &Ledger, events: Vec<Event>) -> Result<(), LedgerError> {
    match ledger.record(events)?.await {
        Ok(outcome) => outcome,
        Err(_) => Err(LedgerError::Stopped),
    }
}
