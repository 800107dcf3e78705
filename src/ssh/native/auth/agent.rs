//! The operator's agent.

use std::path::PathBuf;

use russh::client::Handle;
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use tokio::net::UnixStream;

use crate::ssh::environment::Environment;
use crate::ssh::native::guard::Guard;
use crate::ssh::resolve::{IdentityAgent, Target};
use crate::ssh::text::{LINE, clean};

pub(super) type Agent = AgentClient<UnixStream>;

/// The agent that is meant for `target`, with what it holds. `Ok(None)` when there is none to ask; an
/// agent that should be there and is not is an error, in words.
pub(super) async fn open(
    handle: &Handle<Guard>,
    target: &Target,
    environment: &Environment,
) -> Result<Option<(Agent, Vec<AgentIdentity>)>, String> {
    let socket: PathBuf = match &target.identity_agent {
        IdentityAgent::None => return Ok(None),
        IdentityAgent::Path(path) => path.clone(),
        IdentityAgent::Env => match &environment.auth_sock {
            Some(path) => path.clone(),
            None => return Ok(None),
        },
    };
    let failed = |error: russh::keys::Error| clean(&format!("agent at {}: {error}", socket.display()), LINE);
    let mut agent = AgentClient::connect_uds(&socket).await.map_err(failed)?;
    if let Some(binding) = handle.agent_session_binding() {
        // Only keys that are constrained to destinations need it; older agents do not know it.
        let _ = agent.bind_session(binding, false).await;
    }
    let identities = agent.request_identities().await.map_err(failed)?;
    Ok(Some((agent, identities)))
}
