//! Boots of a host in their written form.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::spec::{Pair, pairs, unpaired};
use super::system::SystemRecord;
use super::time::{Timestamp, millis};
use super::words::RebootCauseRecord;
use crate::domain::boot::BootIdentity;
use crate::domain::event::BootFact;

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum BootRecord {
    /// First identity seen of this host.
    Identified { identity: IdentityRecord },
    /// It booted between `not_before` and the event.
    Rebooted { before: IdentityRecord, after: IdentityRecord, not_before: Timestamp, evidence: Vec<Pair> },
    /// What is left of the boot before, gathered once after it was seen.
    Evidence {
        cause: RebootCauseRecord,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        texts: Vec<Pair>,
    },
    /// What it is made of: `before` is there when something of it is another now.
    System {
        now: SystemRecord,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<SystemRecord>,
    },
    /// Same boot, less uptime: a snapshot was restored between `not_before` and the event.
    Reverted { identity: IdentityRecord, uptime_before_ms: u64, uptime_after_ms: u64, not_before: Timestamp },
}

/// What tells one boot from the next; what is missing proves nothing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct IdentityRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_id: Option<String>,
    /// Seconds since 1970-01-01 UTC, by the host's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_time: Option<i64>,
    /// Start of PID 1 in clock ticks after the kernel's boot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init_start: Option<u64>,
}

impl From<&BootFact> for BootRecord {
    fn from(fact: &BootFact) -> Self {
        match fact.clone() {
            BootFact::Identified(identity) => Self::Identified { identity: identity.into() },
            BootFact::Rebooted { before, after, not_before, evidence } => Self::Rebooted {
                before: before.into(),
                after: after.into(),
                not_before: not_before.into(),
                evidence: pairs(&evidence),
            },
            BootFact::Evidence { cause, texts } => Self::Evidence { cause: cause.into(), texts: pairs(&texts) },
            BootFact::System { now, before } => {
                Self::System { now: (&*now).into(), before: before.map(|before| (&*before).into()) }
            }
            BootFact::Reverted { identity, uptime_before, uptime_after, not_before } => Self::Reverted {
                identity: identity.into(),
                uptime_before_ms: millis(uptime_before),
                uptime_after_ms: millis(uptime_after),
                not_before: not_before.into(),
            },
        }
    }
}

impl From<BootRecord> for BootFact {
    fn from(record: BootRecord) -> Self {
        match record {
            BootRecord::Identified { identity } => Self::Identified(identity.into()),
            BootRecord::Rebooted { before, after, not_before, evidence } => Self::Rebooted {
                before: before.into(),
                after: after.into(),
                not_before: not_before.into(),
                evidence: unpaired(evidence),
            },
            BootRecord::Evidence { cause, texts } => Self::Evidence { cause: cause.into(), texts: unpaired(texts) },
            BootRecord::System { now, before } => {
                Self::System { now: Box::new(now.into()), before: before.map(|before| Box::new(before.into())) }
            }
            BootRecord::Reverted { identity, uptime_before_ms, uptime_after_ms, not_before } => Self::Reverted {
                identity: identity.into(),
                uptime_before: Duration::from_millis(uptime_before_ms),
                uptime_after: Duration::from_millis(uptime_after_ms),
                not_before: not_before.into(),
            },
        }
    }
}

impl From<BootIdentity> for IdentityRecord {
    fn from(BootIdentity { boot_id, boot_time, init_start }: BootIdentity) -> Self {
        Self { boot_id, boot_time, init_start }
    }
}

impl From<IdentityRecord> for BootIdentity {
    fn from(IdentityRecord { boot_id, boot_time, init_start }: IdentityRecord) -> Self {
        Self { boot_id, boot_time, init_start }
    }
}
