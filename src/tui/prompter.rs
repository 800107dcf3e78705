//! Questions of connections on their way to a dialog and back.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use tokio::sync::{mpsc, oneshot};

use crate::app::Msg;
use crate::app::question::{Kind, Question};
use crate::port::{Prompt, PromptKind, Prompter};

/// A question, and where the answer goes.
pub struct PromptRequest {
    pub prompt: Prompt,
    pub reply: oneshot::Sender<Option<SecretString>>,
}

/// Asks through the screen that holds the other end.
#[derive(Clone)]
pub struct DialogPrompter {
    requests: mpsc::Sender<PromptRequest>,
}

impl DialogPrompter {
    /// The prompter, and what the screen is given. When the queue is full those who ask wait for the
    /// screen, which takes questions at once; without a screen nobody answers.
    #[must_use]
    pub fn new() -> (Self, mpsc::Receiver<PromptRequest>) {
        let (requests, receiver) = mpsc::channel(QUEUE);
        (Self { requests }, receiver)
    }
}

impl Prompter for DialogPrompter {
    fn ask(&self, prompt: Prompt) -> BoxFuture<'_, Option<SecretString>> {
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            self.requests.send(PromptRequest { prompt, reply }).await.ok()?;
            answer.await.ok().flatten()
        })
    }
}

/// Those who wait for an answer.
#[derive(Default)]
pub struct Waiting {
    replies: BTreeMap<u64, oneshot::Sender<Option<SecretString>>>,
    asked: u64,
}

impl Waiting {
    /// Notes who asked, and makes the question for the screen.
    pub fn ask(&mut self, request: PromptRequest) -> Msg {
        self.asked += 1;
        self.replies.insert(self.asked, request.reply);
        let Prompt { host, kind, text, echo } = request.prompt;
        let kind = match kind {
            PromptKind::Passphrase => Kind::Passphrase,
            PromptKind::Password => Kind::Password,
            PromptKind::KeyboardInteractive => Kind::KeyboardInteractive,
        };
        Msg::Ask(Question { id: self.asked, host, kind, text, echo })
    }

    /// Hands an answer over; whoever no longer waits does not get it.
    pub fn answer(&mut self, id: u64, secret: Option<SecretString>) {
        if let Some(reply) = self.replies.remove(&id) {
            reply.send(secret).ok();
        }
    }

    /// The questions whose askers have gone away.
    pub fn withdrawn(&mut self) -> Vec<Msg> {
        let gone: Vec<_> = self.replies.iter().filter(|(_, reply)| reply.is_closed()).map(|(id, _)| *id).collect();
        gone.iter().for_each(|id| drop(self.replies.remove(id)));
        gone.into_iter().map(Msg::Withdraw).collect()
    }
}

/// As many as connect at once to one address.
const QUEUE: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::HostId;
    use secrecy::ExposeSecret;

    fn prompt() -> Prompt {
        let host = HostId::parse("h").expect("a name");
        Prompt { host, kind: PromptKind::Password, text: "Password:".into(), echo: false }
    }

    #[tokio::test]
    async fn an_answer_finds_its_way_back() {
        let (prompter, mut requests) = DialogPrompter::new();
        let mut waiting = Waiting::default();
        let screen = async {
            let Msg::Ask(question) = waiting.ask(requests.recv().await.expect("a request")) else {
                panic!("a question")
            };
            waiting.answer(question.id, Some("s3cret".into()));
        };
        let (answer, ()) = tokio::join!(prompter.ask(prompt()), screen);
        assert_eq!(answer.expect("an answer").expose_secret(), "s3cret");
    }

    #[tokio::test]
    async fn who_gave_up_is_forgotten_and_without_a_screen_nobody_answers() {
        let (prompter, mut requests) = DialogPrompter::new();
        let mut waiting = Waiting::default();
        let (reply, given_up) = oneshot::channel();
        waiting.ask(PromptRequest { prompt: prompt(), reply });
        assert!(waiting.withdrawn().is_empty());
        drop(given_up);
        assert!(matches!(waiting.withdrawn()[..], [Msg::Withdraw(1)]));
        requests.close();
        assert!(prompter.ask(prompt()).await.is_none());
    }
}
