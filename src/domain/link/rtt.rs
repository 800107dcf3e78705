//! How long an answer may take on this line.

use std::time::Duration;

/// Smoothed round trip and its variation, by RFC 6298, section 2: a queue that fills up raises the
/// patience before it is taken for death.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Rtt(Option<(Duration, Duration)>);

impl Rtt {
    pub(super) fn sample(&mut self, rtt: Duration) {
        let rtt = rtt.min(LONGEST);
        self.0 = Some(match self.0 {
            None => (rtt, rtt / 2),
            Some((smoothed, variation)) => ((smoothed * 7 + rtt) / 8, (variation * 3 + smoothed.abs_diff(rtt)) / 4),
        });
    }

    /// Beyond this an answer is not late any more, but missing.
    pub(super) fn patience(self) -> Duration {
        self.0.map_or(Duration::ZERO, |(smoothed, variation)| (smoothed + variation * 4).min(LONGEST))
    }
}

/// The RFC's upper bound for its timer.
const LONGEST: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_of_seconds_raises_the_patience_and_quiet_lowers_it_again() {
        let mut rtt = Rtt::default();
        assert_eq!(rtt.patience(), Duration::ZERO);
        rtt.sample(Duration::from_millis(350));
        assert_eq!(rtt.patience(), Duration::from_millis(1_050));
        for queued in [1_000, 3_000, 4_000] {
            rtt.sample(Duration::from_millis(queued));
        }
        assert!(rtt.patience() > Duration::from_secs(5), "{rtt:?}");
        for _ in 0..60 {
            rtt.sample(Duration::from_millis(350));
        }
        assert!(rtt.patience() < Duration::from_millis(500), "{rtt:?}");
    }

    #[test]
    fn an_absurd_answer_does_not_make_a_dead_line_immortal() {
        let mut rtt = Rtt::default();
        rtt.sample(Duration::MAX);
        assert_eq!(rtt.patience(), LONGEST);
    }
}
