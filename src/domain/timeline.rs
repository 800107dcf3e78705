//! What a host's link was, when: segments and marks, bounded.

use std::collections::VecDeque;

use crate::domain::diagnosis::Cause;
use crate::domain::health::{LevelChange, Status};
use crate::domain::link::LinkState;
use crate::domain::moment::Wall;

/// The states of one link over time, oldest first.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Timeline {
    segments: VecDeque<Segment>,
    marks: VecDeque<(Wall, Mark)>,
}

/// From `from` until the next segment begins.
#[derive(Clone, PartialEq, Debug)]
pub struct Segment {
    pub from: Wall,
    pub state: LinkState,
    pub cause: Option<Cause>,
}

/// Something at one instant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mark {
    Reboot,
    RunStarted,
    RunEnded {
        success: bool,
    },
    Gap,
    /// It, or a service on it, became unhealthy or well again.
    Health(Ailment),
    /// Output matched this pattern.
    Alarm(String),
    Note(String),
}

/// A change of health in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ailment {
    pub unhealthy: bool,
    pub words: String,
}

impl From<&LevelChange> for Ailment {
    fn from(change: &LevelChange) -> Self {
        Self { unhealthy: change.to == Status::Unhealthy, words: change.to_string() }
    }
}

impl Timeline {
    /// Adds a segment; the oldest beyond [`CAPACITY`] goes (the journal still has it). Time goes on: what
    /// was told by a clock that was set back stands where the one before it does.
    pub fn push(&mut self, mut segment: Segment) {
        segment.from = segment.from.max(self.segments.back().map_or(segment.from, |last| last.from));
        if self.segments.len() == CAPACITY {
            self.segments.pop_front();
        }
        self.segments.push_back(segment);
    }

    /// Adds a mark; the oldest beyond [`CAPACITY`] goes. Of a clock that was set back, as with segments.
    pub fn mark(&mut self, at: Wall, mark: Mark) {
        let at = at.max(self.marks.back().map_or(at, |(last, _)| *last));
        if self.marks.len() == CAPACITY {
            self.marks.pop_front();
        }
        self.marks.push_back((at, mark));
    }

    #[must_use]
    pub fn segments(&self) -> &VecDeque<Segment> {
        &self.segments
    }

    #[must_use]
    pub fn marks(&self) -> &VecDeque<(Wall, Mark)> {
        &self.marks
    }

    /// The state to show for the slice `[from, to)`: the most severe one that was true in it, so
    /// that a one-second outage shows in a slice of an hour. `None` before the first segment.
    #[must_use]
    pub fn dominant(&self, from: Wall, to: Wall) -> Option<LinkState> {
        let first_after = self.segments.partition_point(|s| s.from <= from);
        let reigning = first_after.checked_sub(1).and_then(|i| self.segments.get(i));
        let begun = self.segments.iter().skip(first_after).take_while(|s| s.from < to);
        reigning.into_iter().chain(begun).map(|s| s.state).max_by_key(|state| state.severity())
    }
}

/// Segments and marks kept per host: at one outage of five segments a minute, 13 hours.
pub const CAPACITY: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(segments: &[(i64, LinkState)]) -> Timeline {
        let mut timeline = Timeline::default();
        for &(from, state) in segments {
            timeline.push(Segment { from: Wall(from), state, cause: None });
        }
        timeline
    }

    #[test]
    fn a_short_outage_shows_in_a_long_slice() {
        let timeline = timeline(&[(0, LinkState::Alive), (500, LinkState::Pinging), (600, LinkState::Alive)]);
        assert_eq!(timeline.dominant(Wall(0), Wall(10_000)), Some(LinkState::Pinging));
        assert_eq!(timeline.dominant(Wall(600), Wall(10_000)), Some(LinkState::Alive));
        assert_eq!(timeline.dominant(Wall(-10), Wall(0)), None);
    }

    #[test]
    fn a_clock_that_is_set_back_hides_no_outage() {
        let timeline = timeline(&[(1000, LinkState::Alive), (400, LinkState::Pinging), (1200, LinkState::Alive)]);
        assert_eq!(timeline.dominant(Wall(1000), Wall(1100)), Some(LinkState::Pinging));
        assert_eq!(timeline.dominant(Wall(1200), Wall(1300)), Some(LinkState::Alive));
        assert_eq!(timeline.dominant(Wall(0), Wall(1000)), None);
    }

    #[test]
    fn it_forgets_the_oldest_first() {
        let mut timeline = Timeline::default();
        for n in 0..=CAPACITY {
            let from = Wall(i64::try_from(n).expect("small"));
            timeline.push(Segment { from, state: LinkState::Alive, cause: None });
        }
        assert_eq!(timeline.segments().len(), CAPACITY);
        assert_eq!(timeline.segments().front().map(|s| s.from), Some(Wall(1)));
    }
}
