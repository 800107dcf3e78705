//! An authenticated connection of our own client.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use russh::ChannelMsg;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_util::task::TaskTracker;

use crate::domain::diagnosis::Cause;
use crate::port::{Clock, Duplex, Exec, ExecError, Session, SessionGone};

use super::bytes::ChannelBytes;
use super::exec;
use super::handshake::Hop;

/// The host's connection, and those of the jump hosts that carry it.
pub(super) struct RusshSession {
    last: Hop,
    /// Dropped, and so cut, after the connection that they carry.
    jumps: Vec<Hop>,
    channels: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
    tasks: TaskTracker,
}

impl RusshSession {
    /// `None` without any hop.
    pub(super) fn new(mut hops: Vec<Hop>, clock: Arc<dyn Clock>, tasks: TaskTracker) -> Option<Self> {
        let last = hops.pop()?;
        Some(Self { last, jumps: hops, channels: Arc::new(Semaphore::new(CHANNELS)), clock, tasks })
    }

    /// Never waits: who asks for one channel too many is told so.
    fn permit(&self) -> Result<OwnedSemaphorePermit, ExecError> {
        let full = || ExecError::Refused(format!("{CHANNELS} channels are open on this connection (MaxSessions)"));
        Arc::clone(&self.channels).try_acquire_owned().map_err(|_| full())
    }

    /// What `opening` gives. It goes on when nobody waits any more, so that a channel which the server
    /// opens late is closed and not forgotten.
    async fn opened<T: Send + 'static>(
        &self,
        opening: impl Future<Output = Result<T, ExecError>> + Send + 'static,
    ) -> Result<T, ExecError> {
        let (answer, answered) = oneshot::channel();
        let ending = Arc::clone(&self.last.ending);
        self.tasks.spawn(async move {
            tokio::select! {
                biased;
                result = opening => drop(answer.send(result)),
                _ = ending.wait() => {}
            }
        });
        match answered.await {
            Ok(Err(ExecError::Gone(_))) | Err(_) => Err(self.last.ending.wait().await.into()),
            Ok(result) => result,
        }
    }
}

impl Session for RusshSession {
    fn exec<'a>(&'a self, command: &'a str) -> BoxFuture<'a, Result<Exec, ExecError>> {
        Box::pin(async move {
            let permit = self.permit()?;
            let (handle, ending) = (Arc::clone(&self.last.handle), Arc::clone(&self.last.ending));
            self.opened(exec::start(handle, ending, self.tasks.clone(), permit, command.to_owned())).await
        })
    }

    fn sftp(&self) -> BoxFuture<'_, Result<Box<dyn Duplex>, ExecError>> {
        Box::pin(async move {
            let permit = self.permit()?;
            let (handle, ending) = (Arc::clone(&self.last.handle), Arc::clone(&self.last.ending));
            let opening = async move {
                let mut channel = exec::open(&handle).await.map_err(|e| exec::refusal(&e, &ending))?;
                channel.request_subsystem(true, "sftp").await.map_err(|e| exec::refusal(&e, &ending))?;
                loop {
                    match channel.wait().await {
                        Some(ChannelMsg::Success) => break,
                        Some(ChannelMsg::Failure | ChannelMsg::Close) => {
                            drop(ChannelBytes::new(channel, None));
                            return Err(ExecError::Refused("no sftp subsystem".into()));
                        }
                        Some(_) => {}
                        None => return Err(exec::gone(&ending)),
                    }
                }
                Ok(Box::new(ChannelBytes::new(channel, Some(permit))) as Box<dyn Duplex>)
            };
            self.opened(opening).await
        })
    }

    fn ping(&self) -> BoxFuture<'_, Result<Duration, SessionGone>> {
        Box::pin(async move {
            let asked = self.clock.now().mono;
            tokio::select! {
                biased;
                gone = self.last.ending.wait() => return Err(gone),
                // russh says `Ok` too when the connection ends while it waits.
                answer = self.last.handle.send_ping() => if answer.is_err() || self.last.handle.is_closed() {
                    return Err(self.last.ending.wait().await);
                }
            }
            Ok(self.clock.now().mono.since(asked))
        })
    }

    fn heard(&self) -> u64 {
        self.last.pulse.heard()
    }

    fn closed(&self) -> BoxFuture<'_, SessionGone> {
        Box::pin(self.last.ending.wait())
    }

    fn close(&self) {
        self.last.ending.set(Cause::Operator);
        self.last.pulse.kill.cancel();
        for jump in &self.jumps {
            jump.ending.set(Cause::Operator);
            jump.pulse.kill.cancel();
        }
    }
}

impl Drop for RusshSession {
    fn drop(&mut self) {
        self.close();
    }
}

/// sshd's default `MaxSessions`; where it is less, sshd itself refuses.
const CHANNELS: usize = 10;
