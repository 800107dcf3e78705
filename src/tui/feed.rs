//! What feeds the output pane: the log of the attempt that is shown, how far it has come, and its marks.
//!
//! Nothing here waits for a disk on the thread that draws: where the log is and what its marks are is
//! asked in a task of its own, one at a time, and the lines are read by the [`Pager`]'s threads.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::landmarks;
use super::pager::{Arrivals, Pager};
use crate::app::output::{Anchor, Effect, Landed, Msg, Output, mark_offset};
use crate::domain::event::{Event, Fact, OutputMark, RunFact};
use crate::domain::id::AttemptId;
use crate::domain::run::Stream;
use crate::supervisor::{Handle, OutputTail};

/// The marks of a log that were made before the screen was opened. May block.
pub type MarksOf = Arc<dyn Fn(AttemptId, Stream) -> Vec<OutputMark> + Send + Sync>;

/// When the bytes of a log arrived.
pub type TimesOf = Arc<dyn Fn(AttemptId, Stream) -> Box<dyn Arrivals> + Send + Sync>;
/// Where the alarms of a log are, in order. May block.
pub type PlacesOf = Arc<dyn Fn(AttemptId, Stream) -> Vec<u64> + Send + Sync>;

type Shown = (AttemptId, Stream);

/// Why there is no news.
#[derive(Debug)]
pub(super) enum Failed {
    /// There is nothing of what was looked for.
    Nothing(String),
    Broken(String),
}

pub(super) struct Feed {
    handle: Handle,
    marks_of: Option<MarksOf>,
    times_of: Option<TimesOf>,
    places_of: Option<PlacesOf>,
    /// Looks for an alarm; the next look takes the place of one that is not done.
    seeking: JoinSet<(Shown, Option<u64>)>,
    /// Where to go with the next frame.
    goal: Option<u64>,
    shown: Option<Shown>,
    log: Option<Log>,
    /// At most one: the next begins when it has ended, so that a disk that hangs holds one thread.
    opening: JoinSet<Opened>,
    /// At most one: a key that comes before the last jump was found is not taken.
    landing: JoinSet<(Shown, Landed)>,
    landed: Option<Landed>,
    /// It is to be asked again where the log is and which marks it has.
    stale: bool,
    /// There may be more alarms than were told.
    alarmed: bool,
    /// Marks of all logs, the last of them: those that may not be in the ledger yet when it is asked.
    recent: VecDeque<(Shown, OutputMark)>,
    /// Rung by the pager's threads.
    bell: Arc<Notify>,
    /// There is news, to be collected with the next frame.
    news: bool,
}

/// The log that is being read.
struct Log {
    pager: Pager,
    end: watch::Receiver<u64>,
    /// Nobody writes it any more, as far as we were told.
    closed: bool,
    known: u64,
    marks: Vec<OutputMark>,
    /// Where the lines begin that are alarms.
    alarms: Vec<u64>,
    /// The marks or the alarms have changed since the pager was told.
    marked: bool,
}

struct Opened {
    of: Shown,
    tail: OutputTail,
    marks: Vec<OutputMark>,
    alarms: Vec<u64>,
}

impl Feed {
    pub(super) fn new(
        handle: Handle,
        marks_of: Option<MarksOf>,
        times_of: Option<TimesOf>,
        places_of: Option<PlacesOf>,
    ) -> Self {
        Self {
            handle,
            marks_of,
            times_of,
            places_of,
            seeking: JoinSet::new(),
            goal: None,
            shown: None,
            log: None,
            opening: JoinSet::new(),
            landing: JoinSet::new(),
            landed: None,
            stale: false,
            alarmed: false,
            recent: VecDeque::with_capacity(RECENT),
            bell: Arc::default(),
            news: false,
        }
    }

    /// Opens what the pane shows now, and hands on what it wants read.
    pub(super) fn follow(&mut self, pane: &mut Output) {
        if self.shown != pane.view().shown() {
            self.shown = pane.view().shown();
            self.log = None;
            self.landed = None;
            self.stale = true;
        }
        self.open();
        self.jump(pane);
        let Some(log) = &self.log else { return };
        for effect in pane.take_effects() {
            match effect {
                Effect::Read(request) => log.pager.read(request),
                Effect::Search(order) => log.pager.search(order),
                Effect::Filter(pattern) => log.pager.filter(pattern),
            }
        }
    }

    /// Looks for the alarm after, or before, a place; without one, before the end.
    pub(super) fn seek_alarm(&mut self, of: Shown, forward: bool, from: Option<u64>) {
        let Some(places_of) = self.places_of.clone() else { return };
        self.seeking = JoinSet::new();
        self.seeking.spawn_blocking(move || {
            let places = places_of(of.0, of.1);
            let from = from.unwrap_or(u64::MAX);
            let found = if forward {
                places.iter().find(|place| **place > from)
            } else {
                places.iter().rev().find(|place| **place < from)
            };
            (of, found.copied())
        });
    }

    /// Waits for news, which [`Feed::collect`] takes with the next frame; until then it waits for ever.
    /// A task that has ended is taken in at once. Cancel-safe.
    pub(super) async fn news(&mut self) -> Result<(), Failed> {
        if self.news {
            return std::future::pending().await;
        }
        let grown = async {
            match &mut self.log {
                Some(log) if !log.closed => log.closed = log.end.changed().await.is_err(),
                Some(_) | None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(opened) = self.opening.join_next() => {
                let opened = opened.map_err(|_| Failed::Broken("failed to find the log: a task panicked".to_owned()))?;
                self.news = true;
                self.take_in(opened).map_err(|error| Failed::Broken(format!("failed to {error}")))
            }
            Some(found) = self.landing.join_next() => {
                let (of, landed) = found.map_err(|_| Failed::Broken("failed to look for marks: a task panicked".to_owned()))?;
                self.landed = Some(landed).filter(|_| self.shown == Some(of));
                self.news = true;
                Ok(())
            }
            Some(sought) = self.seeking.join_next() => match sought {
                Ok((of, Some(place))) => {
                    if self.shown == Some(of) {
                        self.goal = Some(place);
                        self.news = true;
                    }
                    Ok(())
                }
                Ok((_, None)) => Err(Failed::Nothing("no further alarm in this output".into())),
                Err(_) => Err(Failed::Broken("failed to look for alarms: a task panicked".into())),
            },
            () = self.bell.notified() => {
                self.news = true;
                Ok(())
            }
            () = grown => {
                self.news = true;
                Ok(())
            }
        }
    }

    /// What has come since the last frame, for the pane.
    pub(super) fn collect(&mut self) -> Vec<Msg> {
        self.news = false;
        let Some(log) = &mut self.log else { return Vec::new() };
        let mut msgs: Vec<_> = self.goal.take().map(|place| Msg::GoTo(Anchor::Offset(place))).into_iter().collect();
        let end = *log.end.borrow_and_update();
        if end != log.known {
            // What was cut took its marks with it.
            if end < log.known {
                self.stale = true;
                self.recent.retain(|(of, mark)| Some(*of) != self.shown || mark_offset(mark) <= end);
            }
            log.known = end;
            log.pager.set_end(end);
            msgs.push(Msg::Grew(end));
        }
        if std::mem::take(&mut log.marked) {
            log.pager.set_marks(log.marks.clone());
            log.pager.set_alarms(log.alarms.clone());
            msgs.push(Msg::Marked);
        }
        let answers = log.pager.take();
        msgs.extend(answers.window.map(Msg::Window));
        msgs.extend(answers.extent.map(Msg::Extent));
        msgs.extend(answers.progress.map(Msg::Progress));
        msgs.extend(answers.sifted.map(Msg::Sifted));
        msgs.extend(self.landed.take().map(Msg::Landed));
        msgs
    }

    /// Keeps what an event says about a log.
    pub(super) fn note(&mut self, event: &Event) {
        if let Fact::Run { id, fact: RunFact::Alarm(hit) } = &event.fact {
            return self.note_alarm((*id, hit.stream), hit.offset);
        }
        let Fact::Output { id, stream, mark } = &event.fact else { return };
        let of = (*id, *stream);
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((of, mark.clone()));
        if let Some(log) = self.log.as_mut().filter(|_| self.shown == Some(of)) {
            log.marks = merged(std::mem::take(&mut log.marks), [mark.clone()]);
            log.marked = true;
            self.news = true;
        }
    }

    /// Of many alarms in a row only some are told one by one: the rest is asked for with the next second.
    fn note_alarm(&mut self, of: Shown, at: u64) {
        let Some(log) = self.log.as_mut().filter(|_| self.shown == Some(of)) else { return };
        if !log.alarms.contains(&at) {
            log.alarms.push(at);
            log.marked = true;
            self.news = true;
        }
        self.alarmed = true;
    }

    /// Events were missed, marks maybe among them.
    pub(super) fn note_gap(&mut self) {
        self.stale = self.shown.is_some();
    }

    /// Once a second: who writes the log may have changed, after a reconnect or a takeover.
    pub(super) fn tick(&mut self) {
        self.stale |= self.log.as_ref().is_some_and(|log| log.closed) | std::mem::take(&mut self.alarmed);
    }

    /// Looks for the next mark, where the ledger may be asked for as long as it takes.
    fn jump(&mut self, pane: &mut Output) {
        let (Some(of), Some(log)) = (self.shown, &self.log) else { return };
        let Some(jump) = pane.take_jump().filter(|_| self.landing.is_empty()) else { return };
        let (marks, times_of) = (log.marks.clone(), self.times_of.clone());
        self.landing.spawn_blocking(move || {
            let times = times_of.map(|times_of| times_of(of.0, of.1));
            (of, landmarks::find(jump, &marks, times.as_deref()))
        });
    }

    fn open(&mut self) {
        let Some(of) = self.shown.filter(|_| self.stale && self.opening.is_empty()) else { return };
        self.stale = false;
        let (handle, marks_of, places_of) = (self.handle.clone(), self.marks_of.clone(), self.places_of.clone());
        self.opening.spawn_blocking(move || {
            let tail = handle.output(of.0, of.1);
            let marks = marks_of.map(|ask| ask(of.0, of.1)).unwrap_or_default();
            let alarms = places_of.map(|ask| ask(of.0, of.1)).unwrap_or_default();
            Opened { of, tail, marks, alarms }
        });
    }

    fn take_in(&mut self, opened: Opened) -> Result<(), super::pager::OpenError> {
        let Opened { of, tail, marks, mut alarms } = opened;
        if self.shown != Some(of) {
            return Ok(());
        }
        let recent = self.recent.iter().filter(|(about, _)| *about == of).map(|(_, mark)| mark.clone());
        let marks = merged(marks, recent);
        // A writer that is gone already is asked after again with the next second.
        let closed = tail.end.has_changed().is_err();
        if let Some(log) = &mut self.log {
            (log.end, log.closed) = (tail.end, closed);
            // What an event told may not be in the ledger yet; what was cut off is in neither.
            let end = *log.end.borrow();
            alarms.extend(log.alarms.iter().filter(|at| **at < end));
            alarms.sort_unstable();
            alarms.dedup();
            log.marked |= log.marks != marks || log.alarms != alarms;
            (log.marks, log.alarms) = (marks, alarms);
            return Ok(());
        }
        let bell = Arc::clone(&self.bell);
        let times = self.times_of.as_ref().map(|times_of| times_of(of.0, of.1));
        let pager = Pager::with_times(tail.path, *tail.end.borrow(), times, Arc::new(move || bell.notify_one()))?;
        pager.set_marks(marks.clone());
        pager.set_alarms(alarms.clone());
        // Not known to the pane yet: it hears of it with the next frame.
        self.log = Some(Log { pager, end: tail.end, closed, known: 0, marks, alarms, marked: false });
        Ok(())
    }
}

/// All of them in order, each once: an event and the ledger tell the same with different precision.
fn merged(mut marks: Vec<OutputMark>, more: impl IntoIterator<Item = OutputMark>) -> Vec<OutputMark> {
    fn key(mark: &OutputMark) -> (u64, u128, &str) {
        match mark {
            OutputMark::Gap { log_offset, .. } => (*log_offset, 0, ""),
            OutputMark::Blind { log_offset, duration, cause, .. } => (*log_offset, duration.as_millis() + 1, cause),
        }
    }
    marks.extend(more);
    marks.sort_by(|a, b| key(a).cmp(&key(b)));
    marks.dedup_by(|later, kept| {
        let same = key(later) == key(kept);
        if same {
            std::mem::swap(later, kept);
        }
        same
    });
    marks
}

/// More marks than are made while the ledger takes to write one of them down.
const RECENT: usize = 1024;

#[cfg(test)]
pub(super) mod tests;
