//! From what the ledger holds of an attempt to its machine.

use std::time::Duration;

use crate::domain::event::Lengths;
use crate::domain::fleet::AttemptView;
use crate::domain::id::AttemptId;
use crate::domain::moment::Wall;
use crate::domain::run::{HostRun, Phase, RunSpec};

/// The machine of an attempt that an earlier supervisor drove. Its positions come from the logs when
/// they are opened. Of the total limit only what that supervisor saw is spent: from its start to
/// `last_seen`, without the times in which it was blind.
pub(super) fn machine(id: AttemptId, spec: &RunSpec, attempt: &AttemptView, last_seen: Option<Wall>) -> HostRun {
    let watched = attempt.started_at.zip(last_seen).map_or(Duration::ZERO, |(start, seen)| seen.since(start));
    match attempt.phase {
        // It was journaled before it was sent: it may be there.
        Phase::Requested => HostRun::requested(id, spec.clone(), true),
        Phase::Running | Phase::Ending | Phase::Ended { .. } => {
            HostRun::resumed(id, spec.clone(), Lengths::default(), watched.saturating_sub(attempt.blind))
        }
    }
}
