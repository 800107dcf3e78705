//! The machine itself.
//!
//! Tell it what happened with [`Link::handle_input`], and call [`Link::handle_timeout`] once
//! [`Link::poll_timeout`] is due. After each, do what [`Link::poll_effect`] says and publish what
//! [`Link::poll_fact`] says until both are empty. It knows no clock, no socket, no random source.

use std::collections::VecDeque;
use std::time::Duration;

use crate::domain::boot::{BootComparison, BootIdentity};
use crate::domain::diagnosis::{Cause, RungReport};
use crate::domain::event::{BootFact, LinkChange};
use crate::domain::id::Epoch;
use crate::domain::link::{Backoff, Jitter, LinkEffect, LinkFact, LinkInput, LinkSettings, LinkState};
use crate::domain::moment::{LastKnown, Moment, Mono};
use crate::domain::network::NetworkState;

/// One host's link.
#[derive(Clone, Debug)]
pub struct Link {
    settings: LinkSettings,
    state: LinkState,
    /// Of the newest dial; reports of others are stale.
    epoch: Epoch,
    contact: Contact,
    /// Attempts spent since the link was last alive.
    attempt: u32,
    /// Since when there is no contact; paused time is not part of it.
    without_contact_since: Mono,
    network: NetworkState,
    boot: Option<LastKnown<BootIdentity>>,
    cause: Option<Cause>,
    evidence: Vec<RungReport>,
    rtt: Duration,
    jitter: Jitter,
    effects: VecDeque<LinkEffect>,
    facts: VecDeque<LinkFact>,
}

/// What stands between us and the host at the moment.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Contact {
    /// Nothing, and nothing is planned.
    None,
    /// A dial is under way; it is given up at `give_up`, in case the driver never answers.
    Dialing {
        give_up: Mono,
    },
    /// A session; nothing is sent over it before the host said who it is.
    Identifying {
        give_up: Mono,
    },
    Open(Pulse),
    /// The ladder is being probed; at the deadline we go on without its answers.
    Probing {
        give_up: Mono,
        pulse: Option<Pulse>,
    },
    /// The next attempt.
    Waiting {
        until: Mono,
    },
}

/// Signs of life of an open session.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Pulse {
    heard: Mono,
    /// When the next ping is due.
    ping_at: Mono,
    /// [`LinkState::Rebooted`] is shown at least until then.
    rebooted_until: Option<Mono>,
    /// Whether the runs that the reboot interrupted were dealt with.
    reboot_handled: bool,
}

impl Link {
    /// An idle link. `boot` is the identity last seen, by an earlier supervisor too.
    #[must_use]
    pub fn new(settings: LinkSettings, boot: Option<LastKnown<BootIdentity>>, seed: u64) -> Self {
        Self {
            settings,
            state: LinkState::Idle,
            epoch: Epoch(0),
            contact: Contact::None,
            attempt: 0,
            without_contact_since: Mono::default(),
            network: NetworkState::Unknown,
            boot,
            cause: None,
            evidence: Vec::new(),
            rtt: Duration::ZERO,
            jitter: Jitter::new(seed),
            effects: VecDeque::new(),
            facts: VecDeque::new(),
        }
    }

    #[must_use]
    pub fn state(&self) -> LinkState {
        self.state
    }

    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The last answered ping's time.
    #[must_use]
    pub fn rtt(&self) -> Option<Duration> {
        (!self.rtt.is_zero()).then_some(self.rtt)
    }

    pub fn handle_input(&mut self, now: Moment, input: LinkInput) {
        match input {
            LinkInput::Connect => {
                if self.state == LinkState::Idle {
                    self.dial_afresh(now);
                }
            }
            LinkInput::Reconnect => self.dial_afresh(now),
            LinkInput::Detach => self.detach(now),
            LinkInput::Network(state) => self.handle_network(now, state),
            LinkInput::Dialed { epoch, evidence } if epoch == self.epoch => self.handle_dialed(now, evidence),
            LinkInput::DialFailed { epoch, cause, evidence } if epoch == self.epoch => {
                if let Contact::Dialing { .. } = self.contact {
                    self.fail(now, cause, evidence);
                }
            }
            LinkInput::Identified { epoch, identity } if epoch == self.epoch => self.handle_identity(now, identity),
            LinkInput::IdentifyFailed { epoch, cause } if epoch == self.epoch => {
                if let Contact::Identifying { .. } = self.contact {
                    self.effects.push_back(LinkEffect::Close(self.epoch));
                    self.fail(now, cause, Vec::new());
                }
            }
            LinkInput::Heard { epoch } if epoch == self.epoch => self.handle_life(now),
            LinkInput::Pong { epoch, rtt } if epoch == self.epoch => {
                self.rtt = rtt;
                self.handle_life(now);
            }
            LinkInput::Gone { epoch, cause } if epoch == self.epoch => self.handle_gone(now, cause),
            LinkInput::Probed { epoch, evidence } if epoch == self.epoch => {
                if let Contact::Probing { .. } = self.contact {
                    self.evidence = evidence;
                    self.end_probe(now);
                }
            }
            LinkInput::RebootHandled => self.handle_reboot_handled(now),
            LinkInput::Stalled(length) => self.handle_stall(now, length),
            // Reports of an earlier dial.
            LinkInput::Dialed { .. }
            | LinkInput::DialFailed { .. }
            | LinkInput::Identified { .. }
            | LinkInput::IdentifyFailed { .. }
            | LinkInput::Heard { .. }
            | LinkInput::Pong { .. }
            | LinkInput::Gone { .. }
            | LinkInput::Probed { .. } => {}
        }
    }

    /// Does what is due at `now`; harmless when nothing is.
    pub fn handle_timeout(&mut self, now: Moment) {
        match self.contact {
            Contact::Dialing { give_up } if now.mono >= give_up => {
                self.effects.push_back(LinkEffect::Close(self.epoch));
                self.fail(now, Cause::HandshakeTimedOut, Vec::new());
            }
            Contact::Identifying { give_up } if now.mono >= give_up => {
                self.effects.push_back(LinkEffect::Close(self.epoch));
                self.fail(now, Cause::ExecRefused("no answer to the first command".into()), Vec::new());
            }
            Contact::Open(pulse) => self.check_pulse(now, pulse),
            Contact::Probing { give_up, .. } if now.mono >= give_up => self.end_probe(now),
            Contact::Waiting { until } if now.mono >= until => self.dial(now),
            Contact::None
            | Contact::Dialing { .. }
            | Contact::Identifying { .. }
            | Contact::Probing { .. }
            | Contact::Waiting { .. } => {}
        }
        self.check_lost(now);
    }

    /// When [`Link::handle_timeout`] is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Mono> {
        let contact = match self.contact {
            Contact::None => None,
            Contact::Dialing { give_up } | Contact::Identifying { give_up } | Contact::Probing { give_up, .. } => {
                Some(give_up)
            }
            Contact::Open(pulse) => {
                let shown = pulse.rebooted_until.filter(|_| pulse.reboot_handled);
                Some(pulse.ping_at.min(self.silent_at(pulse)).min(shown.unwrap_or(pulse.ping_at)))
            }
            Contact::Waiting { until } => Some(until),
        };
        let lost =
            (self.state == LinkState::Reconnecting).then(|| self.without_contact_since + self.settings.lost_after);
        contact.into_iter().chain(lost).min()
    }

    pub fn poll_effect(&mut self) -> Option<LinkEffect> {
        self.effects.pop_front()
    }

    pub fn poll_fact(&mut self) -> Option<LinkFact> {
        self.facts.pop_front()
    }

    // --- dialing

    fn dial_afresh(&mut self, now: Moment) {
        self.end_contact();
        self.attempt = 0;
        self.evidence.clear();
        self.without_contact_since = now.mono;
        let first = matches!(self.state, LinkState::Idle);
        let state = if first { LinkState::Connecting } else { LinkState::Reconnecting };
        self.contact = Contact::Waiting { until: now.mono };
        self.enter(now, state, Some(Cause::Operator));
        self.dial(now);
    }

    fn dial(&mut self, now: Moment) {
        if self.network == NetworkState::Down {
            self.pause(now, Cause::OwnNetworkDown);
            return;
        }
        self.epoch = Epoch(self.epoch.0 + 1);
        self.attempt = self.attempt.saturating_add(1);
        self.contact = Contact::Dialing { give_up: now.mono + self.settings.connect_timeout + DRIVER_GRACE };
        self.effects.push_back(LinkEffect::Dial(self.epoch));
        if self.state == LinkState::Paused {
            let cause = self.cause.clone();
            self.enter(now, LinkState::Reconnecting, cause);
        }
    }

    fn handle_dialed(&mut self, now: Moment, evidence: Vec<RungReport>) {
        if let Contact::Dialing { .. } = self.contact {
            self.evidence = evidence;
            self.contact = Contact::Identifying { give_up: now.mono + IDENTIFY_LIMIT };
            self.effects.push_back(LinkEffect::Identify(self.epoch));
        }
    }

    fn handle_identity(&mut self, now: Moment, identity: BootIdentity) {
        let Contact::Identifying { .. } = self.contact else { return };
        self.attempt = 0;
        let seen = self.boot.as_ref().map(|known| (known.value.compare(&identity), known.clone()));
        let mut pulse = Pulse::new(now.mono, &self.settings);
        match seen {
            Some((BootComparison::Changed, known)) => {
                pulse.rebooted_until = Some(now.mono + REBOOTED_AT_LEAST);
                self.facts.push_back(LinkFact::Boot(BootFact::Rebooted {
                    before: known.value,
                    after: identity.clone(),
                    not_before: known.as_of,
                    evidence: Vec::new(),
                }));
            }
            Some((BootComparison::Same | BootComparison::Unknown, _)) => {}
            None if identity.is_unknown() => {}
            None => self.facts.push_back(LinkFact::Boot(BootFact::Identified(identity.clone()))),
        }
        if !identity.is_unknown() {
            self.boot = Some(LastKnown { value: identity, as_of: now.wall });
        }
        let state = if pulse.rebooted_until.is_some() { LinkState::Rebooted } else { LinkState::Alive };
        self.contact = Contact::Open(pulse);
        self.enter(now, state, None);
    }

    /// An attempt failed: refuse, pause, or wait for the next.
    fn fail(&mut self, now: Moment, cause: Cause, evidence: Vec<RungReport>) {
        self.evidence = evidence;
        if cause.is_refusal() {
            self.contact = Contact::None;
            self.enter(now, LinkState::Refused, Some(cause));
        } else if self.network == NetworkState::Down {
            self.attempt = self.attempt.saturating_sub(1);
            self.pause(now, Cause::OwnNetworkDown);
        } else if cause == Cause::NoRoute {
            // Not the host's fault: the attempt is given back, the route is looked for at a steady pace.
            self.attempt = self.attempt.saturating_sub(1);
            self.contact = Contact::Waiting { until: now.mono + ROUTE_RECHECK };
            self.enter(now, LinkState::Paused, Some(cause));
        } else if self.settings.attempts.is_some_and(|limit| self.attempt >= limit) {
            self.contact = Contact::None;
            self.enter(now, LinkState::Lost, Some(cause));
        } else {
            let backoff = Backoff { initial: self.settings.backoff_initial, maximum: self.settings.backoff_maximum };
            let delay = match self.state {
                LinkState::Lost => self.settings.backoff_maximum,
                LinkState::Idle
                | LinkState::Connecting
                | LinkState::Alive
                | LinkState::Pinging
                | LinkState::Reconnecting
                | LinkState::Paused
                | LinkState::Rebooted
                | LinkState::Refused => backoff.delay(self.attempt, &mut self.jitter),
            };
            self.contact = Contact::Waiting { until: now.mono + delay };
            let quiet = self.state == LinkState::Lost && self.cause.as_ref() == Some(&cause);
            if !quiet {
                let state = if self.state == LinkState::Lost { LinkState::Lost } else { LinkState::Reconnecting };
                self.enter(now, state, Some(cause));
            }
        }
    }

    // --- an open session

    fn handle_life(&mut self, now: Moment) {
        match &mut self.contact {
            Contact::Open(pulse) => pulse.beat(now.mono, &self.settings),
            Contact::Probing { pulse: Some(pulse), .. } => {
                let mut pulse = *pulse;
                pulse.beat(now.mono, &self.settings);
                pulse.rebooted_until = None;
                self.contact = Contact::Open(pulse);
                self.enter(now, LinkState::Alive, None);
            }
            Contact::None
            | Contact::Dialing { .. }
            | Contact::Identifying { .. }
            | Contact::Probing { pulse: None, .. }
            | Contact::Waiting { .. } => {}
        }
    }

    fn check_pulse(&mut self, now: Moment, pulse: Pulse) {
        if now.mono >= self.silent_at(pulse) {
            self.without_contact_since = pulse.heard;
            let silent = Cause::Silent(now.mono.since(pulse.heard));
            if self.network == NetworkState::Down {
                self.effects.push_back(LinkEffect::Close(self.epoch));
                self.pause(now, Cause::OwnNetworkDown);
            } else {
                self.probe(now, silent, Some(pulse));
            }
            return;
        }
        let mut pulse = pulse;
        if now.mono >= pulse.ping_at {
            pulse.ping_at = now.mono + self.settings.keepalive;
            self.effects.push_back(LinkEffect::Ping(self.epoch));
        }
        let shown = pulse.reboot_handled && pulse.rebooted_until.is_some_and(|until| now.mono >= until);
        if shown {
            pulse.rebooted_until = None;
        }
        self.contact = Contact::Open(pulse);
        if shown {
            self.enter(now, LinkState::Alive, None);
        }
    }

    fn handle_gone(&mut self, now: Moment, cause: Cause) {
        match self.contact {
            Contact::Open(_) => {
                self.without_contact_since = now.mono;
                self.effects.push_back(LinkEffect::Close(self.epoch));
                if self.network == NetworkState::Down {
                    self.pause(now, Cause::OwnNetworkDown);
                } else {
                    self.probe(now, cause, None);
                }
            }
            Contact::Probing { give_up, .. } => {
                self.effects.push_back(LinkEffect::Close(self.epoch));
                self.contact = Contact::Probing { give_up, pulse: None };
            }
            Contact::Identifying { .. } => {
                self.effects.push_back(LinkEffect::Close(self.epoch));
                self.fail(now, cause, Vec::new());
            }
            Contact::None | Contact::Dialing { .. } | Contact::Waiting { .. } => {}
        }
    }

    fn probe(&mut self, now: Moment, cause: Cause, pulse: Option<Pulse>) {
        self.contact = Contact::Probing { give_up: now.mono + PROBE_LIMIT, pulse };
        self.evidence.clear();
        self.effects.push_back(LinkEffect::Probe(self.epoch));
        self.enter(now, LinkState::Pinging, Some(cause));
    }

    /// All rungs have answered, or had their time: connect anew.
    fn end_probe(&mut self, now: Moment) {
        let Contact::Probing { pulse, .. } = self.contact else { return };
        if pulse.is_some() {
            self.effects.push_back(LinkEffect::Close(self.epoch));
        }
        let cause = self.cause.clone();
        self.contact = Contact::Waiting { until: now.mono };
        self.enter(now, LinkState::Reconnecting, cause);
        self.dial(now);
    }

    fn handle_reboot_handled(&mut self, now: Moment) {
        if let Contact::Open(pulse) = &mut self.contact {
            pulse.reboot_handled = true;
            let pulse = *pulse;
            self.check_pulse(now, pulse);
        }
    }

    fn silent_at(&self, pulse: Pulse) -> Mono {
        // A line with a long round trip gets the time its answers need on top.
        pulse.heard + self.settings.keepalive * (self.settings.keepalive_count.max(1)) + self.rtt * 4
    }

    // --- own network, own sleep, operator

    fn handle_network(&mut self, now: Moment, network: NetworkState) {
        let was = std::mem::replace(&mut self.network, network);
        let down = network == NetworkState::Down;
        match self.state {
            LinkState::Connecting | LinkState::Pinging | LinkState::Reconnecting | LinkState::Lost if down => {
                if let Contact::Dialing { .. } = self.contact {
                    self.attempt = self.attempt.saturating_sub(1);
                }
                if self.contact != Contact::None {
                    self.end_contact();
                    self.pause(now, Cause::OwnNetworkDown);
                }
            }
            LinkState::Paused if down => self.pause(now, Cause::OwnNetworkDown),
            LinkState::Paused => {
                self.without_contact_since = now.mono;
                self.dial(now);
            }
            LinkState::Reconnecting | LinkState::Lost if was == NetworkState::Down && !down => {
                if let Contact::Waiting { .. } = self.contact {
                    self.dial(now);
                }
            }
            LinkState::Alive | LinkState::Rebooted => {
                if let Contact::Open(pulse) = &mut self.contact {
                    // The session may have died with the network; ask at once.
                    pulse.ping_at = now.mono + self.settings.keepalive;
                    self.effects.push_back(LinkEffect::Ping(self.epoch));
                }
            }
            LinkState::Idle
            | LinkState::Connecting
            | LinkState::Pinging
            | LinkState::Reconnecting
            | LinkState::Paused
            | LinkState::Refused
            | LinkState::Lost => {}
        }
    }

    fn pause(&mut self, now: Moment, cause: Cause) {
        self.contact = Contact::None;
        let known = self.state == LinkState::Paused && self.cause.as_ref() == Some(&cause);
        if !known {
            self.enter(now, LinkState::Paused, Some(cause));
        }
    }

    fn handle_stall(&mut self, now: Moment, length: Duration) {
        self.without_contact_since = self.without_contact_since + length;
        match &mut self.contact {
            Contact::Open(pulse) => {
                pulse.beat(now.mono, &self.settings);
                self.effects.push_back(LinkEffect::Ping(self.epoch));
            }
            Contact::Waiting { until } => *until = now.mono,
            Contact::Dialing { give_up } => *give_up = now.mono + self.settings.connect_timeout + DRIVER_GRACE,
            Contact::Identifying { give_up } => *give_up = now.mono + IDENTIFY_LIMIT,
            Contact::Probing { give_up, .. } => *give_up = now.mono + PROBE_LIMIT,
            Contact::None => {}
        }
    }

    fn detach(&mut self, now: Moment) {
        self.end_contact();
        self.contact = Contact::None;
        self.attempt = 0;
        if self.state != LinkState::Idle {
            self.enter(now, LinkState::Idle, Some(Cause::Operator));
        }
    }

    /// Ends whatever dial or session there is.
    fn end_contact(&mut self) {
        match self.contact {
            Contact::Dialing { .. } | Contact::Identifying { .. } | Contact::Open(_) | Contact::Probing { .. } => {
                self.effects.push_back(LinkEffect::Close(self.epoch));
                // What it still reports is stale.
                self.epoch = Epoch(self.epoch.0 + 1);
            }
            Contact::None | Contact::Waiting { .. } => {}
        }
    }

    fn check_lost(&mut self, now: Moment) {
        let due = self.without_contact_since + self.settings.lost_after;
        if self.state == LinkState::Reconnecting && now.mono >= due {
            let cause = self.cause.clone();
            self.enter(now, LinkState::Lost, cause);
        }
    }

    fn enter(&mut self, now: Moment, state: LinkState, cause: Option<Cause>) {
        let from = std::mem::replace(&mut self.state, state);
        self.cause.clone_from(&cause);
        let retry_at = match self.contact {
            Contact::Waiting { until } => Some(now.wall_at(until)),
            Contact::None
            | Contact::Dialing { .. }
            | Contact::Identifying { .. }
            | Contact::Open(_)
            | Contact::Probing { .. } => None,
        };
        self.facts.push_back(LinkFact::Link(LinkChange {
            from,
            to: state,
            cause,
            evidence: self.evidence.clone(),
            attempt: self.attempt,
            retry_at,
        }));
    }
}

impl Pulse {
    fn new(now: Mono, settings: &LinkSettings) -> Self {
        Self { heard: now, ping_at: now + settings.keepalive, rebooted_until: None, reboot_handled: false }
    }

    fn beat(&mut self, now: Mono, settings: &LinkSettings) {
        self.heard = now;
        self.ping_at = now + settings.keepalive;
    }
}

/// The driver has its own limit on a dial; this much later we stop believing in it.
const DRIVER_GRACE: Duration = Duration::from_secs(5);

/// A loaded host may take seconds to start a shell; meanwhile its runs wait.
const IDENTIFY_LIMIT: Duration = Duration::from_secs(20);

/// The rungs are asked all at once; none needs longer to be believed broken.
const PROBE_LIMIT: Duration = Duration::from_secs(3);

/// DESIGN §4: long enough to be seen.
const REBOOTED_AT_LEAST: Duration = Duration::from_secs(5);

/// A route that appears is told by the network watch at once; this is for where there is none.
const ROUTE_RECHECK: Duration = Duration::from_secs(5);

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
