//! An sshd, a network before it that breaks when asked to, and clients.

use std::path::{Path, PathBuf};

use steadfast::client::{Client, ClientError};

use crate::support::LIMIT;
use crate::support::proxy::Proxy;
use crate::support::sshd::{Sshd, user};

/// One host, `h1`, reached through a proxy.
pub struct Bench {
    // Cut before sshd goes.
    pub proxy: Proxy,
    pub sshd: Sshd,
    key: PathBuf,
}

impl Bench {
    pub fn new() -> Option<Self> {
        Self::with(&[])
    }

    /// With further lines of sshd_config(5).
    pub fn with(lines: &[&str]) -> Option<Self> {
        let sshd = Sshd::with(lines)?;
        let key = sshd.client_key("id").path;
        Some(Self { proxy: Proxy::to(sshd.port()), key, sshd })
    }

    /// A configuration file of the client in which the host is known by this text.
    pub fn config(&self, known: &str) -> PathBuf {
        let known = self.sshd.known_hosts(known);
        let config = known.with_extension("ssh_config");
        let text = format!(
            "Host h1\n HostName 127.0.0.1\n Port {}\n User {}\n IdentityFile {}\n IdentitiesOnly yes\n IdentityAgent none\n UserKnownHostsFile {}\n GlobalKnownHostsFile none\n HostKeyAlias h1\n",
            self.proxy.port(),
            user(),
            self.key.display(),
            known.display(),
        );
        std::fs::write(&config, text).unwrap();
        config
    }

    /// What known_hosts has to say of the host.
    pub fn known(&self) -> String {
        format!("h1 {}\n", self.sshd.host_key().public)
    }

    /// How many programs run in the host's sessions.
    pub fn programs(&self) -> usize {
        self.sshd.sessions().into_iter().filter(|&pid| name(pid).is_some_and(|name| !name.starts_with("sshd"))).count()
    }

    pub async fn connect(&self) -> Client {
        connect(&self.config(&self.known())).await.expect("connects")
    }
}

pub async fn connect(config: &Path) -> Result<Client, ClientError> {
    soon(Client::connect_alias("h1", Some(config))).await
}

/// Of the program that a process runs, while it does.
fn name(pid: u32) -> Option<String> {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()
}

/// What `work` gives; it fails when that takes for ever.
pub async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, work).await.expect("takes for ever")
}

/// Prints `up`, and then something until nobody listens any more: nothing of it is left behind.
pub const ENDLESS: &str = "echo up; while sleep 0.1; do echo on; done";
