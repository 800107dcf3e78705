//! Output that is not kept but made again: the program is a pure function of a frame's number, so a
//! spool is the place of its end, the place of its base, and a sparse index in between. Chosen over
//! keeping the bytes because a spool may grow for hours and any offset may be asked for again.

use std::sync::Arc;

use super::program::Program;

/// One stream of one run.
#[derive(Debug)]
pub(super) struct Spool {
    program: Arc<Program>,
    end: Mark,
    base: u64,
    /// Every `stride` bytes, where a frame begins; sorted, never empty.
    index: Vec<Mark>,
    stride: u64,
}

/// Where a frame begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Mark {
    frame: u64,
    offset: u64,
}

/// Reads a spool without holding anything else up.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    program: Arc<Program>,
    at: Mark,
}

impl Spool {
    pub(super) fn new(program: Arc<Program>) -> Self {
        Self { program, end: Mark::default(), base: 0, index: vec![Mark::default()], stride: FIRST_STRIDE }
    }

    pub(super) fn size(&self) -> u64 {
        self.end.offset
    }

    /// The first offset that is still there.
    pub(super) fn base(&self) -> u64 {
        self.base
    }

    /// Grows to `frames` frames, or as far towards that as one call may take; whether it got there.
    pub(super) fn grow(&mut self, frames: u64) -> bool {
        let mut scratch = Vec::new();
        for _ in 0..MOST_STEPS {
            if self.end.frame >= frames {
                return true;
            }
            let next = self.index.last().map_or(0, |last| last.offset) + self.stride;
            self.end = step(&self.program, self.end, frames, next.max(self.end.offset + 1), &mut scratch);
            if self.end.offset >= next {
                self.note();
            }
        }
        self.end.frame >= frames
    }

    fn note(&mut self) {
        self.index.push(self.end);
        if self.index.len() >= MOST_MARKS {
            let mut place = 0;
            self.index.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.stride *= 2;
        }
    }

    /// Gives up everything before `offset`, by whole blocks.
    pub(super) fn give_up(&mut self, offset: u64) {
        self.base = self.base.max(offset.min(self.size()) / BLOCK * BLOCK);
        let keep = self.index.partition_point(|mark| mark.offset <= self.base).saturating_sub(1);
        self.index.drain(..keep);
    }

    /// Keeps no more than `limit` bytes: beyond it, half of them go.
    pub(super) fn enforce(&mut self, limit: u64) {
        if self.size() - self.base > limit {
            self.give_up(self.size() - limit / 2);
        }
    }

    /// A reader that may be asked for bytes from `offset` on.
    pub(super) fn reader(&self, offset: u64) -> Reader {
        let place = self.index.partition_point(|mark| mark.offset <= offset).saturating_sub(1);
        Reader { program: Arc::clone(&self.program), at: self.index.get(place).copied().unwrap_or_default() }
    }

    /// Bytes of memory that this takes, whatever the size of the output.
    pub(super) fn kept(&self) -> usize {
        size_of::<Self>() + self.index.capacity() * size_of::<Mark>()
    }
}

impl Reader {
    /// Bytes from `offset` up to `end`, at most `most`. `offset` never goes back.
    pub(super) fn read(&mut self, offset: u64, end: u64, most: usize) -> Vec<u8> {
        let mut frame = Vec::new();
        while self.at.offset < offset {
            let next = step(&self.program, self.at, u64::MAX, offset, &mut frame);
            if next.offset > offset || next == self.at {
                break;
            }
            self.at = next;
        }
        let wanted = usize::try_from(end.saturating_sub(offset)).unwrap_or(usize::MAX).min(most);
        let mut skip = usize::try_from(offset.saturating_sub(self.at.offset)).unwrap_or(0);
        let mut out = Vec::with_capacity(wanted.min(most));
        let mut at = self.at;
        while out.len() < wanted {
            frame.clear();
            self.program.frame(at.frame, &mut frame);
            let rest = frame.get(skip..).unwrap_or_default();
            out.extend_from_slice(&rest[..rest.len().min(wanted - out.len())]);
            skip = 0;
            at = Mark { frame: at.frame + 1, offset: at.offset + frame.len() as u64 };
        }
        out
    }
}

/// One frame on from `at`, or as many that are alike as end by `frames` and `offset`.
fn step(program: &Program, at: Mark, frames: u64, offset: u64, scratch: &mut Vec<u8>) -> Mark {
    if let Some((count, bytes)) = program.alike(at.frame) {
        let fit = offset.saturating_sub(at.offset) / bytes.max(1);
        let count = count.min(frames.saturating_sub(at.frame)).min(fit);
        if count > 0 {
            return Mark { frame: at.frame + count, offset: at.offset + count * bytes };
        }
    }
    scratch.clear();
    program.frame(at.frame, scratch);
    Mark { frame: at.frame + 1, offset: at.offset + scratch.len() as u64 }
}

/// As `fallocate -p` punches: by blocks of the file system.
const BLOCK: u64 = 4096;
/// Between marks of a young spool; doubles whenever there are too many of them.
const FIRST_STRIDE: u64 = 32 * 1024;
/// Then every second one goes: a reader that seeks has more to make again, nobody waits noticeably.
const MOST_MARKS: usize = 1024;
/// Frames made in one call: after a long suspend a spool catches up over a few looks at it instead of
/// holding its host up.
const MOST_STEPS: u32 = 200_000;

#[cfg(test)]
mod tests {
    use super::*;

    const COMMANDS: &[&str] = &["make -j4", "blktrace -d x", "seq 1 400000", "echo one; sleep 3; echo two; exit 4"];

    fn grown(command: &str, frames: u64) -> Spool {
        let mut spool = Spool::new(Arc::new(Program::of(command, 9, true)));
        while !spool.grow(frames) {}
        spool
    }

    fn whole(spool: &Spool) -> Vec<u8> {
        spool.reader(0).read(0, spool.size(), usize::MAX)
    }

    #[test]
    fn any_piece_is_a_piece_of_the_whole() {
        for (command, frames) in COMMANDS.iter().zip([6_000, 5_000, 300, 4]) {
            let (spool, mut dice) = (grown(command, frames), super::super::dice::Dice::new(1, 1));
            let whole = whole(&spool);
            assert_eq!(whole.len() as u64, spool.size(), "{command}");
            for _ in 0..60 {
                let offset = dice.below(spool.size() + 1);
                let most = usize::try_from(dice.between(1, 9_000)).unwrap();
                let piece = spool.reader(offset).read(offset, spool.size(), most);
                let from = usize::try_from(offset).unwrap();
                assert!(piece == whole[from..(from + most).min(whole.len())], "{command} at {offset}");
            }
        }
    }

    #[test]
    fn a_reader_that_goes_on_reads_the_same_as_one_that_starts_anew() {
        let spool = grown("make -j4", 4_000);
        let whole = whole(&spool);
        let (mut reader, mut read) = (spool.reader(0), Vec::new());
        while (read.len() as u64) < spool.size() {
            read.extend(reader.read(read.len() as u64, spool.size(), 777));
        }
        assert!(read == whole);
    }

    #[test]
    fn growing_step_by_step_or_at_once_is_the_same() {
        for command in COMMANDS {
            let mut slow = Spool::new(Arc::new(Program::of(command, 9, true)));
            for frames in (0..500).step_by(7) {
                slow.grow(frames);
            }
            assert_eq!(slow.end, grown(command, 497).end, "{command}");
        }
    }

    #[test]
    fn memory_does_not_grow_with_the_output() {
        let spool = grown("blktrace -d x", 3_000_000);
        assert!(spool.size() > 200_000_000, "{}", spool.size());
        assert!(spool.kept() < 64 * 1024, "{}", spool.kept());
        let spool = grown("make -j4", 700_000);
        assert!(spool.size() > 20_000_000, "{}", spool.size());
        assert!(spool.kept() < 64 * 1024, "{}", spool.kept());
    }

    #[test]
    fn what_is_given_up_moves_the_base_and_nothing_else() {
        let mut spool = grown("make -j4", 60_000);
        let (whole, size) = (whole(&spool), spool.size());
        spool.give_up(1_000_000);
        assert_eq!((spool.base(), spool.size()), (1_000_000 / BLOCK * BLOCK, size));
        spool.give_up(5);
        assert_eq!(spool.base(), 1_000_000 / BLOCK * BLOCK, "the base never goes back");
        let offset = spool.base();
        assert_eq!(spool.reader(offset).read(offset, size, 500), whole[usize::try_from(offset).unwrap()..][..500]);
        spool.enforce(10_000);
        assert!(spool.size() - spool.base() <= 10_000);
    }
}
