//! Commands on the connections with hosts.

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

#[derive(Debug, Args)]
pub struct HostsArgs {
    /// Hosts by name; 'node[01-20]' is twenty hosts.
    #[arg(value_name = "HOST", required = true)]
    pub names: Vec<Hosts>,
    /// For more than five hosts: how many they are, so that none is hit by a slip.
    #[arg(long, value_name = "N")]
    pub count: Option<usize>,
}
