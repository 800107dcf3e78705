//! A program run over the connection, and gone with it.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

use crate::client::lines::{Line, Lines};
use crate::client::silence::{is_alive, silence};
use crate::client::{Client, ClientError};
use crate::domain::run::Stream;
use crate::port::{Exec, ExecEvent, ExitStatus};
use crate::remote;

/// How to run a program.
#[derive(Clone, Debug, Default)]
pub struct Execute {
    /// From the call to the end of the program; `None`: as long as it takes.
    pub timeout: Option<Duration>,
    /// Ends the wait from outside. Dropping the future of [`Client::execute`] does the same.
    pub cancel: CancellationToken,
}

impl Execute {
    /// With a time limit.
    #[must_use]
    pub fn within(limit: Duration) -> Self {
        Self { timeout: Some(limit), ..Self::default() }
    }
}

impl Client {
    /// Runs a POSIX shell script (at most some 100 KiB: it becomes an argument on the host), its stdin
    /// empty, stdout and stderr kept apart, and calls `on_line` for each line as it comes. What the
    /// login shell itself prints comes first. Returns how it ended.
    ///
    /// `on_line` should be quick: as long as it takes nothing is read from the connection, which answers
    /// no ping meanwhile. The memory used does not depend on how much is printed.
    ///
    /// The program does not outlive the connection in any way that can be relied upon; use
    /// [`Client::start`] where that matters.
    ///
    /// # Errors
    /// [`ClientError::TimedOut`], [`ClientError::Cancelled`]; [`ClientError::Lost`] when the connection
    /// ended or nothing was heard over it for 15 s, [`ClientError::NoStatus`], or what kept the program
    /// from being started.
    ///
    /// # Examples
    /// ```
    /// # mod fleet { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs")); }
    /// # fleet::example(async |client| {
    /// use std::time::Duration;
    ///
    /// use steadfast::client::Execute;
    /// use steadfast::port::ExitStatus;
    ///
    /// let mut lines = Vec::new();
    /// let limit = Execute::within(Duration::from_secs(30));
    /// let status = client.execute("seq 1 3; exit 4", &limit, |line| lines.push(line.text().into_owned())).await?;
    /// assert_eq!(lines, ["1", "2", "3"]);
    /// assert_eq!(status, ExitStatus::Code(4));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn execute(
        &self,
        command: &str,
        how: &Execute,
        mut on_line: impl FnMut(Line<'_>),
    ) -> Result<ExitStatus, ClientError> {
        if command.contains('\0') {
            return Err(ClientError::Unusable("a command has no NUL characters"));
        }
        let session = self.session.as_ref();
        let limit = how.timeout.unwrap_or(Duration::MAX);
        tokio::select! {
            biased;
            () = how.cancel.cancelled() => Err(ClientError::Cancelled),
            ended = tokio::time::timeout(limit, self.converse(command, &mut on_line)) => {
                ended.map_err(|_| ClientError::TimedOut(limit))?
            }
            lost = silence(session) => Err(lost),
        }
    }

    async fn converse(&self, command: &str, on_line: &mut impl FnMut(Line<'_>)) -> Result<ExitStatus, ClientError> {
        let Exec { mut stdin, mut output } = self.session.exec(remote::SHELL).await?;
        let script = remote::plain_script(command);
        let mut sent = Box::pin(async move {
            // A shell that ends before it has read everything is no failure: its status tells.
            if stdin.write_all(script.as_bytes()).await.is_ok() {
                stdin.shutdown().await.ok();
            }
        });
        let mut sending = true;
        let (mut out, mut err) = (Lines::new(Stream::Out), Lines::new(Stream::Err));
        let mut status = None;
        loop {
            tokio::select! {
                () = &mut sent, if sending => sending = false,
                event = output.next() => match event {
                    ExecEvent::Stdout(bytes) => out.feed(&bytes, on_line),
                    ExecEvent::Stderr(bytes) => err.feed(&bytes, on_line),
                    ExecEvent::Exit(ended) => status = Some(ended),
                    ExecEvent::Closed => break,
                },
            }
        }
        out.finish(on_line);
        err.finish(on_line);
        match status {
            Some(status) => Ok(status),
            // The end of a channel is not the end of its connection, and tells nothing of the program.
            None => Err(is_alive(self.session.as_ref()).await.err().unwrap_or(ClientError::NoStatus)),
        }
    }
}
