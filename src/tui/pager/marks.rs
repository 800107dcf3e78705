//! Gaps and blind times, put where they belong between the lines, and which lines are alarms.

use std::ops::Range;

use crate::app::output::{Entry, Marker, mark_offset};
use crate::domain::event::OutputMark;

/// The marks of a log, in order of offset.
#[derive(Debug, Default)]
pub(super) struct Marks {
    marks: Vec<OutputMark>,
    /// Where gaps were cut: what is before and after one is no line together.
    cuts: Vec<u64>,
    /// Where the lines begin that are alarms, in order.
    alarms: Vec<u64>,
}

impl Marks {
    pub(super) fn new(mut marks: Vec<OutputMark>) -> Self {
        marks.sort_by_key(mark_offset);
        let mut cuts: Vec<u64> = marks.iter().filter_map(cut).collect();
        cuts.dedup();
        Self { marks, cuts, alarms: Vec::new() }
    }

    /// The same with these marks, or these alarms, instead of those it has.
    pub(super) fn with_marks(&self, marks: Vec<OutputMark>) -> Self {
        Self { alarms: self.alarms.clone(), ..Self::new(marks) }
    }

    pub(super) fn with_alarms(&self, mut alarms: Vec<u64>) -> Self {
        alarms.sort_unstable();
        Self { marks: self.marks.clone(), cuts: self.cuts.clone(), alarms }
    }

    pub(super) fn has_alarms(&self) -> bool {
        !self.alarms.is_empty()
    }

    /// Whether an alarm begins among these bytes.
    pub(super) fn is_alarm(&self, line: Range<u64>) -> bool {
        let first = self.alarms.partition_point(|at| *at < line.start);
        self.alarms.get(first).is_some_and(|at| line.contains(at))
    }

    pub(super) fn cuts(&self) -> &[u64] {
        &self.cuts
    }

    /// Puts the marks of an entry before and after it. We are blind for a time, not for a place: that
    /// marker does not cut a line in two, it comes after it.
    pub(super) fn weave(&self, entry: &mut Entry, is_last: bool) {
        entry.before = self.between(entry.offset, entry.offset + 1);
        let stop = if is_last { u64::MAX } else { entry.next };
        entry.after = self.between(entry.offset + 1, stop);
    }

    /// Whether a byte was written while its host could not be seen, and was fetched later.
    pub(super) fn is_blind(&self, offset: u64) -> bool {
        self.marks.iter().any(|mark| match mark {
            OutputMark::Gap { .. } => false,
            OutputMark::Blind { log_offset, caught_up, .. } => {
                (*log_offset..log_offset.saturating_add(*caught_up)).contains(&offset)
            }
        })
    }

    /// Nothing but the marks, when there are any.
    pub(super) fn of_an_empty_log(&self) -> Option<Entry> {
        let before = self.between(0, u64::MAX);
        (!before.is_empty()).then(|| Entry { before, ..Entry::default() })
    }

    fn between(&self, start: u64, stop: u64) -> Vec<Marker> {
        let from = self.marks.partition_point(|mark| mark_offset(mark) < start);
        let to = self.marks.partition_point(|mark| mark_offset(mark) < stop);
        let marks = &self.marks[from..to.max(from)];
        let mut markers: Vec<_> = marks.iter().take(MAX_MARKERS).map(Marker::of).collect();
        if marks.len() > MAX_MARKERS {
            markers.push(Marker::More(marks.len() - MAX_MARKERS));
        }
        markers
    }
}

fn cut(mark: &OutputMark) -> Option<u64> {
    match mark {
        OutputMark::Gap { log_offset, .. } => Some(*log_offset),
        OutputMark::Blind { .. } => None,
    }
}

/// Markers at one place; a quiet run in a bad night has hundreds, and they are in the journal too.
const MAX_MARKERS: usize = 12;
