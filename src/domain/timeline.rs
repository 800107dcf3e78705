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
    /// What was found out about segments of trouble, by their beginning.
    told: VecDeque<(Wall, LinkState, Told)>,
}

/// What is known of a segment beyond its state: its newest verdict, and how it was come by.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Told {
    pub verdict: String,
    /// What the rungs said, in one line.
    pub evidence: String,
    pub attempts: u32,
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

    /// What is known now of the newest segment; of segments beyond [`TOLD`] it is forgotten (the journal
    /// still has it).
    pub fn tell(&mut self, told: Told) {
        let Some((from, state)) = self.segments.back().map(|segment| (segment.from, segment.state)) else { return };
        // Several may begin in one millisecond.
        if self.told.back().is_some_and(|(of, about, _)| (*of, *about) == (from, state)) {
            self.told.pop_back();
        } else if self.told.len() == TOLD {
            self.told.pop_front();
        }
        self.told.push_back((from, state, told));
    }

    /// What is known of a segment.
    #[must_use]
    pub fn told(&self, segment: &Segment) -> Option<&Told> {
        let mut newest = self.told.iter().rev();
        newest.find(|(of, about, _)| (*of, *about) == (segment.from, segment.state)).map(|(_, _, told)| told)
    }

    /// What the link was before a segment.
    #[must_use]
    pub fn before(&self, segment: &Segment) -> Option<LinkState> {
        let at = self.segments.partition_point(|other| other.from < segment.from);
        self.segments.get(at.checked_sub(1)?).map(|before| before.state)
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

/// Segments of a host about which more than the cause is kept: some 30 kB.
pub const TOLD: usize = 64;

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
    fn what_was_found_out_is_kept_for_the_newest_segments_and_replaced_by_what_is_newer() {
        let mut timeline = Timeline::default();
        for n in 0..=i64::try_from(TOLD).expect("small") {
            timeline.push(Segment { from: Wall(n), state: LinkState::Reconnecting, cause: None });
            for attempts in [1, 2] {
                timeline.tell(Told { attempts, ..Told::default() });
            }
        }
        let attempts = |n: usize| timeline.told(&timeline.segments()[n]).map(|told| told.attempts);
        assert_eq!((attempts(0), attempts(1), attempts(TOLD)), (None, Some(2), Some(2)));
        assert_eq!(timeline.before(&timeline.segments()[1]), Some(LinkState::Reconnecting));
        assert_eq!(timeline.before(&timeline.segments()[0]), None);
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
