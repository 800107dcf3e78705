//! Our own log: `steadfast.log` in the state directory, never the terminal. Two files of at most
//! [`LIMIT`] each, so that a supervisor of many weeks fills no disk.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

/// Begins to log; `verbosity` counts the `-v`, `$STEADFAST_LOG` (a filter as `RUST_LOG`) goes before
/// it. Returns the file. A second call in one process changes nothing.
pub fn start(state_dir: &Path, verbosity: u8) -> io::Result<PathBuf> {
    create_private(state_dir)?;
    let path = state_dir.join(FILE);
    let log = Bounded::open(path.clone(), LIMIT)?;
    let filter = std::env::var("STEADFAST_LOG").ok().and_then(|words| EnvFilter::try_new(words).ok());
    tracing_subscriber::fmt()
        .with_env_filter(filter.unwrap_or_else(|| EnvFilter::new(words(verbosity))))
        .with_ansi(false)
        // Whoever logs waits for the line to be handed to the file system; a log that cannot be
        // written is dropped without a word, for the terminal belongs to the screen.
        .with_writer(Mutex::new(log))
        .log_internal_errors(false)
        .try_init()
        .ok();
    Ok(path)
}

fn words(verbosity: u8) -> &'static str {
    match verbosity {
        0 => "warn,steadfast=info",
        1 => "info,steadfast=debug",
        _ => "debug,steadfast=trace",
    }
}

/// A directory that only its owner can read.
pub fn create_private(directory: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// A file that is put aside when it has grown to its limit.
struct Bounded {
    path: PathBuf,
    file: File,
    size: u64,
    limit: u64,
}

impl Bounded {
    fn open(path: PathBuf, limit: u64) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        let size = file.metadata()?.len();
        let mut log = Self { path, file, size, limit };
        log.rotate()?;
        Ok(log)
    }

    /// The one before the last is given up.
    fn rotate(&mut self) -> io::Result<()> {
        if self.size < self.limit {
            return Ok(());
        }
        std::fs::rename(&self.path, self.path.with_extension("log.old"))?;
        *self = Self::open(self.path.clone(), self.limit)?;
        Ok(())
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.rotate()?;
        let written = self.file.write(bytes)?;
        self.size = self.size.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

const FILE: &str = "steadfast.log";

/// 16 MiB: weeks at the usual verbosity. Beyond it the file becomes `steadfast.log.old`.
const LIMIT: u64 = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_at_its_limit_is_put_aside_and_two_files_are_all() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        let mut log = Bounded::open(path.clone(), 10).unwrap();
        for line in ["0123456789", "abcdefghij", "xyz"] {
            log.write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "xyz");
        assert_eq!(std::fs::read_to_string(directory.path().join("steadfast.log.old")).unwrap(), "abcdefghij");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_log_that_was_left_too_long_is_put_aside_at_the_start() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        std::fs::write(&path, "x".repeat(20)).unwrap();
        drop(Bounded::open(path.clone(), 10).unwrap());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("a/b");
        create_private(&state).unwrap();
        drop(Bounded::open(state.join(FILE), 10).unwrap());
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&state), mode(&state.join(FILE))), (0o700, 0o600));
    }
}
