//! What only the operator knows. Without an operator these methods are not used.

use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse};
use secrecy::{ExposeSecret, SecretString};

use crate::port::PromptKind;
use crate::ssh::native::guard::Guard;
use crate::ssh::text::{LINE, clean};

use super::{Credentials, Progress};

/// Keyboard-interactive: the server's questions, in the server's words.
pub(super) async fn questions(handle: &mut Handle<Guard>, with: &Credentials<'_>, progress: &mut Progress) {
    let user = with.target.user.clone();
    let mut answer = handle.authenticate_keyboard_interactive_start(user, None).await;
    // A server may ask again and again; nobody answers more often than this.
    for _ in 0..ROUNDS {
        let (title, instructions, prompts) = match answer {
            Ok(KeyboardInteractiveAuthResponse::InfoRequest { name, instructions, prompts }) => {
                (name, instructions, prompts)
            }
            Ok(KeyboardInteractiveAuthResponse::Success) => {
                return progress.note("keyboard-interactive", Some(&AuthResult::Success));
            }
            Ok(KeyboardInteractiveAuthResponse::Failure { remaining_methods, partial_success }) => {
                let failure = AuthResult::Failure { remaining_methods, partial_success };
                return progress.note("keyboard-interactive", Some(&failure));
            }
            Err(_) => return progress.note("keyboard-interactive", None),
        };
        let mut answers = Vec::new();
        for prompt in prompts.iter().take(QUESTIONS) {
            let text = clean(&format!("{title} {instructions} {}", prompt.prompt), LINE);
            match with.asker.ask(PromptKind::KeyboardInteractive, &text, prompt.echo).await {
                Some(secret) => answers.push(secret),
                None => return decline(progress),
            }
        }
        if answers.len() < prompts.len() {
            return decline(progress);
        }
        let plain = answers.iter().map(|secret: &SecretString| secret.expose_secret().to_owned()).collect();
        answer = handle.authenticate_keyboard_interactive_respond(plain).await;
    }
    decline(progress);
}

/// russh waits for an answer to the question that was asked, and an empty one would count as a failed
/// login: nothing more can be tried on this connection.
fn decline(progress: &mut Progress) {
    progress.tried.push("keyboard-interactive (nobody answered)".into());
    progress.over = true;
}

/// The password, asked for before anything is sent.
pub(super) async fn password(handle: &mut Handle<Guard>, with: &Credentials<'_>, progress: &mut Progress) {
    let user = with.target.user.clone();
    let question = format!("Password of {user} at {}", with.target.hostname);
    let Some(password) = with.asker.ask(PromptKind::Password, &question, false).await else { return };
    let answer = handle.authenticate_password(user, password.expose_secret()).await;
    progress.note("password", answer.ok().as_ref());
}

const ROUNDS: usize = 10;
const QUESTIONS: usize = 10;
