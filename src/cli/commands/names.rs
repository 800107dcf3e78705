//! Which run is meant.

use crate::cli::args::RunName;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::domain::fleet::{Fleet, RunView};
use crate::domain::id::RunId;

/// All runs, the one that was asked for last first.
pub(super) fn latest_first(fleet: &Fleet) -> Vec<&RunView> {
    let mut runs: Vec<_> = fleet.runs.values().collect();
    runs.sort_by_key(|run| std::cmp::Reverse((run.requested_at(), run.id)));
    runs
}

/// The run a name means.
pub(super) fn find<'a>(fleet: &'a Fleet, name: &RunName) -> Result<&'a RunView, Failure> {
    let known: Vec<RunId> = latest_first(fleet).into_iter().map(|run| run.id).collect();
    let missing = |message: String| Failure::new(exit::FAILURE, message).hint("`steadfast runs` lists them");
    let id = name.find(known).map_err(missing)?;
    fleet.runs.get(&id).ok_or_else(|| missing(format!("there is no run {id}")))
}
