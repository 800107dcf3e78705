//! The provider that the arguments mean.

use std::sync::Arc;
use std::time::Duration;

use crate::cli::args::SourceArgs;
use crate::cli::commands::health::held::{self, Held};
use crate::cli::compose::Parts;
use crate::cli::control_plane::{self, Wanted};
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::setup;
use crate::domain::health::{Report, Row, Rules, rows};
use crate::domain::id::HostId;
use crate::health::http::ControlPlane;
use crate::health::probe::{ProbeSettings, Probes};
use crate::port::HealthProvider;

/// Where rows come from.
pub(super) struct Source {
    provider: Provider,
    pub rules: Rules,
}

enum Provider {
    Http(ControlPlane),
    Hosts(Hosts),
}

/// Hosts over SSH.
pub(super) struct Hosts {
    pub ids: Vec<HostId>,
    pub probes: Probes,
    /// A supervisor that samples them; `None`: all are asked.
    pub held: Option<Held>,
}

impl Source {
    /// `interval`: how often it is going to be asked.
    pub(super) fn of(args: &SourceArgs, parts: &Parts, interval: Option<Duration>) -> Result<Self, Failure> {
        let mut rules = parts.setup.config.health.rules.clone();
        rules.all.cpu = args.cpu_threshold.or(rules.all.cpu);
        rules.all.memory = args.mem_threshold.or(rules.all.memory);
        let provider = match &args.cp_url {
            Some(url) => Provider::Http(control_plane::of(&Wanted {
                url,
                token_env: args.token_env.as_deref(),
                token_file: args.token_file.as_deref(),
                concurrency: args.concurrency,
                timeout: args.timeout,
            })?),
            None => Provider::Hosts(hosts(args, parts, interval)?),
        };
        Ok(Self { provider, rules })
    }

    pub(super) async fn reports(&self) -> Result<Vec<Report>, Failure> {
        match &self.provider {
            Provider::Http(control_plane) => {
                control_plane.survey().await.map_err(|error| Failure::to(exit::FAILURE, &error))
            }
            Provider::Hosts(hosts) => Ok(held::survey(hosts).await),
        }
    }

    pub(super) async fn rows(&self) -> Result<Vec<Row>, Failure> {
        Ok(rows(&self.reports().await?, &self.rules))
    }

    /// Who has answered, where that was not the servers themselves.
    pub(super) fn told(&self, rows: &[Row]) -> Option<String> {
        match &self.provider {
            Provider::Http(_) => None,
            Provider::Hosts(hosts) => hosts.held.as_ref()?.told(rows),
        }
    }

    pub(super) async fn close(&self) {
        match &self.provider {
            Provider::Http(_) => {}
            Provider::Hosts(hosts) => hosts.probes.close().await,
        }
    }
}

fn hosts(args: &SourceArgs, parts: &Parts, interval: Option<Duration>) -> Result<Hosts, Failure> {
    let config = &parts.setup.config;
    let named: Vec<HostId> = args.hosts.iter().flat_map(|hosts| hosts.0.iter().cloned()).collect();
    let hosts = if named.is_empty() && args.tags.is_empty() {
        config.hosts.clone()
    } else {
        setup::hosts(config, &named, &args.tags)?
    };
    if hosts.is_empty() {
        let hint = "name one with -H, configure the fleet (`steadfast config init`), or ask a control plane: --cp-url";
        return Err(Failure::usage("no host to ask").hint(hint));
    }
    parts.resolve(&hosts)?;
    let settings =
        ProbeSettings { watched: config.health.watched.clone(), concurrency: args.concurrency, budget: args.timeout };
    let ids: Vec<HostId> = hosts.into_iter().map(|host| host.id).collect();
    let held = if args.fresh { None } else { Held::of(parts, interval) };
    Ok(Hosts { probes: Probes::new(Arc::new(parts.connector.clone()), ids.clone(), settings), ids, held })
}
