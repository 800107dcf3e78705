//! The machine itself.
//!
//! Tell it what happened with [`Link::handle_input`], and call [`Link::handle_timeout`] once
//! [`Link::poll_timeout`] is due. After each, do what [`Link::poll_effect`] says and publish what
//! [`Link::poll_fact`] says until both are empty. It knows no clock, no socket, no random source.

use std::collections::VecDeque;
use std::time::Duration;

use crate::domain::boot::BootIdentity;
use crate::domain::diagnosis::{Cause, RungReport};
use crate::domain::event::LinkChange;
use crate::domain::id::Epoch;
use crate::domain::link::rtt::Rtt;
use crate::domain::link::{Jitter, Keepalive, LinkEffect, LinkFact, LinkInput, LinkSettings, LinkState};
use crate::domain::moment::{LastKnown, Moment, Mono};
use crate::domain::network::NetworkState;

/// One host's link.
#[derive(Clone, Debug)]
pub struct Link {
    pub(super) settings: LinkSettings,
    pub(super) state: LinkState,
    /// Of the newest dial; reports of others are stale.
    pub(super) epoch: Epoch,
    pub(super) contact: Contact,
    /// Attempts spent since the link was last alive.
    pub(super) attempt: u32,
    /// When the state began.
    pub(super) entered: Mono,
    /// Since when there is no contact; paused time is not part of it.
    pub(super) without_contact_since: Mono,
    pub(super) network: NetworkState,
    /// `false`: the route watch said that there is no way to this host.
    pub(super) route: bool,
    pub(super) boot: Option<LastKnown<BootIdentity>>,
    pub(super) cause: Option<Cause>,
    pub(super) evidence: Vec<RungReport>,
    pub(super) rtt: Duration,
    pub(super) line: Rtt,
    pub(super) jitter: Jitter,
    pub(super) effects: VecDeque<LinkEffect>,
    pub(super) facts: VecDeque<LinkFact>,
}

/// What stands between us and the host at the moment.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Contact {
    /// Nothing, and nothing is planned.
    None,
    /// A dial is under way; it is given up at `give_up`, in case the driver never answers.
    Dialing {
        give_up: Mono,
    },
    /// A dial waits for its place; that is told at `tell_at`, and again later. It costs no attempt, and the
    /// places before it end in bounded time.
    Queued {
        before: u32,
        tell_at: Mono,
        told: bool,
    },
    /// A dial waits for the operator, for as long as he thinks.
    Asking,
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
pub(super) struct Pulse {
    pub(super) heard: Mono,
    /// When the next ping is due.
    pub(super) ping_at: Mono,
    /// [`LinkState::Rebooted`] is shown at least until then.
    pub(super) rebooted_until: Option<Mono>,
    /// Whether the runs that the reboot interrupted were dealt with.
    pub(super) reboot_handled: bool,
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
            entered: Mono::default(),
            without_contact_since: Mono::default(),
            network: NetworkState::Unknown,
            route: true,
            boot,
            cause: None,
            evidence: Vec::new(),
            rtt: Duration::ZERO,
            line: Rtt::default(),
            jitter: Jitter::new(seed),
            effects: VecDeque::new(),
            facts: VecDeque::new(),
        }
    }

    #[must_use]
    pub fn state(&self) -> LinkState {
        self.state
    }

    /// When it was last heard, as far as it is not heard now.
    #[must_use]
    pub fn without_contact_since(&self) -> Mono {
        self.without_contact_since
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
            LinkInput::Hold(hold) => self.hold(now, hold),
            LinkInput::Network(state) => self.handle_network(now, state),
            LinkInput::Route { reachable } => self.handle_route(now, reachable),
            LinkInput::Keepalive(Keepalive { every, count }) => {
                (self.settings.keepalive, self.settings.keepalive_count) = (every, count);
            }
            LinkInput::Dialed { epoch, evidence } if epoch == self.epoch => self.handle_dialed(now, evidence),
            LinkInput::DialFailed { epoch, cause, evidence } if epoch == self.epoch => {
                if self.is_dialing() {
                    self.fail(now, cause, evidence);
                }
            }
            LinkInput::Dialing { epoch, stage } if epoch == self.epoch => self.handle_stage(now, stage),
            LinkInput::Identified { epoch, identity } if epoch == self.epoch => self.handle_identity(now, identity),
            LinkInput::IdentifyFailed { epoch, cause } if epoch == self.epoch => {
                if let Contact::Identifying { give_up } = self.contact {
                    self.fail_exec(now, give_up, cause);
                }
            }
            LinkInput::Heard { epoch } if epoch == self.epoch => self.handle_life(now),
            LinkInput::Pong { epoch, rtt } if epoch == self.epoch => {
                self.rtt = rtt;
                self.line.sample(rtt);
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
            | LinkInput::Dialing { .. }
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
            Contact::Queued { before, tell_at, .. } if now.mono >= tell_at => self.tell_queued(now, before),
            Contact::Identifying { give_up } if now.mono >= give_up => {
                self.fail_exec(now, give_up, Cause::ExecTimedOut(IDENTIFY_LIMIT));
            }
            Contact::Open(pulse) => self.check_pulse(now, pulse),
            Contact::Probing { give_up, .. } if now.mono >= give_up => self.end_probe(now),
            Contact::Waiting { until } if now.mono >= until => self.dial(now),
            Contact::None
            | Contact::Dialing { .. }
            | Contact::Queued { .. }
            | Contact::Asking
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
            Contact::None | Contact::Asking => None,
            Contact::Queued { tell_at, .. } => Some(tell_at),
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

    pub(super) fn check_lost(&mut self, now: Moment) {
        let due = self.without_contact_since + self.settings.lost_after;
        if self.state == LinkState::Reconnecting && now.mono >= due {
            let cause = self.cause.clone();
            self.enter(now, LinkState::Lost, cause);
        }
    }

    pub(super) fn enter(&mut self, now: Moment, state: LinkState, cause: Option<Cause>) {
        let from = std::mem::replace(&mut self.state, state);
        let began = std::mem::replace(&mut self.entered, now.mono);
        if from == LinkState::Paused {
            self.without_contact_since = self.without_contact_since + now.mono.since(began);
        }
        self.cause.clone_from(&cause);
        let retry_at = match self.contact {
            Contact::Waiting { until } => Some(now.wall_at(until)),
            Contact::None
            | Contact::Dialing { .. }
            | Contact::Queued { .. }
            | Contact::Asking
            | Contact::Identifying { .. }
            | Contact::Open(_)
            | Contact::Probing { .. } => None,
        };
        let waits_behind = match self.contact {
            Contact::Queued { before, told: true, .. } => Some(before),
            Contact::Queued { told: false, .. }
            | Contact::None
            | Contact::Dialing { .. }
            | Contact::Asking
            | Contact::Identifying { .. }
            | Contact::Open(_)
            | Contact::Probing { .. }
            | Contact::Waiting { .. } => None,
        };
        self.facts.push_back(LinkFact::Link(LinkChange {
            from,
            to: state,
            cause,
            evidence: self.evidence.clone(),
            attempt: self.attempt,
            retry_at,
            waits_behind,
        }));
    }
}

impl Pulse {
    pub(super) fn new(now: Mono) -> Self {
        // The first ping at once: an operator wants to see how far away a host is.
        Self { heard: now, ping_at: now, rebooted_until: None, reboot_handled: false }
    }

    pub(super) fn beat(&mut self, now: Mono) {
        self.heard = now;
    }
}

/// The driver has its own limit on a dial; this much later we stop believing in it.
pub(super) const DRIVER_GRACE: Duration = Duration::from_secs(5);

/// A loaded host may take seconds to start a shell; meanwhile its runs wait.
pub(super) const IDENTIFY_LIMIT: Duration = Duration::from_secs(20);

/// The rungs are asked all at once; none needs longer to be believed broken.
pub(super) const PROBE_LIMIT: Duration = Duration::from_secs(3);

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
