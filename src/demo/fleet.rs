//! The simulated fleet as the command line and tests hold it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::PrivateKey;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::host::SimHost;
use super::incident::{Incident, Schedule};
use super::keys;
use super::listener::Port;
use super::roster::{self, Profile, Standing};
use super::server::USER;
use super::time::Time;
use crate::domain::host::{HostKeyPolicy, HostSettings};
use crate::domain::id::{HostId, JobName};
use crate::domain::run::Job;
use crate::port::Clock;

/// What a fleet is made of; the rest follows from the seed.
#[derive(Clone)]
pub struct FleetOptions {
    pub seed: u64,
    /// At least [`FEWEST_HOSTS`], at most [`MOST_HOSTS`].
    pub hosts: usize,
    /// Simulated seconds in a second of the clock.
    pub speed: f64,
    /// Whether incidents happen by themselves.
    pub scripted: bool,
    /// Has to move with tokio's timers.
    pub clock: Arc<dyn Clock>,
}

impl FleetOptions {
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { seed: 1, hosts: 9, speed: 1.0, scripted: true, clock }
    }

    /// A fleet to which nothing happens but what [`DemoFleet::inject`] makes happen.
    #[must_use]
    pub fn calm(clock: Arc<dyn Clock>) -> Self {
        Self { scripted: false, ..Self::new(clock) }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("simulate {0} hosts: there must be {FEWEST_HOSTS} to {MOST_HOSTS}")]
    HostCount(usize),
    #[error("listen on loopback")]
    Listen(#[source] io::Error),
    #[error("write a key")]
    Key(#[source] russh::keys::ssh_key::Error),
    #[error("write {}", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("find {0} in the simulated fleet")]
    NoSuchHost(HostId),
}

/// Simulated hosts that speak SSH on loopback sockets. Dropping it ends them; [`DemoFleet::shutdown`]
/// also waits for that.
pub struct DemoFleet {
    seed: u64,
    hosts: Vec<Member>,
    jobs: Vec<Job>,
    client_key: PrivateKey,
    tasks: TaskTracker,
    stop: DropGuard,
}

struct Member {
    host: SimHost,
    settings: HostSettings,
    standing: Standing,
}

impl DemoFleet {
    /// Opens the sockets and begins to live through the schedule. Needs a tokio runtime.
    pub fn start(options: &FleetOptions) -> Result<Self, DemoError> {
        let fleet = Self::assemble(options, |profile, host, tasks| {
            let port = Port::reserve().map_err(DemoError::Listen)?;
            let listener = port.listen().map_err(DemoError::Listen)?;
            let number = port.number();
            host.spawn(port.serve(host.clone(), listener, tasks.clone()));
            Ok(settings(profile, number))
        })?;
        Ok(fleet)
    }

    /// The same without sockets: connections are made with [`SimHost::serve_stream`].
    pub fn start_unconnected(options: &FleetOptions) -> Result<Self, DemoError> {
        Self::assemble(options, |profile, _, _| Ok(settings(profile, 22)))
    }

    fn assemble(
        options: &FleetOptions,
        mut open: impl FnMut(&Profile, &SimHost, &TaskTracker) -> Result<HostSettings, DemoError>,
    ) -> Result<Self, DemoError> {
        if !(FEWEST_HOSTS..=MOST_HOSTS).contains(&options.hosts) {
            return Err(DemoError::HostCount(options.hosts));
        }
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let guard = stop.clone().drop_guard();
        let time = Time::new(Arc::clone(&options.clock), options.speed);
        let client_key = keys::derive(options.seed, &["operator"]);
        let profiles = roster::hosts(options.hosts);
        let mut hosts = Vec::new();
        for profile in &profiles {
            let operator = client_key.public_key().clone();
            let host = SimHost::new(profile.clone(), options.seed, operator, time.clone(), tasks.clone(), stop.clone());
            let settings = open(profile, &host, &tasks)?;
            hosts.push(Member { host, settings, standing: profile.standing });
        }
        let all: Vec<SimHost> = hosts.iter().map(|member| member.host.clone()).collect();
        if let Some(first) = all.first() {
            let schedule = Schedule::new(options.seed, options.hosts, &roster::refusing(&profiles));
            if options.scripted {
                first.spawn(direct(all.clone(), schedule, time.clone()));
            }
            first.spawn(tick(all.clone()));
        }
        Ok(Self { seed: options.seed, hosts, jobs: roster::jobs(&profiles), client_key, tasks, stop: guard })
    }

    /// How to reach the hosts, but for `identity_files`: those the caller fills in when it has written
    /// [`DemoFleet::client_key`] somewhere. [`DemoFleet::connector`] does both.
    #[must_use]
    pub fn hosts(&self) -> Vec<HostSettings> {
        self.hosts.iter().map(|member| member.settings.clone()).collect()
    }

    /// What the fleet is there for; each job names its host.
    #[must_use]
    pub fn jobs(&self) -> Vec<Job> {
        self.jobs.clone()
    }

    /// What to start at the beginning: every job on its host, those that end soon first.
    #[must_use]
    pub fn opening(&self) -> Vec<(HostId, JobName)> {
        let pairs = self.jobs.iter().flat_map(|job| job.hosts.iter().map(|host| (host.clone(), job.name.clone())));
        pairs.collect()
    }

    /// A `known_hosts` file for all of them. One host will turn out to have another key.
    pub fn known_hosts(&self) -> Result<String, DemoError> {
        let mut text = String::new();
        for member in &self.hosts {
            let key = keys::public_text(&member.host.known_key()).map_err(DemoError::Key)?;
            let address = member.settings.address.as_deref().unwrap_or_default();
            text.push_str(&match member.settings.port {
                Some(port) if port != 22 => format!("[{address}]:{port} {key}\n"),
                Some(_) | None => format!("{address} {key}\n"),
            });
        }
        Ok(text)
    }

    /// The operator's key, as the text of an OpenSSH private key file without a passphrase.
    pub fn client_key(&self) -> Result<String, DemoError> {
        keys::private_text(&self.client_key).map_err(DemoError::Key)
    }

    #[must_use]
    pub fn host(&self, id: &HostId) -> Option<&SimHost> {
        self.hosts.iter().map(|member| &member.host).find(|host| host.id() == id)
    }

    /// The incidents that this fleet lives through.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        let refusing = self.hosts.iter().enumerate().filter(|(_, member)| member.standing != Standing::Sound);
        Schedule::new(self.seed, self.hosts.len(), &refusing.map(|(place, _)| place).collect::<Vec<_>>())
    }

    /// Makes `incident` happen to a host now, in place of one that goes on there.
    pub fn inject(&self, host: &HostId, incident: Incident) -> Result<(), DemoError> {
        self.host(host).ok_or_else(|| DemoError::NoSuchHost(host.clone()))?.inject(incident);
        Ok(())
    }

    /// Resets every connection, closes every socket, and waits until every task has ended.
    pub async fn shutdown(self) {
        let Self { tasks, stop, .. } = self;
        drop(stop);
        tasks.close();
        tasks.wait().await;
    }
}

fn settings(profile: &Profile, port: u16) -> HostSettings {
    HostSettings {
        address: Some("127.0.0.1".into()),
        user: Some(USER.into()),
        port: Some(port),
        host_keys: Some(HostKeyPolicy::Strict),
        tags: profile.tags.clone(),
        ..HostSettings::new(profile.id.clone())
    }
}

/// Lets the schedule happen.
async fn direct(hosts: Vec<SimHost>, schedule: Schedule, time: Time) {
    for planned in schedule {
        time.sleep_until(planned.at).await;
        if let Some(host) = hosts.get(planned.host) {
            host.inject(planned.incident);
        }
    }
}

/// Lets output grow while nobody looks, so that whoever looks next does not have to wait for it.
async fn tick(hosts: Vec<SimHost>) {
    loop {
        for host in &hosts {
            let now = host.now();
            host.machine().settle(now);
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(TICK).await;
    }
}

/// Below this the first two minutes have nobody to happen to.
pub const FEWEST_HOSTS: usize = 8;
/// A socket each, and a laptop to carry them.
pub const MOST_HOSTS: usize = 500;
const TICK: Duration = Duration::from_secs(1);
