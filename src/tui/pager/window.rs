//! Reads the lines around a place: the only part of a log that is ever decoded.

use std::io;

use super::Index;
use super::log::{Log, as_u64};
use super::marks::Marks;
use super::segments::Segments;
use crate::app::output::{Anchor, Entry, Request, Style, Window, decode};

/// What is to be read, and what is known about it.
pub(super) struct Source<'a> {
    pub(super) log: &'a Log,
    pub(super) marks: &'a Marks,
    /// It may be behind the log.
    pub(super) index: &'a Index,
}

/// The lines around the anchor, or `None` when the index has not come to the line asked for.
pub(super) fn read(source: &Source<'_>, request: &Request) -> io::Result<Option<Window>> {
    let end = source.log.length()?;
    let mut segments = Segments::new(source.log, end, source.marks.cuts());
    let Some(place) = resolve(source, &mut segments, request.anchor, end)? else { return Ok(None) };
    let mut window = Window { serial: request.serial, end, ..Window::default() };
    if end == 0 {
        window.entries.extend(source.marks.of_an_empty_log());
        return Ok(Some(window));
    }
    let anchor = segments.start_of(place)?;
    let mut first = anchor;
    while window.anchor < request.before.min(MAX_ENTRIES) && first > 0 {
        first = segments.start_of(first - 1)?;
        window.anchor += 1;
    }
    let count = window.anchor + request.after.clamp(1, MAX_ENTRIES);
    let mut pen = pen_before(&mut segments, first)?;
    let mut number = number_of(source, &mut segments, first)?;
    let mut start = first;
    while window.entries.len() < count && start < end {
        let next = segments.next_after(start)?;
        let bytes = segments.bytes(start, next)?;
        if bytes.is_empty() {
            break;
        }
        let mut entry = Entry { offset: start, next, number, line: decode::line(&bytes, &mut pen), ..Entry::default() };
        entry.continued = start > 0 && !segments.bytes(start - 1, start)?.ends_with(b"\n");
        source.marks.weave(&mut entry, next >= end);
        window.entries.push(entry);
        number = number.map(|number| number + u64::from(bytes.ends_with(b"\n")));
        start = next;
    }
    window.anchor = window.anchor.min(window.entries.len().saturating_sub(1));
    Ok(Some(window))
}

/// A byte of the anchor's line.
fn resolve(source: &Source<'_>, segments: &mut Segments<'_>, anchor: Anchor, end: u64) -> io::Result<Option<u64>> {
    match anchor {
        Anchor::End => Ok(Some(end)),
        Anchor::Offset(offset) => Ok(Some(offset.min(end))),
        Anchor::Line(number) => line_offset(source, segments, number, end),
    }
}

/// Where the line of this number begins; the end for one that the log does not have. `None` when the
/// index has not come that far.
fn line_offset(source: &Source<'_>, segments: &mut Segments<'_>, number: u64, end: u64) -> io::Result<Option<u64>> {
    if number == 0 {
        return Ok(Some(0));
    }
    let (known, complete) =
        source.index.with(|index| (index.tally().fewer_than(number), index.tally().covered() >= end));
    let Some(known) = known else { return Ok(complete.then_some(end)) };
    let mut left = number - known.count;
    let found = segments.scan(known.offset, end, |at, part| {
        for newline in memchr::memchr_iter(b'\n', part) {
            left -= 1;
            if left == 0 {
                return Some(at + as_u64(newline) + 1);
            }
        }
        None
    })?;
    Ok(Some(found.unwrap_or(end)))
}

/// The number of the line that a byte is in.
fn number_of(source: &Source<'_>, segments: &mut Segments<'_>, offset: u64) -> io::Result<Option<u64>> {
    let Some(known) = source.index.with(|index| index.tally().before(offset)) else { return Ok(None) };
    let mut count = known.count;
    segments.scan(known.offset, offset, |_, part| {
        count += line_ends(part);
        None::<()>
    })?;
    Ok(Some(count))
}

/// The colours that are on where the window begins, as far as the bytes before it tell.
fn pen_before(segments: &mut Segments<'_>, first: u64) -> io::Result<Style> {
    let bytes = segments.bytes(first.saturating_sub(LOOK_BACK), first)?;
    Ok(decode::pen_after(&bytes, Style::default()))
}

pub(super) fn line_ends(bytes: &[u8]) -> u64 {
    as_u64(memchr::memchr_iter(b'\n', bytes).count())
}

/// Lines per side that are read at most, whatever was asked for.
const MAX_ENTRIES: usize = 2000;

/// A colour that was switched on further back than this is not seen: programs reset at the end of a line,
/// or colour a few lines at a time.
const LOOK_BACK: u64 = 32 << 10;
