//! Short messages that come and go by themselves. What matters also stands elsewhere: a toast that
//! nobody saw loses nothing.

use std::collections::VecDeque;
use std::time::Duration;

use crate::domain::boot::cause::RebootCause;
use crate::domain::diagnosis::Outlook;
use crate::domain::event::{BootFact, Event, Fact, LinkChange, RunFact, SupervisorFact};
use crate::domain::fleet::Fleet;
use crate::domain::health::Status;
use crate::domain::moment::{Mono, Wall};
use crate::domain::network::NetworkState;
use crate::domain::run::Faults;
use crate::domain::system::sentence;
use crate::domain::watch::AlarmHit;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Toast {
    pub text: String,
    pub tone: Tone,
    until: Mono,
    /// Others do not push it out.
    pinned: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    Plain,
    Good,
    Warning,
    Bad,
}

/// The newest last.
#[derive(Clone, Debug, Default)]
pub struct Toasts(VecDeque<Toast>);

impl Toasts {
    pub fn say(&mut self, now: Mono, tone: Tone, text: impl Into<String>) {
        let text = text.into();
        self.0.retain(|toast| toast.text != text);
        while self.0.iter().filter(|toast| !toast.pinned).count() >= MOST {
            if let Some(oldest) = self.0.iter().position(|toast| !toast.pinned) {
                self.0.remove(oldest);
            }
        }
        self.0.push_back(Toast { text, tone, until: now + LIFE, pinned: false });
    }

    /// What a start in the middle of trouble must not push out; one at a time.
    pub fn pin(&mut self, now: Mono, text: impl Into<String>) {
        self.unpin();
        let toast = Toast { text: text.into(), tone: Tone::Plain, until: now + PINNED, pinned: true };
        self.0.push_back(toast);
    }

    pub fn unpin(&mut self) {
        self.0.retain(|toast| !toast.pinned);
    }

    /// The same thing said anew, further on: what began with this goes.
    pub fn renew(&mut self, now: Mono, tone: Tone, beginning: &str, text: &str) {
        self.0.retain(|toast| !toast.text.starts_with(beginning));
        self.say(now, tone, text);
    }

    pub fn expire(&mut self, now: Mono) {
        self.0.retain(|toast| toast.until > now);
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Toast> {
        self.0.iter()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What an operator is told of an event at once, if anything.
#[must_use]
pub fn of_event(fleet: &Fleet, event: &Event) -> Option<(Tone, String)> {
    let host = event.host.as_ref().map_or("", |host| host.as_str());
    match &event.fact {
        Fact::Link(change) => {
            let shared = event.host.as_ref().and_then(|host| fleet.incidents.of(host)).filter(|it| it.is_shared());
            match (shared, of_link(event.at, host, change)) {
                // Said again it takes the place of the one before.
                (Some(incident), Some((tone, _))) => Some((tone, incident.to_string())),
                (_, said) => said,
            }
        }
        Fact::Network { to, why, .. } => Some(of_network(*to, why)),
        Fact::Boot(BootFact::Rebooted { .. }) => Some((Tone::Warning, format!("{host} has rebooted"))),
        Fact::Boot(BootFact::Evidence { cause, .. }) if *cause != RebootCause::Unknown => {
            Some((Tone::Warning, format!("{host} rebooted: {}", cause.word())))
        }
        Fact::Boot(BootFact::Reverted { .. }) => Some((Tone::Warning, format!("{host} went back to a snapshot"))),
        Fact::Run { id, fact } => {
            let title = fleet.runs.get(&id.run).map_or("run", |run| run.spec.title());
            let faults = fleet.attempt(*id).map(|attempt| &attempt.faults);
            of_run(host, title, fact, faults)
        }
        Fact::Health(change) => {
            let tone = if change.to == Status::Unhealthy { Tone::Warning } else { Tone::Good };
            // Of a control plane there is no host.
            Some((tone, format!("{host} {change}").trim_start().to_owned()))
        }
        Fact::Supervisor(SupervisorFact::Warning(text)) => Some((Tone::Bad, text.clone())),
        Fact::Supervisor(SupervisorFact::Stalled(time)) => {
            Some((Tone::Plain, format!("asleep for {}: every host is asked again", super::say::duration(*time))))
        }
        Fact::Boot(BootFact::System { now, before: Some(before) }) => {
            Some((Tone::Warning, format!("{host}: {}", sentence(&before.changes(now)))))
        }
        Fact::Boot(BootFact::Identified(_) | BootFact::Evidence { .. } | BootFact::System { .. })
        | Fact::Output { .. }
        | Fact::Operator(_)
        | Fact::Supervisor(SupervisorFact::Started { .. } | SupervisorFact::Stopped) => None,
    }
}

fn of_link(at: Wall, host: &str, change: &LinkChange) -> Option<(Tone, String)> {
    // What the operator did needs no telling.
    if change.from == change.to || !change.to.is_alarming() || change.hold().is_some() {
        return None;
    }
    let sentence = Outlook::from(change).sentence(at);
    let because = if sentence.is_empty() { String::new() } else { format!(": {sentence}") };
    Some((Tone::Bad, format!("{host} is {}{because}", change.to.word())))
}

fn of_network(to: NetworkState, why: &str) -> (Tone, String) {
    let because = if why.is_empty() { String::new() } else { format!(": {why}") };
    match to {
        NetworkState::Down => (Tone::Bad, format!("own network is down{because}. No attempts are spent")),
        NetworkState::Degraded => (Tone::Warning, format!("own network is degraded{because}")),
        NetworkState::Up => (Tone::Good, format!("own network is up{because}")),
        NetworkState::Unknown => (Tone::Plain, format!("own network cannot be watched{because}")),
    }
}

/// How a toast of an alarm begins, however often it has been seen: the newest takes the place of those before.
fn of_alarm(title: &str, host: &str, hit: &AlarmHit) -> String {
    format!("{title} on {host}: {}", hit.pattern)
}

/// What a toast of this event begins with that takes the place of an earlier one.
#[must_use]
pub fn renewed(fleet: &Fleet, event: &Event) -> Option<String> {
    let host = event.host.as_ref().map_or("", |host| host.as_str());
    match &event.fact {
        Fact::Run { id, fact: RunFact::Alarm(hit) } => {
            Some(of_alarm(fleet.runs.get(&id.run).map_or("run", |run| run.spec.title()), host, hit))
        }
        Fact::Run { .. }
        | Fact::Link(_)
        | Fact::Network { .. }
        | Fact::Boot(_)
        | Fact::Health(_)
        | Fact::Supervisor(_)
        | Fact::Output { .. }
        | Fact::Operator(_) => None,
    }
}

fn of_run(host: &str, title: &str, fact: &RunFact, faults: Option<&Faults>) -> Option<(Tone, String)> {
    match fact {
        RunFact::Ended { verdict, .. } => {
            let behind = faults.map(|faults| faults.behind(verdict.is_success())).unwrap_or_default();
            let tone = if verdict.is_success() {
                if behind.is_empty() { Tone::Good } else { Tone::Warning }
            } else if verdict.is_by_operator() {
                Tone::Plain
            } else {
                Tone::Bad
            };
            Some((tone, format!("{title} on {host}: {verdict}{behind}")))
        }
        RunFact::Cancelled { left_over } if !left_over.is_empty() => {
            Some((Tone::Bad, format!("{title} on {host}: left over after cancelling: {}", left_over.join(", "))))
        }
        RunFact::StartDelayed { reason } => Some((Tone::Warning, format!("{title} on {host} waits: {reason}"))),
        RunFact::DiskLow { free } => {
            Some((Tone::Warning, format!("{host}: only {} left on the disk of {title}", super::say::bytes(*free))))
        }
        RunFact::SpoolStuck { why, free } => {
            Some((Tone::Bad, format!("{title} on {host}: {}", super::say::stuck(*why, *free))))
        }
        RunFact::SpoolFlows { free } => Some((Tone::Good, format!("{title} on {host}: {}", super::say::flows(*free)))),
        RunFact::Started(started) if !started.attached => Some((Tone::Good, format!("{title} started on {host}"))),
        RunFact::Alarm(hit) => {
            Some((Tone::Bad, format!("{}{}: {}", of_alarm(title, host, hit), super::say::times(hit.hits), hit.line)))
        }
        RunFact::Started(_)
        | RunFact::Progress { .. }
        | RunFact::Requested { .. }
        | RunFact::EndSeen { .. }
        | RunFact::Counted(_)
        | RunFact::CancelRequested { .. }
        | RunFact::Cancelled { .. }
        | RunFact::RetryScheduled { .. }
        | RunFact::Notice(_) => None,
    }
}

/// Toasts shown at once; when one more comes the oldest goes.
const MOST: usize = 4;

/// Long enough to read two lines.
const LIFE: Duration = Duration::from_secs(8);

/// Somebody who comes back looks elsewhere first.
const PINNED: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pinned_stays_until_it_is_taken_away_or_old() {
        let mut toasts = Toasts::default();
        let at = |seconds| Mono(Duration::from_secs(seconds));
        toasts.pin(at(0), "look here");
        for n in 0..10 {
            toasts.say(at(n), Tone::Bad, format!("{n}"));
        }
        assert_eq!(toasts.iter().map(|t| t.text.as_str()).collect::<Vec<_>>(), ["look here", "6", "7", "8", "9"]);
        toasts.expire(at(59));
        assert_eq!(toasts.iter().count(), 1);
        toasts.expire(at(60));
        assert!(toasts.is_empty());
        toasts.pin(at(61), "again");
        toasts.unpin();
        assert!(toasts.is_empty());
    }

    #[test]
    fn they_go_by_themselves_and_never_pile_up() {
        let mut toasts = Toasts::default();
        for n in 0..10 {
            toasts.say(Mono(Duration::from_secs(n)), Tone::Plain, format!("{n}"));
        }
        toasts.say(Mono(Duration::from_secs(9)), Tone::Plain, "9");
        assert_eq!(toasts.iter().map(|t| t.text.as_str()).collect::<Vec<_>>(), ["6", "7", "8", "9"]);
        toasts.expire(Mono(Duration::from_secs(15)));
        assert_eq!(toasts.iter().map(|t| t.text.as_str()).collect::<Vec<_>>(), ["8", "9"]);
        toasts.expire(Mono(Duration::from_secs(60)));
        assert!(toasts.is_empty());
    }
}
