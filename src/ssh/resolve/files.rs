//! Which configuration files there are, and who asks: all that [`super::resolve`] takes from its
//! surroundings, so that tests can say it instead.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use super::error::ResolveError;

/// The files `ssh` would read, and the local facts its tokens stand for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SshConfigFiles {
    /// `~/.ssh/config`, or the file given in its place.
    pub user: Option<PathBuf>,
    /// `/etc/ssh/ssh_config`; not read when another user file was given, as with `ssh -F`.
    pub system: Option<PathBuf>,
    /// `user` was given in place of the default: it must exist, and the system's `ssh` must be told.
    pub given: bool,
    /// What `~` stands for. From `HOME`; `ssh` itself asks the password file.
    pub home: PathBuf,
    pub local_user: String,
    /// With domain, if the system's name has one.
    pub local_host: String,
    pub user_id: u32,
    /// What `${NAME}` stands for.
    pub environment: BTreeMap<String, String>,
}

impl SshConfigFiles {
    /// The files of the user who runs this program; `given` takes the place of both.
    pub fn from_environment(given: Option<&Path>) -> Result<Self, ResolveError> {
        let environment: BTreeMap<String, String> = env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let home = env::home_dir().filter(|home| home.is_absolute()).ok_or(ResolveError::NoHome)?;
        let user_id = rustix::process::getuid().as_raw();
        let by_environment = || ["LOGNAME", "USER"].iter().find_map(|name| environment.get(*name).cloned());
        let local_user = password_field(0, |fields| fields.get(2).is_some_and(|id| id.parse() == Ok(user_id)))
            .or_else(by_environment)
            .filter(|name| !name.is_empty())
            .ok_or(ResolveError::NoUser)?;
        let (user, system) = match given {
            Some(file) => (file.to_path_buf(), None),
            None => (home.join(".ssh/config"), Some(PathBuf::from(SYSTEM_CONFIG))),
        };
        Ok(Self {
            user: Some(user),
            system,
            given: given.is_some(),
            home,
            local_user,
            local_host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            user_id,
            environment,
        })
    }

    /// `~` and `~/…` are ours, `~name/…` is looked up; `None`: there is no such user.
    pub(super) fn expand_tilde(&self, path: &str) -> Option<PathBuf> {
        let Some(after) = path.strip_prefix('~') else { return Some(PathBuf::from(path)) };
        let (name, inside) = after.split_once('/').unwrap_or((after, ""));
        let home = if name.is_empty() { self.home.clone() } else { home_of(name)? };
        Some(if inside.is_empty() { home } else { home.join(inside.trim_start_matches('/')) })
    }
}

fn home_of(name: &str) -> Option<PathBuf> {
    password_field(5, |fields| fields.first() == Some(&name)).map(PathBuf::from)
}

/// A field of the first line of the password file that `wanted` accepts.
fn password_field(field: usize, wanted: impl Fn(&[&str]) -> bool) -> Option<String> {
    let text = std::fs::read(PASSWORD_FILE).ok()?;
    let text = String::from_utf8_lossy(&text);
    let mut lines = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
    lines.find(|fields| wanted(fields))?.get(field).map(|text| (*text).to_owned())
}

const SYSTEM_CONFIG: &str = "/etc/ssh/ssh_config";
const PASSWORD_FILE: &str = "/etc/passwd";
