//! Whether a key file is one that only a security key (FIDO) can use, which needs the system's `ssh`.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The default key files, in the order `ssh` tries them, without those of security keys and of
/// algorithms that are no more.
pub(super) const DEFAULT: [&str; 3] = ["id_rsa", "id_ecdsa", "id_ed25519"];
pub(super) const DEFAULT_SECURITY: [&str; 2] = ["id_ecdsa_sk", "id_ed25519_sk"];

/// The first key of a security key, when there is no other key among the files that exist.
pub(super) fn only_security_keys<'a>(files: impl Iterator<Item = &'a PathBuf>) -> Option<&'a Path> {
    let mut first = None;
    for file in files.filter(|file| file.exists()) {
        if !is_security_key(file) {
            return None;
        }
        first = first.or(Some(file.as_path()));
    }
    first
}

/// Judged by the public key beside it, which names the type; without one, by the file itself.
fn is_security_key(file: &Path) -> bool {
    let mut public = file.as_os_str().to_owned();
    public.push(".pub");
    [Path::new(&public), file].iter().find_map(|path| beginning(path)).is_some_and(|text| text.starts_with("sk-"))
}

fn beginning(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(64).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
