//! Which mark of a log comes next: those of the log itself, and what happened to its host meanwhile.

use super::pager::Arrivals;
use crate::app::output::{Jump, Landed, Landmark, Marker, Spot, mark_offset};
use crate::domain::event::OutputMark;

/// Where the jump goes. May block: the ledger is asked where what happened at a moment is in the log.
pub(super) fn find(jump: Jump, marks: &[OutputMark], times: Option<&dyn Arrivals>) -> Landed {
    let own = marks.iter().map(|mark| (mark_offset(mark), Marker::of(mark).text()));
    let theirs = jump.landmarks.iter().filter_map(|Landmark { spot, words }| {
        let offset = match *spot {
            Spot::Offset(offset) => offset,
            Spot::Moment(at) => times?.offset_at(at)?,
        };
        Some((offset, words.clone()))
    });
    let mut all: Vec<_> = own.chain(theirs).collect();
    all.sort();
    let found = if jump.forward {
        all.iter().position(|(offset, _)| *offset > jump.from)
    } else {
        all.iter().rposition(|(offset, _)| *offset < jump.from)
    };
    let found = found.and_then(|at| all.get(at).map(|(offset, _)| (at, *offset)));
    match found {
        Some((at, offset)) => {
            // All that is at one place is told at once.
            let here = all.iter().filter(|(other, _)| *other == offset).map(|(_, words)| words.as_str());
            let words = here.take(TOLD).collect::<Vec<_>>().join("; ");
            Landed { at: Some(offset), words: format!("mark {} of {}: {words}", at + 1, all.len()) }
        }
        None if all.is_empty() => Landed { at: None, words: "no marks: no gap, blind time, reboot or note".into() },
        None => {
            let way = if jump.forward { "further on" } else { "before this" };
            Landed { at: None, words: format!("no mark {way}, of {}", all.len()) }
        }
    }
}

/// What is told of one place.
const TOLD: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::moment::Wall;

    struct Times;

    impl Arrivals for Times {
        fn of(&self, _: std::ops::Range<u64>) -> Vec<(u64, Wall)> {
            Vec::new()
        }

        fn offset_at(&self, at: Wall) -> Option<u64> {
            u64::try_from(at.0).ok().filter(|at| *at > 10)
        }
    }

    fn jump(forward: bool, from: u64) -> Jump {
        let landmark = |at, words: &str| Landmark { spot: Spot::Moment(Wall(at)), words: words.into() };
        let landmarks = vec![landmark(70, "reboot"), landmark(5, "note: before the run"), landmark(40, "note: fan")];
        Jump { forward, from, landmarks }
    }

    #[test]
    fn marks_of_the_log_and_of_its_host_come_in_the_order_of_their_places() {
        let marks = [OutputMark::Gap { log_offset: 40, spool_offset: 90, lost: 50 }];
        let go = |forward, from| find(jump(forward, from), &marks, Some(&Times));
        assert_eq!(
            go(true, 0),
            Landed { at: Some(40), words: "mark 1 of 3: gap: host gave up 50 B; note: fan".into() }
        );
        assert_eq!(go(true, 40).at, Some(70));
        assert_eq!(go(true, 70), Landed { at: None, words: "no mark further on, of 3".into() });
        assert_eq!(go(false, u64::MAX).at, Some(70));
        assert_eq!(go(false, 70).at, Some(40));
        assert_eq!(go(false, 40).words, "no mark before this, of 3");
    }

    #[test]
    fn what_cannot_be_placed_is_left_out() {
        assert_eq!(find(jump(true, 0), &[], None).words, "no marks: no gap, blind time, reboot or note");
    }
}
