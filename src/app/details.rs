//! Everything known of one host and its run, in words: for the pane, for the sheet, for the clipboard.

use super::say::{self, clean};
use super::{App, Pick, Standing};
use crate::domain::diagnosis::{Outlook, Rung, RungAnswer, RungReport, verdict};
use crate::domain::fleet::{AttemptView, HostView};
use crate::domain::health;
use crate::domain::link::LinkState;
use crate::domain::moment::Wall;
use crate::domain::run::{OnReboot, Outcome, Phase};
use crate::domain::system::{self, sentence};
use crate::domain::timeline::{Segment, Told};

/// One line of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Detail {
    pub label: &'static str,
    pub text: String,
    pub weight: Weight,
}

/// How much it matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Weight {
    Plain,
    /// What to do next.
    Advice,
    Bad,
}

impl App {
    /// What is known of `host`; the most pressing first.
    #[must_use]
    pub fn details(&self, host: &HostView) -> Vec<Detail> {
        let mut lines = Lines::default();
        self.of_link(host, &mut lines);
        if host.link.state == LinkState::Rebooted {
            self.of_boot(host, &mut lines);
        }
        if let Some(pick) = self.picks.of(&self.fleet, &host.id) {
            self.of_run(host, &pick, &mut lines);
        }
        self.of_health(host, &mut lines);
        if host.link.state != LinkState::Rebooted {
            self.of_boot(host, &mut lines);
        }
        of_system(host, &mut lines);
        if !host.address.is_empty() {
            lines.plain("address", clean(&host.address).into_owned());
        }
        if !host.tags.is_empty() {
            lines.plain("tags", host.tags.join(", "));
        }
        for (at, text) in self.fleet.warnings.iter().rev().take(3) {
            lines.bad("warning", format!("{} {}", say::time(*at, self.utc_offset), clean(text)));
        }
        lines.0
    }

    /// What is not well, as the events tell it; the numbers are in the health view.
    fn of_health(&self, host: &HostView, lines: &mut Lines) {
        let unwell = host.unwell.host().map(|illness| (String::new(), illness));
        let services = host.unwell.services().map(|(name, illness)| (format!("{name} "), illness));
        for (name, illness) in unwell.into_iter().chain(services).take(UNWELL) {
            let since = say::date_time(illness.since, self.utc_offset);
            let text = format!("{name}unhealthy since {since}: {}", health::list(&illness.reasons));
            lines.bad("health", clean(&text).into_owned());
        }
    }

    /// The same as text, with the host's name.
    #[must_use]
    pub fn details_text(&self, host: &HostView) -> String {
        let head = format!("{} {} at {}\n", host.id, host.address, say::date_time(self.now.wall, self.utc_offset));
        let line = |detail: Detail| format!("{:<9} {}\n", detail.label, detail.text);
        head + &self.details(host).into_iter().map(line).collect::<String>()
    }

    /// The verdict on a host's link, and what happens next.
    #[must_use]
    pub fn link_sentence(&self, host: &HostView) -> String {
        clean(&Outlook::from(&host.link).sentence(self.now.wall)).into_owned()
    }

    /// Of a segment of the timeline: `: port refused: no sshd answers, 3 attempts (broken tcp; stands route)`.
    #[must_use]
    pub fn why(&self, host: &HostView, segment: &Segment) -> String {
        let Some(Told { verdict, evidence, attempts }) = host.timeline.told(segment) else {
            let cause = segment.cause.as_ref().map(|cause| format!(": {}", clean(&cause.to_string())));
            return cause.unwrap_or_default();
        };
        let mut text = format!(": {}", clean(verdict));
        if *attempts > 0 {
            text.push_str(&format!(", {}", say::count(usize::try_from(*attempts).unwrap_or(usize::MAX), "attempt")));
        }
        if !evidence.is_empty() {
            text.push_str(&format!(" ({})", clean(evidence)));
        }
        text
    }

    /// `attempt 3 in 4 s`, `attempt 3 now`, `waiting for a place (12 before it)`; nothing when none is due.
    #[must_use]
    pub fn retry_words(&self, host: &HostView) -> Option<String> {
        if host.link.waits_behind.is_some() {
            return Outlook::from(&host.link).next(self.now.wall);
        }
        let at = host.link.retry_at?;
        let left = at.since(self.now.wall);
        let attempt = host.link.attempt.saturating_add(1);
        let when = if left.is_zero() { "now".into() } else { format!("in {} s", left.as_millis().div_ceil(1000)) };
        Some(format!("attempt {attempt} {when}"))
    }

    fn of_link(&self, host: &HostView, lines: &mut Lines) {
        let link = &host.link;
        let mut text = format!("{} for {}", link.word(), say::duration(self.now.wall.since(link.since)));
        if let Some(retry) = self.retry_words(host) {
            text.push_str(&format!(", {retry}"));
        }
        if let Some(rtt) = self.live.rtt(&host.id).filter(|_| link.state.is_connected()) {
            text.push_str(&format!(", answers in {}", say::latency(rtt)));
        }
        lines.plain("link", text);
        if let Some(cause) = &link.cause {
            if link.state.is_connected() {
                lines.plain("was", clean(&verdict(cause, &link.evidence)).into_owned());
            } else {
                lines.bad("cause", self.link_sentence(host));
            }
            if let Some(step) = cause.next_step().filter(|_| !link.state.is_connected()) {
                lines.push("next step", clean(&step).into_owned(), Weight::Advice);
            }
        }
        let told = if link.state.is_connected() { String::new() } else { self.link_sentence(host) };
        of_evidence(&link.evidence, &told, lines);
        if host.blind.times > 0 {
            let times = say::count(usize::try_from(host.blind.times).unwrap_or(usize::MAX), "time");
            let total = say::duration(host.blind.total);
            lines.plain("blind", format!("{total} in all, {times}, for reasons that are not the host's"));
        }
    }

    fn of_run(&self, host: &HostView, pick: &Pick<'_>, lines: &mut Lines) {
        let (run, attempt) = (pick.run, pick.attempt);
        let mut text = format!("{}, attempt {}", clean(run.spec.title()), attempt.attempt);
        if run.attempts.len() > 1 {
            text.push_str(&format!(" of {}", run.attempts.len()));
        }
        text.push_str(&format!(", {}", self.phase_sentence(attempt)));
        if pick.standing(host.link.state) == Standing::Unknown {
            let seen = last_seen(host).map(|at| format!(", {} ago", say::duration(self.now.wall.since(at))));
            text.push_str(&format!(" when its host was last seen{}", seen.unwrap_or_default()));
        }
        let weight = if attempt.faults.alarm().is_some() { Weight::Bad } else { Weight::Plain };
        lines.push("run", text, weight);
        // What stands behind the verdict is not said again.
        let ended = matches!(attempt.phase, Phase::Ended { .. });
        let faults = if ended { attempt.faults.beside_verdict() } else { attempt.faults.sentence() };
        if let Some(faults) = faults {
            lines.plain("hardware", format!("errors meanwhile: {faults}"));
        }
        if let Some(progress) = self.progress(pick) {
            let status = progress.status.map(|status| format!(": {}", clean(&status))).unwrap_or_default();
            lines.plain("progress", format!("{}{status}", say::progress(progress.permille, progress.remaining)));
        }
        for alarm in attempt.alarms.iter().rev() {
            lines.bad("alarm", self.alarm(alarm));
        }
        for notice in attempt.notices.iter().rev() {
            lines.bad("notice", clean(notice).into_owned());
        }
        if attempt.lost > 0 {
            let lost = say::bytes(attempt.lost);
            lines.bad("gap", format!("{lost} of output were given up on the host before they came here"));
        }
        lines.plain("command", clean(run.spec.command.lines().next().unwrap_or_default()).into_owned());
        if let Some(started) = &attempt.started {
            let how =
                [format!("pid {}", started.pid), clean(&started.launcher).into(), clean(&started.terminal).into()];
            lines.plain("on host", how.join(", "));
            lines.plain("directory", clean(&started.directory).into_owned());
        }
        if run.spec.on_reboot == OnReboot::Rerun {
            lines.plain("policy", "run again after a reboot".into());
        }
        for old in run.attempts.iter().rev().filter(|old| old.attempt != attempt.attempt) {
            lines.plain("attempt", format!("{}: {}", old.attempt, self.phase_sentence(old)));
        }
        lines.plain("run id", run.id.to_string());
    }

    fn of_boot(&self, host: &HostView, lines: &mut Lines) {
        if let Some(rebooted) = &host.rebooted {
            let cause = rebooted.cause.unwrap_or_default().word();
            let (from, to) =
                (say::time(rebooted.not_before, self.utc_offset), say::time(rebooted.seen, self.utc_offset));
            let ago = say::duration(self.now.wall.since(rebooted.seen));
            lines.plain("rebooted", format!("{ago} ago: {cause} (between {from} and {to})"));
        }
        if let Some(changed) = &host.changed {
            let at = say::date_time(changed.as_of, self.utc_offset);
            lines.bad("changed", clean(&format!("{}, seen {at}", sentence(&changed.value))).into_owned());
        }
        if let Some(boot) = &host.boot {
            let mut parts = Vec::new();
            if let Some(booted) = boot.value.boot_time {
                let at = Wall(booted.saturating_mul(1000));
                let up = say::duration(self.now.wall.since(at));
                parts.push(format!("up {up}, since {}", say::date_time(at, self.utc_offset)));
            }
            if host.reboots > 0 {
                parts.push(format!(
                    "{} seen",
                    say::count(usize::try_from(host.reboots).unwrap_or(usize::MAX), "reboot")
                ));
            }
            if let Some(id) = &boot.value.boot_id {
                parts.push(format!("boot id {}", clean(id).chars().take(13).collect::<String>()));
            }
            if boot.value.is_unknown() {
                parts.push("this host does not tell which boot it is".into());
            }
            parts.push(format!("as of {}", say::time(boot.as_of, self.utc_offset)));
            lines.plain("boot", parts.join(", "));
        }
    }

    /// `running for 3d04h`, `exit 0, 2h10m ago, after 5m03s`
    pub(super) fn phase_sentence(&self, attempt: &AttemptView) -> String {
        let now = self.now.wall;
        let since = attempt.started_at.unwrap_or(attempt.requested_at);
        match &attempt.phase {
            Phase::Requested => format!("asked for {} ago, not started yet", say::duration(now.since(since))),
            Phase::Running if attempt.cancelling => "being cancelled".into(),
            Phase::Running => format!("running for {}", say::duration(now.since(since))),
            Phase::Ending => "ended; the rest of its output is being read".into(),
            Phase::Ended { verdict, at } => {
                let (ago, took) = (say::duration(now.since(*at)), say::duration(at.since(since)));
                let told = Outcome(verdict, &attempt.faults).to_string();
                format!("{}, {ago} ago, after {took}", clean(&told))
            }
        }
    }
}

/// What the host is made of.
fn of_system(host: &HostView, lines: &mut Lines) {
    let Some(known) = &host.system else { return };
    let system = &known.value;
    let kernel = system.kernel.as_ref().map(|kernel| format!("kernel {kernel}"));
    let processors = match (&system.processor, system.processors) {
        (Some(model), Some(count)) => Some(format!("{count} × {model}")),
        (model, count) => model.clone().or(count.map(|count| format!("{count} CPUs"))),
    };
    let memory = system.memory.map(|memory| format!("{} of memory", system::size(memory)));
    let parts = [system.distribution.clone(), kernel, processors, memory];
    lines.plain("system", clean(&parts.into_iter().flatten().collect::<Vec<_>>().join(", ")).into_owned());
    let names = system.interfaces.iter().map(|nic| match (&nic.mac, nic.speed) {
        (Some(mac), Some(speed)) => format!("{} {mac} {speed} Mb/s", nic.name),
        (Some(mac), None) => format!("{} {mac}", nic.name),
        (None, _) => nic.name.clone(),
    });
    let names: Vec<String> = names.collect();
    if !names.is_empty() {
        let text = say::list(names.iter().map(String::as_str), INTERFACES);
        lines.plain("network", clean(&text).into_owned());
    }
}

/// When the host went out of sight; `None` when that is longer ago than we remember.
fn last_seen(host: &HostView) -> Option<Wall> {
    let segments = host.timeline.segments();
    let connected = segments.iter().rposition(|segment| segment.state.is_connected())?;
    segments.get(connected + 1).map(|gone| gone.from)
}

/// What stands, what is broken and why, what could not be asked.
fn not_asked(report: &RungReport) -> String {
    let why = clean(&report.detail);
    if why.is_empty() { report.rung.word().into() } else { format!("{} ({why})", report.rung.word()) }
}

/// What `told` has told already is not said again.
fn of_evidence(evidence: &[RungReport], told: &str, lines: &mut Lines) {
    let with = |wanted: RungAnswer| evidence.iter().filter(move |report| report.answer == wanted);
    let stands: Vec<_> = with(RungAnswer::Stands)
        .map(|r| {
            if r.took.is_zero() {
                r.rung.word().to_owned()
            } else {
                format!("{} {}", r.rung.word(), say::latency(r.took))
            }
        })
        .collect();
    if !stands.is_empty() {
        lines.plain("stands", stands.join(", "));
    }
    // A ping that nobody answered takes nothing away.
    for report in with(RungAnswer::Broken).filter(|report| report.rung != Rung::Icmp) {
        let detail = clean(&report.detail);
        let text = if told.contains(&*detail) {
            report.rung.word().to_owned()
        } else {
            format!("{}: {detail}", report.rung.word())
        };
        lines.bad("broken", text);
    }
    if with(RungAnswer::Broken).any(|report| report.rung == Rung::Icmp) {
        lines.plain("no answer", "icmp, which proves nothing".into());
    }
    let not_asked: Vec<_> = with(RungAnswer::NotAsked).map(not_asked).collect();
    if !not_asked.is_empty() {
        lines.plain("not asked", not_asked.join(", "));
    }
}

/// Interfaces that are named; the rest are counted.
const INTERFACES: usize = 4;

#[derive(Default)]
struct Lines(Vec<Detail>);

impl Lines {
    fn push(&mut self, label: &'static str, text: String, weight: Weight) {
        self.0.push(Detail { label, text, weight });
    }

    fn plain(&mut self, label: &'static str, text: String) {
        self.push(label, text, Weight::Plain);
    }

    fn bad(&mut self, label: &'static str, text: String) {
        self.push(label, text, Weight::Bad);
    }
}

/// Ailments that are listed: the health view has all.
const UNWELL: usize = 5;
