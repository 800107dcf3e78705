//! What concerns all hosts at once and none of them: our own network, the routing table, our own sleep.

use std::time::Duration;

use tokio::sync::watch;

use crate::domain::event::{Fact, LinkChange, SupervisorFact};
use crate::domain::id::HostId;
use crate::domain::link::{LinkInput, LinkState};
use crate::domain::moment::Mono;
use crate::domain::network::{Links, NetworkState};
use crate::net::OwnNetwork;
use crate::port::Clock;
use crate::supervisor::host::HostOrder;
use crate::supervisor::hub::Hub;
use crate::supervisor::limits::{REASONS, ROUTES, ROUTES_EACH, SLEPT, STALL, TICK};

/// What the hub knows of the outside.
pub(in crate::supervisor) struct Outside {
    /// Where it is said what the links need of the network.
    links: Option<watch::Sender<Links>>,
    alive: usize,
    wanting: usize,
    /// The routing table may have changed: when the hosts are to look, and when they did last.
    routes_due: Option<Mono>,
    routes_seen: Option<Mono>,
    changes: u64,
    /// When the hub was awake last, and how long the machine had slept by then.
    ticked: Mono,
    slept: Duration,
    reason: Reason,
}

/// Why the network is as it is: news too, when it changes while the network stays bad.
#[derive(Default)]
struct Reason {
    told: String,
    at: Option<Mono>,
    /// Not told yet; only the newest counts.
    due: Option<String>,
}

impl Reason {
    fn note(&mut self, now: Mono, why: &str) {
        (self.told, self.at, self.due) = (why.to_owned(), Some(now), None);
    }

    fn change(&mut self, why: String) {
        self.due = (why != self.told).then_some(why);
    }

    /// At most one in [`REASONS`]: check hosts that come and go make many.
    fn take(&mut self, now: Mono) -> Option<String> {
        if self.at.is_some_and(|at| now.since(at) < REASONS) {
            return None;
        }
        let why = self.due.take()?;
        self.note(now, &why);
        Some(why)
    }
}

impl Outside {
    pub(in crate::supervisor) fn new(clock: &dyn Clock, links: Option<watch::Sender<Links>>) -> Self {
        Self {
            links,
            alive: 0,
            wanting: 0,
            routes_due: None,
            routes_seen: None,
            changes: 0,
            ticked: clock.now().mono,
            slept: clock.asleep(),
            reason: Reason::default(),
        }
    }

    /// `held`: the operator wanted it left alone until now.
    fn note(&mut self, change: &LinkChange, held: bool) {
        for (state, sign, held) in [(change.from, -1, held), (change.to, 1, change.hold().is_some())] {
            match state {
                // Nobody waits for the network to reach it.
                LinkState::Paused | LinkState::Lost if held => {}
                LinkState::Alive | LinkState::Rebooted => self.alive = self.alive.saturating_add_signed(sign),
                LinkState::Pinging | LinkState::Reconnecting | LinkState::Paused | LinkState::Lost => {
                    self.wanting = self.wanting.saturating_add_signed(sign);
                }
                // A first attempt says nothing yet.
                LinkState::Idle | LinkState::Connecting | LinkState::Refused => {}
            }
        }
        let need = if self.wanting == 0 { Links::Quiet } else { Links::Wanting { some_alive: self.alive > 0 } };
        if let Some(links) = &self.links {
            links.send_if_modified(|known| std::mem::replace(known, need) != need);
        }
    }

    /// How long this process was not there, if it was not.
    fn stalled(&mut self, now: Mono, slept: Duration) -> Option<Duration> {
        let late = now.since(std::mem::replace(&mut self.ticked, now)).saturating_sub(TICK);
        let slept = slept.saturating_sub(std::mem::replace(&mut self.slept, slept));
        let length = if late > STALL { late.max(slept) } else { slept };
        (length >= SLEPT).then_some(length)
    }
}

impl Hub {
    /// Our own network changed: every link is told at once.
    pub(super) fn handle_network(&mut self, seen: Option<OwnNetwork>) {
        if let Some(seen) = &seen
            && std::mem::replace(&mut self.outside.changes, seen.changes) != seen.changes
        {
            let now = self.clock.now().mono;
            let hosts = u32::try_from(self.seats.len()).unwrap_or(u32::MAX);
            let rest = ROUTES + ROUTES_EACH.saturating_mul(hosts);
            let earliest = self.outside.routes_seen.map_or(now, |seen| seen + rest);
            self.outside.routes_due.get_or_insert(earliest.max(now));
        }
        // A network that nobody watches any more must not keep links waiting for it.
        let unwatched = || (NetworkState::Unknown, "its watch has ended".to_owned());
        let (state, why) = seen.map_or_else(unwatched, |seen| (seen.state, seen.why));
        if state != self.fleet.network {
            let from = self.fleet.network;
            self.outside.reason.note(self.clock.now().mono, &why);
            self.publish(None, Fact::Network { from, to: state, why });
            let hosts: Vec<_> = self.seats.keys().cloned().collect();
            for host in hosts {
                self.offer(&host, HostOrder::Link(LinkInput::Network(state)));
            }
        } else if let NetworkState::Down | NetworkState::Degraded = state {
            self.outside.reason.change(why);
        }
    }

    /// A link changed: whether the network is to be asked about depends on it.
    pub(super) fn note_link(&mut self, host: Option<&HostId>, fact: &Fact) {
        if let Fact::Link(change) = fact {
            let held = host.and_then(|host| self.fleet.hosts.get(host)).is_some_and(|host| host.link.hold().is_some());
            self.outside.note(change, held);
        }
    }

    /// How long the hub may wait without looking at the outside.
    pub(super) fn outside_pause(&self, now: Mono) -> Duration {
        self.outside.routes_due.map_or(TICK, |due| due.since(now).min(TICK))
    }

    /// Does what is due: tells of our own sleep, has hosts look for their routes.
    pub(super) fn look_outside(&mut self) {
        let now = self.clock.now().mono;
        if let Some(length) = self.outside.stalled(now, self.clock.asleep()) {
            self.publish(None, Fact::Supervisor(SupervisorFact::Stalled(length)));
            self.tell_all(|| HostOrder::Stalled(length));
        }
        if let Some(why) = self.outside.reason.take(now) {
            let state = self.fleet.network;
            self.publish(None, Fact::Network { from: state, to: state, why });
        }
        if self.outside.routes_due.is_some_and(|due| now >= due) {
            (self.outside.routes_due, self.outside.routes_seen) = (None, Some(now));
            self.tell_all(|| HostOrder::LookRoute);
        }
    }

    /// A host that is too busy to take it notices by itself: by its timers, by its next dial.
    fn tell_all(&self, order: impl Fn() -> HostOrder) {
        for seat in self.seats.values() {
            seat.try_send(order()).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::moment::Moment;

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Moment {
            Moment::default()
        }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn sleep_and_stalls_are_told_once_and_ordinary_waits_are_not() {
        let mut outside = Outside::new(&Still, None);
        assert_eq!(outside.stalled(Mono(seconds(1)), seconds(0)), None);
        assert_eq!(outside.stalled(Mono(seconds(6)), seconds(0)), None, "a busy machine");
        assert_eq!(outside.stalled(Mono(seconds(7_207)), seconds(7_200)), Some(seconds(7_200)), "suspended");
        assert_eq!(outside.stalled(Mono(seconds(7_208)), seconds(7_200)), None);
        assert_eq!(outside.stalled(Mono(seconds(7_212)), seconds(7_203)), Some(seconds(3)), "suspended for a moment");
        assert_eq!(outside.stalled(Mono(seconds(7_313)), seconds(7_203)), Some(seconds(100)), "stopped");
    }

    #[test]
    fn another_reason_is_news_once_and_not_too_often() {
        let mut reason = Reason::default();
        reason.note(Mono(seconds(100)), "no usable interface");
        reason.change("no usable interface".into());
        assert_eq!(reason.take(Mono(seconds(200))), None, "the same");
        reason.change("no route".into());
        assert_eq!(reason.take(Mono(seconds(201))).as_deref(), Some("no route"));
        assert_eq!(reason.take(Mono(seconds(300))), None, "told");
        reason.change("a".into());
        reason.change("b".into());
        assert_eq!(reason.take(Mono(seconds(301))).as_deref(), Some("b"));
        reason.change("c".into());
        assert_eq!(reason.take(Mono(seconds(302))), None, "too soon");
        reason.change("b".into());
        assert_eq!(reason.take(Mono(seconds(400))), None, "as it was told");
    }

    #[test]
    fn what_links_need_follows_their_states() {
        let (links, needs) = watch::channel(Links::Quiet);
        let mut outside = Outside::new(&Still, Some(links));
        let mut step = |from, to| {
            let change = LinkChange::between(from, to, None);
            outside.note(&change, false);
            *needs.borrow()
        };
        assert_eq!(step(LinkState::Idle, LinkState::Connecting), Links::Quiet);
        assert_eq!(step(LinkState::Connecting, LinkState::Alive), Links::Quiet);
        assert_eq!(step(LinkState::Connecting, LinkState::Reconnecting), Links::Wanting { some_alive: true });
        assert_eq!(step(LinkState::Alive, LinkState::Pinging), Links::Wanting { some_alive: false });
        assert_eq!(step(LinkState::Pinging, LinkState::Alive), Links::Wanting { some_alive: true });
        assert_eq!(step(LinkState::Reconnecting, LinkState::Reconnecting), Links::Wanting { some_alive: true });
        assert_eq!(step(LinkState::Reconnecting, LinkState::Refused), Links::Quiet);
    }
}
