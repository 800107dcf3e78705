//! What happened to a run and to its output, in its written form.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::boot::IdentityRecord;
use super::spec::SpecRecord;
use super::system::FaultsRecord;
use super::time::{Timestamp, millis};
use super::words::{CancelReasonRecord, KillerRecord, StreamRecord, TimeLimitRecord};
use crate::domain::event::{Lengths, OutputMark, RunFact, Started, Stuck};
use crate::domain::id::InvalidId;
use crate::domain::run::Verdict;
use crate::domain::watch::AlarmHit;

/// Something that happened to an attempt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RunEventRecord {
    Requested {
        spec: Box<SpecRecord>,
    },
    Started(StartedRecord),
    StartDelayed {
        reason: String,
    },
    /// `out` and `err` are the final spool sizes.
    EndSeen {
        out: u64,
        err: u64,
        /// From start to end by the host's own clock.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        took_s: Option<u64>,
    },
    /// What the host counted of its own faults meanwhile.
    Counted {
        faults: FaultsRecord,
    },
    CancelRequested {
        reason: CancelReasonRecord,
    },
    /// What of it is still on the host.
    Cancelled {
        left_over: Vec<String>,
    },
    /// `out` and `err` are the bytes in our logs.
    Ended {
        verdict: VerdictRecord,
        out: u64,
        err: u64,
    },
    RetryScheduled {
        retry_at: Timestamp,
    },
    Notice {
        text: String,
    },
    DiskLow {
        free: u64,
    },
    SpoolStuck {
        why: StuckRecord,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        free: Option<u64>,
    },
    /// Lines of the output matched a pattern.
    Alarm {
        pattern: String,
        stream: StreamRecord,
        /// All lines so far that did.
        hits: u64,
        /// Where the last of them is in the log.
        offset: u64,
        line: String,
    },
    /// How far it has come.
    Progress {
        permille: u16,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<String>,
    },
    SpoolFlows {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        free: Option<u64>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StuckRecord {
    Full,
    ReadOnly,
    Unwritable,
}

impl From<Stuck> for StuckRecord {
    fn from(why: Stuck) -> Self {
        match why {
            Stuck::Full => Self::Full,
            Stuck::ReadOnly => Self::ReadOnly,
            Stuck::Unwritable => Self::Unwritable,
        }
    }
}

impl From<StuckRecord> for Stuck {
    fn from(why: StuckRecord) -> Self {
        match why {
            StuckRecord::Full => Self::Full,
            StuckRecord::ReadOnly => Self::ReadOnly,
            StuckRecord::Unwritable => Self::Unwritable,
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StartedRecord {
    /// The host's clock, seconds since 1970-01-01 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_host: Option<i64>,
    pub pid: u32,
    /// Found running instead of started by this request.
    pub attached: bool,
    pub launcher: String,
    pub terminal: String,
    pub directory: String,
    pub boot: IdentityRecord,
}

/// How an attempt ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum VerdictRecord {
    Finished { code: i32 },
    Killed { signal: i32, by: KillerRecord },
    Vanished,
    InterruptedByReboot,
    Reverted,
    TimedOut { limit: TimeLimitRecord },
    NotStarted { reason: String },
    Abandoned,
}

/// Something about the log at an offset.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "mark", rename_all = "snake_case")]
pub enum MarkRecord {
    /// The host gave up `lost` bytes before we had them.
    Gap { log_offset: u64, spool_offset: u64, lost: u64 },
    /// We did not see the host for `for_ms`.
    Blind { log_offset: u64, for_ms: u64, cause: String, caught_up: u64 },
}

impl From<&RunFact> for RunEventRecord {
    fn from(fact: &RunFact) -> Self {
        match fact.clone() {
            RunFact::Requested { spec } => Self::Requested { spec: Box::new((&*spec).into()) },
            RunFact::Started(started) => Self::Started(started.into()),
            RunFact::StartDelayed { reason } => Self::StartDelayed { reason },
            RunFact::EndSeen { out, err, took } => Self::EndSeen { out, err, took_s: took.map(|took| took.as_secs()) },
            RunFact::Counted(faults) => Self::Counted { faults: (&faults).into() },
            RunFact::CancelRequested { reason } => Self::CancelRequested { reason: reason.into() },
            RunFact::Cancelled { left_over } => Self::Cancelled { left_over },
            RunFact::Ended { verdict, lengths: Lengths { out, err } } => {
                Self::Ended { verdict: verdict.into(), out, err }
            }
            RunFact::RetryScheduled { at } => Self::RetryScheduled { retry_at: at.into() },
            RunFact::Notice(text) => Self::Notice { text },
            RunFact::DiskLow { free } => Self::DiskLow { free },
            RunFact::SpoolStuck { why, free } => Self::SpoolStuck { why: why.into(), free },
            RunFact::Alarm(AlarmHit { pattern, stream, hits, offset, line }) => {
                Self::Alarm { pattern, stream: stream.into(), hits, offset, line }
            }
            RunFact::Progress { permille, status } => Self::Progress { permille, status },
            RunFact::SpoolFlows { free } => Self::SpoolFlows { free },
        }
    }
}

impl TryFrom<RunEventRecord> for RunFact {
    type Error = InvalidId;

    fn try_from(record: RunEventRecord) -> Result<Self, InvalidId> {
        Ok(match record {
            RunEventRecord::Requested { spec } => Self::Requested { spec: Box::new((*spec).try_into()?) },
            RunEventRecord::Started(started) => Self::Started(started.into()),
            RunEventRecord::StartDelayed { reason } => Self::StartDelayed { reason },
            RunEventRecord::EndSeen { out, err, took_s } => {
                Self::EndSeen { out, err, took: took_s.map(Duration::from_secs) }
            }
            RunEventRecord::Counted { faults } => Self::Counted(faults.into()),
            RunEventRecord::CancelRequested { reason } => Self::CancelRequested { reason: reason.into() },
            RunEventRecord::Cancelled { left_over } => Self::Cancelled { left_over },
            RunEventRecord::Ended { verdict, out, err } => {
                Self::Ended { verdict: verdict.into(), lengths: Lengths { out, err } }
            }
            RunEventRecord::RetryScheduled { retry_at } => Self::RetryScheduled { at: retry_at.into() },
            RunEventRecord::Notice { text } => Self::Notice(text),
            RunEventRecord::DiskLow { free } => Self::DiskLow { free },
            RunEventRecord::SpoolStuck { why, free } => Self::SpoolStuck { why: why.into(), free },
            RunEventRecord::Alarm { pattern, stream, hits, offset, line } => {
                Self::Alarm(AlarmHit { pattern, stream: stream.into(), hits, offset, line })
            }
            RunEventRecord::Progress { permille, status } => Self::Progress { permille, status },
            RunEventRecord::SpoolFlows { free } => Self::SpoolFlows { free },
        })
    }
}

impl From<Started> for StartedRecord {
    fn from(started: Started) -> Self {
        let Started { at_host, pid, attached, launcher, terminal, directory, boot } = started;
        Self { at_host, pid, attached, launcher, terminal, directory, boot: boot.into() }
    }
}

impl From<StartedRecord> for Started {
    fn from(record: StartedRecord) -> Self {
        let StartedRecord { at_host, pid, attached, launcher, terminal, directory, boot } = record;
        Self { at_host, pid, attached, launcher, terminal, directory, boot: boot.into() }
    }
}

impl From<Verdict> for VerdictRecord {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Finished { code } => Self::Finished { code },
            Verdict::Killed { signal, by } => Self::Killed { signal, by: by.into() },
            Verdict::Vanished => Self::Vanished,
            Verdict::InterruptedByReboot => Self::InterruptedByReboot,
            Verdict::Reverted => Self::Reverted,
            Verdict::TimedOut { limit } => Self::TimedOut { limit: limit.into() },
            Verdict::NotStarted { reason } => Self::NotStarted { reason },
            Verdict::Abandoned => Self::Abandoned,
        }
    }
}

impl From<VerdictRecord> for Verdict {
    fn from(record: VerdictRecord) -> Self {
        match record {
            VerdictRecord::Finished { code } => Self::Finished { code },
            VerdictRecord::Killed { signal, by } => Self::Killed { signal, by: by.into() },
            VerdictRecord::Vanished => Self::Vanished,
            VerdictRecord::InterruptedByReboot => Self::InterruptedByReboot,
            VerdictRecord::Reverted => Self::Reverted,
            VerdictRecord::TimedOut { limit } => Self::TimedOut { limit: limit.into() },
            VerdictRecord::NotStarted { reason } => Self::NotStarted { reason },
            VerdictRecord::Abandoned => Self::Abandoned,
        }
    }
}

impl From<&OutputMark> for MarkRecord {
    fn from(mark: &OutputMark) -> Self {
        match mark.clone() {
            OutputMark::Gap { log_offset, spool_offset, lost } => Self::Gap { log_offset, spool_offset, lost },
            OutputMark::Blind { log_offset, duration, cause, caught_up } => {
                Self::Blind { log_offset, for_ms: millis(duration), cause, caught_up }
            }
        }
    }
}

impl From<MarkRecord> for OutputMark {
    fn from(record: MarkRecord) -> Self {
        match record {
            MarkRecord::Gap { log_offset, spool_offset, lost } => Self::Gap { log_offset, spool_offset, lost },
            MarkRecord::Blind { log_offset, for_ms, cause, caught_up } => {
                Self::Blind { log_offset, duration: Duration::from_millis(for_ms), cause, caught_up }
            }
        }
    }
}
