//! The output of several hosts as one log: a thread puts the lines together in the order in which they
//! arrived and writes them to a file without a name, which a [`Pager`] reads as it reads every log. So the
//! whole of it is scrolled, searched, filtered and copied as any other, and memory stays as it is.
//!
//! Bounded by [`MOST`] bytes of disk: of longer logs the newest part is taken, and what is left out is told;
//! when the file is full it is begun anew. The file goes with the view, whatever becomes of the program.

mod input;
mod spill;
mod weave;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

pub(super) use self::spill::Part;
use self::spill::Spill;
use self::weave::{Live, Weaver};
use super::feed::{MarksOf, TimesOf};
use super::pager::Pager;
use crate::app::App;
use crate::app::log::LogId;
use crate::app::merged::{MergedNews, MergedSheet, Merging};
use crate::app::output::{Effect, Marker, Msg, mark_offset};
use crate::domain::event::{BootFact, Event, Fact};
use crate::domain::id::HostId;
use crate::port::Clock;
use crate::supervisor::Handle;

pub(super) struct Merger {
    handle: Handle,
    marks_of: Option<MarksOf>,
    times_of: Option<TimesOf>,
    clock: Arc<dyn Clock>,
    reading: Option<Reading>,
    /// Rung by the weaver and by the pager's threads.
    bell: Arc<Notify>,
    /// What is wanted cannot be done, and has been told: not tried again before something else is wanted.
    failed: Option<Vec<LogId>>,
    /// Told with the next news.
    trouble: Option<MergedNews>,
}

struct Reading {
    logs: Vec<LogId>,
    hosts: Vec<HostId>,
    pager: Pager,
    spill: Arc<Spill>,
    shared: Arc<Shared>,
    /// The length that the view knows.
    known: u64,
    /// The view is to begin anew with it.
    fresh: bool,
}

/// Between the weaver and the loop; each lock is held for an assignment.
#[derive(Default)]
struct Shared {
    closed: AtomicBool,
    /// The file has come to its bound.
    full: AtomicBool,
    merging: Mutex<Merging>,
    /// What happened meanwhile, to be put between the lines; the oldest go when nobody takes them.
    live: Mutex<VecDeque<Live>>,
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Relaxed);
    }
}

impl Merger {
    pub(super) fn new(
        handle: Handle,
        marks_of: Option<MarksOf>,
        times_of: Option<TimesOf>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let bell = Arc::default();
        Self { handle, marks_of, times_of, clock, reading: None, bell, failed: None, trouble: None }
    }

    /// Begins or ends to read, as the screen wants it, and hands on what the view wants read.
    pub(super) fn follow(&mut self, app: &mut App) {
        let Some(sheet) = app.merged_mut() else {
            (self.reading, self.failed, self.trouble) = (None, None, None);
            return;
        };
        let logs = sheet.logs();
        if self.reading.as_ref().is_none_or(|reading| reading.logs != logs) && self.failed.as_ref() != Some(&logs) {
            self.reading = None;
            match self.begin(sheet, &logs) {
                Ok(reading) => self.reading = Some(reading),
                Err(why) => {
                    let merging = Merging { trouble: Some(why), ..Merging::default() };
                    self.trouble = Some(MergedNews { of: logs.clone(), merging, msgs: Vec::new() });
                    self.failed = Some(logs);
                }
            }
            self.bell.notify_one();
        }
        let Some(reading) = &self.reading else { return };
        for effect in sheet.output.take_effects() {
            match effect {
                Effect::Read(request) => reading.pager.read(request),
                Effect::Search(order) => reading.pager.search(order),
                Effect::Filter(pattern) => reading.pager.filter(pattern),
            }
        }
    }

    fn begin(&self, sheet: &MergedSheet, logs: &[LogId]) -> Result<Reading, String> {
        let spill = Arc::new(Spill::create().map_err(|error| format!("failed to make a file to merge into: {error}"))?);
        let bell = Arc::clone(&self.bell);
        let ring: Arc<dyn Fn() + Send + Sync> = Arc::new(move || bell.notify_one());
        let pager = Pager::of_file(spill.file(), Box::new(Arc::clone(&spill)), Arc::clone(&ring))
            .map_err(|error| format!("failed to {error}"))?;
        let shared = Arc::new(Shared::default());
        let weaver = Weaver::new(
            sheet,
            self.handle.clone(),
            (self.marks_of.clone(), self.times_of.clone()),
            Arc::clone(&self.clock),
            Arc::clone(&spill),
            Arc::clone(&shared),
            ring,
        );
        std::thread::Builder::new()
            .name("log-merger".into())
            .spawn(move || weaver.run())
            .map_err(|error| format!("failed to start a thread that merges: {error}"))?;
        let hosts = sheet.sources.iter().map(|source| source.host.clone()).collect();
        Ok(Reading { logs: logs.to_vec(), hosts, pager, spill, shared, known: 0, fresh: true })
    }

    /// What has come; waits for ever when nothing is read. Cancel-safe.
    pub(super) async fn next(&mut self) -> MergedNews {
        loop {
            if let Some(trouble) = self.trouble.take() {
                return trouble;
            }
            self.bell.notified().await;
            let Some(reading) = &mut self.reading else { continue };
            let news = reading.collect();
            if reading.shared.full.load(Ordering::Relaxed) {
                // With the next look it is begun anew.
                self.reading = None;
            }
            return news;
        }
    }

    /// Keeps what an event says of one of the logs or hosts.
    pub(super) fn note(&self, event: &Event) {
        let Some(reading) = &self.reading else { return };
        let of_host = || reading.hosts.iter().position(|host| Some(host) == event.host.as_ref());
        let live = match &event.fact {
            Fact::Output { id, stream, mark } => reading
                .logs
                .iter()
                .position(|log| *log == (*id, *stream))
                .map(|source| Live { source, offset: Some(mark_offset(mark)), words: Marker::of(mark).text() }),
            Fact::Boot(BootFact::Rebooted { .. }) => {
                of_host().map(|source| Live { source, offset: None, words: "rebooted".into() })
            }
            Fact::Boot(_)
            | Fact::Link(_)
            | Fact::Network { .. }
            | Fact::Run { .. }
            | Fact::Health(_)
            | Fact::Operator(_)
            | Fact::Supervisor(_) => None,
        };
        if let Some(live) = live {
            let mut waiting = lock(&reading.shared.live);
            if waiting.len() >= MOST_LIVE {
                waiting.pop_front();
            }
            waiting.push_back(live);
        }
    }

    /// What is shown, from a byte on, for copying.
    pub(super) fn part(&self, from: u64) -> Option<Part> {
        self.reading.as_ref().map(|reading| reading.spill.part(from))
    }
}

impl Reading {
    fn collect(&mut self) -> MergedNews {
        let mut msgs = Vec::new();
        if std::mem::take(&mut self.fresh)
            && let Some(&(id, stream)) = self.logs.first()
        {
            msgs.push(Msg::Show(id, stream));
        }
        let end = self.spill.end();
        if end != self.known {
            self.known = end;
            self.pager.set_end(end);
            msgs.push(Msg::Grew(end));
        }
        let answers = self.pager.take();
        msgs.extend(answers.window.map(Msg::Window));
        msgs.extend(answers.extent.map(Msg::Extent));
        msgs.extend(answers.progress.map(Msg::Progress));
        msgs.extend(answers.sifted.map(Msg::Sifted));
        MergedNews { of: self.logs.clone(), merging: lock(&self.shared.merging).clone(), msgs }
    }
}

/// What a thread that panicked has left are whole values.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes of disk at most.
const MOST: u64 = 1 << 30;

/// Marks that wait for the weaver, which looks twenty times a second.
const MOST_LIVE: usize = 1024;

#[cfg(test)]
mod tests;
