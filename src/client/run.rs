//! Runs that outlive the connection and the program that started them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::client::attached::Attached;
use crate::client::{CALL_LIMIT, Client, ClientError};
use crate::domain::event::{CancelReason, Lengths};
use crate::domain::id::{Attempt, AttemptId, RunId};
use crate::domain::run::{Evidence, Judgement, RunSpec, Stream, Upload, Verdict, judge};
use crate::remote::{self, Cancelled, Found, RemoteError, StartKind, StartOrder};

/// A file that is on the host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sent {
    /// For [`RunSpec::upload`], with [`UPLOADED`](crate::domain::run::UPLOADED) as the command or in it.
    pub upload: Upload,
    /// Where it is there; executable.
    pub path: String,
    /// How many bytes had to be sent: none when the host had it from before.
    pub bytes: u64,
    /// What a human should know: an unusual place, little room.
    pub notice: Option<String>,
}

impl Client {
    /// Starts a durable run under a new id; it goes on whatever becomes of this connection or program.
    /// Sends [`RunSpec::upload`] before, unless the host has it. The `limits`, `on_reboot` and `retry` of
    /// the spec are for the [supervisor](crate::supervisor): nobody else is there to act on them.
    ///
    /// # Errors
    /// What kept the host from it. After [`ClientError::Lost`] it is not known whether it was started;
    /// who has to know uses [`Client::start_as`].
    ///
    /// # Examples
    /// ```
    /// # mod fleet { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs")); }
    /// # fleet::example(async |client| {
    /// use steadfast::domain::run::{RunSpec, Stream};
    ///
    /// let id = client.start(&RunSpec::new("echo working; sleep 1h")).await?;
    /// client.reconnect(5).await?;
    /// let mut output = client.attach(id, Stream::Out, 0).await?;
    /// assert_eq!(output.next().await?.as_deref(), Some(&b"working\r\n"[..]));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn start(&self, spec: &RunSpec) -> Result<AttemptId, ClientError> {
        let id = AttemptId { run: RunId::from_random(rand::random()), attempt: Attempt::FIRST };
        self.start_as(id, spec, &[]).await?;
        Ok(id)
    }

    /// Starts the run of this very id, unless it is there already: any number of times, over any number
    /// of connections, the command runs once. `secrets` are set for the command and written nowhere.
    ///
    /// # Errors
    /// As [`Client::start`]; [`ClientError::NotStarted`] when the id was given up,
    /// [`ClientError::Unusable`] for what no shell can take.
    pub async fn start_as(
        &self,
        id: AttemptId,
        spec: &RunSpec,
        secrets: &[(String, SecretString)],
    ) -> Result<Evidence, ClientError> {
        check(spec, secrets)?;
        let session = self.session.as_ref();
        if let Some(upload) = &spec.upload {
            remote::upload(session, upload, |_| {}).await?;
        }
        let order = StartOrder { spec, reboots: 0, secret_env: secrets };
        let answer = remote::start(session, id, &order, START_LIMIT).await?;
        match answer.kind {
            StartKind::Started | StartKind::Attached | StartKind::Starting => Ok(answer.evidence),
            StartKind::Stillborn => Err(ClientError::NotStarted),
        }
    }

    /// What the host says of a run now; of one that it does not know, that it is missing.
    ///
    /// # Errors
    /// When the host cannot be asked.
    pub async fn look(&self, id: AttemptId) -> Result<Evidence, ClientError> {
        let looked = remote::states(self.session.as_ref(), &[id], CALL_LIMIT).await?;
        let found = looked.into_iter().find(|(other, _)| *other == id);
        let unsaid = || RemoteError::Garbled("an answer without the run that was asked for".into());
        Ok(found.ok_or_else(unsaid)?.1)
    }

    /// How a run ended; `None` as long as it goes on. Does not wait for it: who wants to wait attaches.
    ///
    /// # Errors
    /// [`ClientError::NoSuchRun`], or when the host cannot be asked.
    pub async fn verdict(&self, id: AttemptId) -> Result<Option<Verdict>, ClientError> {
        match judge(&self.look(id).await?, Lengths::default()) {
            Judgement::Missing => Err(ClientError::NoSuchRun(id)),
            Judgement::Starting | Judgement::Running => Ok(None),
            Judgement::Over { verdict, .. } => Ok(Some(verdict)),
        }
    }

    /// All runs that are on the host, of whomever they are.
    ///
    /// # Errors
    /// When the host cannot be asked.
    pub async fn runs(&self) -> Result<Vec<Found>, ClientError> {
        Ok(remote::list(self.session.as_ref(), CALL_LIMIT).await?)
    }

    /// Attaches to the output of a run, from byte `offset` to its end. At the very end of a run that is
    /// over there is nothing to read, but the verdict. [`Stream::Err`] is there for runs without a
    /// pseudo-terminal only.
    ///
    /// # Errors
    /// [`ClientError::OutputGone`] when the host no longer has that byte, [`ClientError::OutputShort`]
    /// when there is not so much (yet), [`ClientError::NoSuchRun`], or when the host cannot be asked.
    ///
    /// # Examples
    /// After a connection was lost, output goes on at the byte where it stopped:
    /// ```
    /// # mod fleet { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs")); }
    /// # fleet::example(async |client| {
    /// use steadfast::domain::run::{RunSpec, Stream, Verdict};
    ///
    /// let id = client.start(&RunSpec::new("seq 1 5; exit 3")).await?;
    /// let (mut log, mut output) = (Vec::new(), client.attach(id, Stream::Out, 0).await?);
    /// let verdict = loop {
    ///     match output.next().await {
    ///         Ok(Some(bytes)) => log.extend_from_slice(&bytes),
    ///         Ok(None) => break output.verdict().cloned(),
    ///         Err(error) if error.is_lost() => {
    ///             client.reconnect(5).await?;
    ///             output = client.attach(id, Stream::Out, output.offset()).await?;
    ///         }
    ///         Err(error) => return Err(error.into()),
    ///     }
    /// };
    /// assert_eq!(log, b"1\r\n2\r\n3\r\n4\r\n5\r\n");
    /// assert_eq!(verdict, Some(Verdict::Finished { code: 3 }));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn attach(&self, id: AttemptId, stream: Stream, offset: u64) -> Result<Attached, ClientError> {
        Attached::open(Arc::clone(&self.session), id, stream, offset).await
    }

    /// Tells the host that output up to these offsets is safe here, so that it can give back the room:
    /// without it a run keeps the last `spool_limit` bytes of each stream. Returns from where on the
    /// output is still there.
    ///
    /// # Errors
    /// When the host cannot be asked, or has no such run.
    pub async fn acknowledge(&self, id: AttemptId, upto: Lengths) -> Result<Lengths, ClientError> {
        Ok(remote::acknowledge(self.session.as_ref(), id, upto, CALL_LIMIT).await?)
    }

    /// Ends a run with everything that it started: TERM, KILL after `grace` (in whole seconds), then a
    /// look at what is left. A run that is not there will not start any more.
    ///
    /// # Errors
    /// When the host cannot be asked; asking again does no harm.
    ///
    /// # Examples
    /// ```
    /// # mod fleet { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs")); }
    /// # fleet::example(async |client| {
    /// use std::time::Duration;
    ///
    /// use steadfast::domain::run::{Killer, RunSpec, Verdict};
    ///
    /// let id = client.start(&RunSpec::new("sleep 1h")).await?;
    /// let cancelled = client.cancel(id, Duration::from_secs(10)).await?;
    /// assert_eq!(cancelled.left_over, [""; 0]);
    /// let verdict = client.verdict(id).await?;
    /// assert_eq!(verdict, Some(Verdict::Killed { signal: 15, by: Killer::Operator }));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn cancel(&self, id: AttemptId, grace: Duration) -> Result<Cancelled, ClientError> {
        let limit = grace.saturating_add(CANCEL_LIMIT);
        Ok(remote::cancel(self.session.as_ref(), id, grace, CancelReason::Operator, limit).await?)
    }

    /// Removes what the host keeps of a run that is over.
    ///
    /// # Errors
    /// [`ClientError::Remote`] when it still runs; when the host cannot be asked.
    pub async fn remove(&self, id: AttemptId) -> Result<(), ClientError> {
        Ok(remote::remove(self.session.as_ref(), id, CALL_LIMIT).await?)
    }

    /// Sends a file, of any size, once per content; `progress` is told how many of its bytes are there.
    /// Takes as long as the line needs, but ends when nothing moves for a minute. What was sent stays:
    /// after a lost connection the next call goes on behind it.
    ///
    /// # Errors
    /// [`ClientError::File`] when it cannot be read, or what kept the host from taking it.
    ///
    /// # Examples
    /// ```
    /// # mod fleet { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs")); }
    /// # fleet::example(async |client| {
    /// use steadfast::domain::run::{RunSpec, UPLOADED};
    ///
    /// # let directory = tempfile::tempdir()?;
    /// # let script = directory.path().join("own-test.sh");
    /// # std::fs::write(&script, "#!/bin/sh\nuname -a\n")?;
    /// let sent = client.upload(&script, |_| {}).await?;
    /// let spec = RunSpec { upload: Some(sent.upload), ..RunSpec::new(format!("{UPLOADED} --all")) };
    /// let id = client.start(&spec).await?;
    /// # Ok(())
    /// # });
    /// ```
    pub async fn upload(&self, path: &Path, progress: impl FnMut(u64) + Send) -> Result<Sent, ClientError> {
        let unread = |source| ClientError::File { path: path.to_owned(), source };
        let upload = remote::describe(path).await.map_err(unread)?;
        let there = remote::upload(self.session.as_ref(), &upload, progress).await?;
        Ok(Sent { upload, path: there.path, bytes: there.sent, notice: there.notice })
    }
}

/// What would be read otherwise by the host's shell than it was meant.
fn check(spec: &RunSpec, secrets: &[(String, SecretString)]) -> Result<(), ClientError> {
    use secrecy::ExposeSecret;

    let values = spec.env.iter().map(|(_, value)| value.as_str());
    let secret = secrets.iter().map(|(_, value)| value.expose_secret());
    let texts = [Some(spec.command.as_str()), spec.directory.as_deref()].into_iter().flatten();
    let mut names = spec.env.iter().map(|(name, _)| name).chain(secrets.iter().map(|(name, _)| name));
    if texts.chain(values).chain(secret).any(|text| text.contains('\0')) {
        Err(ClientError::Unusable("a command, directory or value has no NUL characters"))
    } else if !names.all(|name| is_name(name)) {
        Err(ClientError::Unusable("names of variables are of letters, digits and _, and begin with no digit"))
    } else if spec.env_file.is_some() {
        Err(ClientError::Unusable("an environment file is read by the supervisor; hand over the secrets themselves"))
    } else {
        Ok(())
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A loaded host may take its time to start a shell.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Beside the grace: for what is killed then to be gone, and its record to be written.
const CANCEL_LIMIT: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_misread_is_not_sent() {
        let env = |name: &str, value: &str| RunSpec { env: vec![(name.into(), value.into())], ..RunSpec::new("true") };
        assert!(check(&env("A_1", "it's; $(fine)\n"), &[]).is_ok());
        for bad in [env("A;reboot;B", ""), env("1A", ""), env("", ""), env("A", "\0"), RunSpec::new("a\0b")] {
            assert!(matches!(check(&bad, &[]), Err(ClientError::Unusable(_))), "{bad:?}");
        }
        assert!(check(&RunSpec::new("true"), &[("A B".into(), SecretString::from("x"))]).is_err());
        let file = RunSpec { env_file: Some("secrets".into()), ..RunSpec::new("true") };
        assert!(check(&file, &[]).is_err());
    }
}
