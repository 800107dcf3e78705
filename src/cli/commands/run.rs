//! `steadfast run`.

use std::time::Duration;

use crate::cli::args::{Globals, RunArgs};
use crate::cli::commands::following::{self, Plan};
use crate::cli::compose::{self, Parts};
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::wanted::Wanted;
use crate::domain::command::Command;
use crate::domain::event::Lengths;
use crate::domain::id::{Attempt, RunId};
use crate::headless::{self, How, Outcome, Show, Until, jsonl};
use crate::remote;
use crate::supervisor::Connect;

pub(in crate::cli) fn run(args: &RunArgs, globals: &Globals) -> Result<u8, Failure> {
    compose::run(globals, |parts| async move { start(args, &parts).await })
}

async fn start(args: &RunArgs, parts: &Parts) -> Result<u8, Failure> {
    let mut wanted = Wanted::of(args, &parts.setup.config, terminal_size())?;
    parts.resolve(&wanted.hosts)?;
    if let Some(path) = &wanted.spec.env_file {
        readable(path.as_ref()).map_err(|error| unread(path, &error))?;
    }
    if let Some(path) = &wanted.upload {
        let upload = remote::describe(path).await;
        wanted.spec.upload = Some(upload.map_err(|error| unread(&path.display().to_string(), &error))?);
    }
    let runs: Vec<(RunId, _)> =
        wanted.hosts.iter().map(|host| (RunId::from_random(rand::random()), host.id.clone())).collect();
    let follow = |(run, host): &(RunId, crate::domain::id::HostId)| headless::Wanted {
        run: *run,
        host: host.clone(),
        first: Attempt::FIRST,
        from: Lengths::default(),
    };
    let start = |(id, host): &(RunId, crate::domain::id::HostId)| Command::Start {
        id: *id,
        host: host.clone(),
        spec: Box::new(wanted.spec.clone()),
    };
    let plan = Plan {
        what: "steadfast run",
        show: Show::asked(args.detach, args.json),
        until: if args.detach { Until::Started } else { Until::Over },
        replay: false,
        wanted: runs.iter().map(follow).collect(),
        commands: runs.iter().map(start).collect(),
    };
    let hosts = runs.iter().map(|(_, host)| host.clone()).collect();
    let supervised = parts.supervise(plan.what, Connect::Only(hosts))?;
    if args.detach {
        detach(args, parts, supervised, plan).await
    } else {
        Ok(following::code(&following::run(parts, supervised, plan).await?))
    }
}

/// Prints the runs' identifiers as soon as they are on their hosts.
async fn detach(args: &RunArgs, parts: &Parts, supervised: compose::Supervised, plan: Plan) -> Result<u8, Failure> {
    let held = supervised.handle.holder().is_some();
    let wanted = plan.wanted.clone();
    let outcome = if held {
        // The holder starts it, whether or not we wait.
        tokio::time::timeout(HOLDER_LIMIT, following::run(parts, supervised, plan)).await.ok().transpose()?
    } else {
        Some(following::run(parts, supervised, plan).await?)
    };
    let Some(outcome) = outcome else {
        compose::say("asked for, and not on its host yet: the steadfast that holds the ledger starts it");
        let several = wanted.len() > 1;
        let lines = wanted.iter().map(|wanted| line(args, wanted.run, wanted.host.as_str(), several));
        return output::print(lines.collect::<String>());
    };
    started(args, &outcome)
}

fn started(args: &RunArgs, outcome: &Outcome) -> Result<u8, Failure> {
    let several = outcome.runs.len() > 1;
    let there = |run: &&headless::RunOutcome| run.started || run.how == How::Going;
    let lines = outcome.runs.iter().filter(there).map(|run| line(args, run.run, run.host.as_str(), several));
    output::print(lines.collect::<String>())?;
    let code = |run: &headless::RunOutcome| if run.started { exit::SUCCESS } else { exit::of_run(&run.how) };
    Ok(outcome.runs.iter().map(code).max().unwrap_or(exit::SUCCESS))
}

fn line(args: &RunArgs, run: RunId, host: &str, several: bool) -> String {
    if args.json {
        return jsonl::line(&serde_json::json!({ "run": run.as_str(), "host": host }));
    }
    if several { format!("{run} {host}\n") } else { format!("{run}\n") }
}

fn readable(path: &std::path::Path) -> std::io::Result<()> {
    std::fs::File::open(path).map(drop)
}

fn unread(path: &str, error: &std::io::Error) -> Failure {
    Failure::new(exit::FAILURE, format!("failed to read {path}: {error}"))
}

/// Columns and rows of our terminal, which the command gets too.
fn terminal_size() -> Option<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col, size.ws_row))
}

/// Another supervisor has this long to start what is asked for before we only say that it will.
const HOLDER_LIMIT: Duration = Duration::from_secs(10);
