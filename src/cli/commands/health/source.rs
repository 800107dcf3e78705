//! The provider that the arguments mean.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::cli::args::SourceArgs;
use crate::cli::commands::health::held::{self, Held};
use crate::cli::compose::{self, Parts};
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::setup;
use crate::domain::health::{Report, Row, Rules, rows};
use crate::domain::id::HostId;
use crate::health::http::{ControlPlane, HttpError, HttpSettings};
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
            Some(url) => Provider::Http(control_plane(url, args)?),
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

fn control_plane(url: &str, args: &SourceArgs) -> Result<ControlPlane, Failure> {
    let token = token(args)?;
    let guarded = token.is_some();
    let settings = HttpSettings { url: url.to_owned(), token, concurrency: args.concurrency, timeout: args.timeout };
    let control_plane = ControlPlane::new(settings).map_err(|error| {
        let code = match error {
            HttpError::Url(_) => exit::USAGE,
            HttpError::Token | HttpError::Tls(_) => exit::FAILURE,
        };
        Failure::to(code, &error)
    })?;
    if guarded && control_plane.is_readable_by_others() {
        compose::say("the token goes over the network unencrypted: the URL begins with http://");
    }
    Ok(control_plane)
}

/// From the environment or a file, never from the arguments, which everybody on this machine can read.
fn token(args: &SourceArgs) -> Result<Option<SecretString>, Failure> {
    let (text, place) = match (&args.token_env, &args.token_file) {
        (Some(name), _) => {
            let text = std::env::var(name)
                .map_err(|_| Failure::usage(format!("there is no environment variable {name} with a token")))?;
            (text, format!("${name}"))
        }
        (None, Some(path)) => {
            let failed = |why: &dyn std::fmt::Display| {
                Failure::new(exit::FAILURE, format!("failed to read the token from {}: {why}", path.display()))
            };
            let size = std::fs::metadata(path).map_err(|error| failed(&error))?.len();
            if size > TOKEN {
                return Err(failed(&format_args!("it has more than {TOKEN} bytes")));
            }
            (std::fs::read_to_string(path).map_err(|error| failed(&error))?, path.display().to_string())
        }
        (None, None) => return Ok(None),
    };
    match text.trim() {
        "" => Err(Failure::usage(format!("{place} has no token in it"))),
        token => Ok(Some(SecretString::from(token.to_owned()))),
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

/// Bytes of a file with a token.
const TOKEN: u64 = 64 << 10;
