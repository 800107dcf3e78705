//! The one thread that writes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, Transaction, params, params_from_iter};
use tokio::sync::oneshot;

use super::read::{self, Past};
use super::record::TakenRecord;
use super::{FILE, schema, thin};
use crate::domain::health::{Metric, POINTS, Taken};
use crate::domain::id::HostId;
use crate::domain::moment::Wall;
use crate::ledger::error::LedgerError;

/// Where samples are written. Cheap to clone; the file is closed after the last clone is gone.
#[derive(Clone)]
pub struct HealthLog {
    queue: SyncSender<(HostId, Taken)>,
}

/// What the thread tells, on its own time.
pub struct HealthListener {
    /// The recent past of each host that the file knows, once.
    pub past: Box<dyn FnMut(Past) + Send>,
    /// Writing began to fail, and why; `None`: it works again.
    pub trouble: Box<dyn FnMut(Option<String>) + Send>,
}

impl HealthLog {
    /// Begins to write beside the ledger in `dir`, whose owner we must be. Returns at once: the file is
    /// opened by the thread. The receiver hears when all is written, after the last clone is gone.
    ///
    /// # Errors
    /// When there can be no thread.
    pub fn start(dir: &Path, listener: HealthListener) -> Result<(Self, oneshot::Receiver<()>), LedgerError> {
        let path = dir.join(FILE);
        let (queue, samples) = mpsc::sync_channel(QUEUE);
        let (done, over) = oneshot::channel();
        let failed = LedgerError::io("start the writer of", &path);
        let writer = Writer { path: path.clone(), samples, listener, hosts: HashMap::new(), failing: false };
        let work = move || {
            writer.run();
            // Nobody may be waiting.
            done.send(()).ok();
        };
        thread::Builder::new().name("health".into()).spawn(work).map_err(failed)?;
        Ok((Self { queue }, over))
    }

    /// Queues a sample and returns. When the disk is so slow that [`QUEUE`] samples wait, it is dropped.
    pub fn record(&self, host: &HostId, taken: &Taken) {
        if self.queue.try_send((host.clone(), taken.clone())).is_err() {
            tracing::warn!(%host, "a sample is not written down: the disk does not keep up");
        }
    }
}

struct Writer {
    path: PathBuf,
    samples: Receiver<(HostId, Taken)>,
    listener: HealthListener,
    /// The numbers that the file has for hosts, at most [`HOSTS`].
    hosts: HashMap<HostId, i64>,
    failing: bool,
}

impl Writer {
    fn run(mut self) {
        let mut db = self.open();
        let mut thinned: Option<Wall> = None;
        while let Some(batch) = self.gather() {
            let Some(now) = batch.iter().map(|(_, taken)| taken.at).max() else { continue };
            if db.is_none() {
                db = self.open();
            }
            let Some(open) = &mut db else { continue };
            let written = self.write(open, &batch);
            let due = thinned.is_none_or(|last| now < last || now.since(last) >= THINNING);
            let written = written.and_then(|()| if due { thin::thin(open, now) } else { Ok(()) });
            if due {
                thinned = Some(now);
            }
            self.tell(written.map_err(LedgerError::database(&self.path)));
        }
    }

    /// Opens the file, and hands out what is in it.
    fn open(&mut self) -> Option<Connection> {
        let opened = schema::open_owner(&self.path);
        let past = opened.as_ref().ok().map(|db| read::recent(db, POINTS));
        match past {
            Some(Ok(past)) => past.into_iter().for_each(|past| (self.listener.past)(past)),
            Some(Err(error)) => tracing::warn!(%error, "the past of the hosts' health cannot be read"),
            None => {}
        }
        self.hosts.clear();
        let (db, outcome) = match opened {
            Ok(db) => (Some(db), Ok(())),
            Err(error) => (None, Err(error)),
        };
        self.tell(outcome);
        db
    }

    /// Waits for a first sample, and then a second for more. `None`: no more will come.
    fn gather(&mut self) -> Option<Vec<(HostId, Taken)>> {
        let mut batch = vec![self.samples.recv().ok()?];
        for _ in 0..NAPS {
            while let Some(sample) = self.samples.try_recv().ok().filter(|_| batch.len() < BATCH) {
                batch.push(sample);
            }
            if batch.len() >= BATCH {
                break;
            }
            match self.samples.recv_timeout(NAP) {
                Ok(sample) => batch.push(sample),
                Err(RecvTimeoutError::Timeout) => {}
                // What is there is written; the next call ends it.
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        Some(batch)
    }

    fn write(&mut self, db: &mut Connection, batch: &[(HostId, Taken)]) -> rusqlite::Result<()> {
        let change = db.transaction()?;
        let mut known = self.hosts.clone();
        for (host, taken) in batch {
            insert(&change, &mut known, host, taken)?;
        }
        change.commit()?;
        self.hosts = known;
        Ok(())
    }

    /// A sample that could not be written is gone; the next is tried all the same.
    fn tell(&mut self, outcome: Result<(), LedgerError>) {
        let trouble = outcome.err().map(|error| error.to_string());
        if trouble.is_some() != self.failing {
            self.failing = trouble.is_some();
            (self.listener.trouble)(trouble);
        }
    }
}

fn insert(
    change: &Transaction<'_>,
    known: &mut HashMap<HostId, i64>,
    host: &HostId,
    taken: &Taken,
) -> rusqlite::Result<()> {
    if known.len() >= HOSTS && !known.contains_key(host) {
        return Ok(());
    }
    // Records are made of strings and numbers: they can always be written.
    let latest = serde_json::to_string(&TakenRecord::from(taken)).unwrap_or_default();
    change
        .prepare_cached(
            "INSERT INTO hosts (name, at, latest) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET at = excluded.at, latest = excluded.latest",
        )?
        .execute(params![host.as_str(), taken.at.0, latest])?;
    let number = match known.get(host) {
        Some(number) => *number,
        None => {
            let mut find = change.prepare_cached("SELECT id FROM hosts WHERE name = ?1")?;
            let number = find.query_row([host.as_str()], |row| row.get(0))?;
            known.insert(host.clone(), number);
            number
        }
    };
    let columns: Vec<&str> = Metric::ALL.iter().map(|metric| metric.word()).collect();
    let places: Vec<&str> = columns.iter().map(|_| "?").collect();
    let row = format!(
        "INSERT OR REPLACE INTO samples (host, at, {}) VALUES (?, ?, {})",
        columns.join(", "),
        places.join(", ")
    );
    let values = taken.point().values.into_iter().map(|value| value.map(f64::from).into());
    let all: Vec<rusqlite::types::Value> = [number.into(), taken.at.0.into()].into_iter().chain(values).collect();
    change.prepare_cached(&row)?.execute(params_from_iter(all)).map(drop)
}

/// Samples waiting for the disk: those of a thousand hosts for four rounds.
const QUEUE: usize = 4096;

/// Samples of one transaction.
const BATCH: usize = 1024;

/// A batch is waited for this long in all: what a power cut or our death may take.
const NAP: Duration = Duration::from_millis(100);
const NAPS: u32 = 10;

/// Old samples become means this often.
const THINNING: Duration = Duration::from_secs(600);

/// Hosts whose samples are written; those after them are shown only.
const HOSTS: usize = 4096;
