//! Resolves hosts when they are first dialled: those of the configuration, and any other name as
//! `ssh` would. A configuration of one host that cannot be understood is that host's trouble alone.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::config::Config;
use crate::domain::diagnosis::{Cause, Rung, RungAnswer, RungReport};
use crate::domain::host::HostSettings;
use crate::domain::id::HostId;
use crate::domain::network::CheckHost;
use crate::port::{Clock, Connector, DialError, Dialed, Prompter, Stages};
use crate::ssh::SshConnector;
use crate::ssh::resolve::{ResolveError, SshConfigFiles, Target, remarks, resolve_among};

/// The connector of real hosts, by name.
#[derive(Clone)]
pub struct Aliases {
    inner: Arc<Inner>,
}

struct Inner {
    ssh: SshConnector,
    config: Config,
    files: SshConfigFiles,
    /// Held for a lookup only.
    resolved: Mutex<HashSet<HostId>>,
}

impl Aliases {
    pub fn new(config: Config, files: SshConfigFiles, prompter: Arc<dyn Prompter>, clock: Arc<dyn Clock>) -> Self {
        let ssh = SshConnector::new(std::iter::empty::<Target>(), prompter, clock);
        Self { inner: Arc::new(Inner { ssh, config, files, resolved: Mutex::default() }) }
    }

    /// Resolves a host now. Reads files, and blocks meanwhile.
    pub fn resolve(&self, host: &HostId) -> Result<(), ResolveError> {
        self.inner.resolve(host)
    }

    /// What is done otherwise than the configuration of `ssh` says. Reads files, and blocks meanwhile.
    pub fn remarks(&self, host: &HostId) -> Result<Vec<String>, ResolveError> {
        remarks(&self.inner.settings(host), &self.inner.config.hosts, &self.inner.files)
    }

    /// Whether the way to a host never leaves this machine. Reads files, and blocks meanwhile.
    #[must_use]
    pub fn is_loopback(&self, host: &HostId) -> bool {
        let Ok(target) = self.inner.target(host) else { return false };
        let first = target.jump.first().unwrap_or(&target);
        is_loopback(&first.hostname)
    }

    /// Who of the fleet can tell whether our network carries: the first machines on the way to some of
    /// the hosts, jump hosts first. Reads files, and blocks meanwhile.
    #[must_use]
    pub fn check_hosts(&self, hosts: &[HostSettings]) -> Vec<CheckHost> {
        let (mut jumps, mut direct) = (Vec::new(), Vec::new());
        // Spread over the fleet: neighbours in the list share a rack, and its fate.
        for host in hosts.iter().step_by(hosts.len().div_ceil(SAMPLE).max(1)) {
            let Ok(target) = self.inner.target(&host.id) else { continue };
            let list = if target.jump.is_empty() { &mut direct } else { &mut jumps };
            let first = target.jump.first().unwrap_or(&target);
            let check = CheckHost::new(first.hostname.clone(), first.port);
            // Behind a command of the operator's nobody knows whom it asks.
            if target.needs_system.is_none() && !is_loopback(&first.hostname) && !list.contains(&check) {
                list.push(check);
            }
        }
        jumps.truncate(ASKED);
        direct.retain(|host| !jumps.contains(host));
        let step = direct.len().div_ceil(ASKED - jumps.len() / 2).max(1);
        jumps.extend(direct.into_iter().step_by(step));
        jumps
    }

    /// Waits for what connections left behind; the caller sets the limit.
    pub async fn settle(&self) {
        self.inner.ssh.settle().await;
    }
}

impl Inner {
    fn settings(&self, host: &HostId) -> HostSettings {
        let configured = self.config.hosts.iter().find(|settings| settings.id == *host);
        configured.cloned().unwrap_or_else(|| self.config.defaults.host(host.clone()))
    }

    fn target(&self, host: &HostId) -> Result<Target, ResolveError> {
        resolve_among(&self.settings(host), &self.config.hosts, &self.files)
    }

    fn resolve(&self, host: &HostId) -> Result<(), ResolveError> {
        if self.is_resolved(host) {
            return Ok(());
        }
        self.ssh.add_target(self.target(host)?);
        self.resolved.lock().unwrap_or_else(PoisonError::into_inner).insert(host.clone());
        Ok(())
    }

    fn is_resolved(&self, host: &HostId) -> bool {
        self.resolved.lock().unwrap_or_else(PoisonError::into_inner).contains(host)
    }

    /// The same off the runtime's threads.
    async fn ensure(self: &Arc<Self>, host: &HostId) -> Result<(), Cause> {
        if self.is_resolved(host) {
            return Ok(());
        }
        let (inner, name) = (Arc::clone(self), host.clone());
        let outcome = tokio::task::spawn_blocking(move || inner.resolve(&name)).await;
        match outcome {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Cause::Other(format!("failed to {error}"))),
            Err(error) => Err(Cause::Other(format!("failed to resolve {host}: {error}"))),
        }
    }
}

fn is_loopback(name: &str) -> bool {
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// So many hosts are looked at for check hosts; reading the configuration of each takes a moment.
const SAMPLE: usize = 64;

/// So many jump hosts are asked at most, and about as many others.
const ASKED: usize = 4;

impl Connector for Aliases {
    fn dial(&self, host: &HostId) -> BoxFuture<'static, Result<Dialed, DialError>> {
        self.dial_telling(host, Stages::new(None))
    }

    fn dial_telling(&self, host: &HostId, stages: Stages) -> BoxFuture<'static, Result<Dialed, DialError>> {
        let (inner, host) = (Arc::clone(&self.inner), host.clone());
        Box::pin(async move {
            inner.ensure(&host).await.map_err(|cause| DialError { cause, evidence: Vec::new() })?;
            inner.ssh.dial_telling(&host, stages).await
        })
    }

    fn ping(&self, host: &HostId) -> BoxFuture<'static, RungReport> {
        let (inner, host) = (Arc::clone(&self.inner), host.clone());
        Box::pin(async move {
            match inner.ensure(&host).await {
                Ok(()) => inner.ssh.ping(&host).await,
                Err(cause) => RungReport {
                    rung: Rung::Icmp,
                    answer: RungAnswer::NotAsked,
                    took: Duration::ZERO,
                    detail: cause.to_string(),
                },
            }
        })
    }

    fn probe(&self, host: &HostId) -> BoxFuture<'static, Vec<RungReport>> {
        let (inner, host) = (Arc::clone(&self.inner), host.clone());
        Box::pin(async move {
            match inner.ensure(&host).await {
                Ok(()) => inner.ssh.probe(&host).await,
                Err(_) => Vec::new(),
            }
        })
    }

    fn addresses(&self, host: &HostId) -> BoxFuture<'static, Vec<IpAddr>> {
        let (inner, host) = (Arc::clone(&self.inner), host.clone());
        Box::pin(async move {
            match inner.ensure(&host).await {
                Ok(()) => inner.ssh.addresses(&host).await,
                Err(_) => Vec::new(),
            }
        })
    }
}
