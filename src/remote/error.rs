//! What can go wrong between us and the host's shell.

use std::time::Duration;

use crate::domain::diagnosis::Cause;
use crate::port::{ExecError, SessionGone};

#[derive(Debug, Clone, thiserror::Error)]
pub enum RemoteError {
    /// The connection ended; whether the host did what was asked is not known.
    #[error(transparent)]
    Gone(#[from] SessionGone),
    /// sshd would not open a channel or run a shell.
    #[error("run a shell on the host: {0}")]
    Refused(String),
    /// No answer in time; whether the host did what was asked is not known.
    #[error("get an answer from the host's shell within {0:?}")]
    TimedOut(Duration),
    /// What came is no answer of ours.
    #[error("understand the host's answer: {0}")]
    Garbled(String),
    /// The host's shell did what it could, and says why that was not enough.
    #[error("{0}")]
    Host(String),
    /// A local file.
    #[error("read {path}: {why}")]
    File { path: String, why: String },
}

impl RemoteError {
    /// Why a host is not alive whose first command failed like this.
    #[must_use]
    pub fn into_cause(self) -> Cause {
        match self {
            Self::Gone(SessionGone(cause)) => cause,
            Self::TimedOut(limit) => Cause::ExecTimedOut(limit),
            other @ (Self::Refused(_) | Self::Garbled(_) | Self::Host(_) | Self::File { .. }) => {
                Cause::ExecRefused(format!("failed to {other}"))
            }
        }
    }
}

impl From<ExecError> for RemoteError {
    fn from(error: ExecError) -> Self {
        match error {
            ExecError::Refused(why) => Self::Refused(why),
            ExecError::Gone(gone) => Self::Gone(gone),
        }
    }
}
