//! The clock of a run's time limits: it stands still while we are blind.

use std::time::Duration;

use crate::domain::moment::Mono;
use crate::domain::run::{Limits, TimeLimit};

/// Counts a run's time, and its time without output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LimitClock {
    limits: Limits,
    total: Stopwatch,
    idle: Stopwatch,
    /// When the host last said how far the output is.
    seen: Mono,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Stopwatch {
    counted: Duration,
    /// Since when it is running, if it is.
    since: Option<Mono>,
}

impl LimitClock {
    /// Stopped, with `counted` of the total limit spent already.
    #[must_use]
    pub fn new(limits: Limits, counted: Duration) -> Self {
        let total = Stopwatch { counted, since: None };
        Self { limits, total, idle: Stopwatch::default(), seen: Mono::default() }
    }

    /// From now on time counts against the total limit, or not (blind, not started).
    pub fn count_total(&mut self, now: Mono, on: bool) {
        self.total.set(now, on);
    }

    /// From now on time counts against the idle limit, or not (its output is not being seen). A line that
    /// went silent showed nothing since the host was last heard of the output: that does not count either.
    pub fn count_idle(&mut self, now: Mono, on: bool) {
        self.idle.set(if on { now } else { self.seen.min(now) }, on);
    }

    /// The host has said how far the output is.
    pub fn seen(&mut self, now: Mono) {
        self.seen = now;
    }

    /// There was output.
    pub fn grown(&mut self, now: Mono) {
        self.seen = now;
        self.idle.counted = Duration::ZERO;
        if self.idle.since.is_some() {
            self.idle.since = Some(now);
        }
    }

    /// We did not run for this long: that does not count.
    pub fn forgive(&mut self, length: Duration) {
        for watch in [&mut self.total, &mut self.idle] {
            watch.since = watch.since.map(|since| since + length);
        }
    }

    /// The limit that has passed, if one has.
    #[must_use]
    pub fn passed(&self, now: Mono) -> Option<TimeLimit> {
        self.deadlines().into_iter().flatten().find(|(due, _)| now >= *due).map(|(_, limit)| limit)
    }

    /// When the next limit passes, if the clock goes on as it does.
    #[must_use]
    pub fn deadline(&self) -> Option<Mono> {
        self.deadlines().into_iter().flatten().map(|(due, _)| due).min()
    }

    fn deadlines(&self) -> [Option<(Mono, TimeLimit)>; 2] {
        let of = |watch: Stopwatch, limit: Option<Duration>, kind| {
            Some((watch.since? + limit?.saturating_sub(watch.counted), kind))
        };
        [of(self.total, self.limits.total, TimeLimit::Total), of(self.idle, self.limits.idle, TimeLimit::Idle)]
    }
}

impl Stopwatch {
    fn set(&mut self, now: Mono, on: bool) {
        match (self.since, on) {
            (None, true) => self.since = Some(now),
            (Some(since), false) => {
                self.counted = self.counted.saturating_add(now.since(since));
                self.since = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono(Duration::from_secs(seconds))
    }

    fn clock() -> LimitClock {
        let limits = Limits { total: Some(Duration::from_secs(100)), idle: Some(Duration::from_secs(10)) };
        LimitClock::new(limits, Duration::ZERO)
    }

    #[test]
    fn blind_time_does_not_count() {
        let mut clock = clock();
        clock.count_total(at(0), true);
        clock.count_total(at(60), false);
        assert_eq!(clock.deadline(), None);
        clock.count_total(at(1_000), true);
        assert_eq!(clock.deadline(), Some(at(1_040)));
        assert_eq!(clock.passed(at(1_039)), None);
        assert_eq!(clock.passed(at(1_040)), Some(TimeLimit::Total));
    }

    #[test]
    fn a_line_that_went_silent_counts_up_to_the_last_word_of_the_output() {
        let mut clock = clock();
        clock.count_idle(at(0), true);
        clock.seen(at(5));
        clock.count_idle(at(20), false);
        clock.count_idle(at(1_000), true);
        assert_eq!(clock.deadline(), Some(at(1_005)));
    }

    #[test]
    fn output_starts_the_idle_limit_anew() {
        let mut clock = clock();
        clock.count_idle(at(0), true);
        clock.grown(at(9));
        assert_eq!(clock.deadline(), Some(at(19)));
        clock.forgive(Duration::from_secs(100));
        assert_eq!(clock.passed(at(118)), None);
        assert_eq!(clock.passed(at(119)), Some(TimeLimit::Idle));
    }
}
