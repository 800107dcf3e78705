//! What `run` is asked to start: flags over the job over defaults. Nothing is read from disk here.

use std::path::PathBuf;

use crate::cli::args::RunArgs;
use crate::cli::failure::Failure;
use crate::cli::setup;
use crate::config::{Config, closest, secret_variable};
use crate::domain::host::HostSettings;
use crate::domain::id::HostId;
use crate::domain::run::{Job, RunIo, RunSpec, UPLOADED};

/// Settled but for the file to upload, which is hashed when the run is started.
#[derive(Clone, PartialEq, Debug)]
pub struct Wanted {
    /// At least one.
    pub hosts: Vec<HostSettings>,
    pub spec: RunSpec,
    /// Absolute.
    pub upload: Option<PathBuf>,
}

impl Wanted {
    /// `terminal` is the size of ours, for a command that gets one.
    pub fn of(args: &RunArgs, config: &Config, terminal: Option<(u16, u16)>) -> Result<Self, Failure> {
        let job = args.job.as_ref().map(|name| find(config, name.as_str())).transpose()?;
        let upload = match (&args.upload, job.and_then(|job| job.upload.as_ref())) {
            (Some(path), _) => Some(PathBuf::from(absolute(path)?)),
            (None, Some(path)) => Some(PathBuf::from(path)),
            (None, None) => None,
        };
        Ok(Self { hosts: targets(args, job, config)?, spec: spec(args, job, config, terminal)?, upload })
    }
}

fn find<'a>(config: &'a Config, name: &str) -> Result<&'a Job, Failure> {
    config.jobs.iter().find(|job| job.name.as_str() == name).ok_or_else(|| {
        let names: Vec<_> = config.jobs.iter().map(|job| job.name.as_str()).collect();
        let hint = match (closest(name, names.iter().copied()), names.is_empty()) {
            (Some(meant), _) => format!("did you mean {meant}?"),
            (None, true) => "no jobs are configured".into(),
            (None, false) => format!("configured are: {}", names.join(", ")),
        };
        Failure::usage(format!("there is no job {name:?}")).hint(hint)
    })
}

/// Those of the command line; without any, those of the job.
fn targets(args: &RunArgs, job: Option<&Job>, config: &Config) -> Result<Vec<HostSettings>, Failure> {
    let named: Vec<HostId> = args.hosts.iter().flat_map(|hosts| hosts.0.iter().cloned()).collect();
    let hosts = match job {
        Some(job) if named.is_empty() && args.tags.is_empty() => setup::hosts(config, &job.hosts, &job.tags)?,
        Some(_) | None => setup::hosts(config, &named, &args.tags)?,
    };
    if hosts.is_empty() {
        return Err(Failure::usage("no host to run on").hint("say where with -H HOST or -t TAG"));
    }
    Ok(hosts)
}

fn spec(args: &RunArgs, job: Option<&Job>, config: &Config, terminal: Option<(u16, u16)>) -> Result<RunSpec, Failure> {
    let mut spec = match job {
        Some(job) => job.spec.clone(),
        None => RunSpec { watch: config.settings.watch.clone(), ..RunSpec::new(command(args)?) },
    };
    // A job says itself how large its terminal is.
    if let (None, Some((columns, rows))) = (job, terminal) {
        spec.io = RunIo::Pty { columns, rows };
    }
    if args.no_pty {
        spec.io = RunIo::Split;
    }
    if let Some(directory) = &args.directory {
        spec.directory = Some(directory.clone());
    }
    for variable in &args.env {
        if secret_variable(&variable.name) {
            return Err(secret(&variable.name));
        }
        spec.env.retain(|(name, _)| *name != variable.name);
        spec.env.push((variable.name.clone(), variable.value.clone()));
    }
    if let Some(path) = &args.env_file {
        spec.env_file = Some(absolute(path)?);
    }
    spec.limits.total = args.timeout.or(spec.limits.total);
    spec.limits.idle = args.idle_timeout.or(spec.limits.idle);
    spec.spool_limit = args.spool_limit.unwrap_or(spec.spool_limit);
    spec.grace = args.grace.unwrap_or(spec.grace);
    spec.on_reboot = args.on_reboot.map_or(spec.on_reboot, Into::into);
    spec.retry.times = args.retries.unwrap_or(spec.retry.times);
    spec.retry.delay = args.retry_delay.unwrap_or(spec.retry.delay);
    Ok(spec)
}

fn secret(name: &str) -> Failure {
    Failure::usage(format!("{name} looks like a secret: it would be written down with the run"))
        .hint("put it into a file of NAME=value lines that only you can read, and give --env-file FILE")
}

/// The script: one word as it is, several each quoted for the shell. With an upload the words are its
/// arguments.
fn command(args: &RunArgs) -> Result<String, Failure> {
    let script = match (args.command.as_slice(), &args.upload) {
        ([], Some(_)) => return Ok(UPLOADED.to_owned()),
        (words, Some(_)) => format!("{UPLOADED} {}", quoted(words)?),
        ([script], None) => script.clone(),
        (words, None) => quoted(words)?,
    };
    if script.trim().is_empty() { Err(Failure::usage("the command is empty")) } else { Ok(script) }
}

fn quoted(words: &[String]) -> Result<String, Failure> {
    shlex::try_join(words.iter().map(String::as_str)).map_err(|error| Failure::usage(format!("the command: {error}")))
}

/// The supervisor may run somewhere else than the shell that this was typed in.
fn absolute(path: &std::path::Path) -> Result<String, Failure> {
    std::path::absolute(path)
        .ok()
        .and_then(|path| path.into_os_string().into_string().ok())
        .ok_or_else(|| Failure::usage(format!("{} is no path that can be written down", path.display())))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;

    use super::*;
    use crate::cli::args::{Cli, Command};
    use crate::config::Base;
    use crate::domain::run::OnReboot;

    fn config() -> Config {
        let text = r#"
[[hosts]]
name = "n[1-2]"
tags = ["rack"]
[jobs.soak]
command = "soak"
tags = ["rack"]
timeout = "1h"
env = { A = "1", B = "2" }
pty = false
[jobs.disk]
upload = "disk.sh"
hosts = ["n1"]
"#;
        Config::parse(text.as_bytes(), "f", &Base { directory: "/fleet".into(), home: None }).unwrap()
    }

    fn wanted(line: &[&str]) -> Result<Wanted, Failure> {
        let cli = Cli::try_parse_from([&["steadfast", "run"], line].concat()).unwrap_or_else(|error| panic!("{error}"));
        let Some(Command::Run(args)) = cli.command else { panic!("not run") };
        Wanted::of(&args, &config(), Some((132, 43)))
    }

    #[test]
    fn one_word_is_a_script_and_several_arrive_as_typed() {
        let command = |line: &[&str]| wanted(line).unwrap().spec.command;
        assert_eq!(command(&["-H", "a", "--", "echo $HOME | wc"]), "echo $HOME | wc");
        assert_eq!(command(&["-H", "a", "--", "echo", "a b", "$HOME", "it's", ""]), r#"echo 'a b' '$HOME' "it's" ''"#);
        assert_eq!(command(&["-H", "a", "--", "ls", "--timeout", "5"]), "ls --timeout 5");
    }

    #[test]
    fn words_after_an_upload_are_its_arguments() {
        let with = wanted(&["-H", "a", "--upload", "/x.sh", "--", "--hours", "7 2"]).unwrap();
        assert_eq!(with.spec.command, "\"$STEADFAST_UPLOAD\" --hours '7 2'");
        assert_eq!(with.upload, Some("/x.sh".into()));
        assert_eq!(wanted(&["-H", "a", "--upload", "/x.sh"]).unwrap().spec.command, UPLOADED);
        assert!(wanted(&["-H", "a", "--upload", "x.sh"]).unwrap().upload.is_some_and(|path| path.is_absolute()));
    }

    #[test]
    fn flags_go_before_the_job_and_the_job_before_defaults() {
        let job = wanted(&["-j", "soak"]).unwrap();
        assert_eq!(job.hosts.len(), 2);
        assert_eq!((job.spec.io, job.spec.limits.total), (RunIo::Split, Some(Duration::from_secs(3600))));
        let over =
            wanted(&["-j", "soak", "-H", "n2", "--timeout", "2h", "--env", "A=9", "--on-reboot", "rerun"]).unwrap();
        assert_eq!(over.hosts.len(), 1);
        assert_eq!(over.spec.limits.total, Some(Duration::from_secs(7200)));
        assert_eq!(over.spec.env, [("B".into(), "2".into()), ("A".into(), "9".into())]);
        assert_eq!(over.spec.on_reboot, OnReboot::Rerun);
        assert_eq!(wanted(&["-j", "disk"]).unwrap().upload, Some("/fleet/disk.sh".into()));
    }

    #[test]
    fn the_terminal_has_our_size() {
        assert_eq!(wanted(&["-H", "a", "--", "x"]).unwrap().spec.io, RunIo::Pty { columns: 132, rows: 43 });
        assert_eq!(wanted(&["-H", "a", "--no-pty", "--", "x"]).unwrap().spec.io, RunIo::Split);
    }

    #[test]
    fn what_cannot_be_run_is_said_before_anything_is_dialled() {
        for (line, said) in [
            (&["--", "x"][..], "no host to run on"),
            (&["-j", "soka"], "there is no job \"soka\""),
            (&["-t", "rak", "--", "x"], "no host has the tag \"rak\""),
            (&["-H", "a", "--", " "], "the command is empty"),
            (
                &["-H", "a", "--env", "DB_PASSWORD=x", "--", "x"],
                "DB_PASSWORD looks like a secret: it would be written down with the run",
            ),
        ] {
            let Err(Failure::Expected { message, .. }) = wanted(line) else { panic!("{line:?}") };
            assert_eq!(message, said);
        }
    }

    #[test]
    fn what_makes_no_sense_together_does_not_parse() {
        for line in [
            &["-H", "a"][..],
            &["-H", "a", "x"],
            &["-j", "soak", "--", "x"],
            &["-H", "a", "--timeout", "0s", "--", "x"],
            &["-H", "-oProxyCommand=x", "--", "x"],
        ] {
            assert!(Cli::try_parse_from([&["steadfast", "run"], line].concat()).is_err(), "{line:?}");
        }
    }
}
