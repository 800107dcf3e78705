//! What each rung of the ladder said during a dial.

use std::sync::Arc;

use crate::domain::diagnosis::{Cause, Rung, RungAnswer, RungReport};
use crate::domain::moment::Mono;
use crate::port::{Clock, DialError};

use super::text::{LINE, clean};

/// Collects reports, each with the time since the one before it.
pub(super) struct Rungs {
    clock: Arc<dyn Clock>,
    since: Mono,
    /// Of which jump host, when not of the host itself.
    via: Option<String>,
    reports: Vec<RungReport>,
}

impl Rungs {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let since = clock.now().mono;
        Self { clock, since, via: None, reports: Vec::new() }
    }

    /// From here on it is about another machine of the chain; the time starts anew.
    pub(super) fn begin(&mut self, via: Option<String>) {
        self.via = via;
        self.since = self.clock.now().mono;
    }

    pub(super) fn stands(&mut self, rung: Rung, detail: &str) {
        self.report(rung, RungAnswer::Stands, detail);
    }

    /// The end of the dial: `rung` is broken because of `cause`.
    pub(super) fn broken(mut self, rung: Rung, cause: Cause, detail: &str) -> DialError {
        let detail = if detail.is_empty() { cause.to_string() } else { detail.to_owned() };
        self.report(rung, RungAnswer::Broken, &detail);
        let cause = match self.via {
            Some(host) => Cause::JumpHost { host, cause: Box::new(cause) },
            None => cause,
        };
        DialError { cause, evidence: self.reports }
    }

    pub(super) fn into_evidence(self) -> Vec<RungReport> {
        self.reports
    }

    fn report(&mut self, rung: Rung, answer: RungAnswer, detail: &str) {
        let now = self.clock.now().mono;
        let detail = match &self.via {
            Some(host) => RungReport::detail_of_jump_host(host, detail),
            None => detail.to_owned(),
        };
        let took = now.since(self.since);
        self.since = now;
        self.reports.push(RungReport { rung, answer, took, detail: clean(&detail, LINE) });
    }
}
