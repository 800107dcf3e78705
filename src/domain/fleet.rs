//! The one read model: what all events so far add up to. Hub, screen, command line and replay fold
//! the same events with the same [`Fleet::apply`].

mod link_view;
mod run_view;

use std::collections::BTreeMap;
use std::time::Duration;

pub use link_view::LinkView;
pub use run_view::{AlarmView, AttemptView, NOTICES, ProgressView, RunView};

use crate::domain::boot::BootIdentity;
use crate::domain::boot::cause::RebootCause;
use crate::domain::event::{BootFact, Event, Fact, LinkChange, OperatorFact, OutputMark, RunFact, SupervisorFact};
use crate::domain::health::{Illness, LevelChange, SERVERS, Status, Unwell};
use crate::domain::id::{AttemptId, HostId, RunId, Seq};
use crate::domain::incident::Incidents;
use crate::domain::link::Hold;
use crate::domain::moment::{LastKnown, Wall};
use crate::domain::network::NetworkState;
use crate::domain::system::{self, System};
use crate::domain::timeline::{Mark, Segment, Timeline};

/// All hosts and runs that the ledger knows.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Fleet {
    pub hosts: BTreeMap<HostId, HostView>,
    pub runs: BTreeMap<RunId, RunView>,
    pub network: NetworkState,
    /// The last event in here.
    pub seq: Seq,
    /// What belongs together of the links' troubles.
    pub incidents: Incidents,
    /// The last stretch in which no supervisor looked, or it slept.
    pub away: Option<Away>,
    /// When the last event was.
    pub last_at: Option<Wall>,
    /// What is not well of the servers of a control plane, at most [`SERVERS`].
    pub servers: BTreeMap<String, Illness>,
    /// Standing warnings of the supervisor, newest last, at most [`WARNINGS`].
    pub warnings: Vec<(Wall, String)>,
}

/// Nobody looked between these.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Away {
    pub from: Wall,
    pub to: Wall,
}

#[derive(Clone, PartialEq, Debug)]
pub struct HostView {
    pub id: HostId,
    /// `user@address:port`, for people.
    pub address: String,
    pub tags: Vec<String>,
    pub link: LinkView,
    /// What the operator has said of it; it stands also while nobody drives its link.
    pub held: Option<Hold>,
    pub boot: Option<LastKnown<BootIdentity>>,
    pub reboots: u32,
    /// The last of them that was seen.
    pub rebooted: Option<Rebooted>,
    /// What it is made of, and what of that was another when it was last told.
    pub system: Option<LastKnown<System>>,
    pub changed: Option<LastKnown<Vec<system::Change>>>,
    pub timeline: Timeline,
    /// What is not well on it, as of its last sample.
    pub unwell: Unwell,
    pub blind: BlindView,
}

/// How long a host with runs was not seen for reasons that are not its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct BlindView {
    pub total: Duration,
    pub times: u32,
    /// The last span, and when it was told.
    last: Option<(Wall, Duration)>,
}

impl BlindView {
    /// Each run tells of a span once it has caught up. Two spans of one length cannot end closer to each other
    /// than that length: such a one is the same.
    fn add(&mut self, at: Wall, span: Duration) {
        let same = self.last.is_some_and(|(told, last)| last == span && at.since(told) < span);
        if !same {
            self.total = self.total.saturating_add(span);
            self.times = self.times.saturating_add(1);
            self.last = Some((at, span));
        }
    }
}

/// A reboot as it was seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rebooted {
    /// It happened between these.
    pub not_before: Wall,
    pub seen: Wall,
    /// Once the host was asked for evidence.
    pub cause: Option<RebootCause>,
}

impl Fleet {
    /// Makes a host known, idle, before anything happened to it.
    pub fn add_host(&mut self, id: HostId, address: String, tags: Vec<String>, now: Wall) {
        self.hosts.insert(id.clone(), HostView::new(id, address, tags, now));
    }

    /// Folds one event in. Events about hosts and runs that are not known make them known.
    pub fn apply(&mut self, event: &Event) {
        self.seq = event.seq;
        let before = self.last_at.replace(event.at);
        match &event.fact {
            Fact::Network { to, .. } => self.network = *to,
            Fact::Supervisor(fact) => self.apply_supervisor(event.at, before, fact),
            Fact::Link(change) => {
                self.with_host(event, |host, at| host.apply_link(at, change));
                if let Some(host) = event.host.as_ref().and_then(|host| self.hosts.get(host)) {
                    self.incidents.apply(event.at, &host.id, &host.address, change);
                }
            }
            Fact::Boot(fact) => self.with_host(event, |host, at| host.apply_boot(at, fact)),
            Fact::Health(change) if event.host.is_none() => self.apply_server(event.at, change),
            Fact::Health(change) => self.with_host(event, |host, at| {
                host.unwell.apply(at, change);
                host.timeline.mark(at, Mark::Health(change.into()));
            }),
            Fact::Run { id, fact } => self.apply_run(event, *id, fact),
            Fact::Output { id, mark, .. } => self.apply_mark(event, *id, mark),
            Fact::Operator(fact) => self.with_host(event, |host, at| host.apply_operator(at, fact)),
        }
    }

    fn apply_server(&mut self, at: Wall, change: &LevelChange) {
        let Some(server) = &change.server else { return };
        match change.to {
            Status::Unhealthy if self.servers.len() < SERVERS => {
                self.servers.insert(server.clone(), Illness { since: at, reasons: change.reasons.clone() });
            }
            Status::Unhealthy => {}
            Status::Healthy | Status::Unknown => {
                self.servers.remove(server);
            }
        }
    }

    /// The runs of one host, oldest request first.
    pub fn runs_of<'a>(&'a self, host: &'a HostId) -> impl Iterator<Item = &'a RunView> {
        let mut runs: Vec<_> = self.runs.values().filter(|run| run.host == *host).collect();
        runs.sort_by_key(|run| run.requested_at());
        runs.into_iter()
    }

    #[must_use]
    pub fn attempt(&self, id: AttemptId) -> Option<&AttemptView> {
        self.runs.get(&id.run)?.attempts.iter().find(|a| a.attempt == id.attempt)
    }

    fn with_host(&mut self, event: &Event, fold: impl FnOnce(&mut HostView, Wall)) {
        let Some(id) = &event.host else { return };
        let host = self
            .hosts
            .entry(id.clone())
            .or_insert_with(|| HostView::new(id.clone(), String::new(), Vec::new(), event.at));
        fold(host, event.at);
    }

    fn apply_run(&mut self, event: &Event, id: AttemptId, fact: &RunFact) {
        if let (RunFact::Requested { spec }, Some(host)) = (fact, &event.host) {
            let run = self.runs.entry(id.run).or_insert_with(|| RunView {
                id: id.run,
                host: host.clone(),
                spec: (**spec).clone(),
                attempts: Vec::new(),
            });
            run.spec.clone_from(spec);
            if run.attempts.iter().all(|a| a.attempt != id.attempt) {
                run.attempts.push(AttemptView::new(id.attempt, event.at));
            }
        }
        let Some(attempt) = self.attempt_mut(id) else { return };
        attempt.apply(event.at, fact);
        match fact {
            RunFact::Started(_) => self.with_host(event, |host, at| host.timeline.mark(at, Mark::RunStarted)),
            RunFact::Ended { verdict, .. } => {
                let success = verdict.is_success();
                self.with_host(event, |host, at| host.timeline.mark(at, Mark::RunEnded { success }));
            }
            RunFact::Alarm(hit) => {
                let mark = Mark::Alarm(hit.pattern.clone());
                self.with_host(event, |host, at| host.timeline.mark(at, mark));
            }
            RunFact::Requested { .. }
            | RunFact::Progress { .. }
            | RunFact::StartDelayed { .. }
            | RunFact::EndSeen { .. }
            | RunFact::Counted(_)
            | RunFact::CancelRequested { .. }
            | RunFact::Cancelled { .. }
            | RunFact::RetryScheduled { .. }
            | RunFact::Notice(_)
            | RunFact::DiskLow { .. }
            | RunFact::SpoolStuck { .. }
            | RunFact::SpoolFlows { .. } => {}
        }
    }

    fn apply_mark(&mut self, event: &Event, id: AttemptId, mark: &OutputMark) {
        match mark {
            OutputMark::Gap { lost, .. } => {
                if let Some(attempt) = self.attempt_mut(id) {
                    attempt.lost += lost;
                }
                self.with_host(event, |host, at| host.timeline.mark(at, Mark::Gap));
            }
            OutputMark::Blind { duration, .. } => {
                if let Some(attempt) = self.attempt_mut(id) {
                    attempt.blind = attempt.blind.saturating_add(*duration);
                }
                self.with_host(event, |host, at| host.blind.add(at, *duration));
            }
        }
    }

    fn attempt_mut(&mut self, id: AttemptId) -> Option<&mut AttemptView> {
        self.runs.get_mut(&id.run)?.attempts.iter_mut().find(|a| a.attempt == id.attempt)
    }

    fn apply_supervisor(&mut self, at: Wall, before: Option<Wall>, fact: &SupervisorFact) {
        match fact {
            SupervisorFact::Warning(text) => {
                self.warnings.push((at, text.clone()));
                let excess = self.warnings.len().saturating_sub(WARNINGS);
                self.warnings.drain(..excess);
            }
            SupervisorFact::Started { .. } => {
                self.away = before.map(|from| Away { from, to: at });
                self.incidents.hand_over();
            }
            SupervisorFact::Stalled(time) => {
                let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
                self.away = Some(Away { from: Wall(at.0.saturating_sub(millis)), to: at });
            }
            SupervisorFact::Stopped => {}
        }
    }
}

impl HostView {
    #[must_use]
    pub fn new(id: HostId, address: String, tags: Vec<String>, now: Wall) -> Self {
        let link = LinkView::idle(now);
        let (held, boot, rebooted, system, changed) = (None, None, None, None, None);
        let (timeline, unwell, blind) = (Timeline::default(), Unwell::default(), BlindView::default());
        Self { id, address, tags, link, held, boot, reboots: 0, rebooted, system, changed, timeline, unwell, blind }
    }

    fn apply_link(&mut self, at: Wall, change: &LinkChange) {
        if self.link.state != change.to || self.timeline.segments().is_empty() {
            self.link.since = at;
            self.timeline.push(Segment { from: at, state: change.to, cause: change.cause.clone() });
        }
        self.link.apply(change);
        if let Some(told) = self.link.told() {
            self.timeline.tell(told);
        }
    }

    /// The word counts, whether or not there was time to carry it out.
    fn apply_operator(&mut self, at: Wall, fact: &OperatorFact) {
        match fact {
            OperatorFact::Pause => self.held = Some(Hold::Paused),
            OperatorFact::MarkDead => self.held = Some(Hold::Dead),
            OperatorFact::Reconnect | OperatorFact::Detach => self.held = None,
            OperatorFact::Connect => {}
            OperatorFact::Note(text) => self.timeline.mark(at, Mark::Note(text.clone())),
        }
    }

    fn apply_boot(&mut self, at: Wall, fact: &BootFact) {
        let identity = match fact {
            BootFact::Identified(identity) => identity,
            BootFact::Rebooted { after, not_before, .. } => {
                self.reboots += 1;
                self.rebooted = Some(Rebooted { not_before: *not_before, seen: at, cause: None });
                self.timeline.mark(at, Mark::Reboot);
                after
            }
            BootFact::Evidence { cause, .. } => {
                if let Some(rebooted) = &mut self.rebooted {
                    rebooted.cause = Some(*cause);
                }
                return;
            }
            BootFact::System { now, before } => {
                if let Some(before) = before {
                    let changes = before.changes(now);
                    self.timeline.mark(at, Mark::Note(system::sentence(&changes)));
                    self.changed = Some(LastKnown { value: changes, as_of: at });
                }
                self.system = Some(LastKnown { value: (**now).clone(), as_of: at });
                return;
            }
            BootFact::Reverted { identity, .. } => {
                self.timeline.mark(at, Mark::Note("went back to a snapshot".into()));
                identity
            }
        };
        self.boot = Some(LastKnown { value: identity.clone(), as_of: at });
    }
}

/// Older warnings are in the journal.
pub const WARNINGS: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blind_span_that_several_runs_tell_of_counts_once() {
        let mut blind = BlindView::default();
        let (long, short) = (Duration::from_secs(60), Duration::from_secs(5));
        for (at, span) in [(100_000, long), (103_000, long), (110_000, short), (115_000, short), (175_001, long)] {
            blind.add(Wall(at), span);
        }
        assert_eq!((blind.total, blind.times), (Duration::from_secs(130), 4));
    }
}
