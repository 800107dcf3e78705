//! Boots of a host in their written form.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::spec::{Pair, pairs, unpaired};
use super::time::Timestamp;
use crate::domain::boot::BootIdentity;
use crate::domain::event::BootFact;

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum BootRecord {
    /// First identity seen of this host.
    Identified { identity: IdentityRecord },
    /// It booted between `not_before` and the event.
    Rebooted { before: IdentityRecord, after: IdentityRecord, not_before: Timestamp, evidence: Vec<Pair> },
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
