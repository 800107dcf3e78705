//! What is fuzzed, as functions of any bytes that panic when something is wrong. Run by `cargo fuzz` for as
//! long as wanted (see `fuzz_targets/`), and by `cargo test` on a few thousand inputs.

use steadfast::app::output::{Sanitizer, Style, decode, sanitize, text_width};
use steadfast::domain::link::LinkState;
use steadfast::domain::moment::Wall;
use steadfast::domain::timeline::{CAPACITY, Mark, Segment, Timeline};

/// Bytes of a host to lines: safe to draw, bounded, and the same wherever the stream was cut.
pub fn line_decoder(data: &[u8]) {
    let mut pen = Style::default();
    for raw in data.split_inclusive(|byte| *byte == b'\n') {
        let line = decode::line(raw, &mut pen);
        assert!(!line.text().chars().any(char::is_control), "a control character is drawn: {:?}", line.text());
        assert_eq!(line.width(), text_width(line.text()), "{:?}", line.text());
        assert!(line.width() <= decode::MAX_COLUMNS + NOTE, "{} columns", line.width());
        assert_eq!(line.spans().map(|span| span.text).collect::<String>(), line.text(), "spans are the text");
        for columns in [2, 7, 80] {
            assert_eq!(line.row_starts(columns).len(), line.rows(columns));
        }
    }
    let (first, second) = data.split_at(data.first().map_or(0, |at| usize::from(*at).min(data.len())));
    let (mut sanitizer, mut out) = (Sanitizer::default(), Vec::new());
    sanitizer.write(first, &mut out);
    sanitizer.write(second, &mut out);
    sanitizer.finish(&mut out);
    assert_eq!(out, sanitize(data), "where the stream is cut makes no difference");
}

/// States and marks told one after the other, four bytes each: the strip shows of each slice the worst that
/// was true in it, forgets nothing before it is full, and then the oldest.
pub fn timeline(data: &[u8]) {
    let mut timeline = Timeline::default();
    let mut told: Vec<(i64, LinkState)> = Vec::new();
    // What the clock says, which may be set back, and the latest that it ever said.
    let (mut clock, mut now) = (0_i64, 0_i64);
    for op in data.chunks_exact(4) {
        clock += i64::from(i16::from_le_bytes([op[0], op[1]])) + STEP;
        let stands = |last: Option<i64>| last.map_or(clock, |last| last.max(clock));
        let state = LinkState::ALL[usize::from(op[2]) % LinkState::ALL.len()];
        match op[3] % 4 {
            0 => timeline.mark(Wall(clock), Mark::Note(format!("{}", op[2]))),
            1 => timeline.mark(Wall(clock), Mark::RunEnded { success: op[2] % 2 == 0 }),
            2 | 3 => {
                timeline.push(Segment { from: Wall(clock), state, cause: None });
                now = stands(told.last().map(|(at, _)| *at));
                told.push((now, state));
            }
            _ => unreachable!("a rest of four"),
        }
        assert!(timeline.segments().len() <= CAPACITY && timeline.marks().len() <= CAPACITY);
    }
    let kept = &told[told.len().saturating_sub(CAPACITY)..];
    assert_eq!(timeline.segments().len(), kept.len());
    let slice = (now / 16).max(1);
    for from in (-slice..=now).step_by(usize::try_from(slice).unwrap_or(usize::MAX)) {
        let shown = timeline.dominant(Wall(from), Wall(from + slice));
        assert_eq!(shown.map(LinkState::severity), worst(kept, from, from + slice), "of {from} to {}", from + slice);
    }
}

/// The same by looking at each of them. The one that reigned at the slice's beginning counts; of several
/// that were told at one instant, the last.
fn worst(told: &[(i64, LinkState)], from: i64, to: i64) -> Option<u8> {
    let reigning = told.iter().rev().find(|(at, _)| *at <= from);
    let begun = told.iter().filter(|(at, _)| *at > from && *at < to);
    reigning.into_iter().chain(begun).map(|(_, state)| state.severity()).max()
}

/// The clock is set back less often than it goes on.
const STEP: i64 = 20_000;

/// Room for the words that say how much of a line is not shown.
const NOTE: usize = 16;
