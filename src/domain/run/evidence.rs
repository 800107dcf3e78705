//! What the host says of an attempt: the contents of its run directory, read strictly.

use std::time::Duration;

use crate::domain::event::{Lengths, Started, Stuck};
use crate::domain::run::Faults;

/// One look at an attempt's directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Evidence {
    pub observed: Observed,
    /// Spool sizes at that look.
    pub sizes: Lengths,
    /// First offsets that the host still has.
    pub bases: Lengths,
    /// Why a cancel was asked for, if one was: the word in the `cancel` file.
    pub cancel: Option<String>,
    /// Free bytes on the file system of the spool.
    pub free: Option<u64>,
    /// Why the spool cannot grow at that look.
    pub stuck: Option<Stuck>,
    /// What the run's watcher has counted so far, once a second; `None`: it cannot be told at that look.
    pub heartbeat: Option<u64>,
    /// How it was started, once that is on record.
    pub started: Option<Started>,
    /// What the host counted of its own faults, once the run is over.
    pub faults: Faults,
    /// How often the command's host booted under this run, as the command sees it.
    pub notice: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Observed {
    /// No such directory.
    Missing,
    /// The directory is there, the process not yet.
    Starting,
    /// It never came up and never will: the start was given up under a lock.
    Stillborn,
    Running,
    /// The exit record is there.
    Exited(ExitRecord),
    /// Same boot, process gone, no exit record (looked at twice).
    Vanished,
    /// Another boot, no exit record.
    OtherBoot,
}

impl Evidence {
    /// How long it went by the host's own clock; nobody need have watched.
    #[must_use]
    pub fn took(&self) -> Option<Duration> {
        let (Observed::Exited(record), Some(started)) = (&self.observed, &self.started) else { return None };
        let seconds = record.at_host.checked_sub(started.at_host?)?;
        u64::try_from(seconds).ok().map(Duration::from_secs)
    }
}

/// The exit record: written once, by rename.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExitRecord {
    pub end: ExitKind,
    /// Final spool sizes.
    pub sizes: Lengths,
    /// The host's clock, seconds since 1970-01-01 UTC.
    pub at_host: i64,
    /// The kernel's count of out-of-memory kills grew in the run's cgroup.
    pub out_of_memory: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExitKind {
    Code(i32),
    Signal(i32),
}
