//! The view of time: which stretch of it the timeline shows, in which slices, and the cursor in it.
//! What a slice shows is decided here; how it looks is not.

use crate::domain::fleet::HostView;
use crate::domain::link::LinkState;
use crate::domain::moment::Wall;
use crate::domain::timeline::{Ailment, Mark, Segment};

/// Zoom, pan and cursor. Without `end` the view follows the clock.
#[derive(Clone, Debug)]
pub struct Strips {
    zoom: usize,
    /// The operator chose the zoom.
    chosen: bool,
    end: Option<Wall>,
    cursor: Option<Wall>,
}

/// Equal slices of time, one per column. Slices begin at multiples of their length, so that a strip
/// moves by whole columns and never flickers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    pub start: Wall,
    /// Milliseconds per column.
    pub slice: i64,
    pub columns: u16,
}

/// What one column of a strip shows.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Slice<'a> {
    /// `None` before the host was known, and in the future.
    pub state: Option<LinkState>,
    /// The weightiest mark in it.
    pub mark: Option<&'a Mark>,
}

impl Default for Strips {
    fn default() -> Self {
        Self { zoom: DEFAULT_ZOOM, chosen: false, end: None, cursor: None }
    }
}

impl Strips {
    /// How much time is shown, in words: `1 h`.
    #[must_use]
    pub fn span_words(&self) -> &'static str {
        ZOOMS[self.zoom].1
    }

    /// Whether the newest column is now.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.end.is_none()
    }

    #[must_use]
    pub fn cursor(&self) -> Option<Wall> {
        self.cursor
    }

    #[must_use]
    pub fn window(&self, columns: u16, now: Wall) -> Window {
        let columns = columns.max(1);
        let slice = (ZOOMS[self.zoom].0 / i64::from(columns)).max(1);
        let end = self.end.map_or(now.0, |end| end.0.min(now.0));
        let end = end.div_euclid(slice).saturating_add(1).saturating_mul(slice);
        Window { start: Wall(end.saturating_sub(slice.saturating_mul(i64::from(columns)))), slice, columns }
    }

    /// Until the operator chooses: no longer stretch than what there is to show needs.
    pub fn suit(&mut self, oldest: Option<Wall>, now: Wall) {
        if !self.chosen && self.end.is_none() {
            let known = oldest.map_or(0, |oldest| now.0.saturating_sub(oldest.0));
            self.zoom = if known < ZOOMS[YOUNG_ZOOM].0 { YOUNG_ZOOM } else { DEFAULT_ZOOM };
        }
    }

    /// Shows less (`true`) or more time around the cursor, or up to now.
    pub fn zoom(&mut self, closer: bool, columns: u16, now: Wall) -> bool {
        let next = if closer { self.zoom.checked_sub(1) } else { Some(self.zoom + 1).filter(|z| *z < ZOOMS.len()) };
        let Some(next) = next else { return false };
        self.zoom = next;
        self.chosen = true;
        if let (Some(cursor), Some(_)) = (self.cursor, self.end) {
            self.end = Some(Wall(cursor.0.saturating_add(ZOOMS[next].0 / 2)));
        }
        self.keep_in_view(columns, now);
        true
    }

    /// Moves the cursor by so many columns; at an edge the view comes along.
    pub fn step(&mut self, by: i64, columns: u16, now: Wall) {
        let window = self.window(columns, now);
        let last = Wall(window.end().0.saturating_sub(window.slice));
        let at = self.cursor.map_or(last.0, |c| c.0.saturating_add(by.saturating_mul(window.slice)));
        if at > now.0 && by > 0 {
            return self.newest();
        }
        self.cursor = Some(Wall(at.clamp(0, now.0.max(0))));
        self.keep_in_view(columns, now);
    }

    /// Moves the view by so many columns, the cursor with it; at now it follows the clock again.
    pub fn pan(&mut self, by: i64, columns: u16, now: Wall) {
        let window = self.window(columns, now);
        let shift = by.saturating_mul(window.slice);
        let end = window.end().0.saturating_sub(window.slice).saturating_add(shift);
        self.end = Some(Wall(end.max(0))).filter(|end| *end < now);
        if let Some(cursor) = self.cursor {
            let window = self.window(columns, now);
            let last = window.end().0.saturating_sub(window.slice).min(now.0);
            self.cursor = Some(Wall(cursor.0.saturating_add(shift).clamp(window.start.0.min(last), last)));
        }
    }

    /// Goes to this moment, no later than now.
    pub fn show(&mut self, at: Wall, columns: u16, now: Wall) {
        self.cursor = Some(at.min(now));
        self.keep_in_view(columns, now);
    }

    /// Back to now, without a cursor.
    pub fn newest(&mut self) {
        self.end = None;
        self.cursor = None;
    }

    fn keep_in_view(&mut self, columns: u16, now: Wall) {
        let Some(cursor) = self.cursor else { return };
        let window = self.window(columns, now);
        let quarter = window.slice.saturating_mul(i64::from(window.columns / 4));
        if cursor < window.start {
            let whole = window.slice.saturating_mul(i64::from(window.columns));
            self.end = Some(Wall(cursor.0.saturating_sub(quarter).saturating_add(whole)));
        } else if cursor >= window.end() {
            self.end = Some(Wall(cursor.0.saturating_add(quarter)));
        }
        if self.end.is_some_and(|end| end >= now) {
            self.end = None;
        }
    }
}

impl Window {
    /// The first moment after it.
    #[must_use]
    pub fn end(&self) -> Wall {
        Wall(self.start.0.saturating_add(self.slice.saturating_mul(i64::from(self.columns))))
    }

    /// The moments `[from, to)` that a column stands for.
    #[must_use]
    pub fn slice(&self, column: u16) -> (Wall, Wall) {
        let from = self.start.0.saturating_add(self.slice.saturating_mul(i64::from(column)));
        (Wall(from), Wall(from.saturating_add(self.slice)))
    }

    /// The column that stands for this moment.
    #[must_use]
    pub fn column(&self, at: Wall) -> Option<u16> {
        let column = u16::try_from(at.0.checked_sub(self.start.0)?.div_euclid(self.slice)).ok()?;
        (column < self.columns).then_some(column)
    }

    /// One host's strip, a slice per column.
    #[must_use]
    pub fn strip<'a>(&self, host: &'a HostView, now: Wall) -> Vec<Slice<'a>> {
        let mut strip = vec![Slice::default(); usize::from(self.columns)];
        for (column, slice) in (0..self.columns).zip(&mut strip) {
            let (from, to) = self.slice(column);
            if from <= now {
                slice.state = host.timeline.dominant(from, to);
            }
        }
        let marks = host.timeline.marks();
        let first = marks.partition_point(|(at, _)| *at < self.start);
        for (at, mark) in marks.iter().skip(first).take_while(|(at, _)| *at < self.end()) {
            if let Some(slice) = self.column(*at).and_then(|column| strip.get_mut(usize::from(column)))
                && slice.mark.is_none_or(|old| weight(mark) >= weight(old))
            {
                slice.mark = Some(mark);
            }
        }
        strip
    }

    /// The weightiest segment in the slice around `at`, and when it ended.
    #[must_use]
    pub fn segment_at<'a>(&self, host: &'a HostView, at: Wall) -> Option<(&'a Segment, Option<Wall>)> {
        let (from, to) = self.slice(self.column(at)?);
        let segments = host.timeline.segments();
        let begun = segments.partition_point(|s| s.from <= from).saturating_sub(1);
        let until = segments.partition_point(|s| s.from < to);
        let weightiest = (begun..until).max_by_key(|i| segments.get(*i).map(|s| s.state.severity()))?;
        Some((segments.get(weightiest)?, segments.get(weightiest + 1).map(|next| next.from)))
    }

    /// Moments worth a label on the axis, at least `gap` columns apart, on round local times.
    #[must_use]
    pub fn ticks(&self, gap: u16, utc_offset: i32) -> Vec<(u16, Wall)> {
        let wanted = self.slice.saturating_mul(i64::from(gap));
        let step = TICKS.iter().copied().find(|step| *step >= wanted).unwrap_or(TICKS[TICKS.len() - 1]);
        let shift = i64::from(utc_offset) * 1000;
        let first = (self.start.0.saturating_add(shift).div_euclid(step) + 1).saturating_mul(step) - shift;
        let at = |n: i64| Wall(first.saturating_add(n.saturating_mul(step)));
        (0..i64::from(self.columns)).map(at).map_while(|at| Some((self.column(at)?, at))).collect()
    }
}

/// Where many marks fall into one slice the heaviest is shown.
fn weight(mark: &Mark) -> u8 {
    match mark {
        Mark::Reboot => 6,
        Mark::Alarm(_) => 5,
        Mark::RunEnded { success: false } => 4,
        Mark::Gap => 3,
        Mark::Health(Ailment { unhealthy: true, .. }) => 3,
        Mark::RunEnded { success: true } => 2,
        Mark::RunStarted | Mark::Health(Ailment { unhealthy: false, .. }) => 1,
        Mark::Note(_) => 0,
    }
}

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Spans of the timeline, in milliseconds and in words.
const ZOOMS: [(i64, &str); 13] = [
    (MINUTE, "1 min"),
    (5 * MINUTE, "5 min"),
    (15 * MINUTE, "15 min"),
    (30 * MINUTE, "30 min"),
    (HOUR, "1 h"),
    (3 * HOUR, "3 h"),
    (6 * HOUR, "6 h"),
    (12 * HOUR, "12 h"),
    (DAY, "24 h"),
    (3 * DAY, "3 d"),
    (7 * DAY, "7 d"),
    (14 * DAY, "14 d"),
    (30 * DAY, "30 d"),
];

/// An outage of seconds is a column wide and the last coffee break is still on it.
const DEFAULT_ZOOM: usize = 2;

/// Of a fleet that is seen for the first time: what happens to it is not squeezed against the edge.
const YOUNG_ZOOM: usize = 1;

/// Round distances between the labels of the axis.
const TICKS: [i64; 17] = [
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::HostId;

    const NOW: Wall = Wall(10_000_000_000);

    fn host(segments: &[(i64, LinkState)]) -> HostView {
        let mut host = HostView::new(HostId::parse("h").expect("a name"), String::new(), Vec::new(), Wall(0));
        for (from, state) in segments {
            host.timeline.push(Segment { from: Wall(*from), state: *state, cause: None });
        }
        host
    }

    #[test]
    fn slices_stay_put_while_time_goes_by() {
        let strips = Strips::default();
        let window = strips.window(90, NOW);
        assert_eq!(window.slice, 10_000);
        for later in 0..window.slice - 1 {
            assert_eq!(strips.window(90, Wall(NOW.0 + later)).start, window.start);
        }
        assert!(window.column(NOW) == Some(89) && window.column(window.end()).is_none());
    }

    #[test]
    fn an_outage_of_a_second_shows_and_the_future_is_blank() {
        let host = host(&[
            (NOW.0 - 600_000, LinkState::Alive),
            (NOW.0 - 300_000, LinkState::Pinging),
            (NOW.0 - 299_000, LinkState::Alive),
        ]);
        let mut strips = Strips::default();
        while strips.zoom(false, 80, NOW) {}
        let window = strips.window(80, NOW);
        let strip = window.strip(&host, NOW);
        assert!(strip.iter().any(|s| s.state == Some(LinkState::Pinging)));
        assert_eq!(strip[0].state, None);
        let (segment, ended) = window.segment_at(&host, Wall(NOW.0 - 300_500)).expect("a segment");
        assert_eq!((segment.state, ended), (LinkState::Pinging, Some(Wall(NOW.0 - 299_000))));
    }

    #[test]
    fn the_cursor_takes_the_view_along_and_comes_back_to_now() {
        let mut strips = Strips::default();
        for _ in 0..200 {
            strips.step(-1, 60, NOW);
            let cursor = strips.cursor().expect("a cursor");
            assert!(strips.window(60, NOW).column(cursor).is_some());
        }
        assert!(!strips.is_live());
        for _ in 0..300 {
            strips.step(1, 60, NOW);
        }
        assert!(strips.is_live() && strips.cursor().is_none());
    }

    #[test]
    fn panning_goes_back_and_at_now_follows_again() {
        let mut strips = Strips::default();
        strips.pan(-30, 60, NOW);
        assert!(!strips.is_live() && strips.cursor().is_none());
        let before = strips.window(60, NOW);
        strips.pan(-5, 60, NOW);
        let after = strips.window(60, NOW);
        assert_eq!(before.start.0 - after.start.0, 5 * after.slice);
        strips.step(-3, 60, NOW);
        strips.pan(-100, 60, NOW);
        let cursor = strips.cursor().expect("a cursor");
        assert!(strips.window(60, NOW).column(cursor).is_some());
        strips.pan(1_000, 60, NOW);
        assert!(strips.is_live());
    }

    #[test]
    fn zooming_keeps_the_cursor_in_view() {
        let mut strips = Strips::default();
        strips.show(Wall(NOW.0 - 5_000_000), 60, NOW);
        while strips.zoom(true, 60, NOW) {
            let cursor = strips.cursor().expect("a cursor");
            assert!(strips.window(60, NOW).column(cursor).is_some(), "{}", strips.span_words());
        }
        assert_eq!(strips.span_words(), "1 min");
    }

    #[test]
    fn a_young_fleet_is_seen_closely_until_the_operator_chooses() {
        let mut strips = Strips::default();
        let span = |age: i64, strips: &mut Strips| {
            strips.suit(Some(Wall(NOW.0 - age)), NOW);
            strips.span_words()
        };
        assert_eq!((span(0, &mut strips), span(5 * MINUTE, &mut strips)), ("5 min", "15 min"));
        strips.zoom(false, 60, NOW);
        assert_eq!(span(0, &mut strips), "30 min");
        strips.suit(None, NOW);
        assert_eq!(strips.span_words(), "30 min");
    }

    #[test]
    fn ticks_are_round_local_times_far_enough_apart() {
        let window = Strips::default().window(100, NOW);
        for offset in [0, 3600, 5 * 3600 + 1800, -8 * 3600] {
            let ticks = window.ticks(12, offset);
            assert!(ticks.len() >= 3);
            assert!(ticks.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 12));
            assert!(ticks.iter().all(|(_, at)| (at.0 + i64::from(offset) * 1000) % MINUTE == 0));
        }
    }
}
