//! What we offer in the key exchange, the fastest that is sound first.

use std::borrow::Cow;

use russh::client::Config;
use russh::keys::{Algorithm, EcdsaCurve, HashAlg};
use russh::{Preferred, cipher, compression};

/// The configuration of one connection with a host of which keys of these kinds are known.
pub(super) fn config(known: &[Algorithm]) -> Config {
    let keys = key_order(known);
    // A certificate of a kind of which no key is known is only asked for when no key is known at all:
    // the server would present it instead of the key that we know.
    let certificates = if known.is_empty() { keys.clone() } else { keys[..known_kinds(known).len()].to_vec() };
    Config {
        preferred: Preferred {
            key: Cow::Owned(keys),
            host_key_certificates: Cow::Owned(certificates),
            cipher: Cow::Borrowed(if has_aes() { AES_FIRST } else { CHACHA_FIRST }),
            // Compression costs more than it gives, and is one parser of hostile input less.
            compression: Cow::Borrowed(&[compression::NONE]),
            ..Preferred::DEFAULT
        },
        // A quiet run is healthy: nothing ends a connection for being quiet but our own pings.
        inactivity_timeout: None,
        keepalive_interval: None,
        nodelay: true,
        ..Config::default()
    }
}

/// Kinds of known keys first: a server presents the one that we prefer, and must not be called
/// unknown for a key of another kind.
fn key_order(known: &[Algorithm]) -> Vec<Algorithm> {
    let mut order = known_kinds(known);
    for kind in KEYS {
        if !order.contains(kind) {
            order.push(kind.clone());
        }
    }
    order
}

/// `ssh-rsa` names keys; signatures are made with SHA-2 only, as by OpenSSH since 8.8.
fn known_kinds(known: &[Algorithm]) -> Vec<Algorithm> {
    let is_rsa = |kind: &Algorithm| matches!(kind, Algorithm::Rsa { .. });
    let matches = |kind: &&Algorithm| known.iter().any(|key| key == *kind || (is_rsa(key) && is_rsa(kind)));
    KEYS.iter().filter(matches).cloned().collect()
}

const KEYS: &[Algorithm] = &[
    Algorithm::Ed25519,
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
    Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
    Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
];

/// With instructions for AES, GCM is three times as fast as ChaCha20; without, it is slower and leaks
/// timing.
const AES_FIRST: &[cipher::Name] = &[
    cipher::AES_256_GCM,
    cipher::AES_128_GCM,
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_CTR,
    cipher::AES_192_CTR,
    cipher::AES_128_CTR,
];
const CHACHA_FIRST: &[cipher::Name] = &[
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_GCM,
    cipher::AES_128_GCM,
    cipher::AES_256_CTR,
    cipher::AES_192_CTR,
    cipher::AES_128_CTR,
];

fn has_aes() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("aes");
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("aes");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return false;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_kinds_come_first_and_none_is_lost() {
        let rsa = [Algorithm::Rsa { hash: None }];
        let order = key_order(&rsa);
        assert_eq!(order[0], Algorithm::Rsa { hash: Some(HashAlg::Sha512) });
        assert_eq!(order.len(), KEYS.len());
        assert_eq!(key_order(&[]), KEYS);
        let config = config(&rsa);
        assert!(config.preferred.host_key_certificates.iter().all(|kind| matches!(kind, Algorithm::Rsa { .. })));
        assert_eq!(config.inactivity_timeout, None);
    }
}
