//! The form in which a host is looked up and written down, and whether it is among the names of a
//! line: patterns, or one hash.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use crate::ssh::resolve::pattern;

/// `host`, or `[host]:port` unless the port is 22; in lower case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Name(String);

impl Name {
    pub(super) fn new(host: &str, port: u16) -> Self {
        let host = host.to_lowercase();
        Self(if port == DEFAULT_PORT { host } else { format!("[{host}]:{port}") })
    }

    /// The name without its port, where a key may have been written down for all ports.
    pub(super) fn without_port(host: &str, port: u16) -> Option<Self> {
        (port != DEFAULT_PORT).then(|| Self::new(host, DEFAULT_PORT))
    }

    /// Whether the name field of a line stands for this name.
    pub(super) fn is_among(&self, names: &[u8]) -> bool {
        if names.first() != Some(&b'|') {
            return pattern::host_list_matches(self.0.as_bytes(), names);
        }
        let Some((salt, hash)) = salt_and_hash(names) else { return false };
        self.mac(&salt).is_some_and(|mac| mac.verify_slice(&hash).is_ok())
    }

    /// `|1|salt|hash`, both in base 64.
    pub(super) fn hashed(&self, salt: [u8; SALT_LENGTH]) -> Option<String> {
        let hash = self.mac(&salt)?.finalize().into_bytes();
        Some(format!("|1|{}|{}", STANDARD.encode(salt), STANDARD.encode(hash)))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    fn mac(&self, salt: &[u8]) -> Option<Hmac<Sha1>> {
        let mut mac = Hmac::<Sha1>::new_from_slice(salt).ok()?;
        mac.update(self.0.as_bytes());
        Some(mac)
    }
}

fn salt_and_hash(names: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let fields = names.strip_prefix(b"|1|")?;
    let bar = fields.iter().position(|byte| *byte == b'|')?;
    let (salt, hash) = (&fields[..bar], &fields[bar + 1..]);
    let decoded = |text: &[u8]| STANDARD.decode(text).ok().filter(|bytes| bytes.len() == SALT_LENGTH);
    Some((decoded(salt)?, decoded(hash)?))
}

/// Salt and hash are as long as a SHA-1 digest.
pub(super) const SALT_LENGTH: usize = 20;
const DEFAULT_PORT: u16 = 22;
