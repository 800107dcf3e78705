//! What was to be run, in its written form.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::time::millis;
use super::words::OnRebootRecord;
use crate::domain::id::{InvalidId, JobName};
use crate::domain::run::{Limits, Retry, RunIo, RunSpec, Upload};
use crate::domain::watch::{AlarmPattern, Watch};

/// A run as the operator asked for it. Holds no secret: of an environment file only the path.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SpecRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    pub command: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<Pair>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env_file: Option<String>,
    /// The size of the pseudo-terminal; without one, stdout and stderr are kept apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pty: Option<PtyRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<UploadRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_timeout_ms: Option<u64>,
    pub spool_limit: u64,
    pub grace_ms: u64,
    pub on_reboot: OnRebootRecord,
    pub retries: u32,
    pub retry_delay_ms: u64,
    /// What the output is looked at for.
    #[serde(default, skip_serializing_if = "WatchRecord::is_usual")]
    pub watch: WatchRecord,
}

/// Alarms and progress of a run.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WatchRecord {
    /// Without the patterns that come with steadfast.
    pub no_defaults: bool,
    /// Names and regular expressions.
    pub alarms: Vec<Pair>,
    pub ignore: Vec<String>,
    pub progress: Vec<String>,
}

impl WatchRecord {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

impl From<&Watch> for WatchRecord {
    fn from(watch: &Watch) -> Self {
        let pair = |alarm: &AlarmPattern| Pair { name: alarm.name.clone(), value: alarm.regex.clone() };
        Self {
            no_defaults: !watch.defaults,
            alarms: watch.alarms.iter().map(pair).collect(),
            ignore: watch.ignore.clone(),
            progress: watch.progress.clone(),
        }
    }
}

impl From<WatchRecord> for Watch {
    fn from(record: WatchRecord) -> Self {
        let alarm = |Pair { name, value }| AlarmPattern { name, regex: value };
        Self {
            defaults: !record.no_defaults,
            alarms: record.alarms.into_iter().map(alarm).collect(),
            ignore: record.ignore,
            progress: record.progress,
        }
    }
}

/// A name and its value.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Pair {
    pub name: String,
    pub value: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PtyRecord {
    pub columns: u16,
    pub rows: u16,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct UploadRecord {
    pub path: String,
    pub sha256: String,
    pub size: u64,
}

impl From<&RunSpec> for SpecRecord {
    fn from(spec: &RunSpec) -> Self {
        Self {
            job: spec.job.as_ref().map(ToString::to_string),
            command: spec.command.clone(),
            directory: spec.directory.clone(),
            env: pairs(&spec.env),
            env_file: spec.env_file.clone(),
            pty: match spec.io {
                RunIo::Pty { columns, rows } => Some(PtyRecord { columns, rows }),
                RunIo::Split => None,
            },
            upload: spec.upload.clone().map(|Upload { path, sha256, size }| UploadRecord { path, sha256, size }),
            timeout_ms: spec.limits.total.map(millis),
            idle_timeout_ms: spec.limits.idle.map(millis),
            spool_limit: spec.spool_limit,
            grace_ms: millis(spec.grace),
            on_reboot: spec.on_reboot.into(),
            retries: spec.retry.times,
            retry_delay_ms: millis(spec.retry.delay),
            watch: (&spec.watch).into(),
        }
    }
}

impl TryFrom<SpecRecord> for RunSpec {
    type Error = InvalidId;

    fn try_from(record: SpecRecord) -> Result<Self, InvalidId> {
        Ok(Self {
            job: record.job.map(|job| JobName::parse(&job)).transpose()?,
            command: record.command,
            directory: record.directory,
            env: unpaired(record.env),
            env_file: record.env_file,
            io: record.pty.map_or(RunIo::Split, |PtyRecord { columns, rows }| RunIo::Pty { columns, rows }),
            upload: record.upload.map(|UploadRecord { path, sha256, size }| Upload { path, sha256, size }),
            limits: Limits {
                total: record.timeout_ms.map(Duration::from_millis),
                idle: record.idle_timeout_ms.map(Duration::from_millis),
            },
            spool_limit: record.spool_limit,
            grace: Duration::from_millis(record.grace_ms),
            on_reboot: record.on_reboot.into(),
            retry: Retry { times: record.retries, delay: Duration::from_millis(record.retry_delay_ms) },
            watch: record.watch.into(),
        })
    }
}

pub(super) fn pairs(pairs: &[(String, String)]) -> Vec<Pair> {
    pairs.iter().cloned().map(|(name, value)| Pair { name, value }).collect()
}

pub(super) fn unpaired(pairs: Vec<Pair>) -> Vec<(String, String)> {
    pairs.into_iter().map(|Pair { name, value }| (name, value)).collect()
}
