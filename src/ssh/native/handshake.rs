//! From a byte stream to an authenticated connection.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use russh::client::{Handle, connect_stream};
use russh::keys::Algorithm;
use tokio_util::sync::DropGuard;

use crate::domain::diagnosis::{Cause, Rung};
use crate::port::Duplex;
use crate::ssh::ask::Asker;
use crate::ssh::ending::Ending;
use crate::ssh::patience::{OutOfTime, Patience};
use crate::ssh::resolve::Target;
use crate::ssh::rungs::Rungs;

use super::auth::{self, Credentials};
use super::chain::Means;
use super::guard::{Guard, Notes, blame, cause_of};
use super::host_key::HostKeyCheck;
use super::pulse::{Pulse, Tapped};
use super::{Broken, preferred};

/// One connection of a chain. Dropping it cuts it.
pub(super) struct Hop {
    pub(super) name: String,
    pub(super) handle: Arc<Handle<Guard>>,
    pub(super) pulse: Arc<Pulse>,
    pub(super) ending: Arc<Ending>,
    pub(super) notes: Arc<Notes>,
    _cut: DropGuard,
}

/// What a handshake needs besides the stream.
pub(super) struct Handshake<'a> {
    pub(super) target: &'a Target,
    pub(super) means: &'a Means,
    pub(super) asker: &'a Asker,
    pub(super) patience: &'a Patience,
    pub(super) upstream: Option<(String, Arc<Ending>)>,
}

impl Handshake<'_> {
    /// Identification, key exchange with host key check, authentication. Dropping the future cuts the
    /// stream.
    pub(super) async fn run(self, stream: Box<dyn Duplex>, rungs: &mut Rungs) -> Result<Hop, Broken> {
        let broken = |cause| Broken::new(Rung::KeyExchange, cause);
        let check =
            HostKeyCheck::new(self.target, &self.means.learning, self.means.clock.now().wall).await.map_err(broken)?;
        let pulse = Arc::new(Pulse::new());
        // russh's task owns the stream: without this it would outlive a dial that was given up.
        let cut = pulse.kill.clone().drop_guard();
        let notes = Arc::new(Notes::default());
        let ending = Arc::new(Ending::new());
        let algorithms = check.algorithms();
        let guard = Guard {
            check,
            notes: Arc::clone(&notes),
            pulse: Arc::clone(&pulse),
            ending: Arc::clone(&ending),
            upstream: self.upstream.clone(),
        };
        let mut handle = self.exchange(&algorithms, stream, guard, rungs).await?;
        let credentials = Credentials {
            target: self.target,
            keys: &self.means.keys,
            environment: &self.means.environment,
            asker: self.asker,
            ending: &ending,
        };
        let how = match self.patience.within(None, auth::authenticate(&mut handle, &credentials)).await {
            Ok(Ok(how)) => how,
            Ok(Err(cause)) => return Err(Broken::new(Rung::Auth, blame(self.upstream.as_ref(), cause))),
            Err(OutOfTime) => return Err(Broken::new(Rung::Auth, Cause::HandshakeTimedOut)),
        };
        rungs.stands(Rung::Auth, &how);
        let name = self.target.alias.to_string();
        Ok(Hop { name, handle: Arc::new(handle), pulse, ending, notes, _cut: cut })
    }

    async fn exchange(
        &self,
        algorithms: &[Algorithm],
        stream: Box<dyn Duplex>,
        guard: Guard,
        rungs: &mut Rungs,
    ) -> Result<Handle<Guard>, Broken> {
        let (pulse, notes) = (Arc::clone(&guard.pulse), Arc::clone(&guard.notes));
        let config = Arc::new(preferred::config(algorithms));
        let mut connecting = pin!(connect_stream(config, Tapped::new(stream, Arc::clone(&pulse)), guard));
        let first = async {
            tokio::select! {
                biased;
                banner = pulse.banner() => Ok(banner),
                done = &mut connecting => Err(done),
            }
        };
        let done = match self.patience.within(Some(self.banner_limit()), first).await {
            Ok(Ok(banner)) => {
                rungs.stands(Rung::Banner, &banner);
                match self.patience.within(None, &mut connecting).await {
                    Ok(done) => done,
                    Err(OutOfTime) => return Err(Broken::new(Rung::KeyExchange, Cause::HandshakeTimedOut)),
                }
            }
            Ok(Err(done)) => done,
            Err(OutOfTime) => {
                let cause = pulse.without_banner(true).unwrap_or(Cause::BannerTimedOut);
                return Err(Broken { rung: Rung::Banner, cause, detail: pulse.preface() });
            }
        };
        match done {
            Ok(handle) => {
                rungs.stands(Rung::KeyExchange, "host key accepted");
                Ok(handle)
            }
            Err(error) => Err(self.why(&error, &pulse, &notes)),
        }
    }

    /// Whose fault it is that there is no key exchange.
    fn why(&self, error: &russh::Error, pulse: &Pulse, notes: &Notes) -> Broken {
        if let Some(cause) = notes.host_key() {
            return Broken::new(Rung::KeyExchange, cause);
        }
        if let Some(cause) = pulse.without_banner(false) {
            let cause = blame(self.upstream.as_ref(), cause);
            return Broken { rung: Rung::Banner, cause, detail: pulse.preface() };
        }
        let mut cause = cause_of(error, pulse);
        if cause == Cause::ClosedByPeer(String::new()) {
            cause = Cause::ClosedByPeer("during the key exchange".into());
        }
        Broken::new(Rung::KeyExchange, blame(self.upstream.as_ref(), cause))
    }

    /// A host that accepts but does not speak within half of the whole time will not be usable within
    /// the other half; and the operator learns of it sooner.
    fn banner_limit(&self) -> Duration {
        self.target.limit() / 2
    }
}
