//! A supervisor of the hosts of one ssh configuration.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use steadfast::clock::SystemClock;
use steadfast::domain::event::{Event, Fact};
use steadfast::domain::fleet::Fleet;
use steadfast::domain::host::HostSettings;
use steadfast::domain::id::HostId;
use steadfast::domain::link::LinkSettings;
use steadfast::domain::moment::Wall;
use steadfast::ledger::{Ledger, Opened};
use steadfast::port::NoPrompt;
use steadfast::ssh::SshConnector;
use steadfast::ssh::resolve::{SshConfigFiles, resolve};
use steadfast::supervisor::{self, Connect, Handle, Setup, Subscription, Update};
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub struct Watched {
    pub handle: Handle,
    pub fleet: Fleet,
    events: Subscription,
    /// Failed attempts that were told, by host.
    failures: HashMap<HostId, usize>,
    ledger: Ledger,
    runtime: Runtime,
    _state: TempDir,
}

impl Watched {
    pub fn start(config: &str, names: &[String], link: LinkSettings) -> Self {
        let state = tempfile::tempdir().unwrap();
        let path = state.path().join("ssh_config");
        std::fs::write(&path, config).unwrap();
        let files = SshConfigFiles::from_environment(Some(&path)).unwrap();
        let hosts: Vec<_> = names.iter().map(|name| HostSettings { link, ..HostSettings::new(host(name)) }).collect();
        let targets: Vec<_> = hosts.iter().map(|host| resolve(host, &files).unwrap()).collect();
        let Opened::Owner(ledger) = Ledger::open(state.path(), "test", Wall(0)).unwrap() else { panic!("held") };
        let clock = Arc::new(SystemClock);
        let setup = Setup {
            hosts,
            connect: Connect::All,
            connector: Arc::new(SshConnector::new(targets, Arc::new(NoPrompt), clock.clone())),
            ledger: ledger.clone(),
            holder: None,
            clock,
            network: None,
            health: None,
            seed: 7,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let handle = {
            let _within = runtime.enter();
            supervisor::start(setup).unwrap()
        };
        let events = runtime.block_on(handle.subscribe()).unwrap();
        let fleet = events.snapshot.clone();
        Self { handle, fleet, events, failures: HashMap::new(), ledger, runtime, _state: state }
    }

    /// The next event, which the fleet knows of afterwards.
    pub fn next(&mut self) -> Arc<Event> {
        let next = async { tokio::time::timeout(LIMIT, self.events.next()).await };
        match self.runtime.block_on(next) {
            Ok(Update::Event(event)) => {
                self.fleet.apply(&event);
                if let (Some(host), Fact::Link(change)) = (&event.host, &event.fact)
                    && change.retry_at.is_some()
                {
                    *self.failures.entry(host.clone()).or_default() += 1;
                }
                event
            }
            Ok(Update::Lagged(_)) => panic!("lagged"),
            Ok(Update::Stopped) => panic!("the supervisor stopped"),
            Err(_) => panic!("waited in vain: {:#?}", self.fleet.hosts),
        }
    }

    pub fn until(&mut self, what: &str, holds: impl Fn(&Fleet) -> bool) {
        while !holds(&self.fleet) {
            self.next();
        }
        let _ = what;
    }

    pub fn failures(&self, name: &str) -> usize {
        self.failures.get(&host(name)).copied().unwrap_or_default()
    }

    pub fn stop(self) {
        self.runtime.block_on(self.handle.shutdown());
        self.ledger.close();
    }
}

pub fn host(name: &str) -> HostId {
    HostId::parse(name).unwrap()
}

/// Longer than any of it takes on the slowest machine.
const LIMIT: Duration = Duration::from_secs(60);
