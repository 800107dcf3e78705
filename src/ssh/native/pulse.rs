//! What is heard on a connection: a stream that counts, catches the server's banner, remembers how it
//! ended, and can be cut at any moment, also while its other end neither reads nor writes.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::domain::diagnosis::Cause;
use crate::ssh::text::{LINE, clean, clean_bytes};

/// Shared by a connection's stream and whoever watches it.
pub(super) struct Pulse {
    /// Cancelled: the stream fails from then on, whatever it was waiting for.
    pub(super) kill: CancellationToken,
    heard: AtomicU64,
    /// The server's identification, once it came.
    banner: watch::Sender<Option<String>>,
    sniffing: AtomicBool,
    /// What came before the identification, up to [`PREFACE`] bytes.
    preface: Mutex<Vec<u8>>,
    ended: Mutex<Option<(ErrorKind, String)>>,
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self {
            kill: CancellationToken::new(),
            heard: AtomicU64::new(0),
            banner: watch::Sender::new(None),
            sniffing: AtomicBool::new(true),
            preface: Mutex::new(Vec::new()),
            ended: Mutex::new(None),
        }
    }

    pub(super) fn heard(&self) -> u64 {
        self.heard.load(Ordering::Relaxed)
    }

    /// Waits for the server's identification; the caller sets the limit.
    pub(super) async fn banner(&self) -> String {
        let mut seen = self.banner.subscribe();
        loop {
            if let Some(line) = seen.borrow_and_update().clone() {
                return line;
            }
            if seen.changed().await.is_err() {
                // Cannot be: the sender is borrowed for as long as we wait.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Why there is no connection, when there was no identification: `late` when the limit is over.
    pub(super) fn without_banner(&self, late: bool) -> Option<Cause> {
        if self.banner.borrow().is_some() {
            return None;
        }
        let said = clean_bytes(&self.preface.lock().unwrap_or_else(PoisonError::into_inner), LINE);
        Some(if said.is_empty() && late { Cause::BannerTimedOut } else { without_identification(&said) })
    }

    /// What was said instead of an identification.
    pub(super) fn preface(&self) -> String {
        clean_bytes(&self.preface.lock().unwrap_or_else(PoisonError::into_inner), LINE)
    }

    /// How the stream ended, as the socket told it.
    pub(super) fn end(&self) -> Cause {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((kind, text)) = ended.as_ref() else { return Cause::ClosedByPeer(String::new()) };
        if [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe, ErrorKind::ConnectionAborted].contains(kind) {
            Cause::ClosedByPeer("connection reset".into())
        } else if *kind == ErrorKind::UnexpectedEof {
            Cause::ClosedByPeer(String::new())
        } else if [ErrorKind::HostUnreachable, ErrorKind::NetworkUnreachable].contains(kind) {
            Cause::NoRoute
        } else if *kind == ErrorKind::NetworkDown {
            Cause::OwnNetworkDown
        } else {
            Cause::Other(text.clone())
        }
    }

    fn hear(&self, bytes: &[u8]) {
        self.heard.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if self.sniffing.load(Ordering::Relaxed) {
            self.sniff(bytes);
        }
    }

    /// Servers may say other lines before their identification (RFC 4253, section 4.2).
    fn sniff(&self, bytes: &[u8]) {
        let mut preface = self.preface.lock().unwrap_or_else(PoisonError::into_inner);
        let room = PREFACE.saturating_sub(preface.len());
        preface.extend_from_slice(&bytes[..room.min(bytes.len())]);
        let complete = preface.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
        let mut lines = complete.map(|line| clean_bytes(line, LINE));
        if let Some(banner) = lines.find(|line| line.starts_with("SSH-2.0-") || line.starts_with("SSH-1.99-")) {
            self.sniffing.store(false, Ordering::Relaxed);
            self.banner.send_replace(Some(banner));
            *preface = Vec::new();
        } else if room <= bytes.len() {
            self.sniffing.store(false, Ordering::Relaxed);
        }
    }

    fn note_end(&self, kind: ErrorKind, text: &str) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.get_or_insert_with(|| (kind, clean(text, LINE)));
    }
}

/// russh reads twenty lines of 255 bytes before the identification, then gives up.
const PREFACE: usize = 8 * 1024;

/// A stream with a [`Pulse`].
pub(super) struct Tapped<S> {
    inner: S,
    pulse: Arc<Pulse>,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl<S> Tapped<S> {
    pub(super) fn new(inner: S, pulse: Arc<Pulse>) -> Self {
        let cut = Box::pin(pulse.kill.clone().cancelled_owned());
        Self { inner, pulse, cut }
    }

    fn poll_cut(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.cut.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::Error::new(ErrorKind::NotConnected, "cut by us")),
            Poll::Pending => Ok(()),
        }
    }

    fn noted<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result {
            self.pulse.note_end(error.kind(), &error.to_string());
        }
        result
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tapped<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.poll_cut(cx)?;
        let before = buf.filled().len();
        let result = ready!(Pin::new(&mut self.inner).poll_read(cx, buf));
        let bytes = buf.filled().get(before..).unwrap_or_default();
        if result.is_ok() && bytes.is_empty() && buf.remaining() > 0 {
            self.pulse.note_end(ErrorKind::UnexpectedEof, "end of stream");
        }
        self.pulse.hear(bytes);
        Poll::Ready(self.noted(result))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tapped<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_cut(cx)?;
        let result = ready!(Pin::new(&mut self.inner).poll_write(cx, bytes));
        Poll::Ready(self.noted(result))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_cut(cx)?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_cut(cx)?;
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// Why the stream ended before an identification; `said` is what came instead.
pub(super) fn without_identification(said: &str) -> Cause {
    // sshd's words when it drops a connection (sshd.c: MaxStartups, PerSourcePenalties).
    let dropped = said.starts_with("Exceeded MaxStartups") || said.starts_with("Not allowed at this time");
    if dropped || said.is_empty() { Cause::ResetBeforeBanner } else { Cause::NotSsh(said.to_owned()) }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    fn heard(parts: &[&[u8]]) -> Pulse {
        let pulse = Pulse::new();
        for part in parts {
            pulse.hear(part);
        }
        pulse
    }

    #[test]
    fn a_banner_is_found_after_other_lines_and_in_pieces() {
        let pulse = heard(&[b"Welcome\r\nSS", b"H-2.0-Open", b"SSH_9.2\r\nrest"]);
        assert_eq!(pulse.banner.borrow().as_deref(), Some("SSH-2.0-OpenSSH_9.2"));
        assert_eq!(pulse.without_banner(false), None);
        assert_eq!(pulse.heard(), 34);
    }

    #[test]
    fn without_a_banner_it_says_who_is_there() {
        assert_eq!(heard(&[]).without_banner(false), Some(Cause::ResetBeforeBanner));
        assert_eq!(heard(&[]).without_banner(true), Some(Cause::BannerTimedOut));
        assert_eq!(heard(&[b"Exceeded MaxStartups\r\n"]).without_banner(false), Some(Cause::ResetBeforeBanner));
        let http = heard(&[b"HTTP/1.1 400 Bad Request\r\n\r\n"]).without_banner(false);
        assert_eq!(http, Some(Cause::NotSsh("HTTP/1.1 400 Bad Request".into())));
    }

    #[test]
    fn endless_talk_is_not_kept() {
        let pulse = heard(&[&[b'x'; 3 * PREFACE], b"SSH-2.0-late\r\n"]);
        assert!(pulse.preface.lock().unwrap().len() <= PREFACE);
        assert!(matches!(pulse.without_banner(true), Some(Cause::NotSsh(_))));
    }

    #[tokio::test]
    async fn a_cut_wakes_a_reader_and_a_writer_that_wait_for_ever() {
        let (near, _far) = tokio::io::duplex(1);
        let pulse = Arc::new(Pulse::new());
        let (mut reader, mut writer) = tokio::io::split(Tapped::new(near, Arc::clone(&pulse)));
        let mut byte = [0];
        let (read, ()) = tokio::join!(reader.read(&mut byte), async { pulse.kill.cancel() });
        assert!(read.is_err());
        assert!(writer.write_all(b"more than fits").await.is_err());
    }
}
