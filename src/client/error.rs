//! What can go wrong for a program that uses a [`Client`](super::Client).

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::domain::diagnosis::Cause;
use crate::domain::id::{AttemptId, InvalidId};
use crate::port::{DialError, ExecError, SessionGone};
use crate::remote::RemoteError;
use crate::ssh::resolve::ResolveError;

/// One variant for each thing that a program would do something else about. The texts fit "failed
/// to …"; what lies behind one is its `source`.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("connect")]
    Name(#[from] InvalidId),
    /// What `ssh_config` says of the alias cannot be understood.
    #[error(transparent)]
    Resolve(#[from] Box<ResolveError>),
    /// There is no connection; the cause says which step on the way to one failed.
    #[error("connect")]
    Dial(#[from] DialError),
    /// The connection ended, or has been silent for too long. What went on over it may or may not have
    /// been done; durable runs go on. [`Client::reconnect`](super::Client::reconnect) is what helps.
    #[error("keep the connection: {0}")]
    Lost(Cause),
    /// The connection stands, but sshd starts nothing: too many channels (`MaxSessions`), or a forced
    /// command.
    #[error("start a program: {0}")]
    Refused(String),
    /// What was asked for cannot be told to a shell. Nothing was sent.
    #[error("use what was asked for: {0}")]
    Unusable(&'static str),
    /// The program was still running; its channel was closed. Whether it goes on is its own affair:
    /// use a durable run where that matters.
    #[error("see the program end within {0:?}")]
    TimedOut(Duration),
    /// The caller's token was cancelled; as for [`ClientError::TimedOut`].
    #[error("go on: it was cancelled")]
    Cancelled,
    /// The connection stands, and the host closed the program's channel without a word on how it ended.
    #[error("learn how the program ended: the host does not say")]
    NoStatus,
    /// The host gave no answer, none of ours, or one that says why it could not.
    #[error(transparent)]
    Remote(RemoteError),
    /// The host did not start the run and never will: it was cancelled, or given up, before it came up.
    #[error("start the run: the host gave it up")]
    NotStarted,
    /// The host has nothing of this run (it was never started there, or was removed), or the run has no
    /// such stream.
    #[error("find {0} on the host")]
    NoSuchRun(AttemptId),
    /// The host has given up what is before `base`: it was acknowledged, or came to more than the
    /// run's `spool_limit`. Attach again at `base`.
    #[error("read output from byte {offset} on: the host has it from byte {base} on only")]
    OutputGone { offset: u64, base: u64 },
    /// There is not so much output (yet). If it was read before, the host's disk went back in time.
    #[error("read output from byte {offset} on: the host has {size} bytes")]
    OutputShort { offset: u64, size: u64 },
    /// A local file.
    #[error("read {}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl ClientError {
    /// Whether a host key or the authentication was refused: trying again may lock an account or trust
    /// a stranger, and is for a human to decide.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Dial(error) if error.cause.is_refusal())
    }

    /// Whether a new connection may help.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Lost(_)) || matches!(self, Self::Dial(error) if !error.cause.is_refusal())
    }
}

impl From<ResolveError> for ClientError {
    fn from(error: ResolveError) -> Self {
        Self::Resolve(Box::new(error))
    }
}

impl From<SessionGone> for ClientError {
    fn from(SessionGone(cause): SessionGone) -> Self {
        Self::Lost(cause)
    }
}

impl From<ExecError> for ClientError {
    fn from(error: ExecError) -> Self {
        match error {
            ExecError::Refused(why) => Self::Refused(why),
            ExecError::Gone(gone) => gone.into(),
        }
    }
}

impl From<RemoteError> for ClientError {
    fn from(error: RemoteError) -> Self {
        match error {
            RemoteError::Gone(gone) => gone.into(),
            RemoteError::Refused(why) => Self::Refused(why),
            other @ (RemoteError::TimedOut(_)
            | RemoteError::Garbled(_)
            | RemoteError::Host(_)
            | RemoteError::File { .. }) => Self::Remote(other),
        }
    }
}
