//! What the operator runs again and again: a template of runs, from the configuration.

use crate::domain::id::{HostId, JobName};
use crate::domain::run::RunSpec;

/// A named run, and where it usually goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Job {
    pub name: JobName,
    /// One line for people; may be empty.
    pub about: String,
    /// Its `upload` is empty: the file is read when a run is started, not when the job is written down.
    pub spec: RunSpec,
    /// A local file to send at each start, as an absolute path.
    pub upload: Option<String>,
    /// Hosts by name.
    pub hosts: Vec<HostId>,
    /// Hosts by tag: every host that has one of these.
    pub tags: Vec<String>,
}

impl Job {
    /// Whether a host of this name and these tags is among those it goes to.
    #[must_use]
    pub fn targets(&self, host: &HostId, tags: &[String]) -> bool {
        self.hosts.contains(host) || self.tags.iter().any(|tag| tags.contains(tag))
    }
}
