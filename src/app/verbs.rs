//! What the operator can have done to hosts and runs. Each verb acts on the marked hosts, or on the
//! selected one; what stops something asks first and names what it hits.

use super::dialog::{Confirm, Decision, Dialog, JobList};
use super::runs::Pick;
use super::say;
use super::toast::Tone;
use super::{App, Effect};
use crate::domain::command::Command;
use crate::domain::event::CancelReason;
use crate::domain::id::HostId;
use crate::domain::run::Job;

impl App {
    pub(super) fn connect(&mut self) -> Vec<Effect> {
        self.each_host("connecting", Command::Connect)
    }

    pub(super) fn reconnect(&mut self) -> Vec<Effect> {
        self.each_host("reconnecting", Command::Reconnect)
    }

    pub(super) fn detach(&mut self) -> Vec<Effect> {
        let hosts = self.hosts.targets(&self.fleet);
        if hosts.len() < 2 || self.read_only {
            return self.each_host("detaching", Command::Detach);
        }
        let text = vec![format!("{}.", names(&hosts)), "Their runs go on; their connections are closed.".into()];
        let commands = hosts.iter().cloned().map(Command::Detach).collect();
        let title = format!("Detach {}?", say::count(hosts.len(), "host"));
        let confirm = Confirm::new(title, text, "Detach", "Keep connected", Decision::Commands(commands));
        self.dialogs.push(Dialog::Confirm(confirm.harmless()));
        Vec::new()
    }

    pub(super) fn pause_link(&mut self) -> Vec<Effect> {
        let what = Held {
            doing: "pausing",
            title: "Pause",
            text: "Connections are closed and nothing is dialed, after a restart neither, until r resumes them. Their \
                   runs go on.",
            yes: "Pause",
            asks: 2,
        };
        self.hold(&what, Command::Pause)
    }

    /// Nobody is called about such a host any more: always asks.
    pub(super) fn mark_dead(&mut self) -> Vec<Effect> {
        let what = Held {
            doing: "marking dead",
            title: "Mark dead",
            text: "They are not dialed any more and no incident is told of them, until r takes them back. What runs \
                   there is not stopped.",
            yes: "Mark dead",
            asks: 1,
        };
        self.hold(&what, Command::MarkDead)
    }

    fn hold(&mut self, what: &Held, command: fn(HostId) -> Command) -> Vec<Effect> {
        let hosts = self.hosts.targets(&self.fleet);
        if hosts.len() < what.asks || self.read_only {
            return self.each_host(what.doing, command);
        }
        let going_on = |host: &HostId| self.fleet.runs_of(host).filter(|run| !run.is_over()).count();
        let runs: usize = hosts.iter().map(going_on).sum();
        let mut text = vec![format!("{}.", names(&hosts))];
        if runs > 0 {
            text.push(format!(
                "{} on there, unseen.",
                if runs == 1 { "1 run goes".into() } else { format!("{runs} runs go") }
            ));
        }
        text.extend([String::new(), what.text.into()]);
        let commands = hosts.iter().cloned().map(command).collect();
        let title = format!("{} {}?", what.title, say::count(hosts.len(), "host"));
        let mut confirm = Confirm::new(title, text, what.yes, "Leave as is", Decision::Commands(commands));
        if hosts.len() > UNTYPED {
            confirm = confirm.with_typed(hosts.len().to_string());
        }
        self.dialogs.push(Dialog::Confirm(confirm));
        Vec::new()
    }

    pub(super) fn rerun(&mut self) -> Vec<Effect> {
        if self.refuse_read_only() {
            return Vec::new();
        }
        let picks = self.target_picks();
        if picks.is_empty() {
            self.tell(Tone::Plain, "nothing ran here yet: J starts a job");
            return Vec::new();
        }
        let going_on: Vec<_> =
            picks.iter().filter(|pick| !pick.run.is_over()).map(|pick| self.describe(pick)).collect();
        let seconds: Vec<_> = picks.iter().map(|pick| (pick.run.clone(), pick.run.is_over())).collect();
        let mut commands = Vec::new();
        for (run, is_over) in seconds {
            commands.push(if is_over {
                Command::Rerun(run.id)
            } else {
                Command::Start { id: self.ids.next(), host: run.host, spec: Box::new(run.spec) }
            });
        }
        if going_on.is_empty() {
            return self.decide(Decision::Commands(commands));
        }
        let mut text = going_on;
        text.push("It is not stopped: a second one is started beside it.".into());
        let confirm =
            Confirm::new("Still running".into(), text, "Start another", "Leave it", Decision::Commands(commands));
        self.dialogs.push(Dialog::Confirm(confirm));
        Vec::new()
    }

    pub(super) fn cancel(&mut self) {
        if self.refuse_read_only() {
            return;
        }
        let picks: Vec<_> = self.target_picks().into_iter().filter(|pick| !pick.run.is_over()).collect();
        let Some(first) = picks.first() else {
            return self.tell(Tone::Plain, "no run goes on here");
        };
        let title = if picks.len() == 1 {
            format!("Cancel {} on {}?", first.run.spec.title(), first.run.host)
        } else {
            format!("Cancel {}?", say::count(picks.len(), "run"))
        };
        let mut text: Vec<_> = picks.iter().take(LISTED).map(|pick| self.describe(pick)).collect();
        if picks.len() > LISTED {
            text.push(format!("and {} more", picks.len() - LISTED));
        }
        let grace = picks.iter().map(|pick| pick.run.spec.grace).max().unwrap_or_default();
        text.push(String::new());
        text.push(format!("All its processes on the host get TERM, and KILL after {}.", say::duration(grace)));
        let reason = CancelReason::Operator;
        let commands = picks.iter().map(|pick| Command::Cancel { run: pick.run.id, reason }).collect();
        let count = picks.len();
        let keep = if count == 1 { "Keep it running" } else { "Keep them running" };
        let yes = if count == 1 { "Cancel the run" } else { "Cancel the runs" };
        let mut confirm = Confirm::new(title, text, yes, keep, Decision::Commands(commands));
        if count > UNTYPED {
            confirm = confirm.with_typed(count.to_string());
        }
        self.dialogs.push(Dialog::Confirm(confirm));
    }

    pub(super) fn choose_job(&mut self) {
        if self.refuse_read_only() {
            return;
        }
        let hosts = self.hosts.targets(&self.fleet);
        if hosts.is_empty() {
            return self.tell(Tone::Plain, "no host to start a job on");
        }
        self.dialogs.push(Dialog::Jobs(JobList::new(&self.fleet, hosts, &self.jobs)));
    }

    /// A job was picked: asks whether it shall be started.
    pub(super) fn confirm_job(&mut self, job: Job, hosts: &[HostId]) {
        if job.upload.is_some() && job.spec.upload.is_none() {
            // Its command would run without the file it is about.
            return self.tell(Tone::Bad, format!("{} sends a file, which cannot be done from here", job.name));
        }
        let start = |host: &HostId| Command::Start {
            id: self.ids.next(),
            host: host.clone(),
            spec: Box::new(job.spec.clone()),
        };
        let commands = hosts.iter().map(start).collect();
        let mut text = vec![format!("$ {}", job.spec.command.lines().next().unwrap_or_default())];
        let more = job.spec.command.lines().count().saturating_sub(1);
        if more > 0 {
            text.push(format!("  and {} of script", say::count(more, "more line")));
        }
        if let Some(directory) = &job.spec.directory {
            text.push(format!("in {directory}"));
        }
        if let Some(total) = job.spec.limits.total {
            text.push(format!("for at most {}", say::duration(total)));
        }
        let busy = |host: &&HostId| super::runs::going_on(&self.fleet).any(|run| run.host == **host);
        let busy: Vec<_> = hosts.iter().filter(busy).cloned().collect();
        if !busy.is_empty() {
            text.push(String::new());
            text.push(format!("Something else goes on already on {}.", names(&busy)));
        }
        let title = format!("Start {} on {}?", job.name, names(hosts));
        let confirm = Confirm::new(title, text, "Start", "Back", Decision::Commands(commands));
        self.dialogs.push(Dialog::Confirm(confirm.harmless()));
    }

    /// Quits at once when nothing goes on; else says first what does.
    pub(super) fn quit(&mut self) -> Vec<Effect> {
        let runs: Vec<_> = super::runs::going_on(&self.fleet).collect();
        if runs.is_empty() || self.stopped {
            return vec![Effect::Quit];
        }
        if self.simulated {
            let text = vec!["Its hosts and what runs on them end with it; nothing is left behind.".into()];
            let confirm = Confirm::new("Quit the demo?".into(), text, "Quit", "Stay", Decision::Quit);
            self.dialogs.push(Dialog::Confirm(confirm.harmless()));
            return Vec::new();
        }
        let title = format!(
            "Quit? {} on",
            if runs.len() == 1 { "1 run goes".into() } else { format!("{} runs go", runs.len()) }
        );
        let mut text: Vec<_> =
            runs.iter().take(LISTED).map(|run| format!("{} on {}", run.spec.title(), run.host)).collect();
        if runs.len() > LISTED {
            text.push(format!("and {} more", runs.len() - LISTED));
        }
        text.push(String::new());
        text.push("Nothing is stopped, no output is lost: start steadfast again to see them.".into());
        let confirm = Confirm::new(title, text, "Quit", "Stay", Decision::Quit);
        self.dialogs.push(Dialog::Confirm(confirm.harmless()));
        Vec::new()
    }

    /// Carries a decision out. What has become pointless meanwhile is left out.
    pub(super) fn decide(&mut self, decision: Decision) -> Vec<Effect> {
        let commands = match decision {
            Decision::Quit => return vec![Effect::Quit],
            Decision::Save(save) => return vec![Effect::Log(super::log::Work::Save(save))],
            Decision::Commands(commands) => commands,
        };
        let wanted = commands.len();
        let live: Vec<_> = commands.into_iter().filter(|command| self.is_sensible(command)).collect();
        if live.len() < wanted {
            self.tell(Tone::Plain, format!("{} over meanwhile", say::count(wanted - live.len(), "run")));
        }
        for command in &live {
            if let Command::Start { host, .. } = command {
                self.picks.forget(host);
            }
        }
        live.into_iter().map(Effect::Command).collect()
    }

    /// Onto the timeline of every target.
    pub(super) fn note(&mut self, text: &str) -> Vec<Effect> {
        let hosts = self.hosts.targets(&self.fleet);
        if text.is_empty() || hosts.is_empty() {
            return Vec::new();
        }
        self.tell(Tone::Plain, format!("noted on {}", names(&hosts)));
        let note = |host| Effect::Command(Command::Note { host, text: text.to_owned() });
        hosts.into_iter().map(note).collect()
    }

    fn is_sensible(&self, command: &Command) -> bool {
        match command {
            Command::Cancel { run, .. } => self.fleet.runs.get(run).is_some_and(|run| !run.is_over()),
            Command::Connect(_)
            | Command::Reconnect(_)
            | Command::Detach(_)
            | Command::Pause(_)
            | Command::MarkDead(_)
            | Command::Start { .. }
            | Command::Rerun(_)
            | Command::Adopt(_)
            | Command::Note { .. } => true,
        }
    }

    fn each_host(&mut self, doing: &str, command: impl Fn(HostId) -> Command) -> Vec<Effect> {
        if self.refuse_read_only() {
            return Vec::new();
        }
        let hosts = self.hosts.targets(&self.fleet);
        if hosts.is_empty() {
            return Vec::new();
        }
        self.tell(Tone::Plain, format!("{doing} {}", names(&hosts)));
        hosts.into_iter().map(|host| Effect::Command(command(host))).collect()
    }

    /// `memtest on node03, attempt 2, running for 3h07m`
    fn describe(&self, pick: &Pick<'_>) -> String {
        // What goes on is the latest attempt, whichever is looked at.
        let latest = pick.run.latest().unwrap_or(pick.attempt);
        let phase = self.phase_sentence(latest);
        format!("{} on {}, attempt {}, {phase}", pick.run.spec.title(), pick.run.host, latest.attempt)
    }

    /// The attempts shown for the targets.
    fn target_picks(&self) -> Vec<Pick<'_>> {
        self.hosts.targets(&self.fleet).iter().filter_map(|host| self.picks.of(&self.fleet, host)).collect()
    }

    pub(super) fn refuse_read_only(&mut self) -> bool {
        if self.read_only {
            self.tell(Tone::Warning, "read-only: nothing is sent to hosts");
        }
        self.read_only
    }

    pub(super) fn tell(&mut self, tone: Tone, text: impl Into<String>) {
        self.toasts.say(self.now.mono, tone, text);
    }
}

/// What is said of a verb that leaves hosts alone for long.
struct Held {
    doing: &'static str,
    title: &'static str,
    text: &'static str,
    yes: &'static str,
    /// From so many hosts on it asks first.
    asks: usize,
}

fn names(hosts: &[HostId]) -> String {
    say::list(hosts.iter().map(HostId::as_str), LISTED)
}

/// Names in a sentence or a dialog; beyond that they are counted.
const LISTED: usize = 5;

/// Up to so many runs are cancelled, and hosts left alone, without typing how many.
const UNTYPED: usize = 5;
