//! The operator's own network: whether it is our end that is down. What is known of it is put together
//! by one pure machine, [`Network`].

mod machine;
mod settings;

pub use machine::{Answer, CheckAnswer, Links, Network, NetworkInput, Round};
pub use settings::{CheckHost, CheckHostError, NetworkPreset, NetworkSettings};

/// What the supervisor knows of its own network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum NetworkState {
    /// Nothing is known; treated as up, so that nobody waits for a network that cannot be watched.
    #[default]
    Unknown,
    Up,
    Degraded,
    Down,
}

impl NetworkState {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
        }
    }
}
