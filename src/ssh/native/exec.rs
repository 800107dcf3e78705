//! A program running over a channel.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use russh::client::{Handle, Msg};
use russh::{Channel, ChannelMsg, ChannelOpenFailure, ChannelReadHalf, ChannelWriteHalf, Error, Sig};
use tokio::io::AsyncWrite;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::TaskTracker;

use crate::domain::diagnosis::Cause;
use crate::port::{Exec, ExecError, ExecEvent, ExecOutput, ExitStatus, SessionGone};
use crate::ssh::ending::Ending;
use crate::ssh::text::clean;

use super::guard::Guard;

/// Opens a channel and starts `command` on it. Waits for the server's two answers; the caller of
/// [`Session::exec`](crate::port::Session::exec) sets the limit.
pub(super) async fn start(
    handle: Arc<Handle<Guard>>,
    ending: Arc<Ending>,
    tasks: TaskTracker,
    permit: OwnedSemaphorePermit,
    command: String,
) -> Result<Exec, ExecError> {
    let channel = open(&handle).await.map_err(|error| refusal(&error, &ending))?;
    let (mut reader, writer) = channel.split();
    let writer = Arc::new(writer);
    let closer = Closer { writer: Arc::clone(&writer), tasks: tasks.clone(), runtime: runtime(), _permit: permit };
    writer.exec(true, command).await.map_err(|error| refusal(&error, &ending))?;
    let mut early = VecDeque::new();
    loop {
        match reader.wait().await {
            Some(ChannelMsg::Success) => break,
            Some(ChannelMsg::Failure) => {
                return Err(ExecError::Refused("it starts no program (forced command, or no shell)".into()));
            }
            Some(ChannelMsg::Close) => return Err(ExecError::Refused("sshd closed the channel".into())),
            Some(message) => early.extend(event(message)),
            None => return Err(gone(&ending)),
        }
    }
    let stdin = Stdin { inner: Box::pin(writer.make_writer()), writer, tasks, runtime: runtime(), open: true };
    let output = Output { reader, early, ending, closer: Some(closer) };
    Ok(Exec { stdin: Box::pin(stdin), output: Box::new(output) })
}

/// Opens a session channel. sshd counts a session until its program has ended, which it notices a moment
/// after our channel is closed: so one that has no room is asked again for [`ROOM_LIMIT`].
pub(super) async fn open(handle: &Handle<Guard>) -> Result<Channel<Msg>, Error> {
    let mut waited = Duration::ZERO;
    loop {
        match handle.channel_open_session().await {
            Err(Error::ChannelOpenFailure(ChannelOpenFailure::ConnectFailed)) if waited < ROOM_LIMIT => {
                tokio::time::sleep(ROOM_RECHECK).await;
                waited += ROOM_RECHECK;
            }
            opened => return opened,
        }
    }
}

/// Why there is no channel.
pub(super) fn refusal(error: &Error, ending: &Ending) -> ExecError {
    let Error::ChannelOpenFailure(reason) = error else { return gone(ending) };
    ExecError::Refused(match reason {
        ChannelOpenFailure::ConnectFailed => "no more sessions on this connection (MaxSessions)".into(),
        ChannelOpenFailure::AdministrativelyProhibited => "sessions are prohibited".into(),
        ChannelOpenFailure::ResourceShortage => "the host is short of resources".into(),
        ChannelOpenFailure::UnknownChannelType => "the server knows no sessions".into(),
        ChannelOpenFailure::Other { reason, .. } => clean(reason, 100),
    })
}

/// When russh has no more messages for us.
pub(super) fn gone(ending: &Ending) -> ExecError {
    // russh tells its users of the end a moment before the guard notes it.
    let cause = ending.cause().unwrap_or_else(|| Cause::ClosedByPeer(String::new()));
    ExecError::Gone(SessionGone(cause))
}

fn runtime() -> tokio::runtime::Handle {
    tokio::runtime::Handle::current()
}

#[expect(clippy::wildcard_enum_match_arm, reason = "russh's, and it may add more: they mean nothing here")]
fn event(message: ChannelMsg) -> Option<ExecEvent> {
    match message {
        ChannelMsg::Data { data } => Some(ExecEvent::Stdout(data)),
        ChannelMsg::ExtendedData { data, ext: 1 } => Some(ExecEvent::Stderr(data)),
        ChannelMsg::ExitStatus { exit_status } => Some(ExecEvent::Exit(ExitStatus::Code(exit_status))),
        ChannelMsg::ExitSignal { signal_name, .. } => Some(ExecEvent::Exit(ExitStatus::Signal(signal(&signal_name)))),
        ChannelMsg::Close => Some(ExecEvent::Closed),
        _ => None,
    }
}

fn signal(signal: &Sig) -> String {
    match signal {
        Sig::ABRT => "ABRT".into(),
        Sig::ALRM => "ALRM".into(),
        Sig::FPE => "FPE".into(),
        Sig::HUP => "HUP".into(),
        Sig::ILL => "ILL".into(),
        Sig::INT => "INT".into(),
        Sig::KILL => "KILL".into(),
        Sig::PIPE => "PIPE".into(),
        Sig::QUIT => "QUIT".into(),
        Sig::SEGV => "SEGV".into(),
        Sig::TERM => "TERM".into(),
        Sig::USR1 => "USR1".into(),
        Sig::Custom(name) => clean(name, 20),
    }
}

/// Longer than sshd takes to see the end of a program that ends; what is refused for good waits as long.
const ROOM_LIMIT: Duration = Duration::from_secs(1);
const ROOM_RECHECK: Duration = Duration::from_millis(50);

/// The reading half. It holds nothing up: what it gives was already taken off the connection.
struct Output {
    reader: ChannelReadHalf,
    /// What came before the answer to our request.
    early: VecDeque<ExecEvent>,
    ending: Arc<Ending>,
    /// Gone when the channel is closed.
    closer: Option<Closer>,
}

impl ExecOutput for Output {
    fn next(&mut self) -> BoxFuture<'_, ExecEvent> {
        Box::pin(async move {
            let event = self.event().await;
            if event == ExecEvent::Closed {
                self.closer = None;
            }
            event
        })
    }
}

impl Output {
    async fn event(&mut self) -> ExecEvent {
        if let Some(event) = self.early.pop_front() {
            return event;
        }
        while self.closer.is_some() {
            let message = tokio::select! {
                biased;
                message = self.reader.wait() => message,
                // Cut, but russh is held up by another channel and cannot tell us.
                _ = self.ending.wait() => None,
            };
            match message.map(event) {
                Some(Some(event)) => return event,
                Some(None) => {}
                None => return ExecEvent::Closed,
            }
        }
        ExecEvent::Closed
    }
}

/// Closes the channel when dropped; in a task, since a message to russh may have to wait.
struct Closer {
    writer: Arc<ChannelWriteHalf<Msg>>,
    tasks: TaskTracker,
    runtime: tokio::runtime::Handle,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Closer {
    fn drop(&mut self) {
        let writer = Arc::clone(&self.writer);
        // Ends with the connection at the latest: then there is nobody to send it to.
        self.tasks.spawn_on(async move { drop(writer.close().await) }, &self.runtime);
    }
}

/// The writing half; like a pipe, dropping it is EOF for the program.
struct Stdin {
    inner: Pin<Box<dyn AsyncWrite + Send>>,
    writer: Arc<ChannelWriteHalf<Msg>>,
    tasks: TaskTracker,
    runtime: tokio::runtime::Handle,
    open: bool,
}

impl AsyncWrite for Stdin {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            // russh takes it for a mistake.
            return Poll::Ready(Ok(0));
        }
        self.inner.as_mut().poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.open {
            return Poll::Ready(Ok(()));
        }
        let done = self.inner.as_mut().poll_shutdown(cx);
        self.open = done.is_pending();
        done
    }
}

impl Drop for Stdin {
    fn drop(&mut self) {
        if self.open {
            let writer = Arc::clone(&self.writer);
            // As for the closer. A channel that is closed by then ignores it.
            self.tasks.spawn_on(async move { drop(writer.eof().await) }, &self.runtime);
        }
    }
}
