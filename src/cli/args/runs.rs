//! Commands on runs that are there.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::values::{self, Hosts, RunName};
use crate::domain::id::{Attempt, HostId};

/// List runs: those going on, and those that ended; the latest first.
///
/// Of hardware errors that the host counted during the latest attempt (memory, machine checks, PCIe, heat,
/// out of memory) it is told behind the state; they change no exit code.
#[derive(Debug, Default, Args)]
pub struct RunsArgs {
    /// Only runs of this host. May be given several times.
    #[arg(short = 'H', long = "host", value_name = "HOST")]
    pub hosts: Vec<Hosts>,
    /// Only runs that are not over.
    #[arg(long)]
    pub active: bool,
    /// One JSON object per line.
    #[arg(long)]
    pub json: bool,
}

/// Follow a run's output and state.
///
/// Shows the last lines and goes on from there; a run that is over is shown whole. Ends with the
/// run, and with its exit code (see `steadfast run --help`). ctrl-C asks, or detaches: the run goes on.
#[derive(Debug, Args)]
pub struct AttachArgs {
    /// Identifier, the beginning of it, or `last`.
    #[arg(value_name = "RUN")]
    pub run: RunName,
    /// Show all of its output, not just the end of what is here already.
    #[arg(long)]
    pub from_start: bool,
    /// Print events as JSON Lines instead of the output, those of before too.
    #[arg(long)]
    pub json: bool,
}

/// Print what a run has written, from this machine's copy; no host is asked.
///
/// On a terminal escape sequences of the command are made harmless; into a file or pipe, and with
/// --raw, it is byte for byte what the command wrote.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  steadfast log last --tail 50
  steadfast log 7h2k --follow --marks
  steadfast log last --output soak.log --plain
  steadfast log 7h2k.2 --evidence")]
pub struct LogArgs {
    /// Identifier, the beginning of it, or `last`; RUN.2 is its second attempt.
    #[arg(value_name = "RUN[.ATTEMPT]")]
    pub run: RunName,
    /// Which attempt [default: the latest].
    #[arg(long, value_name = "N", value_parser = attempt)]
    attempt: Option<Attempt>,
    /// What went to stderr, of a run without a terminal.
    #[arg(long)]
    pub stderr: bool,
    /// Go on with what is still to come, until the run is over.
    #[arg(short, long)]
    pub follow: bool,
    /// Only the last N lines.
    #[arg(long, value_name = "N")]
    pub tail: Option<u64>,
    /// Byte for byte, also on a terminal.
    #[arg(long, conflicts_with_all = ["marks", "plain"])]
    pub raw: bool,
    /// Text without colours and escape sequences, wherever it goes.
    #[arg(long)]
    pub plain: bool,
    /// Into this file instead; never over one that is there.
    #[arg(short, long, value_name = "FILE", conflicts_with = "follow")]
    pub output: Option<PathBuf>,
    /// With --output: over the file that is there.
    #[arg(long, requires = "output")]
    pub force: bool,
    /// Show where output is missing and when the host could not be seen, as lines of their own.
    #[arg(long)]
    pub marks: bool,
    /// Instead of output: its lines that are alarms, with their place and pattern; the first two hundred of
    /// each pattern.
    #[arg(long, conflicts_with_all = ["follow", "tail", "raw", "plain", "output", "marks", "evidence"])]
    pub alarms: bool,
    /// Instead of output: how we know how it ended, what hardware errors its host counted meanwhile, and
    /// what it left of a reboot.
    #[arg(long, conflicts_with_all = ["stderr", "follow", "tail", "raw", "plain", "output", "marks"])]
    pub evidence: bool,
}

impl LogArgs {
    /// The attempt asked for, in either way; the flag goes before the dot.
    #[must_use]
    pub fn attempt(&self) -> Option<Attempt> {
        self.attempt.or(self.run.attempt)
    }
}

/// Stop runs, with everything they started.
///
/// TERM first, KILL after the grace it was started with; then the host is asked what is left, and you are told.
///
/// A run that was cancelled stays ended, whatever its policy says. A host that cannot be reached is
/// told as soon as it is back.
#[derive(Debug, Args)]
pub struct CancelArgs {
    /// Identifiers, the beginnings of them, or `last`.
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<RunName>,
}

/// Run a run again that is over: its next attempt.
#[derive(Debug, Args)]
pub struct RerunArgs {
    /// Identifier, the beginning of it, or `last`.
    #[arg(value_name = "RUN")]
    pub run: RunName,
    /// Return as soon as it is on its way.
    #[arg(long)]
    pub detach: bool,
    /// Print events as JSON Lines instead of the output.
    #[arg(long)]
    pub json: bool,
}

/// Take over runs on a host that this ledger does not know.
///
/// Another machine started them, or the ledger was lost. Their output is fetched from the beginning.
#[derive(Debug, Args)]
pub struct AdoptArgs {
    #[arg(value_name = "HOST", value_parser = HostId::parse, help = "The host to look at")]
    pub host: HostId,
    /// One JSON object per run taken over.
    #[arg(long)]
    pub json: bool,
}

/// Remove runs that ended, here and on their hosts.
///
/// Never a run that is not over, nor output that is not here yet.
#[derive(Debug, Default, Args)]
pub struct GcArgs {
    /// Only what ended longer ago than this [default: `keep` of `[gc]` in the configuration].
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    pub older_than: Option<Duration>,
    /// Only say what would go.
    #[arg(long)]
    pub dry_run: bool,
    /// Only runs of this host. May be given several times.
    #[arg(short = 'H', long = "host", value_name = "HOST")]
    pub hosts: Vec<Hosts>,
}

fn attempt(text: &str) -> Result<Attempt, String> {
    text.parse().ok().and_then(Attempt::new).ok_or_else(|| format!("{text:?} is no attempt: 1, 2, …"))
}
