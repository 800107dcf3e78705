//! One log on our disk: takes chunks in the order of their offsets, skips what it has, and says how
//! far it has come. The log stays a byte-identical prefix of the spool, whatever is sent twice.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::domain::event::{Fact, OutputMark, RunFact};
use crate::domain::id::{AttemptId, HostId};
use crate::domain::run::Stream;
use crate::domain::watch::Watch;
use crate::ledger::{Ledger, LedgerError, Log};
use crate::port::Clock;
use crate::supervisor::host::Surroundings;
use crate::supervisor::hub::{HostNews, News};
use crate::supervisor::limits::{LOG_CHUNKS, WRITE_PATIENCE, WRITE_RETRY};
use crate::supervisor::watching::Watching;

/// The sending end; cheap to clone.
#[derive(Clone)]
pub(super) struct LogWriter {
    jobs: mpsc::Sender<Job>,
    progress: watch::Receiver<Progress>,
    end: watch::Receiver<u64>,
}

/// How far a log has come.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Progress {
    /// The next spool offset wanted.
    pub position: u64,
    /// Why nothing can be written at the moment.
    pub failing: Option<String>,
}

enum Job {
    Bytes {
        at: u64,
        bytes: Bytes,
    },
    Gap {
        to: u64,
    },
    /// Look at what is in the log already.
    LookBack,
    Sync(oneshot::Sender<()>),
    /// The same, and nothing more will come.
    Finish(oneshot::Sender<()>),
}

/// The writer has no room: its disk is slower than the host.
#[derive(Debug)]
pub(super) struct Full;

impl LogWriter {
    /// Opens the log and starts its task. Blocking: call it off the runtime's threads.
    pub(super) fn open(
        around: &Surroundings,
        (id, stream): (AttemptId, Stream),
        watch: &Watch,
        written: Arc<Notify>,
    ) -> Result<Self, LedgerError> {
        let ledger = &around.ledger;
        let log = ledger.open_log(id, stream)?;
        let len = log.len();
        let position = ledger.spool_offset(id, stream, len)?;
        let (jobs, queue) = mpsc::channel(LOG_CHUNKS);
        let (progress_out, progress) = watch::channel(Progress { position, failing: None });
        let (end_out, end) = watch::channel(len);
        let watching = Watching::new(ledger, Arc::clone(&around.shared), (id, stream), watch);
        let clock = Arc::clone(&around.clock);
        let disk =
            Disk { log, ledger: ledger.clone(), clock, id, stream, position, watching, told: Vec::new(), over: false };
        let outlets = Outlets {
            progress: progress_out,
            end: end_out,
            written,
            stop: around.stop.clone(),
            news: around.news.clone(),
            host: around.host.clone(),
            id,
        };
        around.writers.spawn(drive(disk, queue, outlets));
        Ok(Self { jobs, progress, end })
    }

    /// Hands a chunk over. Waits for a disk that only hiccups, but for [`WRITE_PATIENCE`] at the most:
    /// meanwhile nobody reads the connection.
    pub(super) async fn offer(&self, at: u64, bytes: Bytes) -> Result<(), Full> {
        match tokio::time::timeout(WRITE_PATIENCE, self.jobs.reserve()).await {
            Ok(Ok(room)) => {
                room.send(Job::Bytes { at, bytes });
                Ok(())
            }
            Ok(Err(_)) | Err(_) => Err(Full),
        }
    }

    /// Notes that the spool before `to` is gone as far as we do not have it; waits for room.
    pub(super) async fn mark_gap(&self, to: u64) {
        // An error means that the log is closed: its attempt is over.
        self.jobs.send(Job::Gap { to }).await.ok();
    }

    /// Waits until everything handed over so far is on disk, synced. False if the log was closed.
    pub(super) async fn sync(&self) -> bool {
        let (done, wait) = oneshot::channel();
        self.jobs.send(Job::Sync(done)).await.is_ok() && wait.await.is_ok()
    }

    /// The same at the end of the attempt: what was found in its output is told before this returns.
    pub(super) async fn finish(&self) -> bool {
        let (done, wait) = oneshot::channel();
        self.jobs.send(Job::Finish(done)).await.is_ok() && wait.await.is_ok()
    }

    pub(super) fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    /// The length of the log, as it grows.
    pub(super) fn end(&self) -> watch::Receiver<u64> {
        self.end.clone()
    }
}

struct Outlets {
    progress: watch::Sender<Progress>,
    end: watch::Sender<u64>,
    /// Wakes the host's task.
    written: Arc<Notify>,
    stop: CancellationToken,
    news: mpsc::Sender<HostNews>,
    host: HostId,
    id: AttemptId,
}

impl Outlets {
    /// Waits for the hub, which waits for nobody.
    async fn tell(&self, facts: Vec<RunFact>) {
        for fact in facts {
            let news = News::Fact(Fact::Run { id: self.id, fact });
            // An error means that the hub has stopped.
            self.news.send(HostNews { host: self.host.clone(), news }).await.ok();
        }
    }

    fn publish(&self, disk: &Disk, failing: Option<String>) {
        self.end.send_replace(disk.log.len());
        self.progress.send_replace(Progress { position: disk.position, failing });
        self.written.notify_one();
    }
}

/// Takes whatever is queued and writes it in one go on a blocking thread; ends with its last sender.
async fn drive(mut disk: Disk, mut queue: mpsc::Receiver<Job>, outlets: Outlets) {
    let mut batch = Vec::with_capacity(LOG_CHUNKS);
    // What an earlier supervisor had written and not looked at.
    batch.push(Job::LookBack);
    loop {
        let due = disk.watching.due_at().map_or(FAR, |due| due.since(disk.clock.now().mono));
        if batch.is_empty() {
            tokio::select! {
                taken = queue.recv_many(&mut batch, LOG_CHUNKS) => if taken == 0 {
                    break;
                },
                () = tokio::time::sleep(due) => {
                    let now = disk.clock.now().mono;
                    outlets.tell(disk.watching.facts(now, false)).await;
                    continue;
                }
            }
        }
        let mut pending: std::collections::VecDeque<Job> = batch.drain(..).collect();
        loop {
            let done = tokio::task::spawn_blocking(move || {
                let outcome = disk.write(&mut pending);
                (disk, pending, outcome)
            });
            // The blocking part does not panic; if it does, the log is closed and its followers end.
            let Ok((returned, left, outcome)) = done.await else { return };
            (disk, pending) = (returned, left);
            outlets.publish(&disk, outcome.as_ref().err().map(ToString::to_string));
            let now = disk.clock.now().mono;
            outlets.tell(disk.watching.facts(now, disk.over)).await;
            for done in disk.told.drain(..) {
                // Whoever asked may have gone.
                done.send(()).ok();
            }
            if outcome.is_ok() {
                break;
            }
            tokio::select! {
                // What is not written is still on the host.
                () = outlets.stop.cancelled() => return,
                () = tokio::time::sleep(WRITE_RETRY) => {}
            }
        }
    }
}

struct Disk {
    log: Log,
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    id: AttemptId,
    stream: Stream,
    /// The spool offset of the log's end.
    position: u64,
    watching: Watching,
    /// Synced, and answered once what was found is told.
    told: Vec<oneshot::Sender<()>>,
    over: bool,
}

impl Disk {
    /// Does the jobs in order; what is left in `jobs` after an error was not done.
    fn write(&mut self, jobs: &mut std::collections::VecDeque<Job>) -> Result<(), LedgerError> {
        let before = self.log.len();
        let outcome = self.write_all(jobs);
        if self.log.len() > before {
            self.ledger.record_arrival(self.id, self.stream, self.clock.now().wall, before);
        }
        outcome
    }

    fn write_all(&mut self, jobs: &mut std::collections::VecDeque<Job>) -> Result<(), LedgerError> {
        while let Some(job) = jobs.pop_front() {
            match job {
                Job::Bytes { at, bytes } => {
                    if let Err(error) = self.append(at, &bytes) {
                        jobs.push_front(Job::Bytes { at, bytes });
                        return Err(error);
                    }
                }
                Job::Gap { to } => {
                    if let Err(error) = self.mark_gap(to) {
                        jobs.push_front(Job::Gap { to });
                        return Err(error);
                    }
                }
                Job::Sync(done) => {
                    if let Err(error) = self.log.sync() {
                        jobs.push_front(Job::Sync(done));
                        return Err(error);
                    }
                    self.told.push(done);
                }
                Job::Finish(done) => {
                    if let Err(error) = self.log.sync() {
                        jobs.push_front(Job::Finish(done));
                        return Err(error);
                    }
                    self.watching.finish();
                    self.over = true;
                    self.told.push(done);
                }
                Job::LookBack => {
                    if let Err(error) = self.watching.catch_up(self.log.path(), self.log.len()) {
                        tracing::warn!(id = %self.id, %error, "what was written before could not be looked at");
                    }
                }
            }
        }
        Ok(())
    }

    /// Appends what of a chunk at spool offset `at` is new. A chunk beyond the end is not for us: its
    /// follower began after bytes that never came here, and is told so by our position.
    fn append(&mut self, at: u64, bytes: &Bytes) -> Result<(), LedgerError> {
        let Some(known) = self.position.checked_sub(at) else {
            tracing::error!(id = %self.id, at, position = self.position, "chunk beyond the end of the log");
            return Ok(());
        };
        let new = usize::try_from(known).ok().and_then(|known| bytes.get(known..)).unwrap_or_default();
        if new.is_empty() {
            return Ok(());
        }
        let before = self.log.len();
        let outcome = self.log.append(new);
        // Also after an error: part of it may be on disk.
        let grown = self.log.len() - before;
        self.position += grown;
        let written = usize::try_from(grown).unwrap_or(usize::MAX).min(new.len());
        self.watching.take_in(self.clock.now().mono, &new[..written]);
        outcome
    }

    fn mark_gap(&mut self, to: u64) -> Result<(), LedgerError> {
        let Some(lost) = to.checked_sub(self.position).filter(|lost| *lost > 0) else { return Ok(()) };
        let mark = OutputMark::Gap { log_offset: self.log.len(), spool_offset: to, lost };
        self.ledger.mark(self.id, self.stream, mark)?;
        self.position = to;
        Ok(())
    }
}

/// Nothing is due: something else wakes us.
const FAR: std::time::Duration = std::time::Duration::from_secs(3600);
