//! `steadfast check`: one connection per host, used once.

mod report;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::cli::args::{CheckArgs, Globals};
use crate::cli::commands::check::report::{Contact, Report, Survival};
use crate::cli::compose::{self, Parts};
use crate::cli::failure::Failure;
use crate::cli::setup;
use crate::cli::{exit, output};
use crate::domain::diagnosis::Cause;
use crate::domain::id::{HostId, RunId};
use crate::domain::moment::Mono;
use crate::headless::jsonl;
use crate::port::{Clock, Connector, DialError, Dialed, Session, SessionGone};
use crate::remote::{self, RemoteError};

pub(in crate::cli) fn run(args: &CheckArgs, globals: &Globals) -> Result<u8, Failure> {
    compose::run(globals, |parts| async move { check(args, &parts).await })
}

async fn check(args: &CheckArgs, parts: &Parts) -> Result<u8, Failure> {
    let named: Vec<HostId> = args.hosts.iter().flat_map(|hosts| hosts.0.iter().cloned()).collect();
    let hosts = if named.is_empty() && args.tags.is_empty() {
        parts.setup.config.hosts.clone()
    } else {
        setup::hosts(&parts.setup.config, &named, &args.tags)?
    };
    if hosts.is_empty() {
        return Err(
            Failure::usage("no host to check").hint("name one, or configure the fleet: `steadfast config init`")
        );
    }
    parts.resolve(&hosts)?;
    let mut checks = JoinSet::new();
    for (place, host) in hosts.into_iter().enumerate() {
        let (connector, clock) = (parts.connector.clone(), Arc::clone(&parts.clock));
        let (retries, delay, survival) = (args.retries, args.delay, args.survival);
        checks.spawn(async move {
            let check = Check { connector: &connector, clock: clock.as_ref(), host: host.id };
            (place, check.run(retries, delay, survival).await)
        });
    }
    let mut waiting = std::collections::BTreeMap::new();
    let (mut next, mut code) = (0, exit::SUCCESS);
    let color = parts.setup.color.stdout();
    while let Some(done) = checks.join_next().await {
        let Ok((place, report)) = done else { continue };
        waiting.insert(place, report);
        // In the order asked for, each as soon as it can be.
        while let Some(report) = waiting.remove(&next) {
            let text = if args.json { jsonl::line(&report.record()) } else { report.text(color) };
            output::print(text)?;
            code = code.max(report.code());
            next += 1;
        }
    }
    Ok(code)
}

struct Check<'a> {
    connector: &'a crate::cli::connector::Aliases,
    clock: &'a dyn Clock,
    host: HostId,
}

impl Check<'_> {
    async fn run(&self, retries: u32, delay: Duration, survival: bool) -> Report {
        let mut attempt = 0;
        loop {
            let report = self.once(survival).await;
            let again = match &report.contact {
                Contact::Failed { cause, .. } => !cause.is_refusal() && attempt < retries,
                Contact::Made { .. } => false,
            };
            if !again {
                return report;
            }
            attempt += 1;
            compose::say(&format!("{}: {}; attempt {} of {}", self.host, report.summary(), attempt + 1, retries + 1));
            tokio::time::sleep(delay).await;
        }
    }

    async fn once(&self, survival: bool) -> Report {
        let remarks = self.connector.remarks(&self.host).unwrap_or_default();
        let contact = match self.connector.dial(&self.host).await {
            Ok(dialed) => self.made(dialed, survival).await,
            Err(DialError { cause, evidence }) => Contact::Failed { cause, evidence },
        };
        Report { host: self.host.clone(), remarks, contact }
    }

    async fn made(&self, dialed: Dialed, survival: bool) -> Contact {
        let Dialed { session, evidence, transport } = dialed;
        let before = self.clock.now().mono;
        let facts = match remote::identify(session.as_ref(), LIMIT).await {
            Ok(facts) => facts,
            Err(error) => {
                session.close();
                return Contact::Failed { cause: cause_of(error), evidence };
            }
        };
        let exec_took = self.clock.now().mono.since(before);
        let survival = match survival {
            true => Some(self.survival(session).await),
            false => {
                session.close();
                None
            }
        };
        Contact::Made { evidence, transport, exec_took, facts: Box::new(facts), survival }
    }

    /// Starts a process, cuts the connection, comes back and looks.
    async fn survival(&self, session: Arc<dyn Session>) -> Survival {
        let token = RunId::from_random(rand::random()).to_string();
        let started = remote::survival_start(session.as_ref(), &token, LIMIT).await;
        session.close();
        drop(session);
        let launcher = match started {
            Ok(survivor) => survivor.launcher,
            Err(error) => return Survival::Unknown(format!("the probe was not started: {error}")),
        };
        // Whatever kills the processes of a session needs a moment for it.
        tokio::time::sleep(SETTLE).await;
        let again = match self.again().await {
            Ok(session) => session,
            Err(cause) => return Survival::Unknown(format!("no second connection: {cause}")),
        };
        let alive = remote::survival_look(again.as_ref(), &token, LIMIT).await;
        again.close();
        match alive {
            Ok(true) => Survival::Survives { launcher },
            Ok(false) => Survival::Dies { launcher },
            Err(error) => Survival::Unknown(format!("the probe could not be looked for: {error}")),
        }
    }

    async fn again(&self) -> Result<Arc<dyn Session>, Cause> {
        let deadline: Mono = self.clock.now().mono + AGAIN;
        loop {
            match self.connector.dial(&self.host).await {
                Ok(dialed) => return Ok(dialed.session),
                Err(error) if error.cause.is_refusal() || self.clock.now().mono >= deadline => return Err(error.cause),
                Err(_) => tokio::time::sleep(SETTLE).await,
            }
        }
    }
}

fn cause_of(error: RemoteError) -> Cause {
    match error {
        RemoteError::Gone(SessionGone(cause)) => cause,
        other @ (RemoteError::Refused(_)
        | RemoteError::TimedOut(_)
        | RemoteError::Garbled(_)
        | RemoteError::Host(_)
        | RemoteError::File { .. }) => Cause::ExecRefused(other.to_string()),
    }
}

/// For each question to the host.
const LIMIT: Duration = Duration::from_secs(30);

/// Between the end of a session and the look whether its processes are still there.
const SETTLE: Duration = Duration::from_secs(3);

/// The second connection of a survival check is tried this long.
const AGAIN: Duration = Duration::from_secs(30);
