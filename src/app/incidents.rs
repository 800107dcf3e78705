//! The incidents in words: what is broken now, then what is over, newest first.

use std::time::Duration;

use super::say::{self, clean};
use super::{App, SheetLine, Weight};
use crate::domain::diagnosis::{Outlook, RungAnswer};
use crate::domain::fleet::HostView;
use crate::domain::id::HostId;
use crate::domain::incident::Incident;
use crate::domain::moment::Wall;
use crate::domain::system::sentence;

impl App {
    pub(super) fn incidents(&self) -> Vec<SheetLine> {
        let all = &self.fleet.incidents;
        let mut open: Vec<_> = all.open().collect();
        open.sort_by_key(|incident| std::cmp::Reverse(incident.since));
        let mut lines = vec![SheetLine::Heading(match open.len() {
            0 => "Nothing is wrong now".into(),
            wrong => format!("Now: {}", say::count(wrong, "incident")),
        })];
        for incident in open {
            self.tell_incident(incident, &mut lines);
        }
        lines.extend(self.alarm_lines());
        if !all.closed().is_empty() {
            lines.extend([SheetLine::Blank, SheetLine::Heading("Over".into())]);
        }
        for incident in all.closed().iter().rev() {
            self.tell_incident(incident, &mut lines);
        }
        lines
    }

    fn tell_incident(&self, incident: &Incident, lines: &mut Vec<SheetLine>) {
        let mut say = |label: &str, text: String, weight| {
            lines.push(SheetLine::Entry { label: label.into(), text, weight });
        };
        let (last, weight) = match incident.until {
            None => (self.now.wall, Weight::Bad),
            Some(until) => (until, Weight::Plain),
        };
        let label = format!("{}, {}", self.when(incident.since), say::duration(last.since(incident.since)));
        say(&label, clean(&incident.to_string()).into_owned(), weight);
        if incident.affected > 1 {
            let names = say::list(incident.had.iter().map(HostId::as_str), NAMED);
            let well = incident.had.len().saturating_sub(incident.hosts.len());
            let again =
                if incident.until.is_none() && well > 0 { format!(" ({well} well again)") } else { String::new() };
            say("", format!("hosts: {names}{again}"), Weight::Plain);
        }
        if let (Some(until), 1) = (incident.until, incident.affected) {
            let host = incident.had.first().and_then(|host| self.fleet.hosts.get(host));
            if let Some(text) = host.and_then(|host| reboot(host, incident.since, until)) {
                say("", text, Weight::Plain);
            }
        }
        if incident.until.is_none() {
            let first = incident.hosts.first().and_then(|host| self.fleet.hosts.get(host));
            if let Some(evidence) = first.map(evidence).filter(|text| !text.is_empty()) {
                say("", evidence, Weight::Plain);
            }
            // Of hosts with a common trouble each is tried at its own time; the first speaks for them.
            let outlook = first.and_then(|host| Outlook::from(&host.link).next(self.now.wall));
            let steps: Vec<_> = outlook.into_iter().chain(incident.next_step()).collect();
            if !steps.is_empty() {
                say("", format!("next: {}", clean(&steps.join("; "))), Weight::Advice);
            }
        }
    }

    /// The time of day, with the date when it was not today.
    pub(super) fn when(&self, at: Wall) -> String {
        if say::date(at, self.utc_offset) == say::date(self.now.wall, self.utc_offset) {
            say::time(at, self.utc_offset)
        } else {
            format!("{} {}", say::date(at, self.utc_offset), say::short_time(at, self.utc_offset))
        }
    }
}

/// The reboot that was the incident, and what it brought: `rebooted: kernel panic; memory 64 GiB → 32 GiB`.
fn reboot(host: &HostView, since: Wall, until: Wall) -> Option<String> {
    let rebooted = host.rebooted.filter(|rebooted| rebooted.seen >= since && rebooted.seen <= until + SLACK)?;
    let cause = rebooted.cause.unwrap_or_default().word();
    let changed = host.changed.as_ref().filter(|changed| {
        // It is asked once the host is back.
        changed.as_of >= rebooted.seen && changed.as_of <= rebooted.seen + SLACK
    });
    let changed = changed.map(|changed| format!("; {}", sentence(&changed.value))).unwrap_or_default();
    Some(clean(&format!("rebooted: {cause}{changed}")).into_owned())
}

/// What the rungs of the ladder answered, in one line: `node07: broken ssh banner (no answer); stands route, tcp`.
fn evidence(host: &HostView) -> String {
    let of = |wanted: RungAnswer| host.link.evidence.iter().filter(move |report| report.answer == wanted);
    let cause = host.link.cause.as_ref().map(ToString::to_string).unwrap_or_default();
    let broken = of(RungAnswer::Broken).map(|report| match &*clean(&report.detail) {
        // What the cause says already is not said twice.
        detail if detail.is_empty() || cause.contains(detail) => report.rung.word().to_owned(),
        detail => format!("{} ({detail})", report.rung.word()),
    });
    let (broken, stands): (Vec<_>, Vec<_>) =
        (broken.collect(), of(RungAnswer::Stands).map(|report| report.rung.word()).collect());
    let mut parts = Vec::new();
    if !broken.is_empty() {
        parts.push(format!("broken {}", broken.join(", ")));
    }
    if !stands.is_empty() {
        parts.push(format!("stands {}", stands.join(", ")));
    }
    if parts.is_empty() { String::new() } else { format!("{}: {}", host.id, parts.join("; ")) }
}

/// What is found out about a host that came back comes within this time.
const SLACK: Duration = Duration::from_secs(60);

/// Hosts of an incident that are named; the rest are counted.
const NAMED: usize = 12;
