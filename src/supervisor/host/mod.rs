//! One task per host: it drives the host's [`Link`] and the [`HostRun`]s on it, and does what they
//! ask for. It never waits for the host: every call runs beside it and comes back as an [`Outcome`].

mod blind;
mod calls;
mod health;
mod outside;
mod reboot;
mod runs;
mod suspect;
mod system;

pub(super) use self::health::Sampler;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::domain::blind::{BlindCause, BlindClock};
use crate::domain::event::Fact;
use crate::domain::id::{AttemptId, Epoch, HostId};
use crate::domain::link::{DialStage, Link, LinkEffect, LinkFact, LinkInput, LinkState};
use crate::domain::moment::{Moment, Mono};
use crate::domain::run::{HostRun, RunInput};
use crate::domain::system::System;
use crate::ledger::Ledger;
use crate::net::OwnNetwork;
use crate::port::{Clock, Connector, Session};
use crate::supervisor::host::calls::Outcome;
use crate::supervisor::host::outside::{Stall, Way};
use crate::supervisor::host::reboot::Boots;
use crate::supervisor::host::runs::Seat;
use crate::supervisor::host::suspect::Suspicion;
use crate::supervisor::host::system::Makeup;
use crate::supervisor::hub::{HostNews, News};
use crate::supervisor::shared::{Numbers, Shared};

/// What the hub asks of a host's task.
pub(super) enum HostOrder {
    Link(LinkInput),
    /// Takes an attempt on; `reboots` of its run so far.
    Run {
        run: Box<HostRun>,
        reboots: u32,
        /// For how long no supervisor has looked at it, where one has before.
        unseen: Option<Duration>,
    },
    Input(AttemptId, RunInput),
    Adopt,
    /// The routing table may have changed.
    LookRoute,
    /// This process was not there for this long.
    Stalled(Duration),
}

/// What pumps tell their host's task.
pub(super) enum Report {
    Run(AttemptId, RunInput),
    /// What keeps the dial of this epoch.
    Dialing(Epoch, DialStage),
}

/// Everything a host's task needs from outside.
pub(super) struct Surroundings {
    pub host: HostId,
    pub connector: Arc<dyn Connector>,
    pub ledger: Ledger,
    pub clock: Arc<dyn Clock>,
    /// What is known of the operator's own network, for the ladder's lowest rung.
    pub network: Option<watch::Receiver<OwnNetwork>>,
    pub shared: Arc<Shared>,
    pub news: mpsc::Sender<HostNews>,
    /// Writers are waited for at shutdown.
    pub writers: TaskTracker,
    /// Looks for routes, so that a thousand hosts do not ask the kernel at once. Full: the others wait.
    pub looks: Arc<Semaphore>,
    /// What the ledger knows of what the host is made of.
    pub system: Option<System>,
    pub stop: CancellationToken,
}

pub(super) struct HostTask {
    around: Surroundings,
    numbers: Numbers,
    link: Link,
    seats: HashMap<AttemptId, Seat>,
    session: Option<Open>,
    /// The session that the runs were told of.
    announced: Option<Epoch>,
    calls: JoinSet<Outcome>,
    /// Calls that die with their epoch.
    bound: Vec<(Epoch, AbortHandle)>,
    reports_out: mpsc::Sender<Report>,
    written: Arc<Notify>,
    /// The operator wants to know, once connected, what runs are on the host.
    adopting: bool,
    boots: Boots,
    makeup: Makeup,
    blind: BlindClock,
    way: Way,
    stall: Stall,
    suspicion: Suspicion,
    /// `None`: hosts are not sampled.
    sampler: Option<Sampler>,
}

struct Open {
    epoch: Epoch,
    session: Arc<dyn Session>,
    heard: u64,
}

impl HostTask {
    pub(super) fn new(
        around: Surroundings,
        link: Link,
        sampler: Option<Sampler>,
        reports_out: mpsc::Sender<Report>,
    ) -> Self {
        let numbers = around.shared.numbers(&around.host);
        let stall = Stall::new(around.clock.as_ref());
        let makeup = Makeup::new(around.system.clone());
        Self {
            around,
            numbers,
            link,
            seats: HashMap::new(),
            session: None,
            announced: None,
            calls: JoinSet::new(),
            bound: Vec::new(),
            reports_out,
            written: Arc::new(Notify::new()),
            adopting: false,
            boots: Boots::default(),
            makeup,
            blind: BlindClock::default(),
            way: Way::default(),
            stall,
            suspicion: Suspicion::default(),
            sampler,
        }
    }

    /// Drives until told to stop; then ends the connection and leaves the runs alone.
    pub(super) async fn run(mut self, mut orders: mpsc::Receiver<HostOrder>, mut reports: mpsc::Receiver<Report>) {
        let written = Arc::clone(&self.written);
        let mut planned: Option<Mono> = None;
        loop {
            self.settle().await;
            let deadline = self.deadline();
            let now = self.around.clock.now();
            let sleep = tokio::time::sleep(deadline.map_or(FAR, |deadline| deadline.since(now.mono)));
            let wake = tokio::select! {
                () = self.around.stop.cancelled() => break,
                order = orders.recv() => match order {
                    Some(order) => Wake::Order(order),
                    None => break,
                },
                Some(outcome) = self.calls.join_next() => match outcome {
                    Ok(outcome) => Wake::Outcome(outcome),
                    // Aborted with its epoch.
                    Err(_) => Wake::Timer,
                },
                Some(report) = reports.recv() => Wake::Report(report),
                () = written.notified() => Wake::Written,
                () = sleep => Wake::Timer,
            };
            // Sampled once per wake, after it: what is due is judged by this moment.
            let now = self.around.clock.now();
            self.notice_stall(now, planned.replace(deadline.unwrap_or(now.mono)).and(deadline));
            self.handle(now, wake);
        }
        self.end().await;
    }

    fn handle(&mut self, now: Moment, wake: Wake) {
        self.listen(now);
        match wake {
            Wake::Order(order) => self.handle_order(now, order),
            Wake::Outcome(outcome) => self.handle_outcome(now, outcome),
            Wake::Report(Report::Run(id, input)) => self.run_input(now, id, input),
            Wake::Report(Report::Dialing(epoch, stage)) => {
                self.link.handle_input(now, LinkInput::Dialing { epoch, stage });
            }
            Wake::Written => self.collect_progress(now),
            Wake::Timer => {}
        }
        self.link.handle_timeout(now);
        self.suspect(now);
        for seat in self.seats.values_mut() {
            seat.run.handle_timeout(now);
        }
    }

    fn handle_order(&mut self, now: Moment, order: HostOrder) {
        match order {
            HostOrder::Link(input) => self.link.handle_input(now, input),
            HostOrder::Run { run, reboots, unseen } => {
                if let Some(unseen) = unseen.filter(|_| self.blind.is_clear() && self.announced.is_none()) {
                    self.blind.missed(unseen, BlindCause::NotRunning);
                }
                self.take_on(now, *run, reboots);
            }
            HostOrder::Input(id, input) => self.run_input(now, id, input),
            HostOrder::Adopt => {
                self.adopting = true;
                self.link.handle_input(now, LinkInput::Connect);
            }
            HostOrder::LookRoute => self.spawn_look_route(),
            HostOrder::Stalled(length) => self.handle_stall(now, length),
        }
    }

    /// Any inbound byte is life: looked at on every wake, and at the latest when a ping is due.
    fn listen(&mut self, now: Moment) {
        if let Some(open) = &mut self.session {
            let heard = open.session.heard();
            if heard != open.heard {
                open.heard = heard;
                self.link.handle_input(now, LinkInput::Heard { epoch: open.epoch });
            }
        }
    }

    /// Does all effects and publishes all facts, until both machines are quiet.
    async fn settle(&mut self) {
        loop {
            let now = self.around.clock.now();
            let mut busy = false;
            while let Some(fact) = self.link.poll_fact() {
                busy = true;
                self.publish_link(now, fact).await;
            }
            while let Some(effect) = self.link.poll_effect() {
                busy = true;
                self.link_effect(now, effect);
            }
            self.announce(now);
            busy |= self.settle_runs(now).await;
            if !busy {
                return;
            }
        }
    }

    async fn publish_link(&mut self, now: Moment, fact: LinkFact) {
        match fact {
            LinkFact::Link(change) => {
                if change.to == LinkState::Paused {
                    // It was noticed by hearing nothing: blind since then.
                    let heard = change.from.is_connected() || change.from == LinkState::Pinging;
                    let since = if heard { self.link.without_contact_since() } else { now.mono };
                    let why = if change.hold().is_some() { BlindCause::Operator } else { BlindCause::OwnNetwork };
                    self.blind.dark(since, why);
                } else {
                    self.blind.lit(now.mono);
                }
                if change.to != change.from && self.announced.is_none() {
                    let blind = self.blind.dark_since();
                    self.all_runs(now, &RunInput::Disconnected { blind });
                }
                self.publish(Fact::Link(change)).await;
            }
            LinkFact::Boot(fact) => {
                self.note_boot(&fact);
                self.publish(Fact::Boot(fact)).await;
            }
        }
    }

    async fn publish(&self, fact: Fact) {
        let news = HostNews { host: self.around.host.clone(), news: News::Fact(fact) };
        // An error means that the hub has stopped, and we are about to.
        self.around.news.send(news).await.ok();
    }

    fn link_effect(&mut self, now: Moment, effect: LinkEffect) {
        match effect {
            LinkEffect::Dial(epoch) => self.spawn_dial(epoch),
            LinkEffect::Identify(epoch) => self.spawn_identify(epoch),
            LinkEffect::Ping(epoch) => self.spawn_ping(epoch),
            LinkEffect::Probe(epoch) => self.spawn_probe(epoch),
            LinkEffect::Close(epoch) => self.close(now, epoch),
        }
    }

    fn close(&mut self, now: Moment, epoch: Epoch) {
        for (_, call) in self.bound.extract_if(.., |(of, _)| *of == epoch) {
            call.abort();
        }
        if let Some(open) = self.session.take_if(|open| open.epoch == epoch) {
            open.session.close();
        }
        if self.announced == Some(epoch) {
            self.announced = None;
            self.numbers.set_rtt(None);
            let blind = self.blind.dark_since();
            self.all_runs(now, &RunInput::Disconnected { blind });
        }
    }

    /// Tells the runs of a session once the host has said who it is, and the link when they all know.
    fn announce(&mut self, now: Moment) {
        let epoch = self.link.epoch();
        if self.link.state().is_connected() && self.announced != Some(epoch) {
            self.announced = Some(epoch);
            self.see_again(now, false);
            self.all_runs(now, &RunInput::Connected(epoch));
        }
        if self.link.state() == LinkState::Rebooted && self.seats.values().all(|seat| seat.run.is_settled()) {
            self.link.handle_input(now, LinkInput::RebootHandled);
        }
        self.gather_evidence();
        self.gather_system();
        self.pace_health(now);
        if self.adopting {
            self.spawn_list();
        }
        self.numbers.set_rtt(self.link.rtt());
    }

    fn deadline(&self) -> Option<Mono> {
        let runs = self.seats.values().filter_map(|seat| seat.run.poll_timeout());
        let health = self.sampler.as_ref().filter(|_| self.can_ask()).and_then(Sampler::poll_timeout);
        self.link.poll_timeout().into_iter().chain(runs).chain(health).min()
    }

    async fn end(mut self) {
        if let Some(open) = self.session.take() {
            open.session.close();
        }
        self.calls.shutdown().await;
    }
}

enum Wake {
    Order(HostOrder),
    Outcome(Outcome),
    Report(Report),
    Written,
    Timer,
}

/// Nothing is due: something else wakes us.
const FAR: std::time::Duration = std::time::Duration::from_secs(3600);
