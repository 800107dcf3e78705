//! How much longer: from how fast it went lately. It says nothing rather than nonsense.

use std::collections::VecDeque;
use std::time::Duration;

use crate::domain::moment::Mono;

/// How a fraction grew.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct History {
    samples: VecDeque<(Mono, f64)>,
}

impl History {
    /// Takes a fraction in; one that fell begins anew.
    pub fn push(&mut self, now: Mono, fraction: f64) {
        let Some((at, last)) = self.samples.back().copied() else {
            self.samples.push_back((now, fraction));
            return;
        };
        if fraction < last {
            self.samples.clear();
            self.samples.push_back((now, fraction));
        } else if fraction > last && now.since(at) >= PACE {
            if self.samples.len() == SAMPLES {
                // Half as fine, twice as far back.
                let mut keep = false;
                self.samples.retain(|_| {
                    keep = !keep;
                    keep
                });
            }
            self.samples.push_back((now, fraction));
        }
    }

    /// `None` until it was seen to grow for a while, when it has stood still for too long, and when the
    /// answer would be so far away that nobody would believe it.
    #[must_use]
    pub fn remaining(&self, now: Mono) -> Option<Duration> {
        let (first, newest) = (self.samples.front()?, self.samples.back()?);
        let (span, gain) = (newest.0.since(first.0), newest.1 - first.1);
        if self.samples.len() < ENOUGH || span < LEAST_SPAN || gain < LEAST_GAIN || newest.1 >= 1.0 {
            return None;
        }
        // The later half: what was fast in the beginning counts for less.
        let middle = Mono(first.0.0 + span / 2);
        let from = self.samples.iter().rev().find(|(at, _)| *at <= middle).unwrap_or(first);
        let rate = (newest.1 - from.1) / newest.0.since(from.0).as_secs_f64();
        let still = now.since(newest.0);
        let steps = u32::try_from(self.samples.len()).unwrap_or(u32::MAX);
        if rate <= 0.0 || still > (span / steps * STILL).max(LEAST_SPAN * 3) {
            return None;
        }
        let seconds = (1.0 - newest.1) / rate - still.as_secs_f64();
        (seconds > 0.0 && seconds < FARTHEST).then(|| Duration::from_secs_f64(seconds))
    }
}

/// Kept; then every other one goes.
const SAMPLES: usize = 64;

const PACE: Duration = Duration::from_secs(1);

/// Fewer steps, less time or less growth than these say nothing about the rest.
const ENOUGH: usize = 4;
const LEAST_SPAN: Duration = Duration::from_secs(20);
const LEAST_GAIN: f64 = 0.01;

/// Without a step for so many times what one takes, it stands still.
const STILL: u32 = 5;

/// 60 days.
const FARTHEST: f64 = 60.0 * 86_400.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono(Duration::from_secs(seconds))
    }

    #[test]
    fn a_steady_run_ends_when_it_says_and_one_that_stands_still_says_nothing() {
        let mut history = History::default();
        for second in 0..=100_u32 {
            history.push(at(u64::from(second)), f64::from(second) / 1000.0);
            if second < 20 {
                assert_eq!(history.remaining(at(u64::from(second))), None, "too early at {second}");
            }
        }
        let rest = history.remaining(at(100)).expect("enough was seen");
        assert!((890..=910).contains(&rest.as_secs()), "{rest:?}");
        let later = history.remaining(at(120)).expect("a short pause");
        assert!(later < rest);
        assert_eq!(history.remaining(at(900)), None, "it stands still");
    }

    #[test]
    fn a_fall_begins_anew_and_memory_is_bounded() {
        let mut history = History::default();
        for second in 0..10_000_u32 {
            history.push(at(u64::from(second)), f64::from(second) / 10_000.0);
        }
        assert!(history.samples.len() <= SAMPLES);
        assert!(history.remaining(at(9_999)).is_some());
        history.push(at(10_001), 0.0);
        assert_eq!(history.remaining(at(10_001)), None);
    }
}
