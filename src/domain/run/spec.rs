//! What to run, and how: everything that was decided before the first attempt.

use std::time::Duration;

use crate::domain::id::JobName;
use crate::domain::watch::Watch;

/// One run as the operator asked for it. Holds no secret: of an environment file only the path is
/// kept, and it is read again for each attempt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunSpec {
    pub job: Option<JobName>,
    /// A POSIX shell script, usually one line. No NUL bytes.
    pub command: String,
    /// Working directory on the host; the home directory if `None`.
    pub directory: Option<String>,
    /// Set for the command. Names are `[A-Za-z_][A-Za-z0-9_]*`.
    pub env: Vec<(String, String)>,
    /// A local file of `NAME=value` lines whose values must not be written down anywhere here.
    pub env_file: Option<String>,
    pub io: RunIo,
    /// A local file that was sent to the host and is what `command` runs.
    pub upload: Option<Upload>,
    pub limits: Limits,
    /// Bytes of output not yet acknowledged that the host may keep, per stream.
    pub spool_limit: u64,
    /// Time between TERM and KILL when cancelled.
    pub grace: Duration,
    pub on_reboot: OnReboot,
    pub retry: Retry,
    /// What its output is looked at for.
    pub watch: Watch,
}

/// How the command's output is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RunIo {
    /// One pseudo-terminal of this size: the command does not block-buffer; both streams are one.
    Pty { columns: u16, rows: u16 },
    /// stdout and stderr kept apart.
    Split,
}

/// A stream of output of a run; each has its own spool and log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Stream {
    Out,
    Err,
}

impl RunIo {
    /// The streams that such a run has.
    #[must_use]
    pub fn streams(self) -> &'static [Stream] {
        match self {
            Self::Pty { .. } => &[Stream::Out],
            Self::Split => &[Stream::Out, Stream::Err],
        }
    }
}

impl Stream {
    /// The name of the spool on the host.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Err => "err",
        }
    }
}

/// A file sent before the run; named on the host by its content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Upload {
    /// The local path.
    pub path: String,
    /// SHA-256 of the content, 64 lower-case hexadecimal digits.
    pub sha256: String,
    pub size: u64,
}

/// Time limits; time in which we could not see the host does not count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Limits {
    /// From start to end.
    pub total: Option<Duration>,
    /// Without growth of the spool.
    pub idle: Option<Duration>,
}

/// What happens with a run that a reboot interrupted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnReboot {
    #[default]
    Report,
    Rerun,
}

/// What happens with a run that failed: up to `times` further attempts, `delay` apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Retry {
    pub times: u32,
    pub delay: Duration,
}

impl RunSpec {
    /// A run of `command` with every default.
    #[must_use]
    pub fn new(command: impl Into<String>) -> Self {
        Self {
            job: None,
            command: command.into(),
            directory: None,
            env: Vec::new(),
            env_file: None,
            io: RunIo::Pty { columns: 80, rows: 24 },
            upload: None,
            limits: Limits::default(),
            spool_limit: DEFAULT_SPOOL_LIMIT,
            grace: DEFAULT_GRACE,
            on_reboot: OnReboot::default(),
            retry: Retry::default(),
            watch: Watch::default(),
        }
    }

    /// What lists and titles show: the job's name, the name of the file that was sent, or the command's
    /// first line.
    #[must_use]
    pub fn title(&self) -> &str {
        match (&self.job, &self.upload) {
            (Some(job), _) => job.as_str(),
            (None, Some(file)) if self.command.starts_with(UPLOADED) => {
                file.path.rsplit('/').next().unwrap_or_default()
            }
            (None, Some(_) | None) => self.command.lines().next().unwrap_or_default(),
        }
    }
}

/// 1 GiB: three hours of 100 kB/s that nobody fetched.
pub const DEFAULT_SPOOL_LIMIT: u64 = 1 << 30;

/// The command that runs an uploaded file as it is; arguments may follow. The host sets the variable,
/// and names the file's interpreter where nothing may be executed from the disk that it is on.
pub const UPLOADED: &str = "\"$STEADFAST_UPLOAD\"";

/// Long enough for a stress tool to remove its files, short enough to wait for.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(10);
