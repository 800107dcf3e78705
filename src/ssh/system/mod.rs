//! The system's `ssh` program as a transport, for what our own client does not speak (`ProxyCommand`,
//! `Match exec`, hardware keys, GSSAPI).
//!
//! One master process of ours per host, with a control socket in a private directory: the operator's
//! own `ControlMaster` is neither used nor disturbed. Its session runs `cat`: the echo of a line is
//! the sign of life, and when we die in whatever way, the end of its stdin ends it. Each exec is a
//! client of that socket.

mod arguments;
mod exec;
mod master;
mod scratch;
mod session;
mod words;

use std::sync::Arc;

use crate::domain::diagnosis::{Cause, Rung};
use crate::port::{DialError, Dialed};

use super::ask::Asker;
use super::native::Means;
use super::patience::OutOfTime;
use super::resolve::Target;
use super::rungs::Rungs;

use arguments::Arguments;
use master::Master;
use session::SystemSession;

/// One attempt; `why` not by ourselves. Dropping the future ends the process.
pub(super) async fn dial(target: &Target, why: &str, means: &Means, asker: &Asker) -> Result<Dialed, DialError> {
    let mut rungs = Rungs::new(Arc::clone(&means.clock));
    let arguments = match Arguments::new(target, &means.environment) {
        Ok(arguments) => Arc::new(arguments),
        Err(error) => {
            let cause = Cause::Other(format!("failed to make a private directory: {error}"));
            return Err(rungs.broken(Rung::Tcp, cause, ""));
        }
    };
    let master = match Master::start(Arc::clone(&arguments), &means.tasks) {
        Ok(master) => master,
        Err(error) => {
            let cause = Cause::Other(format!("failed to run ssh: {error}"));
            return Err(rungs.broken(Rung::Tcp, cause, ""));
        }
    };
    match asker.patience.within(None, master.ready()).await {
        Ok(Ok(())) => {}
        Ok(Err(gone)) => return Err(rungs.broken(words::rung(&gone.0), gone.0, &master.said())),
        Err(OutOfTime) => {
            let cause = words::late(&master.said());
            return Err(rungs.broken(words::rung(&cause), cause, &master.said()));
        }
    }
    asker.release_place();
    rungs.stands(Rung::Auth, &format!("by the system's ssh ({why})"));
    let session = SystemSession::new(master, arguments, Arc::clone(&means.clock));
    Ok(Dialed {
        session: Arc::new(session),
        evidence: rungs.into_evidence(),
        transport: format!("ssh ({why})"),
        keepalive: Some(target.link.asks()),
    })
}
