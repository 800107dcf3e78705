//! What we answer to the server of its own accord: the host key is judged, the end is noted, channels
//! that it wants to open to us are refused.

use std::sync::{Arc, Mutex, PoisonError};

use russh::client::{ChannelOpenHandle, DisconnectReason, Handler, Msg, Session};
use russh::keys::PublicKeyOrCertificate;
use russh::{Channel, ChannelId, ChannelOpenFailure, Error};

use crate::domain::diagnosis::Cause;
use crate::ssh::ending::Ending;
use crate::ssh::text::{LINE, clean};

use super::host_key::HostKeyCheck;
use super::pulse::Pulse;

/// Of one connection; dropped by russh when the connection has ended, however it did.
pub(super) struct Guard {
    pub(super) check: HostKeyCheck,
    pub(super) notes: Arc<Notes>,
    pub(super) pulse: Arc<Pulse>,
    pub(super) ending: Arc<Ending>,
    /// The jump host that carries this connection, and its end.
    pub(super) upstream: Option<(String, Arc<Ending>)>,
}

/// What the guard saw that russh does not return.
#[derive(Default)]
pub(super) struct Notes {
    host_key: Mutex<Option<Cause>>,
    refused_channel: Mutex<String>,
}

impl Notes {
    /// Why the host key was not accepted.
    pub(super) fn host_key(&self) -> Option<Cause> {
        self.host_key.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The server's words for the last channel that it did not open.
    pub(super) fn refused_channel(&self) -> String {
        self.refused_channel.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Guard {
    fn end(&self, cause: Cause) {
        self.ending.set(blame(self.upstream.as_ref(), cause));
    }
}

/// When the jump host's connection has ended, that is why the one inside it did.
pub(super) fn blame(upstream: Option<&(String, Arc<Ending>)>, cause: Cause) -> Cause {
    let Some((host, ending)) = upstream else { return cause };
    match ending.cause() {
        None => cause,
        Some(jump @ Cause::JumpHost { .. }) => jump,
        Some(other) => Cause::JumpHost { host: host.clone(), cause: Box::new(other) },
    }
}

/// russh's error, where the socket itself does not know better.
pub(super) fn cause_of(error: &Error, pulse: &Pulse) -> Cause {
    if let Error::NoCommonAlgo { kind, theirs, .. } = error {
        let theirs = theirs.join(",");
        return Cause::NoCommonAlgorithm(clean(&format!("{kind:?}: the server has {theirs}").to_lowercase(), LINE));
    }
    if matches!(error, Error::NoAuthMethod) {
        // The server takes nothing more, and russh hangs up: not a lost connection, and not to be
        // tried again by ourselves.
        return Cause::AuthRefused { tried: Vec::new(), offered: Vec::new() };
    }
    if matches!(error, Error::IO(_) | Error::Disconnect | Error::HUP | Error::SendError | Error::RecvError) {
        return pulse.end();
    }
    Cause::Other(clean(&error.to_string(), LINE))
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.end(self.pulse.end());
    }
}

impl Handler for Guard {
    type Error = Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Error> {
        let verdict = self.check.judge(key).await;
        *self.notes.host_key.lock().unwrap_or_else(PoisonError::into_inner) = verdict.as_ref().err().cloned();
        Ok(verdict.is_ok())
    }

    async fn disconnected(&mut self, reason: DisconnectReason<Error>) -> Result<(), Error> {
        match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                self.end(Cause::ClosedByPeer(clean(&info.message, LINE)));
                Ok(())
            }
            DisconnectReason::Error(error) => {
                self.end(cause_of(&error, &self.pulse));
                Err(error)
            }
        }
    }

    async fn channel_open_failure(
        &mut self,
        _channel: ChannelId,
        _reason: ChannelOpenFailure,
        description: &str,
        _language: &str,
        _session: &mut Session,
    ) -> Result<(), Error> {
        let mut words = self.notes.refused_channel.lock().unwrap_or_else(PoisonError::into_inner);
        *words = clean(description, LINE);
        Ok(())
    }

    // We forward nothing, so a server has no reason to open a channel; an undecided handle refuses it.

    async fn server_channel_open_forwarded_tcpip(
        &mut self,
        _channel: Channel<Msg>,
        _connected_address: &str,
        _connected_port: u32,
        _originator_address: &str,
        _originator_port: u32,
        _reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Error> {
        Ok(())
    }

    async fn server_channel_open_forwarded_streamlocal(
        &mut self,
        _channel: Channel<Msg>,
        _socket_path: &str,
        _reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Error> {
        Ok(())
    }

    async fn server_channel_open_agent_forward(
        &mut self,
        _channel: Channel<Msg>,
        _reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Error> {
        Ok(())
    }

    async fn server_channel_open_session(
        &mut self,
        _channel: Channel<Msg>,
        _reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Error> {
        Ok(())
    }

    async fn server_channel_open_direct_tcpip(
        &mut self,
        _channel: Channel<Msg>,
        _host_to_connect: &str,
        _port_to_connect: u32,
        _originator_address: &str,
        _originator_port: u32,
        _reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Error> {
        Ok(())
    }

    async fn server_channel_open_direct_streamlocal(
        &mut self,
        _channel: Channel<Msg>,
        _socket_path: &str,
        _reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Error> {
        Ok(())
    }

    async fn server_channel_open_x11(
        &mut self,
        _channel: Channel<Msg>,
        _originator_address: &str,
        _originator_port: u32,
        _reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Error> {
        Ok(())
    }
}
