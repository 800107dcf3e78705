//! A link goes down and up; how soon is it known, and how soon is a paused host dialed.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use steadfast::clock::SystemClock;
use steadfast::domain::diagnosis::RungReport;
use steadfast::domain::host::HostSettings;
use steadfast::domain::id::HostId;
use steadfast::domain::moment::Wall;
use steadfast::domain::network::NetworkState;
use steadfast::ledger::{Ledger, Opened};
use steadfast::net::{NetSettings, NetworkMonitor, OwnNetwork};
use steadfast::port::{Connector, DialError, Dialed};
use steadfast::supervisor::{self, Connect, Setup};
use tokio::sync::{mpsc, watch};

use crate::told;

pub fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

pub fn go_inside() {
    for way in [&["--net"][..], &["--map-root-user", "--net"]] {
        let mut again = Command::new("unshare");
        again.args(way).arg(std::env::current_exe().unwrap()).env(INSIDE, "1").stdin(Stdio::null());
        if again.status().is_ok_and(|status| status.success()) {
            return;
        }
    }
    eprintln!("SKIPPED: netlink event to dial: no network namespace here");
}

pub fn measure() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(cycles());
}

async fn cycles() {
    let mut ip = Ip::new();
    ip.say("link add eth0 type veth peer name far");
    ip.say("link set far up");
    ip.say("address add 192.0.2.7/24 dev eth0");
    let dir = tempfile::tempdir().unwrap();
    let Opened::Owner(ledger) = Ledger::open(dir.path(), "a benchmark", Wall(0)).unwrap() else { return };
    let monitor = NetworkMonitor::start(NetSettings::default(), Arc::new(SystemClock));
    let mut network = monitor.subscribe();
    until(&mut network, NetworkState::Down).await;
    let (dial, mut dials) = mpsc::channel(1_000);
    let handle = supervisor::start(Setup {
        hosts: vec![HostSettings::new(HostId::parse("h1").unwrap())],
        connect: Connect::All,
        connector: Arc::new(Never(dial)),
        ledger: ledger.clone(),
        holder: None,
        clock: Arc::new(SystemClock),
        network: Some(monitor.feed()),
        health: None,
        seed: 1,
    })
    .unwrap();
    let (mut down, mut up, mut dialed) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..CYCLES {
        // Longer than what counts as flapping.
        tokio::time::sleep(Duration::from_millis(400)).await;
        while dials.try_recv().is_ok() {}
        let began = Instant::now();
        ip.say("link set eth0 up");
        until(&mut network, NetworkState::Up).await;
        up.push(began.elapsed());
        let at: Instant = dials.recv().await.unwrap();
        dialed.push(at.saturating_duration_since(began));
        tokio::time::sleep(Duration::from_millis(100)).await;
        let began = Instant::now();
        ip.say("link set eth0 down");
        until(&mut network, NetworkState::Down).await;
        down.push(began.elapsed());
    }
    told("own link down, `ip` to state", down);
    told("own link up, `ip` to state", up);
    told("own link up, `ip` to dial", dialed);
    handle.shutdown().await;
    ledger.close();
}

async fn until(network: &mut watch::Receiver<OwnNetwork>, state: NetworkState) {
    network.wait_for(|network| network.state == state).await.unwrap();
}

/// One `ip` for all, so that no process is started within the time that is measured.
struct Ip(Child);

impl Ip {
    fn new() -> Self {
        Self(Command::new("ip").args(["-batch", "-"]).stdin(Stdio::piped()).spawn().unwrap())
    }

    fn say(&mut self, words: &str) {
        let stdin = self.0.stdin.as_mut().unwrap();
        writeln!(stdin, "{words}").unwrap();
        stdin.flush().unwrap();
    }
}

impl Drop for Ip {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Tells when it is dialed; the dial never ends.
struct Never(mpsc::Sender<Instant>);

impl Connector for Never {
    fn dial(&self, _: &HostId) -> BoxFuture<'static, Result<Dialed, DialError>> {
        let _ = self.0.try_send(Instant::now());
        Box::pin(std::future::pending())
    }

    fn probe(&self, _: &HostId) -> BoxFuture<'static, Vec<RungReport>> {
        Box::pin(std::future::ready(Vec::new()))
    }
}

const INSIDE: &str = "STEADFAST_BENCH_NAMESPACE";
const CYCLES: usize = 50;
