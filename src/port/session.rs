//! A connection with a host, as the supervisor needs it: run a program over it, ask whether it lives.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use crate::domain::diagnosis::{Cause, Rung, RungAnswer, RungReport};
use crate::domain::id::HostId;
use crate::domain::link::{DialStage, Keepalive};

/// Opens sessions with the hosts it knows.
pub trait Connector: Send + Sync {
    /// One attempt: name, TCP, SSH handshake, authentication, within the host's time limits.
    /// Dropping the future ends the attempt.
    fn dial(&self, host: &HostId) -> BoxFuture<'static, Result<Dialed, DialError>>;

    /// The same; what keeps it waiting is told meanwhile. A connector in which nothing waits tells nothing.
    fn dial_telling(&self, host: &HostId, stages: Stages) -> BoxFuture<'static, Result<Dialed, DialError>> {
        drop(stages);
        self.dial(host)
    }

    /// Asks the host's kernel alone, by ICMP. Never fails: a host that is not to be pinged says why.
    fn ping(&self, host: &HostId) -> BoxFuture<'static, RungReport> {
        let _ = host;
        let (rung, answer) = (Rung::Icmp, RungAnswer::NotAsked);
        Box::pin(std::future::ready(RungReport { rung, answer, took: Duration::ZERO, detail: String::new() }))
    }

    /// Asks the rungs below a login (name, TCP, banner) what still stands, all at once, without
    /// logging in. Never fails: what could not be asked says so.
    fn probe(&self, host: &HostId) -> BoxFuture<'static, Vec<RungReport>>;

    /// The addresses of the first machine on the way to a host (itself, or a jump host): what the routing
    /// table is asked about. Empty: not known. May ask a resolver; the caller sets the limit.
    fn addresses(&self, host: &HostId) -> BoxFuture<'static, Vec<IpAddr>> {
        let _ = host;
        Box::pin(std::future::ready(Vec::new()))
    }
}

/// Where a dial tells what it waits for; only the newest word counts.
pub type Stages = watch::Sender<Option<DialStage>>;

/// A session that was just opened.
pub struct Dialed {
    pub session: Arc<dyn Session>,
    /// What each rung said on the way, lowest first.
    pub evidence: Vec<RungReport>,
    /// `russh` or `ssh (because …)`, for people.
    pub transport: String,
    /// When silence is taken for the end, where the connector knows it better than the settings of the link.
    pub keepalive: Option<Keepalive>,
}

/// Why an attempt failed, and how far it had come.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{cause}")]
pub struct DialError {
    pub cause: Cause,
    pub evidence: Vec<RungReport>,
}

/// An authenticated connection. When the last clone of the `Arc` goes, the connection is closed.
pub trait Session: Send + Sync {
    /// Runs `command` through the login shell of the host. Only commands that every shell reads
    /// alike belong here (`exec /bin/sh -s`); scripts go to its stdin.
    fn exec<'a>(&'a self, command: &'a str) -> BoxFuture<'a, Result<Exec, ExecError>>;

    /// The `sftp` subsystem's byte stream, where the server has one.
    fn sftp(&self) -> BoxFuture<'_, Result<Box<dyn Duplex>, ExecError>>;

    /// Asks the server for a sign of life and waits for the answer; the caller sets the limit.
    fn ping(&self) -> BoxFuture<'_, Result<Duration, SessionGone>>;

    /// Counts everything received on the connection; any change is a sign of life.
    fn heard(&self) -> u64;

    /// Completes when the connection has ended, with the reason.
    fn closed(&self) -> BoxFuture<'_, SessionGone>;

    /// Ends the connection now; idempotent.
    fn close(&self);
}

/// A program running on the host. Dropping it closes its channel.
pub struct Exec {
    /// `shutdown` on it is EOF for the program.
    pub stdin: ExecStdin,
    pub output: Box<dyn ExecOutput>,
}

pub type ExecStdin = Pin<Box<dyn AsyncWrite + Send>>;

/// Bytes both ways.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// What a program says. MUST be read without pause: a channel that is not drained stops its whole
/// connection, pings included.
pub trait ExecOutput: Send {
    /// The next event; [`ExecEvent::Closed`] for ever after the last. Cancel-safe.
    fn next(&mut self) -> BoxFuture<'_, ExecEvent>;
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ExecEvent {
    Stdout(Bytes),
    Stderr(Bytes),
    Exit(ExitStatus),
    /// The channel has ended. Without an [`ExecEvent::Exit`] before it nothing is known of the program.
    Closed,
}

/// How a program on the host ended, as sshd tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ExitStatus {
    Code(u32),
    /// Without the `SIG`.
    Signal(String),
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum ExecError {
    /// sshd refused the channel (`MaxSessions`) or the program (a forced command, no shell).
    #[error("sshd refused: {0}")]
    Refused(String),
    #[error(transparent)]
    Gone(#[from] SessionGone),
}

/// The connection is no more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("connection ended: {0}")]
pub struct SessionGone(pub Cause);
