//! Asks the operator on the terminal, before or without a screen. Not on stdin: that may be a pipe.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::SecretString;
use tokio::sync::oneshot;

use crate::domain::id::HostId;
use crate::port::{Prompt, Prompter};

/// Asks one question at a time on `/dev/tty`; without one nobody answers.
#[derive(Default)]
pub struct TerminalPrompter {
    /// Whose questions are asked; `None`: everybody's. Whoever waits for one host must not be asked for
    /// the password of another, whose old run happens to be looked after meanwhile.
    only: Mutex<Option<Vec<HostId>>>,
    /// Held from a question to its answer; other connections wait with theirs.
    turn: tokio::sync::Mutex<()>,
    /// The terminal as it was before the question that stands.
    before: Mutex<Option<(File, Termios)>>,
}

impl TerminalPrompter {
    /// From here on only questions of these hosts are asked; the others have nobody to ask.
    pub fn ask_only_for(&self, hosts: &[HostId]) {
        *self.only.lock().unwrap_or_else(PoisonError::into_inner) = Some(hosts.to_vec());
    }

    fn is_silent_for(&self, host: &HostId) -> bool {
        let only = self.only.lock().unwrap_or_else(PoisonError::into_inner);
        only.as_ref().is_some_and(|hosts| !hosts.contains(host))
    }

    /// Gives the terminal back as it was: a question may stand, unseen what is typed, when the
    /// process ends.
    pub fn restore(&self) {
        if let Some((terminal, before)) = self.before.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // There is no other way to mend it.
            tcsetattr(&terminal, OptionalActions::Now, &before).ok();
        }
    }

    fn remember(&self) {
        let terminal = File::open(TERMINAL).ok();
        let state = terminal.and_then(|terminal| tcgetattr(&terminal).ok().map(|state| (terminal, state)));
        *self.before.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

impl Prompter for TerminalPrompter {
    fn ask(&self, prompt: Prompt) -> BoxFuture<'_, Option<SecretString>> {
        Box::pin(async move {
            if self.is_silent_for(&prompt.host) {
                return None;
            }
            let _turn = self.turn.lock().await;
            self.remember();
            let (answer, wait) = oneshot::channel();
            // Not a task: it hangs in `read` until somebody types, and a process that ends must not
            // wait for that. If it cannot be started nobody answers.
            let thread = std::thread::Builder::new().name("prompt".into());
            thread.spawn(move || answer.send(ask(&prompt)).ok()).ok();
            let answer = wait.await.ok().flatten();
            self.restore();
            answer
        })
    }
}

fn ask(prompt: &Prompt) -> Option<SecretString> {
    let question = format!("{}: {} ", prompt.host, prompt.text.trim_end());
    if prompt.echo {
        let mut terminal = File::options().read(true).write(true).open(TERMINAL).ok()?;
        terminal.write_all(question.as_bytes()).ok()?;
        let mut line = String::new();
        let length = BufReader::new(terminal).read_line(&mut line).ok()?;
        return (length > 0).then(|| SecretString::from(line.trim_end_matches(['\r', '\n'])));
    }
    rpassword::prompt_password(question).ok().map(SecretString::from)
}

const TERMINAL: &str = "/dev/tty";
