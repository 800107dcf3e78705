//! What a run is, and what it is doing.

mod evidence;
mod job;
mod spec;
mod verdict;

pub use evidence::{Evidence, ExitKind, ExitRecord, Observed};
pub use job::Job;
pub use spec::{DEFAULT_GRACE, DEFAULT_SPOOL_LIMIT, Limits, OnReboot, Retry, RunIo, RunSpec, Stream, UPLOADED, Upload};
pub use verdict::{Killer, Phase, TimeLimit, Verdict};
