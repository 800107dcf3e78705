//! Signals that concern the terminal. On systems without them nothing ever comes.

use std::io;

/// What a signal asks of us.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked {
    /// SIGINT from outside: the same as the key.
    Interrupt,
    /// SIGTERM, SIGQUIT: leave in order.
    Terminate,
    /// SIGHUP: the terminal is gone.
    HangUp,
    /// SIGCONT: we were stopped, and the terminal may have been used.
    Continue,
}

#[cfg(unix)]
pub struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    quit: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
    resume: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            quit: signal(SignalKind::quit())?,
            hang_up: signal(SignalKind::hangup())?,
            resume: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
        })
    }

    /// The next one. Cancel-safe.
    pub async fn next(&mut self) -> Asked {
        tokio::select! {
            biased;
            Some(()) = self.hang_up.recv() => Asked::HangUp,
            Some(()) = self.terminate.recv() => Asked::Terminate,
            Some(()) = self.quit.recv() => Asked::Terminate,
            Some(()) = self.interrupt.recv() => Asked::Interrupt,
            Some(()) = self.resume.recv() => Asked::Continue,
            else => std::future::pending().await,
        }
    }

    /// Stops this process as ctrl-Z would, and returns when it goes on.
    pub async fn suspend(&mut self) -> io::Result<()> {
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP)?;
        // Without a shell that controls jobs nobody stops us: then this is all there is to wait for.
        tokio::time::timeout(RESUMED, self.resume.recv()).await.ok();
        Ok(())
    }
}

#[cfg(not(unix))]
pub struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    pub async fn next(&mut self) -> Asked {
        std::future::pending().await
    }

    pub async fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whoever wakes from a stop hears of it at once; only one who was never stopped waits this long.
#[cfg(unix)]
const RESUMED: std::time::Duration = std::time::Duration::from_millis(300);
