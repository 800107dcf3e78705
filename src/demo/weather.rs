//! The network between the operator and one host, as it is right now.

use std::time::Duration;

/// What happens to connections with a host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Weather {
    pub(super) gate: Gate,
    pub(super) air: Air,
    /// Connections made under an earlier number are reset.
    pub(super) cut: u64,
}

/// What happens to a new connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Gate {
    Open,
    Refused,
    /// Accepted, and then nothing.
    Silent,
}

/// What happens to bytes on the way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Air {
    Clear,
    Slow {
        least: Duration,
        most: Duration,
    },
    /// They vanish.
    Void,
}

impl Weather {
    pub(super) const FAIR: Self = Self { gate: Gate::Open, air: Air::Clear, cut: 0 };

    /// Becomes so for everybody. Who has lost bytes can never go on, and is reset.
    pub(super) fn turn(&mut self, gate: Gate, air: Air, reset: Reset) {
        let lossy = self.air == Air::Void && air != Air::Void;
        *self = Self { gate, air, cut: self.cut + u64::from(lossy || reset == Reset::All) };
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reset {
    None,
    All,
}
