//! `steadfast net`.

use clap::Args;

/// Your own network: is it your end that is down, and why.
///
/// Interfaces with their addresses and counters, and what check hosts answer (`[network] check` of the
/// configuration, else jump hosts and some hosts of the fleet). Exit code 0, or 1 when it is down.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  steadfast net                          now
  steadfast net --watch                  and every change, until ctrl-C
  steadfast net --json | jq .state       for programs")]
pub struct NetArgs {
    /// Go on, and tell every change.
    #[arg(short, long)]
    pub watch: bool,
    /// One JSON object; with --watch one per change.
    #[arg(long)]
    pub json: bool,
}
