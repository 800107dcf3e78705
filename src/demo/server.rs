//! sshd as far as steadfast needs one: one key, one user, exec channels.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::PrivateKey;
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, ChannelOpenFailure, MethodKind, MethodSet, Pty, SshId};
use tokio_util::task::TaskTracker;

use super::exec;
use super::host::SimHost;

/// One connection.
pub(super) struct Connection {
    host: SimHost,
    /// Opened, and not yet told what to run.
    idle: HashMap<ChannelId, Channel<Msg>>,
    /// Every exec of this connection; those that are done count no more.
    execs: TaskTracker,
}

impl Connection {
    pub(super) fn new(host: SimHost) -> Self {
        Self { host, idle: HashMap::new(), execs: TaskTracker::new() }
    }

    fn judge(&self, user: &str, key: &russh::keys::PublicKey) -> Auth {
        if user == USER && self.host.trusts(key) { Auth::Accept } else { Auth::reject() }
    }
}

/// The settings of a server that shows `key`.
pub(super) fn config(key: PrivateKey) -> Arc<Config> {
    Arc::new(Config {
        server_id: SshId::Standard(Cow::Borrowed("SSH-2.0-OpenSSH_9.6 steadfast-demo")),
        methods: MethodSet::from(&[MethodKind::PublicKey][..]),
        auth_rejection_time: Duration::ZERO,
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: vec![key],
        inactivity_timeout: None,
        nodelay: true,
        ..Config::default()
    })
}

impl Handler for Connection {
    type Error = russh::Error;

    async fn auth_publickey_offered(&mut self, user: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Self::Error> {
        Ok(self.judge(user, offer.public_key))
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        Ok(self.judge(user, key.public_key))
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        if self.idle.len() + self.execs.len() >= MAX_SESSIONS {
            reply.reject(ChannelOpenFailure::ConnectFailed).await;
        } else {
            self.idle.insert(channel.id(), channel);
            reply.accept().await;
        }
        Ok(())
    }

    async fn channel_close(&mut self, channel: ChannelId, _session: &mut Session) -> Result<(), Self::Error> {
        self.idle.remove(&channel);
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _term: &str,
        _columns: u32,
        _rows: u32,
        _width: u32,
        _height: u32,
        _modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.begin(channel, command.to_vec(), session)
    }

    async fn shell_request(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        self.begin(channel, b"login shell".to_vec(), session)
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        _name: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(channel)
    }
}

impl Connection {
    fn begin(&mut self, id: ChannelId, command: Vec<u8>, session: &mut Session) -> Result<(), russh::Error> {
        let Some(channel) = self.idle.remove(&id) else { return session.channel_failure(id) };
        session.channel_success(id)?;
        let work = self.execs.track_future(exec::run(self.host.clone(), channel, command));
        self.host.spawn(work);
        Ok(())
    }
}

/// The one user of a simulated host.
pub(super) const USER: &str = "demo";
/// Channels of one connection, as OpenSSH's `MaxSessions`; more are refused.
const MAX_SESSIONS: usize = 10;
