//! From a follower on the host to a log on our disk, without ever letting the channel wait.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::domain::id::{AttemptId, Epoch};
use crate::domain::run::{FollowAnswer, RunInput, Stream};
use crate::port::Session;
use crate::remote::{self, Follow, FollowEvent, Follower};
use crate::supervisor::host::Report;
use crate::supervisor::limits::LOOK_LIMIT;
use crate::supervisor::shared::Received;
use crate::supervisor::writer::LogWriter;

/// One follower and where its bytes go.
pub(super) struct Pump {
    pub session: Arc<dyn Session>,
    pub epoch: Epoch,
    pub id: AttemptId,
    pub stream: Stream,
    pub from: u64,
    pub writer: LogWriter,
    pub reports: mpsc::Sender<Report>,
    pub received: Received,
}

impl Pump {
    /// Runs until the follower ends, or the writer is full; then waits for the writer and says so.
    pub(super) async fn run(self) {
        let follow = remote::follow(self.session.as_ref(), self.id, self.stream, self.from, LOOK_LIMIT).await;
        let answer = match &follow {
            Ok(Follow::Opened(_)) => FollowAnswer::Opened,
            Ok(Follow::Gap { base }) => FollowAnswer::Gap { base: *base },
            Ok(Follow::Short { .. }) => FollowAnswer::Short,
            Ok(Follow::Missing) => FollowAnswer::Missing,
            Err(error) => {
                tracing::info!(id = %self.id, %error, "follower did not start");
                self.tell(RunInput::FollowEnded { epoch: self.epoch, stream: self.stream }).await;
                return;
            }
        };
        self.tell(RunInput::Followed { epoch: self.epoch, stream: self.stream, answer }).await;
        if let Ok(Follow::Opened(follower)) = follow {
            self.pour(follower).await;
            self.tell(RunInput::FollowEnded { epoch: self.epoch, stream: self.stream }).await;
        }
    }

    async fn pour(&self, mut follower: Follower) {
        let mut at = self.from;
        loop {
            match follower.next().await {
                FollowEvent::Bytes(bytes) => {
                    let length = bytes.len() as u64;
                    if self.writer.offer(at, bytes).await.is_err() {
                        // The disk is slower than the host: let go of the channel, not of liveness.
                        drop(follower);
                        self.writer.sync().await;
                        return;
                    }
                    at += length;
                    self.received.add(length);
                }
                FollowEvent::State(evidence) => {
                    let input = RunInput::Looked { epoch: self.epoch, evidence };
                    // Full: the next look comes in five seconds.
                    self.reports.try_send(Report::Run(self.id, input)).ok();
                }
                FollowEvent::Ended(reason) => {
                    tracing::debug!(id = %self.id, reason, "follower ended");
                    return;
                }
            }
        }
    }

    async fn tell(&self, input: RunInput) {
        // An error means that the host's task is gone, and with it whoever wants to know.
        self.reports.send(Report::Run(self.id, input)).await.ok();
    }
}
