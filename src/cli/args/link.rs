//! Commands on the connections with hosts, and notes about them.

use clap::Args;

use super::values::Hosts;

/// Leave hosts alone: close their connections, dial nothing, follow nothing, until `reconnect`.
///
/// Their runs go on. It also stands after a restart, and is told as "paused by you". A steadfast that is
/// running does it; else it is written down for the next.
#[derive(Debug, Args)]
pub struct PauseArgs {
    #[command(flatten)]
    pub hosts: HostsArgs,
}

/// Say that hosts are gone: no more dials, no incident, no call, until `reconnect`.
///
/// What runs there is not stopped. It also stands after a restart.
#[derive(Debug, Args)]
pub struct MarkDeadArgs {
    #[command(flatten)]
    pub hosts: HostsArgs,
}

/// Dial hosts now: without waiting out a delay, and also those refused, lost, paused or marked dead.
#[derive(Debug, Args)]
pub struct ReconnectArgs {
    #[command(flatten)]
    pub hosts: HostsArgs,
}

/// Write a note about hosts: on their timelines, and into the journal.
///
/// "swapped the DIMM" is found again where it happened, also by who comes after you.
#[derive(Debug, Args)]
pub struct NoteArgs {
    #[command(flatten)]
    pub hosts: HostsArgs,
    /// What there is to say.
    #[arg(short, long, value_name = "TEXT", required = true)]
    pub message: String,
}

#[derive(Debug, Args)]
pub struct HostsArgs {
    /// Hosts by name; 'node[01-20]' is twenty hosts.
    #[arg(value_name = "HOST", required = true)]
    pub names: Vec<Hosts>,
    /// For more than five hosts: how many they are, so that none is hit by a slip.
    #[arg(long, value_name = "N")]
    pub count: Option<usize>,
}
