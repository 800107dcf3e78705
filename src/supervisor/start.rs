//! Getting an attempt onto its host: the upload before it, the secrets beside it, the answer after it.

use std::time::Duration;

use secrecy::SecretString;

use crate::domain::id::{AttemptId, Epoch};
use crate::domain::run::{Evidence, RunInput, RunIo, RunSpec};
use crate::port::Session;
use crate::remote::{self, RemoteError, StartAnswer, StartKind, StartOrder};

/// What keeps an attempt from being started.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    #[error("read environment file {path}: {source}")]
    EnvFile { path: String, source: std::io::Error },
    #[error("environment file {path}, line {line}: not NAME=value")]
    EnvLine { path: String, line: usize },
    #[error(transparent)]
    Remote(#[from] RemoteError),
}

/// Sends what is to be sent, and starts; any number of times, it starts once.
pub(super) async fn start(
    session: &dyn Session,
    id: AttemptId,
    spec: &RunSpec,
    reboots: u32,
    limit: Duration,
) -> Result<StartAnswer, StartError> {
    let secret_env = match &spec.env_file {
        Some(path) => read_env_file(path).await?,
        None => Vec::new(),
    };
    if let Some(upload) = &spec.upload {
        remote::upload(session, upload, |_| {}).await?;
    }
    let order = StartOrder { spec, reboots, secret_env: &secret_env };
    Ok(remote::start(session, id, &order, limit).await?)
}

/// What the answer means for the attempt.
pub(super) fn input(epoch: Epoch, answer: Result<StartAnswer, StartError>) -> RunInput {
    match answer {
        Ok(StartAnswer { kind, evidence }) => {
            let attached = match kind {
                StartKind::Started => false,
                StartKind::Attached | StartKind::Starting | StartKind::Stillborn => true,
            };
            RunInput::StartAnswered { epoch, attached, evidence: Box::new(evidence) }
        }
        Err(error) => {
            let final_ = match &error {
                StartError::EnvFile { .. } | StartError::EnvLine { .. } => true,
                StartError::Remote(error) => match error {
                    RemoteError::Host(_) | RemoteError::File { .. } => true,
                    RemoteError::Gone(_)
                    | RemoteError::Refused(_)
                    | RemoteError::TimedOut(_)
                    | RemoteError::Garbled(_) => false,
                },
            };
            RunInput::StartFailed { epoch, reason: error.to_string(), final_ }
        }
    }
}

/// What we can say of a run that somebody else started.
pub(super) fn spec_of(title: String, evidence: &Evidence) -> RunSpec {
    let mut spec = RunSpec::new(title);
    if is_split(evidence) {
        spec.io = RunIo::Split;
    }
    spec
}

fn is_split(evidence: &Evidence) -> bool {
    evidence.sizes.err > 0 || evidence.started.as_ref().is_some_and(|started| started.terminal == "split")
}

/// `NAME=value` lines; `#` comments, blank lines, an optional `export`, and one pair of quotes
/// around the value. Read anew for each attempt, kept nowhere.
async fn read_env_file(path: &str) -> Result<Vec<(String, SecretString)>, StartError> {
    let text =
        tokio::fs::read_to_string(path).await.map_err(|source| StartError::EnvFile { path: path.into(), source })?;
    let mut pairs = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let bad = || StartError::EnvLine { path: path.into(), line: index + 1 };
        let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=').ok_or_else(bad)?;
        if !is_name(name) {
            return Err(bad());
        }
        pairs.push((name.to_owned(), SecretString::from(unquoted(value))));
    }
    Ok(pairs)
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn unquoted(value: &str) -> &str {
    ['"', '\''].iter().find_map(|&quote| value.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(value)
}
