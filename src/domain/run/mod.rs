//! What a run is, and what it is doing.

mod cancelling;
mod evidence;
mod faults;
mod following;
mod job;
mod judge;
mod limit_clock;
mod machine;
mod seeing;
mod spec;
mod traffic;
mod verdict;

pub use evidence::{Evidence, ExitKind, ExitRecord, Observed};
pub use faults::{Fault, Faults, Growth, Outcome};
pub use job::Job;
pub use judge::{Judgement, judge, next_attempt};
pub use limit_clock::LimitClock;
pub use machine::HostRun;
pub use spec::{DEFAULT_GRACE, DEFAULT_SPOOL_LIMIT, Limits, OnReboot, Retry, RunIo, RunSpec, Stream, UPLOADED, Upload};
pub use traffic::{FollowAnswer, RunEffect, RunInput};
pub use verdict::{Killer, Phase, TimeLimit, Verdict};
