//! `steadfast attach`.

use crate::cli::args::{AttachArgs, Globals};
use crate::cli::commands::following::{self, Plan, is_planned};
use crate::cli::commands::{log, names};
use crate::cli::compose::{self, Parts};
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::domain::event::Lengths;
use crate::domain::fleet::RunView;
use crate::domain::id::{Attempt, AttemptId};
use crate::domain::run::Stream;
use crate::headless::{self, Show, Until};
use crate::ledger::Ledger;
use crate::supervisor::Connect;

pub(in crate::cli) fn run(args: &AttachArgs, globals: &Globals) -> Result<u8, Failure> {
    compose::run(globals, |parts| async move { attach(args, &parts).await })
}

async fn attach(args: &AttachArgs, parts: &Parts) -> Result<u8, Failure> {
    let (ledger, fleet) = log::fleet(&parts.setup, parts.clock.now().wall)?;
    let run = names::find(&fleet, &args.run)?;
    let first = args.run.attempt.or(run.latest().map(|latest| latest.attempt)).unwrap_or(Attempt::FIRST);
    let verdict = run.latest().and_then(|latest| latest.phase.verdict());
    if let Some(verdict) = verdict.filter(|_| !is_planned(run) && !args.json) {
        log::print_whole(&ledger, run, first)?;
        compose::say(&format!("{}: run {}: {verdict}", run.host, run.id));
        return Ok(exit::of(verdict));
    }
    let from = if args.from_start { Lengths::default() } else { recent(&ledger, run, first)? };
    let wanted = headless::Wanted { run: run.id, host: run.host.clone(), first, from };
    drop(ledger);
    follow(args, parts, wanted).await
}

async fn follow(args: &AttachArgs, parts: &Parts, wanted: headless::Wanted) -> Result<u8, Failure> {
    parts.connector.resolve(&wanted.host).map_err(|error| Failure::to(exit::CONFIGURATION, &error))?;
    let supervised = parts.supervise("steadfast attach", Connect::Only(vec![wanted.host.clone()]))?;
    let plan = Plan {
        what: "steadfast attach",
        show: if args.json { Show::Events } else { Show::Output },
        until: Until::Over,
        replay: args.json,
        wanted: vec![wanted],
        commands: Vec::new(),
    };
    Ok(following::code(&following::run(parts, supervised, plan).await?))
}

/// Where the last lines of what is here begin.
fn recent(ledger: &Ledger, run: &RunView, attempt: Attempt) -> Result<Lengths, Failure> {
    let id = AttemptId { run: run.id, attempt };
    let begin = |stream| headless::tail(&ledger.log_path(id, stream), LINES).map_err(|error| log::unread(id, &error));
    Ok(Lengths { out: begin(Stream::Out)?, err: begin(Stream::Err)? })
}

/// Shown of what came before: enough to see where one is.
const LINES: u64 = 10;
