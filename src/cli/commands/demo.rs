//! `steadfast demo`: the screen on a simulated fleet; everything in a folder that goes with it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::watch;

use crate::cli::args::{DemoArgs, Globals};
use crate::cli::commands::screen;
use crate::cli::compose;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::clock::SystemClock;
use crate::demo::{DemoFleet, FleetOptions};
use crate::domain::alert::AlertSettings;
use crate::domain::command::Command;
use crate::domain::health::{self, Percent, Sampling, Steadiness};
use crate::domain::host::HostSettings;
use crate::domain::id::RunId;
use crate::domain::network::NetworkState;
use crate::ledger::{Ledger, Opened};
use crate::net::{OwnNetwork, Source};
use crate::port::{Clock, Prompter};
use crate::ssh::SshConnector;
use crate::ssh::resolve::{SshConfigFiles, resolve};
use crate::supervisor::{self, Connect, Handle};
use crate::tui::{DialogPrompter, Outcome, TuiOptions};

pub fn run(args: &DemoArgs, globals: &Globals) -> Result<u8, Failure> {
    screen::check_terminal()?;
    let failed = |error: std::io::Error| Failure::new(exit::FAILURE, format!("failed to make a folder: {error}"));
    let folder = tempfile::Builder::new().prefix("steadfast-demo-").tempdir().map_err(failed)?;
    let runtime = compose::runtime()?;
    let code = runtime.block_on(show(args, globals, &folder));
    runtime.shutdown_timeout(compose::RUNTIME_LIMIT);
    code
}

async fn show(args: &DemoArgs, globals: &Globals, folder: &TempDir) -> Result<u8, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let options = FleetOptions { seed: args.seed, speed: args.speed, ..FleetOptions::new(Arc::clone(&clock)) };
    let fleet = DemoFleet::start(&options).map_err(|error| Failure::to(exit::FAILURE, &error))?;
    let (prompter, prompts) = DialogPrompter::new();
    let hosts = fleet.hosts();
    let connector = connector(&fleet, &hosts, folder.path(), Arc::new(prompter), &clock)?;
    let opened = Ledger::open(&folder.path().join("state"), "steadfast demo", clock.now().wall);
    let Opened::Owner(ledger) = opened.map_err(compose::ledger_failure)? else {
        return Err(Failure::new(exit::FAILURE, "the demo's own ledger is held by somebody else"));
    };
    // As simulated as the hosts; watched for as long as the sender is there.
    let (_seen, mut network) = watch::channel(simulated_network());
    network.mark_changed();
    let handle = supervisor::start(supervisor::Setup {
        hosts,
        connect: Connect::All,
        connector,
        ledger: ledger.clone(),
        holder: None,
        clock: Arc::clone(&clock),
        network: Some(network.into()),
        health: Some(health()),
        seed: args.seed,
    })
    .map_err(compose::ledger_failure)?;
    open(&fleet, &handle);
    // A demo is looked at already.
    let quiet = AlertSettings { bell: false, ..AlertSettings::default() };
    let options = screen::options("demo".into(), fleet.jobs(), &ledger, prompts, &clock, globals);
    let options = TuiOptions { simulated: true, alerts: quiet, health: health(), ..options };
    let outcome = screen::show(&handle, options).await?;
    if outcome != Outcome::Aborted {
        handle.shutdown().await;
        fleet.shutdown().await;
    }
    Ok(screen::code(outcome))
}

/// Often, because a demo is short, and with services as the roster has them.
fn health() -> health::Settings {
    let sampling = Sampling { interval: Duration::from_secs(2), ..Sampling::default() };
    // What a demo shows is to be read before it is over.
    let steadiness = Steadiness { margin: Percent::new(4.0).unwrap_or(Percent::ZERO), minimum: Duration::from_secs(4) };
    health::Settings { sampling: Some(sampling), steadiness, ..health::Settings::default() }
}

/// The demo's own network is there whatever the operator's is.
fn simulated_network() -> OwnNetwork {
    let why = "simulated, like the hosts".to_owned();
    OwnNetwork { state: NetworkState::Up, why, default_route: true, source: Source::Netlink, ..OwnNetwork::default() }
}

/// The story begins with these runs; each host starts its own once it is connected.
fn open(fleet: &DemoFleet, handle: &Handle) {
    let jobs = fleet.jobs();
    for (host, name) in fleet.opening() {
        let Some(job) = jobs.iter().find(|job| job.name == name) else { continue };
        let id = RunId::from_random(rand::random());
        let start = Command::Start { id, host, spec: Box::new(job.spec.clone()) };
        if let Err(error) = handle.command(start) {
            tracing::warn!(%error, "a run of the demo was not started");
        }
    }
}

/// The ordinary connector, with a key and host keys of the demo's own.
fn connector(
    fleet: &DemoFleet,
    hosts: &[HostSettings],
    folder: &Path,
    prompter: Arc<dyn Prompter>,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<SshConnector>, Failure> {
    let broken = |error: &dyn std::error::Error| Failure::to(exit::FAILURE, error);
    let (key, known) = (folder.join("id"), folder.join("known_hosts"));
    let config = folder.join("ssh_config");
    let text = format!(
        "Host *\n IdentityFile \"{}\"\n IdentitiesOnly yes\n IdentityAgent none\n UserKnownHostsFile \"{}\"\n",
        key.display(),
        known.display()
    );
    write(&key, &fleet.client_key().map_err(|error| broken(&error))?)?;
    write(&known, &fleet.known_hosts().map_err(|error| broken(&error))?)?;
    write(&config, &text)?;
    let files = SshConfigFiles::from_environment(Some(&config)).map_err(|error| broken(&error))?;
    let targets = hosts.iter().map(|host| resolve(host, &files)).collect::<Result<Vec<_>, _>>();
    Ok(Arc::new(SshConnector::new(targets.map_err(|error| broken(&error))?, prompter, Arc::clone(clock))))
}

/// Readable by its owner only, as ssh wants its keys.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let write = || {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())
    };
    write().map_err(|error: std::io::Error| {
        Failure::new(exit::FAILURE, format!("failed to write {}: {error}", path.display()))
    })
}
