//! When the terminal has hung up, crossterm's reader spins on it for ever, even after its stream was
//! dropped (crossterm#793). A pipe that never says anything, put in the place of stdin, lets it sleep.

use std::io::{self, PipeWriter};
use std::sync::Mutex;

/// Puts a silent pipe over stdin; for good.
pub fn silence_stdin() -> io::Result<()> {
    let (reader, writer) = io::pipe()?;
    rustix::stdio::dup2_stdin(&reader)?;
    // The writing end stays open as long as the process: without it the pipe would say "end" for ever.
    if let Ok(mut kept) = WRITER.lock() {
        *kept = Some(writer);
    }
    Ok(())
}

static WRITER: Mutex<Option<PipeWriter>> = Mutex::new(None);
