//! Why a link is not alive, and what the rungs said, in their written form.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::time::{micros, millis};
use super::words::{RungAnswerRecord, RungRecord};
use crate::domain::diagnosis::{Cause, RungReport};

/// What one rung of the ladder said.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RungReportRecord {
    pub rung: RungRecord,
    pub answer: RungAnswerRecord,
    /// Microseconds until the answer.
    pub took_us: u64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// Why a link is not alive.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CauseRecord {
    Operator,
    PausedByOperator,
    MarkedDead,
    NameNotResolved { name: String },
    NoRoute,
    ConnectTimedOut,
    PortRefused,
    ResetBeforeBanner,
    BannerTimedOut,
    NotSsh { detail: String },
    HandshakeTimedOut,
    HostKeyUnknown { presented: String },
    HostKeyChanged { known: String, presented: String, written_in: String },
    HostKeyRevoked { presented: String },
    NoCommonAlgorithm { detail: String },
    AuthRefused { tried: Vec<String>, offered: Vec<String> },
    KeyUnreadable { detail: String },
    PassphraseNeeded { detail: String },
    KeyUnusable { detail: String },
    ExecRefused { detail: String },
    ExecTimedOut { for_ms: u64 },
    Silent { for_ms: u64 },
    ClosedByPeer { detail: String },
    OwnNetworkDown,
    JumpHost { host: String, cause: Box<Self> },
    ObserverStalled { for_ms: u64 },
    Other { detail: String },
}

impl From<&Cause> for CauseRecord {
    fn from(cause: &Cause) -> Self {
        match cause.clone() {
            Cause::Operator => Self::Operator,
            Cause::PausedByOperator => Self::PausedByOperator,
            Cause::MarkedDead => Self::MarkedDead,
            Cause::NameNotResolved(name) => Self::NameNotResolved { name },
            Cause::NoRoute => Self::NoRoute,
            Cause::ConnectTimedOut => Self::ConnectTimedOut,
            Cause::PortRefused => Self::PortRefused,
            Cause::ResetBeforeBanner => Self::ResetBeforeBanner,
            Cause::BannerTimedOut => Self::BannerTimedOut,
            Cause::NotSsh(detail) => Self::NotSsh { detail },
            Cause::HandshakeTimedOut => Self::HandshakeTimedOut,
            Cause::HostKeyUnknown { presented } => Self::HostKeyUnknown { presented },
            Cause::HostKeyChanged { known, presented, written_in } => {
                Self::HostKeyChanged { known, presented, written_in }
            }
            Cause::HostKeyRevoked { presented } => Self::HostKeyRevoked { presented },
            Cause::NoCommonAlgorithm(detail) => Self::NoCommonAlgorithm { detail },
            Cause::AuthRefused { tried, offered } => Self::AuthRefused { tried, offered },
            Cause::KeyUnreadable(detail) => Self::KeyUnreadable { detail },
            Cause::PassphraseNeeded(detail) => Self::PassphraseNeeded { detail },
            Cause::KeyUnusable(detail) => Self::KeyUnusable { detail },
            Cause::ExecRefused(detail) => Self::ExecRefused { detail },
            Cause::ExecTimedOut(duration) => Self::ExecTimedOut { for_ms: millis(duration) },
            Cause::Silent(duration) => Self::Silent { for_ms: millis(duration) },
            Cause::ClosedByPeer(detail) => Self::ClosedByPeer { detail },
            Cause::OwnNetworkDown => Self::OwnNetworkDown,
            Cause::JumpHost { host, cause } => Self::JumpHost { host, cause: Box::new(Self::from(&*cause)) },
            Cause::ObserverStalled(duration) => Self::ObserverStalled { for_ms: millis(duration) },
            Cause::Other(detail) => Self::Other { detail },
        }
    }
}

impl From<CauseRecord> for Cause {
    fn from(record: CauseRecord) -> Self {
        match record {
            CauseRecord::Operator => Self::Operator,
            CauseRecord::PausedByOperator => Self::PausedByOperator,
            CauseRecord::MarkedDead => Self::MarkedDead,
            CauseRecord::NameNotResolved { name } => Self::NameNotResolved(name),
            CauseRecord::NoRoute => Self::NoRoute,
            CauseRecord::ConnectTimedOut => Self::ConnectTimedOut,
            CauseRecord::PortRefused => Self::PortRefused,
            CauseRecord::ResetBeforeBanner => Self::ResetBeforeBanner,
            CauseRecord::BannerTimedOut => Self::BannerTimedOut,
            CauseRecord::NotSsh { detail } => Self::NotSsh(detail),
            CauseRecord::HandshakeTimedOut => Self::HandshakeTimedOut,
            CauseRecord::HostKeyUnknown { presented } => Self::HostKeyUnknown { presented },
            CauseRecord::HostKeyChanged { known, presented, written_in } => {
                Self::HostKeyChanged { known, presented, written_in }
            }
            CauseRecord::HostKeyRevoked { presented } => Self::HostKeyRevoked { presented },
            CauseRecord::NoCommonAlgorithm { detail } => Self::NoCommonAlgorithm(detail),
            CauseRecord::AuthRefused { tried, offered } => Self::AuthRefused { tried, offered },
            CauseRecord::KeyUnreadable { detail } => Self::KeyUnreadable(detail),
            CauseRecord::PassphraseNeeded { detail } => Self::PassphraseNeeded(detail),
            CauseRecord::KeyUnusable { detail } => Self::KeyUnusable(detail),
            CauseRecord::ExecRefused { detail } => Self::ExecRefused(detail),
            CauseRecord::ExecTimedOut { for_ms } => Self::ExecTimedOut(Duration::from_millis(for_ms)),
            CauseRecord::Silent { for_ms } => Self::Silent(Duration::from_millis(for_ms)),
            CauseRecord::ClosedByPeer { detail } => Self::ClosedByPeer(detail),
            CauseRecord::OwnNetworkDown => Self::OwnNetworkDown,
            CauseRecord::JumpHost { host, cause } => Self::JumpHost { host, cause: Box::new((*cause).into()) },
            CauseRecord::ObserverStalled { for_ms } => Self::ObserverStalled(Duration::from_millis(for_ms)),
            CauseRecord::Other { detail } => Self::Other(detail),
        }
    }
}

impl From<&RungReport> for RungReportRecord {
    fn from(report: &RungReport) -> Self {
        Self {
            rung: report.rung.into(),
            answer: report.answer.into(),
            took_us: micros(report.took),
            detail: report.detail.clone(),
        }
    }
}

impl From<RungReportRecord> for RungReport {
    fn from(record: RungReportRecord) -> Self {
        Self {
            rung: record.rung.into(),
            answer: record.answer.into(),
            took: Duration::from_micros(record.took_us),
            detail: record.detail,
        }
    }
}
