//! A run that is not heard of, or whose heartbeat stands still, over a connection that lives: is it the host
//! that runs no commands any more, or the run's own watcher?

use crate::domain::diagnosis::{Rung, RungAnswer, RungReport};
use crate::domain::event::{Fact, RunFact};
use crate::domain::id::AttemptId;
use crate::domain::moment::{Moment, Mono};
use crate::domain::run::{Evidence, Observed};
use crate::supervisor::host::HostTask;
use crate::supervisor::host::calls::Outcome;
use crate::supervisor::ladder;
use crate::supervisor::limits::{ABOVE_LIMIT, SUSPECT_AFTER, SUSPECT_PACE};

/// One run is asked after at a time, and no oftener than [`SUSPECT_PACE`].
#[derive(Default)]
pub(super) struct Suspicion {
    asked: Option<Mono>,
}

/// What is wrong with a run beside its output: as the looks at it and the rungs above the login say.
#[derive(Default)]
pub(super) struct Pulse {
    /// The last count of its watcher, and when it was new.
    beat: Option<(u64, Mono)>,
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
                "the host is alive and answers commands, but this run's heartbeat stands still: its runner or \
                 watcher is stopped or starved; its end is not seen before it goes on"
            }
        }
    }
}

impl Pulse {
    /// A look at the run: whether its heart beats is known from two of them.
    fn look(&mut self, now: Mono, evidence: &Evidence) -> Option<&'static str> {
        let Some(count) = evidence.heartbeat.filter(|_| evidence.observed == Observed::Running) else {
            self.beat = None;
            return None;
        };
        match self.beat {
            Some((known, since)) if known == count => {
                (now.since(since) >= SUSPECT_AFTER).then(|| self.tell(Some(Trouble::Heart)))?
            }
            known => {
                self.beat = Some((count, now));
                // The first count proves nothing yet.
                known.and_then(|_| self.tell(None))
            }
        }
    }

    /// What there is to say that was not said.
    fn tell(&mut self, found: Option<Trouble>) -> Option<&'static str> {
        let told = std::mem::replace(&mut self.told, found);
        match (told, found) {
            (told, Some(trouble)) => (told != Some(trouble)).then(|| trouble.text()),
            (Some(_), None) => Some("commands and the run's heartbeat are in order again"),
            (None, None) => None,
        }
    }

    /// A count from before is not compared with one over another connection: the whole host may have slept.
    pub(super) fn disconnect(&mut self) {
        self.beat = None;
    }
}

impl HostTask {
    pub(super) fn suspect(&mut self, now: Moment) {
        let Some(epoch) = self.announced.filter(|_| self.link.state().is_connected()) else { return };
        if self.suspicion.asked.is_some_and(|asked| now.mono.since(asked) < SUSPECT_PACE) {
            return;
        }
        let silent = |heard: Mono| now.mono.since(heard) >= SUSPECT_AFTER;
        let suspect = self.seats.iter().find(|(_, seat)| seat.run.is_going() && silent(seat.heard));
        let Some(id) = suspect.map(|(id, _)| *id) else { return };
        self.suspicion.asked = Some(now.mono);
        let clock = std::sync::Arc::clone(&self.around.clock);
        self.bind(epoch, move |session| async move {
            Outcome::Suspected(id, ladder::above(session.as_ref(), Some(id), &*clock, ABOVE_LIMIT).await)
        });
    }

    pub(super) fn handle_suspected(&mut self, id: AttemptId, reports: &[RungReport]) {
        let said = self.seats.get_mut(&id).and_then(|seat| seat.pulse.tell(Trouble::of(reports)));
        self.tell_of_run(id, said);
    }

    pub(super) fn watch_pulse(&mut self, now: Moment, id: AttemptId, evidence: &Evidence) {
        let said = self.seats.get_mut(&id).and_then(|seat| seat.pulse.look(now.mono, evidence));
        self.tell_of_run(id, said);
    }

    fn tell_of_run(&mut self, id: AttemptId, said: Option<&'static str>) {
        if let Some(text) = said {
            self.spawn_fact(Fact::Run { id, fact: RunFact::Notice(text.into()) });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::event::Lengths;
    use crate::domain::run::Faults;

    #[test]
    fn the_lowest_of_the_upper_rungs_is_named() {
        let report = |rung, answer| RungReport { rung, answer, took: Duration::ZERO, detail: String::new() };
        let of = |reports: &[RungReport]| Trouble::of(reports);
        assert_eq!(of(&[report(Rung::Exec, RungAnswer::Broken)]), Some(Trouble::Exec));
        let exec = report(Rung::Exec, RungAnswer::Stands);
        assert_eq!(of(&[exec.clone(), report(Rung::Heartbeat, RungAnswer::Broken)]), Some(Trouble::Heart));
        assert_eq!(of(&[exec, report(Rung::Heartbeat, RungAnswer::NotAsked)]), None);
    }

    fn count(heartbeat: Option<u64>) -> Evidence {
        Evidence {
            observed: Observed::Running,
            sizes: Lengths::default(),
            bases: Lengths::default(),
            cancel: None,
            free: None,
            heartbeat,
            stuck: None,
            started: None,
            faults: Faults::default(),
            notice: None,
        }
    }

    #[test]
    fn a_heart_that_stands_still_is_told_once_and_that_it_beats_again() {
        let mut pulse = Pulse::default();
        let begin = Mono::default();
        let mut look = |after, beat| pulse.look(begin + Duration::from_secs(after), &count(beat));
        assert_eq!(look(0, Some(3)), None);
        assert_eq!(look(5, Some(8)), None);
        assert_eq!(look(20, Some(8)), None, "only fifteen seconds");
        assert_eq!(look(25, Some(8)), Some(Trouble::Heart.text()));
        assert_eq!(look(30, Some(8)), None, "once");
        assert!(look(35, Some(9)).is_some_and(|said| said.contains("in order again")));
        assert_eq!(look(40, Some(14)), None);
    }

    #[test]
    fn what_is_not_known_is_no_trouble() {
        let mut pulse = Pulse::default();
        let begin = Mono::default();
        // An older script on the host, a disk that cannot be written: no count.
        for after in [0, 5, 100] {
            assert_eq!(pulse.look(begin + Duration::from_secs(after), &count(None)), None);
        }
        assert_eq!(pulse.look(begin, &count(Some(3))), None);
        pulse.disconnect();
        assert_eq!(pulse.look(begin + Duration::from_secs(100), &count(Some(3))), None, "another connection");
    }
}
