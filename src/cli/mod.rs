//! F7: words, flags, exit codes, composition. The only place with color-eyre, and the only one that
//! decides how the process ends. What commands do is in the floors below.

pub mod args;
pub mod exit;
pub mod failure;
pub mod logging;
pub mod output;
pub mod setup;
pub mod wanted;

mod commands;
mod compose;
mod config;
mod connector;
mod control_plane;
mod documents;
mod notify;
mod prompt;
#[cfg(test)]
mod twins;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command, Globals, ScreenArgs};
use failure::Failure;

/// The whole program: reads the arguments, does what they say, and tells how it went.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    install_reports(&cli.globals);
    match dispatch(cli.command, &cli.screen, &cli.globals) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => failure.report(&cli.globals),
    }
}

/// Help and version are answers; anything else that does not parse is [`exit::USAGE`].
fn usage(error: &clap::Error) -> ExitCode {
    // Whoever closed the pipe does not want the text.
    error.print().ok();
    if error.use_stderr() { ExitCode::from(exit::USAGE) } else { ExitCode::SUCCESS }
}

/// Reports are for bugs: panics, and errors that nobody expected. A second installation (in tests)
/// changes nothing.
fn install_reports(globals: &Globals) {
    let theme =
        if globals.color.stderr() { color_eyre::config::Theme::dark() } else { color_eyre::config::Theme::new() };
    color_eyre::config::HookBuilder::default()
        .theme(theme)
        .panic_section("This is a bug in steadfast. Runs on hosts go on; start steadfast again to see them.")
        .display_env_section(false)
        .install()
        .ok();
}

/// One arm per command, each a function of its own module. Returns the exit code.
fn dispatch(command: Option<Command>, screen: &ScreenArgs, globals: &Globals) -> Result<u8, Failure> {
    if globals.read_only && command.as_ref().is_some_and(Command::acts_on_hosts) {
        return Err(Failure::usage("--read-only: this would act on hosts").hint("leave --read-only out to do it"));
    }
    if command.is_some() && screen.cp_url.is_some() {
        let hint = "write it behind the command: `steadfast services --cp-url URL`";
        return Err(Failure::usage("--cp-url before a command is for the screen").hint(hint));
    }
    match command {
        #[cfg(feature = "tui")]
        None => commands::screen::run(screen, globals),
        #[cfg(not(feature = "tui"))]
        None => Err(Failure::absent("the screen")),
        #[cfg(all(feature = "tui", feature = "demo"))]
        Some(Command::Demo(args)) => commands::demo::run(&args, globals),
        #[cfg(not(all(feature = "tui", feature = "demo")))]
        Some(Command::Demo(_)) => Err(Failure::absent("demo")),
        Some(Command::Run(args)) => commands::run::run(&args, globals),
        Some(Command::Runs(args)) => commands::runs::run(&args, globals),
        Some(Command::Attach(args)) => commands::attach::run(&args, globals),
        Some(Command::Log(args)) => commands::log::run(&args, globals),
        Some(Command::Cancel(args)) => commands::cancel::run(&args, globals),
        Some(Command::Rerun(args)) => commands::rerun::run(&args, globals),
        Some(Command::Adopt(args)) => commands::adopt::run(&args, globals),
        Some(Command::Reconnect(args)) => commands::link::run(commands::link::Verb::Reconnect, &args.hosts, globals),
        Some(Command::Pause(args)) => commands::link::run(commands::link::Verb::Pause, &args.hosts, globals),
        Some(Command::MarkDead(args)) => commands::link::run(commands::link::Verb::MarkDead, &args.hosts, globals),
        Some(Command::Note(args)) => commands::link::note(&args, globals),
        Some(Command::Gc(args)) => commands::gc::run(&args, globals),
        Some(Command::Check(args)) => commands::check::run(&args, globals),
        Some(Command::Net(args)) => commands::net::run(&args, globals),
        Some(Command::Services(args)) => commands::health::services(&args, globals),
        Some(Command::Status(args)) => commands::health::status(&args, globals),
        Some(Command::UnhealthyServices(args)) => commands::health::unhealthy(&args, globals),
        Some(Command::Health(args)) => commands::health::past::run(&args, globals),
        Some(Command::Watch(args)) => commands::health::watch::run(&args, globals),
        Some(Command::Config(args)) => config::run(&args, globals),
        Some(Command::Schema(args)) => documents::schema(args.what),
        Some(Command::Completions(args)) => documents::completions(args.shell),
        Some(Command::Man(args)) => documents::man(args.dir.as_deref()),
    }
}
