//! How a host is reached. Stands in for the reader of `ssh_config`.

use std::path::PathBuf;
use std::time::Duration;

use crate::domain::host::{HostKeyPolicy, TransportChoice};
use crate::domain::id::HostId;
use crate::domain::link::LinkSettings;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    pub alias: HostId,
    pub hostname: String,
    pub port: u16,
    pub user: String,
    pub identity_files: Vec<PathBuf>,
    pub certificate_files: Vec<PathBuf>,
    pub identities_only: bool,
    pub identity_agent: IdentityAgent,
    pub jump: Vec<Target>,
    pub known_hosts: KnownHostsFiles,
    pub host_keys: HostKeyPolicy,
    pub host_key_alias: Option<String>,
    pub hash_known_hosts: bool,
    pub connect_timeout: Option<Duration>,
    pub needs_system: Option<String>,
    pub transport: TransportChoice,
    pub link: LinkSettings,
    pub config_file: Option<PathBuf>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IdentityAgent {
    Env,
    None,
    Path(PathBuf),
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct KnownHostsFiles {
    pub user: Vec<PathBuf>,
    pub global: Vec<PathBuf>,
}
