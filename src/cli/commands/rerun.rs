//! `steadfast rerun`.

use crate::cli::args::{Globals, RerunArgs};
use crate::cli::commands::following::{self, Plan, is_planned};
use crate::cli::commands::{log, names};
use crate::cli::compose::{self, Parts};
use crate::cli::failure::Failure;
use crate::cli::{exit, output};
use crate::domain::command::Command;
use crate::domain::event::Lengths;
use crate::domain::id::Attempt;
use crate::headless::{self, How, Show, Until};
use crate::supervisor::Connect;

pub(in crate::cli) fn run(args: &RerunArgs, globals: &Globals) -> Result<u8, Failure> {
    compose::run(globals, |parts| async move { rerun(args, &parts).await })
}

async fn rerun(args: &RerunArgs, parts: &Parts) -> Result<u8, Failure> {
    let wanted = {
        let (_, fleet) = log::fleet(&parts.setup, parts.clock.now().wall)?;
        let run = names::find(&fleet, &args.run)?;
        if !run.is_over() {
            return Err(Failure::new(exit::FAILURE, format!("run {} is not over", run.id))
                .hint(format!("`steadfast cancel {}` ends it", run.id)));
        }
        if is_planned(run) {
            compose::say(&format!("run {}: the attempt that was due later is made now", run.id));
        }
        let first = run.latest().map_or(Attempt::FIRST, |latest| latest.attempt.next());
        headless::Wanted { run: run.id, host: run.host.clone(), first, from: Lengths::default() }
    };
    parts.connector.resolve(&wanted.host).map_err(|error| Failure::to(exit::CONFIGURATION, &error))?;
    let supervised = parts.supervise("steadfast rerun", Connect::Only(vec![wanted.host.clone()]))?;
    let plan = Plan {
        what: "steadfast rerun",
        show: Show::asked(args.detach, args.json),
        until: if args.detach { Until::Started } else { Until::Over },
        replay: false,
        commands: vec![Command::Rerun(wanted.run)],
        wanted: vec![wanted.clone()],
    };
    let outcome = following::run(parts, supervised, plan).await?;
    if args.detach && outcome.runs.iter().any(|run| run.started && matches!(run.how, How::Going | How::Ended(_))) {
        return output::print(format!("{}.{}\n", wanted.run, wanted.first));
    }
    Ok(following::code(&outcome))
}
