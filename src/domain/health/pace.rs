//! When a host is asked for its next sample: one question at a time, never one on top of another that
//! is late, and hosts of one fleet not in step. No clock and no chance in here: both are arguments.

use std::time::Duration;

use crate::domain::moment::Mono;

/// How often, and how long an answer may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sampling {
    pub interval: Duration,
    /// An answer that takes longer is late: it is waited for, and not used.
    pub timeout: Duration,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { interval: Duration::from_secs(30), timeout: Duration::from_secs(10) }
    }
}

impl Sampling {
    /// When nothing came for so long, two samples are missing.
    #[must_use]
    pub fn patience(self) -> Duration {
        self.interval.mul_f64(2.5) + self.timeout
    }

    /// How old the last sample of a host gets while all is well: the longest interval, an answer that takes
    /// all its time, and what it takes to write it down.
    #[must_use]
    pub fn freshness(self) -> Duration {
        self.interval.mul_f64(1.1) + self.timeout + WRITTEN
    }
}

/// The pace of one host.
#[derive(Clone, Debug)]
pub struct Pace {
    sampling: Sampling,
    seed: u64,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Not connected: nobody is asked.
    Away,
    /// The next question is due then.
    Waiting(Mono),
    /// Asked at that moment; the next question would be due then.
    Asked { late_at: Mono, late: bool, due: Mono },
}

/// What is to be done now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    Ask,
    /// The question that is out has become late.
    Late,
}

impl Pace {
    #[must_use]
    pub fn new(sampling: Sampling, seed: u64) -> Self {
        Self { sampling, seed, state: State::Away }
    }

    /// The host can be asked.
    pub fn handle_connected(&mut self, now: Mono) {
        if self.state == State::Away {
            let first = self.sampling.interval.min(FIRST);
            self.state = State::Waiting(now + first.mul_f64(self.chance()));
        }
    }

    /// It cannot any more; a question that is out has gone with its connection.
    pub fn handle_gone(&mut self) {
        self.state = State::Away;
    }

    /// The question that is out is answered, or has failed; `false`: it had become late before.
    pub fn handle_answer(&mut self, now: Mono) -> bool {
        let State::Asked { late, due, .. } = self.state else { return false };
        // What should have been asked meanwhile is not made up for.
        self.state = State::Waiting(if due > now { due } else { now + self.next() });
        !late
    }

    /// To be asked at every wake; at the latest at [`Pace::poll_timeout`].
    pub fn handle_timeout(&mut self, now: Mono) -> Option<Step> {
        match self.state {
            State::Waiting(due) if due <= now => {
                let late_at = now + self.sampling.timeout;
                self.state = State::Asked { late_at, late: false, due: now + self.next() };
                Some(Step::Ask)
            }
            State::Asked { late_at, late: false, due } if late_at <= now => {
                self.state = State::Asked { late_at, late: true, due };
                Some(Step::Late)
            }
            State::Away | State::Waiting(_) | State::Asked { .. } => None,
        }
    }

    #[must_use]
    pub fn poll_timeout(&self) -> Option<Mono> {
        match self.state {
            State::Waiting(due) => Some(due),
            State::Asked { late_at, late: false, .. } => Some(late_at),
            State::Away | State::Asked { late: true, .. } => None,
        }
    }

    /// An interval, up to a tenth shorter or longer: what fell into step falls out of it again.
    fn next(&mut self) -> Duration {
        self.sampling.interval.mul_f64(0.9 + 0.2 * self.chance())
    }

    /// From 0 to 1 (splitmix64).
    fn chance(&mut self) -> f64 {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from(u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or(0)) / f64::from(u32::MAX)
    }
}

/// A sample is on disk after this time.
const WRITTEN: Duration = Duration::from_secs(2);

/// A host that was just connected to is asked within this time, or within one interval.
const FIRST: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono(Duration::from_secs(seconds))
    }

    #[test]
    fn a_late_answer_is_waited_for_and_told_once() {
        let mut pace = Pace::new(Sampling::default(), 1);
        assert_eq!(pace.handle_timeout(at(99)), None, "not connected");
        pace.handle_connected(at(100));
        assert_eq!(pace.handle_timeout(at(110)), Some(Step::Ask));
        assert_eq!(pace.handle_timeout(at(119)), None);
        assert_eq!(pace.handle_timeout(at(120)), Some(Step::Late));
        assert_eq!((pace.handle_timeout(at(900)), pace.poll_timeout()), (None, None));
        assert!(!pace.handle_answer(at(901)), "late");
        assert_eq!(pace.handle_timeout(at(902)), None, "nothing is made up for");
        assert_eq!(pace.handle_timeout(at(940)), Some(Step::Ask));
        assert!(pace.handle_answer(at(941)));
        pace.handle_gone();
        assert_eq!((pace.handle_timeout(at(9_000)), pace.poll_timeout()), (None, None));
    }

    #[test]
    fn a_thousand_hosts_are_not_asked_at_once() {
        let mut asked = std::collections::BTreeMap::<u64, usize>::new();
        for host in 0..1_000 {
            let mut pace = Pace::new(Sampling::default(), host);
            pace.handle_connected(at(0));
            let mut now = at(0);
            while now < at(300) {
                now = pace.poll_timeout().expect("something is due").max(now);
                if pace.handle_timeout(now) == Some(Step::Ask) {
                    *asked.entry(now.0.as_secs()).or_default() += 1;
                    assert!(pace.handle_answer(now + Duration::from_millis(50)));
                }
            }
        }
        assert!(asked.values().all(|count| *count < 250), "{asked:?}");
        let settled = asked.iter().filter(|(second, _)| **second > 200).map(|(_, count)| *count);
        assert!(settled.max() < Some(100), "{asked:?}");
    }

    proptest! {
        #[test]
        fn never_two_questions_at_a_time(steps in prop::collection::vec((0_u8..4, 0_u64..40), 1..200), seed in any::<u64>()) {
            let mut pace = Pace::new(Sampling::default(), seed);
            let (mut now, mut connected, mut out) = (0, false, false);
            for (what, later) in steps {
                now += later;
                match what {
                    0 => { pace.handle_connected(at(now)); connected = true; }
                    1 => { pace.handle_gone(); (connected, out) = (false, false); }
                    2 => { pace.handle_answer(at(now)); out = false; }
                    _ => match pace.handle_timeout(at(now)) {
                        Some(Step::Ask) => { prop_assert!(connected && !out); out = true; }
                        Some(Step::Late) => prop_assert!(out),
                        None => {}
                    },
                }
                prop_assert!(connected || pace.poll_timeout().is_none());
            }
        }
    }
}
