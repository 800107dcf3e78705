//! A thousand hosts that are alive and silent: what they cost, without what SSH itself costs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use rustix::time::{ClockId, clock_gettime};
use steadfast::clock::SystemClock;
use steadfast::domain::diagnosis::RungReport;
use steadfast::domain::event::{Fact, LinkChange};
use steadfast::domain::host::HostSettings;
use steadfast::domain::id::HostId;
use steadfast::domain::link::LinkState;
use steadfast::domain::moment::Wall;
use steadfast::ledger::{Ledger, Opened};
use steadfast::port::{Connector, DialError, Dialed};
use steadfast::supervisor::{self, Connect, Setup, Update};
use tokio::sync::Semaphore;

use crate::local_session::{LocalSession, Shell, Surroundings};

pub fn measure() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(quiet());
}

async fn quiet() {
    let dir = tempfile::tempdir().unwrap();
    let Opened::Owner(ledger) = Ledger::open(dir.path(), "a benchmark", Wall(0)).unwrap() else { return };
    let empty = resident();
    let handle = supervisor::start(Setup {
        hosts: (0..HOSTS).map(|n| HostSettings::new(HostId::parse(&format!("h{n}")).unwrap())).collect(),
        connect: Connect::All,
        connector: Arc::new(Here(Arc::new(Semaphore::new(8)))),
        ledger: ledger.clone(),
        holder: None,
        clock: Arc::new(SystemClock),
        network: None,
        health: None,
        seed: 1,
    })
    .unwrap();
    let mut events = handle.subscribe().await.unwrap();
    let mut alive = events.snapshot.hosts.values().filter(|host| host.link.state == LinkState::Alive).count();
    while alive < HOSTS {
        match events.next().await {
            Update::Event(event) => {
                let Fact::Link(LinkChange { from, to, .. }) = &event.fact else { continue };
                alive += usize::from(*to == LinkState::Alive && from != to);
            }
            Update::Lagged(fleet) => {
                alive = fleet.hosts.values().filter(|host| host.link.state == LinkState::Alive).count();
            }
            Update::Stopped => return,
        }
    }
    // Lets the last identities be read.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (cpu, began) = (cpu(), Instant::now());
    tokio::time::sleep(WATCHED).await;
    let percent = (self::cpu() - cpu).as_secs_f64() / began.elapsed().as_secs_f64() * 100.0;
    let each = percent / HOSTS as f64;
    println!("{HOSTS} quiet links: {percent:.2} % of a CPU, {each:.4} % each (budget 0.05 %)");
    if let (Some(empty), Some(full)) = (empty, resident()) {
        println!(
            "{HOSTS} quiet links: {} kB of memory each (budget 256 kB)",
            full.saturating_sub(empty) / HOSTS / 1000
        );
    }
    handle.shutdown().await;
    ledger.close();
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Bytes of memory in use, where /proc tells.
fn resident() -> Option<usize> {
    let pages: usize = std::fs::read_to_string("/proc/self/statm").ok()?.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

/// Every host is this machine. The first call of each starts a shell: not all at once.
struct Here(Arc<Semaphore>);

impl Connector for Here {
    fn dial(&self, _: &HostId) -> BoxFuture<'static, Result<Dialed, DialError>> {
        let places = Arc::clone(&self.0);
        Box::pin(async move {
            // Whoever got a place keeps it for as long as a shell takes.
            if let Ok(place) = places.acquire_owned().await {
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    drop(place);
                });
            }
            let path = "/usr/bin:/bin".to_owned();
            let around = Surroundings { shell: Shell::Sh, home: None, path, env: Vec::new() };
            let session = Arc::new(LocalSession::new(around));
            Ok(Dialed { session, evidence: Vec::new(), transport: "this machine".into(), keepalive: None })
        })
    }

    fn probe(&self, _: &HostId) -> BoxFuture<'static, Vec<RungReport>> {
        Box::pin(std::future::ready(Vec::new()))
    }
}

const HOSTS: usize = 1_000;
const WATCHED: Duration = Duration::from_secs(20);
