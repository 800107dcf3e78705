//! The spool of an attempt as it grows, from any byte on.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::AsyncWriteExt;

use crate::domain::id::AttemptId;
use crate::domain::run::{Evidence, Stream};
use crate::port::{Exec, ExecEvent, ExecOutput, ExecStdin, Session};
use crate::remote::answer::{Fields, garbled, printable};
use crate::remote::call::{NOISE, or_gone};
use crate::remote::script::{SHELL, Script};
use crate::remote::{MARK, RemoteError};

/// How the host answered.
pub enum Follow {
    Opened(Follower),
    /// The first byte that is still there.
    Gap {
        base: u64,
    },
    /// The spool ends before the offset.
    Short {
        size: u64,
    },
    Missing,
}

/// What a follower brings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FollowEvent {
    /// The next bytes of the spool.
    Bytes(Bytes),
    /// The host's look at the attempt: at once, every five seconds, and when it has ended.
    State(Box<Evidence>),
    /// No more comes, for this reason.
    Ended(String),
}

/// Dropping it ends it on the host too: the connection is its lease.
pub struct Follower {
    /// Kept open: its end is the end of the follower.
    _lease: ExecStdin,
    output: Box<dyn ExecOutput>,
    /// What came with the marker.
    first: Bytes,
    reports: BytesMut,
}

/// Follows a stream of an attempt from byte `from` on; `limit` is for the answer, not for what follows.
///
/// # Errors
/// As every call.
pub async fn follow(
    session: &dyn Session,
    id: AttemptId,
    stream: Stream,
    from: u64,
    limit: Duration,
) -> Result<Follow, RemoteError> {
    let script = Script::new("follow", [id.to_string(), stream.word().to_owned(), from.to_string()]);
    let opened = tokio::time::timeout(limit, open(session, &script.text(), from)).await;
    or_gone(session, opened.map_err(|_| RemoteError::TimedOut(limit))?).await
}

async fn open(session: &dyn Session, text: &str, from: u64) -> Result<Follow, RemoteError> {
    let Exec { mut stdin, mut output } = session.exec(SHELL).await?;
    let (mut heard, mut reports) = (BytesMut::new(), BytesMut::new());
    // Moved in and handed back: the shell answers only once it has read all of it.
    let mut sent = Box::pin(async move {
        // A failure to send shows as an answer that breaks off.
        stdin.write_all(text.as_bytes()).await.ok();
        stdin.flush().await.ok();
        stdin
    });
    let mut lease = None;
    let line = loop {
        if let Some(line) = marker(&mut heard)? {
            break line;
        }
        tokio::select! {
            stdin = &mut sent, if lease.is_none() => lease = Some(stdin),
            event = output.next() => match event {
                ExecEvent::Stdout(bytes) => heard.extend_from_slice(&bytes),
                ExecEvent::Stderr(bytes) => keep(&mut reports, &bytes),
                ExecEvent::Exit(_) => {}
                ExecEvent::Closed => {
                    let said = printable(String::from_utf8_lossy(&reports).trim());
                    return Err(garbled("an answer that breaks off", &said));
                }
            },
        }
    };
    let number = |text: &str| text.parse::<u64>().map_err(|_| garbled("an offset", text));
    let words: Vec<&str> = line.split(' ').collect();
    match words.as_slice() {
        ["follow", at] if number(at)? == from => {}
        ["gap", _, base] => return Ok(Follow::Gap { base: number(base)? }),
        ["short", size] => return Ok(Follow::Short { size: number(size)? }),
        ["missing"] => return Ok(Follow::Missing),
        _ => return Err(garbled("an answer to follow", &line)),
    }
    let lease = match lease {
        Some(stdin) => stdin,
        None => sent.await,
    };
    Ok(Follow::Opened(Follower { _lease: lease, output, first: heard.freeze(), reports }))
}

/// The words after the marker, once the whole line is there; what follows stays in `heard`.
fn marker(heard: &mut BytesMut) -> Result<Option<String>, RemoteError> {
    let Some(at) = memchr::memmem::find(heard, MARK.as_bytes()) else {
        return if heard.len() > NOISE { Err(garbled("an answer", "only noise")) } else { Ok(None) };
    };
    let begin = at + MARK.len();
    let rest = heard.get(begin..).unwrap_or_default();
    let Some(length) = memchr::memchr(b'\n', rest) else {
        return if rest.len() > MARKED { Err(garbled("an answer to follow", "a line without end")) } else { Ok(None) };
    };
    let line = String::from_utf8_lossy(heard.get(begin..begin + length).unwrap_or_default()).into_owned();
    heard.advance(begin + length + 1);
    Ok(Some(line))
}

impl Follower {
    /// The next event. MUST be called without pause: see [`ExecOutput`]. Cancel-safe.
    pub async fn next(&mut self) -> FollowEvent {
        if !self.first.is_empty() {
            return FollowEvent::Bytes(std::mem::take(&mut self.first));
        }
        loop {
            if let Some(evidence) = self.report() {
                return FollowEvent::State(Box::new(evidence));
            }
            match self.output.next().await {
                ExecEvent::Stdout(bytes) if bytes.is_empty() => {}
                ExecEvent::Stdout(bytes) => return FollowEvent::Bytes(bytes),
                ExecEvent::Stderr(bytes) => keep(&mut self.reports, &bytes),
                ExecEvent::Exit(_) => {}
                ExecEvent::Closed => return FollowEvent::Ended("its channel was closed".into()),
            }
        }
    }

    /// The next whole report; lines that are none are passed over.
    fn report(&mut self) -> Option<Evidence> {
        loop {
            let end = memchr::memchr(b'\n', &self.reports)?;
            let line = self.reports.split_to(end + 1);
            let line = String::from_utf8_lossy(&line);
            let parsed = line.trim_end().strip_prefix("SF state ").map(Fields::of_words);
            match parsed.map(|fields| fields.and_then(|fields| fields.evidence())) {
                Some(Ok(evidence)) => return Some(evidence),
                Some(Err(error)) => tracing::warn!(%error, "a follower's report"),
                None => tracing::debug!(line = printable(line.trim_end()), "a follower's stderr"),
            }
        }
    }
}

fn keep(reports: &mut BytesMut, bytes: &[u8]) {
    if reports.len() + bytes.len() > REPORTS {
        // A line this long is no report of ours.
        reports.clear();
    }
    reports.extend_from_slice(bytes.get(..bytes.len().min(REPORTS)).unwrap_or_default());
}

/// Bytes of the line with the marker: words and two numbers.
const MARKED: usize = 256;

/// Bytes of a report that is not yet whole.
const REPORTS: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marker_is_found_behind_noise_and_takes_nothing_of_the_spool() {
        let mut heard = BytesMut::from(&b"motd\n\x1eSF1 foll"[..]);
        assert_eq!(marker(&mut heard).ok(), Some(None));
        heard.extend_from_slice(b"ow 12\n\nspool");
        assert_eq!(marker(&mut heard).ok().flatten().as_deref(), Some("follow 12"));
        assert_eq!(&heard[..], b"\nspool");
    }

    #[test]
    fn endless_noise_is_refused() {
        let mut heard = BytesMut::from(&vec![b'x'; NOISE + 1][..]);
        assert!(marker(&mut heard).is_err());
        let mut heard = BytesMut::from(MARK.as_bytes());
        heard.extend_from_slice(&[b'x'; MARKED + 1]);
        assert!(marker(&mut heard).is_err());
    }
}
