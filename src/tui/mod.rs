//! F6: the terminal: its events in, frames out. Owns no truth: it can be killed at any moment.
//!
//! [`run`] is the main thread's future, so that a terminal that stops reading blocks nobody else.
//! Everything that is waiting is taken in before a frame is drawn; a frame is drawn only when
//! something changed, and at most sixty times a second.

pub mod arrivals;
mod clipboard;
mod emulator;
mod feed;
mod guard;
mod input;
mod landmarks;
mod merger;
mod notify;
mod outside;
mod pace;
pub mod pager;
mod program;
mod prompter;
mod screenshot;
mod session;
mod side;
mod signals;
#[cfg(unix)]
mod silence;
mod work;

use std::io;
use std::sync::Arc;

use tokio::sync::mpsc;

pub use feed::{MarksOf, PlacesOf, TimesOf};
pub use prompter::{DialogPrompter, PromptRequest};

use crate::domain::alert::AlertSettings;
use crate::domain::health;
use crate::domain::look::Look;
use crate::domain::moment::Wall;
use crate::domain::run::Job;
use crate::port::Clock;
use crate::supervisor::{CommandError, Handle};
use crate::ui::theme::Theme;

/// What the screen is to show, and where it asks.
pub struct TuiOptions {
    pub fleet_name: String,
    pub jobs: Vec<Job>,
    /// What the terminal can show.
    pub theme: Theme,
    /// When hosts are unhealthy, and how often they are sampled.
    pub health: health::Settings,
    /// What the operator wants of it.
    pub look: Look,
    /// What the operator is called for, and how.
    pub alerts: AlertSettings,
    /// Verbs that act on hosts are refused.
    pub read_only: bool,
    /// The hosts end with the screen, and their runs with them.
    pub simulated: bool,
    /// Questions of connections: the other end is a [`DialogPrompter`].
    pub prompts: mpsc::Receiver<PromptRequest>,
    pub clock: Arc<dyn Clock>,
    /// Gaps and blind times of a log from before the screen was opened, from the ledger; without it only
    /// those that happen meanwhile are shown. Called where blocking is allowed.
    pub marks: Option<MarksOf>,
    /// When the bytes of a log arrived; without it no times are shown.
    pub times: Option<TimesOf>,
    /// Where the alarms of a log are, in order, from the ledger. Called where blocking is allowed.
    pub alarm_places: Option<PlacesOf>,
    /// Seconds that local time is ahead of UTC at a moment.
    pub utc_offset: fn(Wall) -> i32,
    /// Random: identifiers of runs are made from it.
    pub seed: u64,
    /// The terminal is tmux, which hands on what is wrapped for it.
    pub in_tmux: bool,
}

/// How the screen was left. Runs go on in every case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The operator quit.
    Quit,
    /// The operator wants to leave without waiting for anything.
    Aborted,
    /// By SIGTERM or SIGQUIT.
    Terminated,
    /// The terminal is gone; nothing can be written to it.
    HungUp,
}

#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    #[error("use the terminal")]
    Terminal(#[source] io::Error),
    #[error("listen to signals")]
    Signals(#[source] io::Error),
    #[error("see the fleet")]
    Supervisor(#[source] CommandError),
}

/// Shows the fleet until the operator leaves. MUST be polled by the main thread, as the future of
/// `block_on`: a panic of another thread leaves the screen standing.
pub async fn run(handle: Handle, options: TuiOptions) -> Result<Outcome, TuiError> {
    session::Session::open(handle, options).await?.run().await
}
