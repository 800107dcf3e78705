//! `steadfast check`: one connection per host, used once.

mod report;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::app::say;

use crate::cli::args::{CheckArgs, Globals};
use crate::cli::commands::check::report::{Contact, Report, Survival, Try};
use crate::cli::compose::{self, Parts};
use crate::cli::failure::Failure;
use crate::cli::setup;
use crate::cli::{exit, output};
use crate::domain::diagnosis::{Cause, Rung, RungAnswer, RungReport};
use crate::domain::id::{AttemptId, HostId, RunId};
use crate::domain::moment::Mono;
use crate::domain::run::Observed;
use crate::headless::jsonl;
use crate::net::{self, NetSettings};
use crate::port::{Clock, Connector, DialError, Dialed, Session};
use crate::remote::{self, RemoteError};
use crate::supervisor::ladder;

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
    let (tell, mut told) = mpsc::channel(TOLD);
    for (place, host) in hosts.into_iter().enumerate() {
        let (connector, clock) = (parts.connector.clone(), Arc::clone(&parts.clock));
        let (retries, delay, survival) = (args.retries, args.delay, args.survival);
        let tell = tell.clone();
        checks.spawn(async move {
            let check = Check { connector: &connector, clock: clock.as_ref(), host: host.id };
            check.run(retries, delay, survival, |report| tell.send((place, report))).await;
        });
    }
    drop(tell);
    let mut waiting: BTreeMap<usize, Vec<Report>> = BTreeMap::new();
    let (mut next, mut code) = (0, exit::SUCCESS);
    let color = parts.setup.color.stdout();
    while let Some((place, report)) = told.recv().await {
        waiting.entry(place).or_default().push(report);
        // Host by host in the order asked for, each try as soon as it can be told.
        while let Some(reports) = waiting.remove(&next) {
            for report in reports {
                let text = if args.json { jsonl::line(&report.record()) } else { report.text(color) };
                output::print(text)?;
                if report.is_last() {
                    code = code.max(report.code());
                    next += 1;
                }
            }
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
    /// One try after the other; each is told.
    async fn run<F>(&self, retries: u32, delay: Duration, survival: bool, tell: impl Fn(Report) -> F)
    where
        F: Future<Output = Result<(), mpsc::error::SendError<(usize, Report)>>>,
    {
        let tries = retries.saturating_add(1);
        for number in 1..=tries {
            let report = self.once(Try { number, of: tries, delay }, survival).await;
            let last = report.is_last();
            // An error means that nobody listens any more.
            if tell(report).await.is_err() || last {
                return;
            }
            tokio::time::sleep(delay).await;
        }
    }

    async fn once(&self, attempt: Try, survival: bool) -> Report {
        let remarks = self.connector.remarks(&self.host).unwrap_or_default();
        let own = net::look(&NetSettings::default()).await;
        let below = ladder::below(self.connector, &self.host, Some(&own), self.clock);
        let (below, dialed) = futures_util::join!(below, self.connector.dial(&self.host));
        let mut contact = match dialed {
            Ok(dialed) => self.made(dialed, survival).await,
            Err(DialError { cause, evidence }) => Contact::Failed { cause, evidence },
        };
        contact.put_below(below);
        Report { host: self.host.clone(), attempt, remarks, contact }
    }

    async fn made(&self, dialed: Dialed, survival: bool) -> Contact {
        let Dialed { session, mut evidence, transport, .. } = dialed;
        let before = self.clock.now().mono;
        let facts = match remote::identify(session.as_ref(), FIRST_LIMIT).await {
            Ok(facts) => facts,
            Err(error) => {
                session.close();
                let cause = error.into_cause();
                let (took, detail) = (self.clock.now().mono.since(before), cause.to_string());
                evidence.push(RungReport { rung: Rung::Exec, answer: RungAnswer::Broken, took, detail });
                return Contact::Failed { cause, evidence };
            }
        };
        let exec_took = self.clock.now().mono.since(before);
        let system = remote::system(session.as_ref(), LIMIT).await.map_err(|error| error.to_string());
        let heartbeat = self.heartbeat(session.as_ref()).await;
        let survival = match survival {
            true => Some(self.survival(session).await),
            false => {
                session.close();
                None
            }
        };
        Contact::Made { evidence, transport, exec_took, facts: Box::new(facts), system, heartbeat, survival }
    }

    /// The last rung: whether the runs on the host, if there are any, live.
    async fn heartbeat(&self, session: &dyn Session) -> RungReport {
        let before = self.clock.now().mono;
        let (answer, detail) = match hearts(session).await {
            Ok(hearts) => hearts.say(),
            Err(error) => (RungAnswer::Broken, format!("failed to look for the runs there: {error}")),
        };
        RungReport { rung: Rung::Heartbeat, answer, took: self.clock.now().mono.since(before), detail }
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

/// The runs that go on, and those of them whose hearts stand still.
#[derive(Default)]
struct Hearts {
    going: usize,
    /// Of how many a count was had: not where nothing can be written, nor without a runner.
    known: usize,
    still: Vec<AttemptId>,
}

impl Hearts {
    fn say(&self) -> (RungAnswer, String) {
        let count = say::count(self.going, "run");
        match (self.going, self.still.as_slice()) {
            (0, _) => (RungAnswer::NotAsked, "no run is going there".to_owned()),
            (_, []) if self.known == 0 => (RungAnswer::NotAsked, format!("{count} going, heartbeat not known")),
            (_, []) => (RungAnswer::Stands, format!("{count} going, heartbeat fresh")),
            (_, [one]) => (RungAnswer::Broken, format!("{count} going, but the heartbeat of {one} stands still")),
            (_, [first, rest @ ..]) => {
                let rest = rest.len();
                (
                    RungAnswer::Broken,
                    format!("{count} going, but the heartbeats of {first} and {rest} more stand still"),
                )
            }
        }
    }
}

/// Looks at all runs that go on until each heart has beaten, at most [`LOOKS`] times.
async fn hearts(session: &dyn Session) -> Result<Hearts, RemoteError> {
    let going: Vec<(AttemptId, Option<u64>)> = remote::list(session, LIMIT)
        .await?
        .into_iter()
        .filter(|found| found.evidence.observed == Observed::Running)
        .map(|found| (found.id, found.evidence.heartbeat))
        .collect();
    let mut still: BTreeMap<AttemptId, u64> = going.iter().filter_map(|(id, beat)| Some((*id, (*beat)?))).collect();
    let known = still.len();
    for _ in 1..LOOKS {
        if still.is_empty() {
            break;
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
        let ids: Vec<AttemptId> = still.keys().copied().collect();
        let now = remote::states(session, &ids, LIMIT).await?;
        let stands = |id: &AttemptId, before: u64| {
            let found = now.iter().find(|(of, _)| of == id).map(|(_, evidence)| evidence);
            found.is_some_and(|it| it.observed == Observed::Running && it.heartbeat == Some(before))
        };
        still.retain(|id, before| stands(id, *before));
    }
    Ok(Hearts { going: going.len(), known, still: still.into_keys().collect() })
}

/// Reports on their way to the terminal. Full: the next try waits for it.
const TOLD: usize = 64;

/// For the first command: a host that answers none does not answer later ones either.
const FIRST_LIMIT: Duration = Duration::from_secs(20);

/// Looks at the hearts of runs, which beat once a second. A loaded host may miss one.
const LOOKS: u32 = 4;
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// For each further question to the host.
const LIMIT: Duration = Duration::from_secs(30);

/// Between the end of a session and the look whether its processes are still there.
const SETTLE: Duration = Duration::from_secs(3);

/// The second connection of a survival check is tried this long.
const AGAIN: Duration = Duration::from_secs(30);
