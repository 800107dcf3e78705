//! How many of something there are before which byte, in bounded memory: for line ends, the sparse index
//! from line to offset and back; for matches, how many there are and which one this is.

/// Counts at the multiples of a stride. When there are too many of them the stride doubles and every other
/// one goes, so that a log of any size takes at most the same memory, and what is searched between two
/// of them grows with the log: at 10 GB it is 256 KiB.
#[derive(Clone, Debug)]
pub struct Tally {
    stride: u64,
    /// Even, so that halving leaves the counts of every second multiple.
    capacity: usize,
    /// Element `k` counts what is before byte `(k + 1) * stride`.
    counts: Vec<u64>,
    covered: u64,
    total: u64,
}

/// A byte and how many there are before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Known {
    pub offset: u64,
    pub count: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Self::new(STRIDE, CAPACITY)
    }
}

impl Tally {
    /// `capacity` is rounded up to an even number, and is at least 2.
    #[must_use]
    pub fn new(stride: u64, capacity: usize) -> Self {
        let capacity = capacity.max(2).next_multiple_of(2);
        Self { stride: stride.max(1), capacity, counts: Vec::new(), covered: 0, total: 0 }
    }

    /// Bytes that have been counted.
    #[must_use]
    pub fn covered(&self) -> u64 {
        self.covered
    }

    /// How many there are in those.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Counts that are kept: never more than the capacity.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.counts.len()
    }

    #[must_use]
    pub fn stride(&self) -> u64 {
        self.stride
    }

    /// Counts the bytes that follow: `count` says how many there are in a part of them.
    pub fn extend(&mut self, bytes: &[u8], count: impl Fn(&[u8]) -> u64) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = usize::try_from(self.next_multiple() - self.covered).unwrap_or(usize::MAX);
            let (part, after) = rest.split_at(room.min(rest.len()));
            self.total += count(part);
            self.advance(self.covered + super::log::as_u64(part.len()));
            rest = after;
        }
    }

    /// One more, at `offset`; those come in order.
    pub fn add(&mut self, offset: u64) {
        self.advance(offset);
        self.total += 1;
    }

    /// There is none more before `offset`.
    pub fn advance(&mut self, offset: u64) {
        while offset >= self.next_multiple() {
            self.covered = self.next_multiple();
            self.counts.push(self.total);
            if self.counts.len() == self.capacity {
                let mut at = 0;
                self.counts.retain(|_| {
                    at += 1;
                    at % 2 == 0
                });
                self.stride *= 2;
            }
        }
        self.covered = self.covered.max(offset);
    }

    /// The last known place at or before a byte. `None` when the byte is not covered yet.
    #[must_use]
    pub fn before(&self, offset: u64) -> Option<Known> {
        (offset <= self.covered).then(|| self.known(usize::try_from(offset / self.stride).unwrap_or(usize::MAX)))
    }

    /// The last known place with fewer than `count` before it, so that the one of that number (from 1)
    /// comes after it.
    #[must_use]
    pub fn fewer_than(&self, count: u64) -> Option<Known> {
        (count <= self.total).then(|| self.known(self.counts.partition_point(|&known| known < count)))
    }

    /// Up to where it is known that from `offset` on there is none.
    #[must_use]
    pub fn none_from(&self, offset: u64) -> u64 {
        let Some(known) = self.before(offset) else { return offset };
        let multiple = self.counts.partition_point(|&count| count <= known.count);
        let nearest = if multiple == self.counts.len() && self.total == known.count {
            self.covered
        } else {
            super::log::as_u64(multiple) * self.stride
        };
        nearest.max(offset)
    }

    /// Down to where it is known that before `offset` there is none.
    #[must_use]
    pub fn none_before(&self, offset: u64) -> u64 {
        if offset > self.covered {
            return offset;
        }
        let ceiling = usize::try_from(offset.div_ceil(self.stride)).unwrap_or(usize::MAX);
        let count = match ceiling.checked_sub(1) {
            None => 0,
            Some(at) => self.counts.get(at).copied().unwrap_or(self.total),
        };
        if count == 0 {
            return 0;
        }
        let multiple = self.counts.partition_point(|&known| known < count);
        if multiple == self.counts.len() {
            return offset;
        }
        ((super::log::as_u64(multiple) + 1) * self.stride).min(offset)
    }

    fn known(&self, multiple: usize) -> Known {
        let multiple = multiple.min(self.counts.len());
        let count = multiple.checked_sub(1).and_then(|at| self.counts.get(at)).copied().unwrap_or(0);
        Known { offset: super::log::as_u64(multiple) * self.stride, count }
    }

    fn next_multiple(&self) -> u64 {
        (super::log::as_u64(self.counts.len()) + 1) * self.stride
    }
}

/// 64 KiB: some 20 µs of looking for line ends.
const STRIDE: u64 = 64 << 10;

/// 512 KiB of memory per log; reached at 4 GiB.
const CAPACITY: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(bytes: &[u8]) -> u64 {
        super::super::log::as_u64(bytes.iter().filter(|&&b| b == b'\n').count())
    }

    proptest! {
        #[test]
        fn it_knows_as_much_as_all_bytes_together(
            bytes in prop::collection::vec(prop::sample::select(b"\nab".to_vec()), 0..600),
            pieces in prop::collection::vec(1_usize..90, 1..20),
            stride in 1_u64..9,
        ) {
            let mut tally = Tally::new(stride, 8);
            let (mut rest, mut sizes) = (&bytes[..], pieces.iter().cycle());
            while !rest.is_empty() {
                let (part, after) = rest.split_at(sizes.next().copied().unwrap_or(1).min(rest.len()));
                tally.extend(part, lines);
                rest = after;
            }
            prop_assert_eq!(tally.total(), lines(&bytes));
            prop_assert!(tally.entries() <= 8);
            for offset in 0..=bytes.len() {
                let known = tally.before(offset as u64).expect("covered");
                let at = usize::try_from(known.offset).expect("small");
                prop_assert!(at <= offset && known.offset + tally.stride() * 2 > offset as u64);
                prop_assert_eq!(known.count, lines(&bytes[..at]));
            }
            prop_assert_eq!(tally.before(bytes.len() as u64 + 1), None);
            for count in 0..=tally.total() {
                let known = tally.fewer_than(count).expect("counted");
                prop_assert!(known.count < count || known.offset == 0);
            }
            prop_assert_eq!(tally.fewer_than(tally.total() + 1), None);
        }

        #[test]
        fn single_additions_come_to_the_same(places in prop::collection::btree_set(0_u64..500, 0..100)) {
            let mut tally = Tally::new(3, 8);
            for &place in &places {
                tally.add(place);
            }
            tally.advance(500);
            for offset in 0..=500 {
                let known = tally.before(offset).expect("covered");
                prop_assert_eq!(known.count, super::super::log::as_u64(places.range(..known.offset).count()));
                let after = tally.none_from(offset);
                prop_assert!(after >= offset && places.range(offset..after).next().is_none());
                let before = tally.none_before(offset);
                prop_assert!(before <= offset && places.range(before..offset).next().is_none());
            }
            if places.is_empty() {
                prop_assert_eq!((tally.none_from(0), tally.none_before(500)), (500, 0));
            }
        }
    }
}
