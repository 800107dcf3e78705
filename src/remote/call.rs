//! One call: script in, answer out, within a limit.

use std::time::Duration;

use tokio::io::AsyncWriteExt;

use crate::port::{Exec, ExecEvent, Session};
use crate::remote::answer::{Fields, garbled, printable};
use crate::remote::script::{SHELL, Script};
use crate::remote::{MARK, RemoteError};

/// Calls `script` and reads its answer to the end.
pub(super) async fn call(session: &dyn Session, script: Script, limit: Duration) -> Result<Fields, RemoteError> {
    tokio::time::timeout(limit, converse(session, &script.text())).await.map_err(|_| RemoteError::TimedOut(limit))?
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
        if let Some(at) = line.find(MARK).filter(|_| !self.begun) {
            // The login shell's noise may have no newline at its end.
            self.begun = true;
            let _ = at;
            return Ok(());
        }
        if !self.begun {
            self.skipped += line.len();
            return if self.skipped > NOISE { Err(garbled("an answer", "only noise")) } else { Ok(()) };
        }
        if let Some(end) = line.strip_prefix(MARK).and_then(|rest| rest.strip_prefix("end ")) {
            self.status = Some(end.trim().parse().map_err(|_| garbled("an end", end))?);
            return Ok(());
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(chunks: &[&[u8]]) -> Result<Fields, RemoteError> {
        let mut answer = Answer::default();
        for chunk in chunks {
            answer.feed(chunk)?;
        }
        answer.finish(b"")
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
