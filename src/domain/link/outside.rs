//! The part of [`Link`] that answers to our own side: network, sleep, operator.

use std::time::Duration;

use crate::domain::diagnosis::Cause;
use crate::domain::id::Epoch;
use crate::domain::link::machine::{Contact, DRIVER_GRACE, IDENTIFY_LIMIT, PROBE_LIMIT};
use crate::domain::link::{Hold, Link, LinkEffect, LinkState};
use crate::domain::moment::Moment;
use crate::domain::network::NetworkState;

impl Link {
    pub(super) fn handle_network(&mut self, now: Moment, network: NetworkState) {
        let was = std::mem::replace(&mut self.network, network);
        if self.held().is_some() {
            return;
        }
        let down = network == NetworkState::Down;
        match self.state {
            LinkState::Connecting | LinkState::Pinging | LinkState::Reconnecting | LinkState::Lost if down => {
                if self.contact != Contact::None {
                    self.end_contact();
                    self.pause(now, Cause::OwnNetworkDown);
                }
            }
            LinkState::Paused if down => {
                self.end_contact();
                self.pause(now, Cause::OwnNetworkDown);
            }
            LinkState::Paused => {
                self.end_contact();
                self.dial(now);
            }
            LinkState::Reconnecting | LinkState::Lost if was == NetworkState::Down && !down => {
                if let Contact::Waiting { .. } = self.contact {
                    self.dial(now);
                }
            }
            LinkState::Alive | LinkState::Rebooted => self.ask_now(now),
            LinkState::Idle
            | LinkState::Connecting
            | LinkState::Pinging
            | LinkState::Reconnecting
            | LinkState::Refused
            | LinkState::Lost => {}
        }
    }

    pub(super) fn handle_route(&mut self, now: Moment, reachable: bool) {
        let was = std::mem::replace(&mut self.route, reachable);
        if was == reachable || self.held().is_some() {
            return;
        }
        let no_route = self.cause == Some(Cause::NoRoute);
        match self.state {
            LinkState::Connecting | LinkState::Pinging | LinkState::Reconnecting | LinkState::Lost if !reachable => {
                if self.contact != Contact::None {
                    self.end_contact();
                    self.await_route(now);
                }
            }
            LinkState::Paused if reachable && no_route => {
                self.end_contact();
                self.contact = Contact::Waiting { until: now.mono };
                self.enter(now, LinkState::Reconnecting, Some(Cause::NoRoute));
                self.dial(now);
            }
            LinkState::Alive | LinkState::Rebooted => self.ask_now(now),
            LinkState::Idle
            | LinkState::Connecting
            | LinkState::Pinging
            | LinkState::Reconnecting
            | LinkState::Paused
            | LinkState::Refused
            | LinkState::Lost => {}
        }
    }

    /// Paused until the route watch calls, or a look by ourselves finds a way: it costs no attempt.
    pub(super) fn await_route(&mut self, now: Moment) {
        let pace = if self.route { ROUTE_RECHECK } else { self.settings.backoff_maximum };
        self.contact = Contact::Waiting { until: now.mono + pace };
        if self.state != LinkState::Paused || self.cause != Some(Cause::NoRoute) {
            self.enter(now, LinkState::Paused, Some(Cause::NoRoute));
        }
    }

    /// The session may have died with the way to it.
    fn ask_now(&mut self, now: Moment) {
        if let Contact::Open(pulse) = &mut self.contact {
            pulse.ping_at = now.mono + self.settings.keepalive;
            self.effects.push_back(LinkEffect::Ping(self.epoch));
        }
    }

    pub(super) fn pause(&mut self, now: Moment, cause: Cause) {
        self.contact = Contact::None;
        let known = self.state == LinkState::Paused && self.cause.as_ref() == Some(&cause);
        if !known {
            self.enter(now, LinkState::Paused, Some(cause));
        }
    }

    pub(super) fn handle_stall(&mut self, now: Moment, length: Duration) {
        self.without_contact_since = self.without_contact_since + length;
        self.entered = self.entered + length;
        match &mut self.contact {
            Contact::Open(pulse) => {
                pulse.beat(now.mono);
                pulse.ping_at = now.mono + self.settings.keepalive;
                self.effects.push_back(LinkEffect::Ping(self.epoch));
            }
            Contact::Waiting { until } => *until = now.mono,
            // The driver has a limit of its own, which may have stood still: it is waited for.
            Contact::Dialing { give_up } => {
                *give_up = (*give_up + length).max(now.mono + self.settings.connect_timeout + DRIVER_GRACE);
            }
            Contact::Identifying { give_up } => *give_up = now.mono + IDENTIFY_LIMIT,
            Contact::Probing { give_up, .. } => *give_up = now.mono + PROBE_LIMIT,
            Contact::Queued { tell_at, .. } => *tell_at = *tell_at + length,
            Contact::None | Contact::Asking => {}
        }
    }

    pub(super) fn detach(&mut self, now: Moment) {
        self.end_contact();
        self.contact = Contact::None;
        self.attempt = 0;
        if self.state != LinkState::Idle {
            self.enter(now, LinkState::Idle, Some(Cause::Operator));
        }
    }

    /// What the operator has said of it.
    #[must_use]
    pub fn held(&self) -> Option<Hold> {
        Hold::of(self.state, self.cause.as_ref())
    }

    pub(super) fn hold(&mut self, now: Moment, hold: Hold) {
        if let Contact::Open(_) = self.contact {
            self.without_contact_since = now.mono;
        }
        self.end_contact();
        self.contact = Contact::None;
        self.attempt = 0;
        self.evidence.clear();
        if self.held() != Some(hold) {
            self.enter(now, hold.state(), Some(hold.cause()));
        }
    }

    /// Ends whatever dial or session there is; an attempt that we break off ourselves is not spent.
    pub(super) fn end_contact(&mut self) {
        match self.contact {
            Contact::Dialing { .. } | Contact::Asking => self.attempt = self.attempt.saturating_sub(1),
            // Waiting for a place has cost none.
            Contact::Queued { .. }
            | Contact::None
            | Contact::Identifying { .. }
            | Contact::Open(_)
            | Contact::Probing { .. }
            | Contact::Waiting { .. } => {}
        }
        match self.contact {
            Contact::Dialing { .. }
            | Contact::Queued { .. }
            | Contact::Asking
            | Contact::Identifying { .. }
            | Contact::Open(_)
            | Contact::Probing { .. } => {
                self.effects.push_back(LinkEffect::Close(self.epoch));
                // What it still reports is stale.
                self.epoch = Epoch(self.epoch.0 + 1);
            }
            Contact::None | Contact::Waiting { .. } => {}
        }
    }
}

/// Where nobody watches the routing table, it is looked for at this pace.
const ROUTE_RECHECK: Duration = Duration::from_secs(1);
