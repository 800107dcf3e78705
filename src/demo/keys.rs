//! Keys made of the seed. They guard nothing: anybody who knows the seed has them.

use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{PrivateKey, PublicKey};
use sha2::{Digest, Sha256};

/// The key that belongs to `seed` and these words.
pub(super) fn derive(seed: u64, words: &[&str]) -> PrivateKey {
    let mut hash = Sha256::new();
    hash.update(b"steadfast demo key");
    hash.update(seed.to_be_bytes());
    for word in words {
        hash.update((word.len() as u64).to_be_bytes());
        hash.update(word);
    }
    let secret: [u8; 32] = hash.finalize().into();
    PrivateKey::from(Ed25519Keypair::from_seed(&secret))
}

/// The text of a private key file.
pub(super) fn private_text(key: &PrivateKey) -> Result<String, russh::keys::ssh_key::Error> {
    Ok(key.to_openssh(LineEnding::LF)?.to_string())
}

/// `ssh-ed25519 AAAA…`.
pub(super) fn public_text(key: &PublicKey) -> Result<String, russh::keys::ssh_key::Error> {
    Ok(key.to_openssh()?.trim().to_owned())
}
