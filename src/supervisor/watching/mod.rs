//! Looks at output once, as it is written to the log: for alarms, and for how far it has come.
//!
//! How far it was looked is in the ledger. What came into the log after that is looked at again when the log
//! is opened, so that no line is counted twice or missed, whenever this process dies.

mod gauge;
mod prefilter;
mod scanner;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::event::RunFact;
use crate::domain::id::AttemptId;
use crate::domain::moment::Mono;
use crate::domain::run::Stream;
use crate::domain::watch::Watch;
use crate::ledger::Ledger;
use crate::supervisor::shared::Shared;
use gauge::Gauge;
use scanner::Scanner;

/// What looks at one stream of one attempt.
pub(super) struct Watching {
    scanner: Scanner,
    gauge: Gauge,
    ledger: Ledger,
    shared: Arc<Shared>,
    id: AttemptId,
    stream: Stream,
    saved: Option<Mono>,
    problem: Option<String>,
}

impl Watching {
    /// Goes on where the ledger says, if it says anything about a log of this length.
    pub(super) fn new(ledger: &Ledger, shared: Arc<Shared>, (id, stream): (AttemptId, Stream), watch: &Watch) -> Self {
        let (mut scanner, problem) = Scanner::new(watch);
        match ledger.watch_state(id, stream) {
            Ok(state) => scanner.resume(state),
            // From the beginning: what was told already is not told again.
            Err(error) => tracing::warn!(%id, %error, "how far the output was looked at is not known"),
        }
        let gauge = Gauge::new(watch);
        Self { scanner, gauge, ledger: ledger.clone(), shared, id, stream, saved: None, problem }
    }

    /// Looks at what is in the log already. Blocking; in constant memory.
    pub(super) fn catch_up(&mut self, path: &Path, length: u64) -> std::io::Result<()> {
        let from = self.scanner.position();
        if from >= length {
            return Ok(());
        }
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(from))?;
        let (mut rest, mut buffer) = (file.take(length - from), vec![0; 256 * 1024]);
        loop {
            let read = rest.read(&mut buffer)?;
            if read == 0 {
                return Ok(());
            }
            self.scanner.feed(&buffer[..read]);
        }
    }

    /// Looks at bytes that were just appended.
    pub(super) fn take_in(&mut self, now: Mono, bytes: &[u8]) {
        self.scanner.feed(bytes);
        self.gauge.feed(now, bytes);
    }

    /// No more output will come.
    pub(super) fn finish(&mut self) {
        self.scanner.finish();
    }

    /// What is to be told now; with `all`, everything that was not told yet.
    pub(super) fn facts(&mut self, now: Mono, all: bool) -> Vec<RunFact> {
        if let Some(progress) = self.gauge.look(now) {
            self.shared.set_progress(self.id, progress);
        }
        self.save(now, all);
        let mut facts: Vec<_> = self.scanner.take_due(now, self.stream, all).into_iter().map(RunFact::Alarm).collect();
        facts.extend(
            self.gauge
                .take_due(now, all)
                .map(|progress| RunFact::Progress { permille: progress.permille, status: progress.status }),
        );
        facts.extend(self.problem.take().map(|why| RunFact::Notice(format!("patterns cannot be looked for: {why}"))));
        facts
    }

    /// When [`Watching::facts`] has something to do though nothing comes.
    pub(super) fn due_at(&self) -> Option<Mono> {
        self.scanner.due_at().into_iter().chain(self.gauge.due_at()).min()
    }

    /// Lets the ledger know how far it was looked: at once where something was found, else once in a while.
    fn save(&mut self, now: Mono, all: bool) {
        let waits = self.saved.is_some_and(|at| now.since(at) < SAVING);
        if waits && !all && !self.scanner.has_places() {
            return;
        }
        let Some((state, places)) = self.scanner.take_state() else { return };
        self.saved = Some(now);
        if !self.ledger.record_watch(self.id, self.stream, state, places.clone()) {
            self.scanner.put_back(places);
        }
    }
}

/// After a crash no more than what came in this time is looked at again.
const SAVING: Duration = Duration::from_secs(2);
