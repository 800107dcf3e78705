//! `%` tokens and `${…}` in values (ssh_config(5), TOKENS and ENVIRONMENT VARIABLES).

use std::path::PathBuf;

use sha1::{Digest, Sha1};

use super::error::Problem;
use super::files::SshConfigFiles;

/// What the tokens stand for.
#[derive(Clone, Debug)]
pub(super) struct Tokens<'a> {
    pub files: &'a SshConfigFiles,
    /// The name as the operator gave it: `%n`.
    pub original: &'a str,
    /// `%h`, `%p`, `%r`.
    pub host: &'a str,
    pub port: u16,
    pub user: &'a str,
    /// `%k`: the host key alias, else the original name.
    pub key_alias: &'a str,
}

impl Tokens<'_> {
    /// A path with `~`, tokens and `${…}`, as `IdentityFile` and the like take it.
    pub(super) fn path(&self, text: &str) -> Result<PathBuf, Problem> {
        let no_user = || Problem::NoSuchUser(text.split('/').next().unwrap_or(text).to_owned());
        let path = self.files.expand_tilde(text).ok_or_else(no_user)?;
        self.expand(&path.to_string_lossy(), PATH_TOKENS, true).map(PathBuf::from)
    }

    /// The text of `ProxyJump`.
    pub(super) fn jump(&self, text: &str) -> Result<String, Problem> {
        self.expand(text, JUMP_TOKENS, false)
    }

    fn expand(&self, text: &str, allowed: &'static str, variables: bool) -> Result<String, Problem> {
        expand(
            text,
            allowed,
            |token| self.token(token),
            |name| variables.then(|| self.files.environment.get(name).cloned()),
        )
    }

    fn token(&self, token: char) -> Option<String> {
        let files = self.files;
        Some(match token {
            'C' => self.connection_hash(),
            'L' => files.local_host.split('.').next().unwrap_or_default().to_owned(),
            'd' => files.home.to_string_lossy().into_owned(),
            'h' => self.host.to_owned(),
            'i' => files.user_id.to_string(),
            'k' => self.key_alias.to_owned(),
            'l' => files.local_host.clone(),
            'n' => self.original.to_owned(),
            'p' => self.port.to_string(),
            'r' => self.user.to_owned(),
            'u' => files.local_user.clone(),
            _ => return None,
        })
    }

    /// SHA-1 of `%l%h%p%r`; OpenSSH since 9.8 adds the jump host's name, if there is one.
    fn connection_hash(&self) -> String {
        let text = format!("{}{}{}{}", self.files.local_host, self.host, self.port, self.user);
        Sha1::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// `HostName`, in which `%h` is the name as it was given.
pub(super) fn host_name(text: &str, original: &str) -> Result<String, Problem> {
    expand(text, HOST_TOKENS, |token| (token == 'h').then(|| original.to_owned()), |_| None)
}

/// One pass: what a token or variable brings in is not looked at again. `variable` says `None`
/// where `${…}` has no meaning, and `Some(None)` where the variable is not set.
fn expand(
    text: &str,
    allowed: &'static str,
    token: impl Fn(char) -> Option<String>,
    variable: impl Fn(&str) -> Option<Option<String>>,
) -> Result<String, Problem> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['%', '$']) {
        expanded.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix('%') {
            let mut chars = after.chars();
            let replacement = match chars.next() {
                Some('%') => Some("%".to_owned()),
                Some(name) if allowed.contains(name) => token(name),
                Some(_) | None => None,
            };
            let name = || after.chars().next().map(String::from).unwrap_or_default();
            expanded.push_str(&replacement.ok_or_else(|| Problem::NoToken(name(), allowed))?);
            rest = chars.as_str();
            continue;
        }
        let inside = rest.strip_prefix("${").filter(|_| variable("").is_some());
        match inside {
            Some(inside) => {
                let (name, after) = inside.split_once('}').ok_or(Problem::OpenVariable)?;
                let value = variable(name).flatten().ok_or_else(|| Problem::NoVariable(name.to_owned()))?;
                expanded.push_str(&value);
                rest = after;
            }
            None => {
                expanded.push('$');
                rest = &rest[1..];
            }
        }
    }
    expanded.push_str(rest);
    Ok(expanded)
}

const PATH_TOKENS: &str = "%CLdhiklnpru";
const JUMP_TOKENS: &str = "%hnpr";
const HOST_TOKENS: &str = "%h";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_know_only_their_own_token() {
        assert_eq!(host_name("%h.lab%%", "web"), Ok("web.lab%".into()));
        assert_eq!(host_name("${x}$", "web"), Ok("${x}$".into()));
        for bad in ["%p", "web%"] {
            assert!(matches!(host_name(bad, "web"), Err(Problem::NoToken(_, HOST_TOKENS))), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_crashes_it(text in ".*") {
            let _ = host_name(&text, "web");
            let _ = expand(&text, PATH_TOKENS, |c| Some(c.into()), |name| Some((!name.is_empty()).then(|| name.into())));
        }
    }
}
