//! No password in a configuration file: it gets into backups, repositories and screenshots.

/// What to do instead, if `key` looks as if a secret were its value.
pub(in crate::config) fn secret_key(key: &str) -> Option<&'static str> {
    let key = key.to_lowercase().replace('-', "_");
    let last = key.rsplit('_').next().unwrap_or_default();
    if SECRETS.contains(&last) || ["pass", "pin", "pw"].contains(&last) {
        Some(
            "no secret is read from a configuration file: use an SSH agent or key files (a passphrase is asked for), \
             or leave it out and be asked for the password",
        )
    } else {
        None
    }
}

/// Whether an environment variable of this name looks as if a secret were its value.
#[must_use]
pub fn secret_variable(name: &str) -> bool {
    let name = name.to_lowercase();
    let last = name.rsplit('_').next().unwrap_or_default();
    SECRETS.contains(&last) || KEYS.iter().any(|key| name.ends_with(key))
}

/// Whether `user:password@host` is written where only `user@host` may be.
pub(super) fn has_password(address: &str) -> bool {
    address.split(',').any(|hop| hop.rsplit_once('@').is_some_and(|(user, _)| user.contains(':')))
}

const SECRETS: [&str; 8] =
    ["password", "passwd", "passphrase", "secret", "token", "credential", "credentials", "secrets"];
const KEYS: [&str; 4] = ["api_key", "apikey", "private_key", "access_key"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_name() {
        for key in ["password", "sudo_password", "PASSWD", "ssh-pass", "passphrase", "token"] {
            assert!(secret_key(key).is_some(), "{key}");
        }
        for key in ["pass_through", "compass", "tokens_per_second", "user"] {
            assert!(secret_key(key).is_none(), "{key}");
        }
        for name in ["DB_PASSWORD", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "API_KEY"] {
            assert!(secret_variable(name), "{name}");
        }
        for name in ["PASSES", "MAX_TOKENS", "KEYBOARD", "PATH"] {
            assert!(!secret_variable(name), "{name}");
        }
        assert!(has_password("me:secret@gate,other"));
        assert!(!has_password("me@gate:2222,[::1]:22"));
    }
}
