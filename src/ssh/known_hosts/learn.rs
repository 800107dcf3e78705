//! Writes a new host's key down, as OpenSSH would.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::thread;
use std::time::Duration;

use russh::keys::PublicKey;

use super::name::{Name, SALT_LENGTH};
use super::{KnownHostsError, LARGEST, Standing, judge};

pub(super) fn learn(path: &Path, host: &str, port: u16, key: &PublicKey, hash: bool) -> Result<(), KnownHostsError> {
    if !writable(host) {
        return Err(KnownHostsError::Name { name: host.to_owned() });
    }
    let failed = |source| KnownHostsError::Write { path: path.to_path_buf(), source };
    let name = Name::new(host, port);
    let unsound = || KnownHostsError::Key { name: host.to_owned() };
    let names = if hash { name.hashed(salt()).ok_or_else(unsound)? } else { name.as_str().to_owned() };
    let encoded = PublicKey::new(key.key_data().clone(), "").to_openssh().map_err(|_| unsound())?;

    let mut file = open(path).map_err(failed)?;
    lock(&file, path)?;
    let mut text = Vec::new();
    (&file).take(LARGEST + 1).read_to_end(&mut text).map_err(failed)?;
    if text.len() as u64 > LARGEST {
        return Err(KnownHostsError::TooLarge { path: path.to_path_buf(), limit: LARGEST });
    }
    // Another connection may have come first.
    match judge([(path, text.as_slice())].into_iter(), &name, key.key_data()) {
        Standing::Known => return Ok(()),
        Standing::Changed { line, .. } | Standing::Revoked { line, .. } => {
            return Err(KnownHostsError::Conflict { path: path.to_path_buf(), line });
        }
        Standing::Unknown => {}
    }
    let unterminated = text.last().is_some_and(|byte| *byte != b'\n');
    let line = format!("{}{names} {}\n", if unterminated { "\n" } else { "" }, encoded.trim_end());
    file.write_all(line.as_bytes()).and_then(|()| file.sync_data()).map_err(|source| {
        // Half a line would swallow the next one; when this fails too, the first error says enough.
        let _ = file.set_len(text.len() as u64);
        failed(source)
    })
}

/// Opens for appending; what does not exist is made readable for nobody else.
fn open(path: &Path) -> io::Result<File> {
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)
}

/// Another steadfast that writes a line holds the lock for an instant; when it is held for longer
/// than [`LOCK_TRIES`] times [`LOCK_PAUSE`], writing fails. OpenSSH takes no lock, but writes its
/// lines whole. A file system without locks is used without.
fn lock(file: &File, path: &Path) -> Result<(), KnownHostsError> {
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => return Ok(()),
            Err(TryLockError::Error(source)) => {
                return Err(KnownHostsError::Write { path: path.to_path_buf(), source });
            }
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_PAUSE),
        }
    }
    Err(KnownHostsError::Locked { path: path.to_path_buf() })
}

fn salt() -> [u8; SALT_LENGTH] {
    rand::random()
}

/// Whether the name would be read back as itself.
fn writable(host: &str) -> bool {
    let special = |c: char| c.is_whitespace() || c.is_control() || ",*?!|#@".contains(c);
    !host.is_empty() && host.len() <= LONGEST_NAME && !host.contains(special)
}

const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(20);
/// Longer than any DNS name.
const LONGEST_NAME: usize = 1000;
