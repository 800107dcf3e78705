//! `steadfast cancel`.

use crate::cli::args::{CancelArgs, Globals};
use crate::cli::commands::following::{self, Plan, is_planned};
use crate::cli::commands::{log, names};
use crate::cli::compose::{self, Parts};
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::domain::command::Command;
use crate::domain::event::{CancelReason, Lengths};
use crate::domain::id::Attempt;
use crate::headless::{self, How, Left, Outcome, Show, Until};
use crate::supervisor::Connect;

pub(in crate::cli) fn run(args: &CancelArgs, globals: &Globals) -> Result<u8, Failure> {
    compose::run(globals, |parts| async move { cancel(args, &parts).await })
}

async fn cancel(args: &CancelArgs, parts: &Parts) -> Result<u8, Failure> {
    let mut wanted: Vec<headless::Wanted> = Vec::new();
    {
        let (_, fleet) = log::fleet(&parts.setup, parts.clock.now().wall)?;
        for name in &args.runs {
            let run = names::find(&fleet, name)?;
            if run.is_over() && !is_planned(run) {
                let verdict = run.latest().and_then(|latest| latest.phase.verdict());
                let verdict = verdict.map(ToString::to_string).unwrap_or_default();
                compose::say(&format!("{}: run {} is over already: {verdict}", run.host, run.id));
            } else if wanted.iter().all(|known| known.run != run.id) {
                let first = run.latest().map_or(Attempt::FIRST, |latest| latest.attempt);
                wanted.push(headless::Wanted { run: run.id, host: run.host.clone(), first, from: Lengths::default() });
            }
        }
    }
    if wanted.is_empty() {
        return Ok(exit::SUCCESS);
    }
    for wanted in &wanted {
        parts.connector.resolve(&wanted.host).map_err(|error| Failure::to(exit::CONFIGURATION, &error))?;
    }
    let hosts = wanted.iter().map(|wanted| wanted.host.clone()).collect();
    let supervised = parts.supervise("steadfast cancel", Connect::Only(hosts))?;
    let command = |wanted: &headless::Wanted| Command::Cancel { run: wanted.run, reason: CancelReason::Operator };
    let plan = Plan {
        what: "steadfast cancel",
        show: Show::Nothing,
        until: Until::Cancelled,
        replay: false,
        commands: wanted.iter().map(command).collect(),
        wanted,
    };
    Ok(code(&following::run(parts, supervised, plan).await?))
}

/// Success when nothing of it is left on the host; how the command itself ended does not matter.
fn code(outcome: &Outcome) -> u8 {
    let of = |how: &How| match how {
        How::Ended(_) => exit::SUCCESS,
        How::Refused(_) | How::NoContact(_) | How::Going | How::Withstood(_) => exit::of_run(how),
    };
    match outcome.left {
        Left::ReaderGone => exit::SUCCESS,
        Left::Over | Left::Detached { .. } | Left::Orphaned => {
            outcome.runs.iter().map(|run| of(&run.how)).max().unwrap_or(exit::SUCCESS)
        }
    }
}
