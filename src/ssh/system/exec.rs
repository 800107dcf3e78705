//! A program run by a client of the master.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::OwnedSemaphorePermit;

use crate::port::{ExecError, ExecEvent, ExecOutput, ExitStatus};
use crate::ssh::text::{LINE, clean};

use super::arguments::{Arguments, Client};
use super::master::Signs;

/// A client whose session the server has accepted.
pub(super) struct Running {
    pub(super) stdin: Stdin,
    pub(super) output: Output,
}

/// Starts a client and waits until the master has opened its session. The caller sets the limit.
pub(super) async fn start(
    arguments: Arc<Arguments>,
    signs: Arc<Signs>,
    permit: OwnedSemaphorePermit,
    client: Client<'_>,
) -> Result<Running, ExecError> {
    let failed = |error: io::Error| ExecError::Refused(format!("failed to run ssh: {error}"));
    let missing = || failed(io::ErrorKind::BrokenPipe.into());
    let log = Log { path: arguments.log() };
    let mut child = arguments.client(client, &log.path).spawn().map_err(failed)?;
    let stdin = Stdin { inner: Some(child.stdin.take().ok_or_else(missing)?) };
    let stdout = child.stdout.take().ok_or_else(missing)?;
    let stderr = child.stderr.take().ok_or_else(missing)?;
    let mut pause = Duration::from_millis(1);
    loop {
        // In this order: what it said before it ended is then in the log.
        let ended = child.try_wait().map_err(failed)?.is_some();
        let said = log.read().await;
        if said.contains("master session id: ") {
            break;
        }
        if ended {
            return Err(refusal(&said, &signs).await);
        }
        // The log is a file, which nobody can wait for.
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(50));
    }
    let output = Output {
        child,
        stdout: Some(stdout),
        stderr: Some(stderr),
        out: BytesMut::new(),
        err: BytesMut::new(),
        log: Some(log),
        signs,
        _arguments: arguments,
        _permit: permit,
    };
    Ok(Running { stdin, output })
}

async fn refusal(said: &str, signs: &Signs) -> ExecError {
    if let Some(why) = said.lines().find_map(|line| line.split_once("session request failed: ")) {
        return ExecError::Refused(clean(why.1, LINE));
    }
    // Its master is gone, or about to be.
    match tokio::time::timeout(Duration::from_secs(5), signs.ending.wait()).await {
        Ok(gone) => gone.into(),
        Err(_) => ExecError::Refused(clean(said.lines().last().unwrap_or("ssh ended"), LINE)),
    }
}

/// What the client itself has to say, apart from what the program says.
struct Log {
    path: PathBuf,
}

impl Log {
    /// It is not there before the client has opened it.
    async fn read(&self) -> String {
        let bytes = tokio::fs::read(&self.path).await.unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Dropping it ends the client, and so the channel.
pub(super) struct Output {
    child: Child,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    out: BytesMut,
    err: BytesMut,
    /// Gone when everything was told.
    log: Option<Log>,
    signs: Arc<Signs>,
    _arguments: Arc<Arguments>,
    _permit: OwnedSemaphorePermit,
}

impl ExecOutput for Output {
    fn next(&mut self) -> BoxFuture<'_, ExecEvent> {
        Box::pin(self.event())
    }
}

impl Output {
    async fn event(&mut self) -> ExecEvent {
        while self.stdout.is_some() || self.stderr.is_some() {
            // What was read is in our buffers, also when this future is dropped.
            let (from_out, count) = tokio::select! {
                count = read(&mut self.stdout, &mut self.out) => (true, count),
                count = read(&mut self.stderr, &mut self.err) => (false, count),
            };
            self.signs.hear(count);
            match (from_out, count) {
                (true, 0) => self.stdout = None,
                (false, 0) => self.stderr = None,
                (true, _) => return ExecEvent::Stdout(self.out.split().freeze()),
                (false, _) => return ExecEvent::Stderr(self.err.split().freeze()),
            }
        }
        let Some(log) = &self.log else { return ExecEvent::Closed };
        if self.child.wait().await.is_err() {
            self.log = None;
            return ExecEvent::Closed;
        }
        let said = log.read().await;
        self.log = None;
        // Only the master's word counts: the client's own 255 may mean anything.
        let status =
            said.lines().find_map(|line| line.split_once("Received exit status from master ")?.1.trim().parse().ok());
        status.map_or(ExecEvent::Closed, |code| ExecEvent::Exit(ExitStatus::Code(code)))
    }
}

/// Zero at the end; never completes when that was told.
async fn read(pipe: &mut Option<impl AsyncRead + Unpin>, into: &mut BytesMut) -> usize {
    match pipe {
        Some(pipe) => {
            into.reserve(32 * 1024);
            pipe.read_buf(into).await.unwrap_or(0)
        }
        None => std::future::pending().await,
    }
}

/// A pipe whose end is told by closing it.
pub(super) struct Stdin {
    inner: Option<ChildStdin>,
}

impl Stdin {
    fn pipe(&mut self) -> io::Result<Pin<&mut ChildStdin>> {
        self.inner.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }
}

impl AsyncWrite for Stdin {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.pipe()?.poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.inner.as_mut() {
            Some(pipe) => Pin::new(pipe).poll_flush(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.as_mut().poll_flush(cx);
        if flushed.is_ready() {
            self.inner = None;
        }
        flushed
    }
}

/// A subsystem's two pipes as one stream.
pub(super) struct Pipes(pub(super) Running);

impl AsyncRead for Pipes {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let Some(stdout) = self.0.output.stdout.as_mut() else { return Poll::Ready(Ok(())) };
        let polled = Pin::new(stdout).poll_read(cx, buf);
        self.0.output.signs.hear(buf.filled().len() - before);
        polled
    }
}

impl AsyncWrite for Pipes {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0.stdin).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.stdin).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.stdin).poll_shutdown(cx)
    }
}
