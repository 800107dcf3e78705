//! `steadfast run`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::values::{self, Hosts, Variable};
use crate::cli::exit;
use crate::domain::id::JobName;
use crate::domain::run::OnReboot;

/// Run a command on hosts, so that it cannot be lost.
///
/// It goes on when the connection, steadfast or this machine goes down; its output is kept on
/// the host until it is here. ctrl-C asks whether to detach or to cancel; --detach returns at once.
///
/// One word after `--` is a shell script, run by the host's /bin/sh as it is. Several words are a
/// command and its arguments: each is quoted, so that it arrives as you typed it.
///
/// Its stdin is at its end: nothing waits for an answer that nobody gives. A full-screen program that
/// wants a keyboard gets one on which nobody types: `-- 'htop </dev/tty'`.
#[derive(Debug, Default, Args)]
#[command(after_long_help = EXAMPLES.to_owned() + exit::TABLE)]
pub struct RunArgs {
    /// Host to run on: configured, or as you would give it to ssh. May be given several times;
    /// 'node[01-20]' is twenty hosts.
    #[arg(short = 'H', long = "host", value_name = "HOST")]
    pub hosts: Vec<Hosts>,
    /// Run on all configured hosts with this tag. May be given several times.
    #[arg(short, long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// Run this configured job, on its own hosts unless -H or -t say otherwise; further options go
    /// before what the job says.
    #[arg(short, long, value_name = "NAME", value_parser = JobName::parse, conflicts_with_all = ["upload", "command"])]
    pub job: Option<JobName>,
    /// What to run. After `--`, so that its options are not taken for ours.
    #[arg(last = true, value_name = "COMMAND", required_unless_present_any = ["job", "upload"])]
    pub command: Vec<String>,

    /// Send this local file to the host and run it; COMMAND are its arguments. A file the host has
    /// already is not sent again.
    #[arg(long, value_name = "FILE", help_heading = "The command")]
    pub upload: Option<PathBuf>,
    /// Set a variable for the command. Written down with the run: no secrets.
    #[arg(long, value_name = "NAME=VALUE", help_heading = "The command")]
    pub env: Vec<Variable>,
    /// Set the variables of this local file of NAME=value lines; values are never written down.
    #[arg(long, value_name = "FILE", help_heading = "The command")]
    pub env_file: Option<PathBuf>,
    /// Working directory on the host [default: the home directory].
    #[arg(long, value_name = "DIR", help_heading = "The command")]
    pub directory: Option<String>,
    /// No terminal for the command: stdout and stderr are kept apart, and it may hold output back.
    #[arg(long, help_heading = "The command")]
    pub no_pty: bool,

    /// Stop the run after this long ("90s", "5m", "72h"); time in which the host could not be seen
    /// does not count.
    #[arg(long, value_name = "DURATION", value_parser = values::limit, help_heading = "Limits and policy")]
    pub timeout: Option<Duration>,
    /// Stop the run when it has written nothing for this long.
    #[arg(long, value_name = "DURATION", value_parser = values::limit, help_heading = "Limits and policy")]
    pub idle_timeout: Option<Duration>,
    /// What happens when a reboot of the host interrupts it [default: report].
    #[arg(long, value_name = "WHAT", value_enum, help_heading = "Limits and policy")]
    pub on_reboot: Option<OnRebootWord>,
    /// Further attempts after a failure [default: 0].
    #[arg(long, value_name = "N", help_heading = "Limits and policy")]
    pub retries: Option<u32>,
    /// Pause before each of them [default: 0s].
    #[arg(long, value_name = "DURATION", value_parser = values::duration, help_heading = "Limits and policy")]
    pub retry_delay: Option<Duration>,
    /// Output the host keeps while we are away; beyond it the oldest goes and the gap is marked
    /// [default: 1GiB].
    #[arg(long, value_name = "SIZE", value_parser = values::spool_limit, help_heading = "Limits and policy")]
    pub spool_limit: Option<u64>,
    /// Time between TERM and KILL when it is cancelled [default: 10s].
    #[arg(long, value_name = "DURATION", value_parser = values::duration, help_heading = "Limits and policy")]
    pub grace: Option<Duration>,

    /// Print the run's identifier and return, as soon as it is on its way.
    #[arg(long, help_heading = "Output")]
    pub detach: bool,
    /// Print events as JSON Lines instead of the output (see `steadfast schema events`).
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

/// After a reboot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum OnRebootWord {
    /// Report it; the run stays ended.
    Report,
    /// Start the next attempt as soon as the host is back.
    Rerun,
}

impl From<OnRebootWord> for OnReboot {
    fn from(word: OnRebootWord) -> Self {
        match word {
            OnRebootWord::Report => Self::Report,
            OnRebootWord::Rerun => Self::Rerun,
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  steadfast run -H db1 -- 'stress-ng --cpu 0 --timeout 72h | tee /tmp/log'
  steadfast run -H 'node[01-20]' --on-reboot rerun --timeout 3d -- ./burn-in --seed 42
  steadfast run -t rack-1 --upload burn-in.sh -- --hours 72
  steadfast run -j burn-in --detach

";
