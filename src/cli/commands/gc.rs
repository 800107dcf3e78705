//! `steadfast gc`: removes what ended long ago, on its host first and then here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::app::say;
use crate::cli::args::{GcArgs, Globals};
use crate::cli::commands::following::is_planned;
use crate::cli::compose::{self, Parts, ledger_failure};
use crate::cli::failure::Failure;
use crate::cli::{exit, output};
use crate::domain::fleet::{Fleet, RunView};
use crate::domain::id::{AttemptId, HostId};
use crate::domain::moment::Wall;
use crate::domain::run::Phase;
use crate::ledger::{Ledger, Opened};
use crate::port::{Connector, Session};
use crate::remote;

pub(in crate::cli) fn run(args: &GcArgs, globals: &Globals) -> Result<u8, Failure> {
    compose::run(globals, |parts| async move { gc(args, &parts).await })
}

async fn gc(args: &GcArgs, parts: &Parts) -> Result<u8, Failure> {
    let Some(age) = args.older_than.or(parts.setup.config.settings.keep) else {
        return Err(Failure::usage("how old must a run be to go?").hint(
            "say it with --older-than DURATION, or once and for all with `keep` of `[gc]` in the configuration",
        ));
    };
    let now = parts.clock.now().wall;
    if args.dry_run {
        let Some(ledger) = compose::look(&parts.setup)? else { return output::print("") };
        let fleet = ledger.restore(now).map_err(ledger_failure)?;
        let gone = due(args, &fleet, now, age).into_iter().map(Gone::of).collect::<Vec<_>>();
        return report(&gone, "would go");
    }
    let ledger = match Ledger::open(&parts.setup.state_dir, "steadfast gc", now).map_err(ledger_failure)? {
        Opened::Owner(ledger) => ledger,
        Opened::Viewer(_, holder) => {
            return Err(Failure::new(exit::FAILURE, format!("the ledger is held by {holder}"))
                .hint("nothing is removed while another steadfast writes; try again when it has ended"));
        }
    };
    let fleet = ledger.restore(now).map_err(ledger_failure)?;
    let mut by_host: BTreeMap<&HostId, Vec<&RunView>> = BTreeMap::new();
    for run in due(args, &fleet, now, age) {
        by_host.entry(&run.host).or_default().push(run);
    }
    let (mut gone, mut kept) = (Vec::new(), 0);
    for (host, runs) in by_host {
        match clear(parts, &ledger, host, &runs).await {
            Ok(mut cleared) => {
                kept += runs.len() - cleared.len();
                gone.append(&mut cleared);
            }
            Err(why) => {
                kept += runs.len();
                compose::say(&format!("{host}: {} kept: {}", say::count(runs.len(), "run"), say::clean(&why)));
            }
        }
    }
    tokio::task::spawn_blocking(move || ledger.close()).await.ok();
    report(&gone, "removed")?;
    Ok(if kept == 0 { exit::SUCCESS } else { exit::FAILURE })
}

/// Runs that ended long enough ago; none that is to be made again.
fn due<'a>(args: &GcArgs, fleet: &'a Fleet, now: Wall, age: Duration) -> Vec<&'a RunView> {
    let of_host = |run: &RunView| args.hosts.is_empty() || args.hosts.iter().any(|hosts| hosts.0.contains(&run.host));
    let is_old = |run: &RunView| match run.latest().map(|latest| &latest.phase) {
        Some(Phase::Ended { at, .. }) => now.since(*at) >= age,
        Some(Phase::Requested | Phase::Running | Phase::Ending) | None => false,
    };
    fleet.runs.values().filter(|run| of_host(run) && is_old(run) && !is_planned(run)).collect()
}

struct Gone {
    run: String,
    host: String,
    title: String,
    bytes: u64,
}

impl Gone {
    fn of(run: &RunView) -> Self {
        let lengths = run.attempts.iter().filter_map(|attempt| attempt.lengths);
        Self {
            run: run.id.to_string(),
            host: run.host.to_string(),
            title: run.spec.title().to_owned(),
            bytes: lengths.map(|lengths| lengths.out + lengths.err).sum(),
        }
    }
}

/// Removes runs of one host; those it would not remove are told, and kept here.
async fn clear(parts: &Parts, ledger: &Ledger, host: &HostId, runs: &[&RunView]) -> Result<Vec<Gone>, String> {
    let mut session: Option<Arc<dyn Session>> = None;
    let mut gone = Vec::new();
    for run in runs {
        let attempts = run.attempts.iter().filter(|attempt| attempt.started.is_some());
        let ids: Vec<_> = attempts.map(|attempt| AttemptId { run: run.id, attempt: attempt.attempt }).collect();
        // What was never started left nothing there.
        if !ids.is_empty() && session.is_none() {
            session = Some(parts.connector.dial(host).await.map_err(|error| error.cause.to_string())?.session);
        }
        match remove(session.as_deref(), &ids).await {
            Ok(()) => {
                let (ledger, id) = (ledger.clone(), run.id);
                let forgotten = tokio::task::spawn_blocking(move || ledger.forget(id)).await;
                let bytes = forgotten.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
                gone.push(Gone { bytes, ..Gone::of(run) });
            }
            Err(why) => compose::say(&format!("{host}: run {} kept: {}", run.id, say::clean(&why))),
        }
    }
    if let Some(session) = session {
        session.close();
    }
    Ok(gone)
}

async fn remove(session: Option<&dyn Session>, ids: &[AttemptId]) -> Result<(), String> {
    for id in ids {
        let Some(session) = session else { return Ok(()) };
        remote::remove(session, *id, REMOVE_LIMIT).await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn report(gone: &[Gone], what: &str) -> Result<u8, Failure> {
    let line = |gone: &Gone| {
        let title = say::clean(&gone.title).into_owned();
        format!("{}  {}  {}  {title}\n", gone.run, say::clean(&gone.host), say::bytes(gone.bytes))
    };
    let bytes = gone.iter().map(|gone| gone.bytes).sum();
    compose::say(&format!("{} {what}, {} here", say::count(gone.len(), "run"), say::bytes(bytes)));
    output::print(gone.iter().map(line).collect::<String>())
}

/// Removing a large directory takes its time; a host that is slower than that is told, and its run kept.
const REMOVE_LIMIT: Duration = Duration::from_secs(120);
