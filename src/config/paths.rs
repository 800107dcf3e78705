//! Local paths as they are written in the file.

use std::path::{Path, PathBuf};

/// What relative paths are relative to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Base {
    /// The directory of the file, absolute.
    pub directory: PathBuf,
    /// What `~/` stands for.
    pub home: Option<PathBuf>,
}

impl Base {
    /// The directory `file` is in, and the operator's home.
    #[must_use]
    pub fn of(file: &Path) -> Self {
        let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        let directory = file.parent().map(Path::to_owned).unwrap_or_default();
        Self { directory, home: directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned()) }
    }

    /// The absolute path meant by `text`; `None` for an empty one, and for `~/` without a home.
    #[must_use]
    pub fn resolve(&self, text: &str) -> Option<PathBuf> {
        if text.is_empty() || text.contains('\0') {
            return None;
        }
        match text.strip_prefix("~/") {
            Some(rest) => self.home.as_ref().map(|home| home.join(rest)),
            None if text == "~" => self.home.clone(),
            None => Some(self.directory.join(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_to_the_file_not_to_the_shell() {
        let base = Base { directory: "/etc/fleet".into(), home: Some("/home/op".into()) };
        assert_eq!(base.resolve("secrets.env"), Some("/etc/fleet/secrets.env".into()));
        assert_eq!(base.resolve("/abs"), Some("/abs".into()));
        assert_eq!(base.resolve("~/x"), Some("/home/op/x".into()));
        assert_eq!(base.resolve(""), None);
        assert_eq!(Base { home: None, ..base }.resolve("~/x"), None);
    }
}
