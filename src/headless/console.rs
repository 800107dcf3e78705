//! stdout and stderr of this process, each behind a thread of its own: a terminal that was stopped or
//! a pager that does not read holds up nobody but who has something to print.
//!
//! The one place below `cli` that prints.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// The writing ends; cheap to clone.
#[derive(Clone)]
pub struct Console {
    out: mpsc::Sender<Job>,
    err: mpsc::Sender<Job>,
    /// Both are one terminal: what is said on one stands in the lines of the other.
    pub(super) shared: bool,
    pub(super) out_terminal: bool,
    pub(super) err_terminal: bool,
    gone: CancellationToken,
    failure: Arc<Mutex<Option<String>>>,
}

enum Job {
    Write(Target, Vec<u8>),
    Flush(oneshot::Sender<()>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Out,
    Err,
}

impl Console {
    /// Those of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let (out, err) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        Self::start(Box::new(std::io::stdout()), Box::new(std::io::stderr()), out, err)
    }

    /// Any two; for tests too.
    #[must_use]
    pub fn start(
        out: Box<dyn Write + Send>,
        err: Box<dyn Write + Send>,
        out_terminal: bool,
        err_terminal: bool,
    ) -> Self {
        let (gone, failure) = (CancellationToken::new(), Arc::new(Mutex::new(None)));
        let shared = out_terminal && err_terminal;
        let (out_jobs, out_queue) = mpsc::channel(QUEUE);
        let note = Note { gone: gone.clone(), failure: Arc::clone(&failure) };
        let err_jobs = if shared {
            spawn(move || write(out_queue, &note, out, Some(err)));
            out_jobs.clone()
        } else {
            let (err_jobs, err_queue) = mpsc::channel(QUEUE);
            spawn(move || write(out_queue, &note, out, None));
            // Nobody is left to tell when stderr is closed; the runs go on.
            let silent = Note { gone: CancellationToken::new(), failure: Arc::default() };
            spawn(move || write(err_queue, &silent, err, None));
            err_jobs
        };
        Self { out: out_jobs, err: err_jobs, shared, out_terminal, err_terminal, gone, failure }
    }

    /// Waits while the reader does not read.
    pub(super) async fn out(&self, bytes: Vec<u8>) {
        self.send(&self.out, Target::Out, bytes).await;
    }

    pub(super) async fn err(&self, bytes: Vec<u8>) {
        self.send(&self.err, Target::Err, bytes).await;
    }

    async fn send(&self, queue: &mpsc::Sender<Job>, target: Target, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            // An error means that its thread has ended: nothing can be printed any more.
            queue.send(Job::Write(target, bytes)).await.ok();
        }
    }

    /// Waits until everything so far is written.
    pub async fn flush(&self) {
        for queue in [&self.out, &self.err] {
            let (done, wait) = oneshot::channel();
            if queue.send(Job::Flush(done)).await.is_ok() {
                wait.await.ok();
            }
        }
    }

    /// Cancelled when nothing can be written to stdout any more.
    pub(super) fn gone(&self) -> &CancellationToken {
        &self.gone
    }

    /// Why not, unless its reader has gone away, which is no failure.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Where a thread tells that it cannot write.
struct Note {
    gone: CancellationToken,
    failure: Arc<Mutex<Option<String>>>,
}

fn spawn(body: impl FnOnce() + Send + 'static) {
    // Not a task: it may hang in `write` when the process ends, and nobody waits for it then. If it
    // cannot be started the queue is closed, and nothing is printed.
    std::thread::Builder::new().name("console".into()).spawn(body).ok();
}

/// `second`: where what is meant for stderr goes, when this queue is for both.
fn write(
    mut queue: mpsc::Receiver<Job>,
    note: &Note,
    mut first: Box<dyn Write + Send>,
    mut second: Option<Box<dyn Write + Send>>,
) {
    while let Some(job) = queue.blocking_recv() {
        match job {
            Job::Write(target, bytes) if !note.gone.is_cancelled() => {
                let stream = second.as_mut().filter(|_| target == Target::Err).unwrap_or(&mut first);
                if let Err(error) = stream.write_all(&bytes).and_then(|()| stream.flush())
                    && target == Target::Out
                {
                    if error.kind() != std::io::ErrorKind::BrokenPipe {
                        *note.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                    }
                    note.gone.cancel();
                }
            }
            Job::Write(..) => {}
            Job::Flush(done) => {
                done.send(()).ok();
            }
        }
    }
}

/// Pieces waiting for stdout or stderr. Full: whoever prints waits, and with it the reading of logs,
/// which loses nothing.
const QUEUE: usize = 16;
