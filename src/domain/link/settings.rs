//! The numbers a link goes by.

use std::time::Duration;

/// Timing of one link; the defaults are those of DESIGN §4.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LinkSettings {
    /// A quiet connection is asked for a sign of life this often.
    pub keepalive: Duration,
    /// Unanswered in a row before the link counts as silent.
    pub keepalive_count: u32,
    /// First delay of the backoff.
    pub backoff_initial: Duration,
    /// The delay doubles up to this.
    pub backoff_maximum: Duration,
    /// `None`: for ever.
    pub attempts: Option<u32>,
    /// Without contact for this long, the link is lost.
    pub lost_after: Duration,
    /// The whole way from TCP to a usable session.
    pub connect_timeout: Duration,
    /// The TCP part of it.
    pub tcp_timeout: Duration,
}

impl Default for LinkSettings {
    fn default() -> Self {
        Self {
            keepalive: Duration::from_secs(5),
            keepalive_count: 3,
            backoff_initial: Duration::from_secs(1),
            backoff_maximum: Duration::from_secs(30),
            attempts: None,
            lost_after: Duration::from_secs(600),
            connect_timeout: Duration::from_secs(60),
            tcp_timeout: Duration::from_secs(10),
        }
    }
}
