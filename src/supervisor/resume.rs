//! From what the ledger holds of an attempt to its machine.

use std::time::Duration;

use crate::domain::event::Lengths;
use crate::domain::fleet::AttemptView;
use crate::domain::id::AttemptId;
use crate::domain::moment::Wall;
use crate::domain::run::{HostRun, Phase, RunSpec};

/// The machine of an attempt that an earlier supervisor drove. Its positions come from the logs when
/// they are opened. Nobody looked on since that supervisor stopped, so of the total limit only what
/// is certain counts: nothing.
pub(super) fn machine(id: AttemptId, spec: &RunSpec, attempt: &AttemptView, _now: Wall) -> HostRun {
    match attempt.phase {
        // It was journaled before it was sent: it may be there.
        Phase::Requested => HostRun::requested(id, spec.clone(), true),
        Phase::Running | Phase::Ending | Phase::Ended { .. } => {
            HostRun::resumed(id, spec.clone(), Lengths::default(), Duration::ZERO)
        }
    }
}
