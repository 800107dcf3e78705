//! What is known of one host's health: the last sample, what became of the asking since, and the
//! numbers of a while.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Disk, Percent, Sample, Traffic};
use crate::domain::moment::{Mono, Wall};

/// A number that a host tells again and again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Metric {
    Cpu,
    Memory,
    /// Over one minute.
    Load,
    PressureCpu,
    PressureMemory,
    PressureIo,
    /// Of the fullest filesystem.
    Disk,
    /// Of the hottest sensor.
    Temperature,
    /// Bytes per second.
    Received,
    Sent,
}

impl Metric {
    pub const ALL: [Self; METRICS] = [
        Self::Cpu,
        Self::Memory,
        Self::Load,
        Self::PressureCpu,
        Self::PressureMemory,
        Self::PressureIo,
        Self::Disk,
        Self::Temperature,
        Self::Received,
        Self::Sent,
    ];

    /// Its place in [`Metric::ALL`].
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }

    /// As it is called in tables of numbers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Load => "load",
            Self::PressureCpu => "pressure_cpu",
            Self::PressureMemory => "pressure_memory",
            Self::PressureIo => "pressure_io",
            Self::Disk => "disk",
            Self::Temperature => "temperature",
            Self::Received => "received",
            Self::Sent => "sent",
        }
    }
}

/// The numbers of one moment; single precision, because they are many.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Point {
    pub at: Wall,
    pub values: [Option<f32>; METRICS],
}

/// Bytes per second between two samples.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rates {
    pub received: f64,
    pub sent: f64,
}

/// What is known of one host.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct HostHealth {
    pub latest: Option<Taken>,
    /// Since when an answer is waited for that is late.
    pub late: Option<Wall>,
    /// The last question came to nothing, and why.
    pub failed: Option<(Wall, String)>,
    /// Oldest first, at most [`POINTS`].
    history: VecDeque<Point>,
}

/// A sample, and when it was taken.
#[derive(Clone, PartialEq, Debug)]
pub struct Taken {
    pub at: Wall,
    pub sample: Sample,
    pub rates: Option<Rates>,
}

impl Taken {
    #[must_use]
    pub fn point(&self) -> Point {
        let Sample { cpu, memory, vitals, .. } = &self.sample;
        let share = |percent: Option<Percent>| percent.map(Percent::value);
        let values = [
            share(*cpu),
            share(*memory),
            vitals.load.map(|load| load.0[0]),
            share(vitals.pressure.cpu),
            share(vitals.pressure.memory),
            share(vitals.pressure.io),
            self.sample.fullest().map(|disk| disk.used.value()),
            vitals.temperature,
            self.rates.map(|rates| rates.received),
            self.rates.map(|rates| rates.sent),
        ];
        #[expect(clippy::cast_possible_truncation, reason = "a number that is drawn")]
        let values = values.map(|value| value.map(|value| value as f32));
        Point { at: self.at, values }
    }

    #[must_use]
    pub fn value(&self, metric: Metric) -> Option<f32> {
        self.point().values[metric.index()]
    }
}

impl Sample {
    /// Of all filesystems that it tells of.
    #[must_use]
    pub fn fullest(&self) -> Option<Disk> {
        let all = self.filesystems.iter().map(|filesystem| filesystem.disk).chain(self.vitals.disk);
        all.max_by_key(|disk| disk.used)
    }
}

impl Rates {
    /// Between two readings; a counter that went back says nothing.
    #[must_use]
    pub fn between(before: (Mono, Traffic), now: (Mono, Traffic)) -> Option<Self> {
        let time = now.0.since(before.0);
        if time < SHORTEST {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate is shown with two digits")]
        let rate = |before: u64, now: u64| Some(now.checked_sub(before)? as f64 / time.as_secs_f64());
        Some(Self { received: rate(before.1.received, now.1.received)?, sent: rate(before.1.sent, now.1.sent)? })
    }
}

impl HostHealth {
    /// Takes in a sample, unless a later one is known.
    pub fn apply(&mut self, taken: Taken) {
        self.push(taken.point());
        if self.latest.as_ref().is_none_or(|latest| latest.at <= taken.at) {
            (self.latest, self.late, self.failed) = (Some(taken), None, None);
        }
    }

    /// Takes in the numbers of one moment; those of a moment that is known already are not.
    pub fn push(&mut self, point: Point) {
        let place = self.history.partition_point(|known| known.at < point.at);
        if self.history.get(place).is_some_and(|known| known.at == point.at) {
            return;
        }
        self.history.insert(place, point);
        if self.history.len() > POINTS {
            self.history.pop_front();
        }
    }

    #[must_use]
    pub fn history(&self) -> &VecDeque<Point> {
        &self.history
    }

    /// The numbers of the time up to `now`, in `columns` slices of `slice` each, the oldest first: the
    /// highest of each slice; `None`: nothing was told in it. Slices lie where the clock puts them, so
    /// that a picture moves and does not shiver.
    #[must_use]
    pub fn columns(&self, metric: Metric, now: Wall, slice: Duration, columns: usize) -> Vec<Option<f32>> {
        let width = i64::try_from(slice.as_millis()).unwrap_or(i64::MAX).max(1);
        let last = now.0.div_euclid(width);
        let mut row = vec![None; columns];
        for point in self.history.iter().rev() {
            let back = usize::try_from(last.saturating_sub(point.at.0.div_euclid(width))).unwrap_or(0);
            if back >= columns {
                break;
            }
            let cell: &mut Option<f32> = &mut row[columns - 1 - back];
            *cell = match (*cell, point.values[metric.index()]) {
                (Some(one), Some(other)) => Some(one.max(other)),
                (one, other) => one.or(other),
            };
        }
        row
    }
}

/// How many metrics there are.
pub const METRICS: usize = 10;

/// Points kept in memory per host: two hours at the usual interval, some 20 KiB.
pub const POINTS: usize = 240;

/// Between closer readings a rate is noise.
const SHORTEST: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(at: i64, cpu: f64) -> Taken {
        let sample = Sample { cpu: Percent::new(cpu).ok(), ..Sample::default() };
        Taken { at: Wall(at), sample, rates: None }
    }

    #[test]
    fn every_metric_is_where_it_says() {
        for (place, metric) in Metric::ALL.into_iter().enumerate() {
            assert_eq!(metric.index(), place);
        }
    }

    #[test]
    fn slices_show_the_highest_and_leave_what_is_not_known_empty() {
        let mut health = HostHealth::default();
        for (at, cpu) in [(1_000, 10.0), (1_900, 30.0), (2_100, 20.0), (5_500, 50.0)] {
            health.apply(taken(at, cpu));
        }
        let row = health.columns(Metric::Cpu, Wall(5_900), Duration::from_secs(1), 6);
        assert_eq!(row, [None, Some(30.0), Some(20.0), None, None, Some(50.0)]);
        assert_eq!(health.columns(Metric::Memory, Wall(5_900), Duration::from_secs(1), 2), [None, None]);
    }

    #[test]
    fn the_past_comes_in_beside_what_is_known_and_is_bounded() {
        let mut health = HostHealth::default();
        health.apply(taken(9_000_000, 9.0));
        health.late = Some(Wall(9_000_001));
        for at in 0..2 * i64::try_from(POINTS).expect("small") {
            health.push(taken(at * 1_000, 1.0).point());
            health.push(taken(at * 1_000, 2.0).point());
        }
        assert_eq!(health.history().len(), POINTS);
        assert!(health.history().iter().zip(health.history().iter().skip(1)).all(|(a, b)| a.at < b.at));
        assert_eq!(health.latest.as_ref().map(|taken| taken.at), Some(Wall(9_000_000)));
        assert!(health.late.is_some(), "old numbers are no answer");
    }

    #[test]
    fn a_counter_that_went_back_is_no_rate() {
        let at = |second, received| (Mono(Duration::from_secs(second)), Traffic { received, sent: 0 });
        assert_eq!(Rates::between(at(0, 500), at(2, 1_500)).map(|rates| rates.received), Some(500.0));
        assert_eq!(Rates::between(at(0, 500), at(2, 100)), None);
        assert_eq!(Rates::between(at(2, 0), at(2, 100)), None);
    }
}
