//! The command line as clap reads it. The doc comments are the help texts: they speak to the operator.
//! Nothing is looked up here; `setup` and `wanted` do that.

mod check;
mod color;
mod health;
mod link;
mod net;
mod run;
mod runs;
mod values;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::domain::look::Look;

pub use check::CheckArgs;
pub use color::ColorChoice;
pub use health::{Column, HealthArgs, ServicesArgs, SourceArgs, StatusArgs, SummaryColumn, UnhealthyArgs, WatchArgs};
pub use link::{HostsArgs, MarkDeadArgs, NoteArgs, PauseArgs, ReconnectArgs};
pub use net::NetArgs;
pub use run::{OnRebootWord, RunArgs};
pub use runs::{AdoptArgs, AttachArgs, CancelArgs, GcArgs, LogArgs, RerunArgs, RunsArgs};
pub use values::{Hosts, Pick, RunName, Variable};

/// Runs commands on remote machines that survive reboots, cut networks and closed laptops, and shows
/// what happened.
///
/// Without a command: the screen, on the configured fleet. A run lives on its host and goes on
/// whatever happens to the connection, to steadfast or to this machine; started again, steadfast goes
/// on where it was and loses no byte of output.
#[derive(Debug, Parser)]
#[command(name = "steadfast", version, max_term_width = 100, after_help = FIRST_STEPS)]
pub struct Cli {
    #[command(flatten)]
    pub globals: Globals,
    #[command(flatten)]
    pub screen: ScreenArgs,
    #[command(subcommand)]
    pub command: Option<Command>,
}

const FIRST_STEPS: &str = "\
First steps:
  steadfast demo                         look around on a simulated fleet
  steadfast check db1                    can it be reached, and if not, why
  steadfast run -H db1 -- make test      a run that cannot be lost; ctrl-C detaches
  steadfast                              the screen; q detaches, runs go on
  steadfast config init                  write a commented steadfast.toml";

/// What the screen takes.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Options of the screen")]
pub struct ScreenArgs {
    /// Show the servers of this control plane in the health view, too (`steadfast services --help`).
    #[arg(id = "screen_cp_url", long = "cp-url", value_name = "URL")]
    pub cp_url: Option<String>,
    /// Send it the bearer token that is in this environment variable.
    #[arg(
        id = "screen_token_env",
        long = "token-env",
        value_name = "NAME",
        requires = "screen_cp_url",
        conflicts_with = "screen_token_file"
    )]
    pub token_env: Option<String>,
    /// Send it the bearer token that is in this file.
    #[arg(id = "screen_token_file", long = "token-file", value_name = "FILE", requires = "screen_cp_url")]
    pub token_file: Option<PathBuf>,
    /// Ask it for so many servers at a time [default: 16].
    #[arg(
        id = "screen_concurrency",
        long = "concurrency",
        value_name = "N",
        value_parser = values::several,
        requires = "screen_cp_url"
    )]
    pub concurrency: Option<usize>,
}

/// What every command takes.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// Configuration file [default: ./steadfast.toml, else that of the platform's directory].
    #[arg(long, value_name = "FILE", env = "STEADFAST_CONFIG", hide_env_values = true, global = true)]
    pub config: Option<PathBuf>,
    /// Directory of the ledger: runs, their output, the journal [default: the platform's directory].
    #[arg(long, value_name = "DIR", global = true)]
    pub state_dir: Option<PathBuf>,
    /// Read this instead of ~/.ssh/config.
    #[arg(long, value_name = "FILE", global = true)]
    pub ssh_config: Option<PathBuf>,
    /// Write more into steadfast.log of the state directory; twice: everything. $STEADFAST_LOG takes a
    /// filter.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,
    /// Only look: whatever would act on hosts or their connections is refused, on the screen too.
    #[arg(long, global = true)]
    pub read_only: bool,
    /// The screen's colours: default (for a dark ground), light, or mono; $NO_COLOR goes before it.
    #[arg(long, value_name = "THEME", value_enum, global = true, hide_possible_values = true)]
    pub theme: Option<ThemeWord>,
    /// Colour: auto, always or never; auto honours $NO_COLOR.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t, global = true, hide_possible_values = true)]
    pub color: ColorChoice,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    // The help texts are those of the structs: a text here would hide theirs.
    Demo(DemoArgs),
    Run(Box<RunArgs>),
    Runs(RunsArgs),
    Attach(AttachArgs),
    Log(LogArgs),
    Cancel(CancelArgs),
    Rerun(RerunArgs),
    Adopt(AdoptArgs),
    Reconnect(ReconnectArgs),
    Pause(PauseArgs),
    #[command(name = "mark-dead")]
    MarkDead(MarkDeadArgs),
    Note(NoteArgs),
    Gc(GcArgs),
    Check(CheckArgs),
    Net(NetArgs),
    Services(Box<ServicesArgs>),
    Status(Box<StatusArgs>),
    #[command(name = "unhealthy-services")]
    UnhealthyServices(Box<UnhealthyArgs>),
    Watch(Box<WatchArgs>),
    Health(HealthArgs),
    Config(ConfigArgs),
    Schema(SchemaArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

impl Command {
    /// Whether it has something done on hosts, or to the connections with them.
    #[must_use]
    pub fn acts_on_hosts(&self) -> bool {
        match self {
            Self::Run(_)
            | Self::Cancel(_)
            | Self::Rerun(_)
            | Self::Adopt(_)
            | Self::Reconnect(_)
            | Self::Pause(_)
            | Self::MarkDead(_)
            | Self::Gc(_) => true,
            // A survival check starts a process of its own and takes it away again.
            Self::Check(args) => args.survival,
            Self::Demo(_)
            | Self::Runs(_)
            | Self::Attach(_)
            | Self::Log(_)
            // It is only written down.
            | Self::Note(_)
            | Self::Net(_)
            | Self::Services(_)
            | Self::Status(_)
            | Self::UnhealthyServices(_)
            | Self::Watch(_)
            | Self::Health(_)
            | Self::Config(_)
            | Self::Schema(_)
            | Self::Completions(_)
            | Self::Man(_) => false,
        }
    }
}

/// The screen on a simulated fleet: an outage, a reboot, a flood.
///
/// Real SSH with servers inside this process; nothing outside of it is touched.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// The same number, the same story.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How many times faster than life; 0.1 to 100.
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = values::speed)]
    pub speed: f64,
}

/// Look at the configuration file, or write one.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    pub command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Tell everything that is wrong with it, with line and column; exit code 78 if anything is.
    Check {
        /// The file, instead of the one that would be found.
        file: Option<PathBuf>,
    },
    /// Write a commented example. Never overwrites.
    Init {
        /// Where to [default: ./steadfast.toml].
        file: Option<PathBuf>,
    },
    /// Print the JSON Schema of the file, for your editor.
    Schema,
}

/// Print a JSON Schema.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    #[arg(value_name = "OF", value_enum, help = "Of what")]
    pub what: SchemaOf,
}

/// `--theme`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum ThemeWord {
    Default,
    Light,
    Mono,
}

impl From<ThemeWord> for Look {
    fn from(word: ThemeWord) -> Self {
        match word {
            ThemeWord::Default => Self::Default,
            ThemeWord::Light => Self::Light,
            ThemeWord::Mono => Self::Mono,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SchemaOf {
    /// steadfast.toml.
    Config,
    /// What --json prints.
    Events,
}

/// Print a completion script for a shell.
///
/// For example: steadfast completions bash > ~/.local/share/bash-completion/completions/steadfast
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    #[arg(value_enum, help = "The shell")]
    pub shell: Shell,
}

/// Print the manual page: steadfast man | man -l -
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Write a page per command into this directory instead.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definitions_are_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn everything_has_a_help_text() {
        fn look(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for arg in command.get_arguments() {
                let documented = arg.get_help().is_some() || !arg.get_possible_values().is_empty();
                assert!(documented, "{} {}", command.get_name(), arg.get_id());
            }
            command.get_subcommands().for_each(look);
        }
        look(&Cli::command());
    }

    #[test]
    fn global_options_go_before_or_after_the_command() {
        for line in [&["steadfast", "--state-dir", "/x", "runs"][..], &["steadfast", "runs", "--state-dir", "/x"]] {
            assert_eq!(Cli::try_parse_from(line).unwrap().globals.state_dir, Some("/x".into()));
        }
    }
}
