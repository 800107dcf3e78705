//! A viewer's commands as they lie in the ledger until its owner takes them. Not a public format.

use serde::{Deserialize, Serialize};

use super::spec::SpecRecord;
use super::words::CancelReasonRecord;
use crate::domain::command::Command;
use crate::domain::id::{HostId, InvalidId, RunId};

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub(in crate::ledger) enum CommandRecord {
    Connect { host: String },
    Reconnect { host: String },
    Detach { host: String },
    Pause { host: String },
    MarkDead { host: String },
    Start { run: String, host: String, spec: Box<SpecRecord> },
    Cancel { run: String, reason: CancelReasonRecord },
    Rerun { run: String },
    Adopt { host: String },
    Note { host: String, text: String },
}

impl From<&Command> for CommandRecord {
    fn from(command: &Command) -> Self {
        match command {
            Command::Connect(host) => Self::Connect { host: host.to_string() },
            Command::Reconnect(host) => Self::Reconnect { host: host.to_string() },
            Command::Detach(host) => Self::Detach { host: host.to_string() },
            Command::Pause(host) => Self::Pause { host: host.to_string() },
            Command::MarkDead(host) => Self::MarkDead { host: host.to_string() },
            Command::Start { id, host, spec } => {
                Self::Start { run: id.to_string(), host: host.to_string(), spec: Box::new((&**spec).into()) }
            }
            Command::Cancel { run, reason } => Self::Cancel { run: run.to_string(), reason: (*reason).into() },
            Command::Rerun(run) => Self::Rerun { run: run.to_string() },
            Command::Adopt(host) => Self::Adopt { host: host.to_string() },
            Command::Note { host, text } => Self::Note { host: host.to_string(), text: text.clone() },
        }
    }
}

impl TryFrom<CommandRecord> for Command {
    type Error = InvalidId;

    fn try_from(record: CommandRecord) -> Result<Self, InvalidId> {
        Ok(match record {
            CommandRecord::Connect { host } => Self::Connect(HostId::parse(&host)?),
            CommandRecord::Reconnect { host } => Self::Reconnect(HostId::parse(&host)?),
            CommandRecord::Detach { host } => Self::Detach(HostId::parse(&host)?),
            CommandRecord::Pause { host } => Self::Pause(HostId::parse(&host)?),
            CommandRecord::MarkDead { host } => Self::MarkDead(HostId::parse(&host)?),
            CommandRecord::Start { run, host, spec } => Self::Start {
                id: RunId::parse(&run)?,
                host: HostId::parse(&host)?,
                spec: Box::new((*spec).try_into()?),
            },
            CommandRecord::Cancel { run, reason } => Self::Cancel { run: RunId::parse(&run)?, reason: reason.into() },
            CommandRecord::Rerun { run } => Self::Rerun(RunId::parse(&run)?),
            CommandRecord::Adopt { host } => Self::Adopt(HostId::parse(&host)?),
            CommandRecord::Note { host, text } => Self::Note { host: HostId::parse(&host)?, text },
        })
    }
}
