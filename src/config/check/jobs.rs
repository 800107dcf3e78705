//! Jobs: what they run, and that where they go is there.

use std::collections::BTreeSet;

use super::{Context, watch};
use crate::config::file::{File, Job as Written, OnReboot as WrittenOnReboot};
use crate::config::range::expand;
use crate::config::secret_variable;
use crate::config::similar::closest;
use crate::config::value::{At, Screen, Time};
use crate::domain::host::HostSettings;
use crate::domain::id::{HostId, JobName};
use crate::domain::run::{Job, Limits, OnReboot, Retry, RunIo, RunSpec, UPLOADED};
use crate::domain::watch::Watch;

pub(super) fn jobs(file: &File, hosts: &[HostSettings], watch: &Watch, context: &mut Context<'_, '_>) -> Vec<Job> {
    let fleet = Fleet {
        hosts: hosts.iter().map(|host| host.id.as_str()).collect(),
        tags: hosts.iter().flat_map(|host| &host.tags).map(String::as_str).collect(),
    };
    let mut written: Vec<_> = file.jobs.iter().collect();
    written.sort_by_key(|(name, _)| name.span().start);
    let mut jobs = Vec::new();
    for (name, job) in written {
        if context.findings.is_full() {
            break;
        }
        jobs.extend(one(name, job, &fleet, watch, context));
    }
    jobs
}

/// What jobs may name.
struct Fleet<'a> {
    hosts: BTreeSet<&'a str>,
    tags: BTreeSet<&'a str>,
}

fn one(
    name: &At<String>,
    written: &Written,
    fleet: &Fleet<'_>,
    watch: &Watch,
    context: &mut Context<'_, '_>,
) -> Option<Job> {
    let parsed = JobName::parse(name.value());
    if parsed.is_err() {
        context.wrong_word(name.span(), name.value(), "job name", "letters, digits, `.`, `_` and `-`, at most 64");
    }
    let upload = context.path_text(written.upload.as_ref());
    let command = context.text(written.command.as_ref()).or_else(|| upload.as_ref().map(|_| UPLOADED.to_owned()));
    if written.command.is_none() && written.upload.is_none() && !context.findings.incomplete {
        context
            .findings
            .add(name.span(), format!("job `{}` runs nothing", name.value()))
            .help("add `command = \"…\"` or `upload = \"FILE\"`");
    }
    let mut spec = spec(written, command.unwrap_or_default(), context);
    spec.watch = watch::of_job(written, watch, context);
    let job = Job {
        name: parsed.ok()?,
        about: written.about.as_ref().map(|about| about.value().clone()).unwrap_or_default(),
        spec,
        upload,
        hosts: targets(&written.hosts, fleet, context),
        tags: target_tags(&written.tags, fleet, context),
    };
    Some(Job { spec: RunSpec { job: Some(job.name.clone()), ..job.spec }, ..job })
}

fn spec(written: &Written, command: String, context: &mut Context<'_, '_>) -> RunSpec {
    let default = RunSpec::new(command);
    RunSpec {
        directory: context.text(written.directory.as_ref()),
        env: env(written, context),
        env_file: context.path_text(written.env_file.as_ref()),
        io: io(written, default.io, context),
        limits: Limits {
            total: limit(written.timeout.as_ref(), context),
            idle: limit(written.idle_timeout.as_ref(), context),
        },
        spool_limit: spool_limit(written, default.spool_limit, context),
        grace: written.grace.as_ref().map_or(default.grace, |grace| grace.value().0),
        on_reboot: written.on_reboot.as_ref().map_or_else(OnReboot::default, |choice| match choice.value() {
            WrittenOnReboot::Report => OnReboot::Report,
            WrittenOnReboot::Rerun => OnReboot::Rerun,
        }),
        retry: retry(written, context),
        ..default
    }
}

fn env(written: &Written, context: &mut Context<'_, '_>) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = written.env.iter().collect();
    pairs.sort_by_key(|(name, _)| name.span().start);
    let mut env = Vec::new();
    for (name, value) in pairs {
        if !is_variable_name(name.value()) {
            let allowed = "letters, digits and `_`, no digit first";
            context.wrong_word(name.span(), name.value(), "name of a variable", allowed);
        } else if secret_variable(name.value()) {
            context
                .findings
                .add(name.span(), format!("`{}` looks like a secret", name.value()))
                .help("variables of `env` are written down with every run, and this file gets into backups")
                .help("put it into a file of `NAME=value` lines that only you can read: `env_file = \"FILE\"`");
        } else if value.value().contains('\0') {
            context.findings.add(value.span(), "must not contain a NUL character");
        } else {
            env.push((name.value().clone(), value.value().clone()));
        }
    }
    env
}

fn io(written: &Written, default: RunIo, context: &mut Context<'_, '_>) -> RunIo {
    match (written.pty.as_ref().is_none_or(|pty| *pty.value()), &written.size) {
        (true, Some(size)) => {
            let Screen { columns, rows } = *size.value();
            RunIo::Pty { columns, rows }
        }
        (true, None) => default,
        (false, None) => RunIo::Split,
        (false, Some(size)) => {
            context
                .findings
                .add(size.span(), "a size without a terminal")
                .help("leave out `size`, or leave out `pty = false`");
            RunIo::Split
        }
    }
}

fn limit(written: Option<&At<Time>>, context: &mut Context<'_, '_>) -> Option<std::time::Duration> {
    let written = written?;
    if written.value().0.is_zero() {
        context.findings.add(written.span(), "must be longer than nothing").help("leave it out for no limit");
        return None;
    }
    Some(written.value().0)
}

fn spool_limit(written: &Written, default: u64, context: &mut Context<'_, '_>) -> u64 {
    let Some(limit) = &written.spool_limit else { return default };
    if limit.value().0 < LEAST_SPOOL {
        context.findings.add(limit.span(), "less than 64KiB").help("with so little, every pause would lose output");
    }
    limit.value().0
}

fn retry(written: &Written, context: &mut Context<'_, '_>) -> Retry {
    let times = written.retries.as_ref().map_or(0, |times| *times.value());
    if let (0, Some(delay)) = (times, &written.retry_delay) {
        context.findings.add(delay.span(), "a delay without retries").help("add `retries = …`");
    }
    Retry { times, delay: written.retry_delay.as_ref().map(|delay| delay.value().0).unwrap_or_default() }
}

fn targets(written: &[At<String>], fleet: &Fleet<'_>, context: &mut Context<'_, '_>) -> Vec<HostId> {
    let mut ids = Vec::new();
    let mut taken = BTreeSet::new();
    for pattern in written {
        if context.findings.is_full() {
            break;
        }
        let names = match expand(pattern.value()) {
            Ok(names) => names,
            Err(error) => {
                context.findings.add(pattern.span(), error.to_string());
                continue;
            }
        };
        // One wrong range is one problem, not twenty.
        if let Some(unknown) = names.iter().find(|name| !fleet.hosts.contains(name.as_str())) {
            unknown_host(unknown, pattern, fleet, context);
        }
        let known = names.into_iter().filter(|name| fleet.hosts.contains(name.as_str()));
        let fresh = known.filter(|name| taken.insert(name.clone()));
        ids.extend(fresh.filter_map(|name| HostId::parse(&name).ok()));
    }
    ids
}

fn unknown_host(name: &str, pattern: &At<String>, fleet: &Fleet<'_>, context: &mut Context<'_, '_>) {
    if context.findings.incomplete {
        return;
    }
    let meant = closest(name, fleet.hosts.iter().copied());
    context
        .findings
        .add(pattern.span(), format!("there is no host {name:?}"))
        .maybe_help(meant.map(|meant| format!("did you mean {meant:?}?")))
        .help(format!("a host is made known by `[[hosts]]` and `name = {name:?}`"));
}

fn target_tags(written: &[At<String>], fleet: &Fleet<'_>, context: &mut Context<'_, '_>) -> Vec<String> {
    for tag in written.iter().filter(|tag| super::is_tag(tag.value()) && !fleet.tags.contains(tag.value().as_str())) {
        if context.findings.incomplete || context.findings.is_full() {
            break;
        }
        let meant = closest(tag.value(), fleet.tags.iter().copied());
        context
            .findings
            .add(tag.span(), format!("no host has the tag {:?}", tag.value()))
            .maybe_help(meant.map(|meant| format!("did you mean {meant:?}?")))
            .help(format!("a host gets it by `tags = [{:?}]`", tag.value()));
    }
    context.tags(written)
}

/// Whether a shell takes it for the name of a variable.
#[must_use]
pub fn is_variable_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A pipe's worth: less than what is under way at any moment.
const LEAST_SPOOL: u64 = 64 << 10;
