//! Asking the operator for what only they know.

use futures_util::future::BoxFuture;
use secrecy::SecretString;

use crate::domain::id::HostId;

/// A question for the operator, on the terminal or in a dialog.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// The connection that needs it.
    pub host: HostId,
    pub kind: PromptKind,
    /// The question; for keyboard-interactive it comes from the server: bounded and free of control
    /// characters.
    pub text: String,
    /// Whether what is typed may be shown.
    pub echo: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PromptKind {
    /// Of a key file; asked once per key, kept in memory.
    Passphrase,
    Password,
    KeyboardInteractive,
}

/// Whoever can ask. `None` means that nobody answered: the method is skipped.
pub trait Prompter: Send + Sync {
    fn ask(&self, prompt: Prompt) -> BoxFuture<'_, Option<SecretString>>;
}

/// There is nobody to ask.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPrompt;

impl Prompter for NoPrompt {
    fn ask(&self, _prompt: Prompt) -> BoxFuture<'_, Option<SecretString>> {
        Box::pin(std::future::ready(None))
    }
}
