//! The part of [`Link`] that answers to our own side: network, sleep, operator.

use std::time::Duration;

use crate::domain::diagnosis::Cause;
use crate::domain::id::Epoch;
use crate::domain::link::machine::{Contact, DRIVER_GRACE, IDENTIFY_LIMIT, PROBE_LIMIT};
use crate::domain::link::{Link, LinkEffect, LinkState};
use crate::domain::moment::Moment;
use crate::domain::network::NetworkState;

impl Link {
    pub(super) fn handle_network(&mut self, now: Moment, network: NetworkState) {
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
            LinkState::Paused if down => {
                self.end_contact();
                self.pause(now, Cause::OwnNetworkDown);
            }
            LinkState::Paused => {
                self.end_contact();
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
            | LinkState::Refused
            | LinkState::Lost => {}
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
        match &mut self.contact {
            Contact::Open(pulse) => {
                pulse.beat(now.mono);
                pulse.ping_at = now.mono + self.settings.keepalive;
                self.effects.push_back(LinkEffect::Ping(self.epoch));
            }
            Contact::Waiting { until } => *until = now.mono,
            Contact::Dialing { give_up } => *give_up = now.mono + self.settings.connect_timeout + DRIVER_GRACE,
            Contact::Identifying { give_up } => *give_up = now.mono + IDENTIFY_LIMIT,
            Contact::Probing { give_up, .. } => *give_up = now.mono + PROBE_LIMIT,
            Contact::None => {}
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

    /// Ends whatever dial or session there is.
    pub(super) fn end_contact(&mut self) {
        match self.contact {
            Contact::Dialing { .. } | Contact::Identifying { .. } | Contact::Open(_) | Contact::Probing { .. } => {
                self.effects.push_back(LinkEffect::Close(self.epoch));
                // What it still reports is stale.
                self.epoch = Epoch(self.epoch.0 + 1);
            }
            Contact::None | Contact::Waiting { .. } => {}
        }
    }
}
