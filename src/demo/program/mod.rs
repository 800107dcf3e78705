//! What simulated commands print, and when: a pure function of the seed and a frame's number, so that
//! any part of any output can be made again and none has to be kept. A frame is what is written at
//! once: a line, a few, or the next state of a progress bar.

mod burnin;
mod disk;
mod fio;
mod flood;
mod kernel;
mod memory;
mod net;
mod stress;
mod typed;

use std::time::Duration;

use super::dice::Dice;

/// One command's whole output and end.
#[derive(Debug)]
pub(super) struct Program {
    parts: Vec<Placed>,
    end: End,
    seed: u64,
    /// A terminal turns every newline into carriage return and newline.
    crlf: bool,
}

/// How a command ends when nobody interferes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    Code(i32),
    OutOfMemory,
}

/// A stretch of output of one kind.
#[derive(Debug)]
struct Part {
    act: Act,
    frames: u64,
    /// Seconds from one frame to the next; a part takes `frames` times this.
    interval: f64,
    /// Bytes of each frame, newlines counted once, if all are alike.
    fixed: Option<u64>,
}

#[derive(Debug)]
enum Act {
    Text(String),
    Numbers { first: i64, per_frame: u64, count: u64 },
    Lines(fn(&Scene, u64, &mut String)),
}

/// What a frame is made of besides its number.
struct Scene {
    seed: u64,
    frames: u64,
    interval: f64,
}

/// A part in its place: its first frame, and when it begins.
#[derive(Debug)]
struct Placed {
    part: Part,
    first: u64,
    start: f64,
}

impl Program {
    /// What `command` does on a host; `seed` tells one execution from the next.
    pub(super) fn of(command: &str, seed: u64, crlf: bool) -> Self {
        let (parts, end) = typed::program(command);
        Self::new(parts, end, seed, crlf)
    }

    /// What a command that is kept apart says on its stderr.
    pub(super) fn complaints(seed: u64) -> Self {
        Self::new(vec![Part::endless(typed::complaint, 20.0)], End::Code(0), seed, false)
    }

    fn new(parts: Vec<Part>, end: End, seed: u64, crlf: bool) -> Self {
        let (mut first, mut start) = (0_u64, 0.0);
        let parts = parts.into_iter().map(|part| {
            let placed = Placed { first, start, part };
            first = first.saturating_add(placed.part.frames);
            start += placed.part.seconds();
            placed
        });
        Self { parts: parts.collect(), end, seed, crlf }
    }

    /// When it ends by itself, and how; `None` if it never does.
    pub(super) fn ends(&self) -> Option<(Duration, End)> {
        let seconds = self.parts.last().map_or(0.0, |last| last.start + last.part.seconds());
        (seconds < ENDLESS).then(|| (Duration::from_secs_f64(seconds), self.end))
    }

    /// Frames written by `elapsed` after the start.
    pub(super) fn count(&self, elapsed: Duration) -> u64 {
        let elapsed = elapsed.as_secs_f64();
        let Some(placed) = self.parts.iter().rev().find(|placed| placed.start <= elapsed) else { return 0 };
        placed.first.saturating_add(placed.count(self.seed, elapsed - placed.start))
    }

    /// When frame `number` is written; `None` if there is no such frame.
    #[cfg(test)]
    pub(super) fn due(&self, number: u64) -> Option<Duration> {
        let placed = self.place(number)?;
        let local = number - placed.first;
        let seconds = placed.start + (to_f64(local) + jitter(self.seed, number)) * placed.part.interval;
        Some(Duration::from_secs_f64(seconds.clamp(0.0, ENDLESS)))
    }

    /// Appends frame `number`.
    pub(super) fn frame(&self, number: u64, out: &mut Vec<u8>) {
        let Some(placed) = self.place(number) else { return };
        let local = number - placed.first;
        let mut text = String::new();
        match &placed.part.act {
            Act::Text(whole) => text.push_str(whole),
            Act::Numbers { first, per_frame, count } => typed::numbers(*first, *per_frame, *count, local, &mut text),
            Act::Lines(line) => {
                let Part { frames, interval, .. } = placed.part;
                line(&Scene { seed: self.seed, frames, interval }, local, &mut text);
            }
        }
        if !self.crlf {
            return out.extend_from_slice(text.as_bytes());
        }
        for byte in text.bytes() {
            if byte == b'\n' {
                out.push(b'\r');
            }
            out.push(byte);
        }
    }

    /// How many frames from `number` on are alike in size, and that size: a stretch to be skipped
    /// without being made.
    pub(super) fn alike(&self, number: u64) -> Option<(u64, u64)> {
        let placed = self.place(number)?;
        let bytes = placed.part.fixed?;
        Some((placed.part.frames - (number - placed.first), bytes + u64::from(self.crlf)))
    }

    fn place(&self, number: u64) -> Option<&Placed> {
        let placed = self.parts.iter().rev().find(|placed| placed.first <= number && placed.part.frames > 0)?;
        (number - placed.first < placed.part.frames).then_some(placed)
    }
}

impl Placed {
    /// Frames of this part written `elapsed` seconds after its start.
    fn count(&self, seed: u64, elapsed: f64) -> u64 {
        let Part { frames, interval, .. } = self.part;
        if interval <= 0.0 {
            return frames;
        }
        let position = elapsed / interval;
        let whole = to_u64(position.floor());
        let written = jitter(seed, self.first.saturating_add(whole)) <= position - position.floor();
        whole.saturating_add(u64::from(written)).min(frames)
    }
}

impl Part {
    /// Written at once.
    fn text(text: impl Into<String>) -> Self {
        Self { act: Act::Text(text.into()), frames: 1, interval: 0.0, fixed: None }
    }

    /// Nothing, for so many seconds.
    fn pause(seconds: f64) -> Self {
        Self { act: Act::Text(String::new()), frames: 1, interval: seconds, fixed: None }
    }

    /// One frame every `interval` seconds.
    fn lines(line: fn(&Scene, u64, &mut String), frames: u64, interval: f64) -> Self {
        Self { act: Act::Lines(line), frames, interval, fixed: None }
    }

    fn endless(line: fn(&Scene, u64, &mut String), interval: f64) -> Self {
        Self::lines(line, u64::MAX / 2, interval)
    }

    fn seconds(&self) -> f64 {
        to_f64(self.frames) * self.interval
    }
}

impl Scene {
    /// Chance that belongs to frame `number` alone.
    fn dice(&self, number: u64) -> Dice {
        Dice::new(self.seed, number)
    }

    /// Seconds of this part gone by at frame `number`.
    fn seconds(&self, number: u64) -> f64 {
        to_f64(number) * self.interval
    }
}

/// Where within its interval a frame is written: output of real programs does not tick.
fn jitter(seed: u64, number: u64) -> f64 {
    Dice::new(seed, number ^ 0x7177).fraction() * 0.8
}

/// `1:02:03`.
fn clock(seconds: u64) -> String {
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[expect(clippy::cast_precision_loss, reason = "frame numbers stay far below 2^53 in any run that can be watched")]
fn to_f64(number: u64) -> f64 {
    number as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast saturates, and a count is never negative"
)]
fn to_u64(number: f64) -> u64 {
    number as u64
}

/// Seconds after which nobody waits: about three thousand years.
const ENDLESS: f64 = 1e11;

const RESET: &str = "\x1b[0m";
const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const MAGENTA: &str = "\x1b[35m";
const CYAN: &str = "\x1b[36m";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::roster;

    fn commands() -> Vec<String> {
        let mut commands: Vec<String> =
            roster::jobs(&roster::hosts(9)).into_iter().map(|job| job.spec.command).collect();
        commands.extend(
            ["echo hello; exit 3", "seq 1 2500", "sleep 5 && uname -a", "./own-test --all", "fio x", ""]
                .map(String::from),
        );
        commands
    }

    #[test]
    fn frames_come_in_order_and_the_count_agrees_with_when_each_is_due() {
        for command in commands() {
            let program = Program::of(&command, 5, true);
            let mut last = Duration::ZERO;
            for number in 0..400 {
                let Some(due) = program.due(number) else { break };
                assert!(due >= last, "{command}: frame {number}");
                assert!(program.count(due + Duration::from_micros(10)) > number, "{command}: frame {number}");
                last = due;
            }
            if let Some((end, _)) = program.ends() {
                let all = program.count(end + Duration::from_secs(1));
                assert!(program.due(all).is_none() && (all == 0 || program.due(all - 1).is_some()), "{command}");
            }
        }
    }

    #[test]
    fn frames_said_to_be_alike_are() {
        for (command, crlf) in commands().into_iter().flat_map(|c| [(c.clone(), true), (c, false)]) {
            let program = Program::of(&command, 11, crlf);
            for number in (0..500).chain([10_000, 3_000_000]) {
                if let Some((_, bytes)) = program.alike(number).filter(|(_, bytes)| *bytes > 1) {
                    let mut frame = Vec::new();
                    program.frame(number, &mut frame);
                    assert_eq!(frame.len() as u64, bytes, "{command}: {:?}", String::from_utf8_lossy(&frame));
                }
            }
        }
    }

    #[test]
    fn the_same_frame_is_the_same_bytes_and_another_seed_is_another_run() {
        let print = |seed, command: &str| {
            let program = Program::of(command, seed, true);
            let mut out = Vec::new();
            (0..200).for_each(|number| program.frame(number, &mut out));
            out
        };
        for command in commands().iter().filter(|command| command.contains("--")) {
            assert_eq!(print(3, command), print(3, command));
            assert_ne!(print(3, command), print(4, command), "{command}");
        }
    }
}
