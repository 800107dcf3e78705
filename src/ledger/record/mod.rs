//! Events as they are written: in the ledger, in the exported journal, in `--json` output. One JSON
//! object per event with `seq`, `at`, `host`, `type` and the type's own fields, `snake_case`
//! (DESIGN §6). Mirrors of domain types, so that renaming something in the domain never changes what
//! is on disk. Imports `domain` only, and knows nothing of files or of SQLite.
//!
//! Within a [`FORMAT`], fields may be added; a reader ignores those it does not know.

mod boot;
mod cause;
mod command;
mod health;
mod run;
mod spec;
#[cfg(test)]
pub(crate) mod strategy;
mod system;
mod time;
mod words;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use boot::{BootRecord, IdentityRecord};
pub use cause::{CauseRecord, RungReportRecord};
pub(super) use command::CommandRecord;
pub use health::{HealthRecord, ReasonRecord, Share};
pub use run::{MarkRecord, RunEventRecord, StartedRecord, VerdictRecord};
pub use spec::{Pair, PtyRecord, SpecRecord, UploadRecord, WatchRecord};
pub use system::{FaultsRecord, NicRecord, SystemRecord};
pub use time::{Timestamp, millis};
pub use words::{
    CancelReasonRecord, KillerRecord, LinkStateRecord, NetworkStateRecord, OnRebootRecord, RebootCauseRecord,
    RungAnswerRecord, RungRecord, StatusRecord, StreamRecord, TimeLimitRecord,
};

use crate::domain::event::{Event, Fact, LinkChange, OperatorFact, SupervisorFact};
use crate::domain::id::{Attempt, AttemptId, HostId, InvalidId, RunId, Seq};

/// One event of the journal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "steadfast event", description = "One line of the journal.")]
pub struct EventRecord {
    /// Place in the journal: 1, 2, …
    pub seq: u64,
    /// When the supervisor learned of it.
    pub at: Timestamp,
    /// The host it concerns, by its alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    #[serde(flatten)]
    pub fact: FactRecord,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FactRecord {
    Link(LinkRecord),
    Network { from: NetworkStateRecord, to: NetworkStateRecord, why: String },
    Boot(BootRecord),
    Run(RunRecord),
    Output(OutputRecord),
    Health(HealthRecord),
    Operator(OperatorRecord),
    Supervisor(SupervisorRecord),
}

/// A link went from one state to another, or stayed and tried again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LinkRecord {
    pub from: LinkStateRecord,
    pub to: LinkStateRecord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<CauseRecord>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<RungReportRecord>,
    /// Attempts spent since the link was last alive.
    pub attempt: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// The attempt that is due waits for its turn behind so many others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_behind: Option<u32>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    pub run: String,
    pub attempt: u32,
    #[serde(flatten)]
    pub event: RunEventRecord,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct OutputRecord {
    pub run: String,
    pub attempt: u32,
    pub stream: StreamRecord,
    #[serde(flatten)]
    pub mark: MarkRecord,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum OperatorRecord {
    Connect,
    Reconnect,
    Detach,
    Pause,
    MarkDead,
    Note { text: String },
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum SupervisorRecord {
    Started { version: String },
    Stopped,
    Stalled { for_ms: u64 },
    Warning { text: String },
}

/// The JSON Schema of [`EventRecord`].
#[must_use]
pub fn event_schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(EventRecord);
    schema.insert("$comment".into(), format!("format {FORMAT}").into());
    schema.to_value()
}

impl From<&Event> for EventRecord {
    fn from(event: &Event) -> Self {
        Self {
            seq: event.seq.0,
            at: event.at.into(),
            host: event.host.as_ref().map(ToString::to_string),
            fact: (&event.fact).into(),
        }
    }
}

impl TryFrom<EventRecord> for Event {
    type Error = InvalidId;

    fn try_from(record: EventRecord) -> Result<Self, InvalidId> {
        Ok(Self {
            seq: Seq(record.seq),
            at: record.at.into(),
            host: record.host.map(|host| HostId::parse(&host)).transpose()?,
            fact: record.fact.try_into()?,
        })
    }
}

impl From<&Fact> for FactRecord {
    fn from(fact: &Fact) -> Self {
        match fact {
            Fact::Link(change) => Self::Link(change.into()),
            Fact::Network { from, to, why } => {
                Self::Network { from: (*from).into(), to: (*to).into(), why: why.clone() }
            }
            Fact::Boot(fact) => Self::Boot(fact.into()),
            Fact::Run { id, fact } => {
                Self::Run(RunRecord { run: id.run.to_string(), attempt: id.attempt.number(), event: fact.into() })
            }
            Fact::Output { id, stream, mark } => Self::Output(OutputRecord {
                run: id.run.to_string(),
                attempt: id.attempt.number(),
                stream: (*stream).into(),
                mark: mark.into(),
            }),
            Fact::Health(change) => Self::Health(change.into()),
            Fact::Operator(fact) => Self::Operator(fact.into()),
            Fact::Supervisor(fact) => Self::Supervisor(fact.into()),
        }
    }
}

impl TryFrom<FactRecord> for Fact {
    type Error = InvalidId;

    fn try_from(record: FactRecord) -> Result<Self, InvalidId> {
        Ok(match record {
            FactRecord::Link(link) => Self::Link(link.into()),
            FactRecord::Network { from, to, why } => Self::Network { from: from.into(), to: to.into(), why },
            FactRecord::Boot(boot) => Self::Boot(boot.into()),
            FactRecord::Run(RunRecord { run, attempt, event }) => {
                Self::Run { id: attempt_id(&run, attempt)?, fact: event.try_into()? }
            }
            FactRecord::Output(OutputRecord { run, attempt, stream, mark }) => {
                Self::Output { id: attempt_id(&run, attempt)?, stream: stream.into(), mark: mark.into() }
            }
            FactRecord::Health(record) => Self::Health(record.into()),
            FactRecord::Operator(operator) => Self::Operator(operator.into()),
            FactRecord::Supervisor(supervisor) => Self::Supervisor(supervisor.into()),
        })
    }
}

impl From<&LinkChange> for LinkRecord {
    fn from(change: &LinkChange) -> Self {
        Self {
            from: change.from.into(),
            to: change.to.into(),
            cause: change.cause.as_ref().map(Into::into),
            evidence: change.evidence.iter().map(Into::into).collect(),
            attempt: change.attempt,
            retry_at: change.retry_at.map(Into::into),
            waits_behind: change.waits_behind,
        }
    }
}

impl From<LinkRecord> for LinkChange {
    fn from(record: LinkRecord) -> Self {
        Self {
            from: record.from.into(),
            to: record.to.into(),
            cause: record.cause.map(Into::into),
            evidence: record.evidence.into_iter().map(Into::into).collect(),
            attempt: record.attempt,
            retry_at: record.retry_at.map(Into::into),
            waits_behind: record.waits_behind,
        }
    }
}

impl From<&OperatorFact> for OperatorRecord {
    fn from(fact: &OperatorFact) -> Self {
        match fact {
            OperatorFact::Connect => Self::Connect,
            OperatorFact::Reconnect => Self::Reconnect,
            OperatorFact::Detach => Self::Detach,
            OperatorFact::Pause => Self::Pause,
            OperatorFact::MarkDead => Self::MarkDead,
            OperatorFact::Note(text) => Self::Note { text: text.clone() },
        }
    }
}

impl From<OperatorRecord> for OperatorFact {
    fn from(record: OperatorRecord) -> Self {
        match record {
            OperatorRecord::Connect => Self::Connect,
            OperatorRecord::Reconnect => Self::Reconnect,
            OperatorRecord::Detach => Self::Detach,
            OperatorRecord::Pause => Self::Pause,
            OperatorRecord::MarkDead => Self::MarkDead,
            OperatorRecord::Note { text } => Self::Note(text),
        }
    }
}

impl From<&SupervisorFact> for SupervisorRecord {
    fn from(fact: &SupervisorFact) -> Self {
        match fact {
            SupervisorFact::Started { version } => Self::Started { version: version.clone() },
            SupervisorFact::Stopped => Self::Stopped,
            SupervisorFact::Stalled(duration) => Self::Stalled { for_ms: millis(*duration) },
            SupervisorFact::Warning(text) => Self::Warning { text: text.clone() },
        }
    }
}

impl From<SupervisorRecord> for SupervisorFact {
    fn from(record: SupervisorRecord) -> Self {
        match record {
            SupervisorRecord::Started { version } => Self::Started { version },
            SupervisorRecord::Stopped => Self::Stopped,
            SupervisorRecord::Stalled { for_ms } => Self::Stalled(Duration::from_millis(for_ms)),
            SupervisorRecord::Warning { text } => Self::Warning(text),
        }
    }
}

fn attempt_id(run: &str, attempt: u32) -> Result<AttemptId, InvalidId> {
    let number = Attempt::new(attempt).ok_or_else(|| InvalidId { kind: "attempt", text: attempt.to_string() })?;
    Ok(AttemptId { run: RunId::parse(run)?, attempt: number })
}

/// The version of the written form; told by [`event_schema`]. It changes when a reader of the
/// earlier form could misread the later one.
pub const FORMAT: u32 = 1;

#[cfg(test)]
mod tests;
