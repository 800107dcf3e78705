//! Attempts that policy wants later.

use std::collections::BTreeMap;

use crate::domain::event::{Fact, RunFact};
use crate::domain::id::{AttemptId, RunId};
use crate::domain::moment::Wall;
use crate::domain::run::{Verdict, next_attempt};
use crate::supervisor::hub::Hub;

/// Which run is due for another attempt, and when.
#[derive(Default)]
pub(in crate::supervisor) struct Retries(BTreeMap<(Wall, RunId), ()>);

impl Retries {
    pub(super) fn next_due(&self) -> Option<Wall> {
        self.0.keys().next().map(|(at, _)| *at)
    }

    pub(super) fn plan(&mut self, at: Wall, run: RunId) {
        self.0.insert((at, run), ());
    }

    /// Whatever was planned for this run is not wanted any more.
    pub(super) fn forget(&mut self, run: RunId) -> bool {
        let before = self.0.len();
        self.0.retain(|(_, planned), ()| *planned != run);
        self.0.len() < before
    }

    fn take_due(&mut self, now: Wall) -> Option<RunId> {
        let (at, run) = *self.0.keys().next()?;
        (at <= now).then(|| {
            self.0.remove(&(at, run));
            run
        })
    }
}

impl Hub {
    /// After an end: what policy says comes next.
    pub(super) fn plan_next_attempt(&mut self, id: AttemptId) {
        let Some(run) = self.fleet.runs.get(&id.run) else { return };
        let Some(verdict) = run.latest().and_then(|attempt| attempt.phase.verdict()) else { return };
        let attempts = u32::try_from(run.attempts.len()).unwrap_or(u32::MAX);
        if let Some(delay) = next_attempt(&run.spec, verdict, attempts) {
            let host = run.host.clone();
            let at = self.clock.now().wall + delay;
            self.retries.plan(at, id.run);
            self.publish(Some(host), Fact::Run { id, fact: RunFact::RetryScheduled { at } });
        }
    }

    pub(super) fn run_retries(&mut self) {
        while let Some(run) = self.retries.take_due(self.clock.now().wall) {
            self.rerun(run);
        }
    }

    /// How often this run was interrupted by a reboot before this attempt.
    pub(super) fn reboots(&self, id: AttemptId) -> u32 {
        let Some(run) = self.fleet.runs.get(&id.run) else { return 0 };
        let interrupted = run
            .attempts
            .iter()
            .filter(|attempt| attempt.attempt < id.attempt)
            .filter(|attempt| attempt.phase.verdict() == Some(&Verdict::InterruptedByReboot));
        u32::try_from(interrupted.count()).unwrap_or(u32::MAX)
    }
}
