//! Another program has the terminal, and we wait for it.

use std::ffi::OsString;
use std::io;
use std::time::Duration;

use tokio::process::Command;

use super::signals::{Asked, Signals};

/// How it came to an end.
pub(super) enum Left {
    /// By itself, well or not.
    Ended(String),
    /// We are to leave as well.
    Asked(Asked),
}

/// Runs a program in the terminal, which must have been given back. What is typed goes to it; a ctrl-C is
/// meant for it, and not for us.
pub(super) async fn run(argv: &[OsString], signals: &mut Signals) -> io::Result<Left> {
    let Some((program, arguments)) = argv.split_first() else { return Err(io::ErrorKind::InvalidInput.into()) };
    let mut child = Command::new(program).args(arguments).kill_on_drop(true).spawn()?;
    loop {
        let asked = tokio::select! {
            status = child.wait() => {
                let status = status?;
                let words = if status.success() { String::new() } else { status.to_string() };
                return Ok(settled(signals).await.map_or(Left::Ended(words), Left::Asked));
            }
            asked = signals.next() => asked,
        };
        match asked {
            Asked::Interrupt | Asked::Continue => {}
            Asked::Terminate | Asked::HangUp => {
                child.start_kill().ok();
                child.wait().await.ok();
                return Ok(Left::Asked(asked));
            }
        }
    }
}

/// The signal that ended the program was sent to us as well, and may be heard only after its end. One that
/// asks us to leave is returned.
async fn settled(signals: &mut Signals) -> Option<Asked> {
    while let Ok(asked) = tokio::time::timeout(SETTLING, signals.next()).await {
        match asked {
            Asked::Interrupt | Asked::Continue => {}
            Asked::Terminate | Asked::HangUp => return Some(asked),
        }
    }
    None
}

/// Long enough for a signal that is on its way, too short to be noticed.
const SETTLING: Duration = Duration::from_millis(100);
