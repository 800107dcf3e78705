//! The output of a durable run, from an offset to its end.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::task::JoinSet;

use crate::client::silence::{is_alive, silence};
use crate::client::{CALL_LIMIT, ClientError};
use crate::domain::diagnosis::Cause;
use crate::domain::event::Lengths;
use crate::domain::id::AttemptId;
use crate::domain::run::{Judgement, Stream, Verdict, judge};
use crate::port::Session;
use crate::remote::{self, Follow, FollowEvent, Follower, RemoteError};

/// A look into the output of a run. Dropping it ends the look and nothing else; as long as it is there
/// it keeps the connection open, also when the [`Client`](super::Client) was dropped.
///
/// Whoever reads it may take any time: at most 64 pieces wait here, of some 32 KiB each. When they do,
/// the host is asked to send no more, and asked again when they were taken; the connection stays alive
/// meanwhile.
pub struct Attached {
    pieces: mpsc::Receiver<Piece>,
    offset: u64,
    verdict: Option<Verdict>,
    /// The pump; aborted when dropped.
    _pump: JoinSet<()>,
}

enum Piece {
    Bytes(Bytes),
    /// The run is over, and its output ends here.
    Over(Verdict),
    Failed(ClientError),
}

impl Attached {
    /// Opens the look: the first answer of the host is waited for here.
    pub(super) async fn open(
        session: Arc<dyn Session>,
        id: AttemptId,
        stream: Stream,
        offset: u64,
    ) -> Result<Self, ClientError> {
        let (queue, pieces) = mpsc::channel(PIECES);
        let pump = Pump { session, id, stream, offset, queue };
        let follower = pump.follow().await?;
        let mut task = JoinSet::new();
        task.spawn(pump.run(follower));
        Ok(Self { pieces, offset, verdict: None, _pump: task })
    }

    /// Where the next bytes begin, and where to attach again after an error.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How the run ended: there once [`Attached::next`] has given `None`.
    #[must_use]
    pub fn verdict(&self) -> Option<&Verdict> {
        self.verdict.as_ref()
    }

    /// The next bytes, raw and in pieces of any length; `None` when the run is over and everything was
    /// read. Waits as long as the run is silent. Cancel-safe: what is not returned is not lost.
    ///
    /// # Errors
    /// [`ClientError::Lost`] when the connection ended or nothing was heard over it for 15 s;
    /// [`ClientError::OutputGone`] when the run printed more than its `spool_limit` while nobody read.
    /// No more comes after an error: attach again, at [`Attached::offset`] or as the error says.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        if self.verdict.is_some() {
            return Ok(None);
        }
        match self.pieces.recv().await {
            Some(Piece::Bytes(bytes)) => {
                self.offset += bytes.len() as u64;
                Ok(Some(bytes))
            }
            Some(Piece::Over(verdict)) => {
                self.verdict = Some(verdict);
                Ok(None)
            }
            Some(Piece::Failed(error)) => Err(error),
            None => Err(ClientError::Lost(Cause::Other("an earlier error ended this look".into()))),
        }
    }
}

/// Reads the channel without pause and never lets it wait for whoever reads the output.
struct Pump {
    session: Arc<dyn Session>,
    id: AttemptId,
    stream: Stream,
    /// Of the next byte to fetch.
    offset: u64,
    queue: mpsc::Sender<Piece>,
}

impl Pump {
    async fn run(mut self, first: Follower) {
        let (mut follower, mut futile) = (first, 0);
        let last = loop {
            let before = self.offset;
            if let Some(last) = self.pour(follower).await {
                break last;
            }
            futile = if self.offset == before { futile + 1 } else { 0 };
            if futile > FUTILE {
                break Piece::Failed(RemoteError::Host("the host ends every follower at once".into()).into());
            }
            if futile > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            // Nobody but a reader who pauses waits here, for as long as that takes; dropped, it ends.
            let Ok(room) = self.queue.reserve_many(PIECES).await else { return };
            drop(room);
            follower = match self.follow().await {
                Ok(follower) => follower,
                Err(error) => break Piece::Failed(error),
            };
        };
        // Gone is whoever wanted to know.
        self.queue.send(last).await.ok();
    }

    async fn follow(&self) -> Result<Follower, ClientError> {
        let offset = self.offset;
        match remote::follow(self.session.as_ref(), self.id, self.stream, offset, CALL_LIMIT).await? {
            Follow::Opened(follower) => Ok(follower),
            Follow::Gap { base } => Err(ClientError::OutputGone { offset, base }),
            Follow::Short { size } => Err(ClientError::OutputShort { offset, size }),
            Follow::Missing => Err(ClientError::NoSuchRun(self.id)),
        }
    }

    /// Until there is something to say that ends it; `None`: follow again from the offset.
    async fn pour(&mut self, mut follower: Follower) -> Option<Piece> {
        let session = Arc::clone(&self.session);
        let mut silence = pin!(silence(session.as_ref()));
        let mut over: Option<(Verdict, u64)> = None;
        loop {
            if let Some((verdict, _)) = over.take_if(|(_, size)| self.offset >= *size) {
                return Some(Piece::Over(verdict));
            }
            let event = tokio::select! {
                biased;
                event = follower.next() => event,
                lost = &mut silence => return Some(Piece::Failed(lost)),
            };
            match event {
                FollowEvent::Bytes(bytes) => {
                    let length = bytes.len() as u64;
                    match self.queue.try_send(Piece::Bytes(bytes)) {
                        Ok(()) => self.offset += length,
                        // The reader is slower than the host: let go of the channel, not of liveness.
                        Err(TrySendError::Full(_) | TrySendError::Closed(_)) => return None,
                    }
                }
                // Shorter than what came since it was taken: a report proves no going back in time.
                FollowEvent::State(evidence) => match judge(&evidence, Lengths::default()) {
                    Judgement::Over { verdict, sizes } => over = Some((verdict, of(sizes, self.stream))),
                    Judgement::Missing => return Some(Piece::Failed(ClientError::NoSuchRun(self.id))),
                    Judgement::Starting | Judgement::Running => {}
                },
                FollowEvent::Ended(_) => return is_alive(session.as_ref()).await.err().map(Piece::Failed),
            }
        }
    }
}

fn of(sizes: Lengths, stream: Stream) -> u64 {
    match stream {
        Stream::Out => sizes.out,
        Stream::Err => sizes.err,
    }
}

/// Pieces that wait for whoever reads. Full: the follower is closed, and started again from the first
/// byte that did not fit once all were taken.
const PIECES: usize = 64;

/// Followers in a row that may end without bringing anything.
const FUTILE: u32 = 3;

/// Before the next of them.
const PAUSE: Duration = Duration::from_secs(1);
