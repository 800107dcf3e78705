//! Which key a host must show. Stands in for the whole reader: plain names only.

use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use russh::keys::{Algorithm, HashAlg, PublicKey, PublicKeyOrCertificate};

use crate::ssh::resolve::KnownHostsFiles;

#[derive(Debug, Default)]
pub struct KnownHosts {
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    marker: Option<String>,
    names: String,
    key: PublicKey,
    file: PathBuf,
    number: usize,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    Known,
    Unknown,
    Changed { known_fingerprint: String, file: PathBuf, line: usize },
    Revoked { file: PathBuf, line: usize },
}

#[derive(Debug, thiserror::Error)]
#[error("read or write {file}: {source}")]
pub struct KnownHostsError {
    pub file: String,
    #[source]
    pub source: std::io::Error,
}

impl KnownHosts {
    pub fn load(files: &KnownHostsFiles) -> Result<Self, KnownHostsError> {
        let mut lines = Vec::new();
        for file in files.user.iter().chain(&files.global) {
            let Ok(text) = std::fs::read_to_string(file) else { continue };
            for (index, line) in text.lines().enumerate() {
                let mut words = line.split_whitespace().peekable();
                let marker = words.next_if(|word| word.starts_with('@')).map(str::to_owned);
                let (Some(names), Some(kind), Some(blob)) = (words.next(), words.next(), words.next()) else {
                    continue;
                };
                let Ok(key) = PublicKey::from_openssh(&format!("{kind} {blob}")) else { continue };
                lines.push(Line { marker, names: names.into(), key, file: file.clone(), number: index + 1 });
            }
        }
        Ok(Self { lines })
    }

    #[must_use]
    pub fn check(&self, name: &str, port: u16, _address: Option<IpAddr>, key: &PublicKeyOrCertificate) -> Standing {
        let data = key.public_key().key_data().clone();
        let mine = || self.lines.iter().filter(|line| line.covers(name, port));
        let revoked = |line: &&Line| line.marker.as_deref() == Some("@revoked") && *line.key.key_data() == data;
        if let Some(line) = mine().find(revoked) {
            return Standing::Revoked { file: line.file.clone(), line: line.number };
        }
        if let Some(certificate) = key.certificate() {
            let trusted = mine().filter(|line| line.marker.as_deref() == Some("@cert-authority")).any(|line| {
                certificate.signature_key() == line.key.key_data()
                    && certificate.validate(&[line.key.fingerprint(HashAlg::Sha256)]).is_ok()
                    && certificate.valid_principals().iter().any(|principal| principal == name)
            });
            return if trusted { Standing::Known } else { Standing::Unknown };
        }
        let plain: Vec<&Line> = mine().filter(|line| line.marker.is_none()).collect();
        if plain.iter().any(|line| *line.key.key_data() == data) {
            return Standing::Known;
        }
        plain.first().map_or(Standing::Unknown, |line| Standing::Changed {
            known_fingerprint: line.key.fingerprint(HashAlg::Sha256).to_string(),
            file: line.file.clone(),
            line: line.number,
        })
    }

    #[must_use]
    pub fn algorithms(&self, name: &str, port: u16) -> Vec<Algorithm> {
        let plain = |line: &&Line| line.marker.is_none() && line.covers(name, port);
        self.lines.iter().filter(plain).map(|line| line.key.algorithm()).collect()
    }

    pub fn learn(file: &Path, name: &str, port: u16, key: &PublicKey, _hash: bool) -> Result<(), KnownHostsError> {
        let failed = |source| KnownHostsError { file: file.display().to_string(), source };
        let text = key.to_openssh().map_err(|error| failed(std::io::Error::other(error)))?;
        let mut out = std::fs::OpenOptions::new().create(true).append(true).open(file).map_err(failed)?;
        writeln!(out, "{} {text}", pattern(name, port)).map_err(failed)
    }
}

impl Line {
    fn covers(&self, name: &str, port: u16) -> bool {
        let wanted = pattern(name, port);
        self.names.split(',').any(|word| word == wanted || word == "*")
    }
}

fn pattern(name: &str, port: u16) -> String {
    if port == 22 { name.into() } else { format!("[{name}]:{port}") }
}
