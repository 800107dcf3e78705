//! Asking the operator during a dial: by the prompter, else by the program in `SSH_ASKPASS`.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::SecretString;
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use zeroize::Zeroizing;

use crate::domain::id::HostId;
use crate::domain::link::DialStage;
use crate::port::{Prompt, PromptKind, Prompter, Stages};

use super::limiter::Place;
use super::patience::Patience;
use super::text::{LINE, clean};

/// Asks on behalf of one dial.
pub(super) struct Asker {
    pub(super) host: HostId,
    pub(super) prompter: Arc<dyn Prompter>,
    pub(super) askpass: Option<PathBuf>,
    pub(super) patience: Arc<Patience>,
    /// Given back when somebody is asked: a dialog that stays open must not hold up other hosts.
    pub(super) place: Mutex<Option<Place>>,
    /// Whoever waits for the dial is told what keeps it.
    pub(super) stages: Stages,
    /// All that the machines on the way may take together.
    pub(super) limit: Duration,
}

impl Asker {
    /// `None`: nobody answered. Waits for as long as the operator does; the dial's limit stands still.
    pub(super) async fn ask(&self, kind: PromptKind, text: &str, echo: bool) -> Option<SecretString> {
        let _pause = self.patience.pause();
        self.release_place();
        self.stages.send_replace(Some(DialStage::Asking));
        let answer = self.answer(kind, text, echo).await;
        self.begin();
        answer
    }

    async fn answer(&self, kind: PromptKind, text: &str, echo: bool) -> Option<SecretString> {
        let text = clean(text, LINE);
        let prompt = Prompt { host: self.host.clone(), kind, text: text.clone(), echo };
        if let Some(answer) = self.prompter.ask(prompt).await {
            return Some(answer);
        }
        match kind {
            PromptKind::Passphrase => self.ask_program(&text).await,
            // As ssh: without a terminal only passphrases come from the program unless it is forced to.
            PromptKind::Password | PromptKind::KeyboardInteractive => None,
        }
    }

    /// From here on the host's time runs.
    pub(super) fn begin(&self) {
        self.stages.send_replace(Some(DialStage::Connecting { limit: self.limit }));
    }

    /// The handshake is over, or waits for a human: the next one may begin.
    pub(super) fn release_place(&self) {
        drop(self.place.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    async fn ask_program(&self, text: &str) -> Option<SecretString> {
        let mut child = Command::new(self.askpass.as_ref()?)
            .arg(text)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .ok()?;
        let mut answer = Zeroizing::new(Vec::with_capacity(ANSWER));
        let limit = u64::try_from(ANSWER).unwrap_or(u64::MAX);
        child.stdout.take()?.take(limit).read_to_end(&mut answer).await.ok()?;
        if !child.wait().await.ok()?.success() {
            return None;
        }
        let text = std::str::from_utf8(&answer).ok()?;
        Some(SecretString::from(text.lines().next().unwrap_or_default()))
    }
}

/// As much of a passphrase as `ssh` itself reads.
const ANSWER: usize = 1024;
