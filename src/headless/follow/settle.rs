//! Doing what the seats want.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::app::say;
use crate::domain::command::Command;
use crate::domain::event::CancelReason;
use crate::domain::id::{Attempt, AttemptId};
use crate::domain::moment::Wall;
use crate::domain::run::{Phase, Stream};
use crate::headless::follow::{Follower, Show};
use crate::headless::note::{Note, Tone, tone_of};
use crate::headless::outcome::{How, RunOutcome};
use crate::headless::reader::{Read, Reader};
use crate::headless::seat::{Positions, Seat, Step};

impl Follower {
    /// Does all there is to do, and says when to look again at the latest.
    pub(super) async fn settle(&mut self) -> Duration {
        let mut pause = FAR;
        for place in 0..self.seats.len() {
            loop {
                let now = self.how.clock.now();
                let Some(seat) = self.seats.get(place) else { break };
                let view = self.fleet.runs.get(&seat.wanted.run);
                let link = self.fleet.hosts.get(&seat.wanted.host).map(|host| &host.link);
                match seat.step(self.how.until, view, link, (now.mono, now.wall)) {
                    Step::Wait => {
                        if let Some((_, deadline)) = &seat.giving_up {
                            pause = pause.min(deadline.since(now.mono));
                        }
                        break;
                    }
                    Step::WaitUntil(at) => {
                        pause = pause.min(at.since(now.wall));
                        break;
                    }
                    Step::Open(attempt) => self.open(place, attempt),
                    Step::Complete(_) => {
                        let news = self.overs.get(place).is_some_and(|over| !over.send_replace(true));
                        if !news {
                            break;
                        }
                    }
                    Step::Close(attempt) => self.close(place, attempt).await,
                    Step::Withdraw(how) => self.withdraw(place, how).await,
                    Step::End(how) => self.end(place, how).await,
                }
            }
        }
        pause
    }

    fn open(&mut self, place: usize, attempt: Attempt) {
        let over = watch::Sender::new(false);
        let Some(seat) = self.seats.get_mut(place) else { return };
        let id = AttemptId { run: seat.wanted.run, attempt };
        let io = self.fleet.runs.get(&id.run).map(|run| run.spec.io);
        let streams = match self.how.show {
            Show::Output => io.map(crate::domain::run::RunIo::streams).unwrap_or_default(),
            Show::Events | Show::Nothing => &[],
        };
        let positions = Positions::new(seat.from(attempt));
        for &stream in streams {
            let position = Arc::clone(match stream {
                Stream::Out => &positions.out,
                Stream::Err => &positions.err,
            });
            let (handle, out) = (self.how.handle.clone(), self.prints.clone());
            let reader = Reader { handle, id, stream, source: place, position, over: over.subscribe(), out };
            self.readers.spawn(reader.run());
        }
        seat.open(attempt, streams.len(), positions);
        if let Some(slot) = self.overs.get_mut(place) {
            *slot = over;
        }
    }

    pub(super) async fn handle_read(&mut self, read: Read) {
        let Some(seat) = self.seats.get_mut(read.source) else { return };
        if let Some(current) = &mut seat.current {
            current.reading = current.reading.saturating_sub(1);
        }
        let (host, run) = (seat.wanted.host.clone(), seat.wanted.run);
        if let Some(error) = read.trouble {
            let text = format!("the log of {run} cannot be read here: {error}; the run itself goes on");
            self.note(Note::new(Some(host), Tone::Bad, text)).await;
        }
    }

    /// An attempt is over and all its output is printed: how it ended, and what comes next.
    async fn close(&mut self, place: usize, attempt: Attempt) {
        let Some(seat) = self.seats.get_mut(place) else { return };
        seat.close();
        let id = AttemptId { run: seat.wanted.run, attempt };
        let (Some(run), Some(view)) = (self.fleet.runs.get(&id.run), self.fleet.attempt(id)) else { return };
        let Phase::Ended { verdict, at } = &view.phase else { return };
        let bytes = view.lengths.map_or(0, |lengths| lengths.out + lengths.err);
        seat.bytes += bytes;
        let mut text = format!("run {}", id.run);
        if attempt > Attempt::FIRST {
            text.push_str(&format!(" attempt {attempt}"));
        }
        text.push_str(&format!(": {verdict}"));
        // What stands behind it is told last: it may be long.
        let behind = view.faults.behind(verdict.is_success());
        if let Some(started) = view.started_at {
            text.push_str(&format!(" after {}, {} of output", say::duration(at.since(started)), say::bytes(bytes)));
        }
        if view.alarm_hits() > 0 {
            let hits = usize::try_from(view.alarm_hits()).unwrap_or(usize::MAX);
            text.push_str(&format!(", {}: `steadfast log {id} --alarms`", say::count(hits, "alarm")));
        } else if let Some(progress) = view.progress.as_ref().filter(|_| !verdict.is_success()) {
            text.push_str(&format!(", at {}", say::progress(progress.permille, None)));
        }
        let last = run.latest().is_some_and(|latest| latest.attempt == attempt);
        if let Some(next) = seat.next_at(run, view, verdict).filter(|_| last) {
            let wait = next.since(*at);
            text.push_str(&format!("; attempt {} in {}", attempt.next(), say::duration(wait)));
        }
        let tone = match tone_of(verdict) {
            Tone::Good if !behind.is_empty() => Tone::Warning,
            tone @ (Tone::Plain | Tone::Good | Tone::Warning | Tone::Bad) => tone,
        };
        text.push_str(&behind);
        let note = Note::new(Some(run.host.clone()), tone, text);
        self.note(note).await;
    }

    /// It was not started and nobody will wait for it: it must not start days later, when somebody
    /// opens the ledger again.
    async fn withdraw(&mut self, place: usize, how: How) {
        let deadline = self.how.clock.now().mono + WITHDRAWAL;
        let Some(seat) = self.seats.get_mut(place) else { return };
        seat.giving_up = Some((how, deadline));
        seat.cancelled = true;
        let run = seat.wanted.run;
        if self.command(Command::Cancel { run, reason: CancelReason::Operator }).await.is_err() {
            tracing::warn!(%run, "the supervisor stopped before the run was withdrawn");
        }
    }

    async fn end(&mut self, place: usize, how: How) {
        let Some(seat) = self.seats.get_mut(place) else { return };
        let (host, run) = (seat.wanted.host.clone(), seat.wanted.run);
        let withdrawn = seat.giving_up.is_some();
        let over = self.fleet.runs.get(&run).is_some_and(crate::domain::fleet::RunView::is_over);
        let text = match (&how, withdrawn, over) {
            (How::Refused(_) | How::NoContact(_), true, true) => {
                Some(format!("run {run} was not started{}", how.hold_words()))
            }
            (How::Refused(_) | How::NoContact(_), true, false) => {
                Some(format!("whether run {run} was started is not known: `steadfast attach {run}` looks again"))
            }
            (How::Refused(_) | How::NoContact(_), false, _) => {
                let held = how.hold_words();
                Some(format!("run {run} goes on, unseen{held}: `steadfast attach {run}` looks again"))
            }
            (How::Ended(_) | How::Going | How::Withstood(_), _, _) => None,
        };
        if let Some(text) = text {
            self.note(Note::new(Some(host), Tone::Bad, text)).await;
        }
        if let Some(seat) = self.seats.get_mut(place) {
            seat.end = Some(how);
        }
    }

    pub(super) fn outcomes(&self) -> Vec<RunOutcome> {
        let now = self.how.clock.now().wall;
        self.seats.iter().map(|seat| self.outcome(seat, now)).collect()
    }

    fn outcome(&self, seat: &Seat, now: Wall) -> RunOutcome {
        let view = self.fleet.runs.get(&seat.wanted.run);
        let latest = view.and_then(|view| view.latest());
        let duration = latest.and_then(|latest| {
            let end = match latest.phase {
                Phase::Ended { at, .. } => at,
                Phase::Requested | Phase::Running | Phase::Ending => now,
            };
            Some(end.since(latest.started_at?))
        });
        let shown = seat.current.as_ref().map_or(0, |current| {
            let lengths = current.positions.lengths();
            lengths.out + lengths.err
        });
        RunOutcome {
            run: seat.wanted.run,
            host: seat.wanted.host.clone(),
            how: seat.end.clone().unwrap_or(How::Going),
            faults: latest.map(|latest| latest.faults.clone()).unwrap_or_default(),
            started: latest.is_some_and(|latest| latest.started.is_some()),
            attempts: view.map_or(0, |view| view.attempts.len()),
            duration,
            bytes: seat.bytes + shown,
            reconnects: seat.reconnects,
            reboots: seat.reboots,
            alarms: latest.map_or(0, crate::domain::fleet::AttemptView::alarm_hits),
            progress: latest.and_then(|latest| latest.progress.as_ref()).map(|progress| progress.permille),
            resume: seat.resume(),
        }
    }
}

/// Nothing is due: something else wakes us.
const FAR: Duration = Duration::from_secs(3600);

/// How long it is waited for that a run which was never started is given up; later it is said that
/// nobody knows.
const WITHDRAWAL: Duration = Duration::from_secs(5);
