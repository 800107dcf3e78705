//! How many handshakes at a time one sshd takes: halved when it drops some, grown back slowly, as TCP does
//! with its window (RFC 5681). Pure.

use std::time::Duration;

use crate::domain::moment::Mono;

pub(super) struct Room {
    places: usize,
    /// There are never more.
    most: usize,
    /// When it changed last.
    changed: Option<Mono>,
    /// Handshakes that went well since.
    good: usize,
}

impl Room {
    pub(super) fn new(most: usize) -> Self {
        let most = most.max(1);
        Self { places: most, most, changed: None, good: 0 }
    }

    /// One of those behind it wants no more than this; the lowest number counts.
    pub(super) fn narrow(&mut self, most: usize) {
        self.most = self.most.min(most.max(1));
        self.places = self.places.min(self.most);
    }

    pub(super) fn places(&self) -> usize {
        self.places
    }

    /// Whether nothing is left of a drop.
    pub(super) fn is_whole(&self) -> bool {
        self.places == self.most
    }

    /// A connection that began at `begun` was dropped. Those of one burst count once: they began when there
    /// was more room.
    pub(super) fn shrink(&mut self, now: Mono, begun: Mono) {
        if self.changed.is_none_or(|changed| begun >= changed) {
            self.places = (self.places / 2).max(1);
            self.changed = Some(now);
            self.good = 0;
        }
    }

    /// A handshake went well: one more place for each round of them.
    pub(super) fn grow(&mut self, now: Mono) {
        if self.is_whole() {
            return;
        }
        self.good += 1;
        if self.good >= self.places {
            self.places += 1;
            self.good = 0;
        }
        self.recover(now);
    }

    /// Time alone gives back one place after another too: who dropped us may have been busy with others.
    pub(super) fn recover(&mut self, now: Mono) {
        while let Some(due) = self.changed.map(|changed| changed + REGROWTH).filter(|due| *due <= now) {
            self.places = (self.places + 1).min(self.most);
            self.changed = (!self.is_whole()).then_some(due);
        }
    }
}

/// As [`CONNECT_LIMIT`](crate::domain::link::CONNECT_LIMIT).
#[cfg(test)]
pub(super) const PER_DESTINATION: usize = 8;

const REGROWTH: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono(Duration::from_secs(seconds))
    }

    #[test]
    fn a_burst_of_drops_halves_it_once_and_the_next_one_again() {
        let mut room = Room::new(PER_DESTINATION);
        for _ in 0..6 {
            room.shrink(at(10), at(9));
        }
        assert_eq!(room.places(), 4);
        room.shrink(at(12), at(11));
        room.shrink(at(14), at(13));
        room.shrink(at(16), at(15));
        assert_eq!(room.places(), 1, "never none");
    }

    #[test]
    fn the_lowest_number_of_those_behind_it_counts() {
        let mut room = Room::new(20);
        assert_eq!((room.places(), room.is_whole()), (20, true));
        room.narrow(2);
        room.narrow(8);
        assert_eq!((room.places(), room.is_whole()), (2, true));
        room.shrink(at(1), at(0));
        room.recover(at(100_000));
        assert_eq!(room.places(), 2, "no more than that");
    }

    #[test]
    fn it_grows_back_slowly_by_success_and_by_time() {
        let mut room = Room::new(PER_DESTINATION);
        room.shrink(at(10), at(9));
        for _ in 0..4 {
            room.grow(at(11));
        }
        assert_eq!(room.places(), 5);
        room.recover(at(69));
        assert_eq!(room.places(), 5);
        room.recover(at(10 + 2 * 60));
        assert_eq!(room.places(), 7);
        room.recover(at(100_000));
        assert!(room.is_whole());
        room.grow(at(100_001));
        assert_eq!(room.places(), PER_DESTINATION, "never more");
    }
}
