//! Output of an attempt from its log on our disk, never from memory: constant memory, and whoever
//! prints slowly holds up nobody.

use std::io::SeekFrom;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::sync::{mpsc, watch};

use crate::domain::id::AttemptId;
use crate::domain::run::Stream;
use crate::headless::printer::Print;
use crate::supervisor::Handle;

/// Follows one log.
pub(super) struct Reader {
    pub handle: Handle,
    pub id: AttemptId,
    pub stream: Stream,
    pub source: usize,
    /// Where to begin; then, how far its bytes were handed on.
    pub position: Arc<AtomicU64>,
    /// True once the attempt is over: its log is complete then.
    pub over: watch::Receiver<bool>,
    pub out: mpsc::Sender<Print>,
}

/// Where a reader stopped.
#[derive(Debug)]
pub(super) struct Read {
    pub source: usize,
    pub trouble: Option<std::io::Error>,
}

impl Reader {
    /// Ends when the attempt is over and all of its log is handed on, or nobody prints any more.
    pub(super) async fn run(mut self) -> Read {
        let trouble = self.follow().await.err();
        self.out.send(Print::End { source: self.source, stream: self.stream }).await.ok();
        Read { source: self.source, trouble }
    }

    async fn follow(&mut self) -> std::io::Result<()> {
        let mut tail = self.handle.output(self.id, self.stream);
        let mut file = None;
        loop {
            // Looked at before the log is read: what is in it then is all there will be.
            let over = *self.over.borrow_and_update();
            tail.end.borrow_and_update();
            if file.is_none() {
                file = open(&tail.path, self.position.load(Ordering::Relaxed)).await?;
            }
            if let Some(file) = &mut file {
                while let Some(bytes) = read(file).await? {
                    let length = u64::try_from(bytes.len()).unwrap_or(0);
                    if self.out.send(Print::Output { source: self.source, stream: self.stream, bytes }).await.is_err() {
                        return Ok(());
                    }
                    self.position.fetch_add(length, Ordering::Relaxed);
                }
            }
            if over {
                return Ok(());
            }
            tokio::select! {
                changed = tail.end.changed() => if changed.is_err() {
                    // Its writer has begun, or has ended.
                    tokio::time::sleep(PAUSE).await;
                    tail = self.handle.output(self.id, self.stream);
                },
                changed = self.over.changed() => if changed.is_err() {
                    return Ok(());
                },
            }
        }
    }
}

/// `None`: there is no log yet.
async fn open(path: &std::path::Path, from: u64) -> std::io::Result<Option<File>> {
    match File::open(path).await {
        Ok(mut file) => {
            file.set_max_buf_size(CHUNK);
            file.seek(SeekFrom::Start(from)).await?;
            Ok(Some(file))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn read(file: &mut File) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = vec![0; CHUNK];
    let length = file.read(&mut bytes).await?;
    bytes.truncate(length);
    Ok((length > 0).then_some(bytes))
}

/// Read at a time.
const CHUNK: usize = 64 * 1024;

/// Before a log whose writer has changed is looked at again.
const PAUSE: Duration = Duration::from_millis(50);
