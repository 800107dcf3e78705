//! The operator's side of the simulated fleet: a key, a `known_hosts` file, and a connector that uses
//! them. The only place here that knows of `ssh`.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::fleet::{DemoError, DemoFleet};
use crate::domain::host::{HostKeyPolicy, HostSettings};
use crate::port::{Clock, Prompter};
use crate::ssh::resolve::{IdentityAgent, KnownHostsFiles, Target};
use crate::ssh::{Environment, SshConnector};

impl DemoFleet {
    /// A connector that reaches these hosts and no others. Writes the operator's key and a
    /// `known_hosts` file into `dir`, where they have to stay; neither the agent nor any configuration
    /// of the operator's is asked.
    ///
    /// # Errors
    /// [`DemoError::Write`] when `dir` cannot be written.
    pub fn connector(
        &self,
        dir: &Path,
        prompter: Arc<dyn Prompter>,
        clock: Arc<dyn Clock>,
    ) -> Result<SshConnector, DemoError> {
        let (key, known) = (dir.join("id"), dir.join("known_hosts"));
        write(&key, &self.client_key()?)?;
        write(&known, &self.known_hosts()?)?;
        let targets = self.hosts().into_iter().map(|host| target(host, &key, &known));
        Ok(SshConnector::with_environment(targets, prompter, clock, Environment::default()))
    }
}

fn target(host: HostSettings, key: &Path, known: &Path) -> Target {
    Target {
        hostname: host.address.unwrap_or_default(),
        port: host.port.unwrap_or(22),
        user: host.user.unwrap_or_default(),
        identity_files: vec![key.to_owned()],
        certificate_files: Vec::new(),
        identities_only: true,
        identity_agent: IdentityAgent::None,
        jump: Vec::new(),
        known_hosts: KnownHostsFiles { user: vec![known.to_owned()], global: Vec::new() },
        host_keys: HostKeyPolicy::Strict,
        host_key_alias: None,
        hash_known_hosts: false,
        connect_timeout: None,
        needs_system: None,
        transport: host.transport,
        link: host.link,
        config_file: None,
        overrides: Vec::new(),
        alias: host.id,
    }
}

/// Readable by its owner only, as `ssh` wants its keys.
fn write(path: &Path, text: &str) -> Result<(), DemoError> {
    let write = || -> io::Result<()> {
        let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())
    };
    write().map_err(|source| DemoError::Write { path: PathBuf::from(path), source })
}
