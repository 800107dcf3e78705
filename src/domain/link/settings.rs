//! The numbers a link goes by.

use std::num::NonZeroU32;
use std::time::Duration;

use super::backoff::{Backoff, Multiplier};

/// Timing of one link; the defaults are those of DESIGN §4.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LinkSettings {
    /// A quiet connection is asked for a sign of life this often.
    pub keepalive: Duration,
    /// Unanswered in a row before the link counts as silent.
    pub keepalive_count: u32,
    /// First delay of the backoff.
    pub backoff_initial: Duration,
    /// Each delay is this much longer than the one before.
    pub backoff_multiplier: Multiplier,
    /// But no longer than this.
    pub backoff_maximum: Duration,
    /// `None`: for ever.
    pub attempts: Option<u32>,
    /// Without contact for this long, the link is lost.
    pub lost_after: Duration,
    /// The whole way from TCP to a usable session.
    pub connect_timeout: Duration,
    /// The TCP part of it.
    pub tcp_timeout: Duration,
    /// Logins under way at a time at the machine that takes the connection: the host, or the first jump host on
    /// the way to it, where the lowest number of its own and of those behind it counts.
    pub connect_limit: NonZeroU32,
}

/// When a quiet connection is asked for a sign of life, and when silence is taken for its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keepalive {
    pub every: Duration,
    /// Unanswered in a row before the link counts as silent.
    pub count: u32,
}

impl LinkSettings {
    #[must_use]
    pub fn asks(&self) -> Keepalive {
        Keepalive { every: self.keepalive, count: self.keepalive_count }
    }

    pub(super) fn backoff(&self) -> Backoff {
        let Self { backoff_initial, backoff_multiplier, backoff_maximum, .. } = *self;
        Backoff { initial: backoff_initial, multiplier: backoff_multiplier, maximum: backoff_maximum }
    }
}

impl Default for LinkSettings {
    fn default() -> Self {
        Self {
            keepalive: Duration::from_secs(5),
            keepalive_count: 3,
            backoff_initial: Duration::from_secs(1),
            backoff_multiplier: Multiplier::DOUBLE,
            backoff_maximum: Duration::from_secs(30),
            attempts: None,
            lost_after: Duration::from_secs(600),
            connect_timeout: Duration::from_secs(60),
            tcp_timeout: Duration::from_secs(10),
            connect_limit: CONNECT_LIMIT,
        }
    }
}

/// Below sshd's default of ten unauthenticated connections, with room for others.
pub const CONNECT_LIMIT: NonZeroU32 = NonZeroU32::MIN.saturating_add(7);
