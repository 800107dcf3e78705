//! F2: everything the supervisor knows, on its own disk (DESIGN §5). Imports `domain` only.
//!
//! ```text
//! ledger.db                     SQLite in WAL mode: the journal, marks, arrivals, orders   schema, journal
//! runs/<run-id>/<attempt>/      out.log, err.log: raw bytes, a prefix of the spool         log
//! health.db                     samples of hosts, which may be removed             health
//! lock, holder.json             who writes here                                            lock
//! ```
//!
//! One process owns a ledger, and in it one thread ([`writer`]) writes to the database. Everyone else
//! is a viewer, reads beside it, and leaves orders for the owner in a table.
//!
//! **Invariants.** An event that was acknowledged is on disk. The journal is only appended to, in the
//! order of its numbers; even forgetting a run leaves it alone. A mark is on the disk itself before
//! the bytes after it are in the log, and the bytes before it are there before the mark. A log is
//! never longer by anything but the spool's next bytes.
//!
//! **Absent on purpose:** clocks (moments come in), secrets (nobody hands any in), the rules of what
//! an event means (`domain::fleet` folds them, here as everywhere).
//!
//! [`Ledger::record`], [`Ledger::record_arrival`] and [`Ledger::log_path`] return at once; everything
//! else reads or writes the disk and blocks meanwhile: not for the thread of an async task.

mod arrivals;
mod error;
mod export;
mod health;
mod journal;
mod lock;
mod log;
mod marks;
mod orders;
mod reader;
pub mod record;
mod restore;
mod runs;
mod save;
mod schema;
mod watches;
mod writer;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, Transaction};
use tokio::sync::oneshot;

pub use arrivals::{Arrival, SAMPLING};
use arrivals::{Sample, Sampler};
pub use error::LedgerError;
pub use export::{ExportError, export};
pub use health::{HealthListener, HealthLog, HealthReader, Past, Slice};
pub use lock::Holder;
use lock::Lock;
pub use log::Log;
use reader::Readers;
pub use save::{Destination, SaveError, expand};
pub use watches::{WatchState, WatchedPattern};
use writer::{Job, Writer};

use crate::domain::command::Command;
use crate::domain::event::{Event, OutputMark};
use crate::domain::fleet::Fleet;
use crate::domain::id::{AttemptId, RunId, Seq};
use crate::domain::moment::Wall;
use crate::domain::run::Stream;

/// What became of opening a ledger.
pub enum Opened {
    /// It is ours.
    Owner(Ledger),
    /// Another process has it; we look on.
    Viewer(Ledger, Holder),
}

/// A ledger. Cheap to clone; it closes with the last clone, or with [`Ledger::close`].
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    path: PathBuf,
    readers: Readers,
    /// What only the owner has.
    owner: Option<Owner>,
}

struct Owner {
    /// `None` once closed. Held only to hand a job over or to clone it.
    queue: Mutex<Option<SyncSender<Job>>>,
    /// Held by whoever closes, until the writer has finished.
    thread: Mutex<Option<JoinHandle<()>>>,
    sampler: Sampler,
    /// A connection of its own, and its `data_version` when no orders were waiting. Held while
    /// looking for orders; only the one who takes orders waits for it.
    orders: Mutex<(Connection, Option<i64>)>,
    lock: Lock,
}

impl Ledger {
    /// Opens the ledger in `dir`, making what is missing. Whoever comes first owns it; `what` tells
    /// the others who that is (`steadfast run on /dev/pts/3`).
    pub fn open(dir: &Path, what: &str, now: Wall) -> Result<Opened, LedgerError> {
        log::create_dir(dir)?;
        let path = dir.join(DATABASE);
        // Later ones are for us already. What cannot be read is not for us.
        let stale = schema::open_reader(&path).ok().and_then(|db| orders::last(&db).ok()).unwrap_or(i64::MAX);
        let Some(lock) = Lock::take(dir, what, now)? else {
            let holder = lock::await_holder(dir);
            let first = schema::await_reader(&path)?;
            return Ok(Opened::Viewer(Self::viewer(dir, path, first), holder));
        };
        let db = schema::open_owner(&path)?;
        let dropped = orders::drop_to(&db, stale).map_err(LedgerError::database(&path))?;
        if dropped > 0 {
            // Nobody knows any more whether they were still meant when this one started.
            tracing::warn!(dropped, "orders for an earlier supervisor were dropped");
        }
        finish_forgetting(dir, &runs::forgotten(&db).map_err(LedgerError::database(&path))?);
        let orders = schema::open_reader(&path)?;
        let readers = Readers::new(path.clone(), schema::open_reader(&path)?);
        let (queue, jobs) = mpsc::sync_channel(writer::QUEUE);
        let writer = Writer::new(db, path.clone(), jobs)?;
        let thread = thread::Builder::new()
            .name("ledger".into())
            .spawn(move || writer.run())
            .map_err(LedgerError::io("start the writer of", &path))?;
        let owner = Owner {
            queue: Mutex::new(Some(queue)),
            thread: Mutex::new(Some(thread)),
            sampler: Sampler::default(),
            orders: Mutex::new((orders, None)),
            lock,
        };
        Ok(Opened::Owner(Self { inner: Arc::new(Inner { dir: dir.into(), path, readers, owner: Some(owner) }) }))
    }

    /// Opens the ledger in `dir` for looking on only, whether or not somebody owns it.
    pub fn open_viewer(dir: &Path) -> Result<Self, LedgerError> {
        let path = dir.join(DATABASE);
        let first = schema::open_reader(&path)?;
        Ok(Self::viewer(dir, path, first))
    }

    fn viewer(dir: &Path, path: PathBuf, first: Connection) -> Self {
        let readers = Readers::new(path.clone(), first);
        Self { inner: Arc::new(Inner { dir: dir.into(), path, readers, owner: None }) }
    }

    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.inner.owner.is_some()
    }

    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// Who owns the ledger now; `None`: nobody does any more.
    #[must_use]
    pub fn holder(&self) -> Option<Holder> {
        lock::holder(&self.inner.dir)
    }

    /// Queues events without waiting. The answer comes when they are on disk, at the latest some
    /// 50 ms later: safe from our own death, and with a run's request or end among them safe from a
    /// power cut.
    ///
    /// An error as the answer: they are not on disk now, but are kept and written as soon as that
    /// works again, as long as there are not too many of them. An error at once: they are not kept.
    /// When others follow nevertheless, a warning in the journal says which are missing.
    pub fn record(&self, events: Vec<Event>) -> Result<oneshot::Receiver<Result<(), LedgerError>>, LedgerError> {
        let (answer, wait) = oneshot::channel();
        self.owner()?.hand_over(Job::Record { events, answer })?;
        Ok(wait)
    }

    /// Up to `limit` events after `after`, in order, out of those on disk.
    pub fn events(&self, after: Seq, limit: usize) -> Result<Vec<Event>, LedgerError> {
        self.inner.readers.read(|db| journal::events(db, after, limit))
    }

    /// The last event on disk; 0 when there is none.
    pub fn last_seq(&self) -> Result<Seq, LedgerError> {
        self.inner.readers.read(|db| journal::last_seq(db)).map(|last| Seq(marks::unsigned(last)))
    }

    /// The fleet as the journal tells it: all runs that were not forgotten; of hosts the boots, the
    /// link as it was last, and the timeline since `timeline_since`.
    pub fn restore(&self, timeline_since: Wall) -> Result<Fleet, LedgerError> {
        self.inner.readers.read(|db| restore::restore(db, timeline_since))
    }

    /// Where the log of a stream is, or would be.
    #[must_use]
    pub fn log_path(&self, id: AttemptId, stream: Stream) -> PathBuf {
        log::path(&self.inner.dir, id, stream)
    }

    /// Opens a log for writing. Marks beyond its end (a disk that forgot what it had synced) go: those
    /// bytes are fetched again.
    pub fn open_log(&self, id: AttemptId, stream: Stream) -> Result<Log, LedgerError> {
        let owner = self.owner()?;
        let log = Log::open(&self.inner.dir, self.log_path(id, stream))?;
        let length = log.len();
        if self.of_stream(id, stream, |db, number| marks::is_beyond(db, number, length))?.unwrap_or(false) {
            owner.change(move |change| {
                let number = marks::stream_or_new(change, id, stream)?;
                marks::cut(change, number, length).map(Ok)
            })?;
        }
        Ok(log)
    }

    /// The marks of a log, in order of their offset.
    pub fn marks(&self, id: AttemptId, stream: Stream) -> Result<Vec<OutputMark>, LedgerError> {
        self.of_stream(id, stream, marks::read).map(Option::unwrap_or_default)
    }

    /// Writes a mark, to be called before the bytes after it are appended. When it returns, the log
    /// up to it and the mark are on the disk itself. The same mark again changes nothing; a gap at
    /// the offset of the last one that leads further grows that one.
    pub fn mark(&self, id: AttemptId, stream: Stream, mark: OutputMark) -> Result<(), LedgerError> {
        let owner = self.owner()?;
        // A mark beyond the end of what a power cut left of the log would mislead.
        log::sync(&self.log_path(id, stream))?;
        owner.change(move |change| marks::write(change, (id, stream), &mark))
    }

    /// Where in the spool the byte at `log_offset` of the log is: further on by all gaps before it.
    pub fn spool_offset(&self, id: AttemptId, stream: Stream, log_offset: u64) -> Result<u64, LedgerError> {
        let mapped = self.of_stream(id, stream, |db, number| marks::spool_offset(db, number, log_offset))?;
        Ok(mapped.unwrap_or(log_offset))
    }

    /// Notes that the bytes from `offset` (of the log) on arrived at `at`. Cheap to call for each
    /// append: at most one per [`SAMPLING`] and stream is kept, and none when the queue is full.
    pub fn record_arrival(&self, id: AttemptId, stream: Stream, at: Wall, offset: u64) {
        let Ok(owner) = self.owner() else { return };
        if owner.sampler.is_due(id, stream, at) {
            // A sample that does not fit into the queue is not worth waiting for.
            owner.hand_over(Job::Arrival(Sample { id, stream, arrival: Arrival { at, offset } })).ok();
        }
    }

    /// When the bytes in `range` of the log arrived: the sample at or before its start and those
    /// within it, at most `limit`.
    pub fn arrivals(
        &self,
        id: AttemptId,
        stream: Stream,
        range: Range<u64>,
        limit: usize,
    ) -> Result<Vec<Arrival>, LedgerError> {
        self.of_stream(id, stream, |db, number| arrivals::read(db, number, &range, limit))
            .map(Option::unwrap_or_default)
    }

    /// The offset in the log to show for a moment: where the output begins that arrived last at or
    /// before it. `None`: there was none yet.
    pub fn offset_at(&self, id: AttemptId, stream: Stream, at: Wall) -> Result<Option<u64>, LedgerError> {
        self.of_stream(id, stream, |db, number| arrivals::offset_at(db, number, at)).map(Option::flatten)
    }

    /// Leaves a command for the owner. An error when there is none: nobody would take it.
    pub fn order(&self, command: &Command) -> Result<(), LedgerError> {
        if self.holder().is_none() {
            return Err(LedgerError::NoOwner);
        }
        let mut db = schema::open_viewer(&self.inner.path)?;
        orders::put(&mut db, command).map_err(LedgerError::database(&self.inner.path))?
    }

    /// Takes the commands that viewers left, in order, each at most once. Cheap when there are none.
    pub fn take_orders(&self) -> Result<Vec<Command>, LedgerError> {
        let owner = self.owner()?;
        {
            let mut guard = owner.orders.lock().unwrap_or_else(PoisonError::into_inner);
            let (db, seen) = &mut *guard;
            if !orders::are_waiting(db, seen).map_err(LedgerError::database(&self.inner.path))? {
                return Ok(Vec::new());
            }
        }
        owner.change(|change| orders::take(change).map(Ok)).map(|bodies| orders::parse(&bodies))
    }

    /// The run whose id begins with `prefix`.
    pub fn find_run(&self, prefix: &str) -> Result<RunId, LedgerError> {
        let found = self.inner.readers.read(|db| runs::beginning_with(db, prefix))?;
        runs::the_one(prefix, found)
    }

    /// Removes a run's logs and marks, and takes it out of every later [`Ledger::restore`]; returns
    /// how many bytes of logs there were. Refused while an attempt is not over. Its events stay in
    /// the journal. Interrupted, it is finished when the ledger is opened the next time.
    pub fn forget(&self, run: RunId) -> Result<u64, LedgerError> {
        self.owner()?.change(move |change| match runs::check_over(change, run)? {
            Ok(()) => runs::forget(change, run).map(Ok),
            Err(error) => Ok(Err(error)),
        })?;
        // Not on the writer's thread: removing gigabytes takes its time.
        log::remove(&self.inner.dir, run)
    }

    /// Writes what is queued and lets go of the ledger, also for all other clones.
    pub fn close(self) {
        self.inner.close();
    }

    fn owner(&self) -> Result<&Owner, LedgerError> {
        self.inner.owner.as_ref().ok_or(LedgerError::NotOwner)
    }

    /// Reads something of a stream; `None` when nothing is known of it.
    fn of_stream<T>(
        &self,
        id: AttemptId,
        stream: Stream,
        read: impl FnOnce(&Connection, i64) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, LedgerError> {
        self.inner.readers.read(|db| match marks::stream(db, id, stream)? {
            Some(number) => read(db, number).map(Some),
            None => Ok(None),
        })
    }
}

impl Owner {
    fn hand_over(&self, job: Job) -> Result<(), LedgerError> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.as_ref().ok_or(LedgerError::Stopped)?.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => LedgerError::Full,
            TrySendError::Disconnected(_) => LedgerError::Stopped,
        })
    }

    /// Has the writer make a change of its own and waits until it is on the disk itself, behind
    /// everything that was queued before it.
    fn change<T: Send + 'static>(
        &self,
        body: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<Result<T, LedgerError>> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or(LedgerError::Stopped)?;
        // Room for the one answer: the writer never waits for who asked.
        let (answer, wait) = mpsc::sync_channel(1);
        let job = Job::Change(Box::new(move |writer| drop(answer.send(writer.apply(body)))));
        queue.send(job).map_err(|_| LedgerError::Stopped)?;
        drop(queue);
        wait.recv().map_err(|_| LedgerError::Stopped)?
    }
}

impl Inner {
    /// Idempotent. Waits for the writer to finish.
    fn close(&self) {
        let Some(owner) = &self.owner else { return };
        owner.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut thread = owner.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            if thread.join().is_err() {
                tracing::error!("the writer of the ledger panicked");
            }
            owner.lock.release();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

/// Removes logs that an interrupted [`Ledger::forget`] left: nothing else ever names them again.
fn finish_forgetting(dir: &Path, forgotten: &[RunId]) {
    for run in forgotten {
        if log::run_dir(dir, *run).exists()
            && let Err(error) = log::remove(dir, *run)
        {
            tracing::warn!(%run, %error, "the logs of a forgotten run are still there");
        }
    }
}

const DATABASE: &str = "ledger.db";
