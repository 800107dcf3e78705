//! What a host's task does about boots beyond the link's own rules: snapshots that were restored, and
//! why it booted. Neither keeps the link or a run waiting.

use crate::domain::boot::cause::{RebootCause, Trace};
use crate::domain::boot::{BootIdentity, Sighting};
use crate::domain::event::{BootFact, Fact};
use crate::domain::id::Epoch;
use crate::domain::moment::{Moment, Wall};
use crate::remote::{self, HostFacts, RemoteError};
use crate::supervisor::host::HostTask;
use crate::supervisor::host::calls::Outcome;
use crate::supervisor::limits::LOOK_LIMIT;

/// What is known of the host's boots.
#[derive(Default)]
pub(super) struct Boots {
    last: Option<(Sighting, Wall)>,
    due: Option<Due>,
}

impl Boots {
    /// The boot that was seen last; empty for a host that does not tell.
    pub(super) fn identity(&self) -> BootIdentity {
        self.last.as_ref().map(|(seen, _)| seen.identity.clone()).unwrap_or_default()
    }
}

/// A reboot whose evidence is still to be gathered.
struct Due {
    /// When the boot before began, by the host's clock.
    since: Option<i64>,
    /// The session over which it was asked for last: once per session.
    asked: Option<Epoch>,
    tries: u32,
}

impl HostTask {
    pub(super) fn note_sighting(&mut self, now: Moment, facts: &HostFacts) {
        let seen = Sighting { identity: facts.boot.clone(), uptime: facts.uptime };
        if seen.identity.is_unknown() {
            return;
        }
        if let Some((before, not_before)) = &self.boots.last
            && before.went_back(&seen)
        {
            self.makeup.forget_boot();
            self.spawn_fact(Fact::Boot(BootFact::Reverted {
                identity: seen.identity.clone(),
                uptime_before: before.uptime.unwrap_or_default(),
                uptime_after: seen.uptime.unwrap_or_default(),
                not_before: *not_before,
            }));
        }
        self.boots.last = Some((seen, now.wall));
    }

    pub(super) fn note_boot(&mut self, fact: &BootFact) {
        match fact {
            BootFact::Rebooted { before, .. } => {
                self.boots.due = Some(Due { since: before.boot_time, asked: None, tries: 0 });
            }
            BootFact::Identified(_)
            | BootFact::Evidence { .. }
            | BootFact::System { .. }
            | BootFact::Reverted { .. } => {}
        }
    }

    /// Asks for the evidence that is due, once the runs know of the session.
    pub(super) fn gather_evidence(&mut self) {
        let Some(epoch) = self.announced else { return };
        let Some(due) = self.boots.due.as_mut().filter(|due| due.asked != Some(epoch)) else { return };
        due.asked = Some(epoch);
        due.tries += 1;
        self.bind(epoch, move |session| async move {
            Outcome::LastBoot(remote::last_boot(session.as_ref(), LOOK_LIMIT).await)
        });
    }

    pub(super) fn handle_evidence(&mut self, answer: Result<Vec<Trace>, RemoteError>) {
        let Some(due) = self.boots.due.take() else { return };
        let (cause, texts) = match answer {
            Ok(traces) => {
                let cause = RebootCause::of(&traces, due.since);
                (cause, traces.into_iter().map(|trace| (trace.source.to_string(), trace.text)).collect())
            }
            Err(error) if due.tries < TRIES => {
                tracing::info!(host = %self.around.host, %error, "no evidence of the reboot yet");
                self.boots.due = Some(due);
                return;
            }
            Err(error) => (RebootCause::Unknown, vec![("not gathered".into(), error.to_string())]),
        };
        self.spawn_fact(Fact::Boot(BootFact::Evidence { cause, texts }));
    }
}

/// Sessions over which evidence is asked for before its absence is told.
const TRIES: u32 = 3;
