//! Opens sessions: looks up how a host is reached, waits for a place, chooses the transport.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio_util::task::TaskTracker;

use crate::domain::diagnosis::{Cause, Rung, RungReport};
use crate::domain::host::TransportChoice;
use crate::domain::id::HostId;
use crate::domain::link::DialStage;
use crate::port::{Clock, Connector, DialError, Dialed, Prompter, Stages};

use super::ask::Asker;
use super::environment::Environment;
use super::icmp::{self, Icmp};
use super::limiter::Limiter;
use super::native::{self, KeyRing, Means};
use super::patience::Patience;
use super::resolve::Target;
use super::rungs::Rungs;
use super::system;

/// The connector of real hosts.
pub struct SshConnector {
    shared: Arc<Shared>,
}

struct Shared {
    targets: RwLock<HashMap<HostId, Arc<Target>>>,
    prompter: Arc<dyn Prompter>,
    limiter: Limiter,
    icmp: Icmp,
    means: Means,
}

impl SshConnector {
    /// With the environment of this process.
    #[must_use]
    pub fn new(targets: impl IntoIterator<Item = Target>, prompter: Arc<dyn Prompter>, clock: Arc<dyn Clock>) -> Self {
        Self::with_environment(targets, prompter, clock, Environment::of_process())
    }

    #[must_use]
    pub fn with_environment(
        targets: impl IntoIterator<Item = Target>,
        prompter: Arc<dyn Prompter>,
        clock: Arc<dyn Clock>,
        environment: Environment,
    ) -> Self {
        let targets = targets.into_iter().map(|target| (target.alias.clone(), Arc::new(target))).collect();
        let means =
            Means { clock, keys: KeyRing::default(), environment, learning: Arc::default(), tasks: TaskTracker::new() };
        let shared =
            Shared { targets: RwLock::new(targets), prompter, limiter: Limiter::new(), icmp: Icmp::new(), means };
        Self { shared: Arc::new(shared) }
    }

    /// A host that was not configured, or is to be reached otherwise from the next dial on.
    pub fn add_target(&self, target: Target) {
        let mut targets = self.shared.targets.write().unwrap_or_else(PoisonError::into_inner);
        targets.insert(target.alias.clone(), Arc::new(target));
    }

    /// Waits until what connections left behind (messages under way, processes of `ssh`) is gone. The
    /// connections themselves must be dropped before; the caller sets the limit.
    pub async fn settle(&self) {
        self.shared.means.tasks.close();
        self.shared.means.tasks.wait().await;
        self.shared.means.tasks.reopen();
    }
}

impl Connector for SshConnector {
    fn dial(&self, host: &HostId) -> BoxFuture<'static, Result<Dialed, DialError>> {
        self.dial_telling(host, Stages::new(None))
    }

    fn dial_telling(&self, host: &HostId, stages: Stages) -> BoxFuture<'static, Result<Dialed, DialError>> {
        let (shared, host) = (Arc::clone(&self.shared), host.clone());
        Box::pin(async move { shared.dial(&host, stages).await })
    }

    fn ping(&self, host: &HostId) -> BoxFuture<'static, RungReport> {
        let (shared, host) = (Arc::clone(&self.shared), host.clone());
        Box::pin(async move { shared.ping(&host).await })
    }

    fn probe(&self, host: &HostId) -> BoxFuture<'static, Vec<RungReport>> {
        let (shared, host) = (Arc::clone(&self.shared), host.clone());
        Box::pin(async move { shared.probe(&host).await })
    }

    fn addresses(&self, host: &HostId) -> BoxFuture<'static, Vec<IpAddr>> {
        let (shared, host) = (Arc::clone(&self.shared), host.clone());
        Box::pin(async move { shared.addresses(&host).await })
    }
}

impl Shared {
    async fn dial(&self, host: &HostId, stages: Stages) -> Result<Dialed, DialError> {
        let target = self.targets.read().unwrap_or_else(PoisonError::into_inner).get(host).cloned();
        let Some(target) = target else {
            let cause = Cause::Other(format!("no host {host} is configured"));
            return Err(DialError { cause, evidence: Vec::new() });
        };
        let by_system = self.by_system(&target)?;
        let destination = destination(&target);
        let waiting = |before| {
            stages.send_replace(Some(DialStage::Waiting { before }));
        };
        let first = target.jump.first().map_or(target.link.connect_limit, |first| first.link.connect_limit);
        let place = self.limiter.place(&destination, target.link.connect_limit.min(first), waiting).await;
        let begun = place.begun();
        let asker = Asker {
            host: host.clone(),
            prompter: Arc::clone(&self.prompter),
            askpass: self.means.environment.askpass.clone(),
            patience: Arc::new(Patience::new(target.limit())),
            place: Mutex::new(Some(place)),
            stages,
            limit: target.jump.iter().map(Target::limit).sum::<Duration>() + target.limit(),
        };
        asker.begin();
        let dialed = match by_system {
            None => native::dial(&target, &self.means, &asker).await,
            Some(why) => system::dial(&target, &why, &self.means, &asker).await,
        };
        // Before the place is given back: the next one is to find what was learned.
        if let Some(dropped) = was_dropped(&target, &dialed) {
            self.limiter.learn(&destination, begun, dropped);
        }
        dialed
    }

    /// Only a host that we reach ourselves: what lies behind another may not even be the same network.
    async fn ping(&self, host: &HostId) -> RungReport {
        let target = self.targets.read().unwrap_or_else(PoisonError::into_inner).get(host).cloned();
        let Some(target) = target else { return icmp::not_asked("not configured") };
        if let Some(jump) = target.jump.last() {
            return icmp::not_asked(&format!("not pinged: behind jump host {}", jump.alias));
        }
        if let Some(why) = target.needs_system.as_ref().filter(|why| why.contains("Proxy")) {
            return icmp::not_asked(&format!("not pinged: behind {why}"));
        }
        match native::resolve(&target.hostname, target.port).await {
            Ok(addresses) => self.icmp.ping(addresses).await,
            Err(cause) => icmp::not_asked(&cause.to_string()),
        }
    }

    /// Of a host behind others only the first of them can be asked.
    async fn probe(&self, host: &HostId) -> Vec<RungReport> {
        let target = self.targets.read().unwrap_or_else(PoisonError::into_inner).get(host).cloned();
        let Some(target) = target.filter(|target| target.needs_system.is_none()) else { return Vec::new() };
        let via = target.jump.first().map(|jump| jump.alias.to_string());
        let first = target.jump.first().unwrap_or(&target);
        native::probe(first, via, Rungs::new(Arc::clone(&self.means.clock))).await
    }

    /// None of a host whose way only the system's `ssh` knows.
    async fn addresses(&self, host: &HostId) -> Vec<IpAddr> {
        let target = self.targets.read().unwrap_or_else(PoisonError::into_inner).get(host).cloned();
        let Some(target) = target.filter(|target| target.needs_system.is_none()) else { return Vec::new() };
        let first = target.jump.first().unwrap_or(&target);
        if let Ok(ip) = first.hostname.parse() {
            return vec![ip];
        }
        let found = tokio::net::lookup_host((first.hostname.as_str(), first.port)).await;
        found.map(|found| found.map(|address| address.ip()).take(ADDRESSES).collect()).unwrap_or_default()
    }

    /// Why the system's `ssh` is to be used, if it is.
    fn by_system(&self, target: &Target) -> Result<Option<String>, DialError> {
        match (target.transport, &target.needs_system) {
            (TransportChoice::System, why) => Ok(Some(why.clone().unwrap_or_else(|| "as configured".into()))),
            (TransportChoice::Auto, why) => Ok(why.clone()),
            (TransportChoice::Russh, None) => Ok(None),
            (TransportChoice::Russh, Some(why)) => {
                let cause = Cause::Other(format!("transport = \"russh\" cannot do {why}; \"system\" can"));
                Err(Rungs::new(Arc::clone(&self.means.clock)).broken(Rung::Tcp, cause, ""))
            }
        }
    }
}

/// Whether the destination's sshd dropped the connection before it spoke; `None` when that cannot be told.
fn was_dropped(target: &Target, dialed: &Result<Dialed, DialError>) -> Option<bool> {
    let Err(error) = dialed else { return Some(false) };
    let dropped = match target.jump.first() {
        None => error.cause == Cause::ResetBeforeBanner,
        Some(first) => {
            let (host, cause) = (first.alias.to_string(), Box::new(Cause::ResetBeforeBanner));
            error.cause == Cause::JumpHost { host, cause }
        }
    };
    dropped.then_some(true)
}

/// Of a name with more, the first are looked at.
const ADDRESSES: usize = 8;

/// Whose sshd will have to take the connection.
fn destination(target: &Target) -> String {
    let first = target.jump.first().unwrap_or(target);
    format!("{}:{}", first.hostname, first.port)
}
