//! Which keys to offer, and in which order: those of the configuration that the agent holds, the
//! agent's others, those that are only in files (ssh_config(5), IdentityFile).

use std::path::{Path, PathBuf};

use russh::client::Handle;
use russh::keys::agent::AgentIdentity;
use russh::keys::{Certificate, HashAlg, PublicKey, load_openssh_certificate};

use crate::ssh::native::guard::Guard;

use super::agent::{self, Agent};
use super::key_ring::public_key;
use super::{Credentials, Unusable, Why};

/// What can be offered, most promising first.
pub(super) struct Identities {
    pub(super) agent: Option<Agent>,
    pub(super) list: Vec<Identity>,
}

/// A key to offer, and who signs with it.
#[derive(Clone)]
pub(super) struct Identity {
    pub(super) key: Offer,
    pub(super) signer: Signs,
    /// For people.
    pub(super) name: String,
}

#[derive(Clone)]
pub(super) enum Offer {
    Plain(PublicKey),
    Certified(Box<Certificate>),
    /// Encrypted, and without a public half in sight: only the passphrase tells.
    Unknown,
}

#[derive(Clone)]
pub(super) enum Signs {
    Agent,
    File(PathBuf),
}

/// A file of the configuration that is there.
struct Named {
    path: PathBuf,
    public: Option<PublicKey>,
    certificates: Vec<Certificate>,
}

/// Looks around: at the files, and at the agent. What is there but cannot be used is noted.
pub(super) async fn collect(
    handle: &Handle<Guard>,
    with: &Credentials<'_>,
    unusable: &mut Vec<Unusable>,
) -> Identities {
    let (agent, held) = match agent::open(handle, with.target, with.environment).await {
        Ok(Some((agent, held))) => (Some(agent), held),
        Ok(None) => (None, Vec::new()),
        Err(why) => {
            unusable.push(Unusable { why: Why::Agent, text: why });
            (None, Vec::new())
        }
    };
    let named = named(with, unusable).await;
    Identities { agent, list: order(&named, &held, with.target.identities_only) }
}

async fn named(with: &Credentials<'_>, unusable: &mut Vec<Unusable>) -> Vec<Named> {
    let target = with.target;
    let mut certificates = Vec::new();
    for path in &target.certificate_files {
        certificates.extend(certificate(path).await);
    }
    let mut named = Vec::new();
    for path in &target.identity_files {
        if tokio::fs::metadata(path).await.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
            continue;
        }
        match public_key(path).await {
            Ok(public) => {
                let mut own = certificates.clone();
                let mut beside = path.as_os_str().to_owned();
                beside.push("-cert.pub");
                own.extend(certificate(Path::new(&beside)).await);
                own.retain(|c| public.as_ref().is_some_and(|key| key.key_data() == c.public_key()));
                own.dedup();
                named.push(Named { path: path.clone(), public, certificates: own });
            }
            Err(error) => {
                let text = format!("{}: {error}", path.display());
                unusable.push(Unusable { why: Why::of(&error), text });
            }
        }
    }
    named
}

async fn certificate(path: &Path) -> Option<Certificate> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || load_openssh_certificate(path).ok()).await.ok().flatten()
}

fn order(named: &[Named], held: &[AgentIdentity], identities_only: bool) -> Vec<Identity> {
    let in_agent = |key: &PublicKey| held.iter().any(|other| other.public_key().key_data() == key.key_data());
    let mut first = Vec::new();
    let mut last = Vec::new();
    for file in named {
        let by_agent = file.public.as_ref().is_some_and(in_agent);
        let signer = if by_agent { Signs::Agent } else { Signs::File(file.path.clone()) };
        let group = if by_agent { &mut first } else { &mut last };
        let offers = file.certificates.iter().map(|c| Offer::Certified(Box::new(c.clone())));
        let plain = file.public.clone().map_or(Offer::Unknown, Offer::Plain);
        group.extend(offers.chain([plain]).map(|key| Identity {
            name: name(&key, &file.path.display().to_string()),
            key,
            signer: signer.clone(),
        }));
    }
    let is_named = |other: &AgentIdentity| {
        named.iter().any(|file| file.public.as_ref().is_some_and(|key| key.key_data() == other.public_key().key_data()))
    };
    let plain_named = |other: &&AgentIdentity| is_named(other) && matches!(other, AgentIdentity::PublicKey { .. });
    let others: Vec<Identity> = held
        .iter()
        .filter(|other| !plain_named(other) && (!identities_only || is_named(other)))
        .map(|other| {
            let (key, comment) = match other {
                AgentIdentity::PublicKey { key, comment } => (Offer::Plain(key.clone()), comment),
                AgentIdentity::Certificate { certificate, comment } => {
                    (Offer::Certified(Box::new(certificate.clone())), comment)
                }
            };
            Identity { name: name(&key, &format!("agent's {comment}")), key, signer: Signs::Agent }
        })
        .collect();
    // The server hangs up after MaxAuthTries: keys that nobody named must not use up the tries of
    // those that somebody did.
    let blind = MAX_AUTH_TRIES.saturating_sub(first.len() + last.len()).min(others.len());
    let (before, after) = if last.is_empty() { others.split_at(others.len()) } else { others.split_at(blind) };
    first.extend_from_slice(before);
    first.extend(last);
    first.extend_from_slice(after);
    first
}

fn name(key: &Offer, whose: &str) -> String {
    match key {
        Offer::Plain(key) => format!("publickey {whose} ({})", key.fingerprint(HashAlg::Sha256)),
        Offer::Certified(certificate) => format!("certificate {} of {whose}", certificate.key_id()),
        Offer::Unknown => format!("publickey {whose}"),
    }
}

/// sshd's default.
const MAX_AUTH_TRIES: usize = 6;

#[cfg(test)]
mod tests {
    use russh::keys::ssh_key::private::{Ed25519Keypair, KeypairData};

    use super::*;

    fn key(seed: u8) -> PublicKey {
        let pair = Ed25519Keypair::from_seed(&[seed; 32]);
        let private = russh::keys::PrivateKey::new(KeypairData::from(pair), "").unwrap();
        private.public_key().clone()
    }

    fn held(seeds: std::ops::Range<u8>) -> Vec<AgentIdentity> {
        seeds.map(|seed| AgentIdentity::PublicKey { key: key(seed), comment: seed.to_string() }).collect()
    }

    fn file(seed: u8) -> Named {
        Named { path: format!("k{seed}").into(), public: Some(key(seed)), certificates: Vec::new() }
    }

    fn names(list: &[Identity]) -> Vec<String> {
        list.iter().filter_map(|identity| identity.name.split(" (").next().map(str::to_owned)).collect()
    }

    #[test]
    fn named_keys_of_the_agent_come_first_and_files_last() {
        let order = order(&[file(9), file(1)], &held(0..2), false);
        assert_eq!(names(&order), ["publickey k1", "publickey agent's 0", "publickey k9"]);
        assert!(matches!(order[0].signer, Signs::Agent));
        assert!(matches!(order[2].signer, Signs::File(_)));
    }

    #[test]
    fn identities_only_hides_the_agents_others() {
        assert_eq!(names(&order(&[file(1)], &held(0..3), true)), ["publickey k1"]);
    }

    #[test]
    fn a_full_agent_leaves_a_try_to_the_key_that_was_named() {
        let order = names(&order(&[file(99)], &held(0..20), false));
        assert_eq!(order.iter().position(|name| name == "publickey k99"), Some(MAX_AUTH_TRIES - 1));
        assert_eq!(order.len(), 21);
    }
}
