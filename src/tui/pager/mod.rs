//! Reads a log for the pane that shows it: the lines around a place, how many lines there are, and what
//! is searched for. Four threads per log, none of which is the one that draws; none of them holds more of
//! the log than a few pieces, whatever its size.
//!
//! - the *reader* answers requests for windows. It needs no index: the end of a log of 10 GB is there
//!   at once;
//! - the *indexer* counts lines, from the front, and goes on as the log grows;
//! - the *searcher* counts and finds what matches;
//! - the *sifter* counts what passes the filter, while there is one.
//!
//! Orders go into an inbox of one place each, in which a newer one takes the place of one that was not yet
//! begun: nothing queues, and nobody waits for room. Answers are in an outbox of one place each, of which
//! only the newest counts; the callback says that there is something in it.
//!
//! Deliberately absent: writing, decoding beyond the window, and any knowledge of runs and hosts.

mod chunk;
mod index;
mod log;
mod marks;
mod search;
mod segments;
mod sieve;
mod sifted;
mod tally;
mod threads;
mod times;
mod visible;
mod window;

use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

pub use index::LineIndex;
pub use tally::{Known, Tally};
pub use times::Arrivals;

use self::log::Log;
pub(super) use self::log::as_u64;
use self::marks::Marks;
use self::sieve::Sieve;
use crate::app::output::{Extent, Order, Pattern, Progress, Request, Seek, Sifted, Window};
use crate::domain::event::OutputMark;

/// A log that is being read. Dropping it ends its threads without waiting for them: a disk that hangs
/// must not stop the screen. [`Pager::close`] waits.
pub struct Pager {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// What has come since the last look.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Answers {
    pub window: Option<Window>,
    pub extent: Option<Extent>,
    pub progress: Option<Progress>,
    pub sifted: Option<Sifted>,
}

#[derive(Debug, thiserror::Error)]
#[error("start a thread that reads the log")]
pub struct OpenError(#[from] std::io::Error);

impl Pager {
    /// Reads the file at `path`, which need not be there yet, up to byte `end`. `notify` is called from
    /// other threads whenever there is an answer; it must not wait.
    pub fn open(path: PathBuf, end: u64, notify: Arc<dyn Fn() + Send + Sync>) -> Result<Self, OpenError> {
        Self::with_times(path, end, None, notify)
    }

    /// The same of a log of which somebody knows when its bytes arrived.
    pub fn with_times(
        path: PathBuf,
        end: u64,
        arrivals: Option<Box<dyn Arrivals>>,
        notify: Arc<dyn Fn() + Send + Sync>,
    ) -> Result<Self, OpenError> {
        Self::of_log(Log::new(path, end), arrivals, notify)
    }

    /// The same of a file without a name, of which nothing may be read yet.
    pub(super) fn of_file(
        file: Arc<File>,
        arrivals: Box<dyn Arrivals>,
        notify: Arc<dyn Fn() + Send + Sync>,
    ) -> Result<Self, OpenError> {
        Self::of_log(Log::of_file(file), Some(arrivals), notify)
    }

    fn of_log(
        log: Log,
        arrivals: Option<Box<dyn Arrivals>>,
        notify: Arc<dyn Fn() + Send + Sync>,
    ) -> Result<Self, OpenError> {
        let shared = Arc::new(Shared {
            log,
            index: Index::default(),
            marks: Mutex::default(),
            arrivals,
            sieve: Mutex::default(),
            inbox: Mutex::default(),
            bell: Condvar::new(),
            outbox: Mutex::default(),
            notify,
        });
        let mut pager = Self { shared, threads: Vec::new() };
        let threads: [(&str, Work); 4] = [
            ("log-reader", threads::read),
            ("log-indexer", threads::index),
            ("log-searcher", threads::search),
            ("log-sifter", threads::sift),
        ];
        for (name, work) in threads {
            let shared = Arc::clone(&pager.shared);
            pager.threads.push(std::thread::Builder::new().name(name.to_owned()).spawn(move || work(&shared))?);
        }
        Ok(pager)
    }

    /// The log may now be read up to here; less than before when it was cut.
    pub fn set_end(&self, end: u64) {
        if self.shared.log.allow(end) {
            self.shared.order(|inbox| inbox.grown += 1);
        }
    }

    /// All marks of the log.
    pub fn set_marks(&self, marks: Vec<OutputMark>) {
        let mut kept = lock(&self.shared.marks);
        *kept = Arc::new(kept.with_marks(marks));
    }

    /// Where the lines begin that are alarms.
    pub fn set_alarms(&self, alarms: Vec<u64>) {
        let mut kept = lock(&self.shared.marks);
        *kept = Arc::new(kept.with_alarms(alarms));
    }

    /// Asks for the lines around a place; a request that was not begun yet is forgotten.
    pub fn read(&self, request: Request) {
        self.shared.order(|inbox| inbox.request = Some(request));
    }

    /// From the next request on only lines that match are read, or all of them again.
    pub fn filter(&self, pattern: Option<Pattern>) {
        *lock(&self.shared.sieve) = pattern.map(|pattern| Arc::new(Sieve::new(pattern)));
        lock(&self.shared.outbox).sifted = None;
        self.shared.order(|inbox| inbox.filters += 1);
    }

    pub fn search(&self, order: Order) {
        self.shared.order(|inbox| match order {
            Order::Start { pattern, seek } => {
                inbox.pattern = Some(Some(pattern));
                inbox.seek = Some(seek);
            }
            Order::Seek(seek) => inbox.seek = Some(seek),
            Order::Stop => {
                inbox.pattern = Some(None);
                inbox.seek = None;
            }
        });
    }

    /// Takes what has come since the last call.
    #[must_use]
    pub fn take(&self) -> Answers {
        std::mem::take(&mut *lock(&self.shared.outbox))
    }

    /// Entries of the line index, for whoever doubts that they are bounded.
    #[must_use]
    pub fn index_entries(&self) -> usize {
        self.shared.index.with(|index| index.tally().entries())
    }

    /// Ends the threads and waits for them: at most for one read of a piece of the file.
    pub fn close(mut self) {
        self.shared.order(|inbox| inbox.closed = true);
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so; there is nothing to be done about it here.
            thread.join().ok();
        }
    }
}

impl Drop for Pager {
    fn drop(&mut self) {
        self.shared.order(|inbox| inbox.closed = true);
    }
}

/// What a thread does until the pager is closed.
type Work = fn(&Shared);

/// What the threads and the handle share. Each lock is held for a few assignments only, except
/// [`Index`]'s, see there.
struct Shared {
    log: Log,
    index: Index,
    marks: Mutex<Arc<Marks>>,
    arrivals: Option<Box<dyn Arrivals>>,
    /// The filter, if there is one.
    sieve: Mutex<Option<Arc<Sieve>>>,
    inbox: Mutex<Inbox>,
    /// Rings when something came into the inbox; all threads wait for it.
    bell: Condvar,
    outbox: Mutex<Answers>,
    notify: Arc<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct Inbox {
    closed: bool,
    /// Counts changes of the log's length.
    grown: u64,
    /// Counts changes of the filter.
    filters: u64,
    /// Counts what was added to the index, for a request that waits for it.
    indexed: u64,
    request: Option<Request>,
    /// `Some(None)`: stop searching.
    pattern: Option<Option<Pattern>>,
    seek: Option<Seek>,
}

impl Shared {
    fn order(&self, put: impl FnOnce(&mut Inbox)) {
        put(&mut lock(&self.inbox));
        self.bell.notify_all();
    }

    fn answer(&self, put: impl FnOnce(&mut Answers)) {
        put(&mut lock(&self.outbox));
        (self.notify)();
    }
}

/// The index behind a lock, which the indexer holds while it counts a piece: some 30 µs.
#[derive(Default)]
struct Index(Mutex<LineIndex>);

impl Index {
    fn with<T>(&self, look: impl FnOnce(&mut LineIndex) -> T) -> T {
        look(&mut lock(&self.0))
    }
}

/// A thread that panicked while it held the lock has left whole values: all of them are replaced or
/// counted up as one.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
