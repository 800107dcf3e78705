//! A run that is not heard of over a connection that lives: is it the host that runs no commands any more, or
//! the run's own watcher?

use crate::domain::diagnosis::{Rung, RungAnswer, RungReport};
use crate::domain::event::{Fact, RunFact};
use crate::domain::id::AttemptId;
use crate::domain::moment::{Moment, Mono};
use crate::supervisor::host::HostTask;
use crate::supervisor::host::calls::Outcome;
use crate::supervisor::ladder;
use crate::supervisor::limits::{ABOVE_LIMIT, SUSPECT_AFTER, SUSPECT_PACE};

/// One run is asked after at a time, and no oftener than [`SUSPECT_PACE`].
#[derive(Default)]
pub(super) struct Suspicion {
    asked: Option<Mono>,
    /// What was told last, until it is over.
    told: Option<Trouble>,
}

/// The lowest of the upper rungs that is broken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Trouble {
    Exec,
    Heart,
}

impl Trouble {
    fn of(reports: &[RungReport]) -> Option<Self> {
        let broken = |rung| reports.iter().any(|report| report.rung == rung && report.answer == RungAnswer::Broken);
        if broken(Rung::Exec) { Some(Self::Exec) } else { broken(Rung::Heartbeat).then_some(Self::Heart) }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Exec => {
                "sshd answers, but commands on the host do not: exec hangs (look at its load, memory, disk); \
                 the run is asked after again"
            }
            Self::Heart => {
                "commands run on the host, but this run's heartbeat stands still: its watcher is stopped or starved; \
                 its output may stand still too"
            }
        }
    }
}

impl HostTask {
    pub(super) fn suspect(&mut self, now: Moment) {
        let Some(epoch) = self.announced.filter(|_| self.link.state().is_connected()) else { return };
        if self.suspicion.asked.is_some_and(|asked| now.mono.since(asked) < SUSPECT_PACE) {
            return;
        }
        let silent = |heard: Mono| now.mono.since(heard) >= SUSPECT_AFTER;
        let suspect = self.seats.iter().find(|(_, seat)| seat.run.is_followed() && silent(seat.heard));
        let Some(id) = suspect.map(|(id, _)| *id) else { return };
        self.suspicion.asked = Some(now.mono);
        let clock = std::sync::Arc::clone(&self.around.clock);
        self.bind(epoch, move |session| async move {
            Outcome::Suspected(id, ladder::above(session.as_ref(), Some(id), &*clock, ABOVE_LIMIT).await)
        });
    }

    pub(super) fn handle_suspected(&mut self, id: AttemptId, reports: &[RungReport]) {
        let found = Trouble::of(reports);
        let text = match (self.suspicion.told, found) {
            (told, Some(trouble)) if told != Some(trouble) => trouble.text(),
            (Some(_), None) => "commands and the run's heartbeat are in order again",
            (Some(_), Some(_)) | (None, _) => return,
        };
        self.suspicion.told = found;
        if self.seats.contains_key(&id) {
            self.spawn_fact(Fact::Run { id, fact: RunFact::Notice(text.into()) });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_lowest_of_the_upper_rungs_is_named() {
        let report = |rung, answer| RungReport { rung, answer, took: Duration::ZERO, detail: String::new() };
        let of = |reports: &[RungReport]| Trouble::of(reports);
        assert_eq!(of(&[report(Rung::Exec, RungAnswer::Broken)]), Some(Trouble::Exec));
        let exec = report(Rung::Exec, RungAnswer::Stands);
        assert_eq!(of(&[exec.clone(), report(Rung::Heartbeat, RungAnswer::Broken)]), Some(Trouble::Heart));
        assert_eq!(of(&[exec, report(Rung::Heartbeat, RungAnswer::NotAsked)]), None);
    }
}
