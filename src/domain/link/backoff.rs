//! How long to wait before the next attempt.

use std::time::Duration;

/// Exponential backoff with full jitter: uniform in `0 ..= min(maximum, initial × multiplierⁿ)`, which
/// spreads a fleet's return best (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Backoff {
    pub initial: Duration,
    pub multiplier: Multiplier,
    pub maximum: Duration,
}

impl Backoff {
    /// The delay after `failures` failures in a row (1, 2, …), never under [`FLOOR`].
    #[must_use]
    pub fn delay(self, failures: u32, jitter: &mut Jitter) -> Duration {
        let seconds = self.initial.as_secs_f64() * self.multiplier.power(failures.saturating_sub(1));
        let ceiling = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX).min(self.maximum);
        ceiling.mul_f64(jitter.fraction()).max(FLOOR.min(self.maximum))
    }
}

/// How much longer each delay is than the one before: from 1 (all alike) to [`Multiplier::MOST`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Multiplier(u64);

impl Multiplier {
    pub const DOUBLE: Self = Self(2.0_f64.to_bits());

    /// More would be no backoff but one attempt.
    pub const MOST: f64 = 100.0;

    #[must_use]
    pub fn parse(times: f64) -> Option<Self> {
        (1.0..=Self::MOST).contains(&times).then_some(Self(times.to_bits()))
    }

    /// Never infinite: beyond a few dozen every maximum is reached.
    fn power(self, exponent: u32) -> f64 {
        let exponent = i32::try_from(exponent).unwrap_or(i32::MAX).min(64);
        f64::from_bits(self.0).powi(exponent)
    }
}

/// A deterministic source of jitter: SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Clone, Debug)]
pub struct Jitter(u64);

impl Jitter {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Uniform in `0.0 ..= 1.0`.
    pub fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        f64::from(u32::try_from(z >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX)
    }
}

/// Even the luckiest draw leaves sshd a moment.
const FLOOR: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_stay_between_the_floor_and_the_doubling_ceiling() {
        let multiplier = Multiplier::DOUBLE;
        let backoff = Backoff { initial: Duration::from_secs(1), multiplier, maximum: Duration::from_secs(30) };
        let mut jitter = Jitter::new(7);
        for failures in 1..200 {
            let ceiling = Duration::from_secs(1 << (failures - 1).min(5)).min(backoff.maximum);
            let delay = backoff.delay(failures, &mut jitter);
            assert!(delay >= FLOOR && delay <= ceiling, "{failures}: {delay:?}");
        }
    }

    #[test]
    fn the_multiplier_sets_the_pace_and_is_bounded() {
        let of = |times| Multiplier::parse(times);
        assert_eq!(of(2.0), Some(Multiplier::DOUBLE));
        for bad in [0.0, 0.99, -2.0, 100.1, f64::NAN, f64::INFINITY] {
            assert_eq!(of(bad), None, "{bad}");
        }
        let longest = |times, failures| {
            let (initial, maximum) = (Duration::from_secs(1), Duration::from_secs(3_600));
            let backoff = Backoff { initial, multiplier: of(times).expect("allowed"), maximum };
            let mut jitter = Jitter::new(7);
            (0..2_000).map(|_| backoff.delay(failures, &mut jitter)).max().expect("some")
        };
        let near = |delay: Duration, seconds: f64| (delay.as_secs_f64() - seconds).abs() < seconds / 20.0;
        assert!(near(longest(1.0, 50), 1.0), "all alike");
        assert!(near(longest(3.0, 4), 27.0));
        assert!(near(longest(100.0, u32::MAX), 3_600.0));
    }

    #[test]
    fn a_maximum_below_the_floor_wins() {
        let tiny = Duration::from_millis(1);
        let backoff = Backoff { initial: tiny, multiplier: Multiplier::DOUBLE, maximum: tiny };
        assert_eq!(backoff.delay(1, &mut Jitter::new(1)), tiny);
    }
}
