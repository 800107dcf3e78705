//! F2: the system's clocks behind [`Clock`].

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::domain::moment::{Moment, Mono, Wall};
use crate::port::Clock;

/// Wall clock, and a monotonic one that goes on during suspend where there is one.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the wall clock is read")]
    fn now(&self) -> Moment {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Moment { mono: Mono(monotonic()), wall: Wall(i64::try_from(wall.as_millis()).unwrap_or(i64::MAX)) }
    }

    /// The gap between the clock that goes on in suspend and the one that does not.
    #[cfg(target_os = "linux")]
    fn asleep(&self) -> Duration {
        use rustix::time::{ClockId, clock_gettime};
        let awake = clock_gettime(ClockId::Monotonic);
        let awake = Duration::new(u64::try_from(awake.tv_sec).unwrap_or(0), u32::try_from(awake.tv_nsec).unwrap_or(0));
        monotonic().saturating_sub(awake)
    }
}

/// `CLOCK_BOOTTIME` counts suspend (clock_gettime(2)); macOS's `CLOCK_MONOTONIC` does so too.
fn monotonic() -> Duration {
    #[cfg(target_os = "linux")]
    const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Monotonic;
    let time = rustix::time::clock_gettime(CLOCK);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
