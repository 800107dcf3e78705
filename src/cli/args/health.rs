//! `steadfast services`, `status`, `unhealthy-services` and `watch`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::values::{self, Hosts};
use crate::domain::health::Percent;
use crate::domain::id::HostId;

/// Which service lives where, and is it well.
///
/// Asks the configured hosts over SSH, or a control plane with --cp-url. Hosts that a running supervisor
/// (the screen, a run) has sampled within its interval are not asked again: its samples are shown with
/// their age, unless --fresh is given. Unhealthy is what uses more CPU or memory than its threshold, or
/// does not run; unknown is what did not tell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  steadfast services                                  all configured hosts
  steadfast services --cp-url http://cp.example:8080  what the control plane knows
  steadfast services --filter unhealthy --sort cpu --json")]
pub struct ServicesArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub table: TableArgs<Column>,
    /// Show load, pressure, disk and temperature, too; --json always does.
    #[arg(long)]
    pub wide: bool,
}

/// One service over all its servers: average CPU and memory, and how many are healthy.
///
/// Unhealthy when the average is over a threshold, or when no server is healthy and one is not.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The service.
    #[arg(long, value_name = "NAME")]
    pub service: String,
    #[command(flatten)]
    pub source: SourceArgs,
}

/// Services with too few healthy servers left, the worst first.
#[derive(Debug, Args)]
pub struct UnhealthyArgs {
    /// How many healthy servers a service should have.
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub min_healthy: usize,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub table: TableArgs<SummaryColumn>,
}

/// The servers of one service, live: ctrl-C ends it.
///
/// On a terminal the table stays in place and marks what has changed; otherwise a line per server
/// each time. Hosts are asked over connections of its own unless --interval is as long as that of a
/// supervisor that samples them.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// The service.
    #[arg(long, value_name = "NAME")]
    pub service: String,
    /// Ask this often. A round that takes longer delays the next.
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = values::limit)]
    pub interval: Duration,
    /// End after so many rounds.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub table: TableArgs<Column>,
}

/// Which rows of a table, in which order.
#[derive(Debug, Args)]
pub struct TableArgs<C: ValueEnum + Send + Sync + 'static> {
    /// Sort by this column: numbers from the highest, status from the worst, counts of servers from the
    /// lowest [default: as listed; unhealthy-services: fewest healthy servers first].
    #[arg(long, value_name = "COLUMN", value_enum)]
    pub sort: Option<C>,
    /// Only rows with this text in their server, service, status or remarks; upper case or lower.
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
}

/// What the supervisor sampled: each host's last sample, or the past of one host. Asks nobody.
///
/// A supervisor (the screen, a run) samples the hosts it is connected to, every 30 seconds unless [health]
/// says otherwise. Samples of more than a day are means of five minutes with their highest value; they are
/// kept for 30 days. Servers of a control plane that the screen looked at (`--cp-url`) stand there as
/// `@SERVER`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  steadfast health                          the last sample of every host
  steadfast health db1 --since 6h           how db1 was
  steadfast health @10.0.0.1                how a server of a control plane was
  steadfast health db1 --since 7d --json | jq .max.cpu")]
pub struct HealthArgs {
    /// The host [default: all, with their last sample].
    #[arg(value_name = "HOST", value_parser = HostId::parse)]
    pub host: Option<HostId>,
    /// So far back; of one host.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = values::limit)]
    pub since: Duration,
    /// One JSON object per row.
    #[arg(long)]
    pub json: bool,
}

/// Where the numbers come from, and how they are judged.
#[derive(Debug, Args)]
pub struct SourceArgs {
    /// One JSON object per row.
    #[arg(long)]
    pub json: bool,
    /// Exit code 1 unless everything that is shown is healthy; for unhealthy-services, if any is shown.
    #[arg(long)]
    pub fail_if_unhealthy: bool,
    /// Ask this control plane: GET URL/servers lists addresses, GET URL/ADDRESS tells cpu, memory and
    /// service.
    #[arg(long, value_name = "URL", help_heading = "Source", conflicts_with_all = ["hosts", "tags"])]
    pub cp_url: Option<String>,
    /// Send the bearer token that is in this environment variable.
    #[arg(long, value_name = "NAME", help_heading = "Source", requires = "cp_url", conflicts_with = "token_file")]
    pub token_env: Option<String>,
    /// Send the bearer token that is in this file.
    #[arg(long, value_name = "FILE", help_heading = "Source", requires = "cp_url")]
    pub token_file: Option<PathBuf>,
    /// Ask this host over SSH [default: all configured ones]. May be given several times.
    #[arg(short = 'H', long = "host", value_name = "HOST", help_heading = "Source")]
    pub hosts: Vec<Hosts>,
    /// Ask all configured hosts with this tag. May be given several times.
    #[arg(short, long = "tag", value_name = "TAG", help_heading = "Source")]
    pub tags: Vec<String>,
    /// Ask each host now, also those that a running supervisor has sampled just before.
    #[arg(long, help_heading = "Source", conflicts_with = "cp_url")]
    pub fresh: bool,
    /// Ask so many at a time; 1 for a server that answers one request at a time.
    #[arg(long, value_name = "N", default_value = "16", value_parser = values::several, help_heading = "Source")]
    pub concurrency: usize,
    /// Give each server so long to answer.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = values::limit, help_heading = "Source")]
    pub timeout: Duration,
    /// Unhealthy is more CPU than so many percent [default: as configured, else 90].
    #[arg(long, value_name = "PERCENT", value_parser = values::percent, help_heading = "Rule")]
    pub cpu_threshold: Option<Percent>,
    /// Unhealthy is more memory than so many percent [default: as configured, else 90].
    #[arg(long, value_name = "PERCENT", value_parser = values::percent, help_heading = "Rule")]
    pub mem_threshold: Option<Percent>,
}

/// Of the table of servers.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Column {
    Server,
    Service,
    Status,
    Cpu,
    Memory,
    Load,
    /// The highest of the three.
    Pressure,
    Disk,
    #[value(name = "temp")]
    Temperature,
}

/// Of the table of services.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SummaryColumn {
    Service,
    Status,
    Cpu,
    Memory,
    Healthy,
    Total,
}
