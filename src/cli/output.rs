//! Data on stdout.

use std::io::Write;

use crate::cli::exit;
use crate::cli::failure::Failure;

/// Writes all of it. A reader that has gone (`| head`) has what it wanted: that is no failure.
pub fn print(text: impl AsRef<[u8]>) -> Result<u8, Failure> {
    write(|out| out.write_all(text.as_ref()))
}

/// The same for what comes in pieces.
pub fn write(body: impl FnOnce(&mut std::io::StdoutLock<'static>) -> std::io::Result<()>) -> Result<u8, Failure> {
    let mut stdout = std::io::stdout().lock();
    match body(&mut stdout).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(exit::SUCCESS),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(exit::SUCCESS),
        Err(error) => Err(Failure::new(exit::FAILURE, format!("failed to write to stdout: {error}"))),
    }
}
