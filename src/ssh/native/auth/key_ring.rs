//! The private keys of files: each read and decrypted once, kept in memory (wiped when dropped),
//! shared by all hosts and reconnections.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::SystemTime;

use russh::keys::{PrivateKey, PublicKey, decode_secret_key};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use crate::port::PromptKind;
use crate::ssh::ask::Asker;
use crate::ssh::text::{LINE, clean};

/// All keys that were needed so far.
#[derive(Default)]
pub(in crate::ssh) struct KeyRing {
    slots: std::sync::Mutex<HashMap<PathBuf, Arc<Slot>>>,
}

/// One file. Held while the operator is asked for its passphrase: who needs the same key waits for
/// the same answer.
#[derive(Default)]
struct Slot {
    state: Mutex<State>,
    /// How often nobody answered: who was waiting then does not ask again.
    declined: std::sync::atomic::AtomicU64,
}

#[derive(Default)]
struct State {
    key: Option<(Stamp, Arc<PrivateKey>)>,
}

/// Tells a file from the one that took its place.
type Stamp = (u64, Option<SystemTime>);

#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum KeyError {
    #[error("{0}")]
    Unusable(String),
    #[error("encrypted, and nobody gave its passphrase")]
    Declined,
    #[error("encrypted, and the passphrase was wrong")]
    WrongPassphrase,
}

impl KeyRing {
    /// The key in `path`. Waits for the operator when it is encrypted and not yet decrypted.
    pub(super) async fn private_key(&self, path: &Path, asker: &Asker) -> Result<Arc<PrivateKey>, KeyError> {
        let slot =
            Arc::clone(self.slots.lock().unwrap_or_else(PoisonError::into_inner).entry(path.to_owned()).or_default());
        let declined = slot.declined.load(std::sync::atomic::Ordering::Acquire);
        let mut state = slot.state.lock().await;
        let (stamp, text) = read(path.to_owned()).await?;
        if let Some((known, key)) = &state.key
            && *known == stamp
        {
            return Ok(Arc::clone(key));
        }
        if slot.declined.load(std::sync::atomic::Ordering::Acquire) != declined {
            return Err(KeyError::Declined);
        }
        let key = match decrypt(path, &text, asker).await {
            Ok(key) => Arc::new(key),
            Err(error) => {
                if matches!(error, KeyError::Declined | KeyError::WrongPassphrase) {
                    slot.declined.fetch_add(1, std::sync::atomic::Ordering::AcqRel);
                }
                return Err(error);
            }
        };
        state.key = Some((stamp, Arc::clone(&key)));
        Ok(key)
    }
}

async fn decrypt(path: &Path, text: &Zeroizing<String>, asker: &Asker) -> Result<PrivateKey, KeyError> {
    if !is_encrypted(text) {
        return decode_secret_key(text, None).map_err(|error| unusable(&error));
    }
    for _ in 0..PASSPHRASES {
        let question = format!("Passphrase for {}", path.display());
        let answer = asker.ask(PromptKind::Passphrase, &question, false).await.ok_or(KeyError::Declined)?;
        if let Some(key) = decrypt_with(text.clone(), answer).await? {
            return Ok(key);
        }
    }
    Err(KeyError::WrongPassphrase)
}

/// Takes a tenth of a second on purpose (bcrypt), so not on an async worker.
async fn decrypt_with(text: Zeroizing<String>, passphrase: SecretString) -> Result<Option<PrivateKey>, KeyError> {
    tokio::task::spawn_blocking(move || decode_secret_key(&text, Some(passphrase.expose_secret())).ok())
        .await
        .map_err(|error| unusable(&error))
}

/// The public half of `path`, when it can be had without a passphrase: from `path.pub`, or from the
/// unencrypted head of an OpenSSH key. `Ok(None)`: there is such a key, but nobody knows which.
pub(super) async fn public_key(path: &Path) -> Result<Option<PublicKey>, KeyError> {
    let (_, text) = read(path.to_owned()).await?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".pub");
    let beside = tokio::task::spawn_blocking(move || russh::keys::load_public_key(beside));
    if let Ok(Ok(key)) = beside.await {
        return Ok(Some(key));
    }
    if let Ok(key) = PrivateKey::from_openssh(text.as_bytes()) {
        return Ok(Some(key.public_key().clone()));
    }
    if is_encrypted(&text) {
        return Ok(None);
    }
    decode_secret_key(&text, None).map(|key| Some(key.public_key().clone())).map_err(|error| unusable(&error))
}

fn is_encrypted(text: &str) -> bool {
    match PrivateKey::from_openssh(text) {
        Ok(key) => key.is_encrypted(),
        // PEM says so in its head: `BEGIN ENCRYPTED PRIVATE KEY`, `Proc-Type: 4,ENCRYPTED`.
        Err(_) => text.lines().take(3).any(|line| line.contains("ENCRYPTED")),
    }
}

async fn read(path: PathBuf) -> Result<(Stamp, Zeroizing<String>), KeyError> {
    let reading = move || {
        let metadata = std::fs::metadata(&path)?;
        if !metadata.is_file() || metadata.len() > KEY_FILE {
            return Err(std::io::Error::other("not a key file"));
        }
        if let Some(why) = too_open(&metadata) {
            return Err(std::io::Error::other(why));
        }
        let text = Zeroizing::new(std::fs::read_to_string(&path)?);
        Ok(((metadata.len(), metadata.modified().ok()), text))
    };
    let result = tokio::task::spawn_blocking(reading).await.map_err(|error| unusable(&error))?;
    result.map_err(|error| unusable(&error))
}

/// OpenSSH ignores keys of ours that others may read (sshkey_perm_ok).
#[cfg(unix)]
fn too_open(metadata: &std::fs::Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let mode = metadata.mode() & 0o777;
    let ours = metadata.uid() == rustix::process::getuid().as_raw();
    (ours && mode & 0o077 != 0).then(|| format!("permissions {mode:04o} are too open"))
}

#[cfg(not(unix))]
fn too_open(_metadata: &std::fs::Metadata) -> Option<String> {
    None
}

fn unusable(error: &dyn std::fmt::Display) -> KeyError {
    KeyError::Unusable(clean(&error.to_string(), LINE))
}

/// As `ssh` asks (NumberOfPasswordPrompts).
const PASSPHRASES: usize = 3;
/// The largest RSA keys take 13 KiB.
const KEY_FILE: u64 = 256 * 1024;
