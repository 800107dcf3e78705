//! Blind time: when we could not see a host for a reason of ours, and what came of it.

use std::fmt;
use std::time::Duration;

use crate::domain::moment::Mono;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BlindCause {
    OwnNetwork,
    /// The operator had paused the link.
    Operator,
    Asleep,
    NotRunning,
}

/// A time in which a host was not seen; of several reasons, the one that took longest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BlindSpan {
    pub duration: Duration,
    pub cause: BlindCause,
    longest: Duration,
}

/// Adds up a host's blind time until the host is seen again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct BlindClock {
    since: Option<(Mono, BlindCause)>,
    pending: Option<BlindSpan>,
}

/// What a run wrote meanwhile, until we hold it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CatchUp {
    pub span: BlindSpan,
    /// Our position in its spool when we saw the host again.
    pub from: u64,
    /// The spool's size at the first look.
    until: Option<u64>,
}

impl BlindClock {
    /// From now on nothing is seen.
    pub fn dark(&mut self, now: Mono, cause: BlindCause) {
        self.since.get_or_insert((now, cause));
    }

    /// Since when nothing is seen, for a reason of ours.
    #[must_use]
    pub fn dark_since(&self) -> Option<Mono> {
        self.since.map(|(since, _)| since)
    }

    /// The reason of ours has gone; whether the host is there is its own matter.
    pub fn lit(&mut self, now: Mono) {
        if let Some((since, cause)) = self.since.take() {
            self.add(now.since(since), cause);
        }
    }

    /// We did not look for this long. What is dark anyway is counted by the clock.
    pub fn missed(&mut self, length: Duration, cause: BlindCause) {
        if self.since.is_none() {
            self.add(length, cause);
        }
    }

    /// The host is seen again: what is to be told, if it is worth it.
    pub fn take(&mut self, now: Mono) -> Option<BlindSpan> {
        self.lit(now);
        self.pending.take().filter(|span| span.duration >= WORTH_TELLING)
    }

    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.since.is_none() && self.pending.is_none()
    }

    fn add(&mut self, length: Duration, cause: BlindCause) {
        let span = self.pending.get_or_insert(BlindSpan { duration: Duration::ZERO, cause, longest: Duration::ZERO });
        span.duration = span.duration.saturating_add(length);
        if length > span.longest {
            (span.longest, span.cause) = (length, cause);
        }
    }
}

impl CatchUp {
    #[must_use]
    pub fn new(span: BlindSpan, from: u64) -> Self {
        Self { span, from, until: None }
    }

    /// The size of the spool at a look; the first counts.
    pub fn note_size(&mut self, size: u64) {
        self.until.get_or_insert(size);
    }

    /// How many bytes it wrote meanwhile, once we hold all of them.
    #[must_use]
    pub fn caught_up(&self, position: u64) -> Option<u64> {
        let until = self.until?;
        (position >= until).then(|| until.saturating_sub(self.from))
    }

    /// What is said when it is over. Without a number the connection held, and nobody knows how much came
    /// before we looked again.
    #[must_use]
    pub fn words(&self, lines: Option<u64>) -> String {
        let Some(lines) = lines else { return format!("{}; the connection held; caught up", self.span) };
        let plural = if lines == 1 { "line" } else { "lines" };
        format!("{}; the host wrote {} {plural} meanwhile; caught up", self.span, grouped(lines))
    }
}

impl BlindCause {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::OwnNetwork => "own network",
            Self::Operator => "paused by you",
            Self::Asleep => "this machine slept",
            Self::NotRunning => "steadfast was not running",
        }
    }
}

/// `blind 25 s (own network)`
impl fmt::Display for BlindSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.duration.as_secs();
        match seconds {
            0..120 => write!(f, "blind {seconds} s ({})", self.cause.word()),
            120..7_200 => write!(f, "blind {} min ({})", seconds / 60, self.cause.word()),
            7_200.. => write!(f, "blind {} h {:02} min ({})", seconds / 3600, seconds / 60 % 60, self.cause.word()),
        }
    }
}

/// `3,812`
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Less is not worth a word.
const WORTH_TELLING: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono(Duration::from_secs(seconds))
    }

    #[test]
    fn an_outage_of_ours_is_told_with_what_was_written_meanwhile() {
        let mut clock = BlindClock::default();
        clock.dark(at(10), BlindCause::OwnNetwork);
        clock.dark(at(20), BlindCause::OwnNetwork);
        clock.lit(at(35));
        let span = clock.take(at(900)).expect("a span");
        assert!(clock.is_clear() && clock.take(at(901)).is_none());
        let mut catch_up = CatchUp::new(span, 1_000);
        assert_eq!(catch_up.caught_up(1_000), None, "nobody knows yet how much there is");
        catch_up.note_size(5_000);
        catch_up.note_size(9_000);
        assert_eq!((catch_up.caught_up(4_999), catch_up.caught_up(5_000)), (None, Some(4_000)));
        assert_eq!(
            catch_up.words(Some(3_812)),
            "blind 25 s (own network); the host wrote 3,812 lines meanwhile; caught up"
        );
        assert_eq!(catch_up.words(None), "blind 25 s (own network); the connection held; caught up");
    }

    #[test]
    fn sleep_in_an_outage_counts_once_and_the_longest_reason_is_named() {
        let mut clock = BlindClock::default();
        clock.dark(at(0), BlindCause::OwnNetwork);
        clock.missed(Duration::from_secs(50), BlindCause::Asleep);
        clock.lit(at(60));
        clock.missed(Duration::from_secs(7_200), BlindCause::Asleep);
        assert_eq!(
            clock.take(at(100)).map(|span| span.to_string()).as_deref(),
            Some("blind 2 h 01 min (this machine slept)")
        );
    }

    #[test]
    fn a_blink_is_not_told() {
        let mut clock = BlindClock::default();
        clock.dark(at(5), BlindCause::OwnNetwork);
        assert_eq!(clock.take(at(5)), None);
        assert_eq!(
            (grouped(7), grouped(1_000), grouped(12_345_678)),
            ("7".into(), "1,000".into(), "12,345,678".into())
        );
    }
}
