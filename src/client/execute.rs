//! A program run over the connection, and gone with it.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

use crate::client::{Client, ClientError};
use crate::domain::run::Stream;
use crate::port::{Exec, ExecEvent, ExitStatus};
use crate::remote;

/// How to run a program.
#[derive(Clone, Debug, Default)]
pub struct Execute {
    /// `None`: as long as it takes.
    pub timeout: Option<Duration>,
    /// Ends the wait from outside.
    pub cancel: CancellationToken,
}

/// One line of output, without its end. Longer ones come in pieces of [`LINE_LIMIT`] bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line<'a> {
    pub stream: Stream,
    pub bytes: &'a [u8],
}

impl Client {
    /// Runs a POSIX shell script on the host and calls `on_line` for each line as it comes; stdin is
    /// empty. Returns how it ended.
    ///
    /// # Errors
    /// [`ClientError::TimedOut`], [`ClientError::Cancelled`], [`ClientError::Lost`], or what kept it
    /// from being started.
    pub async fn execute(
        &self,
        command: &str,
        how: &Execute,
        mut on_line: impl FnMut(Line<'_>),
    ) -> Result<ExitStatus, ClientError> {
        let limit = how.timeout.unwrap_or(Duration::MAX);
        tokio::select! {
            () = how.cancel.cancelled() => Err(ClientError::Cancelled),
            ended = tokio::time::timeout(limit, self.converse(command, &mut on_line)) => {
                ended.map_err(|_| ClientError::TimedOut(limit))?
            }
        }
    }

    async fn converse(&self, command: &str, on_line: &mut impl FnMut(Line<'_>)) -> Result<ExitStatus, ClientError> {
        let Exec { mut stdin, mut output } = self.session.exec(remote::SHELL).await?;
        let script = remote::plain_script(command);
        let sent = async {
            // A program that ends before it has read everything is no failure: its status tells.
            if stdin.write_all(script.as_bytes()).await.is_ok() {
                stdin.shutdown().await.ok();
            }
            std::future::pending::<()>().await;
        };
        let heard = async {
            let (mut out, mut err) = (Lines::new(Stream::Out), Lines::new(Stream::Err));
            let mut status = None;
            loop {
                match output.next().await {
                    ExecEvent::Stdout(bytes) => out.feed(&bytes, on_line),
                    ExecEvent::Stderr(bytes) => err.feed(&bytes, on_line),
                    ExecEvent::Exit(ended) => status = Some(ended),
                    ExecEvent::Closed => break,
                }
            }
            out.finish(on_line);
            err.finish(on_line);
            status.ok_or(ClientError::Lost)
        };
        tokio::select! {
            status = heard => status,
            () = sent => Err(ClientError::Lost),
        }
    }
}

/// Cuts a stream into lines.
struct Lines {
    stream: Stream,
    partial: Vec<u8>,
}

impl Lines {
    fn new(stream: Stream) -> Self {
        Self { stream, partial: Vec::new() }
    }

    fn feed(&mut self, bytes: &[u8], on_line: &mut impl FnMut(Line<'_>)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            for part in piece.chunks(LINE_LIMIT) {
                self.partial.extend_from_slice(part);
                if part.ends_with(b"\n") || self.partial.len() >= LINE_LIMIT {
                    self.finish(on_line);
                }
            }
        }
    }

    fn finish(&mut self, on_line: &mut impl FnMut(Line<'_>)) {
        if !self.partial.is_empty() {
            let line = self.partial.strip_suffix(b"\n").unwrap_or(&self.partial);
            on_line(Line { stream: self.stream, bytes: line.strip_suffix(b"\r").unwrap_or(line) });
            self.partial.clear();
        }
    }
}

/// Longer lines come in pieces of this many bytes.
pub const LINE_LIMIT: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(chunks: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        let mut cutter = Lines::new(Stream::Out);
        let mut on_line = |line: Line<'_>| lines.push(line.bytes.to_vec());
        for chunk in chunks {
            cutter.feed(chunk, &mut on_line);
        }
        cutter.finish(&mut on_line);
        lines
    }

    #[test]
    fn lines_come_whole_however_the_chunks_fall() {
        let whole = cut(&[b"one\r\n\ntwo\nthree"]);
        assert_eq!(whole, [b"one".to_vec(), b"".to_vec(), b"two".to_vec(), b"three".to_vec()]);
        assert_eq!(cut(&[b"o", b"ne\r", b"\n", b"\ntw", b"o\nthree"]), whole);
    }

    #[test]
    fn a_line_without_end_is_bounded() {
        let long = vec![b'x'; 3 * LINE_LIMIT + 7];
        let lines = cut(&[&long]);
        assert_eq!(lines.iter().map(Vec::len).sum::<usize>(), long.len());
        assert!(lines.iter().all(|line| line.len() <= LINE_LIMIT));
    }
}
