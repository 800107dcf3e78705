//! Offering keys, one after the other.

use russh::MethodKind;
use russh::client::Handle;
use russh::keys::{Algorithm, HashAlg};

use crate::ssh::native::guard::Guard;

use super::identities::{Identities, Identity, Offer, Signs};
use super::signer::{SignError, Signer};
use super::{Credentials, Progress, Unusable, Why};

/// Offers `identities` until the server is content, wants something else, or none is left. A key that
/// was offered is not offered again for a further factor.
pub(super) async fn attempt(
    handle: &mut Handle<Guard>,
    with: &Credentials<'_>,
    identities: &mut Identities,
    progress: &mut Progress,
) {
    let mut rsa_hash = None;
    for identity in std::mem::take(&mut identities.list) {
        if !progress.wants(MethodKind::PublicKey) || handle.is_closed() {
            return;
        }
        let Some(key) = known(&identity, with, progress).await else { continue };
        let hash = match (matches!(algorithm(&key), Algorithm::Rsa { .. }), rsa_hash) {
            (false, _) => None,
            (true, Some(hash)) => hash,
            (true, None) => *rsa_hash.insert(rsa(handle).await),
        };
        offer(handle, with, identities, &identity, key, hash, progress).await;
    }
}

/// The key to offer, for which the passphrase may be needed already now.
async fn known(identity: &Identity, with: &Credentials<'_>, progress: &mut Progress) -> Option<Offer> {
    let (Offer::Unknown, Signs::File(path)) = (&identity.key, &identity.signer) else {
        return Some(identity.key.clone());
    };
    match with.keys.private_key(path, with.asker).await {
        Ok(key) => Some(Offer::Plain(key.public_key().clone())),
        Err(error) => {
            let why = Why::of(&error);
            progress.unusable.push(Unusable { why, text: format!("{}: {error}", path.display()) });
            None
        }
    }
}

async fn offer(
    handle: &mut Handle<Guard>,
    with: &Credentials<'_>,
    identities: &mut Identities,
    identity: &Identity,
    key: Offer,
    hash: Option<HashAlg>,
    progress: &mut Progress,
) {
    let mut signer = match (&identity.signer, identities.agent.as_mut()) {
        (Signs::Agent, Some(agent)) => Signer::Agent(agent),
        (Signs::Agent, None) => return,
        (Signs::File(path), _) => Signer::File { path, keys: with.keys, asker: with.asker },
    };
    let user = with.target.user.clone();
    let answer = match key {
        Offer::Plain(key) => handle.authenticate_publickey_with(user, key, hash, &mut signer).await,
        Offer::Certified(certificate) => {
            handle.authenticate_certificate_with(user, *certificate, hash, &mut signer).await
        }
        Offer::Unknown => return,
    };
    match answer {
        Ok(answer) => progress.note(&identity.name, Some(&answer)),
        Err(error) => {
            // The server would have taken it: that is worth more to know than what else it refused.
            let why = match &error {
                SignError::Gone => None,
                SignError::Agent(_) => Some(Why::Agent),
                SignError::Sign(_) => Some(Why::File),
                SignError::Key(error) => Some(Why::of(error)),
            };
            progress.missed = progress.missed.max(why);
            let text = format!("{}: {error}", identity.name);
            progress.unusable.push(Unusable { why: why.unwrap_or(Why::Agent), text });
        }
    }
}

fn algorithm(key: &Offer) -> Algorithm {
    match key {
        Offer::Plain(key) => key.algorithm(),
        Offer::Certified(certificate) => certificate.algorithm(),
        Offer::Unknown => Algorithm::Ed25519,
    }
}

/// What the server says it verifies (RFC 8308), SHA-512 when it does not say; never SHA-1.
async fn rsa(handle: &Handle<Guard>) -> Option<HashAlg> {
    match handle.best_supported_rsa_hash().await {
        Ok(Some(Some(hash))) => Some(hash),
        Ok(Some(None) | None) | Err(_) => Some(HashAlg::Sha512),
    }
}
