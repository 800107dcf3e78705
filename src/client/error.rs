//! What can go wrong for a program that uses a [`Client`](super::Client).

use std::time::Duration;

use crate::port::{DialError, ExecError};
use crate::remote::RemoteError;

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("connect: {0}")]
    Dial(#[from] DialError),
    #[error("run a program: {0}")]
    Exec(#[from] ExecError),
    #[error("ask the host: {0}")]
    Remote(#[from] RemoteError),
    /// The program was still running; its channel was closed. Whether it goes on is its own affair:
    /// use a durable run where that matters.
    #[error("the program did not end within {0:?}")]
    TimedOut(Duration),
    /// The caller's token was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The connection ended before the program did.
    #[error("the connection ended before the program did")]
    Lost,
    #[error("read {path}: {source}")]
    File { path: String, source: std::io::Error },
    /// The host would not start the run.
    #[error("the host did not start the run")]
    NotStarted,
}
