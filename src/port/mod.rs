//! F1: what the outside must satisfy, with typed errors. Imports `domain` only.

mod clock;
mod health;
mod prompt;
mod session;

pub use clock::Clock;
pub use health::{HealthProvider, SurveyError};
pub use prompt::{NoPrompt, Prompt, PromptKind, Prompter};
pub use session::{
    Connector, DialError, Dialed, Duplex, Exec, ExecError, ExecEvent, ExecOutput, ExecStdin, ExitStatus, Session,
    SessionGone, Stages,
};
