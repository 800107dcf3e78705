//! A dial: the jump hosts in their order, then the host, each through the one before it.

use std::sync::Arc;

use russh::{ChannelOpenFailure, Error};
use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;

use crate::domain::diagnosis::{Cause, Rung};
use crate::port::{Clock, DialError, Dialed, Duplex};
use crate::ssh::ask::Asker;
use crate::ssh::environment::Environment;
use crate::ssh::patience::{OutOfTime, Patience};
use crate::ssh::resolve::Target;
use crate::ssh::rungs::Rungs;

use super::auth::KeyRing;
use super::bytes::ChannelBytes;
use super::guard::{blame, cause_of};
use super::handshake::{Handshake, Hop};
use super::session::RusshSession;
use super::{Broken, tcp};

/// What all dials share.
pub(in crate::ssh) struct Means {
    pub(in crate::ssh) clock: Arc<dyn Clock>,
    pub(in crate::ssh) keys: KeyRing,
    pub(in crate::ssh) environment: Environment,
    pub(in crate::ssh) learning: Arc<Mutex<()>>,
    pub(in crate::ssh) tasks: TaskTracker,
}

/// One attempt. Dropping the future cuts what was connected so far.
pub(in crate::ssh) async fn dial(target: &Target, means: &Means, asker: &Asker) -> Result<Dialed, DialError> {
    let mut rungs = Rungs::new(Arc::clone(&means.clock));
    let mut hops: Vec<Hop> = Vec::new();
    for (number, next) in target.jump.iter().chain([target]).enumerate() {
        let is_jump = number < target.jump.len();
        rungs.begin(is_jump.then(|| next.alias.to_string()));
        asker.patience.restart(next.limit());
        match connect(next, hops.last(), means, asker, &mut rungs).await {
            Ok(hop) => hops.push(hop),
            Err(Broken { rung, cause, detail }) => return Err(rungs.broken(rung, cause, &detail)),
        }
    }
    asker.release_place();
    let clock = Arc::clone(&means.clock);
    let Some(session) = RusshSession::new(hops, clock, means.tasks.clone()) else {
        return Err(rungs.broken(Rung::Tcp, Cause::Other("no host to connect to".into()), ""));
    };
    Ok(Dialed {
        session: Arc::new(session),
        evidence: rungs.into_evidence(),
        transport: "russh".into(),
        keepalive: Some(target.link.asks()),
    })
}

async fn connect(
    target: &Target,
    through: Option<&Hop>,
    means: &Means,
    asker: &Asker,
    rungs: &mut Rungs,
) -> Result<Hop, Broken> {
    let patience = &asker.patience;
    let tcp_limit = target.tcp_limit();
    let stream: Box<dyn Duplex> = match through {
        None => {
            let (stream, address) = patience
                .within(None, tcp::connect(&target.hostname, target.port, tcp_limit))
                .await
                .unwrap_or_else(|OutOfTime| Err(Broken::new(Rung::Tcp, Cause::ConnectTimedOut)))?;
            rungs.stands(Rung::Tcp, &address.to_string());
            Box::new(stream)
        }
        Some(hop) => {
            let stream = tunnel(hop, target, patience).await?;
            rungs.stands(Rung::Tcp, &format!("{}:{} through {}", target.hostname, target.port, hop.name));
            Box::new(stream)
        }
    };
    let upstream = through.map(|hop| (hop.name.clone(), Arc::clone(&hop.ending)));
    Handshake { target, means, asker, patience, upstream }.run(stream, rungs).await
}

/// A TCP connection that the jump host makes for us. It has its own idea of how long to try, so the
/// whole time of the hop is the limit.
async fn tunnel(hop: &Hop, target: &Target, patience: &Patience) -> Result<ChannelBytes, Broken> {
    let opening = hop.handle.channel_open_direct_tcpip(target.hostname.clone(), u32::from(target.port), "127.0.0.1", 0);
    let opened = tokio::select! {
        biased;
        opened = patience.within(None, opening) => opened,
        gone = hop.ending.wait() => {
            let upstream = (hop.name.clone(), Arc::clone(&hop.ending));
            return Err(Broken::new(Rung::Tcp, blame(Some(&upstream), gone.0)));
        }
    };
    let error = match opened {
        Ok(Ok(channel)) => return Ok(ChannelBytes::new(channel, None)),
        Ok(Err(error)) => error,
        Err(OutOfTime) => return Err(Broken::new(Rung::Tcp, Cause::ConnectTimedOut)),
    };
    let words = hop.notes.refused_channel();
    let of_jump = |cause| Cause::JumpHost { host: hop.name.clone(), cause: Box::new(cause) };
    let cause = if matches!(&error, Error::ChannelOpenFailure(ChannelOpenFailure::ConnectFailed)) {
        refused(&words, target)
    } else if matches!(&error, Error::ChannelOpenFailure(_)) {
        of_jump(Cause::Other(format!("forwards no connections: {words}")))
    } else {
        blame(Some(&(hop.name.clone(), Arc::clone(&hop.ending))), of_jump(cause_of(&error, &hop.pulse)))
    };
    Err(Broken { rung: Rung::Tcp, cause, detail: format!("{}: {words}", hop.name) })
}

/// The jump host's words for why it cannot reach the host: strerror(3) or gai_strerror(3) of another
/// machine.
fn refused(words: &str, target: &Target) -> Cause {
    let words = words.to_lowercase();
    let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    if says(&["refused"]) {
        Cause::PortRefused
    } else if says(&["timed out"]) {
        Cause::ConnectTimedOut
    } else if says(&["no route", "unreachable"]) {
        Cause::NoRoute
    } else if says(&["name", "resol", "nodename", "unknown host"]) {
        Cause::NameNotResolved(target.hostname.clone())
    } else {
        // OpenSSH says no more than "Connection refused" or "connect failed".
        Cause::PortRefused
    }
}
