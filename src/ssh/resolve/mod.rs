//! From what is configured of a host, and OpenSSH's client configuration, to a [`Target`]: where to
//! connect, as whom, with which keys, trusting which host keys.
//!
//! Our own reader of `ssh_config`, for these reasons: `ssh2-config` knows no `Match` and no tokens,
//! so it would be wrong without saying so; `ssh -G` runs the commands of `Match exec`, costs a
//! process per host and hop, expands only some tokens and is not on every machine. It is the
//! oracle of the tests instead.
//!
//! What we cannot do is not guessed at: [`Target::needs_system`] says so, and the host goes by the
//! system's `ssh`. Deliberately absent: running any command, asking any name server.
//!
//! Imports `domain` only. The pieces, bottom up: `lex` cuts lines, `keyword` is the table of
//! keywords, `walk` follows `Host`, `Match` and `Include` into `options`, `token` expands, `needs`
//! finds what is not ours; `target` makes the result.

mod error;
mod files;
mod glob;
mod identity;
mod jump;
mod keyword;
mod lex;
mod needs;
mod options;
mod overrides;
pub(in crate::ssh) mod pattern;
mod source;
mod target;
mod token;
mod walk;

use std::path::PathBuf;
use std::time::Duration;

use crate::domain::host::{HostKeyPolicy, HostSettings, TransportChoice};
use crate::domain::id::HostId;
use crate::domain::link::LinkSettings;

pub use error::{Problem, ResolveError};
pub use files::SshConfigFiles;
pub(in crate::ssh) use overrides::policy_word;

/// Everything needed to open a connection with one host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    pub alias: HostId,
    /// Name or address to connect to, in lower case.
    pub hostname: String,
    pub port: u16,
    pub user: String,
    /// Private keys to try, in this order; they need not exist. `<file>-cert.pub` beside one is its
    /// certificate.
    pub identity_files: Vec<PathBuf>,
    /// Certificates named explicitly.
    pub certificate_files: Vec<PathBuf>,
    /// Use no key of the agent but those of `identity_files`.
    pub identities_only: bool,
    pub identity_agent: IdentityAgent,
    /// Jump hosts, first hop first; each without jumps of its own.
    pub jump: Vec<Target>,
    pub known_hosts: KnownHostsFiles,
    pub host_keys: HostKeyPolicy,
    /// Look the host key up under this name (without a port) instead of `hostname`.
    pub host_key_alias: Option<String>,
    pub hash_known_hosts: bool,
    /// `ConnectTimeout`, where the configuration sets one.
    pub connect_timeout: Option<Duration>,
    /// Why our own client cannot do it: the keyword, as `ProxyCommand`.
    pub needs_system: Option<String>,
    pub transport: TransportChoice,
    pub link: LinkSettings,
    /// For `ssh -F`; `None`: the default files.
    pub config_file: Option<PathBuf>,
    /// For `ssh -o`: what the operator configured over those files.
    pub overrides: Vec<String>,
}

impl Target {
    /// How long its connection may take as a whole. `ConnectTimeout` is the operator's word on this host in
    /// particular: it goes before `[link] connect_timeout`, also when it is more patient.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.connect_timeout.unwrap_or(self.link.connect_timeout)
    }

    /// The TCP part of it. `ConnectTimeout` is about this part above all.
    #[must_use]
    pub fn tcp_limit(&self) -> Duration {
        self.connect_timeout.unwrap_or(self.link.tcp_timeout.min(self.link.connect_timeout))
    }
}

/// Where the agent is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IdentityAgent {
    /// `SSH_AUTH_SOCK`.
    Env,
    None,
    Path(PathBuf),
}

/// Files of known host keys; those that do not exist are empty.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct KnownHostsFiles {
    /// New keys go into the first of these.
    pub user: Vec<PathBuf>,
    pub global: Vec<PathBuf>,
}

/// What `ssh` would do for the host, overridden by what the operator configured.
pub fn resolve(settings: &HostSettings, files: &SshConfigFiles) -> Result<Target, ResolveError> {
    resolve_among(settings, &[], files)
}

/// The same where a jump host may be one of `hosts`: it is reached as its own settings say.
pub fn resolve_among(
    settings: &HostSettings,
    hosts: &[HostSettings],
    files: &SshConfigFiles,
) -> Result<Target, ResolveError> {
    target::build(settings, hosts, files).map(|resolution| resolution.target)
}

/// What is deliberately done otherwise than the configuration files say, for people:
/// `StrictHostKeyChecking no` does not switch off verification.
pub fn remarks(
    settings: &HostSettings,
    hosts: &[HostSettings],
    files: &SshConfigFiles,
) -> Result<Vec<String>, ResolveError> {
    target::build(settings, hosts, files).map(|resolution| resolution.remarks)
}

/// The names the configuration files give hosts, patterns left out, each once: for completion and
/// "did you mean". As far as the files can be read.
#[must_use]
pub fn aliases(files: &SshConfigFiles) -> Vec<String> {
    let mut names = Vec::new();
    let mut note = |name: &str| {
        if HostId::parse(name).is_ok() && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    };
    let mut walk = walk::Walk {
        files,
        original: "",
        subject: "",
        last_pass: false,
        options: &mut options::Options::default(),
        last_pass_wanted: false,
        named: &mut note,
        files_read: 0,
    };
    // What was found before an error is still useful; the error itself comes up on resolving.
    let _ = walk.all();
    names
}
