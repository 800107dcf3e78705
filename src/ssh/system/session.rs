//! A connection held by the system's `ssh`.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use crate::port::{Clock, Duplex, Exec, ExecError, Session, SessionGone};

use super::arguments::{Arguments, Client};
use super::exec::{self, Pipes, Running};
use super::master::Master;

pub(super) struct SystemSession {
    master: Master,
    arguments: Arc<Arguments>,
    channels: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
}

impl SystemSession {
    pub(super) fn new(master: Master, arguments: Arc<Arguments>, clock: Arc<dyn Clock>) -> Self {
        Self { master, arguments, channels: Arc::new(Semaphore::new(CHANNELS)), clock }
    }

    async fn run(&self, client: Client<'_>) -> Result<Running, ExecError> {
        let full = || ExecError::Refused(format!("{CHANNELS} programs run over this connection (MaxSessions)"));
        let permit = Arc::clone(&self.channels).try_acquire_owned().map_err(|_| full())?;
        let signs = Arc::clone(self.master.signs());
        let starting = exec::start(Arc::clone(&self.arguments), signs, permit, client);
        tokio::select! {
            biased;
            gone = self.master.signs().ending.wait() => Err(gone.into()),
            running = starting => running,
        }
    }
}

impl Session for SystemSession {
    fn exec<'a>(&'a self, command: &'a str) -> BoxFuture<'a, Result<Exec, ExecError>> {
        Box::pin(async move {
            let Running { stdin, output } = self.run(Client::Exec(command)).await?;
            Ok(Exec { stdin: Box::pin(stdin), output: Box::new(output) })
        })
    }

    fn sftp(&self) -> BoxFuture<'_, Result<Box<dyn Duplex>, ExecError>> {
        Box::pin(async move {
            let running = self.run(Client::Subsystem("sftp")).await?;
            Ok(Box::new(Pipes(running)) as Box<dyn Duplex>)
        })
    }

    fn ping(&self) -> BoxFuture<'_, Result<Duration, SessionGone>> {
        Box::pin(async move {
            let asked = self.clock.now().mono;
            self.master.ping().await?;
            Ok(self.clock.now().mono.since(asked))
        })
    }

    fn heard(&self) -> u64 {
        self.master.signs().heard()
    }

    fn closed(&self) -> BoxFuture<'_, SessionGone> {
        Box::pin(self.master.signs().ending.wait())
    }

    fn close(&self) {
        self.master.close();
    }
}

/// sshd's default `MaxSessions`, less the one that answers pings.
const CHANNELS: usize = 9;
