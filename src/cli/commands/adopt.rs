//! `steadfast adopt`.

use std::collections::BTreeSet;

use crate::app::say;
use crate::cli::args::{AdoptArgs, Globals};
use crate::cli::compose::{self, Parts, Supervised};
use crate::cli::failure::Failure;
use crate::cli::{exit, output};
use crate::domain::command::Command;
use crate::domain::diagnosis::{Cause, verdict};
use crate::domain::event::{Fact, LinkChange, OperatorFact, RunFact, SupervisorFact};
use crate::domain::fleet::Fleet;
use crate::domain::id::{AttemptId, HostId};
use crate::domain::link::LinkState;
use crate::headless::jsonl;
use crate::supervisor::{Connect, Subscription, Update};

pub(in crate::cli) fn run(args: &AdoptArgs, globals: &Globals) -> Result<u8, Failure> {
    compose::run(globals, |parts| async move { adopt(args, &parts).await })
}

async fn adopt(args: &AdoptArgs, parts: &Parts) -> Result<u8, Failure> {
    parts.connector.resolve(&args.host).map_err(|error| Failure::to(exit::CONFIGURATION, &error))?;
    let supervised = parts.supervise("steadfast adopt", Connect::Only(vec![args.host.clone()]))?;
    let outcome = tokio::select! {
        outcome = ask(&supervised, &args.host) => outcome,
        _ = tokio::signal::ctrl_c() => Err(Failure::new(exit::CANCELLED, "nothing was adopted yet")),
    };
    parts.end(supervised).await;
    let (fleet, adopted) = outcome?;
    if adopted.is_empty() {
        compose::say(&format!("{}: there is no run that this ledger does not know", args.host));
    }
    let line = |id: &AttemptId| {
        let title = fleet.runs.get(&id.run).map(|run| run.spec.title().to_owned()).unwrap_or_default();
        let started = fleet.attempt(*id).is_some_and(|attempt| attempt.started.is_some());
        if args.json {
            let (run, attempt) = (id.run.as_str(), id.attempt.number());
            let host = args.host.as_str();
            jsonl::line(&serde_json::json!({
                "run": run, "attempt": attempt, "host": host, "title": title, "started": started,
            }))
        } else {
            format!("{id}  {}\n", say::clean(&title))
        }
    };
    output::print(adopted.iter().map(line).collect::<String>())?;
    if !adopted.is_empty() {
        compose::say("their output is fetched while a steadfast runs: `steadfast attach RUN`");
    }
    Ok(exit::SUCCESS)
}

/// Asks for the host's runs and waits until the supervisor has taken them over.
async fn ask(supervised: &Supervised, host: &HostId) -> Result<(Fleet, BTreeSet<AttemptId>), Failure> {
    let failed = |error| Failure::to(exit::FAILURE, &error);
    let mut updates = supervised.handle.subscribe().await.map_err(failed)?;
    let mut fleet = updates.snapshot.clone();
    let stale = fleet.hosts.get(host).map(|host| host.link.state);
    if matches!(stale, Some(LinkState::Refused | LinkState::Lost)) {
        supervised.handle.command(Command::Reconnect(host.clone())).map_err(failed)?;
    }
    supervised.handle.command(Command::Adopt(host.clone())).map_err(failed)?;
    let mut adopted = BTreeSet::new();
    loop {
        let event = next(&mut updates, &mut fleet).await?;
        let Some(event) = event.filter(|event| event.host.as_ref().is_none_or(|of| of == host)) else { continue };
        match &event.fact {
            Fact::Run { id, fact: RunFact::Requested { .. } } => {
                adopted.insert(*id);
            }
            // The supervisor's last word on it.
            Fact::Operator(OperatorFact::Note(text)) if text.starts_with("adopted ") => return Ok((fleet, adopted)),
            Fact::Supervisor(SupervisorFact::Warning(text)) if text.starts_with("adopt ") => {
                return Err(Failure::new(exit::UNKNOWN, format!("failed to {}", say::clean(text))));
            }
            Fact::Link(change) => told(host, change)?,
            Fact::Run { .. }
            | Fact::Health(_)
            | Fact::Operator(_)
            | Fact::Supervisor(_)
            | Fact::Boot(_)
            | Fact::Network { .. }
            | Fact::Output { .. } => {}
        }
    }
}

async fn next(
    updates: &mut Subscription,
    fleet: &mut Fleet,
) -> Result<Option<std::sync::Arc<crate::domain::event::Event>>, Failure> {
    match updates.next().await {
        Update::Event(event) => {
            fleet.apply(&event);
            Ok(Some(event))
        }
        Update::Lagged(now) => {
            *fleet = *now;
            Ok(None)
        }
        Update::Stopped => Err(Failure::new(exit::FAILURE, "the supervisor has stopped")),
    }
}

/// What keeps the host from being asked; a failure when nothing will change by itself.
fn told(host: &HostId, change: &LinkChange) -> Result<(), Failure> {
    let cause = change.cause.as_ref().map(|cause| verdict(cause, &change.evidence)).unwrap_or_default();
    let failure = |code| {
        let message = format!("{host}: {}: {}", change.to.word(), say::clean(&cause));
        Failure::new(code, message).maybe_hint(change.cause.as_ref().and_then(Cause::next_step))
    };
    match change.to {
        LinkState::Refused => Err(failure(exit::REFUSED)),
        LinkState::Lost => Err(failure(exit::UNKNOWN)),
        LinkState::Reconnecting if change.attempt >= ATTEMPTS => Err(failure(exit::UNKNOWN)),
        LinkState::Reconnecting | LinkState::Paused => {
            compose::say(&format!("{host}: {}: {}", change.to.word(), say::clean(&cause)));
            Ok(())
        }
        LinkState::Idle | LinkState::Connecting | LinkState::Alive | LinkState::Pinging | LinkState::Rebooted => Ok(()),
    }
}

/// A host that cannot be reached is given up after as many attempts: nothing is lost by it.
const ATTEMPTS: u32 = 5;
