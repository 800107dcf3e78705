//! Time as the machines see it: an argument, never a call.

use std::time::Duration;

/// Monotonic time that goes on during suspend (Linux: `CLOCK_BOOTTIME`), since an arbitrary start.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Mono(pub Duration);

impl Mono {
    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl std::ops::Add<Duration> for Mono {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

/// Wall-clock time in milliseconds since 1970-01-01 UTC. Shown and recorded, never used to decide
/// how long something took: it may step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Wall(pub i64);

impl Wall {
    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl std::ops::Add<Duration> for Wall {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
}

/// One instant on both clocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Moment {
    pub mono: Mono,
    pub wall: Wall,
}

impl Moment {
    /// The wall-clock time at which the monotonic clock will show `at`, if the wall clock does not step.
    #[must_use]
    pub fn wall_at(self, at: Mono) -> Wall {
        if at >= self.mono {
            self.wall + at.since(self.mono)
        } else {
            Wall(self.wall.0.saturating_sub(i64::try_from(self.mono.since(at).as_millis()).unwrap_or(i64::MAX)))
        }
    }
}

impl std::ops::Add<Duration> for Moment {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self { mono: self.mono + duration, wall: self.wall + duration }
    }
}

/// Something that was true at `as_of`; a cut link makes it older, never different.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LastKnown<T> {
    pub value: T,
    pub as_of: Wall,
}
