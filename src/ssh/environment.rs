//! What the process environment says to an SSH client.

use std::ffi::OsString;
use std::path::PathBuf;

/// The variables that `ssh` listens to and we do too.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Environment {
    /// `SSH_AUTH_SOCK`: socket of the agent.
    pub auth_sock: Option<PathBuf>,
    /// `SSH_ASKPASS`: program that asks for a passphrase when nobody answers our own question.
    pub askpass: Option<PathBuf>,
}

impl Environment {
    /// Those of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let path = |name: &str| std::env::var_os(name).filter(|value: &OsString| !value.is_empty()).map(PathBuf::from);
        Self { auth_sock: path("SSH_AUTH_SOCK"), askpass: path("SSH_ASKPASS") }
    }
}
