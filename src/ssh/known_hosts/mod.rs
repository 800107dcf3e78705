//! Which host keys are known, refused or new: OpenSSH's `known_hosts` files.
//!
//! Judges as OpenSSH does with `CheckHostIP no`, its default: by name only, never by address. One
//! thing is stricter: a key in a line marked `@revoked` is refused for every host, not only for
//! those the line names, since it "must not ever be accepted" (sshd(8)). russh's own reader knows
//! no patterns, no `@cert-authority`, and takes `@revoked` for a name.
//!
//! Imports `domain` and the pattern matcher of `ssh::resolve`. Blocks on files: small and local,
//! but call [`KnownHosts::load`] and [`KnownHosts::learn`] from a blocking task. Deliberately
//! absent: changing or removing lines; that is the operator's decision, with `ssh-keygen -R`.

mod certificate;
mod entry;
mod learn;
mod name;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Algorithm, Certificate, HashAlg, PublicKey, PublicKeyOrCertificate};

use crate::domain::moment::Wall;
use crate::ssh::resolve::KnownHostsFiles;

pub use certificate::CertificateFault;
use entry::{Entry, Marker};
use name::Name;

/// The known host keys, as the files were when they were loaded.
#[derive(Clone, Debug, Default)]
pub struct KnownHosts {
    files: Vec<(PathBuf, Vec<u8>)>,
}

/// What is known of a host key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    Known,
    /// Nothing is known of the host.
    Unknown,
    /// Another key is known for the host, be it of the same type or not.
    Changed {
        known_fingerprint: String,
        file: PathBuf,
        line: usize,
    },
    /// The key, or the authority of its certificate, is never to be accepted.
    Revoked {
        file: PathBuf,
        line: usize,
    },
}

/// The texts fit "failed to …".
#[derive(Debug, thiserror::Error)]
pub enum KnownHostsError {
    #[error("read known host keys from {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("read known host keys from {}: larger than {limit} bytes", path.display())]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("write a host key to {}", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("write a host key to {}: another program holds its lock", path.display())]
    Locked { path: PathBuf },
    #[error("write a host key to {}: line {line} has come to hold another key for the host", path.display())]
    Conflict { path: PathBuf, line: usize },
    #[error("write down the host key of {name:?}: not a host name")]
    Name { name: String },
    #[error("write down the host key of {name:?}: the key cannot be encoded")]
    Key { name: String },
}

impl KnownHosts {
    /// Files that do not exist are empty. One that is there and cannot be read is an error: a key
    /// it holds must not be taken for new.
    pub fn load(files: &KnownHostsFiles) -> Result<Self, KnownHostsError> {
        let mut loaded: Vec<(PathBuf, Vec<u8>)> = Vec::new();
        for path in files.user.iter().chain(&files.global) {
            if loaded.iter().all(|(known, _)| known != path)
                && let Some(text) = read(path)?
            {
                loaded.push((path.clone(), text));
            }
        }
        Ok(Self { files: loaded })
    }

    /// The standing of the key or certificate a host presented. `name` is the name connected to;
    /// with a host key alias it is the alias, and `port` is 22. A certificate whose authority is
    /// not known, or which does not hold, counts as the key inside it.
    #[must_use]
    pub fn check(&self, name: &str, port: u16, key: &PublicKeyOrCertificate, now: Wall) -> Standing {
        let public = key.public_key();
        let certificate = key.certificate();
        if let Some(revoked) = self.revoked(public.key_data(), certificate) {
            return revoked;
        }
        if let Some(certificate) = certificate
            && let Some(authority) = self.authority_of(name, port, certificate)
            && certificate::fault(certificate, &authority, name, now).is_none()
        {
            return Standing::Known;
        }
        let standing = judge(self.texts(), &Name::new(name, port), public.key_data());
        // As OpenSSH: a key written down without a port is known on every port, but does not speak
        // against another one there.
        if standing == Standing::Unknown
            && let Some(portless) = Name::without_port(name, port)
            && judge(self.texts(), &portless, public.key_data()) == Standing::Known
        {
            return Standing::Known;
        }
        standing
    }

    /// Why a certificate of an authority known for the host does not count: for the message when
    /// [`KnownHosts::check`] says [`Standing::Unknown`] or [`Standing::Changed`].
    #[must_use]
    pub fn certificate_fault(
        &self,
        name: &str,
        port: u16,
        certificate: &Certificate,
        now: Wall,
    ) -> Option<CertificateFault> {
        let authority = self.authority_of(name, port, certificate)?;
        certificate::fault(certificate, &authority, name, now)
    }

    /// The signature algorithms of the host's known keys, to be preferred in negotiation: another
    /// one would bring up a key that counts as changed. RSA with SHA-2 only.
    #[must_use]
    pub fn algorithms(&self, name: &str, port: u16) -> Vec<Algorithm> {
        let of_keys = |name: &Name| {
            let mut algorithms = Vec::new();
            for (_, entry) in self.entries(Marker::Host).filter(|(_, entry)| entry.names(name)) {
                let Some(key) = entry.key() else { continue };
                for algorithm in signatures(key.algorithm()) {
                    if !algorithms.contains(&algorithm) {
                        algorithms.push(algorithm);
                    }
                }
            }
            algorithms
        };
        let known = of_keys(&Name::new(name, port));
        match Name::without_port(name, port) {
            Some(portless) if known.is_empty() => of_keys(&portless),
            Some(_) | None => known,
        }
    }

    /// Whether some authority is known for the host, so that a certificate is worth asking for.
    #[must_use]
    pub fn has_authority(&self, name: &str, port: u16) -> bool {
        let names = [Some(Name::new(name, port)), Name::without_port(name, port)];
        self.entries(Marker::Authority).any(|(_, entry)| names.iter().flatten().any(|name| entry.names(name)))
    }

    /// Appends a host's key to a file. Does nothing if it is there already; refuses if the file
    /// has another key of the host. Waits up to two seconds for another writer.
    pub fn learn(file: &Path, name: &str, port: u16, key: &PublicKey, hash: bool) -> Result<(), KnownHostsError> {
        learn::learn(file, name, port, key, hash)
    }

    fn revoked(&self, key: &KeyData, certificate: Option<&Certificate>) -> Option<Standing> {
        self.entries(Marker::Revoked).find_map(|(path, entry)| {
            let revoked = entry.key()?;
            let hit = revoked.key_data() == key
                || certificate.is_some_and(|certificate| certificate.signature_key() == revoked.key_data());
            hit.then(|| Standing::Revoked { file: path.to_path_buf(), line: entry.line })
        })
    }

    /// The key of the certificate's authority, if it is one for the host.
    fn authority_of(&self, name: &str, port: u16, certificate: &Certificate) -> Option<KeyData> {
        let names = [Some(Name::new(name, port)), Name::without_port(name, port)];
        let signer = certificate.signature_key();
        let mut authorities = self.entries(Marker::Authority);
        let known = authorities.any(|(_, entry)| {
            names.iter().flatten().any(|name| entry.names(name))
                && entry.key().is_some_and(|key| key.key_data() == signer)
        });
        known.then(|| signer.clone())
    }

    fn entries(&self, marker: Marker) -> impl Iterator<Item = (&Path, Entry<'_>)> {
        self.texts()
            .flat_map(|(path, text)| Entry::all(text).map(move |entry| (path, entry)))
            .filter(move |(_, entry)| entry.marker == marker)
    }

    fn texts(&self) -> impl Iterator<Item = (&Path, &[u8])> {
        self.files.iter().map(|(path, text)| (path.as_path(), text.as_slice()))
    }
}

/// The standing of a plain key under exactly this name, revocation apart. Of several other keys one
/// of the same type is shown.
fn judge<'a>(texts: impl Iterator<Item = (&'a Path, &'a [u8])>, name: &Name, key: &KeyData) -> Standing {
    let mut other: Option<(PublicKey, &Path, usize)> = None;
    for (path, text) in texts {
        for entry in Entry::all(text).filter(|entry| entry.marker == Marker::Host && entry.names(name)) {
            let Some(known) = entry.key() else { continue };
            if known.key_data() == key {
                return Standing::Known;
            }
            let same_type = known.algorithm() == key.algorithm();
            if other.as_ref().is_none_or(|(shown, ..)| same_type && shown.algorithm() != key.algorithm()) {
                other = Some((known, path, entry.line));
            }
        }
    }
    other.map_or(Standing::Unknown, |(known, path, line)| Standing::Changed {
        known_fingerprint: known.fingerprint(HashAlg::Sha256).to_string(),
        file: path.to_path_buf(),
        line,
    })
}

/// An RSA key signs with either hash; SHA-1 is not accepted.
fn signatures(algorithm: Algorithm) -> Vec<Algorithm> {
    if matches!(algorithm, Algorithm::Rsa { .. }) {
        [HashAlg::Sha512, HashAlg::Sha256].map(|hash| Algorithm::Rsa { hash: Some(hash) }).to_vec()
    } else {
        vec![algorithm]
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, KnownHostsError> {
    let failed = |source| KnownHostsError::Read { path: path.to_path_buf(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(failed(error)),
    };
    let mut text = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut text).map_err(failed)?;
    if text.len() as u64 > LARGEST {
        return Err(KnownHostsError::TooLarge { path: path.to_path_buf(), limit: LARGEST });
    }
    Ok(Some(text))
}

/// A larger file is an error, not cut: what is left out could be the line that refuses.
const LARGEST: u64 = 64 * 1024 * 1024;
