//! F3: drives links and runs: one task per host, one hub that orders facts, one [`Handle`] for
//! whoever looks at it.
//!
//! Await upward (pump → host task → hub → journal), `try_send` downward (handle → hub → host task):
//! no cycle of waits can exist. Every capacity is in `limits.rs`.

mod handle;
mod history;
mod host;
mod hub;
mod journal;
pub mod ladder;
mod limits;
mod plane;
mod pump;
mod resume;
mod shared;
mod start;
mod viewer;
mod watching;
mod writer;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures_util::stream::FuturesUnordered;
use tokio::sync::{Semaphore, broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use handle::{CommandError, Handle, Live, OutputTail, Subscription, Update};
pub use plane::ControlPlane;

use crate::domain::fleet::Fleet;
use crate::domain::health;
use crate::domain::host::HostSettings;
use crate::domain::id::{HostId, Seq};
use crate::domain::link::{Link, LinkInput, LinkSettings};
use crate::domain::moment::Wall;
use crate::domain::network::NetworkState;
use crate::ledger::{HealthLog, Holder, Ledger, LedgerError};
use crate::net::{Feed, OwnNetwork};
use crate::port::{Clock, Connector};
use crate::supervisor::host::{HostOrder, HostTask, Sampler, Surroundings};
use crate::supervisor::hub::{HostNews, Hub, Inlets, Outside};
use crate::supervisor::journal::Journal;
use crate::supervisor::limits::{EVENTS, FACTS, HOST_ORDERS, HOST_REPORTS, LOOKS, ORDERS};
use crate::supervisor::shared::Shared;

/// What a supervisor needs.
pub struct Setup {
    /// The fleet; hosts that only the ledger or a command knows are added as they come.
    pub hosts: Vec<HostSettings>,
    /// Which of them to connect to right away. Hosts with unfinished runs are, in any case.
    pub connect: Connect,
    pub connector: Arc<dyn Connector>,
    pub ledger: Ledger,
    /// Who holds the ledger, if not we: then this only looks on.
    pub holder: Option<Holder>,
    pub clock: Arc<dyn Clock>,
    /// The operator's own network, where it is watched.
    pub network: Option<Feed>,
    /// How hosts are sampled; `None`: they are not.
    pub health: Option<health::Settings>,
    /// Of the jitter in reconnecting.
    pub seed: u64,
}

/// Which hosts a supervisor connects to by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Connect {
    All,
    Only(Vec<HostId>),
}

/// Starts a supervisor on the current tokio runtime.
///
/// # Errors
/// When the ledger cannot be read.
pub fn start(setup: Setup) -> Result<Handle, LedgerError> {
    let now = setup.clock.now().wall;
    let mut fleet = setup.ledger.restore(Wall(now.0.saturating_sub(TIMELINE_MILLIS)))?;
    for host in &setup.hosts {
        let known = fleet.hosts.remove(&host.id);
        fleet.add_host(host.id.clone(), address(host), host.tags.clone(), now);
        if let (Some(known), Some(fresh)) = (known, fleet.hosts.get_mut(&host.id)) {
            fresh.held = known.held;
            fresh.boot = known.boot;
            fresh.reboots = known.reboots;
            fresh.rebooted = known.rebooted;
            fresh.system = known.system;
            fresh.changed = known.changed;
            fresh.timeline = known.timeline;
            fresh.unwell = known.unwell;
        }
    }
    if let Some(holder) = &setup.holder {
        return Ok(viewer::start(setup.ledger.clone(), holder.to_string(), fleet, setup.clock));
    }
    Ok(own(setup, fleet))
}

fn own(setup: Setup, mut fleet: Fleet) -> Handle {
    fleet.network = NetworkState::Unknown;
    for host in fleet.hosts.values_mut() {
        // An earlier supervisor's connection is not ours.
        host.link.state = crate::domain::link::LinkState::Idle;
    }
    // The last event is the last sign that somebody looked.
    let last = setup.ledger.events(Seq(fleet.seq.0.saturating_sub(1)), 1);
    let last_seen = last.ok().and_then(|events| events.last().map(|event| event.at));
    fleet.incidents.end(last_seen.unwrap_or_else(|| setup.clock.now().wall));
    let tracker = TaskTracker::new();
    let stop = CancellationToken::new();
    let (orders_out, orders) = mpsc::channel(ORDERS);
    let (news_out, news) = mpsc::channel(FACTS);
    let (troubles_out, troubles) = mpsc::channel(4);
    let (events, _) = broadcast::channel(EVENTS);
    let shared = Arc::new(Shared::new(setup.ledger.clone(), None));
    let (journal, drive_journal) = Journal::new(setup.ledger.clone(), troubles_out);
    tracker.spawn(drive_journal);
    tracker.spawn(viewer::forward_orders(setup.ledger.clone(), orders_out.clone(), stop.clone()));
    let health = setup.health.filter(|health| health.sampling.is_some()).map(Arc::new);
    let log = health.as_ref().and_then(|_| history::open(&setup.ledger, &shared, &orders_out, &tracker));
    shared.set_health_log(log.clone());
    let seats = Seats {
        settings: setup.hosts.iter().map(|host| (host.id.clone(), host.link)).collect(),
        connector: setup.connector,
        ledger: setup.ledger,
        clock: Arc::clone(&setup.clock),
        network: setup.network.as_ref().map(|feed| feed.changes.clone()),
        shared: Arc::clone(&shared),
        news: news_out,
        tracker: tracker.clone(),
        looks: Arc::new(Semaphore::new(LOOKS)),
        stop: stop.clone(),
        health: health.map(|settings| (settings, log)),
        seed: setup.seed,
    };
    let (network, links) = setup.network.map(|Feed { changes, links }| (changes, links)).unzip();
    let outside = Outside::new(setup.clock.as_ref(), links);
    let hub = Hub {
        fleet,
        outside,
        clock: setup.clock,
        events,
        journal,
        seats: HashMap::new(),
        seater: Box::new(move |host, fleet| seats.make(host, fleet)),
        retries: Default::default(),
        last_seen,
        stop: stop.clone(),
        starting: FuturesUnordered::new(),
        unsent: HashMap::new(),
        unjournaled: false,
    };
    let wanted = match setup.connect {
        Connect::All => setup.hosts.into_iter().map(|host| host.id).collect(),
        Connect::Only(hosts) => hosts,
    };
    let over = Arc::clone(&shared);
    tracker.spawn(async move {
        hub.run(wanted, Inlets { orders, news, troubles, network }).await;
        // It is closed when nobody has it any more.
        over.set_health_log(None);
    });
    tracker.close();
    Handle::new(orders_out, shared, tracker)
}

/// Makes the tasks of hosts.
struct Seats {
    settings: BTreeMap<HostId, LinkSettings>,
    connector: Arc<dyn Connector>,
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    network: Option<watch::Receiver<OwnNetwork>>,
    shared: Arc<Shared>,
    news: mpsc::Sender<HostNews>,
    tracker: TaskTracker,
    looks: Arc<Semaphore>,
    stop: CancellationToken,
    /// How hosts are sampled, and where that is written down.
    health: Option<(Arc<health::Settings>, Option<HealthLog>)>,
    seed: u64,
}

impl Seats {
    fn make(&self, host: &HostId, fleet: &Fleet) -> mpsc::Sender<HostOrder> {
        let settings = self.settings.get(host).copied().unwrap_or_default();
        let view = fleet.hosts.get(host);
        let seed = self.seed
            ^ host.as_str().bytes().fold(0, |hash: u64, byte| {
                // FNV-1a: hosts of one fleet must not reconnect in step.
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        let mut link = Link::new(settings, view.and_then(|view| view.boot.clone()), seed);
        link.handle_input(self.clock.now(), LinkInput::Network(fleet.network));
        if let Some(hold) = view.and_then(|view| view.held) {
            link.handle_input(self.clock.now(), LinkInput::Hold(hold));
        }
        let (orders_out, orders) = mpsc::channel(HOST_ORDERS);
        let (reports_out, reports) = mpsc::channel(HOST_REPORTS);
        let around = Surroundings {
            host: host.clone(),
            connector: Arc::clone(&self.connector),
            ledger: self.ledger.clone(),
            clock: Arc::clone(&self.clock),
            network: self.network.clone(),
            shared: Arc::clone(&self.shared),
            news: self.news.clone(),
            writers: self.tracker.clone(),
            looks: Arc::clone(&self.looks),
            system: view.and_then(|view| view.system.as_ref().map(|known| known.value.clone())),
            stop: self.stop.clone(),
        };
        let sampler = self.health.as_ref().and_then(|(settings, log)| Sampler::new(settings, view, seed, log.clone()));
        self.tracker.spawn(HostTask::new(around, link, sampler, reports_out).run(orders, reports));
        orders_out
    }
}

/// What people call it: `user@address:port`, as far as it is configured.
fn address(host: &HostSettings) -> String {
    let user = host.user.as_deref().map(|user| format!("{user}@")).unwrap_or_default();
    let port = host.port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("{user}{}{port}", host.address.as_deref().unwrap_or(host.id.as_str()))
}

/// How much of the past the timeline shows after a start: 30 days.
const TIMELINE_MILLIS: i64 = 30 * 24 * 3600 * 1000;
