//! The part of [`Link`] that watches an open session.

use crate::domain::diagnosis::{Cause, lowest_broken};
use crate::domain::link::machine::{Contact, PROBE_LIMIT, Pulse};
use crate::domain::link::{Link, LinkEffect, LinkState};
use crate::domain::moment::{Moment, Mono};
use crate::domain::network::NetworkState;

impl Link {
    pub(super) fn handle_life(&mut self, now: Moment) {
        match &mut self.contact {
            Contact::Open(pulse) => pulse.beat(now.mono),
            Contact::Probing { pulse: Some(pulse), .. } => {
                let mut pulse = *pulse;
                pulse.beat(now.mono);
                pulse.rebooted_until = None;
                self.contact = Contact::Open(pulse);
                self.enter(now, LinkState::Alive, None);
            }
            Contact::None
            | Contact::Dialing { .. }
            | Contact::Queued { .. }
            | Contact::Asking
            | Contact::Identifying { .. }
            | Contact::Probing { pulse: None, .. }
            | Contact::Waiting { .. } => {}
        }
    }

    pub(super) fn check_pulse(&mut self, now: Moment, pulse: Pulse) {
        if now.mono >= self.silent_at(pulse) {
            self.without_contact_since = pulse.heard;
            let silent = Cause::Silent(now.mono.since(pulse.heard));
            if self.network == NetworkState::Down {
                self.effects.push_back(LinkEffect::Close(self.epoch));
                self.pause(now, Cause::OwnNetworkDown);
            } else if !self.route {
                self.effects.push_back(LinkEffect::Close(self.epoch));
                self.await_route(now);
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

    pub(super) fn handle_gone(&mut self, now: Moment, cause: Cause) {
        match self.contact {
            Contact::Open(_) => {
                self.without_contact_since = now.mono;
                self.effects.push_back(LinkEffect::Close(self.epoch));
                if self.network == NetworkState::Down {
                    self.pause(now, Cause::OwnNetworkDown);
                } else if !self.route {
                    self.await_route(now);
                } else {
                    self.probe(now, cause, None);
                }
            }
            Contact::Probing { give_up, .. } => {
                self.effects.push_back(LinkEffect::Close(self.epoch));
                self.contact = Contact::Probing { give_up, pulse: None };
            }
            Contact::Identifying { give_up } => self.fail_exec(now, give_up, cause),
            Contact::None
            | Contact::Dialing { .. }
            | Contact::Queued { .. }
            | Contact::Asking
            | Contact::Waiting { .. } => {}
        }
    }

    pub(super) fn probe(&mut self, now: Moment, cause: Cause, pulse: Option<Pulse>) {
        self.contact = Contact::Probing { give_up: now.mono + PROBE_LIMIT, pulse };
        self.evidence.clear();
        self.effects.push_back(LinkEffect::Probe(self.epoch));
        self.enter(now, LinkState::Pinging, Some(cause));
    }

    /// All rungs have answered, or had their time: connect anew.
    pub(super) fn end_probe(&mut self, now: Moment) {
        let Contact::Probing { pulse, .. } = self.contact else { return };
        if pulse.is_some() {
            self.effects.push_back(LinkEffect::Close(self.epoch));
        }
        let cause = lowest_broken(&self.evidence).or_else(|| self.cause.clone());
        self.contact = Contact::Waiting { until: now.mono };
        self.enter(now, LinkState::Reconnecting, cause);
        self.dial(now);
    }

    pub(super) fn handle_reboot_handled(&mut self, now: Moment) {
        if let Contact::Open(pulse) = &mut self.contact {
            pulse.reboot_handled = true;
            let pulse = *pulse;
            self.check_pulse(now, pulse);
        }
    }

    pub(super) fn silent_at(&self, pulse: Pulse) -> Mono {
        // A line with a long round trip gets the time its answers need on top.
        pulse.heard + self.settings.keepalive * (self.settings.keepalive_count.max(1)) + self.line.patience()
    }
}
