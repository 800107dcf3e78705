//! Whether a host certificate holds, once its authority is known (PROTOCOL.certkeys, and
//! `sshkey_cert_check_host` of OpenSSH).

use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Algorithm, Certificate, HashAlg};

use crate::domain::moment::Wall;

/// Why a host certificate of a known authority does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    #[error("it certifies a user, not a host")]
    NotForHosts,
    #[error("it is not valid yet")]
    NotYetValid,
    #[error("it has expired")]
    Expired,
    #[error("it is for other host names")]
    OtherName,
    #[error("it has critical options, and none are defined for hosts")]
    CriticalOptions,
    #[error("it is signed with SHA-1 or DSA")]
    WeakSignature,
    #[error("its signature is wrong")]
    BadSignature,
}

/// `host` is the name connected to, without port. A certificate without names is for all.
pub(super) fn fault(certificate: &Certificate, authority: &KeyData, host: &str, now: Wall) -> Option<CertificateFault> {
    let now = u64::try_from(now.0 / 1000).unwrap_or(0);
    let names = certificate.valid_principals();
    let host = host.to_lowercase();
    if !certificate.cert_type().is_host() {
        Some(CertificateFault::NotForHosts)
    } else if now < certificate.valid_after() {
        Some(CertificateFault::NotYetValid)
    } else if now >= certificate.valid_before() {
        Some(CertificateFault::Expired)
    } else if !names.is_empty() && !names.contains(&host) {
        Some(CertificateFault::OtherName)
    } else if !certificate.critical_options().is_empty() {
        Some(CertificateFault::CriticalOptions)
    } else if matches!(certificate.signature().algorithm(), Algorithm::Dsa | Algorithm::Rsa { hash: None }) {
        Some(CertificateFault::WeakSignature)
    } else {
        let authority = authority.fingerprint(HashAlg::Sha256);
        certificate.validate_at(now, [&authority]).err().map(|_| CertificateFault::BadSignature)
    }
}
