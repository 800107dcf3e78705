//! What a host's task does about our own side: our sleep, and whether there is a way to its host.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::domain::blind::BlindCause;
use crate::domain::diagnosis::{Cause, Rung, RungAnswer, RungReport};
use crate::domain::id::{Epoch, HostId};
use crate::domain::link::LinkInput;
use crate::domain::moment::{Moment, Mono};
use crate::domain::run::RunInput;
use crate::net;
use crate::port::{Clock, Connector, DialError, Dialed};
use crate::supervisor::host::calls::Outcome;
use crate::supervisor::host::{HostTask, Report};
use crate::supervisor::ladder;
use crate::supervisor::limits::{FIRST_LOOK, SLEPT, STALL, WAY_LIMIT};

/// Where the first machine on the way to the host is, and whether the kernel knows a way there.
#[derive(Default)]
pub(super) struct Way {
    addresses: Vec<IpAddr>,
    /// `None`: not known.
    reachable: Option<bool>,
}

/// What was forgiven last, so that nobody forgives it twice.
pub(super) struct Stall {
    last: Option<(Mono, Duration)>,
    /// How long the machine had slept at our last wake.
    asleep: Duration,
}

impl Stall {
    pub(super) fn new(clock: &dyn Clock) -> Self {
        Self { last: None, asleep: clock.asleep() }
    }
}

impl HostTask {
    pub(super) fn spawn_dial(&mut self, epoch: Epoch) {
        let (connector, host) = (Arc::clone(&self.around.connector), self.around.host.clone());
        let known = self.way.addresses.clone();
        let (network, clock) = (self.around.network.clone(), Arc::clone(&self.around.clock));
        let reports = self.reports_out.clone();
        let call = self.calls.spawn(async move {
            let way = look(connector.as_ref(), &host, known, FIRST_LOOK).await;
            let dialed = match way.reachable {
                Some(false) => Err(no_route(&way.addresses)),
                Some(true) => dial(&*connector, &host, epoch, reports).await.map_err(not_ours),
                None => dial(&*connector, &host, epoch, reports).await,
            };
            let dialed = match dialed {
                Ok(dialed) => Ok(dialed),
                Err(error) => {
                    // As it is now, and not when the dial began.
                    let own = network.map(|network| network.borrow().clone());
                    Err(ladder::explain(error, &*connector, &host, own.as_ref(), &*clock).await)
                }
            };
            Outcome::Dialed(epoch, dialed, way)
        });
        self.bound.push((epoch, call));
    }

    /// The routing table may have changed.
    pub(super) fn spawn_look_route(&mut self) {
        let (connector, host) = (Arc::clone(&self.around.connector), self.around.host.clone());
        let (known, places) = (self.way.addresses.clone(), Arc::clone(&self.around.looks));
        self.calls.spawn(async move {
            // Waits for other hosts' looks; each has a limit.
            let _place = places.acquire_owned().await;
            Outcome::Route(look(connector.as_ref(), &host, known, WAY_LIMIT).await)
        });
    }

    pub(super) fn handle_route(&mut self, now: Moment, way: Way) {
        if let Some(reachable) = way.reachable {
            self.link.handle_input(now, LinkInput::Route { reachable });
        }
        self.way = way;
    }

    /// What a dial learned of the way. After a failure it is found anew: names may lead elsewhere by then.
    pub(super) fn note_way(&mut self, way: Way, dialed: &Result<Dialed, DialError>) {
        self.way = if dialed.is_ok() { way } else { Way::default() };
    }

    /// The machine slept, or a wake comes long after the time planned for it: nobody else is to blame.
    pub(super) fn notice_stall(&mut self, now: Moment, planned: Option<Mono>) {
        let asleep = self.around.clock.asleep();
        let slept = asleep.saturating_sub(std::mem::replace(&mut self.stall.asleep, asleep));
        let late = planned.map(|planned| now.mono.since(planned)).filter(|late| *late > STALL);
        let length = late.unwrap_or_default().max(slept);
        if late.is_some() || slept >= SLEPT {
            self.forgive(now, length);
        }
    }

    /// The hub noticed it, perhaps after us.
    pub(super) fn handle_stall(&mut self, now: Moment, length: Duration) {
        let just = self.stall.last.filter(|(at, _)| now.mono.since(*at) < JUST).map(|(_, forgiven)| forgiven);
        let rest = length.saturating_sub(just.unwrap_or_default());
        if rest >= SLEPT {
            self.forgive(now, rest);
        }
    }

    fn forgive(&mut self, now: Moment, length: Duration) {
        self.stall.last = Some((now.mono, length));
        self.blind.missed(length, BlindCause::Asleep);
        self.link.handle_input(now, LinkInput::Stalled(length));
        for seat in self.seats.values_mut() {
            seat.run.handle_input(now, RunInput::Stalled(length));
        }
    }
}

/// One attempt; what keeps it waiting is reported while it does.
async fn dial(
    connector: &dyn Connector,
    host: &HostId,
    epoch: Epoch,
    reports: mpsc::Sender<Report>,
) -> Result<Dialed, DialError> {
    let (stages, mut seen) = watch::channel(None);
    let mut dialing = connector.dial_telling(host, stages);
    loop {
        let told = async {
            seen.changed().await.ok()?;
            let stage = (*seen.borrow_and_update())?;
            // Waits for the host's task, which waits for nobody; an error means that it has ended.
            reports.send(Report::Dialing(epoch, stage)).await.ok()
        };
        tokio::select! {
            biased;
            dialed = &mut dialing => return dialed,
            Some(()) = told => {}
        }
    }
}

async fn look(connector: &dyn Connector, host: &HostId, known: Vec<IpAddr>, limit: Duration) -> Way {
    let addresses = if known.is_empty() {
        // A resolver that is slow or gone says nothing about the way.
        tokio::time::timeout(limit, connector.addresses(host)).await.unwrap_or_default()
    } else {
        known
    };
    let mut reachable = None;
    for ip in &addresses {
        match net::route_to(*ip).await {
            _ if ip.is_loopback() => return Way { reachable: Some(true), addresses },
            Ok(Some(_)) => return Way { reachable: Some(true), addresses },
            Ok(None) => reachable = Some(false),
            // Where the kernel cannot be asked, the dial will show.
            Err(_) => return Way { reachable: None, addresses },
        }
    }
    Way { addresses, reachable }
}

fn no_route(addresses: &[IpAddr]) -> DialError {
    let all: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    let detail = format!("the kernel has no route to {}", all.join(", "));
    let report = RungReport { rung: Rung::Route, answer: RungAnswer::Broken, took: Duration::ZERO, detail };
    DialError { cause: Cause::NoRoute, evidence: vec![report] }
}

/// The kernel has a route, so whoever said "unreachable" is a router, or nobody answered in the host's own
/// network: that is no reason of ours, and waiting for a route would be waiting for ever.
fn not_ours(error: DialError) -> DialError {
    if error.cause == Cause::NoRoute { DialError { cause: Cause::Other(UNREACHABLE.into()), ..error } } else { error }
}

const UNREACHABLE: &str = "unreachable, although there is a route: the host or its network is off";

/// The hub's word about a stall that we noticed ourselves comes within this time.
const JUST: Duration = Duration::from_secs(15);
