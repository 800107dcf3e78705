//! When frames are drawn: no more often than is seen, but what the operator does is answered at once.

use std::time::Duration;

use crate::domain::moment::Mono;

/// When frames are drawn.
pub struct Pace {
    /// No frame before this.
    due: Mono,
    drawn: Mono,
    /// Taken in since the last frame.
    taken: u32,
    /// The operator did something, and no frame came since.
    asked: bool,
    /// Until then the answer is awaited, which may come from a file: frames follow each other faster.
    lively: Mono,
}

impl Pace {
    pub fn new(now: Mono) -> Self {
        Self { due: now, drawn: now, taken: 0, asked: false, lively: now }
    }

    /// How long until there may be a frame.
    pub fn due_in(&self, now: Mono) -> Duration {
        self.due.since(now)
    }

    /// A message came.
    pub fn take_in(&mut self) {
        self.taken = self.taken.saturating_add(1);
    }

    /// The operator did something.
    pub fn ask(&mut self, now: Mono) {
        self.asked = true;
        self.lively = now + LIVELY;
        self.due = self.due.min(self.drawn + QUICK);
    }

    /// Whether the frame goes before everything else that is waiting.
    pub fn presses(&self) -> bool {
        self.asked || self.taken >= BURST
    }

    pub fn drawn(&mut self, now: Mono) {
        let gap = if now < self.lively { QUICK } else { FRAME };
        *self = Self { due: now + gap, drawn: now, taken: 0, asked: false, lively: self.lively };
    }
}

/// Sixty frames a second: more is not seen.
const FRAME: Duration = Duration::from_millis(16);

/// What was asked for is shown sooner, for this long after a key.
const QUICK: Duration = Duration::from_millis(4);
const LIVELY: Duration = Duration::from_millis(100);

/// So many messages may come before a frame that is due; those after them wait for it.
const BURST: u32 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Mono {
        Mono(Duration::from_millis(millis))
    }

    #[test]
    fn a_flood_is_drawn_sixty_times_a_second_and_a_key_at_once() {
        let mut pace = Pace::new(at(0));
        assert!(pace.due_in(at(0)).is_zero() && !pace.presses());
        pace.drawn(at(0));
        assert_eq!(pace.due_in(at(1)), Duration::from_millis(15));
        pace.ask(at(1));
        assert_eq!(pace.due_in(at(1)), Duration::from_millis(3));
        assert!(pace.presses());
        pace.drawn(at(4));
        assert!(!pace.presses());
        // What the key asked for is read from a file and comes a little later.
        assert_eq!(pace.due_in(at(5)), Duration::from_millis(3));
        pace.drawn(at(150));
        assert_eq!(pace.due_in(at(150)), FRAME);
        pace.ask(at(160));
        assert!(pace.due_in(at(160)).is_zero());
    }

    #[test]
    fn after_many_messages_a_frame_goes_first() {
        let mut pace = Pace::new(at(0));
        for _ in 0..BURST {
            assert!(!pace.presses());
            pace.take_in();
        }
        assert!(pace.presses());
        pace.drawn(at(1));
        assert!(!pace.presses());
    }
}
