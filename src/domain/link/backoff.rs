//! How long to wait before the next attempt.

use std::time::Duration;

/// Exponential backoff with full jitter: uniform in `0 ..= min(maximum, initial × 2ⁿ)`, which
/// spreads a fleet's return best (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Backoff {
    pub initial: Duration,
    pub maximum: Duration,
}

impl Backoff {
    /// The delay after `failures` failures in a row (1, 2, …), never under [`FLOOR`].
    #[must_use]
    pub fn delay(self, failures: u32, jitter: &mut Jitter) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let ceiling = self.initial.saturating_mul(1 << doublings).min(self.maximum);
        ceiling.mul_f64(jitter.fraction()).max(FLOOR.min(self.maximum))
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
        let backoff = Backoff { initial: Duration::from_secs(1), maximum: Duration::from_secs(30) };
        let mut jitter = Jitter::new(7);
        for failures in 1..200 {
            let ceiling = Duration::from_secs(1 << (failures - 1).min(5)).min(backoff.maximum);
            let delay = backoff.delay(failures, &mut jitter);
            assert!(delay >= FLOOR && delay <= ceiling, "{failures}: {delay:?}");
        }
    }

    #[test]
    fn a_maximum_below_the_floor_wins() {
        let tiny = Duration::from_millis(1);
        let backoff = Backoff { initial: tiny, maximum: tiny };
        assert_eq!(backoff.delay(1, &mut Jitter::new(1)), tiny);
    }
}
