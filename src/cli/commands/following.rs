//! What `run`, `attach`, `rerun` and `cancel` have in common: follow, take over when the holder of
//! the ledger goes, tell how it went.

use crate::cli::compose::{self, Parts, Supervised};
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::domain::command::Command;
use crate::domain::fleet::Fleet;
use crate::domain::run::OnReboot;
use crate::headless::{
    Console, FollowError, Following, How, Left, Outcome, RunOutcome, Show, Until, Wanted, follow, table,
};
use crate::supervisor::Connect;

/// What is to be followed, and how.
pub(super) struct Plan {
    /// What we are, for others who find the ledger held.
    pub what: &'static str,
    pub show: Show,
    pub until: Until,
    pub replay: bool,
    pub wanted: Vec<Wanted>,
    pub commands: Vec<Command>,
}

/// Follows to the end; the outcome, and the fleet's last supervisor shut down.
pub(super) async fn run(parts: &Parts, mut supervised: Supervised, mut plan: Plan) -> Result<Outcome, Failure> {
    let console = Console::of_process();
    loop {
        let updates = supervised.handle.subscribe().await.map_err(|error| Failure::to(exit::FAILURE, &error))?;
        plan.commands.retain(|command| is_open(command, &updates.snapshot, &plan.wanted));
        let how = Following {
            handle: supervised.handle.clone(),
            ledger: supervised.ledger.clone(),
            console: console.clone(),
            clock: parts.clock.clone(),
            show: plan.show,
            until: plan.until,
            replay: plan.replay,
            out_color: parts.setup.color.stdout(),
            err_color: parts.setup.color.stderr(),
        };
        let outcome = follow(how, updates, plan.wanted.clone(), plan.commands.clone()).await;
        let holder = supervised.handle.holder();
        if !matches!(&outcome, Ok(outcome) if outcome.left == Left::Orphaned) {
            tell(&outcome, &plan, holder.is_some());
            parts.end(supervised).await;
            compose::printed(&console)?;
            return outcome.map_err(|error: FollowError| Failure::to(exit::FAILURE, &error));
        }
        compose::say("the steadfast that held the ledger has ended; going on in its place");
        plan.wanted =
            outcome.map(|outcome| outcome.runs).unwrap_or_default().into_iter().map(|run| run.resume).collect();
        plan.replay = false;
        parts.end(supervised).await;
        let hosts = plan.wanted.iter().map(|wanted| wanted.host.clone()).collect();
        supervised = parts.supervise(plan.what, Connect::Only(hosts))?;
    }
}

/// Whether a command is still to be sent: one that was left for a holder who is gone may be lost.
fn is_open(command: &Command, fleet: &Fleet, wanted: &[Wanted]) -> bool {
    match command {
        Command::Start { id, .. } => !fleet.runs.contains_key(id),
        Command::Rerun(run) => {
            let first = wanted.iter().find(|wanted| wanted.run == *run).map(|wanted| wanted.first);
            let latest = fleet.runs.get(run).and_then(|run| run.latest()).map(|latest| latest.attempt);
            first.is_none_or(|first| latest.is_none_or(|latest| latest < first))
        }
        Command::Cancel { run, .. } => fleet.runs.get(run).is_none_or(|run| !run.is_over() || is_planned(run)),
        Command::Connect(_)
        | Command::Reconnect(_)
        | Command::Detach(_)
        | Command::Pause(_)
        | Command::MarkDead(_)
        | Command::Adopt(_)
        | Command::Note { .. } => true,
    }
}

/// Over, but another attempt is due.
pub(super) fn is_planned(run: &crate::domain::fleet::RunView) -> bool {
    run.latest().is_some_and(|latest| latest.phase.is_over() && latest.retry_at.is_some())
}

/// The table of several runs, and how to come back to those that go on.
fn tell(outcome: &Result<Outcome, FollowError>, plan: &Plan, held: bool) {
    let Ok(outcome) = outcome else { return };
    let quiet = outcome.left == Left::Detached { quiet: true } || plan.show == Show::Events;
    if quiet {
        return;
    }
    let going: Vec<&RunOutcome> = outcome.runs.iter().filter(|run| run.how == How::Going).collect();
    if outcome.left != Left::Over {
        for run in &going {
            let what = match (run.started, held) {
                (true, _) => "goes on",
                (false, true) => "is left to the steadfast that holds the ledger",
                (false, false) => "is not known to be on its host yet; it is started when a steadfast runs",
            };
            let (id, host) = (run.run, &run.host);
            compose::say(&format!(
                "{host}: run {id} {what}: `steadfast attach {id}` follows, `steadfast cancel {id}` ends it"
            ));
        }
        if !held && plan.commands.iter().any(needs_supervisor) && !going.is_empty() {
            compose::say("time limits and further attempts are looked after while a steadfast runs");
        }
    }
    if outcome.runs.len() > 1 && plan.until != Until::Started {
        let text = table(&outcome.runs, |how| (*how != How::Going).then(|| exit::of_run(how)));
        text.lines().for_each(compose::say_plain);
    }
}

fn needs_supervisor(command: &Command) -> bool {
    match command {
        Command::Start { spec, .. } => {
            let limited = spec.limits.total.is_some() || spec.limits.idle.is_some();
            limited || spec.retry.times > 0 || spec.on_reboot == OnReboot::Rerun
        }
        Command::Connect(_)
        | Command::Reconnect(_)
        | Command::Detach(_)
        | Command::Pause(_)
        | Command::MarkDead(_)
        | Command::Cancel { .. }
        | Command::Rerun(_)
        | Command::Adopt(_)
        | Command::Note { .. } => false,
    }
}

/// How the process ends.
pub(super) fn code(outcome: &Outcome) -> u8 {
    match outcome.left {
        Left::ReaderGone => exit::SUCCESS,
        Left::Over | Left::Detached { .. } | Left::Orphaned => {
            outcome.runs.iter().map(|run| exit::of_run(&run.how)).max().unwrap_or(exit::SUCCESS)
        }
    }
}
