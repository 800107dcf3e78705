//! What a check found, for people and for programs.

use std::time::Duration;

use comfy_table::{CellAlignment, Table};
use serde::Serialize;

use crate::app::say;
use crate::cli::exit;
use crate::domain::diagnosis::{Cause, Rung, RungAnswer, RungReport, verdict};
use crate::domain::id::HostId;
use crate::domain::system::{self, System};
use crate::ledger::record::{CauseRecord, IdentityRecord, RungReportRecord, SystemRecord, millis};
use crate::remote::HostFacts;

pub(super) struct Report {
    pub host: HostId,
    pub attempt: Try,
    /// What is done otherwise than the configuration of `ssh` says.
    pub remarks: Vec<String>,
    pub contact: Contact,
}

/// Which of how many.
#[derive(Clone, Copy)]
pub(super) struct Try {
    pub number: u32,
    pub of: u32,
    /// Before the next.
    pub delay: Duration,
}

pub(super) enum Contact {
    Made {
        evidence: Vec<RungReport>,
        transport: String,
        exec_took: Duration,
        facts: Box<HostFacts>,
        /// What it is made of, or why that is not known.
        system: Result<System, String>,
        heartbeat: RungReport,
        survival: Option<Survival>,
    },
    Failed {
        cause: Cause,
        evidence: Vec<RungReport>,
    },
}

/// Whether processes outlive their login.
pub(super) enum Survival {
    Survives { launcher: String },
    Dies { launcher: String },
    Unknown(String),
}

impl Contact {
    /// The rungs that the dial could not tell of.
    pub(super) fn put_below(&mut self, mut below: Vec<RungReport>) {
        let (Self::Made { evidence, .. } | Self::Failed { evidence, .. }) = self;
        below.retain(|report| evidence.iter().all(|told| told.rung != report.rung));
        evidence.splice(0..0, below);
    }
}

impl Report {
    /// Whether there is no other try after it.
    pub(super) fn is_last(&self) -> bool {
        match &self.contact {
            Contact::Made { .. } => true,
            Contact::Failed { cause, .. } => cause.is_refusal() || self.attempt.number >= self.attempt.of,
        }
    }

    pub(super) fn code(&self) -> u8 {
        match &self.contact {
            Contact::Made { survival: Some(Survival::Dies { .. }), .. } => exit::FAILURE,
            Contact::Made { survival: Some(Survival::Unknown(_)), .. } => exit::UNKNOWN,
            Contact::Made { survival: Some(Survival::Survives { .. }) | None, .. } => exit::SUCCESS,
            Contact::Failed { cause, .. } if cause.is_refusal() => exit::REFUSED,
            Contact::Failed { .. } => exit::UNKNOWN,
        }
    }

    /// In a few words.
    pub(super) fn summary(&self) -> String {
        let text = match &self.contact {
            Contact::Made { transport, heartbeat, .. } => {
                let reached = format!("reached in {} by {transport}", say::latency(self.took()));
                match heartbeat.answer {
                    RungAnswer::Broken => format!("{reached}; {}", heartbeat.detail),
                    RungAnswer::Stands | RungAnswer::NotAsked => reached,
                }
            }
            Contact::Failed { cause, evidence } => verdict(cause, evidence),
        };
        say::clean(&text).into_owned()
    }

    /// The rungs of the connection, one after the other; those below were asked beside it.
    fn took(&self) -> Duration {
        self.rungs().iter().filter(|rung| (Rung::Tcp..=Rung::Exec).contains(&rung.rung)).map(|rung| rung.took).sum()
    }

    /// The whole ladder: what was not come to is told as that.
    fn rungs(&self) -> Vec<RungReport> {
        let mut rungs = match &self.contact {
            Contact::Made { evidence, exec_took, facts, heartbeat, .. } => {
                let detail = [facts.os.as_str(), facts.kernel.as_str()].join(" ").trim().to_owned();
                let exec = RungReport { rung: Rung::Exec, answer: RungAnswer::Stands, took: *exec_took, detail };
                evidence.iter().cloned().chain([exec, heartbeat.clone()]).collect()
            }
            Contact::Failed { evidence, .. } => evidence.clone(),
        };
        let reached = rungs.iter().map(|report| report.rung).max();
        let above = Rung::LADDER.into_iter().filter(|rung| reached.is_none_or(|reached| *rung > reached));
        let (answer, took) = (RungAnswer::NotAsked, Duration::ZERO);
        rungs.extend(above.map(|rung| RungReport { rung, answer, took, detail: String::new() }));
        rungs
    }

    pub(super) fn text(&self, color: bool) -> String {
        let (mark, sgr) = match self.code() {
            exit::SUCCESS => ("✓", "32"),
            _ => ("✗", "31"),
        };
        let Try { number, of, delay } = self.attempt;
        let which = if of > 1 { format!(" (try {number} of {of})") } else { String::new() };
        let next = if self.is_last() { String::new() } else { format!("; trying again in {}", say::duration(delay)) };
        let head = format!("{mark} {}{which}: {}{next}", say::clean(self.host.as_str()), self.summary());
        let mut text = if color { format!("\x1b[{sgr}m{head}\x1b[0m\n") } else { format!("{head}\n") };
        text.push_str(&table(&self.rungs()));
        for line in self.lines() {
            text.push_str(&format!("  {}\n", say::clean(&line)));
        }
        text
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        match &self.contact {
            Contact::Made { facts, system, survival, .. } => {
                let id = facts.boot.boot_id.as_deref().unwrap_or("unknown");
                let up = facts.uptime.map(|up| format!(", up for {}", say::duration(up))).unwrap_or_default();
                lines.push(format!("boot {id}{up}"));
                match system {
                    Ok(system) => lines.extend(of_system(system)),
                    Err(why) => lines.push(format!("what it is made of is not known: {why}")),
                }
                lines.extend(survival.as_ref().map(Survival::words));
            }
            Contact::Failed { cause, .. } => lines.extend(cause.next_step().map(|step| format!("hint: {step}"))),
        }
        lines.extend(self.remarks.iter().map(|remark| format!("note: {remark}")));
        lines
    }

    pub(super) fn record(&self) -> CheckRecord {
        let (transport, boot, uptime, system, survival, cause) = match &self.contact {
            Contact::Made { transport, facts, system, survival, .. } => {
                let survival = survival.as_ref().map(SurvivalRecord::from);
                let system = system.as_ref().ok().map(SystemRecord::from);
                (Some(transport.clone()), Some(facts.boot.clone().into()), facts.uptime, system, survival, None)
            }
            Contact::Failed { cause, .. } => (None, None, None, None, None, Some(cause.into())),
        };
        CheckRecord {
            host: self.host.to_string(),
            attempt: self.attempt.number,
            attempts: self.attempt.of,
            reached: transport.is_some(),
            verdict: self.summary(),
            took_ms: millis(self.took()),
            transport,
            cause,
            rungs: self.rungs().iter().map(Into::into).collect(),
            boot,
            uptime_s: uptime.map(|up| up.as_secs()),
            system,
            survival,
            remarks: self.remarks.clone(),
        }
    }
}

impl Survival {
    fn words(&self) -> String {
        match self {
            Self::Survives { launcher } => format!("processes outlive their login ({launcher})"),
            Self::Dies { launcher } => format!(
                "PROCESSES DIE WITH THEIR LOGIN ({launcher}): runs would be lost with the connection; \
                 on a systemd host, `loginctl enable-linger` lets them live"
            ),
            Self::Unknown(why) => format!("whether processes outlive their login is not known: {why}"),
        }
    }
}

/// A line for each thing it is made of.
fn of_system(system: &System) -> Vec<String> {
    let processors = system.processors.map(|count| say::count(usize::try_from(count).unwrap_or(usize::MAX), "CPU"));
    let processors = match (processors, &system.processor) {
        (Some(count), Some(model)) => Some(format!("{count}, {model}")),
        (count, model) => count.or(model.clone()),
    };
    let facts = [
        ("system", system.distribution.clone()),
        ("kernel", system.kernel.clone()),
        ("processors", processors),
        ("memory", system.memory.map(system::size)),
    ];
    let mut lines: Vec<String> =
        facts.into_iter().filter_map(|(name, text)| text.map(|text| format!("{name} {text}"))).collect();
    lines.extend(system.interfaces.iter().map(|nic| format!("interface {nic}")));
    lines
}

fn table(rungs: &[RungReport]) -> String {
    if rungs.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    for rung in rungs {
        let answer = match rung.answer {
            RungAnswer::Stands => "✓ stands",
            // It proves nothing: not in the colour, nor the words, of a failure.
            RungAnswer::Broken if rung.rung == Rung::Icmp => "· no answer",
            RungAnswer::Broken => "✗ broken",
            RungAnswer::NotAsked => "· not asked",
        };
        let took = if rung.answer == RungAnswer::NotAsked { String::new() } else { say::latency(rung.took) };
        let detail = say::clean(&rung.detail).into_owned();
        table.add_row([format!(" {}", rung.rung.word()), answer.into(), took, detail]);
    }
    if let Some(column) = table.column_mut(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt() + "\n"
}

/// A check as programs read it.
#[derive(Serialize)]
pub(super) struct CheckRecord {
    host: String,
    /// This try, and how many there may be.
    attempt: u32,
    attempts: u32,
    reached: bool,
    /// In one sentence, for people.
    verdict: String,
    took_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    transport: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<CauseRecord>,
    rungs: Vec<RungReportRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    boot: Option<IdentityRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uptime_s: Option<u64>,
    /// What it is made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<SystemRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    survival: Option<SurvivalRecord>,
    remarks: Vec<String>,
}

#[derive(Serialize)]
struct SurvivalRecord {
    /// `null`: not known.
    survives: Option<bool>,
    detail: String,
}

impl From<&Survival> for SurvivalRecord {
    fn from(survival: &Survival) -> Self {
        match survival {
            Survival::Survives { launcher } => Self { survives: Some(true), detail: launcher.clone() },
            Survival::Dies { launcher } => Self { survives: Some(false), detail: launcher.clone() },
            Survival::Unknown(why) => Self { survives: None, detail: why.clone() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rung(rung: Rung, answer: RungAnswer, millis: u64, detail: &str) -> RungReport {
        RungReport { rung, answer, took: Duration::from_millis(millis), detail: detail.into() }
    }

    #[test]
    fn a_failure_says_which_rung_and_what_to_do() {
        let cause = Cause::AuthRefused { tried: vec!["publickey".into()], offered: vec!["password".into()] };
        let report = Report {
            host: HostId::parse("db1").expect("a name"),
            attempt: Try { number: 1, of: 1, delay: Duration::ZERO },
            remarks: vec!["StrictHostKeyChecking no: host keys are always verified".into()],
            contact: Contact::Failed {
                cause,
                evidence: vec![
                    rung(Rung::Tcp, RungAnswer::Stands, 1, "10.0.0.1:22"),
                    rung(Rung::Banner, RungAnswer::Stands, 20, "SSH-2.0-OpenSSH_9.6"),
                    rung(Rung::Auth, RungAnswer::Broken, 109, "refused\x1b[2J"),
                ],
            },
        };
        assert_eq!(report.code(), exit::REFUSED);
        insta::assert_snapshot!(report.text(false));
        let line = serde_json::to_string(&report.record()).expect("it can be written");
        assert!(line.contains(r#""reached":false"#) && line.contains("auth_refused"), "{line}");
    }
}
