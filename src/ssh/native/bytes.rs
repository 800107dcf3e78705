//! A channel as a stream of bytes: a tunnel, or a subsystem.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use russh::client::Msg;
use russh::{Channel, ChannelStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

/// Closes the channel when dropped.
pub(super) struct ChannelBytes {
    stream: Option<ChannelStream<Msg>>,
    /// russh closes a dropped stream in a task of its own, which needs a runtime to be spawned on.
    runtime: Handle,
    _permit: Option<OwnedSemaphorePermit>,
}

impl ChannelBytes {
    /// Must be called within the runtime.
    pub(super) fn new(channel: Channel<Msg>, permit: Option<OwnedSemaphorePermit>) -> Self {
        Self { stream: Some(channel.into_stream()), runtime: Handle::current(), _permit: permit }
    }

    fn stream(&mut self) -> io::Result<Pin<&mut ChannelStream<Msg>>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Drop for ChannelBytes {
    fn drop(&mut self) {
        let _within = self.runtime.enter();
        drop(self.stream.take());
    }
}

impl AsyncRead for ChannelBytes {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_read(cx, buf)
    }
}

impl AsyncWrite for ChannelBytes {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            // russh takes it for a mistake.
            return Poll::Ready(Ok(0));
        }
        self.stream()?.poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(cx)
    }
}
