//! What may be written in `steadfast.toml`, key by key. The doc comments are the descriptions of the
//! JSON Schema: they speak to the operator. Nothing is decided here; see `check`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use super::value::{At, Attempts, Screen, Size, Time};

/// Configuration of steadfast.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    /// Directory of the ledger: runs, their output, the journal. Default: the platform's directory for
    /// state, `~/.local/state/steadfast` on Linux. `--state-dir` goes before it.
    pub(super) state_dir: Option<At<String>>,
    /// Read instead of `~/.ssh/config`. `--ssh-config` goes before it.
    pub(super) ssh_config: Option<At<String>>,
    /// Cleaning up after runs that have ended.
    pub(super) gc: Gc,
    /// What the screen calls you for while you look elsewhere.
    pub(super) notify: Notify,
    /// The screen's colours. `--theme` goes before it, `$NO_COLOR` before both.
    pub(super) theme: Option<At<Theme>>,
    /// Lines of output that should wake somebody, and how far a run is, for every run.
    pub(super) alarms: Alarms,
    /// Your own network: how steadfast tells whether it is your end that is down.
    pub(super) network: Network,
    /// What holds for every host that does not say otherwise, also for one that is only named on the
    /// command line.
    pub(super) defaults: Defaults,
    /// The fleet. The screen has it by name.
    pub(super) hosts: HostList,
    /// What you run again and again: `steadfast run -j NAME`, or a key on the screen.
    pub(super) jobs: BTreeMap<At<String>, Job>,
    /// Services, and when hosts and services are unhealthy.
    pub(super) health: Health,
}

/// Services, and when hosts and services are unhealthy.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Health {
    /// More CPU than this is unhealthy, in percent. Default: 90. `--cpu-threshold` goes before it.
    pub(super) cpu_threshold: Option<At<f64>>,
    /// More memory than this is unhealthy, in percent. Default: 90. `--mem-threshold` goes before it.
    pub(super) mem_threshold: Option<At<f64>>,
    /// Whether the supervisor samples the hosts that it is connected to. Default: true.
    pub(super) sampling: Option<At<bool>>,
    /// How often it does; each host at a moment of its own. Default: 30s.
    pub(super) interval: Option<At<Time>>,
    /// A sample that takes longer is shown as late, and no other is begun before it. Default: 10s.
    pub(super) timeout: Option<At<Time>>,
    /// What was unhealthy must come so many points below its threshold to be healthy again. Default: 0.
    pub(super) margin: Option<At<f64>>,
    /// A new status must last this long before it counts. Default: 0s.
    pub(super) minimum: Option<At<Time>>,
    /// systemd units to look for on each host. Default: the services that run there.
    pub(super) units: Option<Vec<At<String>>>,
    /// Whether Docker's containers are looked for, where there is Docker. Default: true.
    pub(super) docker: Option<At<bool>>,
    /// Programs to look for on each host, by their name as in `ps -o comm`.
    pub(super) processes: Vec<At<String>>,
    /// Thresholds of single services, by name.
    pub(super) services: BTreeMap<At<String>, HealthService>,
}

/// Thresholds of one service.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct HealthService {
    /// More CPU than this is unhealthy, in percent. Default: as for all.
    pub(super) cpu_threshold: Option<At<f64>>,
    /// More memory than this is unhealthy, in percent. Default: as for all.
    pub(super) mem_threshold: Option<At<f64>>,
}

/// Lines of output that should wake somebody, and how far a run is, for every run. Patterns are regular
/// expressions over single lines, in the syntax of Rust's `regex`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Alarms {
    /// Whether the patterns that come with steadfast are looked for: kernel panics, hardware and I/O errors,
    /// out of memory, failures of stress-ng, fio, memtester. Default: true.
    pub(super) defaults: Option<At<bool>>,
    /// Further ones: what such a line is called, and its pattern.
    pub(super) patterns: BTreeMap<At<String>, At<String>>,
    /// A line that matches one of these is no alarm.
    pub(super) ignore: Vec<At<String>>,
    /// Where progress stands: a pattern with one group for percent, or two for n of m.
    pub(super) progress: Vec<At<String>>,
}

/// Cleaning up after runs that have ended.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Gc {
    /// `steadfast gc` removes runs that ended longer ago than this. Default: it removes only what
    /// `--older-than` says.
    pub(super) keep: Option<At<Time>>,
}

/// What the screen calls you for while you look elsewhere. Hosts that are lost together call once.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Notify {
    /// The terminal's bell. Default: true.
    pub(super) bell: Option<At<bool>>,
    /// A notification of the desktop, where the terminal hands it on. Default: off.
    pub(super) desktop: Option<At<NotifyDesktop>>,
    /// For what. Default: all of it.
    pub(super) on: Option<At<Vec<At<NotifyOn>>>>,
    /// A URL that is sent JSON by POST, also without the screen: event, host, run, cause, time, text, incident.
    pub(super) webhook: Option<At<String>>,
    /// The environment variable that has a bearer token for it.
    pub(super) webhook_token_env: Option<At<String>>,
    /// The file that has it, where that variable is not set. Relative to this file.
    pub(super) webhook_token_file: Option<At<String>>,
    /// For what it is sent. Default: as `on`.
    pub(super) webhook_on: Option<At<Vec<At<NotifyOn>>>>,
}

/// A notification of the desktop, where the terminal hands it on.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum NotifyDesktop {
    Off,
    /// iTerm2, WezTerm, kitty, Ghostty, Windows Terminal, ConEmu.
    Osc9,
    /// rxvt-unicode, foot, VTE (GNOME).
    Osc777,
}

/// The screen's colours.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Theme {
    /// For a dark ground.
    Default,
    /// For a light ground.
    Light,
    /// None: bold, dim and reversed only.
    Mono,
}

/// What you can be called for.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum NotifyOn {
    /// No contact for `lost_after`.
    Lost,
    /// Login or host key was refused.
    Refused,
    Rebooted,
    /// A run ended badly, and not by you.
    RunFailed,
    /// A line of output matched an alarm pattern.
    Alarm,
}

/// Your own network: how steadfast tells whether it is your end that is down.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Network {
    /// Who is asked, by a TCP connection, whether your network carries: `host:port`, or an address alone
    /// for its ports 53 and 443. A refusal is an answer. All answer: up; some: degraded; none: down, and no
    /// host is dialed. Default: jump hosts and some hosts of the fleet, and as their silence may be their
    /// own, it alone never counts as down. An empty list: nobody is asked.
    pub(super) check: Option<At<Vec<At<String>>>>,
    /// They are asked this often while a host is not connected. Default: 10s.
    pub(super) check_interval: Option<At<Time>>,
    /// Limit for each answer. Default: 3s.
    pub(super) check_timeout: Option<At<Time>>,
    /// Only these interfaces count, such as `["eth0"]`. Default: all but loopback.
    pub(super) interfaces: Vec<At<String>>,
    /// Numbers for kinds of networks; `check_interval` and `check_timeout` go before them.
    pub(super) preset: Option<At<NetworkPreset>>,
}

/// Numbers for kinds of networks.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum NetworkPreset {
    /// Asks every 30 s; a network that flaps must hold for 3 s: metered and unsteady lines.
    Conservative,
    /// Every 10 s, 3 s for an answer. The default.
    Balanced,
    /// Every 20 s, 10 s for an answer: satellites, mobile networks.
    Patient,
}

/// What holds for every host that does not say otherwise.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Defaults {
    /// Login name. Default: what `~/.ssh/config` says, else yours here.
    pub(super) user: Option<At<String>>,
    /// Port of sshd. Default: what `~/.ssh/config` says, else 22.
    pub(super) port: Option<At<u16>>,
    /// Private keys to offer, besides those of the agent. Relative to this file; `~/` is your home.
    pub(super) identity_files: Option<At<Vec<At<String>>>>,
    /// Hosts to go through, as `ProxyJump`: `[user@]host[:port]`, comma-separated; `none` for a direct
    /// connection. One that has an entry here is reached as its entry says.
    pub(super) jump: Option<At<String>>,
    /// Which SSH client speaks to the host.
    pub(super) transport: Option<At<Transport>>,
    /// What happens with a host key that is not known. A changed key is always refused.
    pub(super) host_keys: Option<At<HostKeys>>,
    /// Timing of the connection.
    pub(super) link: Link,
}

/// The `[[hosts]]`. A type of its own for the sake of its error: `[hosts.NAME]` is what people try.
#[derive(Debug, Default)]
pub(super) struct HostList(pub(super) Vec<At<Host>>);

impl<'de> Deserialize<'de> for HostList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(HostListVisitor)
    }
}

impl JsonSchema for HostList {
    fn schema_name() -> Cow<'static, str> {
        "Hosts".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<Host>::json_schema(generator)
    }
}

struct HostListVisitor;

impl<'de> Visitor<'de> for HostListVisitor {
    type Value = HostList;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list: each host begins with a line `[[hosts]]`, then `name = \"…\"`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<HostList, A::Error> {
        let mut hosts = Vec::new();
        while let Some(host) = seq.next_element()? {
            hosts.push(host);
        }
        Ok(HostList(hosts))
    }
}

/// One host, or several that differ only in a number.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Host {
    /// The host's alias, as you would give it to `ssh`. `node[01-20]` stands for twenty hosts,
    /// `rack[1-3,7]` for four.
    pub(super) name: Option<At<String>>,
    /// Name or address to connect to. Default: what `~/.ssh/config` says for the name, else the name.
    /// May have ranges that give as many addresses as the name gives hosts.
    pub(super) address: Option<At<String>>,
    /// Labels to address hosts by: `steadfast run -t TAG`.
    pub(super) tags: Vec<At<String>>,
    /// Login name.
    pub(super) user: Option<At<String>>,
    /// Port of sshd.
    pub(super) port: Option<At<u16>>,
    /// Private keys to offer, besides those of the agent. Relative to this file; `~/` is your home.
    pub(super) identity_files: Option<At<Vec<At<String>>>>,
    /// Hosts to go through, as `ProxyJump`: `[user@]host[:port]`, comma-separated; `none` for a direct
    /// connection. One that has an entry here is reached as its entry says.
    pub(super) jump: Option<At<String>>,
    /// Which SSH client speaks to the host.
    pub(super) transport: Option<At<Transport>>,
    /// What happens with a host key that is not known. A changed key is always refused.
    pub(super) host_keys: Option<At<HostKeys>>,
    /// Timing of the connection.
    pub(super) link: Link,
}

/// Timing of the connection with a host.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Link {
    /// A quiet connection is asked for a sign of life this often. Default: what `ServerAliveInterval` of
    /// `~/.ssh/config` says, else 5s.
    pub(super) keepalive: Option<At<Time>>,
    /// Unanswered this many times in a row, the connection counts as dead. Default: what `ServerAliveCountMax`
    /// of `~/.ssh/config` says, else 3.
    pub(super) keepalive_count: Option<At<u32>>,
    /// First delay between attempts to connect again. Default: 1s.
    pub(super) backoff_initial: Option<At<Time>>,
    /// Each further delay may be this much longer, from 1 to 100. Default: 2.
    pub(super) backoff_multiplier: Option<At<f64>>,
    /// The delay between attempts grows no further than this. Default: 30s.
    pub(super) backoff_maximum: Option<At<Time>>,
    /// Attempts before the supervisor leaves the host alone: a number, or "unlimited". Default:
    /// "unlimited".
    pub(super) attempts: Option<At<Attempts>>,
    /// Without contact for this long the host is shown as lost; attempts go on. Default: 10m.
    pub(super) lost_after: Option<At<Time>>,
    /// Limit for the whole way from TCP to a usable session. Default: 60s.
    pub(super) connect_timeout: Option<At<Time>>,
    /// Limit for the TCP part of it. Default: 10s.
    pub(super) tcp_timeout: Option<At<Time>>,
    /// Logins under way at a time, from 1 to 32: at the host, or at the first jump host on the way to it, where
    /// the lowest number of its own and of the hosts behind it counts. sshd drops what is beyond its
    /// `MaxStartups`. There are 32 in all. Default: 8.
    pub(super) connect_limit: Option<At<u32>>,
}

/// One command, and where it usually runs.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Job {
    /// A POSIX shell script, usually one line. With `upload` it may be left out.
    pub(super) command: Option<At<String>>,
    /// One line for people.
    pub(super) about: Option<At<String>>,
    /// Hosts it goes to, by name; ranges as in `hosts`.
    pub(super) hosts: Vec<At<String>>,
    /// Hosts it goes to, by tag: every host that has one of these.
    pub(super) tags: Vec<At<String>>,
    /// Working directory on the host. Default: the home directory.
    pub(super) directory: Option<At<String>>,
    /// Variables set for the command. They are written down with the run: secrets belong into
    /// `env_file`.
    pub(super) env: BTreeMap<At<String>, At<String>>,
    /// A local file of `NAME=value` lines, read at each start; the values are never written down.
    /// Relative to this file.
    pub(super) env_file: Option<At<String>>,
    /// Whether the command gets a pseudo-terminal, so that it does not hold its output back; its stdin
    /// is at its end all the same. Without one, stdout and stderr are kept apart. Default: true.
    pub(super) pty: Option<At<bool>>,
    /// Size of that terminal, columns x rows. Default: 80x24.
    pub(super) size: Option<At<Screen>>,
    /// A local file to send to the host first, made executable there; its path is in
    /// `$STEADFAST_UPLOAD`. Without `command` it is what runs. Relative to this file.
    pub(super) upload: Option<At<String>>,
    /// The run is stopped after this long. Time in which the host could not be seen does not count.
    pub(super) timeout: Option<At<Time>>,
    /// The run is stopped when it has written nothing for this long.
    pub(super) idle_timeout: Option<At<Time>>,
    /// Output the host keeps for us while we are away, per stream; beyond it the oldest goes, and the
    /// gap is marked. Default: 1GiB.
    pub(super) spool_limit: Option<At<Size>>,
    /// Time between TERM and KILL when the run is cancelled. Default: 10s.
    pub(super) grace: Option<At<Time>>,
    /// What happens with a run that a reboot of the host interrupted.
    pub(super) on_reboot: Option<At<OnReboot>>,
    /// Lines of its output that should wake somebody: what such a line is called, and its pattern. Besides
    /// those of `[alarms]`.
    pub(super) alarms: BTreeMap<At<String>, At<String>>,
    /// A line that matches one of these is no alarm.
    pub(super) ignore: Vec<At<String>>,
    /// Where its progress stands: a pattern with one group for percent, or two for n of m.
    pub(super) progress: Vec<At<String>>,
    /// Further attempts after a failure. Default: 0.
    pub(super) retries: Option<At<u32>>,
    /// Pause before each of them. Default: 0s.
    pub(super) retry_delay: Option<At<Time>>,
}

/// Which SSH client speaks to the host.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Transport {
    /// Ours, unless `~/.ssh/config` wants what ours does not speak. The default.
    Auto,
    /// Ours.
    Russh,
    /// The system's `ssh` program.
    System,
}

/// What happens with a host key that is not known.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum HostKeys {
    /// It is refused.
    Strict,
    /// It is written down and accepted, if no key of that host is known.
    AcceptNew,
}

/// What happens with a run that a reboot interrupted.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum OnReboot {
    /// It is reported, and stays ended. The default.
    Report,
    /// The next attempt starts as soon as the host is back.
    Rerun,
}
