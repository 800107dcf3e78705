//! The network as it changes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::domain::network::{CheckAnswer, Links, Network, NetworkInput, NetworkState, Round};
use crate::net::{NetSettings, OwnNetwork, Source, ask, platform};
use crate::port::Clock;

/// Watches the operator's own network until it is dropped.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::sync::Arc;
///
/// use steadfast::clock::SystemClock;
/// use steadfast::domain::network::{CheckHost, NetworkSettings, NetworkState};
/// use steadfast::net::{NetSettings, NetworkMonitor};
///
/// # // An address that answers for sure, and without leaving this machine.
/// # let gate = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
/// // Somebody of yours who answers, if your network carries: "gate.example.com:22".
/// let check = Some(vec![CheckHost::parse(&gate.to_string()).unwrap()]);
/// let network = NetworkSettings { check, ..NetworkSettings::default() };
/// let settings = NetSettings { network, ..NetSettings::default() };
///
/// let monitor = NetworkMonitor::start(settings, Arc::new(SystemClock));
/// # if monitor.look().await.state != NetworkState::Down {
/// monitor.wait_until_up().await;
/// assert_ne!(monitor.state(), NetworkState::Down);
/// # }
/// let mut changes = monitor.subscribe();
/// let now = changes.borrow_and_update().clone();
/// println!("{}: {}", now.state.word(), now.why);
/// # }
/// ```
pub struct NetworkMonitor {
    changes: watch::Receiver<OwnNetwork>,
    links: watch::Sender<Links>,
    settings: NetSettings,
    /// Aborted with us.
    _task: JoinSet<()>,
}

/// What a supervisor needs of a monitor: what it sees, and where to tell it what the links need.
#[derive(Debug)]
pub struct Feed {
    pub changes: watch::Receiver<OwnNetwork>,
    pub links: watch::Sender<Links>,
}

impl NetworkMonitor {
    /// Begins to watch, on the current tokio runtime. Cannot fail: what cannot be watched is
    /// `Unknown`, `why` says so, and it is tried again at leisure.
    ///
    /// Check hosts are asked at their interval, unless [`NetworkMonitor::feed`] is used to say that
    /// nobody needs it.
    #[must_use]
    pub fn start(settings: NetSettings, clock: Arc<dyn Clock>) -> Self {
        // Holds the newest value only: who looks late misses what is over, and delays nobody.
        let (out, changes) = watch::channel(OwnNetwork::not_asked());
        let (links, needs) = watch::channel(Links::Wanting { some_alive: false });
        let mut task = JoinSet::new();
        task.spawn(drive(settings.clone(), clock, needs, out));
        Self { changes, links, settings, _task: task }
    }

    /// What is known now; `Unknown` at first.
    #[must_use]
    pub fn state(&self) -> NetworkState {
        self.changes.borrow().state
    }

    /// The network now, and every change. Begins with `Unknown`, "not asked yet".
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<OwnNetwork> {
        self.changes.clone()
    }

    /// Asks the kernel once more, beside the watch.
    pub async fn look(&self) -> OwnNetwork {
        crate::net::look(&self.settings).await
    }

    /// Waits until there is a network to dial over: it is up, degraded, or cannot be watched.
    pub async fn wait_until_up(&self) {
        wait_until_up(&mut self.subscribe()).await;
    }

    /// For a supervisor, which says when links need the network: until it does, nobody is asked.
    #[must_use]
    pub fn feed(&self) -> Feed {
        self.links.send_replace(Links::Quiet);
        Feed { changes: self.subscribe(), links: self.links.clone() }
    }
}

/// Waits for a network to dial over. Returns as well when its watch has ended: nobody knows then.
pub(crate) async fn wait_until_up(changes: &mut watch::Receiver<OwnNetwork>) {
    let there = |network: &OwnNetwork| network.source != Source::NotAsked && network.state != NetworkState::Down;
    // An error means that the watch has ended.
    changes.wait_for(there).await.ok();
}

/// A network that is simulated: what links need of it is told to nobody.
impl From<watch::Receiver<OwnNetwork>> for Feed {
    fn from(changes: watch::Receiver<OwnNetwork>) -> Self {
        Self { changes, links: watch::channel(Links::Quiet).0 }
    }
}

/// Goes on until it is aborted.
async fn drive(
    settings: NetSettings,
    clock: Arc<dyn Clock>,
    mut needs: watch::Receiver<Links>,
    out: watch::Sender<OwnNetwork>,
) {
    let (seen_out, mut seen) = watch::channel(OwnNetwork::not_asked());
    let mut follower = JoinSet::new();
    follower.spawn(platform::follow(settings.clone(), Arc::clone(&clock), seen_out));
    let hosts: Arc<[_]> = settings.checks().into();
    let mut machine = Network::new(&settings.network, !hosts.is_empty(), *needs.borrow_and_update());
    let limit = settings.network.check_timeout;
    // At most one round at a time.
    let mut rounds: JoinSet<(Round, Vec<CheckAnswer>)> = JoinSet::new();
    loop {
        while let Some(round) = machine.poll_ask() {
            rounds.abort_all();
            let (hosts, clock) = (Arc::clone(&hosts), Arc::clone(&clock));
            // The silence of hosts that nobody named must be told from our own.
            let witness = settings.network.check.is_none();
            rounds.spawn(async move { (round, ask(&hosts, witness, limit, &*clock).await) });
        }
        tell(&out, &machine, &seen.borrow());
        let due = machine.poll_timeout().map_or(FAR, |due| due.since(clock.now().mono));
        tokio::select! {
            biased;
            changed = seen.changed() => if changed.is_err() { return },
            changed = needs.changed() => if changed.is_err() { return },
            Some(done) = rounds.join_next() => if let Ok((round, answers)) = done {
                machine.handle_input(clock.now().mono, NetworkInput::Answered { round, answers });
            },
            () = tokio::time::sleep(due) => {}
        }
        let now = clock.now().mono;
        machine.handle_input(now, NetworkInput::Links(*needs.borrow_and_update()));
        let OwnNetwork { state, why, default_route, source, .. } = seen.borrow_and_update().clone();
        if source != Source::NotAsked {
            machine.handle_input(now, NetworkInput::Seen { state, why, default_route });
        }
        machine.handle_timeout(now);
    }
}

/// What is seen, as the machine judges it.
fn tell(out: &watch::Sender<OwnNetwork>, machine: &Network, seen: &OwnNetwork) {
    let (state, why, checks) = (machine.state(), machine.why().to_owned(), machine.answers().to_vec());
    let network = OwnNetwork { state, why, checks, ..seen.clone() };
    out.send_if_modified(|known| {
        let changed = *known != network;
        if changed {
            if (known.state, &known.why) != (network.state, &network.why) {
                tracing::info!(state = network.state.word(), why = network.why, "own network");
            }
            *known = network;
        }
        changed
    });
}

/// Nothing is due: something else wakes us.
const FAR: Duration = Duration::from_secs(3600);
