//! The one place where facts get their order: number, fold, journal, publish. It does no disk work
//! and waits for nobody: facts are awaited upward, orders are only offered downward.

mod commands;
mod outside;
mod retries;

pub(super) use outside::Outside;

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::domain::event::{CancelReason, Event, Fact, RunFact, SupervisorFact};
use crate::domain::fleet::Fleet;
use crate::domain::id::{AttemptId, HostId, Seq};
use crate::domain::link::LinkInput;
use crate::domain::moment::Wall;
use crate::domain::run::{HostRun, RunInput};
use crate::domain::watch::AlarmHit;
use crate::net::OwnNetwork;
use crate::port::Clock;
use crate::remote::Found;
use crate::supervisor::handle::Order;
use crate::supervisor::host::HostOrder;
use crate::supervisor::hub::retries::Retries;
use crate::supervisor::journal::Journal;

/// What a host's task reports.
pub(super) struct HostNews {
    pub host: HostId,
    pub news: News,
}

pub(super) enum News {
    Fact(Fact),
    /// Everything that is on the host, for [`Command::Adopt`](crate::domain::command::Command::Adopt).
    Found(Vec<Found>),
}

/// Makes tasks for hosts that were not there at the start.
pub(super) type Seater = Box<dyn FnMut(&HostId, &Fleet) -> mpsc::Sender<HostOrder> + Send>;

pub(super) struct Hub {
    pub fleet: Fleet,
    pub clock: Arc<dyn Clock>,
    pub events: broadcast::Sender<Arc<Event>>,
    pub journal: Journal,
    pub seats: HashMap<HostId, mpsc::Sender<HostOrder>>,
    pub seater: Seater,
    pub retries: Retries,
    pub outside: Outside,
    /// When an earlier supervisor was last known to look.
    pub last_seen: Option<Wall>,
    pub stop: CancellationToken,
    /// Attempts that go to their host once the journal has them.
    pub starting: FuturesUnordered<BoxFuture<'static, (AttemptId, Result<(), String>)>>,
    /// Those of them that were not sent yet, and whether they were cancelled meanwhile.
    pub unsent: HashMap<AttemptId, Option<CancelReason>>,
    /// Whether a standing warning says that the journal is not written.
    pub unjournaled: bool,
}

/// Where the hub hears from.
pub(super) struct Inlets {
    pub orders: mpsc::Receiver<Order>,
    pub news: mpsc::Receiver<HostNews>,
    pub troubles: mpsc::Receiver<Option<String>>,
    pub network: Option<watch::Receiver<OwnNetwork>>,
}

impl Hub {
    /// Runs until told to stop. Drains what host tasks still say, so that none of it is lost.
    pub(super) async fn run(mut self, wanted: Vec<HostId>, mut inlets: Inlets) {
        self.publish(None, Fact::Supervisor(SupervisorFact::Started { version: env!("CARGO_PKG_VERSION").into() }));
        self.resume();
        for host in wanted {
            self.offer(&host, HostOrder::Link(LinkInput::Connect));
        }
        loop {
            let now = self.clock.now();
            let pause = self.outside_pause(now.mono);
            let pause = self.retries.next_due().map_or(pause, |due| due.since(now.wall).min(pause));
            tokio::select! {
                // Facts first: a command is judged by the newest fleet.
                biased;
                Some(news) = inlets.news.recv() => self.handle_news(news),
                Some((id, outcome)) = self.starting.next() => self.send_attempt(id, outcome),
                seen = changed(&mut inlets.network) => self.handle_network(seen),
                Some(trouble) = inlets.troubles.recv() => self.handle_trouble(trouble),
                order = inlets.orders.recv() => match order {
                    Some(Order::Command(command)) => self.handle_command(*command),
                    Some(Order::Tell(fact)) => self.publish(None, fact),
                    Some(Order::Warn(text)) => self.warn(text),
                    Some(Order::Subscribe(answer)) => {
                        // Whoever asked may have gone.
                        answer.send((self.fleet.clone(), self.events.subscribe())).ok();
                    }
                    Some(Order::Shutdown) | None => break,
                },
                () = tokio::time::sleep(pause) => {}
            }
            self.look_outside();
            self.run_retries();
        }
        self.stop.cancel();
        self.seats.clear();
        self.seater = Box::new(|_, _| mpsc::channel(1).0);
        while let Some(news) = inlets.news.recv().await {
            self.handle_news(news);
        }
        self.publish(None, Fact::Supervisor(SupervisorFact::Stopped));
    }

    fn handle_news(&mut self, HostNews { host, news }: HostNews) {
        match news {
            News::Fact(fact) => self.handle_fact(host, fact),
            News::Found(found) => self.adopt(&host, found),
        }
    }

    fn handle_fact(&mut self, host: HostId, fact: Fact) {
        match fact {
            Fact::Run { id, fact: RunFact::Ended { verdict, lengths } } => {
                self.publish(Some(host), Fact::Run { id, fact: RunFact::Ended { verdict, lengths } });
                self.plan_next_attempt(id);
            }
            // Totals: after a restart they are told again.
            Fact::Run { id, fact: RunFact::Alarm(ref hit) } if self.is_known(id, hit) => {}
            Fact::Run { .. }
            | Fact::Link(_)
            | Fact::Boot(_)
            | Fact::Network { .. }
            | Fact::Output { .. }
            | Fact::Health(_)
            | Fact::Operator(_)
            | Fact::Supervisor(_) => {
                self.publish(Some(host), fact);
            }
        }
    }

    fn is_known(&self, id: AttemptId, hit: &AlarmHit) -> bool {
        self.fleet.attempt(id).is_some_and(|attempt| attempt.known_hits(&hit.pattern, hit.stream) >= hit.hits)
    }

    /// Gives a fact its number and its time, and tells everybody.
    pub(super) fn publish(&mut self, host: Option<HostId>, fact: Fact) {
        let event = self.event(host, fact);
        if let Err(why) = self.journal.append(Arc::clone(&event)) {
            self.handle_trouble(Some(why.into()));
        }
    }

    fn event(&mut self, host: Option<HostId>, fact: Fact) -> Arc<Event> {
        self.note_link(host.as_ref(), &fact);
        let event = Event { seq: Seq(self.fleet.seq.0 + 1), at: self.clock.now().wall, host, fact };
        self.fleet.apply(&event);
        let event = Arc::new(event);
        // An error means that nobody is looking.
        self.events.send(Arc::clone(&event)).ok();
        event
    }

    /// Publishes the request for an attempt, and sends it to its host once the journal has it.
    pub(super) fn request(&mut self, host: HostId, id: AttemptId, spec: Box<crate::domain::run::RunSpec>) {
        self.unsent.insert(id, None);
        let event = self.event(Some(host), Fact::Run { id, fact: RunFact::Requested { spec } });
        match self.journal.append_and_tell(event) {
            Ok(written) => self.starting.push(Box::pin(async move {
                (id, written.await.unwrap_or_else(|_| Err("the journal has stopped".into())))
            })),
            Err(why) => self.send_attempt(id, Err(why.into())),
        }
    }

    fn send_attempt(&mut self, id: AttemptId, journaled: Result<(), String>) {
        let cancelled = self.unsent.remove(&id).flatten();
        let Some(run) = self.fleet.runs.get(&id.run) else { return };
        let (host, spec) = (run.host.clone(), run.spec.clone());
        if let Err(why) = journaled {
            let reason = format!("the ledger could not note it: {why}");
            self.give_up(host, id, reason);
            return;
        }
        let adopted = self.fleet.attempt(id).is_some_and(|attempt| attempt.started.is_some());
        let run = if adopted {
            HostRun::resumed(id, spec, crate::domain::event::Lengths::default(), std::time::Duration::ZERO)
        } else {
            HostRun::requested(id, spec, false)
        };
        let reboots = self.reboots(id);
        if !self.offer(&host, HostOrder::Run { run: Box::new(run), reboots, unseen: None }) {
            self.give_up(host, id, "its host's task takes no orders".into());
        } else if let Some(reason) = cancelled {
            self.offer(&host, HostOrder::Input(id, RunInput::Cancel(reason)));
        }
    }

    fn give_up(&mut self, host: HostId, id: AttemptId, reason: String) {
        let verdict = crate::domain::run::Verdict::NotStarted { reason };
        let lengths = crate::domain::event::Lengths::default();
        self.publish(Some(host), Fact::Run { id, fact: RunFact::Ended { verdict, lengths } });
    }

    /// Hands an order to a host's task, which is made if there is none; false if it has no room.
    pub(super) fn offer(&mut self, host: &HostId, order: HostOrder) -> bool {
        if !self.seats.contains_key(host) {
            let now = self.clock.now().wall;
            if !self.fleet.hosts.contains_key(host) {
                self.fleet.add_host(host.clone(), String::new(), Vec::new(), now);
            }
            let seat = (self.seater)(host, &self.fleet);
            self.seats.insert(host.clone(), seat);
        }
        let taken = self.seats.get(host).is_some_and(|seat| seat.try_send(order).is_ok());
        if !taken {
            self.warn(format!("{host} is busy: an order to it was not taken"));
        }
        taken
    }

    pub(super) fn warn(&mut self, text: String) {
        self.publish(None, Fact::Supervisor(SupervisorFact::Warning(text)));
    }

    /// The journal began to fail, or works again. The runs go on either way.
    fn handle_trouble(&mut self, trouble: Option<String>) {
        let text = match trouble {
            Some(why) if !self.unjournaled => {
                self.unjournaled = true;
                format!("the ledger is not being written: {why}; runs go on, what happens now may be missing from it")
            }
            None if self.unjournaled => {
                self.unjournaled = false;
                "the ledger is being written again".into()
            }
            Some(_) | None => return,
        };
        // Not through `publish`: the journal may be what is full.
        let event = self.event(None, Fact::Supervisor(SupervisorFact::Warning(text)));
        self.journal.append(event).ok();
    }
}

/// The next look at the own network; never, where nobody watches it (any more).
async fn changed(network: &mut Option<watch::Receiver<OwnNetwork>>) -> Option<OwnNetwork> {
    let Some(watch) = network else { return std::future::pending().await };
    if watch.changed().await.is_err() {
        *network = None;
        return None;
    }
    Some(watch.borrow_and_update().clone())
}
