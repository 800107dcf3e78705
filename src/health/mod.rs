//! F2: the two sources of [health](crate::domain::health), behind
//! [`HealthProvider`](crate::port::HealthProvider): [`http`] asks a control plane, [`probe`] the hosts
//! themselves, over the port of sessions only. Imports `domain` and `port`. What a server says is
//! hostile input: it is bounded, parsed strictly and made printable here.

pub mod http;
pub mod probe;
