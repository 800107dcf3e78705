//! Enumerations that are one word in the journal.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::boot::cause::RebootCause;
use crate::domain::diagnosis::{Rung, RungAnswer};
use crate::domain::event::CancelReason;
use crate::domain::health::Status;
use crate::domain::link::LinkState;
use crate::domain::network::NetworkState;
use crate::domain::run::{Killer, OnReboot, Stream, TimeLimit};

/// A mirror of a domain enumeration without data, and the way both ways. A variant that is added to
/// the domain does not compile until it is given its word here.
macro_rules! mirror {
    ($($record:ident = $domain:ident { $($variant:ident),+ })+) => {$(
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $record { $($variant),+ }

        impl From<$domain> for $record {
            fn from(value: $domain) -> Self {
                match value { $($domain::$variant => Self::$variant),+ }
            }
        }

        impl From<$record> for $domain {
            fn from(value: $record) -> Self {
                match value { $($record::$variant => Self::$variant),+ }
            }
        }
    )+};
}

mirror! {
    LinkStateRecord = LinkState {
        Idle, Connecting, Alive, Pinging, Reconnecting, Paused, Rebooted, Refused, Lost
    }
    NetworkStateRecord = NetworkState { Unknown, Up, Degraded, Down }
    RungRecord = Rung { OwnLink, Route, Icmp, Tcp, Banner, KeyExchange, Auth, Exec, Heartbeat }
    RungAnswerRecord = RungAnswer { Stands, Broken, NotAsked }
    StreamRecord = Stream { Out, Err }
    StatusRecord = Status { Unhealthy, Unknown, Healthy }
    CancelReasonRecord = CancelReason { Operator, TotalLimit, IdleLimit }
    KillerRecord = Killer { Operator, OutOfMemory, Unknown }
    TimeLimitRecord = TimeLimit { Total, Idle }
    RebootCauseRecord = RebootCause {
        CleanShutdown, Panic, OutOfMemory, Watchdog, PowerLoss, Kexec, Unknown
    }
    OnRebootRecord = OnReboot { Report, Rerun }
}
