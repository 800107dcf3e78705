//! The one thread that writes to the database. Callers hand it jobs through a bounded queue; it makes
//! batches of them, so that a thousand events cost one transaction.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::arrivals::Sample;
use super::error::LedgerError;
use super::journal::{self, Entry};
use super::watches::Watched;
use crate::domain::event::Event;

pub(super) enum Job {
    Record {
        events: Vec<Event>,
        answer: Answer,
    },
    Arrival(Sample),
    Watched(Watched),
    /// A change of its own that must be on the disk itself before it is answered.
    Change(Change),
}

pub(super) type Answer = oneshot::Sender<Result<(), LedgerError>>;

/// Calls [`Writer::apply`], and answers whoever waits.
pub(super) type Change = Box<dyn FnOnce(&mut Writer) + Send>;

/// State of the thread.
pub(super) struct Writer {
    db: Connection,
    path: PathBuf,
    jobs: Receiver<Job>,
    /// Events accepted and not yet on disk, at most [`BACKLOG`] once a write has failed: they go with
    /// the next batch, so that a full disk leaves no hole in the journal.
    pending: VecDeque<Entry>,
    /// Number of the last event on disk.
    written: i64,
    /// Whether commits wait for the disk itself.
    synced: Option<bool>,
}

/// What was taken from the queue for one transaction.
#[derive(Default)]
struct Batch {
    requests: Vec<(Vec<Event>, Answer)>,
    samples: Vec<Sample>,
    watched: Vec<Watched>,
    events: usize,
    change: Option<Change>,
    urgent: bool,
}

impl Writer {
    pub(super) fn new(db: Connection, path: PathBuf, jobs: Receiver<Job>) -> Result<Self, LedgerError> {
        let written = journal::last_seq(&db).map_err(LedgerError::database(&path))?;
        Ok(Self { db, path, jobs, pending: VecDeque::new(), written, synced: None })
    }

    /// Works until the queue is closed and empty.
    pub(super) fn run(mut self) {
        while let Some(mut batch) = self.gather() {
            let change = batch.change.take();
            self.write(batch);
            if let Some(change) = change {
                change(&mut self);
            }
        }
        if !self.pending.is_empty() {
            self.write(Batch::default());
        }
        if !self.pending.is_empty() {
            tracing::error!(events = self.pending.len(), "the end of the journal could not be written");
        }
    }

    /// Waits for a first job and then up to [`NAP`] × [`NAPS`] for more, less when one is urgent.
    /// `None`: the queue is closed.
    fn gather(&mut self) -> Option<Batch> {
        let mut batch = Batch::default();
        if self.pending.is_empty() {
            batch.add(self.jobs.recv().ok()?);
        } else {
            match self.jobs.recv_timeout(RETRY) {
                Ok(job) => batch.add(job),
                Err(RecvTimeoutError::Timeout) => return Some(batch),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        for _ in 0..NAPS {
            while !batch.is_full() {
                match self.jobs.try_recv() {
                    Ok(job) => batch.add(job),
                    Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
                }
            }
            if batch.is_full() || batch.urgent {
                break;
            }
            match self.jobs.recv_timeout(NAP) {
                Ok(job) => batch.add(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        Some(batch)
    }

    /// Writes what is pending and what is new in one transaction, and answers.
    fn write(&mut self, batch: Batch) {
        let mut waiting = Vec::with_capacity(batch.requests.len());
        for (events, answer) in batch.requests {
            match self.accept(&events) {
                Ok(()) => waiting.push(answer),
                Err(error) => drop(answer.send(Err(error))),
            }
        }
        let result = self.commit(&batch.samples, &batch.watched);
        match &result {
            Ok(()) => {
                self.written = self.pending.back().map_or(self.written, |entry| entry.seq);
                self.pending.clear();
            }
            Err(error) => {
                tracing::error!(%error, "the journal could not be written");
                self.keep();
            }
        }
        for answer in waiting {
            // Nobody may be waiting any more.
            answer.send(result.clone()).ok();
        }
    }

    /// After a failed commit: what is pending stays, up to [`BACKLOG`]. What the disk has after all
    /// must not be written twice.
    fn keep(&mut self) {
        if let Ok(last) = journal::last_seq(&self.db) {
            self.written = last;
            self.pending.retain(|entry| entry.seq > last);
        }
        self.pending.truncate(BACKLOG);
    }

    /// Puts the events of one request behind what is pending, or none of them. Those that are there
    /// already are left out: a caller whose request failed may ask again.
    fn accept(&mut self, events: &[Event]) -> Result<(), LedgerError> {
        let mut last = self.pending.back().map_or(self.written, |entry| entry.seq);
        let mut fresh: Vec<Entry> = Vec::with_capacity(events.len());
        for event in events {
            let entry = Entry::new(event)?;
            if entry.seq <= last {
                if !fresh.is_empty() || !self.is_known(&entry)? {
                    return Err(LedgerError::OutOfOrder { seq: event.seq });
                }
                continue;
            }
            if last > 0 && entry.seq > last + 1 {
                fresh.push(entry.missing_since(last + 1)?);
            }
            last = entry.seq;
            fresh.push(entry);
        }
        self.pending.extend(fresh);
        Ok(())
    }

    fn is_known(&self, entry: &Entry) -> Result<bool, LedgerError> {
        if entry.seq <= self.written {
            return entry.is_written(&self.db).map_err(LedgerError::database(&self.path));
        }
        Ok(self.pending.iter().any(|pending| pending.is_same(entry)))
    }

    fn commit(&mut self, samples: &[Sample], watched: &[Watched]) -> Result<(), LedgerError> {
        if self.pending.is_empty() && samples.is_empty() && watched.is_empty() {
            return Ok(());
        }
        self.sync(self.pending.iter().any(|entry| entry.urgent))?;
        let mut write = || -> rusqlite::Result<()> {
            let change = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            self.pending.iter().try_for_each(|entry| entry.insert(&change))?;
            samples.iter().try_for_each(|sample| sample.insert(&change))?;
            watched.iter().try_for_each(|watched| watched.insert(&change))?;
            change.commit()
        };
        write().map_err(LedgerError::database(&self.path))
    }

    /// One synced transaction; rolled back when the body says so.
    pub(super) fn apply<T>(
        &mut self,
        body: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<Result<T, LedgerError>>,
    ) -> Result<T, LedgerError> {
        self.sync(true)?;
        let write = || -> rusqlite::Result<Result<T, LedgerError>> {
            let change = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            match body(&change)? {
                Ok(done) => change.commit().map(|()| Ok(done)),
                Err(error) => Ok(Err(error)),
            }
        };
        write().map_err(LedgerError::database(&self.path))?
    }

    /// Whether the next commits survive a power cut (FULL), or only our own death (NORMAL).
    fn sync(&mut self, full: bool) -> Result<(), LedgerError> {
        if self.synced != Some(full) {
            let word = if full { "full" } else { "normal" };
            self.db.pragma_update(None, "synchronous", word).map_err(LedgerError::database(&self.path))?;
            self.synced = Some(full);
        }
        Ok(())
    }
}

impl Batch {
    fn add(&mut self, job: Job) {
        match job {
            Job::Record { events, answer } => {
                self.events += events.len();
                self.urgent |= events.iter().any(journal::is_urgent);
                self.requests.push((events, answer));
            }
            Job::Arrival(sample) => self.samples.push(sample),
            Job::Watched(watched) => self.watched.push(watched),
            Job::Change(change) => {
                self.change = Some(change);
                self.urgent = true;
            }
        }
    }

    /// A change ends its batch: what came after it in the queue is written after it.
    fn is_full(&self) -> bool {
        self.change.is_some() || self.events >= BATCH || self.samples.len() >= BATCH || self.watched.len() >= BATCH
    }
}

/// Jobs in the queue. Full: `record` answers [`LedgerError::Full`] at once and keeps nothing,
/// arrivals are dropped (they are samples), and changes, which block anyway, wait.
pub(super) const QUEUE: usize = 8192;

/// Events per transaction, about; then it is committed without waiting for more.
const BATCH: usize = 1000;

/// A batch waits 50 ms for more in all, in naps so that an urgent job ends it early; whoever waits
/// for an answer waits that much longer.
const NAPS: u32 = 10;
const NAP: Duration = Duration::from_millis(5);

/// What could not be written is tried again this often when nothing new comes.
const RETRY: Duration = Duration::from_secs(1);

/// Events kept in memory while they cannot be written, some 20 MB; newer ones are given up then, and
/// a warning in the journal says which.
const BACKLOG: usize = 20_000;
