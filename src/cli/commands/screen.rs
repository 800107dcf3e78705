//! `steadfast` without a command: the screen on the configured fleet.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use crate::cli::args::{ColorChoice, Globals, ScreenArgs};
use crate::cli::compose::{self, Parts, Supervised};
use crate::cli::control_plane::{self, Wanted};
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::setup::Setup;
use crate::domain::alert::AlertSettings;
use crate::domain::health;
use crate::domain::run::Job;
use crate::ledger::Ledger;
use crate::port::{Clock, Prompter};
use crate::supervisor::{Connect, ControlPlane, Handle};
use crate::tui::{self, DialogPrompter, MarksOf, Outcome, PlacesOf, PromptRequest, TuiOptions};
use crate::ui::theme::Theme;

pub fn run(args: &ScreenArgs, globals: &Globals) -> Result<u8, Failure> {
    let setup = Setup::load(globals)?;
    check_terminal()?;
    let plane = plane(args)?;
    if setup.config.hosts.is_empty() && plane.is_none() && compose::look(&setup)?.is_none() {
        return Err(Failure::new(exit::CONFIGURATION, "no hosts are configured, and nothing has been run yet").hint(
            "`steadfast config init` writes a commented steadfast.toml; `steadfast demo` shows what it looks like",
        ));
    }
    let (prompter, prompts) = DialogPrompter::new();
    let parts = Parts::new(setup, Arc::new(prompter) as Arc<dyn Prompter>)?;
    let runtime = compose::runtime()?;
    let code = runtime.block_on(async {
        let supervised = parts.supervise("steadfast", Connect::All)?;
        if let Some(plane) = plane {
            let health = parts.setup.config.health.clone();
            supervised.handle.watch_plane(plane, health, Arc::clone(&parts.clock));
        }
        let jobs = parts.setup.config.jobs.clone();
        let options = options(fleet_name(&parts.setup), jobs, &supervised.ledger, prompts, &parts.clock, globals);
        let settings = &parts.setup.config.settings;
        // The flag goes before the file.
        let look = globals.theme.map_or(settings.look, Into::into);
        let (alerts, health) = (settings.alerts.clone(), parts.setup.config.health.clone());
        let options = TuiOptions { alerts, health, look, ..options };
        let outcome = show(&supervised.handle, options).await?;
        let going = leave(&parts, supervised, outcome).await;
        if outcome == Outcome::Quit && going > 0 {
            let runs = if going == 1 { "1 run goes on".into() } else { format!("{going} runs go on") };
            compose::say(&format!("{runs} on the hosts; start steadfast again to see them"));
        }
        Ok(code(outcome))
    });
    runtime.shutdown_timeout(compose::RUNTIME_LIMIT);
    code
}

/// The control plane whose servers are shown beside the hosts.
fn plane(args: &ScreenArgs) -> Result<Option<ControlPlane>, Failure> {
    let Some(url) = &args.cp_url else { return Ok(None) };
    let wanted = Wanted {
        url,
        token_env: args.token_env.as_deref(),
        token_file: args.token_file.as_deref(),
        concurrency: args.concurrency.unwrap_or(CONCURRENCY),
        timeout: TIMEOUT,
    };
    Ok(Some(ControlPlane { name: url.clone(), provider: Arc::new(control_plane::of(&wanted)?) }))
}

/// The screen wants a terminal to draw on and one to read keys from.
pub(super) fn check_terminal() -> Result<(), Failure> {
    if std::io::stdout().is_terminal() && std::io::stdin().is_terminal() {
        return Ok(());
    }
    Err(Failure::usage("the screen needs a terminal").hint("without one: `steadfast run`, `runs`, `log`; see --help"))
}

pub(super) fn options(
    fleet_name: String,
    jobs: Vec<Job>,
    ledger: &Ledger,
    prompts: tokio::sync::mpsc::Receiver<PromptRequest>,
    clock: &Arc<dyn Clock>,
    globals: &Globals,
) -> TuiOptions {
    let times = tui::arrivals::of(ledger.clone());
    let (ledger, of_alarms) = (ledger.clone(), ledger.clone());
    let places: PlacesOf = Arc::new(move |id, stream| {
        let known = of_alarms.alarms(id, stream).unwrap_or_default();
        known.into_iter().map(|(offset, _)| offset).collect()
    });
    // A log whose marks cannot be read is shown without them.
    let marks: MarksOf = Arc::new(move |id, stream| ledger.marks(id, stream).unwrap_or_default());
    let mono = globals.color == ColorChoice::Never;
    let variable = |name: &str| match name {
        "NO_COLOR" if mono => Some("1".into()),
        _ => std::env::var(name).ok(),
    };
    TuiOptions {
        fleet_name,
        jobs,
        theme: Theme::detect(&variable),
        health: health::Settings::default(),
        look: globals.theme.map(Into::into).unwrap_or_default(),
        alerts: AlertSettings::default(),
        read_only: globals.read_only,
        simulated: false,
        prompts,
        clock: Arc::clone(clock),
        marks: Some(marks),
        times: Some(times),
        alarm_places: Some(places),
        utc_offset: compose::utc_offset,
        seed: rand::random(),
        in_tmux: std::env::var_os("TMUX").is_some(),
    }
}

pub(super) async fn show(handle: &Handle, options: TuiOptions) -> Result<Outcome, Failure> {
    tui::run(handle.clone(), options).await.map_err(|error| Failure::to(exit::FAILURE, &error))
}

/// Ends what is ours; returns how many runs go on. An operator in a hurry is not kept waiting.
async fn leave(parts: &Parts, supervised: Supervised, outcome: Outcome) -> usize {
    if outcome == Outcome::Aborted {
        return 0;
    }
    let fleet = supervised.handle.subscribe().await.map(|seat| seat.snapshot).unwrap_or_default();
    parts.end(supervised).await;
    fleet.runs.values().filter(|run| !run.is_over()).count()
}

pub(super) fn code(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Quit => 0,
        Outcome::Aborted => exit::CANCELLED,
        Outcome::Terminated => 128 + 15,
        Outcome::HungUp => 128 + 1,
    }
}

/// The configuration's directory names the fleet, unless it is the usual place.
fn fleet_name(setup: &Setup) -> String {
    let parent = setup.config.path.as_deref().and_then(std::path::Path::parent);
    let name = parent.and_then(std::path::Path::file_name).and_then(std::ffi::OsStr::to_str);
    name.filter(|name| !name.is_empty() && *name != "steadfast").unwrap_or("steadfast").to_owned()
}

/// Servers of a control plane asked at a time, and how long each may take; as those of the commands.
const CONCURRENCY: usize = 16;
const TIMEOUT: Duration = Duration::from_secs(10);
