//! How far a run has come: its last lines, looked at a few times a second, whatever it writes.

use std::time::Duration;

use memchr::memmem;
use regex::Regex;

use crate::domain::moment::Mono;
use crate::domain::progress::{OPENING, Progress, Recogniser, last_lines, plain};
use crate::domain::watch::Watch;

/// Takes output in and gives progress out.
pub(super) struct Gauge {
    recogniser: Recogniser,
    custom: Vec<Regex>,
    /// What came since the last look, the end of it.
    fresh: Vec<u8>,
    looked: Option<Mono>,
    told: Option<(Progress, Mono)>,
}

impl Gauge {
    pub(super) fn new(watch: &Watch) -> Self {
        let custom = watch.progress.iter().filter_map(|regex| Regex::new(regex).ok()).collect();
        Self { recogniser: Recogniser::default(), custom, fresh: Vec::new(), looked: None, told: None }
    }

    pub(super) fn feed(&mut self, now: Mono, bytes: &[u8]) {
        // What a run says of itself counts also in a flood. Forwards it is ten times faster to say that it
        // says nothing.
        let said = memmem::find(bytes, OPENING.as_bytes());
        if let Some(at) = said.and_then(|_| memmem::rfind(bytes, OPENING.as_bytes())) {
            let line = bytes[at..].split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
            self.recogniser.observe(now, &plain(line));
        }
        let bytes = &bytes[bytes.len().saturating_sub(FRESH)..];
        let excess = (self.fresh.len() + bytes.len()).saturating_sub(FRESH);
        self.fresh.drain(..excess.min(self.fresh.len()));
        self.fresh.extend_from_slice(bytes);
    }

    /// When there is something to look at.
    pub(super) fn due_at(&self) -> Option<Mono> {
        (!self.fresh.is_empty()).then(|| self.looked.map_or(Mono::default(), |at| at + PACE))
    }

    /// Looks, if it is time, and says how far it is.
    pub(super) fn look(&mut self, now: Mono) -> Option<Progress> {
        if self.fresh.is_empty() || self.looked.is_some_and(|at| now.since(at) < PACE) {
            return None;
        }
        self.looked = Some(now);
        for line in last_lines(&self.fresh, LINES) {
            match self.custom.iter().find_map(|regex| custom(regex, &line)) {
                Some(fraction) => self.recogniser.told(now, fraction),
                None => self.recogniser.observe(now, &line),
            }
        }
        self.fresh.clear();
        self.recogniser.progress(now)
    }

    /// What is to be written down: seldom, and in coarse steps.
    pub(super) fn take_due(&mut self, now: Mono, all: bool) -> Option<Progress> {
        let progress = self.recogniser.progress(now)?;
        let due = self.told.as_ref().is_none_or(|(told, at)| {
            let moved = told.permille.abs_diff(progress.permille) >= STEP && now.since(*at) >= LEAST;
            let says = told.status != progress.status && now.since(*at) >= STATUS;
            let news = (told.permille, &told.status) != (progress.permille, &progress.status);
            moved || says || (all && news)
        });
        if !due {
            return None;
        }
        let told = Progress { remaining: None, ..progress };
        self.told = Some((told.clone(), now));
        Some(told)
    }
}

/// One group is a percentage, two are n of m.
fn custom(regex: &Regex, line: &str) -> Option<f64> {
    let groups = regex.captures(line)?;
    let number = |n| groups.get(n).and_then(|group| group.as_str().trim().parse::<f64>().ok());
    let fraction = match (number(1)?, number(2)) {
        (n, Some(m)) if m > 0.0 => n / m,
        (_, Some(_)) => return None,
        (percent, None) => percent / 100.0,
    };
    (0.0..=1.0).contains(&fraction).then_some(fraction)
}

/// Bytes between two looks that are kept.
const FRESH: usize = 4096;

/// Lines of them that are looked at.
const LINES: usize = 6;

const PACE: Duration = Duration::from_millis(250);

/// The journal learns of 5 % more, after half a minute at the earliest, and of another status after five.
const STEP: u16 = 50;
const LEAST: Duration = Duration::from_secs(30);
const STATUS: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Mono {
        Mono(Duration::from_millis(millis))
    }

    #[test]
    fn a_bar_drawn_over_itself_is_followed_and_the_journal_hears_little_of_it() {
        let mut gauge = Gauge::new(&Watch::default());
        let (mut seen, mut told) = (None, 0);
        for tenth in 0..1_000_u64 {
            let now = at(tenth * 300);
            gauge.feed(now, format!("\r  {:.1}% done, 0:12 elapsed", tenth as f64 / 10.0).as_bytes());
            seen = gauge.look(now).or(seen);
            told += usize::from(gauge.take_due(now, false).is_some());
        }
        let seen = seen.expect("it grew");
        assert_eq!(seen.permille, 999);
        assert!(seen.remaining.is_some());
        assert!((2..=21).contains(&told), "{told}");
        assert!(gauge.take_due(at(400_000), true).is_some());
        assert!(gauge.take_due(at(400_000), true).is_none());
    }

    #[test]
    fn the_operators_pattern_and_the_runs_own_word_are_believed_at_once() {
        let watch = Watch { progress: vec![r"batch (\d+) out of (\d+)".into()], ..Watch::default() };
        let mut gauge = Gauge::new(&watch);
        gauge.feed(at(0), b"batch 3 out of 4\n");
        assert_eq!(gauge.look(at(0)).map(|it| it.permille), Some(750));
        let flood = [b"::steadfast progress=0.8 status=\"cool-down\"::\n".to_vec(), vec![b'\n'; 50_000]].concat();
        gauge.feed(at(1_000), &flood);
        let progress = gauge.look(at(1_000)).expect("it was said");
        assert_eq!((progress.permille, progress.status.as_deref()), (800, Some("cool-down")));
    }
}
