//! The part of [`Link`] that gets a connection: attempts, identity, what a failure leads to.

use crate::domain::boot::{BootComparison, BootIdentity};
use crate::domain::diagnosis::{Cause, Rung, RungAnswer, RungReport};
use crate::domain::event::BootFact;
use crate::domain::id::Epoch;
use crate::domain::link::machine::{Contact, DRIVER_GRACE, IDENTIFY_LIMIT, Pulse};
use crate::domain::link::{DialStage, Link, LinkEffect, LinkFact, LinkState};
use crate::domain::moment::{LastKnown, Moment, Mono};
use crate::domain::network::NetworkState;
use std::time::Duration;

impl Link {
    pub(super) fn dial_afresh(&mut self, now: Moment) {
        self.end_contact();
        self.attempt = 0;
        self.evidence.clear();
        let first = matches!(self.state, LinkState::Idle);
        let state = if first { LinkState::Connecting } else { LinkState::Reconnecting };
        self.contact = Contact::Waiting { until: now.mono };
        self.enter(now, state, Some(Cause::Operator));
        // After it: what was paused until now does not push the beginning into the future.
        self.without_contact_since = now.mono;
        self.dial(now);
    }

    pub(super) fn dial(&mut self, now: Moment) {
        if self.network == NetworkState::Down {
            self.pause(now, Cause::OwnNetworkDown);
            return;
        }
        self.epoch = Epoch(self.epoch.0 + 1);
        self.attempt = self.attempt.saturating_add(1);
        self.contact = Contact::Dialing { give_up: now.mono + self.settings.connect_timeout + DRIVER_GRACE };
        self.effects.push_back(LinkEffect::Dial(self.epoch));
        // Without a route it goes on quietly: looking for one is no news.
        if self.state == LinkState::Paused && self.cause != Some(Cause::NoRoute) {
            let cause = self.cause.clone();
            self.enter(now, LinkState::Reconnecting, cause);
        }
    }

    pub(super) fn is_dialing(&self) -> bool {
        match self.contact {
            Contact::Dialing { .. } | Contact::Queued { .. } | Contact::Asking => true,
            Contact::None
            | Contact::Identifying { .. }
            | Contact::Open(_)
            | Contact::Probing { .. }
            | Contact::Waiting { .. } => false,
        }
    }

    /// Waiting for a place or for the operator is not connecting: neither the host's time runs meanwhile,
    /// nor, for a place, is an attempt spent.
    pub(super) fn handle_stage(&mut self, now: Moment, stage: DialStage) {
        if !self.is_dialing() {
            return;
        }
        match stage {
            DialStage::Waiting { before } => match &mut self.contact {
                Contact::Queued { before: known, .. } => *known = before,
                Contact::None
                | Contact::Dialing { .. }
                | Contact::Asking
                | Contact::Identifying { .. }
                | Contact::Open(_)
                | Contact::Probing { .. }
                | Contact::Waiting { .. } => {
                    self.attempt = self.attempt.saturating_sub(1);
                    self.contact = Contact::Queued { before, tell_at: now.mono + QUEUE_PATIENCE, told: false };
                }
            },
            DialStage::Connecting { limit } => {
                let told = self.spend_attempt();
                self.contact = Contact::Dialing { give_up: now.mono + limit + DRIVER_GRACE };
                if told {
                    let cause = self.cause.clone();
                    self.enter(now, self.state, cause);
                }
            }
            DialStage::Asking => {
                self.spend_attempt();
                self.contact = Contact::Asking;
            }
        }
    }

    /// Ends the wait for a place, if there is one; whether it had been told.
    fn spend_attempt(&mut self) -> bool {
        let Contact::Queued { told, .. } = self.contact else { return false };
        self.attempt = self.attempt.saturating_add(1);
        told
    }

    /// Told once it is more than the ordinary crowd of a start, and from then on now and then.
    pub(super) fn tell_queued(&mut self, now: Moment, before: u32) {
        self.contact = Contact::Queued { before, tell_at: now.mono + QUEUE_NEWS, told: true };
        let cause = self.cause.clone();
        self.enter(now, self.state, cause);
    }

    pub(super) fn handle_dialed(&mut self, now: Moment, evidence: Vec<RungReport>) {
        if self.is_dialing() {
            self.spend_attempt();
            self.evidence = evidence;
            // Whatever the routing table said, there is one.
            self.route = true;
            self.contact = Contact::Identifying { give_up: now.mono + IDENTIFY_LIMIT };
            self.effects.push_back(LinkEffect::Identify(self.epoch));
        }
    }

    pub(super) fn handle_identity(&mut self, now: Moment, identity: BootIdentity) {
        let Contact::Identifying { .. } = self.contact else { return };
        self.attempt = 0;
        let seen = self.boot.as_ref().map(|known| (known.value.compare(&identity), known.clone()));
        let mut pulse = Pulse::new(now.mono);
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

    /// The dial stands, but the host did not say who it is: what the dial's rungs said, and the one above them.
    pub(super) fn fail_exec(&mut self, now: Moment, give_up: Mono, cause: Cause) {
        self.effects.push_back(LinkEffect::Close(self.epoch));
        let mut evidence = std::mem::take(&mut self.evidence);
        evidence.push(RungReport {
            rung: Rung::Exec,
            answer: RungAnswer::Broken,
            took: IDENTIFY_LIMIT.saturating_sub(give_up.since(now.mono)),
            detail: cause.to_string(),
        });
        self.fail(now, cause, evidence);
    }

    /// An attempt failed: refuse, pause, or wait for the next.
    pub(super) fn fail(&mut self, now: Moment, cause: Cause, evidence: Vec<RungReport>) {
        self.spend_attempt();
        self.evidence = evidence;
        if cause.is_refusal() {
            self.contact = Contact::None;
            self.enter(now, LinkState::Refused, Some(cause));
        } else if self.network == NetworkState::Down {
            self.attempt = self.attempt.saturating_sub(1);
            self.pause(now, Cause::OwnNetworkDown);
        } else if cause == Cause::NoRoute || !self.route {
            // Not the host's fault: the attempt is given back.
            self.attempt = self.attempt.saturating_sub(1);
            self.await_route(now);
        } else if self.settings.attempts.is_some_and(|limit| self.attempt >= limit) {
            self.contact = Contact::None;
            self.enter(now, LinkState::Lost, Some(cause));
        } else {
            let backoff = self.settings.backoff();
            let slow = self.state == LinkState::Lost || cause.needs_a_change();
            let delay = if slow { backoff.maximum } else { backoff.delay(self.attempt, &mut self.jitter) };
            self.contact = Contact::Waiting { until: now.mono + delay };
            let quiet = self.state == LinkState::Lost && self.cause.as_ref() == Some(&cause);
            if !quiet {
                let state = if self.state == LinkState::Lost { LinkState::Lost } else { LinkState::Reconnecting };
                self.enter(now, state, Some(cause));
            }
        }
    }
}

/// DESIGN §4: long enough to be seen.
const REBOOTED_AT_LEAST: Duration = Duration::from_secs(5);

/// Who waits for a place longer than this, says so.
const QUEUE_PATIENCE: Duration = Duration::from_secs(2);

/// How far the queue has come is told again at this pace.
const QUEUE_NEWS: Duration = Duration::from_secs(60);
