//! The fleet's own time: runs from zero at its start, and `speed` times as fast as the clock.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::moment::{Moment, Wall};
use crate::port::Clock;

/// Tells and waits for moments of the simulation. The clock has to move with tokio's timers.
#[derive(Clone)]
pub(super) struct Time {
    clock: Arc<dyn Clock>,
    start: Moment,
    speed: f64,
}

/// A moment in the simulation, and what a wall clock shows then: hosts' clocks run with ours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) sim: Duration,
    pub(super) wall: Wall,
}

impl Time {
    pub(super) fn new(clock: Arc<dyn Clock>, speed: f64) -> Self {
        let start = clock.now();
        Self { clock, start, speed: speed.clamp(SLOWEST, FASTEST) }
    }

    pub(super) fn now(&self) -> Now {
        let now = self.clock.now();
        Now { sim: now.mono.since(self.start.mono).mul_f64(self.speed), wall: now.wall }
    }

    /// How long `sim` takes on the operator's clock.
    pub(super) fn real(&self, sim: Duration) -> Duration {
        // Bounded, because a quotient that overflows would be a panic.
        Duration::from_secs_f64((sim.as_secs_f64() / self.speed).min(LONGEST.as_secs_f64()))
    }

    pub(super) async fn sleep(&self, sim: Duration) {
        tokio::time::sleep(self.real(sim)).await;
    }

    /// Looks again after each wait: the clock goes on during suspend, timers need not.
    pub(super) async fn sleep_until(&self, at: Duration) {
        loop {
            let rest = at.saturating_sub(self.now().sim);
            if rest.is_zero() {
                return;
            }
            tokio::time::sleep(self.real(rest).max(Duration::from_millis(1))).await;
        }
    }
}

const SLOWEST: f64 = 0.01;
const FASTEST: f64 = 10_000.0;
/// Nothing waits longer in one go.
const LONGEST: Duration = Duration::from_secs(86_400 * 365);
