//! The attempts on a host: their machines, logs and followers.

use std::sync::Arc;

use tokio::task::AbortHandle;

use crate::domain::event::{Fact, RunFact, SupervisorFact};
use crate::domain::id::{AttemptId, Epoch};
use crate::domain::moment::{Moment, Mono};
use crate::domain::run::{HostRun, RunEffect, RunInput, Stream};
use crate::remote::{Found, RemoteError};
use crate::supervisor::host::HostTask;
use crate::supervisor::host::blind::Catching;
use crate::supervisor::host::calls::Outcome;
use crate::supervisor::host::suspect::Pulse;
use crate::supervisor::hub::News;
use crate::supervisor::pump::Pump;
use crate::supervisor::writer::LogWriter;

/// One attempt and what serves it.
pub(super) struct Seat {
    pub run: HostRun,
    pub reboots: u32,
    /// When the host last told of it, or was connected to.
    pub heard: Mono,
    /// Since we saw the host again.
    pub catching: Option<Catching>,
    pub pulse: Pulse,
    logs: Vec<LogSeat>,
}

struct LogSeat {
    stream: Stream,
    writer: LogWriter,
    pump: Option<AbortHandle>,
    /// What was last told of its troubles.
    failing: Option<String>,
}

impl HostTask {
    /// Opens the logs of an attempt and begins to drive it.
    pub(super) fn take_on(&mut self, now: Moment, mut run: HostRun, reboots: u32) {
        let id = run.id();
        if self.seats.contains_key(&id) {
            return;
        }
        let mut logs = Vec::new();
        for &stream in run.spec().io.streams() {
            // Blocking for a moment: a local file is opened and its marks are read.
            match LogWriter::open(&self.around, (id, stream), &run.spec().watch, Arc::clone(&self.written)) {
                Ok(writer) => {
                    self.around.shared.set_tail(id, stream, writer.end());
                    logs.push(LogSeat { stream, writer, pump: None, failing: None });
                }
                Err(error) => {
                    let text = format!("log of {id} cannot be opened: {error}; it is left alone until restarted");
                    self.spawn_fact(Fact::Supervisor(SupervisorFact::Warning(text)));
                    return;
                }
            }
        }
        for log in &logs {
            let position = log.writer.progress().position;
            run.handle_input(now, RunInput::Stored { stream: log.stream, position });
        }
        if let Some(epoch) = self.announced {
            run.handle_input(now, RunInput::Connected(epoch));
        }
        self.seats.insert(id, Seat { run, reboots, heard: now.mono, catching: None, pulse: Pulse::default(), logs });
    }

    pub(super) fn run_input(&mut self, now: Moment, id: AttemptId, input: RunInput) {
        if let RunInput::Looked { epoch, evidence } = &input
            && self.announced == Some(*epoch)
        {
            self.watch_pulse(now, id, evidence);
        }
        if let Some(seat) = self.seats.get_mut(&id) {
            if let RunInput::Looked { .. } | RunInput::Followed { .. } = input {
                seat.heard = now.mono;
            }
            if let RunInput::Followed { .. } | RunInput::FollowEnded { .. } = input {
                // What was stored so far comes first: the next follower begins behind it.
                seat.collect(now);
            }
            if let (RunInput::Looked { evidence, .. }, Some(catching)) = (&input, &mut seat.catching) {
                catching.catch_up.note_size(evidence.sizes.out);
            }
            seat.run.handle_input(now, input);
        }
        self.tell_caught_up();
    }

    pub(super) fn all_runs(&mut self, now: Moment, input: &RunInput) {
        for seat in self.seats.values_mut() {
            if let RunInput::Connected(_) = input {
                seat.heard = now.mono;
                seat.collect(now);
            }
            if let RunInput::Disconnected { .. } = input {
                seat.stop_pumps();
                seat.pulse.disconnect();
            }
            seat.run.handle_input(now, input.clone());
        }
    }

    /// Takes in how far the logs have come, and what keeps them from it.
    pub(super) fn collect_progress(&mut self, now: Moment) {
        let mut news = Vec::new();
        for (id, seat) in &mut self.seats {
            seat.collect(now);
            for log in &mut seat.logs {
                let failing = log.writer.progress().failing;
                if failing != log.failing {
                    let text = match &failing {
                        Some(why) => format!("our log cannot be written: {why}; the host keeps the output meanwhile"),
                        None => "our log is being written again".into(),
                    };
                    news.push(Fact::Run { id: *id, fact: RunFact::Notice(text) });
                    log.failing = failing;
                }
            }
        }
        for fact in news {
            self.spawn_fact(fact);
        }
        self.tell_caught_up();
    }

    /// Does the effects and publishes the facts of all attempts; whether there were any.
    pub(super) async fn settle_runs(&mut self, now: Moment) -> bool {
        let mut effects = Vec::new();
        let mut facts = Vec::new();
        for (id, seat) in &mut self.seats {
            effects.extend(std::iter::from_fn(|| seat.run.poll_effect()).map(|effect| (*id, effect)));
            facts.extend(std::iter::from_fn(|| seat.run.poll_fact()).map(|fact| (*id, fact)));
        }
        let busy = !effects.is_empty() || !facts.is_empty();
        for (id, fact) in facts {
            let over = matches!(fact, RunFact::Ended { .. });
            let fact = Fact::Run { id, fact };
            if over {
                let mut seat = self.seats.remove(&id);
                let caught_up = seat.as_mut().and_then(|seat| seat.take_caught_up(id, true));
                self.spawn_publish(fact, seat.map(Seat::into_writers).unwrap_or_default(), caught_up);
            } else {
                self.publish(fact).await;
            }
        }
        for (id, effect) in effects {
            self.run_effect(now, id, effect);
        }
        busy
    }

    fn run_effect(&mut self, _now: Moment, id: AttemptId, effect: RunEffect) {
        let Some(seat) = self.seats.get_mut(&id) else { return };
        match effect {
            RunEffect::Start(epoch) => {
                let (spec, reboots) = (seat.run.spec().clone(), seat.reboots);
                self.spawn_start(epoch, id, spec, reboots);
            }
            RunEffect::Look(epoch) => self.spawn_look(epoch, id),
            RunEffect::Follow { epoch, stream, from } => self.follow(epoch, id, stream, from),
            RunEffect::StopFollow(stream) => seat.stop_pump(stream),
            RunEffect::MarkGap { stream, to, .. } => {
                if let Some(writer) = seat.writer(stream) {
                    self.calls.spawn(async move {
                        writer.mark_gap(to).await;
                        Outcome::Done
                    });
                }
            }
            RunEffect::Cancel { epoch, grace, reason } => self.spawn_cancel(epoch, id, grace, reason),
            RunEffect::Acknowledge { epoch, positions } => {
                let logs = seat.logs.iter().map(|log| log.writer.clone()).collect();
                self.spawn_acknowledge(epoch, id, positions, logs);
            }
        }
    }

    fn follow(&mut self, epoch: Epoch, id: AttemptId, stream: Stream, from: u64) {
        let Some(open) = self.session.as_ref().filter(|open| open.epoch == epoch) else { return };
        let Some(seat) = self.seats.get_mut(&id) else { return };
        seat.stop_pump(stream);
        let Some(log) = seat.logs.iter_mut().find(|log| log.stream == stream) else { return };
        let pump = Pump {
            session: Arc::clone(&open.session),
            epoch,
            id,
            stream,
            from,
            writer: log.writer.clone(),
            reports: self.reports_out.clone(),
            received: self.numbers.received.clone(),
        };
        log.pump = Some(self.calls.spawn(async move {
            pump.run().await;
            Outcome::Done
        }));
    }

    pub(super) fn handle_listed(&mut self, found: Result<Vec<Found>, RemoteError>) {
        match found {
            Ok(found) => self.spawn_news(News::Found(found)),
            Err(error) => {
                let text = format!("adopt {}: {error}", self.around.host);
                self.spawn_fact(Fact::Supervisor(SupervisorFact::Warning(text)));
            }
        }
    }
}

impl Seat {
    fn collect(&mut self, now: Moment) {
        for log in &self.logs {
            let position = log.writer.progress().position;
            self.run.handle_input(now, RunInput::Stored { stream: log.stream, position });
        }
    }

    fn writer(&self, stream: Stream) -> Option<LogWriter> {
        self.logs.iter().find(|log| log.stream == stream).map(|log| log.writer.clone())
    }

    /// How far its output is here: the position in the spool, and the length of the log.
    pub(super) fn output_end(&self) -> Option<(u64, u64)> {
        let log = self.logs.iter().find(|log| log.stream == Stream::Out)?;
        Some((log.writer.progress().position, *log.writer.end().borrow()))
    }

    fn stop_pump(&mut self, stream: Stream) {
        for log in self.logs.iter_mut().filter(|log| log.stream == stream) {
            if let Some(pump) = log.pump.take() {
                pump.abort();
            }
        }
    }

    fn stop_pumps(&mut self) {
        self.stop_pump(Stream::Out);
        self.stop_pump(Stream::Err);
    }

    fn into_writers(mut self) -> Vec<LogWriter> {
        self.stop_pumps();
        self.logs.into_iter().map(|log| log.writer).collect()
    }
}
