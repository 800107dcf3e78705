//! What is worth calling an operator who looks elsewhere, once per incident.

use std::collections::VecDeque;

use crate::domain::event::{BootFact, Event, Fact, LinkChange, RunFact};
use crate::domain::fleet::Fleet;
use crate::domain::id::{AttemptId, HostId};
use crate::domain::link::LinkState;
use crate::domain::run::Verdict;

/// What an operator can be called for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AlertKind {
    /// No contact for `lost_after`.
    Lost,
    /// Login or host key was refused: nothing goes on without the operator.
    Refused,
    Rebooted,
    RunFailed,
    /// A line of output matched an alarm pattern.
    Alarm,
}

/// How, and for what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AlertSettings {
    /// The terminal's bell.
    pub bell: bool,
    pub desktop: Desktop,
    pub on: Vec<AlertKind>,
}

/// Which words the terminal understands as a notification of the desktop.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Desktop {
    #[default]
    Off,
    /// iTerm2, WezTerm, kitty, Ghostty, Windows Terminal, ConEmu.
    Osc9,
    /// rxvt-unicode, foot, VTE.
    Osc777,
}

/// One call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alert {
    pub kind: AlertKind,
    pub host: HostId,
    pub run: Option<AttemptId>,
    /// The cause's own word, or the pattern's name.
    pub cause: Option<String>,
    /// The incident it is part of; while it is open there is no second call of this kind for it.
    pub incident: Option<u64>,
    /// What is said.
    pub text: String,
}

/// Says each thing once.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Alerts {
    on: Vec<AlertKind>,
    /// Incidents that were told of, the oldest first; at most [`REMEMBERED`].
    told: VecDeque<(AlertKind, u64)>,
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self { bell: true, desktop: Desktop::Off, on: AlertKind::ALL.to_vec() }
    }
}

impl AlertKind {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Refused => "refused",
            Self::Rebooted => "rebooted",
            Self::RunFailed => "run-failed",
            Self::Alarm => "alarm",
        }
    }

    pub const ALL: [Self; 5] = [Self::Lost, Self::Refused, Self::Rebooted, Self::RunFailed, Self::Alarm];
}

impl Alerts {
    #[must_use]
    pub fn new(on: &[AlertKind]) -> Self {
        Self { on: on.to_vec(), told: VecDeque::new() }
    }

    /// The call for an event that was just folded into `fleet`, if it is worth one.
    pub fn of(&mut self, fleet: &Fleet, event: &Event) -> Option<Alert> {
        let host = event.host.as_ref()?;
        let alert = match &event.fact {
            Fact::Link(change) => self.of_link(fleet, host, change)?,
            Fact::Boot(BootFact::Rebooted { .. }) => {
                Alert::new(AlertKind::Rebooted, host, format!("{host} has rebooted"))
            }
            Fact::Run { id, fact } => {
                let title = fleet.runs.get(&id.run).map_or("run", |run| run.spec.title());
                let alert = of_run(fleet, host, *id, title, fact)?;
                Alert { run: Some(*id), ..alert }
            }
            Fact::Boot(_)
            | Fact::Network { .. }
            | Fact::Output { .. }
            | Fact::Health(_)
            | Fact::Operator(_)
            | Fact::Supervisor(_) => return None,
        };
        self.on.contains(&alert.kind).then_some(alert)
    }

    fn of_link(&mut self, fleet: &Fleet, host: &HostId, change: &LinkChange) -> Option<Alert> {
        if change.from == change.to || !change.to.is_alarming() {
            return None;
        }
        let kind = if change.to == LinkState::Refused { AlertKind::Refused } else { AlertKind::Lost };
        let (id, incident) = fleet.incidents.numbered(host)?;
        // What was told before a restart is told by nobody again.
        if self.told.contains(&(kind, id)) || fleet.incidents.is_told_before(host, change) {
            return None;
        }
        self.remember(kind, id);
        let cause = change.cause.as_ref().map(|cause| cause.word().to_owned());
        let text = format!("{}: {incident}", change.to.word());
        Some(Alert { cause, incident: Some(id), ..Alert::new(kind, host, text) })
    }

    fn remember(&mut self, kind: AlertKind, id: u64) {
        if self.told.len() == REMEMBERED {
            self.told.pop_front();
        }
        self.told.push_back((kind, id));
    }
}

impl Alert {
    fn new(kind: AlertKind, host: &HostId, text: String) -> Self {
        Self { kind, host: host.clone(), run: None, cause: None, incident: None, text }
    }
}

fn of_run(fleet: &Fleet, host: &HostId, id: AttemptId, title: &str, fact: &RunFact) -> Option<Alert> {
    match fact {
        RunFact::Ended { verdict, .. } => {
            // A reboot was told of already, and the operator's own doing needs no telling.
            let known = verdict.is_success() || verdict.is_by_operator() || *verdict == Verdict::InterruptedByReboot;
            let text = format!("{title} on {host}: {verdict}");
            (!known).then(|| Alert::new(AlertKind::RunFailed, host, text))
        }
        RunFact::Alarm(hit) => {
            // Told again with a higher count it is no news.
            let first =
                fleet.attempt(id)?.alarms.iter().any(|alarm| alarm.hit == *hit && alarm.first_at == alarm.last_at);
            let text = format!("{} in {title} on {host}: {}", hit.pattern, hit.line);
            let cause = Some(hit.pattern.clone());
            first.then(|| Alert { cause, ..Alert::new(AlertKind::Alarm, host, text) })
        }
        RunFact::Requested { .. }
        | RunFact::Started(_)
        | RunFact::StartDelayed { .. }
        | RunFact::EndSeen { .. }
        | RunFact::Counted(_)
        | RunFact::CancelRequested { .. }
        | RunFact::Cancelled { .. }
        | RunFact::RetryScheduled { .. }
        | RunFact::Notice(_)
        | RunFact::DiskLow { .. }
        | RunFact::SpoolStuck { .. }
        | RunFact::Progress { .. }
        | RunFact::SpoolFlows { .. } => None,
    }
}

const REMEMBERED: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::diagnosis::Cause;
    use crate::domain::event::{OperatorFact, SupervisorFact};
    use crate::domain::id::Seq;
    use crate::domain::moment::Wall;

    fn tell(fleet: &mut Fleet, alerts: &mut Alerts, at: i64, host: &str, fact: Fact) -> Option<String> {
        let event = Event { seq: Seq(0), at: Wall(at), host: HostId::parse(host).ok(), fact };
        fleet.apply(&event);
        alerts.of(fleet, &event).map(|alert| alert.text)
    }

    fn link(from: LinkState, to: LinkState) -> Fact {
        let cause = Some(Cause::JumpHost { host: "gate".into(), cause: Box::new(Cause::ConnectTimedOut) });
        Fact::Link(LinkChange::between(from, to, cause))
    }

    #[test]
    fn hosts_lost_together_call_once_and_again_when_it_happens_again() {
        let (mut fleet, mut alerts) = (Fleet::default(), Alerts::new(&AlertKind::ALL));
        for round in 0..2 {
            let mut said = Vec::new();
            for to in [LinkState::Reconnecting, LinkState::Lost] {
                for host in ["a", "b", "c"] {
                    said.extend(tell(&mut fleet, &mut alerts, round, host, link(LinkState::Alive, to)));
                }
            }
            assert_eq!(said, ["lost: 3 hosts: jump host gate: no answer: connecting timed out"]);
            for host in ["a", "b", "c"] {
                tell(&mut fleet, &mut alerts, round, host, link(LinkState::Lost, LinkState::Alive));
            }
        }
    }

    /// One process after the other on the same journal, and nobody's memory of what was told.
    #[derive(Default)]
    struct Desk {
        journal: Vec<Event>,
        fleet: Fleet,
        alerts: Alerts,
    }

    impl Desk {
        fn start(&mut self, at: i64) {
            self.fleet = Fleet::default();
            self.journal.iter().for_each(|event| self.fleet.apply(event));
            self.fleet.incidents.end(Wall(at));
            self.alerts = Alerts::new(&AlertKind::ALL);
            self.happens(at, None, Fact::Supervisor(SupervisorFact::Started { version: "1".into() }));
        }

        fn happens(&mut self, at: i64, host: Option<&str>, fact: Fact) -> Option<String> {
            let host = host.and_then(|host| HostId::parse(host).ok());
            let event = Event { seq: Seq(0), at: Wall(at), host, fact };
            self.fleet.apply(&event);
            let said = self.alerts.of(&self.fleet, &event).map(|alert| alert.text);
            self.journal.push(event);
            said
        }

        fn link(&mut self, at: i64, host: &str, from: LinkState, to: LinkState) -> Option<String> {
            self.happens(at, Some(host), link(from, to))
        }
    }

    #[test]
    fn what_was_told_before_a_restart_is_told_again_only_after_it_was_over() {
        use LinkState::{Alive, Connecting, Idle, Lost, Reconnecting};
        let mut desk = Desk::default();
        desk.start(0);
        for host in ["a", "b"] {
            desk.link(0, host, Alive, Reconnecting);
        }
        assert!(desk.link(1, "a", Reconnecting, Lost).is_some());
        // The second process does not watch for long enough to call a host lost; the third does.
        for at in [10, 20] {
            desk.start(at);
            for host in ["a", "b", "c"] {
                desk.link(at, host, Idle, Connecting);
                desk.link(at, host, Connecting, Reconnecting);
            }
        }
        for host in ["a", "b"] {
            assert_eq!(desk.link(21, host, Reconnecting, Lost), None, "{host} was part of what was told");
        }
        let said = desk.link(22, "c", Reconnecting, Lost);
        assert_eq!(said.as_deref(), Some("lost: 3 hosts: jump host gate: no answer: connecting timed out"));
        for host in ["a", "b", "c"] {
            desk.link(30, host, Lost, Alive);
        }
        assert!(desk.link(31, "a", Alive, Lost).is_some());
    }

    #[test]
    fn another_refusal_after_a_restart_is_news() {
        let refused = |cause| Fact::Link(LinkChange::between(LinkState::Connecting, LinkState::Refused, Some(cause)));
        let login = || refused(Cause::AuthRefused { tried: Vec::new(), offered: Vec::new() });
        let mut desk = Desk::default();
        desk.start(0);
        assert!(desk.happens(1, Some("a"), login()).is_some());
        desk.start(2);
        assert_eq!(desk.happens(3, Some("a"), login()), None);
        desk.start(4);
        let unknown = Cause::HostKeyUnknown { presented: String::new() };
        assert!(desk.happens(5, Some("a"), refused(unknown)).is_some());
    }

    #[test]
    fn only_what_was_asked_for() {
        let (mut fleet, mut alerts) = (Fleet::default(), Alerts::new(&[AlertKind::Rebooted]));
        assert_eq!(tell(&mut fleet, &mut alerts, 0, "a", link(LinkState::Alive, LinkState::Lost)), None);
        assert_eq!(tell(&mut fleet, &mut alerts, 0, "a", Fact::Operator(OperatorFact::Note("x".into()))), None);
        let identity = crate::domain::boot::BootIdentity { boot_id: None, boot_time: None, init_start: None };
        let fact =
            BootFact::Rebooted { before: identity.clone(), after: identity, not_before: Wall(0), evidence: Vec::new() };
        assert_eq!(tell(&mut fleet, &mut alerts, 0, "a", Fact::Boot(fact)).as_deref(), Some("a has rebooted"));
    }

    #[test]
    fn an_alarm_calls_once_however_often_its_count_is_told() {
        let (mut fleet, mut alerts) = (Fleet::default(), Alerts::new(&AlertKind::ALL));
        let id =
            AttemptId { run: crate::domain::id::RunId::from_random(7), attempt: crate::domain::id::Attempt::FIRST };
        let spec = Box::new(crate::domain::run::RunSpec::new("soak"));
        let run = |fact| Fact::Run { id, fact };
        assert_eq!(tell(&mut fleet, &mut alerts, 0, "a", run(RunFact::Requested { spec })), None);
        let hit = |hits| {
            let stream = crate::domain::run::Stream::Out;
            run(RunFact::Alarm(crate::domain::watch::AlarmHit {
                pattern: "kernel panic".into(),
                stream,
                hits,
                offset: 9,
                line: "Kernel panic - not syncing".into(),
            }))
        };
        let said = tell(&mut fleet, &mut alerts, 1, "a", hit(1));
        assert_eq!(said.as_deref(), Some("kernel panic in soak on a: Kernel panic - not syncing"));
        assert_eq!(tell(&mut fleet, &mut alerts, 2, "a", hit(40)), None);
        assert_eq!(fleet.attempt(id).map(crate::domain::fleet::AttemptView::alarm_hits), Some(40));
        // Another process, which knows nothing of the call before.
        assert_eq!(tell(&mut fleet, &mut Alerts::new(&AlertKind::ALL), 3, "a", hit(41)), None);
    }
}
