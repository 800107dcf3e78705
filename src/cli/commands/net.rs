//! `steadfast net`: the operator's own network, without a supervisor.

mod report;

use std::time::Duration;

use tokio::sync::watch;

use crate::cli::args::{Globals, NetArgs};
use crate::cli::commands::net::report::{Port, Report};
use crate::cli::compose::{self, Parts};
use crate::cli::failure::Failure;
use crate::cli::{exit, output};
use crate::domain::network::NetworkState;
use crate::headless::jsonl;
use crate::net::{self, NetworkMonitor, OwnNetwork, Source};

pub(in crate::cli) fn run(args: &NetArgs, globals: &Globals) -> Result<u8, Failure> {
    compose::run(globals, |parts| async move { show(args, &parts).await })
}

async fn show(args: &NetArgs, parts: &Parts) -> Result<u8, Failure> {
    let settings = parts.network(&parts.setup.config.hosts);
    // A round of questions may take its limit; a little more for the way to us.
    let patience = settings.network.check_timeout + GRACE;
    let asked = settings.is_asked();
    let monitor = NetworkMonitor::start(settings, parts.clock.clone());
    let mut changes = monitor.subscribe();
    // Late answers are shown when they come, with --watch.
    tokio::time::timeout(patience, first(&mut changes, asked)).await.ok();
    let mut network = changes.borrow_and_update().clone();
    print(args, parts, &report(&network).await, true)?;
    loop {
        let code = if network.state == NetworkState::Down { exit::FAILURE } else { exit::SUCCESS };
        if !args.watch {
            return Ok(code);
        }
        tokio::select! {
            // The operator has seen enough.
            interrupted = tokio::signal::ctrl_c() => return interrupted.map(|()| code).map_err(no_signals),
            changed = changes.changed() => if changed.is_err() { return Ok(code) },
        }
        let seen = changes.borrow_and_update().clone();
        let shown = |network: &OwnNetwork| OwnNetwork { changes: 0, ..quiet(network) };
        if shown(&seen) != shown(&network) {
            print(args, parts, &report(&seen).await, false)?;
        }
        network = seen;
    }
}

/// Waits until something is known, and whoever is asked has answered.
async fn first(changes: &mut watch::Receiver<OwnNetwork>, asked: bool) {
    let known = |network: &OwnNetwork| {
        let answered = !asked || !network.checks.is_empty() || network.state == NetworkState::Down;
        network.source != Source::NotAsked && answered
    };
    // An error means that the watch has ended: then it is shown as it is.
    changes.wait_for(known).await.ok();
}

/// Without how long each answer took: that is no change.
fn quiet(network: &OwnNetwork) -> OwnNetwork {
    let mut network = network.clone();
    for check in &mut network.checks {
        if let crate::domain::network::Answer::Reached(took) = &mut check.answer {
            *took = Duration::ZERO;
        }
    }
    network
}

async fn report(network: &OwnNetwork) -> Report {
    let mut ports = Vec::new();
    for interface in &network.interfaces {
        let (statistics, trouble) = match net::statistics(&interface.name).await {
            Ok(statistics) => (statistics, None),
            Err(error) => (None, Some(error.to_string())),
        };
        ports.push(Port { interface: interface.clone(), statistics, trouble });
    }
    Report { network: network.clone(), ports }
}

fn print(args: &NetArgs, parts: &Parts, report: &Report, first: bool) -> Result<(), Failure> {
    let now = parts.clock.now().wall;
    let text = if args.json {
        jsonl::line(&report.record(now))
    } else if first {
        report.text(parts.setup.color.stdout())
    } else {
        report.line(now, compose::utc_offset(now))
    };
    output::print(text).map(|_| ())
}

fn no_signals(error: std::io::Error) -> Failure {
    Failure::new(exit::FAILURE, format!("failed to listen for ctrl-C: {error}"))
}

const GRACE: Duration = Duration::from_millis(500);
