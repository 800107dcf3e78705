//! The file that lines are merged into: it has no name, so that nothing of it is left behind, and it is
//! only ever appended to.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::lock;
use crate::domain::moment::Wall;
use crate::tui::pager::{Arrivals, as_u64};

pub(in crate::tui) struct Spill {
    file: Arc<File>,
    /// What has been written as a whole.
    end: AtomicU64,
    /// From which byte on the lines arrived when, one for each second that something came. Held for a
    /// look-up.
    times: Mutex<Vec<(u64, Wall)>>,
}

impl Spill {
    /// In the directory for caches, which is on a disk; else where temporary files go.
    pub(super) fn create() -> io::Result<Self> {
        let cache = directories::BaseDirs::new().map(|dirs| dirs.cache_dir().join("steadfast"));
        let kept = cache.and_then(|dir| std::fs::create_dir_all(&dir).and_then(|()| tempfile::tempfile_in(&dir)).ok());
        let file = kept.map_or_else(tempfile::tempfile, Ok)?;
        Ok(Self { file: Arc::new(file), end: AtomicU64::new(0), times: Mutex::default() })
    }

    pub(super) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    pub(super) fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    /// Only ever called by one thread.
    pub(super) fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let end = self.end();
        self.file.write_all_at(bytes, end)?;
        self.end.store(end + as_u64(bytes.len()), Ordering::Release);
        Ok(())
    }

    /// What comes from `offset` on arrived at `at`.
    pub(super) fn stamp(&self, offset: u64, at: Wall) {
        let mut times = lock(&self.times);
        if times.last().is_some_and(|(_, last)| at.0 < last.0 + 1000) {
            return;
        }
        if times.len() >= MOST_TIMES {
            // Half as fine is still fine.
            let mut n = 0;
            times.retain(|_| {
                n += 1;
                n % 2 == 1
            });
        }
        times.push((offset, at));
    }

    /// All that is there from a byte on.
    pub(super) fn part(&self, from: u64) -> Part {
        Part { file: self.file(), at: from, end: self.end() }
    }
}

impl Arrivals for Spill {
    fn of(&self, range: Range<u64>) -> Vec<(u64, Wall)> {
        let times = lock(&self.times);
        let from = times.partition_point(|(offset, _)| *offset <= range.start).saturating_sub(1);
        let to = times.partition_point(|(offset, _)| *offset < range.end).max(from);
        times.get(from..to).unwrap_or_default().to_vec()
    }

    fn offset_at(&self, at: Wall) -> Option<u64> {
        let times = lock(&self.times);
        let after = times.partition_point(|(_, time)| *time <= at);
        times.get(after.checked_sub(1)?).map(|(offset, _)| *offset)
    }
}

/// Bytes of the file, read without a place that others share.
pub(in crate::tui) struct Part {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl io::Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.file.read_at(buffer.get_mut(..room).unwrap_or_default(), self.at)?;
        self.at += as_u64(count);
        Ok(count)
    }
}

/// Two days of output in every second, at full precision; 4 MiB.
const MOST_TIMES: usize = 1 << 18;

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_was_written_is_read_and_its_times_are_found() {
        let spill = Spill::create().expect("a file");
        for (n, text) in ["one\n", "two\n", "three\n"].into_iter().enumerate() {
            spill.stamp(spill.end(), Wall(i64::try_from(n).expect("small") * 2_000));
            spill.append(text.as_bytes()).expect("written");
        }
        spill.stamp(spill.end(), Wall(4_500));
        assert_eq!(spill.of(5..14), [(4, Wall(2_000)), (8, Wall(4_000))], "the one before is among them");
        assert_eq!([Wall(-1), Wall(3_999), Wall(9_000)].map(|at| spill.offset_at(at)), [None, Some(4), Some(8)]);
        let mut text = String::new();
        spill.part(4).read_to_string(&mut text).expect("read");
        assert_eq!(text, "two\nthree\n");
    }

    #[test]
    fn times_are_bounded() {
        let spill = Spill::create().expect("a file");
        for n in 0..MOST_TIMES + 10 {
            spill.stamp(u64::try_from(n).expect("small"), Wall(i64::try_from(n).expect("small") * 1_000));
        }
        let times = spill.of(0..u64::MAX);
        assert!(times.len() < MOST_TIMES && times.is_sorted());
    }
}
