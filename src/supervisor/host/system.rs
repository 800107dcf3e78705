//! What the host is made of: asked once per boot, beside everything else, and compared with what is known.

use crate::domain::boot::{BootComparison, BootIdentity};
use crate::domain::event::{BootFact, Fact};
use crate::domain::id::Epoch;
use crate::domain::system::System;
use crate::remote::{self, RemoteError};
use crate::supervisor::host::HostTask;
use crate::supervisor::host::calls::Outcome;
use crate::supervisor::limits::LOOK_LIMIT;

/// What is known of it.
pub(super) struct Makeup {
    known: Option<System>,
    /// The boot of which that is; `None`: not asked in this process.
    boot: Option<BootIdentity>,
    /// The session over which it was asked for last: once per session.
    asked: Option<Epoch>,
}

impl Makeup {
    pub(super) fn new(known: Option<System>) -> Self {
        Self { known, boot: None, asked: None }
    }

    /// A snapshot of the machine was restored: it may be made of something else in the same boot.
    pub(super) fn forget_boot(&mut self) {
        self.boot = None;
    }
}

impl HostTask {
    /// Asks, once the runs know of the session. Neither they nor the link wait for the answer.
    pub(super) fn gather_system(&mut self) {
        let Some(epoch) = self.announced.filter(|epoch| self.makeup.asked != Some(*epoch)) else { return };
        self.makeup.asked = Some(epoch);
        let boot = self.boots.identity();
        let known = self.makeup.boot.as_ref().is_some_and(|known| known.compare(&boot) != BootComparison::Changed);
        if !known {
            self.bind(epoch, move |session| async move {
                Outcome::System(boot, remote::system(session.as_ref(), LOOK_LIMIT).await)
            });
        }
    }

    pub(super) fn handle_system(&mut self, boot: BootIdentity, answer: Result<System, RemoteError>) {
        let told = match answer {
            Ok(told) if told.is_unknown() => return,
            Ok(told) => told,
            // The next session asks again.
            Err(error) => {
                tracing::info!(host = %self.around.host, %error, "what it is made of is not known");
                return;
            }
        };
        self.makeup.boot = Some(boot);
        let before = self.makeup.known.take();
        let (now, before) = match before {
            Some(before) if before.changes(&told).is_empty() => {
                // What is compared with stays as it was, so that small steps add up; what was not told before is new.
                let filled = before.clone().or(&told);
                if filled == before {
                    self.makeup.known = Some(before);
                    return;
                }
                (filled, None)
            }
            Some(before) => (told.or(&before), Some(before)),
            None => (told, None),
        };
        self.makeup.known = Some(now.clone());
        self.spawn_fact(Fact::Boot(BootFact::System { now: Box::new(now), before: before.map(Box::new) }));
    }
}
