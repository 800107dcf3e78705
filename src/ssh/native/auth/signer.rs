//! Who signs: the agent, or a key of a file, which is decrypted only now.

use std::path::Path;

use russh::SendError;
use russh::keys::agent::AgentIdentity;
use russh::keys::signature::Signer as _;
use russh::keys::ssh_encoding::Encode;
use russh::keys::ssh_key::private::KeypairData;
use russh::keys::{HashAlg, PrivateKey};

use crate::ssh::ask::Asker;

use super::agent::Agent;
use super::key_ring::{KeyError, KeyRing};

/// Signs one request.
pub(super) enum Signer<'a> {
    Agent(&'a mut Agent),
    File { path: &'a Path, keys: &'a KeyRing, asker: &'a Asker },
}

#[derive(Debug, thiserror::Error)]
pub(super) enum SignError {
    #[error("the connection ended")]
    Gone,
    #[error("the agent does not sign: {0}")]
    Agent(#[source] russh::keys::Error),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("it does not sign: {0}")]
    Sign(String),
}

impl From<SendError> for SignError {
    fn from(_: SendError) -> Self {
        Self::Gone
    }
}

impl russh::Signer for Signer<'_> {
    type Error = SignError;

    /// Gives back what was to be signed, with the signature after it.
    async fn auth_sign(
        &mut self,
        identity: &AgentIdentity,
        hash: Option<HashAlg>,
        mut to_sign: Vec<u8>,
    ) -> Result<Vec<u8>, SignError> {
        match self {
            Self::Agent(agent) => agent.sign_request(identity, hash, to_sign).await.map_err(SignError::Agent),
            Self::File { path, keys, asker } => {
                let key = keys.private_key(path, asker).await?;
                let signature = sign(&key, hash, &to_sign).map_err(|error| SignError::Sign(error.to_string()))?;
                to_sign.extend(signature);
                Ok(to_sign)
            }
        }
    }
}

/// The signature as an SSH string.
fn sign(key: &PrivateKey, hash: Option<HashAlg>, data: &[u8]) -> Result<Vec<u8>, russh::keys::ssh_key::Error> {
    let signature = if let KeypairData::Rsa(pair) = key.key_data() {
        (pair, hash).try_sign(data)?
    } else {
        key.key_data().try_sign(data)?
    };
    let mut encoded = Vec::new();
    signature.encode_prefixed(&mut encoded)?;
    Ok(encoded)
}
