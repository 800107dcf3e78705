//! Where the file is.

use std::path::{Path, PathBuf};

/// Where to look, in this order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Places {
    /// `--config`, or `$STEADFAST_CONFIG`. It must exist.
    pub named: Option<PathBuf>,
    /// Where steadfast was started.
    pub here: Option<PathBuf>,
    /// The platform's directory for configuration.
    pub platform: Option<PathBuf>,
}

/// Why no file was taken.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    #[error("find {}", .0.display())]
    Missing(PathBuf),
    /// It may name an `ssh_config`, which may name programs to run: whoever may write it may run
    /// programs as the operator.
    #[error("trust {}: others may write it; `chmod go-w` and `chown` it, or name it with --config", .0.display())]
    Untrusted(PathBuf),
    #[error("look at {}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
}

impl Places {
    /// `./steadfast.toml`, then the platform's directory.
    #[must_use]
    pub fn usual(named: Option<PathBuf>) -> Self {
        Self { named, here: Some(FILE_NAME.into()), platform: project().map(|dirs| dirs.config_dir().join(FILE_NAME)) }
    }

    /// The file to read; `None` when nobody wrote one.
    pub fn find(&self) -> Result<Option<PathBuf>, FindError> {
        if let Some(named) = &self.named {
            return match exists(named)? {
                true => Ok(Some(named.clone())),
                false => Err(FindError::Missing(named.clone())),
            };
        }
        for path in [&self.here, &self.platform].into_iter().flatten() {
            if exists(path)? {
                return if is_trusted(path)? {
                    Ok(Some(path.clone()))
                } else {
                    Err(FindError::Untrusted(path.clone()))
                };
            }
        }
        Ok(None)
    }
}

/// The platform's directory for state; `None` without a home directory.
#[must_use]
pub fn default_state_dir() -> Option<PathBuf> {
    project().map(|dirs| dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned())
}

fn project() -> Option<directories::ProjectDirs> {
    directories::ProjectDirs::from("", "", "steadfast")
}

fn exists(path: &Path) -> Result<bool, FindError> {
    path.try_exists().map_err(|source| FindError::Unreadable { path: path.to_owned(), source })
}

/// As ssh(1) does with `~/.ssh/config`: ours or root's, and not writable by everybody.
#[cfg(unix)]
fn is_trusted(path: &Path) -> Result<bool, FindError> {
    use std::os::unix::fs::MetadataExt;
    let unreadable = |source| FindError::Unreadable { path: path.to_owned(), source };
    let metadata = path.metadata().map_err(unreadable)?;
    let owner = metadata.uid();
    Ok((owner == 0 || owner == rustix::process::geteuid().as_raw()) && metadata.mode() & 0o002 == 0)
}

#[cfg(not(unix))]
fn is_trusted(_: &Path) -> Result<bool, FindError> {
    Ok(true)
}

pub const FILE_NAME: &str = "steadfast.toml";

#[cfg(test)]
mod tests {
    use super::*;

    fn written(directory: &Path, name: &str) -> PathBuf {
        let path = directory.join(name);
        std::fs::write(&path, "").unwrap();
        path
    }

    #[test]
    fn the_named_file_goes_before_here_and_here_before_the_platform() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name| written(directory.path(), name);
        let mut places =
            Places { named: Some(file("named")), here: Some(file("here")), platform: Some(file("platform")) };
        assert_eq!(places.find().unwrap(), places.named);
        places.named = None;
        assert_eq!(places.find().unwrap(), places.here);
        places.here = Some(directory.path().join("no such file"));
        assert_eq!(places.find().unwrap(), places.platform);
        places.platform = None;
        assert_eq!(places.find().unwrap(), None);
    }

    #[test]
    fn a_named_file_must_exist() {
        let places = Places { named: Some("/nonexistent/x.toml".into()), ..Places::default() };
        assert!(matches!(places.find(), Err(FindError::Missing(_))));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_everybody_may_write_is_taken_only_when_named() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = written(directory.path(), "open.toml");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        let found = Places { here: Some(path.clone()), ..Places::default() };
        assert!(matches!(found.find(), Err(FindError::Untrusted(_))));
        let named = Places { named: Some(path.clone()), ..Places::default() };
        assert_eq!(named.find().unwrap(), Some(path));
    }
}
