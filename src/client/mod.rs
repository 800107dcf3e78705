//! F3: one host, without a supervisor: what a program needs that wants to run something over SSH
//! and know how it ended, or to start a run that outlives it.
//!
//! For many hosts, a ledger and everything that goes on by itself, see [`crate::supervisor`].

mod error;
mod execute;
mod run;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use error::ClientError;
pub use execute::{Execute, Line};
pub use run::Attached;

use crate::domain::boot::{BootComparison, BootIdentity};
use crate::domain::id::HostId;
use crate::domain::link::{Backoff, Jitter};
use crate::port::{Connector, Session};
use crate::remote;

/// A connection with one host. Dropping it closes the connection; durable runs go on.
pub struct Client {
    connector: Arc<dyn Connector>,
    host: HostId,
    session: Arc<dyn Session>,
    /// The identity of the boot that was last seen.
    boot: Mutex<BootIdentity>,
    backoff: Backoff,
}

impl Client {
    /// Connects to a host that `connector` knows: one attempt.
    ///
    /// # Errors
    /// [`ClientError::Dial`] with the cause, as precisely as it can be told.
    pub async fn connect(connector: Arc<dyn Connector>, host: HostId) -> Result<Self, ClientError> {
        let (session, boot) = dial(connector.as_ref(), &host).await?;
        let backoff = Backoff { initial: BACKOFF_INITIAL, maximum: BACKOFF_MAXIMUM };
        Ok(Self { connector, host, session, boot: Mutex::new(boot), backoff })
    }

    #[must_use]
    pub fn host(&self) -> &HostId {
        &self.host
    }

    /// Whether the host answers over this connection, within ten seconds.
    pub async fn is_alive(&self) -> bool {
        matches!(tokio::time::timeout(ALIVE_LIMIT, self.session.ping()).await, Ok(Ok(_)))
    }

    /// Connects anew: at most `retries` attempts, with the backoff of the supervisor between them.
    /// A refusal (host key, authentication) is final at once. Returns the attempts it took.
    ///
    /// # Errors
    /// The error of the last attempt; the old connection is closed in any case.
    pub async fn reconnect(&mut self, retries: u32) -> Result<u32, ClientError> {
        self.session.close();
        let mut jitter = Jitter::new(u64::from(std::process::id()));
        let mut attempt = 1;
        loop {
            match dial(self.connector.as_ref(), &self.host).await {
                Ok((session, _)) => {
                    self.session = session;
                    return Ok(attempt);
                }
                Err(ClientError::Dial(error)) if attempt < retries && !error.cause.is_refusal() => {
                    tokio::time::sleep(self.backoff.delay(attempt, &mut jitter)).await;
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Asks the host which boot this is. `Changed` if it is another than when it was last asked
    /// (or connected to); `Unknown` if it would not say, which proves nothing.
    ///
    /// # Errors
    /// When the host cannot be asked.
    pub async fn check_for_reboot(&self) -> Result<BootComparison, ClientError> {
        let now = remote::identify(self.session.as_ref(), CALL_LIMIT).await?.boot;
        let mut known = self.boot.lock().unwrap_or_else(PoisonError::into_inner);
        let comparison = known.compare(&now);
        match comparison {
            BootComparison::Changed => *known = now,
            BootComparison::Same => {}
            BootComparison::Unknown if known.is_unknown() => *known = now,
            BootComparison::Unknown => {}
        }
        Ok(comparison)
    }
}

async fn dial(connector: &dyn Connector, host: &HostId) -> Result<(Arc<dyn Session>, BootIdentity), ClientError> {
    let session = connector.dial(host).await?.session;
    let boot = remote::identify(session.as_ref(), CALL_LIMIT).await?.boot;
    Ok((session, boot))
}

/// A call that only looks.
const CALL_LIMIT: Duration = Duration::from_secs(30);

/// A host that needs longer for a ping is not of use.
const ALIVE_LIMIT: Duration = Duration::from_secs(10);

/// DESIGN §4.
const BACKOFF_INITIAL: Duration = Duration::from_secs(1);
const BACKOFF_MAXIMUM: Duration = Duration::from_secs(30);
