//! What front ends read without asking the hub: moving numbers and the ends of logs.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::domain::health::{HostHealth, PlaneHealth};
use crate::domain::id::{AttemptId, HostId};
use crate::domain::progress::Progress;
use crate::domain::run::Stream;
use crate::ledger::{HealthLog, Ledger};
use crate::supervisor::handle::{Live, OutputTail};

/// Shared by hub, host tasks and handles. Its locks are held for a lookup only.
pub(super) struct Shared {
    ledger: Ledger,
    holder: Option<String>,
    hosts: Mutex<HashMap<HostId, Numbers>>,
    tails: Mutex<HashMap<(AttemptId, Stream), Tail>>,
    /// Whoever reads takes the `Arc` and no copy.
    health: Mutex<HashMap<HostId, Arc<HostHealth>>>,
    /// `None`: there is none.
    plane: Mutex<Option<Arc<PlaneHealth>>>,
    /// Where samples of a control plane are written, while the hub goes.
    health_log: Mutex<Option<HealthLog>>,
    /// Of attempts that go on.
    progress: Mutex<HashMap<AttemptId, Progress>>,
}

/// One host's moving numbers; each is written by its task and its pumps, read by anybody.
#[derive(Clone, Default)]
pub(super) struct Numbers {
    rtt_micros: Arc<AtomicU64>,
    pub received: Received,
}

/// The end of a log, told by its writer, or looked at on disk where somebody else writes.
enum Tail {
    Written(watch::Receiver<u64>),
    Measured(watch::Sender<u64>),
}

/// Counts bytes of output.
#[derive(Clone, Default)]
pub(super) struct Received(Arc<AtomicU64>);

impl Received {
    pub(super) fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Numbers {
    pub(super) fn set_rtt(&self, rtt: Option<Duration>) {
        let micros = rtt.map_or(0, |rtt| u64::try_from(rtt.as_micros()).unwrap_or(u64::MAX).max(1));
        self.rtt_micros.store(micros, Ordering::Relaxed);
    }
}

impl Shared {
    pub(super) fn new(ledger: Ledger, holder: Option<String>) -> Self {
        Self {
            ledger,
            holder,
            hosts: Mutex::default(),
            tails: Mutex::default(),
            health: Mutex::default(),
            plane: Mutex::default(),
            health_log: Mutex::default(),
            progress: Mutex::default(),
        }
    }

    /// The numbers of a host; made when first asked for.
    pub(super) fn numbers(&self, host: &HostId) -> Numbers {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.entry(host.clone()).or_default().clone()
    }

    pub(super) fn change_health(&self, host: &HostId, change: impl FnOnce(&mut HostHealth)) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(health.entry(host.clone()).or_default()));
    }

    pub(super) fn health(&self, host: &HostId) -> Option<Arc<HostHealth>> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).get(host).cloned()
    }

    /// Takes what is known of one; nobody else has it then.
    pub(super) fn take_health(&self, host: &HostId) -> Option<Arc<HostHealth>> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).remove(host)
    }

    pub(super) fn set_health_log(&self, log: Option<HealthLog>) {
        *self.health_log.lock().unwrap_or_else(PoisonError::into_inner) = log;
    }

    pub(super) fn health_log(&self) -> Option<HealthLog> {
        self.health_log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn change_plane(&self, change: impl FnOnce(&mut PlaneHealth)) {
        let mut plane = self.plane.lock().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(plane.get_or_insert_default()));
    }

    pub(super) fn plane(&self) -> Option<Arc<PlaneHealth>> {
        self.plane.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_tail(&self, id: AttemptId, stream: Stream, end: watch::Receiver<u64>) {
        self.tails.lock().unwrap_or_else(PoisonError::into_inner).insert((id, stream), Tail::Written(end));
    }

    pub(super) fn set_progress(&self, id: AttemptId, progress: Progress) {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).insert(id, progress);
    }

    /// The attempt is over: what the journal knows is all.
    pub(super) fn forget_progress(&self, id: AttemptId) {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    pub(super) fn progress(&self, id: AttemptId) -> Option<Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    pub(super) fn live(&self, host: &HostId) -> Live {
        let numbers = self.numbers(host);
        let micros = numbers.rtt_micros.load(Ordering::Relaxed);
        Live {
            rtt: (micros > 0).then(|| Duration::from_micros(micros)),
            received: numbers.received.0.load(Ordering::Relaxed),
        }
    }

    /// A log that nobody writes here has the length it has on disk.
    pub(super) fn output(&self, id: AttemptId, stream: Stream) -> OutputTail {
        let path = self.ledger.log_path(id, stream);
        let mut tails = self.tails.lock().unwrap_or_else(PoisonError::into_inner);
        let tail = tails.entry((id, stream)).or_insert_with(|| Tail::Measured(watch::Sender::new(length(&path))));
        let end = match tail {
            Tail::Written(end) => end.clone(),
            Tail::Measured(end) => end.subscribe(),
        };
        OutputTail { path, end }
    }

    /// Looks how long the logs are that somebody else writes and somebody here watches.
    pub(super) fn measure_tails(&self) {
        let mut tails = self.tails.lock().unwrap_or_else(PoisonError::into_inner);
        tails.retain(|(id, stream), tail| match tail {
            Tail::Written(_) => true,
            Tail::Measured(end) => {
                let now = length(&self.ledger.log_path(*id, *stream));
                end.send_if_modified(|known| std::mem::replace(known, now) != now);
                end.receiver_count() > 0
            }
        });
    }

    pub(super) fn holder(&self) -> Option<String> {
        self.holder.clone()
    }
}

fn length(path: &std::path::Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}
