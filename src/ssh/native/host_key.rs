//! Whether the key a host shows is the one it must show.

use std::path::PathBuf;
use std::sync::Arc;

use russh::keys::{Algorithm, HashAlg, PublicKey, PublicKeyOrCertificate};
use tokio::sync::Mutex;

use crate::domain::diagnosis::Cause;
use crate::domain::host::HostKeyPolicy;
use crate::domain::moment::Wall;
use crate::ssh::known_hosts::{KnownHosts, Standing};
use crate::ssh::resolve::{KnownHostsFiles, Target};
use crate::ssh::text::{LINE, clean};

/// The check of one connection.
pub(super) struct HostKeyCheck {
    name: String,
    port: u16,
    files: KnownHostsFiles,
    policy: HostKeyPolicy,
    hash: bool,
    known: KnownHosts,
    /// Certificates are judged by this time.
    now: Wall,
    /// One writer at a time: two dials of a new host must not both write it down.
    learning: Arc<Mutex<()>>,
}

impl HostKeyCheck {
    /// Reads the files: local disk, off the async workers.
    pub(super) async fn new(target: &Target, learning: &Arc<Mutex<()>>, now: Wall) -> Result<Self, Cause> {
        // As ssh: an alias stands alone, a name with its port.
        let (name, port) = match &target.host_key_alias {
            Some(alias) => (alias.clone(), 22),
            None => (target.hostname.clone(), target.port),
        };
        let files = target.known_hosts.clone();
        let known = load(files.clone()).await?;
        Ok(Self {
            name,
            port,
            files,
            policy: target.host_keys,
            hash: target.hash_known_hosts,
            known,
            now,
            learning: Arc::clone(learning),
        })
    }

    pub(super) fn algorithms(&self) -> Vec<Algorithm> {
        self.known.algorithms(&self.name, self.port)
    }

    /// Waits for local disk only.
    pub(super) async fn judge(&self, key: &PublicKeyOrCertificate) -> Result<(), Cause> {
        let standing = self.standing(&self.known, key);
        if standing == Standing::Unknown && self.policy == HostKeyPolicy::AcceptNew {
            return self.learn(key).await;
        }
        verdict(standing, key)
    }

    /// A certificate whose authority we do not know is worth what the key inside is worth, as for ssh.
    /// Addresses are not looked up: OpenSSH's `CheckHostIP` is off by default.
    fn standing(&self, known: &KnownHosts, key: &PublicKeyOrCertificate) -> Standing {
        let standing = known.check(&self.name, self.port, key, self.now);
        if standing == Standing::Unknown && key.certificate().is_some() {
            return known.check(&self.name, self.port, &key.public_key().into(), self.now);
        }
        standing
    }

    async fn learn(&self, key: &PublicKeyOrCertificate) -> Result<(), Cause> {
        let _turn = self.learning.lock().await;
        // Another dial may have written it down in the meantime.
        let standing = self.standing(&load(self.files.clone()).await?, key);
        if standing != Standing::Unknown {
            return verdict(standing, key);
        }
        let unwritten = |why: String| Cause::Other(clean(&format!("host key not accepted: {why}"), LINE));
        let file: PathBuf = self.files.user.first().cloned().ok_or_else(|| unwritten("no known_hosts file".into()))?;
        let (name, port, hash, plain) = (self.name.clone(), self.port, self.hash, key.public_key());
        tokio::task::spawn_blocking(move || KnownHosts::learn(&file, &name, port, &plain, hash))
            .await
            .map_err(|error| unwritten(error.to_string()))?
            .map_err(|error| unwritten(format!("failed to {error}")))
    }
}

fn verdict(standing: Standing, key: &PublicKeyOrCertificate) -> Result<(), Cause> {
    let presented = fingerprint(&key.public_key());
    match standing {
        Standing::Known => Ok(()),
        Standing::Unknown => Err(Cause::HostKeyUnknown { presented }),
        Standing::Changed { known_fingerprint: known, file, line } => {
            Err(Cause::HostKeyChanged { known, presented, written_in: format!("{}:{line}", file.display()) })
        }
        Standing::Revoked { .. } => Err(Cause::HostKeyRevoked { presented }),
    }
}

/// As `ssh-keygen -l` writes it, with the kind of key before.
pub(super) fn fingerprint(key: &PublicKey) -> String {
    format!("{} {}", key.algorithm(), key.fingerprint(HashAlg::Sha256))
}

async fn load(files: KnownHostsFiles) -> Result<KnownHosts, Cause> {
    let failed = |why: String| Cause::Other(clean(&format!("known_hosts: failed to {why}"), LINE));
    tokio::task::spawn_blocking(move || KnownHosts::load(&files))
        .await
        .map_err(|error| failed(error.to_string()))?
        .map_err(|error| failed(error.to_string()))
}
