//! What happened while nobody looked: how long that was, what ended, what rebooted, what goes on.

use std::time::Duration;

use super::dialog::{Dialog, Sheet, SheetKind};
use super::say::{self, clean};
use super::{App, SheetLine, Weight};
use crate::domain::boot::cause::RebootCause;
use crate::domain::fleet::Away;
use crate::domain::link::LinkState;
use crate::domain::moment::{Mono, Wall};
use crate::domain::run::{Phase, Verdict};

impl App {
    /// The stretch that is worth telling of, if there is one.
    #[must_use]
    pub fn away(&self) -> Option<Away> {
        self.fleet.away.filter(|away| away.to.since(away.from) >= WORTH_TELLING)
    }

    /// Says that there is something to be told, if there is.
    pub(super) fn point_at_digest(&mut self) {
        if let Some(away) = self.away() {
            self.greeting = Some(Greeting { begun: self.now.mono, settled: self.now.mono });
            let long = say::duration(away.to.since(away.from));
            self.toasts.pin(self.now.mono, format!("nobody looked for {long}: D tells what happened"));
        }
    }

    /// Shows what happened meanwhile once the hosts have told it, unless the operator does something by then.
    pub(super) fn open_digest(&mut self) {
        let Some(Greeting { begun, settled }) = self.greeting else { return };
        let asking = self.fleet.hosts.values().any(|host| host.link.state == LinkState::Connecting);
        let settled = if asking { self.now.mono } else { settled };
        self.greeting = Some(Greeting { begun, settled });
        if self.now.mono.since(settled) < TELLING && self.now.mono.since(begun) < PATIENCE {
            return;
        }
        self.greeting = None;
        let happened = self.away().is_some_and(|away| {
            let wrong = self.fleet.incidents.open().next().is_some();
            wrong || !self.ended_since(away.from).is_empty() || !self.rebooted_since(away.from).is_empty()
        });
        if happened && self.dialogs.is_empty() && !self.is_asking() {
            self.toasts.unpin();
            self.dialogs.push(Dialog::Sheet(Sheet::new(SheetKind::Digest)));
        }
    }

    pub(super) fn digest(&self) -> Vec<SheetLine> {
        let Some(away) = self.away() else {
            return vec![SheetLine::Heading("Nobody was away: all that is known was seen as it happened".into())];
        };
        let (from, to) = (self.when(away.from), self.when(away.to));
        let long = say::duration(away.to.since(away.from));
        let mut lines = vec![SheetLine::Heading(format!("Nobody looked for {long}: {from} to {to}"))];
        let ended = self.ended_since(away.from);
        // The first failure explains those after it.
        let failed = ended.iter().find(|end| end.failed);
        if let Some(first) = failed {
            section(&mut lines, "First failure", vec![(self.when(first.at), first.text.clone(), Weight::Bad)]);
        }
        let told = ended
            .iter()
            .rev()
            .map(|end| (self.when(end.at), end.text.clone(), if end.failed { Weight::Bad } else { Weight::Plain }));
        section(&mut lines, "Ended", told.collect());
        section(&mut lines, "Rebooted", self.rebooted_since(away.from));
        let goes_on = super::runs::going_on(&self.fleet).map(|run| {
            let since =
                run.latest().map_or(run.requested_at(), |latest| latest.started_at.unwrap_or(latest.requested_at));
            let seen = self.fleet.hosts.get(&run.host).is_some_and(|host| host.link.state.is_connected());
            let known = if seen { "" } else { " when last seen" };
            let text = format!("{}{known}, for {}", clean(run.spec.title()), say::duration(self.now.wall.since(since)));
            (run.host.to_string(), text, Weight::Plain)
        });
        section(&mut lines, "Goes on", goes_on.collect());
        let wrong = self
            .fleet
            .incidents
            .open()
            .map(|incident| (self.when(incident.since), clean(&incident.to_string()).into_owned(), Weight::Bad));
        section(&mut lines, "Wrong now", wrong.collect());
        if lines.len() == 1 {
            lines.push(SheetLine::Entry {
                label: String::new(),
                text: "nothing happened".into(),
                weight: Weight::Plain,
            });
        }
        lines
    }

    /// Oldest first.
    fn ended_since(&self, from: Wall) -> Vec<End> {
        let attempts = self.fleet.runs.values().flat_map(|run| run.attempts.iter().map(move |attempt| (run, attempt)));
        let ended = attempts.filter_map(|(run, attempt)| match &attempt.phase {
            Phase::Ended { verdict, at } if *at >= from => Some(End {
                at: *at,
                failed: is_failure(verdict),
                text: format!("{} on {}: {}", clean(run.spec.title()), run.host, clean(&verdict.to_string())),
            }),
            Phase::Ended { .. } | Phase::Requested | Phase::Running | Phase::Ending => None,
        });
        let mut ended: Vec<_> = ended.collect();
        ended.sort_by_key(|end| end.at);
        ended
    }

    fn rebooted_since(&self, from: Wall) -> Vec<(String, String, Weight)> {
        let seen = self.fleet.hosts.values().filter_map(|host| Some((host, host.rebooted?)));
        let mut seen: Vec<_> = seen.filter(|(_, reboot)| reboot.seen >= from).collect();
        seen.sort_by_key(|(_, reboot)| std::cmp::Reverse(reboot.seen));
        let tell = |(host, reboot): (&crate::domain::fleet::HostView, crate::domain::fleet::Rebooted)| {
            let why = reboot.cause.filter(|cause| *cause != RebootCause::Unknown);
            let why = why.map(|cause| format!(": {}", cause.word())).unwrap_or_default();
            let text =
                format!("{}, between {} and {}{why}", host.id, self.when(reboot.not_before), self.when(reboot.seen));
            (self.when(reboot.seen), text, Weight::Plain)
        };
        seen.into_iter().map(tell).collect()
    }
}

/// A digest that is to be opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Greeting {
    begun: Mono,
    /// Since when no host has been connecting.
    settled: Mono,
}

struct End {
    at: Wall,
    failed: bool,
    text: String,
}

fn is_failure(verdict: &Verdict) -> bool {
    !verdict.is_success() && !verdict.is_by_operator()
}

/// A heading and what stands under it; nothing when that is nothing. What is beyond [`LISTED`] is counted.
fn section(lines: &mut Vec<SheetLine>, heading: &str, entries: Vec<(String, String, Weight)>) {
    if entries.is_empty() {
        return;
    }
    let more = entries.len().saturating_sub(LISTED);
    lines.extend([SheetLine::Blank, SheetLine::Heading(heading.into())]);
    let told = entries.into_iter().take(LISTED);
    lines.extend(told.map(|(label, text, weight)| SheetLine::Entry { label, text, weight }));
    if more > 0 {
        let text = format!("and {more} more");
        lines.push(SheetLine::Entry { label: String::new(), text, weight: Weight::Plain });
    }
}

const LISTED: usize = 40;

/// Shorter absences are not worth a word.
const WORTH_TELLING: Duration = Duration::from_secs(60);

/// A host that has just been reached tells in this time how its runs ended.
const TELLING: Duration = Duration::from_secs(3);

/// Longer than this no host is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
