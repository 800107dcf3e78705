//! `steadfast check`.

use std::time::Duration;

use clap::Args;

use super::values::{self, Hosts};

/// Can hosts be reached, and if not, why.
///
/// Rung by rung: own link, route, ICMP, TCP, banner, key exchange, login, a command, the runs there.
/// Then the boot identity, the time since that boot, and what the host is made of: distribution, kernel,
/// processors, memory, network interfaces.
///
/// Exits with 0 when all hosts are alive (also when the heart of a run there stands still), 255 when one
/// is not alive, 77 when one refused us (host key, authentication), 1 when processes die with their login
/// (--survival). Of several hosts the highest counts: 255 before 77 before 1.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  steadfast check                        all configured hosts
  steadfast check db1 --retries 60 --delay 5s   wait until it is back
  steadfast check db1 --survival         do its processes outlive a login?")]
pub struct CheckArgs {
    /// Hosts [default: all configured ones]; 'node[01-20]' is twenty.
    #[arg(value_name = "HOST")]
    pub hosts: Vec<Hosts>,
    /// Also all configured hosts with this tag. May be given several times.
    #[arg(short, long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// Try again this often when a host cannot be reached.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub retries: u32,
    /// Pause before each of them.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = values::duration)]
    pub delay: Duration,
    /// Prove that a process outlives its login there: start one, cut the connection, come back, look.
    #[arg(long)]
    pub survival: bool,
    /// One JSON object per host and try.
    #[arg(long)]
    pub json: bool,
}
