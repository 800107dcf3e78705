//! One call: script in, answer out, within a limit.

use std::time::Duration;

use tokio::io::AsyncWriteExt;

use crate::port::{Exec, ExecEvent, Session};
use crate::remote::answer::{Fields, garbled, printable};
use crate::remote::script::{SHELL, Script};
use crate::remote::{MARK, RemoteError};

/// Calls `script` and reads its answer to the end.
pub(super) async fn call(session: &dyn Session, script: Script, limit: Duration) -> Result<Fields, RemoteError> {
    let answer = tokio::time::timeout(limit, converse(session, &script.text())).await;
    or_gone(session, answer.map_err(|_| RemoteError::TimedOut(limit))?).await
}

/// What cannot be understood may be what a connection that ended has left of an answer. That it has ended is
/// told a moment after its channels, and then that is the reason.
pub(super) async fn or_gone<T>(session: &dyn Session, answer: Result<T, RemoteError>) -> Result<T, RemoteError> {
    if !matches!(answer, Err(RemoteError::Garbled(_))) {
        return answer;
    }
    match tokio::time::timeout(MOMENT, session.closed()).await {
        Ok(gone) => Err(gone.into()),
        Err(_) => answer,
    }
}

async fn converse(session: &dyn Session, text: &str) -> Result<Fields, RemoteError> {
    let Exec { mut stdin, mut output } = session.exec(SHELL).await?;
    let write = async {
        // A shell that ends early says why in its answer, or not at all.
        if stdin.write_all(text.as_bytes()).await.is_ok() {
            stdin.shutdown().await.ok();
        }
        std::future::pending::<()>().await;
    };
    let read = async {
        let mut answer = Answer::default();
        let mut complaint = Vec::new();
        loop {
            match output.next().await {
                ExecEvent::Stdout(bytes) => answer.feed(&bytes)?,
                ExecEvent::Stderr(bytes) => {
                    let room = COMPLAINT.saturating_sub(complaint.len());
                    complaint.extend(bytes.iter().take(room));
                }
                ExecEvent::Exit(_) => {}
                ExecEvent::Closed => return answer.finish(&complaint),
            }
        }
    };
    tokio::select! {
        answer = read => answer,
        () = write => Err(garbled("an answer", "none")),
    }
}

/// An answer as it comes in.
#[derive(Default)]
pub(super) struct Answer {
    pending: Vec<u8>,
    skipped: usize,
    begun: bool,
    status: Option<u32>,
    fields: Fields,
}

impl Answer {
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(), RemoteError> {
        self.pending.extend_from_slice(bytes);
        let mut start = 0;
        while let Some(end) = memchr::memchr(b'\n', self.pending.get(start..).unwrap_or_default()) {
            let line = String::from_utf8_lossy(self.pending.get(start..start + end).unwrap_or_default()).into_owned();
            start += end + 1;
            self.line(&line)?;
        }
        self.pending.drain(..start);
        if self.pending.len() > LINE { Err(garbled("a line without end", "")) } else { Ok(()) }
    }

    fn line(&mut self, line: &str) -> Result<(), RemoteError> {
        if !self.begun && line.contains(MARK) {
            // The login shell's noise may have no newline at its end.
            self.begun = true;
            return Ok(());
        }
        if !self.begun {
            self.skipped += line.len();
            return if self.skipped > NOISE { Err(garbled("an answer", "only noise")) } else { Ok(()) };
        }
        match line.strip_prefix(MARK).map(|word| (word, word.strip_prefix("end "))) {
            Some((_, Some(end))) => {
                self.status = Some(end.trim().parse().map_err(|_| garbled("an end", end))?);
                return Ok(());
            }
            // Whoever waits for it has seen it.
            Some(("ready", None)) => return Ok(()),
            Some((other, None)) => return Err(garbled("a marker", other)),
            None => {}
        }
        // `ready` answers nothing yet: it asks for what is to be uploaded.
        let asks = line.strip_prefix(MARK) == Some("ready");
        if asks || self.status.is_some() { Ok(()) } else { self.fields.add(line) }
    }

    pub(super) fn finish(self, complaint: &[u8]) -> Result<Fields, RemoteError> {
        match (self.status, self.fields.get("error")) {
            (Some(0), _) => Ok(self.fields),
            (Some(_), Some(error)) => Err(RemoteError::Host(error.to_owned())),
            (Some(status), None) => Err(RemoteError::Host(format!("status {status}"))),
            (None, _) => {
                let said = printable(String::from_utf8_lossy(complaint).trim());
                Err(garbled("an answer that breaks off", &said))
            }
        }
    }
}

/// What a login shell may say before our marker.
pub(super) const NOISE: usize = 64 * 1024;

/// Bytes of one line of an answer.
const LINE: usize = 64 * 1024;

/// What is kept of a shell's complaints.
const COMPLAINT: usize = 1024;

/// See [`or_gone`].
const MOMENT: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use futures_util::future::BoxFuture;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::diagnosis::Cause;
    use crate::port::{Duplex, ExecError, ExecOutput, SessionGone};

    fn read(chunks: &[&[u8]]) -> Result<Fields, RemoteError> {
        let mut answer = Answer::default();
        for chunk in chunks {
            answer.feed(chunk)?;
        }
        answer.finish(b"")
    }

    /// Its channels have ended; the connection does so after this time, or never.
    struct Ends(Option<Duration>);

    impl Session for Ends {
        fn exec<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Exec, ExecError>> {
            Box::pin(async { Ok(Exec { stdin: Box::pin(tokio::io::sink()), output: Box::new(Over) }) })
        }

        fn sftp(&self) -> BoxFuture<'_, Result<Box<dyn Duplex>, ExecError>> {
            Box::pin(async { Err(ExecError::Refused("no sftp".into())) })
        }

        fn ping(&self) -> BoxFuture<'_, Result<Duration, SessionGone>> {
            Box::pin(std::future::pending())
        }

        fn heard(&self) -> u64 {
            0
        }

        fn closed(&self) -> BoxFuture<'_, SessionGone> {
            Box::pin(async {
                match self.0 {
                    Some(after) => tokio::time::sleep(after).await,
                    None => std::future::pending().await,
                }
                SessionGone(Cause::ClosedByPeer(String::new()))
            })
        }

        fn close(&self) {}
    }

    struct Over;

    impl ExecOutput for Over {
        fn next(&mut self) -> BoxFuture<'_, ExecEvent> {
            Box::pin(async { ExecEvent::Closed })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_breaks_off_with_its_connection_is_the_end_of_the_connection() {
        let limit = Duration::from_secs(30);
        let said = |after| async move { call(&Ends(after), Script::new("ident", []), limit).await };
        let gone = said(Some(Duration::from_millis(100))).await;
        assert!(matches!(gone, Err(RemoteError::Gone(_))), "{gone:?}");
        let garbled = said(None).await;
        assert!(matches!(garbled, Err(RemoteError::Garbled(_))), "{garbled:?}");
    }

    #[test]
    fn a_shell_that_is_ready_for_an_upload_has_not_answered_yet() {
        let fields = read(&[b"\x1eSF1 put\n", b"\x1eSF1 ready\n", b"have=7\n\x1eSF1 end 0\n"]);
        assert_eq!(fields.map(|fields| fields.text("have")).ok().as_deref(), Some("7"));
    }

    #[test]
    fn noise_before_the_marker_is_skipped() {
        let fields =
            read(&[b"Welcome to host!\nfoo=bar\nno newline\x1eSF1 state\na=1\n\x1eSF1 end 0\n"]).expect("sound");
        assert_eq!((fields.get("a"), fields.get("foo")), (Some("1"), None));
    }

    #[test]
    fn that_a_host_is_ready_for_more_is_no_field() {
        let fields = read(&[b"\x1eSF1 put\n\x1eSF1 ready\n", b"have=7\n\x1eSF1 end 0\n"]).expect("sound");
        assert_eq!(fields.get("have"), Some("7"));
    }

    #[test]
    fn an_answer_that_breaks_off_is_none() {
        assert!(matches!(read(&[b"\x1eSF1 state\nstate=running\n"]), Err(RemoteError::Garbled(_))));
        assert!(
            matches!(read(&[b"\x1eSF1 start\nerror=no\n\x1eSF1 end 1\n"]), Err(RemoteError::Host(why)) if why == "no")
        );
    }

    proptest! {
        #[test]
        fn however_it_is_cut_it_reads_the_same(cut in 0_usize..60) {
            let whole = b"noise\n\x1eSF1 state\nstate=running\nout=12\nerr=3\n\x1eSF1 end 0\n";
            let cut = cut.min(whole.len());
            let (a, b) = whole.split_at(cut);
            prop_assert_eq!(read(&[a, b]).ok(), read(&[whole]).ok());
        }
    }
}
