//! F3: one host, without a supervisor: for a program that wants to run something over SSH and know how
//! it ended, or to start a run that outlives it.
//!
//! For many hosts, a ledger and everything that goes on by itself (reconnecting, logs, time limits,
//! retries) see [`crate::supervisor`]. Imports what is below its floor; deliberately absent: a runtime,
//! logs on disk, anything done behind the caller's back.
//!
//! Every method may be cancelled by dropping its future. None waits for ever on a host that is silent:
//! a call ends after half a minute, what lasts longer after 15 s in which nothing was heard.

mod attached;
mod error;
mod execute;
mod lines;
mod retry;
mod run;
mod silence;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use attached::Attached;
pub use error::ClientError;
pub use execute::Execute;
pub use lines::{LINE_LIMIT, Line};
pub use retry::Retry;
pub use run::Sent;

pub use crate::remote::{Cancelled, Found};

use crate::clock::SystemClock;
use crate::domain::boot::{BootComparison, BootIdentity};
use crate::domain::diagnosis::Cause;
use crate::domain::host::HostSettings;
use crate::domain::id::HostId;
use crate::domain::link::{Backoff, Jitter, Multiplier};
use crate::port::{Connector, DialError, NoPrompt, Session};
use crate::remote;
use crate::ssh::SshConnector;
use crate::ssh::resolve::{ResolveError, SshConfigFiles, Target, resolve};

/// A connection with one host. Dropping it closes the connection; durable runs go on.
pub struct Client {
    connector: Arc<dyn Connector>,
    host: HostId,
    session: Arc<dyn Session>,
    /// The identity of the boot that was last seen. Held for a comparison only.
    boot: Mutex<BootIdentity>,
}

impl Client {
    /// Connects to a host as `ssh ALIAS` would, but asks nobody anything: with the keys of the agent and
    /// those files that have no passphrase (or `SSH_ASKPASS`), to hosts whose key is known. The
    /// configuration is `~/.ssh/config` and `/etc/ssh/ssh_config`, or `config` instead of both. One
    /// attempt, within the time limits of the configuration or 60 s.
    ///
    /// # Errors
    /// [`ClientError::Name`] and [`ClientError::Resolve`] when it is not clear what to connect to;
    /// [`ClientError::Dial`] with the cause, as precisely as it can be told.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use steadfast::client::{Client, Execute};
    ///
    /// let client = Client::connect_alias("rack7", None).await?;
    /// let status = client.execute("uptime", &Execute::default(), |line| println!("{}", line.text())).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect_alias(alias: &str, config: Option<&Path>) -> Result<Self, ClientError> {
        let host = HostId::parse(alias)?;
        let target = target(host.clone(), config).await?;
        let connector = SshConnector::new([target], Arc::new(NoPrompt), Arc::new(SystemClock));
        Self::connect(Arc::new(connector), host).await
    }

    /// Connects to a host that `connector` knows: one attempt, within its time limits. A connector may
    /// be shared by any number of clients, and then asks for each passphrase once.
    ///
    /// # Errors
    /// [`ClientError::Dial`] with the cause, as precisely as it can be told; when the host then cannot be
    /// asked who it is.
    ///
    /// # Examples
    /// To a host of the simulated fleet, which is reached like any other:
    /// ```
    /// # #[cfg(feature = "demo")]
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::sync::Arc;
    ///
    /// use steadfast::client::Client;
    /// use steadfast::clock::SystemClock;
    /// use steadfast::demo::{DemoFleet, FleetOptions};
    /// use steadfast::domain::id::HostId;
    /// use steadfast::port::NoPrompt;
    ///
    /// let clock = Arc::new(SystemClock);
    /// let fleet = DemoFleet::start(&FleetOptions::calm(clock.clone()))?;
    /// let directory = tempfile::tempdir()?;
    /// let connector = Arc::new(fleet.connector(directory.path(), Arc::new(NoPrompt), clock)?);
    ///
    /// let client = Client::connect(connector.clone(), HostId::parse("atlas-01")?).await?;
    /// assert!(client.is_alive().await);
    ///
    /// // One that does not take our key, and one whose own key has changed.
    /// for host in ["fjord", "granite"] {
    ///     let refused = Client::connect(connector.clone(), HostId::parse(host)?).await;
    ///     assert!(refused.is_err_and(|error| error.is_refusal()));
    /// }
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "demo"))]
    /// # fn main() {}
    /// ```
    pub async fn connect(connector: Arc<dyn Connector>, host: HostId) -> Result<Self, ClientError> {
        let (session, boot) = dial(connector.as_ref(), &host).await?;
        Ok(Self { connector, host, session, boot: Mutex::new(boot) })
    }

    #[must_use]
    pub fn host(&self) -> &HostId {
        &self.host
    }

    /// Whether the host answers over this connection within ten seconds, or is heard otherwise.
    ///
    /// # Examples
    /// ```
    /// # mod fleet { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs")); }
    /// # fleet::example(async |client| {
    /// assert!(client.is_alive().await);
    /// client.close();
    /// assert!(!client.is_alive().await);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn is_alive(&self) -> bool {
        silence::is_alive(self.session.as_ref()).await.is_ok()
    }

    /// Ends the connection now; what goes on over it fails. Durable runs go on.
    pub fn close(&self) {
        self.session.close();
    }

    /// Connects anew, whether the old connection still stands or not: at most `retries` attempts (one
    /// at least), with the backoff of the supervisor between them, of up to 1, 2, 4 … 30 s. A refusal
    /// (host key, authentication) is final at once. Returns the attempts it took. What was known of the
    /// host's boot stays known: ask [`Client::check_for_reboot`] afterwards.
    ///
    /// # Errors
    /// The error of the last attempt. The old connection is closed in any case, also when the future is
    /// dropped; reconnecting may be tried again.
    ///
    /// # Examples
    /// ```
    /// # mod fleet { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs")); }
    /// # fleet::example(async |client| {
    /// client.close();
    /// assert_eq!(client.reconnect(5).await?, 1);
    /// assert!(client.is_alive().await);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn reconnect(&mut self, retries: u32) -> Result<u32, ClientError> {
        self.session.close();
        // Not the same for two clients: a fleet's return is to be spread.
        let mut jitter = Jitter::new(rand::random());
        let mut attempt = 1;
        loop {
            match dial(self.connector.as_ref(), &self.host).await {
                Ok((session, boot)) => {
                    self.session = session;
                    let known = self.boot.get_mut().unwrap_or_else(PoisonError::into_inner);
                    if known.is_unknown() {
                        *known = boot;
                    }
                    return Ok(attempt);
                }
                Err(error) if attempt >= retries || error.is_refusal() => return Err(error),
                Err(error) => {
                    tracing::debug!(host = %self.host, attempt, %error, "not reconnected");
                    tokio::time::sleep(BACKOFF.delay(attempt, &mut jitter)).await;
                    attempt += 1;
                }
            }
        }
    }

    /// Asks the host which boot this is, and compares with the one that was known: that of the first
    /// connection, or of the last answer `Changed`. `Unknown` if it would not say, which proves nothing.
    ///
    /// # Errors
    /// When the host cannot be asked.
    ///
    /// # Examples
    /// ```
    /// # mod fleet { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs")); }
    /// # fleet::example(async |client| {
    /// use steadfast::domain::boot::BootComparison;
    ///
    /// client.reconnect(5).await?;
    /// assert_eq!(client.check_for_reboot().await?, BootComparison::Same);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn check_for_reboot(&self) -> Result<BootComparison, ClientError> {
        let now = remote::identify(self.session.as_ref(), CALL_LIMIT).await?.boot;
        let mut known = self.boot.lock().unwrap_or_else(PoisonError::into_inner);
        let comparison = known.compare(&now);
        match comparison {
            BootComparison::Changed => *known = now,
            BootComparison::Unknown if known.is_unknown() => *known = now,
            BootComparison::Same | BootComparison::Unknown => {}
        }
        Ok(comparison)
    }
}

async fn dial(connector: &dyn Connector, host: &HostId) -> Result<(Arc<dyn Session>, BootIdentity), ClientError> {
    let session = connector.dial(host).await?.session;
    let boot = remote::identify(session.as_ref(), CALL_LIMIT).await?.boot;
    Ok((session, boot))
}

/// As `ssh` would; reads files, and so not on the runtime's own threads.
async fn target(host: HostId, config: Option<&Path>) -> Result<Target, ClientError> {
    let config = config.map(Path::to_owned);
    let read = move || -> Result<Target, ResolveError> {
        let files = SshConfigFiles::from_environment(config.as_deref())?;
        resolve(&HostSettings::new(host), &files)
    };
    match tokio::task::spawn_blocking(read).await {
        Ok(target) => Ok(target?),
        Err(error) => {
            Err(DialError { cause: Cause::Other(format!("reading ssh_config: {error}")), evidence: Vec::new() }.into())
        }
    }
}

/// A call that only looks.
const CALL_LIMIT: Duration = Duration::from_secs(30);

/// DESIGN §4.
const BACKOFF: Backoff =
    Backoff { initial: Duration::from_secs(1), multiplier: Multiplier::DOUBLE, maximum: Duration::from_secs(30) };
