//! A status that does not flap: what was unhealthy must come clearly below the threshold again, and
//! a change must last before it counts.

use std::time::Duration;

use super::{Percent, Running, Status, Thresholds};
use crate::domain::moment::Mono;

/// How steady a status must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Steadiness {
    /// Points below the threshold at which something unhealthy counts as healthy again.
    pub margin: Percent,
    /// A new status counts when it has lasted this long.
    pub minimum: Duration,
}

/// Every change counts, at once.
impl Default for Steadiness {
    fn default() -> Self {
        Self { margin: Percent::ZERO, minimum: Duration::ZERO }
    }
}

/// A status that has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Change {
    pub from: Status,
    pub to: Status,
}

/// The settled status of one service on one server. Feed it every reading in the order of time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Level {
    steadiness: Steadiness,
    settled: Option<Status>,
    /// Another status than the settled one, and since when.
    pending: Option<(Status, Mono)>,
}

impl Level {
    #[must_use]
    pub fn new(steadiness: Steadiness) -> Self {
        Self { steadiness, settled: None, pending: None }
    }

    /// The same, with a status that was settled before.
    #[must_use]
    pub fn known(self, status: Status) -> Self {
        Self { settled: Some(status), ..self }
    }

    /// Unknown until the first reading.
    #[must_use]
    pub fn status(&self) -> Status {
        self.settled.unwrap_or(Status::Unknown)
    }

    /// Takes in a reading; tells whether the settled status has changed. The first one settles at once.
    pub fn handle_reading(
        &mut self,
        thresholds: Thresholds,
        cpu: Option<Percent>,
        memory: Option<Percent>,
        running: Option<&Running>,
        now: Mono,
    ) -> Option<Change> {
        let thresholds = match self.status() {
            Status::Unhealthy => thresholds.less(self.steadiness.margin),
            Status::Healthy | Status::Unknown => thresholds,
        };
        let (seen, _) = thresholds.judge(cpu, memory, running);
        let Some(from) = self.settled else {
            self.settled = Some(seen);
            return None;
        };
        if seen == from {
            self.pending = None;
            return None;
        }
        let since = match self.pending {
            Some((status, since)) if status == seen => since,
            Some(_) | None => now,
        };
        if now.since(since) < self.steadiness.minimum {
            self.pending = Some((seen, since));
            return None;
        }
        (self.settled, self.pending) = (Some(seen), None);
        Some(Change { from, to: seen })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::health::Rules;

    fn read(level: &mut Level, cpu: f64, second: u64) -> Option<Change> {
        let (cpu, memory) = (Percent::new(cpu).ok(), Percent::new(1.0).ok());
        level.handle_reading(Rules::default().thresholds(None), cpu, memory, None, Mono(Duration::from_secs(second)))
    }

    #[test]
    fn back_to_healthy_only_below_the_margin() {
        let margin = Percent::new(5.0).unwrap();
        let mut level = Level::new(Steadiness { margin, minimum: Duration::ZERO });
        assert_eq!(read(&mut level, 91.0, 0), None);
        assert_eq!(read(&mut level, 89.0, 1), None);
        assert_eq!(level.status(), Status::Unhealthy);
        assert_eq!(read(&mut level, 85.0, 2), Some(Change { from: Status::Unhealthy, to: Status::Healthy }));
        assert_eq!(read(&mut level, 89.0, 3), None);
    }

    #[test]
    fn a_change_must_last() {
        let mut level = Level::new(Steadiness { margin: Percent::ZERO, minimum: Duration::from_secs(10) });
        read(&mut level, 1.0, 0);
        assert_eq!(read(&mut level, 99.0, 1), None);
        assert_eq!(read(&mut level, 1.0, 5), None);
        assert_eq!(read(&mut level, 99.0, 6), None);
        assert_eq!(read(&mut level, 99.0, 15), None);
        assert_eq!(read(&mut level, 99.0, 16), Some(Change { from: Status::Healthy, to: Status::Unhealthy }));
    }

    proptest! {
        #[test]
        fn changes_lead_from_the_status_to_the_status(
            readings in prop::collection::vec((0.0..=100.0_f64, 0_u64..5), 1..100),
            margin in 0.0..=20.0_f64,
            minimum in 0_u64..10,
        ) {
            let margin = Percent::new(margin).unwrap();
            let mut level = Level::new(Steadiness { margin, minimum: Duration::from_secs(minimum) });
            let mut now = 0;
            for (cpu, later) in readings {
                now += later;
                let before = level.settled;
                let change = read(&mut level, cpu, now);
                match (before, change) {
                    (Some(before), Some(change)) => {
                        prop_assert_eq!((before, level.status()), (change.from, change.to));
                        prop_assert_ne!(change.from, change.to);
                    }
                    (Some(before), None) => prop_assert_eq!(before, level.status()),
                    (None, change) => prop_assert_eq!(change, None),
                }
            }
        }
    }
}
