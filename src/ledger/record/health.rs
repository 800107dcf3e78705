//! Changes of health as they are written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::StatusRecord;
use crate::domain::health::{LevelChange, Percent, Reason};

/// A host, or a service on it, became unhealthy or well again; `unknown`: it is no longer there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct HealthRecord {
    /// Of a control plane (`--cp-url`); such an event has no host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Not there: the host itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    pub from: StatusRecord,
    pub to: StatusRecord,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<ReasonRecord>,
}

/// Why it is unhealthy.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum ReasonRecord {
    Cpu {
        value: Share,
        threshold: Share,
    },
    Memory {
        value: Share,
        threshold: Share,
    },
    /// With the state in the host's words.
    NotRunning {
        state: String,
    },
}

/// Percent with two decimals.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Share(f64);

/// What is written is a number, and what is read was one.
impl Eq for Share {}

impl From<Percent> for Share {
    fn from(percent: Percent) -> Self {
        Self((percent.value() * 100.0).round() / 100.0)
    }
}

impl From<Share> for Percent {
    /// What another program wrote there may be anything.
    fn from(share: Share) -> Self {
        Self::new(share.0.clamp(0.0, 100.0)).unwrap_or(Self::ZERO)
    }
}

impl From<&LevelChange> for HealthRecord {
    fn from(change: &LevelChange) -> Self {
        Self {
            server: change.server.clone(),
            service: change.service.clone(),
            from: change.from.into(),
            to: change.to.into(),
            reasons: change.reasons.iter().map(Into::into).collect(),
        }
    }
}

impl From<HealthRecord> for LevelChange {
    fn from(record: HealthRecord) -> Self {
        Self {
            server: record.server,
            service: record.service,
            from: record.from.into(),
            to: record.to.into(),
            reasons: record.reasons.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<&Reason> for ReasonRecord {
    fn from(reason: &Reason) -> Self {
        match reason {
            Reason::Cpu { value, threshold } => Self::Cpu { value: (*value).into(), threshold: (*threshold).into() },
            Reason::Memory { value, threshold } => {
                Self::Memory { value: (*value).into(), threshold: (*threshold).into() }
            }
            Reason::NotRunning(state) => Self::NotRunning { state: state.clone() },
        }
    }
}

impl From<ReasonRecord> for Reason {
    fn from(record: ReasonRecord) -> Self {
        match record {
            ReasonRecord::Cpu { value, threshold } => Self::Cpu { value: value.into(), threshold: threshold.into() },
            ReasonRecord::Memory { value, threshold } => {
                Self::Memory { value: value.into(), threshold: threshold.into() }
            }
            ReasonRecord::NotRunning { state } => Self::NotRunning(state),
        }
    }
}
