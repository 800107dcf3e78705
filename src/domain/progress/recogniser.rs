//! Which of the numbers in the output is progress: the one that is seen to grow.

use super::{History, Kind, Progress, Reading, marker, readings};
use crate::domain::moment::Mono;

/// Watches the last lines of one attempt.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Recogniser {
    candidates: Vec<Candidate>,
    status: Option<String>,
}

#[derive(Clone, PartialEq, Debug)]
struct Candidate {
    shape: u64,
    kind: Kind,
    fraction: f64,
    rises: u32,
    falls: u32,
    needed: u32,
    seen: Mono,
    history: History,
}

impl Recogniser {
    /// Looks at one line, without escape sequences.
    pub fn observe(&mut self, now: Mono, line: &str) {
        if let Some(said) = marker(line) {
            if let Some(fraction) = said.fraction {
                self.told(now, fraction);
            }
            self.status = said.status.or_else(|| self.status.take());
            return;
        }
        for reading in readings(line) {
            self.take(now, reading);
        }
    }

    /// What the run said, or the operator's own pattern found.
    pub fn told(&mut self, now: Mono, fraction: f64) {
        if (0.0..=1.0).contains(&fraction) {
            self.take(now, Reading { fraction, shape: TOLD, kind: Kind::Told, supported: true });
        }
    }

    #[must_use]
    pub fn progress(&self, now: Mono) -> Option<Progress> {
        let best = self.candidates.iter().filter(|it| it.is_established()).max_by_key(|it| (it.kind, it.seen))?;
        // A fraction of 0 to 1: nothing is cut off.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
        let permille =
            (best.fraction * 1000.0).round().clamp(0.0, if best.fraction < 1.0 { 999.0 } else { 1000.0 }) as u16;
        Some(Progress { permille, status: self.status.clone(), remaining: best.history.remaining(now) })
    }

    fn take(&mut self, now: Mono, reading: Reading) {
        let known = self.candidates.iter_mut().find(|it| it.shape == reading.shape && it.kind == reading.kind);
        if let Some(known) = known {
            known.take(now, reading.fraction);
            return;
        }
        if self.candidates.len() == CANDIDATES
            && let Some(oldest) =
                (0..CANDIDATES).min_by_key(|at| self.candidates.get(*at).map(|it| (it.is_established(), it.seen)))
        {
            self.candidates.swap_remove(oldest);
        }
        let needed = match (reading.kind, reading.supported) {
            (Kind::Told, _) => 0,
            (Kind::Percent, true) | (Kind::Count, _) => 2,
            (Kind::Percent, false) => 3,
        };
        let mut history = History::default();
        history.push(now, reading.fraction);
        let Reading { fraction, shape, kind, .. } = reading;
        self.candidates.push(Candidate { shape, kind, fraction, rises: 0, falls: 0, needed, seen: now, history });
    }
}

impl Candidate {
    fn is_established(&self) -> bool {
        self.rises >= self.needed && self.falls < FALLS
    }

    fn take(&mut self, now: Mono, fraction: f64) {
        self.seen = now;
        if fraction > self.fraction {
            self.rises += 1;
        } else if fraction < self.fraction && self.kind != Kind::Told {
            // The next pass of the same begins near nothing; anything else goes up and down.
            let anew = self.is_established() && fraction <= ANEW && self.fraction >= fraction + ANEW;
            if !anew {
                self.falls += 1;
                self.rises = 0;
            }
        }
        self.history.push(now, fraction);
        self.fraction = fraction;
    }
}

/// The shape of what was told.
const TOLD: u64 = 0;

/// Kinds of lines that are followed; the one that was not seen for longest goes.
const CANDIDATES: usize = 16;

/// What fell so often is no progress.
const FALLS: u32 = 2;

const ANEW: f64 = 0.05;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn after(lines: &[String]) -> Option<u16> {
        let mut recogniser = Recogniser::default();
        for (second, line) in (0_u64..).zip(lines) {
            recogniser.observe(Mono(Duration::from_secs(second)), line);
        }
        recogniser.progress(Mono(Duration::from_secs(lines.len() as u64))).map(|it| it.permille)
    }

    fn lines(pattern: &str, values: &[u32]) -> Vec<String> {
        values.iter().map(|value| pattern.replace("{}", &value.to_string())).collect()
    }

    #[test]
    fn what_grows_is_progress_and_what_goes_up_and_down_is_not() {
        assert_eq!(after(&lines("Jobs: 4: [w(4)][{}%][w=5MiB/s][eta 01m:20s]", &[1, 2, 3])), Some(30));
        assert_eq!(after(&lines(" {}% of it", &[1, 2, 3])), None, "it may still be anything");
        assert_eq!(after(&lines(" {}% of it", &[1, 2, 3, 4])), Some(40));
        assert_eq!(after(&lines("gauge {}%", &[40, 41, 43, 44, 42, 45, 46, 47, 41, 50, 51, 52, 53])), None);
        assert_eq!(after(&lines("{}%", &[97])), None);
        assert_eq!(after(&lines("Loop {}/10:", &[1, 2, 3])), Some(200));
        assert_eq!(after(&lines("CPU {}%", &[1, 2, 3, 4, 5])), None);
    }

    #[test]
    fn the_next_pass_begins_anew() {
        assert_eq!(after(&lines(" {}% done, 1:23 elapsed", &[10, 50, 100, 0, 3])), Some(30));
    }

    #[test]
    fn what_a_run_says_goes_before_what_is_guessed() {
        let mut said = lines("{}% done", &[10, 20, 30, 40]);
        said.push(r#"::steadfast progress=0.05 status="warm-up"::"#.into());
        said.extend(lines("{}% done", &[50, 60]));
        assert_eq!(after(&said), Some(50));
    }

    #[test]
    fn hostile_lines_cost_nothing() {
        let noise: Vec<String> = (0..500)
            .map(|n: u32| {
                format!("{} {}%", char::from(b'a' + (n % 26) as u8).to_string().repeat((n % 60) as usize), n % 100)
            })
            .collect();
        let mut recogniser = Recogniser::default();
        for line in &noise {
            recogniser.observe(Mono::default(), line);
            assert!(recogniser.candidates.len() <= CANDIDATES);
        }
    }
}
