//! What is worth calling an operator who looks elsewhere, once per incident.

use std::collections::VecDeque;

use crate::domain::event::{BootFact, Event, Fact, RunFact};
use crate::domain::fleet::Fleet;
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
    pub const ALL: [Self; 4] = [Self::Lost, Self::Refused, Self::Rebooted, Self::RunFailed];
}

impl Alerts {
    #[must_use]
    pub fn new(on: &[AlertKind]) -> Self {
        Self { on: on.to_vec(), told: VecDeque::new() }
    }

    /// The words for an event that was just folded into `fleet`, if it is worth a call.
    pub fn of(&mut self, fleet: &Fleet, event: &Event) -> Option<String> {
        let host = event.host.as_ref()?;
        let (kind, text) = match &event.fact {
            Fact::Link(change) if change.from != change.to => {
                let (kind, word) = match change.to {
                    LinkState::Lost => (AlertKind::Lost, "lost"),
                    LinkState::Refused => (AlertKind::Refused, "refused"),
                    LinkState::Idle
                    | LinkState::Connecting
                    | LinkState::Alive
                    | LinkState::Pinging
                    | LinkState::Reconnecting
                    | LinkState::Paused
                    | LinkState::Rebooted => return None,
                };
                let (id, incident) = fleet.incidents.numbered(host)?;
                if self.told.contains(&(kind, id)) {
                    return None;
                }
                self.remember(kind, id);
                (kind, format!("{word}: {incident}"))
            }
            Fact::Boot(BootFact::Rebooted { .. }) => (AlertKind::Rebooted, format!("{host} has rebooted")),
            Fact::Run { id, fact: RunFact::Ended { verdict, .. } } => {
                // A reboot was told of already, and the operator's own doing needs no telling.
                if verdict.is_success() || verdict.is_by_operator() || *verdict == Verdict::InterruptedByReboot {
                    return None;
                }
                let title = fleet.runs.get(&id.run).map_or("run", |run| run.spec.title());
                (AlertKind::RunFailed, format!("{title} on {host}: {verdict}"))
            }
            Fact::Link(_)
            | Fact::Boot(_)
            | Fact::Run { .. }
            | Fact::Network { .. }
            | Fact::Output { .. }
            | Fact::Health(_)
            | Fact::Operator(_)
            | Fact::Supervisor(_) => return None,
        };
        self.on.contains(&kind).then_some(text)
    }

    fn remember(&mut self, kind: AlertKind, id: u64) {
        if self.told.len() == REMEMBERED {
            self.told.pop_front();
        }
        self.told.push_back((kind, id));
    }
}

const REMEMBERED: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::diagnosis::Cause;
    use crate::domain::event::{LinkChange, OperatorFact};
    use crate::domain::id::{HostId, Seq};
    use crate::domain::moment::Wall;

    fn tell(fleet: &mut Fleet, alerts: &mut Alerts, at: i64, host: &str, fact: Fact) -> Option<String> {
        let event = Event { seq: Seq(0), at: Wall(at), host: HostId::parse(host).ok(), fact };
        fleet.apply(&event);
        alerts.of(fleet, &event)
    }

    fn link(from: LinkState, to: LinkState) -> Fact {
        let cause = Some(Cause::JumpHost { host: "gate".into(), cause: Box::new(Cause::ConnectTimedOut) });
        Fact::Link(LinkChange { from, to, cause, evidence: Vec::new(), attempt: 0, retry_at: None, waits_behind: None })
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
}
