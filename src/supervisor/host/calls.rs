//! The calls that a host's task makes, each beside it, each with a limit; and what comes back.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::boot::BootIdentity;
use crate::domain::boot::cause::Trace;
use crate::domain::diagnosis::RungReport;
use crate::domain::event::{CancelReason, Fact, Lengths};
use crate::domain::id::{AttemptId, Epoch};
use crate::domain::link::LinkInput;
use crate::domain::moment::Moment;
use crate::domain::run::{RunInput, RunSpec};
use crate::domain::system::System;
use crate::net::OwnNetwork;
use crate::port::{DialError, Dialed, Session, SessionGone};
use crate::remote::{self, Found, HostFacts, RemoteError};
use crate::supervisor::host::blind::CaughtUp;
use crate::supervisor::host::health::Answer;
use crate::supervisor::host::outside::Way;
use crate::supervisor::host::{HostTask, Open};
use crate::supervisor::hub::{HostNews, News};
use crate::supervisor::limits::{LOOK_LIMIT, PING_LIMIT, START_LIMIT};
use crate::supervisor::writer::LogWriter;
use crate::supervisor::{ladder, start};

/// How a call ended.
pub(super) enum Outcome {
    Dialed(Epoch, Result<Dialed, DialError>, Way),
    Route(Way),
    Identified(Epoch, Result<HostFacts, RemoteError>),
    Ponged(Epoch, Result<Duration, SessionGone>),
    Probed(Epoch, Vec<RungReport>),
    Gone(Epoch, SessionGone),
    Run(AttemptId, RunInput),
    /// The rungs above the login, of a run that was not heard of.
    Suspected(AttemptId, Vec<RungReport>),
    Sampled(Epoch, Box<Answer>),
    LastBoot(Result<Vec<Trace>, RemoteError>),
    System(BootIdentity, Result<System, RemoteError>),
    Listed(Result<Vec<Found>, RemoteError>),
    /// Logs are synced: the end may be told.
    Publish(Box<Fact>),
    Done,
}

impl HostTask {
    pub(super) fn spawn_probe(&mut self, epoch: Epoch) {
        let (connector, host) = (Arc::clone(&self.around.connector), self.around.host.clone());
        let (own, clock) = (self.own_network(), Arc::clone(&self.around.clock));
        let session = self.session.as_ref().filter(|open| open.epoch == epoch).map(|open| Arc::clone(&open.session));
        self.calls.spawn(async move {
            let reports = ladder::probe(&*connector, &host, own.as_ref(), &*clock, session.as_deref()).await;
            Outcome::Probed(epoch, reports)
        });
    }

    fn own_network(&self) -> Option<OwnNetwork> {
        self.around.network.as_ref().map(|watch| watch.borrow().clone())
    }

    pub(super) fn spawn_identify(&mut self, epoch: Epoch) {
        self.bind(epoch, move |session| async move {
            Outcome::Identified(epoch, remote::identify(session.as_ref(), LOOK_LIMIT).await)
        });
    }

    pub(super) fn spawn_ping(&mut self, epoch: Epoch) {
        self.bind(epoch, move |session| async move {
            match tokio::time::timeout(PING_LIMIT, session.ping()).await {
                Ok(answer) => Outcome::Ponged(epoch, answer),
                Err(_) => Outcome::Done,
            }
        });
    }

    fn spawn_watch(&mut self, epoch: Epoch) {
        self.bind(epoch, move |session| async move { Outcome::Gone(epoch, session.closed().await) });
    }

    pub(super) fn spawn_list(&mut self) {
        let Some(epoch) = self.announced else { return };
        self.adopting = false;
        self.bind(
            epoch,
            move |session| async move { Outcome::Listed(remote::list(session.as_ref(), LOOK_LIMIT).await) },
        );
    }

    pub(super) fn spawn_start(&mut self, epoch: Epoch, id: AttemptId, spec: RunSpec, reboots: u32) {
        self.bind(epoch, move |session| async move {
            let answer = start::start(session.as_ref(), id, &spec, reboots, START_LIMIT).await;
            Outcome::Run(id, start::input(epoch, answer))
        });
    }

    pub(super) fn spawn_look(&mut self, epoch: Epoch, id: AttemptId) {
        self.bind(epoch, move |session| async move {
            let looked = remote::states(session.as_ref(), &[id], LOOK_LIMIT).await;
            let input = match looked.ok().and_then(|mut states| states.pop()) {
                Some((_, evidence)) => RunInput::Looked { epoch, evidence: Box::new(evidence) },
                None => RunInput::LookFailed { epoch },
            };
            Outcome::Run(id, input)
        });
    }

    pub(super) fn spawn_cancel(&mut self, epoch: Epoch, id: AttemptId, grace: Duration, reason: CancelReason) {
        self.bind(epoch, move |session| async move {
            let limit = grace + LOOK_LIMIT;
            let input = match remote::cancel(session.as_ref(), id, grace, reason, limit).await {
                Ok(done) => {
                    RunInput::CancelAnswered { epoch, left_over: done.left_over, evidence: Box::new(done.evidence) }
                }
                Err(error) => {
                    tracing::warn!(%id, %error, "cancel failed");
                    RunInput::CancelFailed { epoch }
                }
            };
            Outcome::Run(id, input)
        });
    }

    pub(super) fn spawn_acknowledge(&mut self, epoch: Epoch, id: AttemptId, at: Lengths, logs: Vec<LogWriter>) {
        self.bind(epoch, move |session| async move {
            for log in logs {
                if !log.sync().await {
                    return Outcome::Done;
                }
            }
            if let Err(error) = remote::acknowledge(session.as_ref(), id, at, LOOK_LIMIT).await {
                tracing::info!(%id, %error, "acknowledgement failed");
            }
            Outcome::Run(id, RunInput::Acknowledged { epoch })
        });
    }

    /// Publishes a fact once the logs are on disk.
    pub(super) fn spawn_publish(&mut self, fact: Fact, logs: Vec<LogWriter>, caught_up: Option<CaughtUp>) {
        let telling = caught_up.map(|caught_up| self.telling(caught_up));
        let shared = Arc::clone(&self.around.shared);
        self.calls.spawn(async move {
            if let Some(telling) = telling {
                telling.await;
            }
            for log in logs {
                // A log that cannot be synced keeps the end back: the next supervisor tells it when it is true.
                if !log.finish().await {
                    return Outcome::Done;
                }
            }
            if let Fact::Run { id, .. } = &fact {
                shared.forget_progress(*id);
            }
            Outcome::Publish(Box::new(fact))
        });
    }

    /// Runs a call over the session of this epoch; it dies with it.
    pub(super) fn bind<F>(&mut self, epoch: Epoch, call: impl FnOnce(Arc<dyn Session>) -> F)
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        self.bound.retain(|(_, call)| !call.is_finished());
        if let Some(open) = self.session.as_ref().filter(|open| open.epoch == epoch) {
            let call = self.calls.spawn(call(Arc::clone(&open.session)));
            self.bound.push((epoch, call));
        }
    }

    pub(super) fn handle_outcome(&mut self, now: Moment, outcome: Outcome) {
        match outcome {
            Outcome::Dialed(epoch, dialed, way) => {
                self.note_way(way, &dialed);
                match dialed {
                    Ok(dialed) => self.handle_dialed(now, epoch, dialed),
                    Err(DialError { cause, evidence }) => {
                        self.link.handle_input(now, LinkInput::DialFailed { epoch, cause, evidence });
                    }
                }
            }
            Outcome::Route(way) => self.handle_route(now, way),
            Outcome::Identified(epoch, Ok(facts)) => {
                self.note_sighting(now, &facts);
                self.link.handle_input(now, LinkInput::Identified { epoch, identity: facts.boot });
            }
            Outcome::Identified(epoch, Err(error)) => {
                self.link.handle_input(now, LinkInput::IdentifyFailed { epoch, cause: error.into_cause() });
            }
            Outcome::Ponged(epoch, Ok(rtt)) => {
                self.link.handle_input(now, LinkInput::Pong { epoch, rtt });
                if self.announced == Some(epoch) {
                    self.see_again(now, true);
                }
            }
            Outcome::Ponged(epoch, Err(SessionGone(cause))) | Outcome::Gone(epoch, SessionGone(cause)) => {
                self.link.handle_input(now, LinkInput::Gone { epoch, cause });
            }
            Outcome::Probed(epoch, evidence) => self.link.handle_input(now, LinkInput::Probed { epoch, evidence }),
            Outcome::Run(id, input) => self.run_input(now, id, input),
            Outcome::Suspected(id, reports) => self.handle_suspected(id, &reports),
            Outcome::Sampled(epoch, answer) => self.handle_sampled(now, epoch, *answer),
            Outcome::LastBoot(answer) => self.handle_evidence(answer),
            Outcome::System(boot, answer) => self.handle_system(boot, answer),
            Outcome::Listed(found) => self.handle_listed(found),
            Outcome::Publish(fact) => self.spawn_fact(*fact),
            Outcome::Done => {}
        }
    }

    fn handle_dialed(&mut self, now: Moment, epoch: Epoch, dialed: Dialed) {
        if epoch != self.link.epoch() {
            dialed.session.close();
            return;
        }
        tracing::info!(host = %self.around.host, epoch = epoch.0, transport = dialed.transport, "connected");
        let heard = dialed.session.heard();
        self.session = Some(Open { epoch, session: dialed.session, heard });
        self.spawn_watch(epoch);
        if let Some(keepalive) = dialed.keepalive {
            self.link.handle_input(now, LinkInput::Keepalive(keepalive));
        }
        self.link.handle_input(now, LinkInput::Dialed { epoch, evidence: dialed.evidence });
    }

    /// Publishes from a place that cannot wait.
    pub(super) fn spawn_fact(&mut self, fact: Fact) {
        self.spawn_news(News::Fact(fact));
    }

    pub(super) fn spawn_news(&mut self, news: News) {
        let outlet = self.around.news.clone();
        let news = HostNews { host: self.around.host.clone(), news };
        self.calls.spawn(async move {
            // An error means that the hub has stopped.
            outlet.send(news).await.ok();
            Outcome::Done
        });
    }
}
