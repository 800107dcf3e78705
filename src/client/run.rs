//! Runs that outlive the connection and the program that started them.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;

use crate::client::{Client, ClientError};
use crate::domain::event::CancelReason;
use crate::domain::id::{Attempt, AttemptId, RunId};
use crate::domain::run::{Evidence, Observed, RunSpec, Stream, Upload};
use crate::remote::{self, Follow, FollowEvent, Follower, StartKind, StartOrder};

/// A look into the output of a run, from an offset on.
pub struct Attached {
    follower: Follower,
    stream: Stream,
    offset: u64,
}

impl Client {
    /// Starts a durable run; it goes on whatever becomes of this connection or program.
    ///
    /// # Errors
    /// What kept the host from it. After an error of the connection, starting the same `id` again
    /// ([`Client::start_as`]) finds the run or starts it, never twice.
    pub async fn start(&self, spec: &RunSpec) -> Result<AttemptId, ClientError> {
        let id = AttemptId { run: RunId::from_random(rand::random()), attempt: Attempt::FIRST };
        self.start_as(id, spec).await?;
        Ok(id)
    }

    /// Starts the run of this very id, unless it is there already.
    ///
    /// # Errors
    /// As [`Client::start`].
    pub async fn start_as(&self, id: AttemptId, spec: &RunSpec) -> Result<Evidence, ClientError> {
        let order = StartOrder { spec, reboots: 0, secret_env: &[] };
        let answer = remote::start(self.session.as_ref(), id, &order, START_LIMIT).await?;
        match answer.kind {
            StartKind::Started | StartKind::Attached | StartKind::Starting => Ok(answer.evidence),
            StartKind::Stillborn => Err(ClientError::NotStarted),
        }
    }

    /// What the host says of a run now.
    ///
    /// # Errors
    /// When the host cannot be asked.
    pub async fn look(&self, id: AttemptId) -> Result<Option<Evidence>, ClientError> {
        let looked = remote::states(self.session.as_ref(), &[id], CALL_LIMIT).await?;
        Ok(looked.into_iter().next().map(|(_, evidence)| evidence))
    }

    /// Attaches to the output of a run at byte `offset`; `None` if the host has nothing there (any
    /// more): see [`Client::look`].
    ///
    /// # Errors
    /// When the host cannot be asked.
    pub async fn attach(&self, id: AttemptId, stream: Stream, offset: u64) -> Result<Option<Attached>, ClientError> {
        match remote::follow(self.session.as_ref(), id, stream, offset, CALL_LIMIT).await? {
            Follow::Opened(follower) => Ok(Some(Attached { follower, stream, offset })),
            Follow::Gap { .. } | Follow::Short { .. } | Follow::Missing => Ok(None),
        }
    }

    /// Ends a run with everything it started: TERM, KILL after `grace`. Returns what withstood.
    ///
    /// # Errors
    /// When the host cannot be asked.
    pub async fn cancel(&self, id: AttemptId, grace: Duration) -> Result<Vec<String>, ClientError> {
        let limit = grace + CALL_LIMIT;
        Ok(remote::cancel(self.session.as_ref(), id, grace, CancelReason::Operator, limit).await?.left_over)
    }

    /// Sends a file, once per content; a [`RunSpec::upload`] of what is returned runs it.
    ///
    /// # Errors
    /// When the file cannot be read or the host cannot take it.
    pub async fn upload(&self, path: &Path) -> Result<Upload, ClientError> {
        let file = |source| ClientError::File { path: path.display().to_string(), source };
        let upload = remote::describe(path).await.map_err(file)?;
        remote::upload(self.session.as_ref(), &upload, |_| {}).await?;
        Ok(upload)
    }
}

impl Attached {
    /// Where the next bytes begin.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next bytes; `None` when the run is over and everything was read, or the connection ended
    /// ([`Client::is_alive`] tells; attach again at [`Attached::offset`]). Cancel-safe.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            match self.follower.next().await {
                FollowEvent::Bytes(bytes) => {
                    self.offset += bytes.len() as u64;
                    return Some(bytes);
                }
                FollowEvent::State(evidence) => {
                    if is_whole(&evidence, self.stream, self.offset) {
                        return None;
                    }
                }
                FollowEvent::Ended(_) => return None,
            }
        }
    }
}

/// Whether a run is over, and its output ends here.
fn is_whole(evidence: &Evidence, stream: Stream, offset: u64) -> bool {
    let sizes = match &evidence.observed {
        Observed::Exited(record) => record.sizes,
        Observed::Vanished | Observed::OtherBoot => evidence.sizes,
        Observed::Missing | Observed::Starting | Observed::Stillborn | Observed::Running => return false,
    };
    match stream {
        Stream::Out => offset >= sizes.out,
        Stream::Err => offset >= sizes.err,
    }
}

/// A call that only looks.
const CALL_LIMIT: Duration = Duration::from_secs(30);

/// A loaded host may take its time to start a shell.
const START_LIMIT: Duration = Duration::from_secs(60);
