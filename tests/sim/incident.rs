//! What can happen to a host, to us, and between us.

use proptest::prelude::*;
use std::time::Duration;

/// What a host shows of its boots.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    BootId,
    /// Its boot id is its host's.
    Container,
    BootTimeOnly,
}

impl Kind {
    pub fn any() -> impl Strategy<Value = Self> {
        prop_oneof![Just(Self::BootId), Just(Self::Container), Just(Self::BootTimeOnly)]
    }
}

#[derive(Clone, Debug)]
pub enum Incident {
    Cut,
    HalfOpen,
    Slow(Duration),
    ResetsLogins,
    RefusesPort,
    KeyChanged,
    AuthFails,
    /// Logins are taken, commands never answered.
    ExecHangs,
    /// Many others dial too: each dial waits this long for its place.
    Crowded(Duration),
    Works,
    Reboot,
    ClockStep(i64),
    NetworkDown,
    NetworkUp,
    RouteLost,
    RouteBack,
    Sleep(Duration),
    StaleReports,
    SupervisorRestarts,
    OperatorReconnects,
    OperatorPauses,
    OperatorMarksDead,
}

pub fn any_incidents() -> impl Strategy<Value = Vec<(Incident, Duration)>> {
    let pause = (0_u64..90_000).prop_map(Duration::from_millis);
    proptest::collection::vec((any_incident(), pause), 1..30)
}

fn any_incident() -> impl Strategy<Value = Incident> {
    prop_oneof![
        Just(Incident::Cut),
        Just(Incident::HalfOpen),
        (300_u64..900).prop_map(|ms| Incident::Slow(Duration::from_millis(ms))),
        Just(Incident::ResetsLogins),
        Just(Incident::RefusesPort),
        Just(Incident::KeyChanged),
        Just(Incident::AuthFails),
        Just(Incident::ExecHangs),
        (0_u64..400).prop_map(|s| Incident::Crowded(Duration::from_secs(s))),
        Just(Incident::Works),
        Just(Incident::Reboot),
        (-9_000_i64..9_000).prop_map(Incident::ClockStep),
        Just(Incident::NetworkDown),
        Just(Incident::NetworkUp),
        Just(Incident::RouteLost),
        Just(Incident::RouteBack),
        (5_u64..9_000).prop_map(|s| Incident::Sleep(Duration::from_secs(s))),
        Just(Incident::StaleReports),
        Just(Incident::SupervisorRestarts),
        Just(Incident::OperatorReconnects),
        Just(Incident::OperatorPauses),
        Just(Incident::OperatorMarksDead),
    ]
}
