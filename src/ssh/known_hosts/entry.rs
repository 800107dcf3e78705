//! The lines of a `known_hosts` file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT), cut into their fields.
//! Keys are decoded only when asked for. What OpenSSH skips is skipped.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use russh::keys::PublicKey;
use russh::keys::ssh_key::public::KeyData;

use super::name::Name;

/// What a line says of its key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Marker {
    /// It is the key of the hosts named.
    Host,
    /// It signs certificates of the hosts named.
    Authority,
    /// It is never to be accepted.
    Revoked,
}

/// One line, not yet decoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Entry<'a> {
    pub marker: Marker,
    names: &'a [u8],
    key: &'a [u8],
    /// From 1.
    pub line: usize,
}

impl<'a> Entry<'a> {
    /// The entries of a file, in their order.
    pub(super) fn all(text: &'a [u8]) -> impl Iterator<Item = Self> {
        text.split(|byte| *byte == b'\n').enumerate().filter_map(|(index, line)| Self::parse(line, index + 1))
    }

    fn parse(text: &'a [u8], line: usize) -> Option<Self> {
        let text = skip_blanks(text);
        if matches!(text.first(), None | Some(b'#')) {
            return None;
        }
        let (marker, text) = match text.strip_prefix(b"@") {
            None => (Marker::Host, text),
            Some(text) => {
                let (marker, rest) = word(text);
                match marker {
                    b"cert-authority" => (Marker::Authority, rest),
                    b"revoked" => (Marker::Revoked, rest),
                    _ => return None,
                }
            }
        };
        let (names, key) = word(text);
        let sound = !names.starts_with(b"@") && !matches!(key.first(), None | Some(b'#'));
        sound.then_some(Self { marker, names, key, line })
    }

    pub(super) fn names(&self, name: &Name) -> bool {
        name.is_among(self.names)
    }

    /// `None`: of a type we do not know, or not what it says it is.
    pub(super) fn key(&self) -> Option<PublicKey> {
        let (kind, rest) = word(self.key);
        let (blob, _comment) = word(rest);
        if blob.len() > LARGEST_KEY {
            return None;
        }
        let key = PublicKey::from_bytes(&STANDARD.decode(blob.trim_ascii()).ok()?).ok()?;
        let plain = !matches!(key.key_data(), KeyData::Certificate(_) | KeyData::Other(_));
        (plain && key.algorithm().as_str().as_bytes() == kind).then_some(key)
    }
}

/// The next word, and what follows the blanks after it.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| BLANK.contains(byte)).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (word, skip_blanks(rest))
}

fn skip_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| BLANK.contains(byte)).count();
    &text[blanks..]
}

const BLANK: &[u8] = b" \t";
/// In base 64; an RSA key of 16,384 bits, OpenSSH's largest, takes 2,800. Longer is skipped.
const LARGEST_KEY: usize = 16 * 1024;
