//! A file of the operator's to which a log is copied: never over one that is there unless that was asked
//! for, never into the ledger itself, and whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// The file while it is being written. Dropped before [`Destination::finish`], it leaves nothing.
#[derive(Debug)]
pub struct Destination {
    path: PathBuf,
    file: Target,
}

#[derive(Debug)]
enum Target {
    New(File),
    /// Beside the old one, until it takes its place.
    Over(NamedTempFile),
    Done,
}

#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    #[error("save to {0}: it is there already")]
    Exists(PathBuf),
    #[error("save to {0}: it is not an ordinary file")]
    NotAFile(PathBuf),
    #[error("save to {0}: that is in the ledger, which nobody else writes to")]
    InLedger(PathBuf),
    #[error("save to {path}")]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl Destination {
    /// Begins a file at `path` for a copy of `log`. Readable by its owner only, as the log is.
    pub fn create(path: &Path, overwrite: bool, log: &Path) -> Result<Self, SaveError> {
        let failed = |source| SaveError::Io { path: path.to_owned(), source };
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if is_in_ledger(parent, log) {
            return Err(SaveError::InLedger(path.to_owned()));
        }
        let file = match fs::metadata(path) {
            Ok(there) if !there.is_file() => return Err(SaveError::NotAFile(path.to_owned())),
            Ok(_) if overwrite => Target::Over(NamedTempFile::new_in(parent).map_err(failed)?),
            Ok(_) => return Err(SaveError::Exists(path.to_owned())),
            Err(_) => {
                // Somebody else may make it at this moment.
                let new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
                match new {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        return Err(SaveError::Exists(path.to_owned()));
                    }
                    new => Target::New(new.map_err(failed)?),
                }
            }
        };
        Ok(Self { path: path.to_owned(), file })
    }

    /// All of it is written: it stays.
    pub fn finish(mut self) -> Result<(), SaveError> {
        let failed = |source| SaveError::Io { path: self.path.clone(), source };
        match std::mem::replace(&mut self.file, Target::Done) {
            Target::New(file) => file.sync_all().map_err(failed),
            Target::Over(file) => file.persist(&self.path).map(drop).map_err(|error| failed(error.error)),
            Target::Done => Ok(()),
        }
    }
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Target::New(file) => file.write(bytes),
            Target::Over(file) => file.write(bytes),
            Target::Done => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.file {
            Target::New(file) => file.flush(),
            Target::Over(file) => file.flush(),
            Target::Done => Ok(()),
        }
    }
}

impl Drop for Destination {
    fn drop(&mut self) {
        if matches!(self.file, Target::New(_)) {
            fs::remove_file(&self.path).ok();
        }
    }
}

/// The name as a shell would read it: `~` and `~/` are the operator's home.
#[must_use]
pub fn expand(name: &str, home: Option<&Path>) -> PathBuf {
    match (name.strip_prefix('~'), home) {
        (Some(""), Some(home)) => home.to_owned(),
        (Some(rest), Some(home)) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        (Some(_) | None, _) => PathBuf::from(name),
    }
}

/// `log` is `<ledger>/runs/<run>/<attempt>/<stream>.log`.
fn is_in_ledger(parent: &Path, log: &Path) -> bool {
    let ledger = log.ancestors().nth(4).and_then(|ledger| ledger.canonicalize().ok());
    let parent = parent.canonicalize().ok();
    parent.zip(ledger).is_some_and(|(parent, ledger)| parent.starts_with(ledger))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_goes_over_a_file_unless_told_to_and_a_broken_one_leaves_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        let (path, log) = (dir.path().join("copy"), Path::new("/nowhere/runs/r/1/out.log"));
        let mut first = Destination::create(&path, false, log).expect("it is new");
        first.write_all(b"half").expect("written");
        drop(first);
        assert!(!path.exists());
        let mut first = Destination::create(&path, false, log).expect("it is new");
        first.write_all(b"one").expect("written");
        first.finish().expect("finished");
        assert!(matches!(Destination::create(&path, false, log), Err(SaveError::Exists(_))));
        let mut second = Destination::create(&path, true, log).expect("asked for");
        second.write_all(b"two").expect("written");
        drop(second);
        assert_eq!(fs::read(&path).expect("there"), b"one", "until it is whole");
        let mut second = Destination::create(&path, true, log).expect("asked for");
        second.write_all(b"two").expect("written");
        second.finish().expect("finished");
        assert_eq!(fs::read(&path).expect("there"), b"two");
        assert_eq!(fs::read_dir(dir.path()).expect("a directory").count(), 1);
    }

    #[test]
    fn it_goes_neither_into_the_ledger_nor_over_what_is_no_file() {
        let dir = tempfile::tempdir().expect("a directory");
        let run = dir.path().join("runs/r/1");
        fs::create_dir_all(&run).expect("a directory");
        let log = run.join("out.log");
        for name in ["out.log", "../../../copy", "other"] {
            assert!(matches!(Destination::create(&run.join(name), true, &log), Err(SaveError::InLedger(_))), "{name}");
        }
        let outside = Path::new("/nowhere/runs/r/1/out.log");
        assert!(matches!(Destination::create(dir.path(), true, outside), Err(SaveError::NotAFile(_))));
        let missing = dir.path().join("missing/copy");
        assert!(matches!(Destination::create(&missing, true, outside), Err(SaveError::Io { .. })));
    }

    #[test]
    fn a_tilde_is_the_home() {
        let home = Some(Path::new("/home/me"));
        assert_eq!(expand("~/a/b", home), Path::new("/home/me/a/b"));
        assert_eq!(expand("~", home), Path::new("/home/me"));
        for name in ["~you/a", "a~", "/a"] {
            assert_eq!(expand(name, home), Path::new(name));
        }
        assert_eq!(expand("~/a", None), Path::new("~/a"));
    }
}
