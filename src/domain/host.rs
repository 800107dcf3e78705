//! How a host is to be reached, as configured: the operator's words before `~/.ssh/config` is asked.

use crate::domain::id::HostId;
use crate::domain::link::LinkSettings;

/// What the configuration says of one host. What is `None` or empty comes from `~/.ssh/config`, and
/// then from OpenSSH's defaults.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostSettings {
    pub id: HostId,
    /// Name or address to connect to; `None`: what `~/.ssh/config` says for the alias.
    pub address: Option<String>,
    pub user: Option<String>,
    pub port: Option<u16>,
    pub identity_files: Vec<String>,
    /// `[user@]host[:port]`, comma-separated, as `ProxyJump`.
    pub jump: Option<String>,
    pub transport: TransportChoice,
    /// `None`: what `StrictHostKeyChecking` says, and strict without it.
    pub host_keys: Option<HostKeyPolicy>,
    pub tags: Vec<String>,
    pub link: LinkSettings,
}

/// Which client speaks to the host.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TransportChoice {
    /// Ours, unless its `ssh_config` wants what ours does not speak.
    #[default]
    Auto,
    Russh,
    /// The system's `ssh` program.
    System,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum HostKeyPolicy {
    /// A key that is not known is refused.
    #[default]
    Strict,
    /// A key of a host of which none is known is written down and accepted.
    AcceptNew,
}

impl HostSettings {
    /// A host of which only the alias is known: everything else as `ssh` would do it.
    #[must_use]
    pub fn new(id: HostId) -> Self {
        Self {
            id,
            address: None,
            user: None,
            port: None,
            identity_files: Vec::new(),
            jump: None,
            transport: TransportChoice::default(),
            host_keys: None,
            tags: Vec::new(),
            link: LinkSettings::default(),
        }
    }
}
