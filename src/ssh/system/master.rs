//! The `ssh` process that holds the connection.

use std::io;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::domain::diagnosis::Cause;
use crate::port::SessionGone;
use crate::ssh::ending::Ending;
use crate::ssh::text::{LINE, clean};

use super::arguments::Arguments;
use super::words;

/// Ends its process when dropped.
pub(super) struct Master {
    signs: Arc<Signs>,
    /// One line at a time; a writer waits when the connection takes nothing more.
    stdin: tokio::sync::Mutex<ChildStdin>,
    pings: AtomicU64,
}

/// What is seen of the process.
pub(super) struct Signs {
    pub(super) ending: Ending,
    kill: CancellationToken,
    heard: AtomicU64,
    /// The highest number that `cat` sent back.
    echoed: watch::Sender<u64>,
    said: Mutex<Vec<u8>>,
}

impl Master {
    pub(super) fn start(arguments: Arc<Arguments>, tasks: &TaskTracker) -> io::Result<Self> {
        let mut child = arguments.master().spawn()?;
        let missing = || io::Error::from(io::ErrorKind::BrokenPipe);
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let stderr = child.stderr.take().ok_or_else(missing)?;
        let signs = Arc::new(Signs {
            ending: Ending::new(),
            kill: CancellationToken::new(),
            heard: AtomicU64::new(0),
            echoed: watch::Sender::new(0),
            said: Mutex::new(Vec::new()),
        });
        tasks.spawn(attend(child, stdout, stderr, Arc::clone(&signs), arguments));
        Ok(Self { signs, stdin: tokio::sync::Mutex::new(stdin), pings: AtomicU64::new(0) })
    }

    /// Waits until the session runs; the caller sets the limit.
    pub(super) async fn ready(&self) -> Result<(), SessionGone> {
        self.ping().await
    }

    /// Sends a line and waits for its echo; the caller sets the limit.
    pub(super) async fn ping(&self) -> Result<(), SessionGone> {
        let number = self.pings.fetch_add(1, Ordering::Relaxed) + 1;
        // Shorter than a pipe's atomic write: given up in the middle, it was sent whole or not at all.
        let line = format!("{PING}{number}\n");
        let echo = async {
            let mut echoed = self.signs.echoed.subscribe();
            if self.stdin.lock().await.write_all(line.as_bytes()).await.is_err() {
                // The process is about to end, and to say why.
                return std::future::pending().await;
            }
            while *echoed.borrow_and_update() < number {
                if echoed.changed().await.is_err() {
                    return std::future::pending().await;
                }
            }
        };
        tokio::select! {
            biased;
            gone = self.signs.ending.wait() => Err(gone),
            () = echo => Ok(()),
        }
    }

    pub(super) fn signs(&self) -> &Arc<Signs> {
        &self.signs
    }

    /// The last of what it said on stderr.
    pub(super) fn said(&self) -> String {
        let said = self.signs.text();
        clean(said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default(), LINE)
    }

    pub(super) fn close(&self) {
        self.signs.ending.set(Cause::Operator);
        self.signs.kill.cancel();
    }
}

impl Drop for Master {
    fn drop(&mut self) {
        self.close();
    }
}

impl Signs {
    pub(super) fn heard(&self) -> u64 {
        self.heard.load(Ordering::Relaxed)
    }

    pub(super) fn hear(&self, bytes: usize) {
        self.heard.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.said.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

/// Reads what the process says until it ends, and sees to it that it does. The arguments are held
/// for their directory: the control socket is in it.
async fn attend(
    mut child: Child,
    stdout: ChildStdout,
    stderr: ChildStderr,
    signs: Arc<Signs>,
    _arguments: Arc<Arguments>,
) {
    let mut echoes = Box::pin(echoes(stdout, &signs));
    let mut words = Box::pin(listen(stderr, &signs));
    let mut speaks = true;
    let patience = loop {
        tokio::select! {
            () = &mut echoes => break BY_ITSELF,
            () = &mut words, if speaks => speaks = false,
            () = signs.kill.cancelled() => break Duration::ZERO,
        }
    };
    let status = end(&mut child, patience).await;
    if speaks {
        // A `ProxyCommand` that lives on may hold it open for ever.
        let _ = timeout(LAST_WORDS, words).await;
    }
    let mut cause = words::cause(&signs.text());
    if cause == Cause::ClosedByPeer(String::new()) {
        cause = Cause::ClosedByPeer(ended(status));
    }
    signs.ending.set(cause);
}

/// Waits for the process to end by itself, then asks it to, then ends it.
async fn end(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    if let Ok(status) = timeout(patience, child.wait()).await {
        return status.ok();
    }
    if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(rustix::process::Pid::from_raw) {
        // It may be gone by now: then there is nothing to ask.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
    if let Ok(status) = timeout(WHEN_ASKED, child.wait()).await {
        return status.ok();
    }
    child.kill().await.ok()?;
    None
}

fn ended(status: Option<ExitStatus>) -> String {
    status.map_or_else(|| "ssh ended".into(), |status| format!("ssh ended: {status}"))
}

/// Until the end of stdout. What the login shell says before `cat` runs is skipped.
async fn echoes(mut stdout: ChildStdout, signs: &Signs) {
    let mut line = BytesMut::with_capacity(4096);
    while let Ok(count @ 1..) = stdout.read_buf(&mut line).await {
        signs.hear(count);
        while let Some(end) = line.iter().position(|byte| *byte == b'\n') {
            let one = line.split_to(end + 1);
            let text = String::from_utf8_lossy(&one);
            if let Some(number) = text.trim_end().rsplit_once(PING).and_then(|(_, number)| number.parse::<u64>().ok()) {
                signs.echoed.send_if_modified(|echoed| {
                    let later = number > *echoed;
                    *echoed = number.max(*echoed);
                    later
                });
            }
        }
        if line.len() >= 4096 {
            line.clear();
        }
    }
}

/// Keeps the first and the last of stderr: the cause is in either.
async fn listen(mut stderr: ChildStderr, signs: &Signs) {
    let mut part = [0; 1024];
    while let Ok(count @ 1..) = stderr.read(&mut part).await {
        let mut said = signs.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.extend_from_slice(&part[..count]);
        if said.len() > 2 * SAID {
            let cut = said.len() - SAID;
            said.drain(SAID..cut);
        }
    }
}

const PING: &str = "steadfast-ping ";
const SAID: usize = 4096;
/// After its session has ended, and so it will end too.
const BY_ITSELF: Duration = Duration::from_millis(200);
/// For telling the server and its `ProxyCommand`.
const WHEN_ASKED: Duration = Duration::from_secs(2);
const LAST_WORDS: Duration = Duration::from_millis(500);
