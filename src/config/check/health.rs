//! Services, and when they are unhealthy.

use std::time::Duration;

use super::Context;
use crate::config::file::{Health, HealthService};
use crate::config::value::{At, Time};
use crate::domain::health::{Limits, Percent, Rules, Sampling, Settings, Steadiness, Watched, is_service_name};

pub(super) fn health(written: &Health, context: &mut Context<'_, '_>) -> Settings {
    let all = Limits {
        cpu: percent(written.cpu_threshold.as_ref(), context),
        memory: percent(written.mem_threshold.as_ref(), context),
    };
    let services = written.services.iter().map(|(name, limits)| (name.value().clone(), own(limits, context))).collect();
    let watched = Watched {
        units: written.units.as_ref().map(|units| names(units, context)),
        docker: written.docker.as_ref().is_none_or(|docker| *docker.value()),
        processes: names(&written.processes, context),
    };
    let steadiness = Steadiness {
        margin: percent(written.margin.as_ref(), context).unwrap_or(Percent::ZERO),
        minimum: written.minimum.as_ref().map(|minimum| minimum.value().0).unwrap_or_default(),
    };
    let sampling = sampling(written, context);
    Settings { rules: Rules { all, services }, steadiness, watched, sampling }
}

/// More often than once a second is no sampling but a load.
fn sampling(written: &Health, context: &mut Context<'_, '_>) -> Option<Sampling> {
    let usual = Sampling::default();
    let mut time = |written: Option<&At<Time>>, usual: Duration| {
        let Some(written) = written else { return usual };
        if written.value().0 < Duration::from_secs(1) {
            context.findings.add(written.span(), "must be 1s or more");
        }
        written.value().0
    };
    let interval = time(written.interval.as_ref(), usual.interval);
    let timeout = time(written.timeout.as_ref(), usual.timeout);
    let on = written.sampling.as_ref().is_none_or(|on| *on.value());
    on.then_some(Sampling { interval, timeout })
}

fn own(written: &HealthService, context: &mut Context<'_, '_>) -> Limits {
    Limits {
        cpu: percent(written.cpu_threshold.as_ref(), context),
        memory: percent(written.mem_threshold.as_ref(), context),
    }
}

fn percent(written: Option<&At<f64>>, context: &mut Context<'_, '_>) -> Option<Percent> {
    let written = written?;
    let percent = Percent::new(*written.value()).ok();
    if percent.is_none() {
        context.findings.add(written.span(), "must be a number from 0 to 100");
    }
    percent
}

/// Each becomes a word of a shell script.
fn names(written: &[At<String>], context: &mut Context<'_, '_>) -> Vec<String> {
    let mut names = Vec::new();
    for name in written {
        if is_service_name(name.value()) {
            names.push(name.value().clone());
        } else {
            let allowed = "letters, digits, `@`, `.`, `_`, `:`, `+` and `-`, at most 128";
            context.wrong_word(name.span(), name.value(), "name of a unit or program", allowed);
        }
    }
    names
}
