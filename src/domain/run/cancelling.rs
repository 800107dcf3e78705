//! When a run is to be stopped: because the operator said so, or because a limit has passed.

use crate::domain::event::{CancelReason, RunFact};
use crate::domain::moment::Moment;
use crate::domain::run::machine::{HostRun, Stage};
use crate::domain::run::{TimeLimit, Verdict};

impl HostRun {
    /// Of a host that was heard now, or that is known not to be there.
    pub(super) fn judge_limits(&mut self, now: Moment) {
        self.limit_in_doubt = false;
        match self.clock.passed(now.mono) {
            Some(TimeLimit::Total) => self.request_cancel(CancelReason::TotalLimit),
            Some(TimeLimit::Idle) => self.request_cancel(CancelReason::IdleLimit),
            None => {}
        }
    }

    pub(super) fn request_cancel(&mut self, reason: CancelReason) {
        // Something withstood a time limit's: the operator may ask again.
        let again = self.cancelled && reason == CancelReason::Operator;
        if self.cancel.is_some() && !again {
            return;
        }
        self.cancelled = false;
        self.cancel = Some(reason);
        self.facts.push_back(RunFact::CancelRequested { reason });
        if let Stage::Requested { asked: false, .. } = self.stage {
            self.finish(Verdict::Abandoned);
        }
    }

    pub(super) fn cancel_is_due(&self) -> bool {
        self.cancel.is_some() && !self.cancelled
    }
}
