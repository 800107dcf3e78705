//! Reads the lines around a place: the only part of a log that is ever decoded.

use std::io;

use super::Index;
use super::log::{Log, as_u64};
use super::marks::Marks;
use super::segments::Segments;
use super::times::{Arrivals, Times};
use crate::app::output::{Anchor, Entry, Request, Style, Window, decode};
use crate::domain::moment::Wall;

/// What is to be read, and what is known about it.
pub(super) struct Source<'a> {
    pub(super) log: &'a Log,
    pub(super) marks: &'a Marks,
    /// It may be behind the log.
    pub(super) index: &'a Index,
    pub(super) arrivals: Option<&'a dyn Arrivals>,
}

/// A byte of the line that was asked for, and what is to be said about that.
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) note: Option<String>,
}

impl Source<'_> {
    /// When what is between the first line and `stop` arrived, if that is wanted.
    pub(super) fn times_of(&self, request: &Request, first: Option<&u64>, stop: u64) -> Times {
        let arrivals = self.arrivals.filter(|_| request.times);
        Times(arrivals.zip(first).map(|(arrivals, &first)| arrivals.of(first..stop)).unwrap_or_default())
    }
}

/// The lines around the anchor, or `None` when the index has not come to the line asked for.
pub(super) fn read(source: &Source<'_>, request: &Request) -> io::Result<Option<Window>> {
    let end = source.log.length()?;
    let mut segments = Segments::new(source.log, end, source.marks.cuts());
    let Some(place) = resolve(source, &mut segments, request.anchor, end)? else { return Ok(None) };
    let alarms = source.marks.has_alarms();
    let mut window = Window { serial: request.serial, end, alarms, ..Window::default() };
    if end == 0 {
        window.entries.extend(source.marks.of_an_empty_log());
        return Ok(Some(window));
    }
    let anchor = segments.start_of(place.offset)?;
    window.note = place.note;
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
        let mut entry = entry_of(start, next, number, &bytes, &mut pen);
        entry.continued = start > 0 && !segments.bytes(start - 1, start)?.ends_with(b"\n");
        entry.alarm = source.marks.is_alarm(start..next);
        source.marks.weave(&mut entry, next >= end);
        window.entries.push(entry);
        number = number.map(|number| number + u64::from(bytes.ends_with(b"\n")));
        start = next;
    }
    window.anchor = window.anchor.min(window.entries.len().saturating_sub(1));
    let times = source.times_of(request, window.entries.first().map(|entry| &entry.offset), start);
    for entry in &mut window.entries {
        entry.time = times.stamp(entry.offset, source.marks);
    }
    Ok(Some(window))
}

/// One line, decoded.
pub(super) fn entry_of(offset: u64, next: u64, number: Option<u64>, bytes: &[u8], pen: &mut Style) -> Entry {
    Entry { offset, next, number, line: decode::line(bytes, pen), ..Entry::default() }
}

/// A byte of the anchor's line; `None` when the index has not come to it.
pub(super) fn resolve(
    source: &Source<'_>,
    segments: &mut Segments<'_>,
    anchor: Anchor,
    end: u64,
) -> io::Result<Option<Place>> {
    let offset = match anchor {
        Anchor::End => end,
        Anchor::Offset(offset) => offset.min(end),
        Anchor::Part(part) => u64::try_from(u128::from(end) * u128::from(part) / 10_000).unwrap_or(end).min(end),
        Anchor::Time(at) => return Ok(Some(time_offset(source, at, end))),
        Anchor::Line(number) => {
            let Some(offset) = line_offset(source, segments, number, end)? else { return Ok(None) };
            offset
        }
    };
    Ok(Some(Place { offset, note: None }))
}

fn time_offset(source: &Source<'_>, at: Wall, end: u64) -> Place {
    let place = |offset: u64, note: Option<&str>| Place { offset: offset.min(end), note: note.map(str::to_owned) };
    match source.arrivals {
        None => place(0, Some("it is not known when this output arrived")),
        Some(arrivals) => match arrivals.offset_at(at) {
            Some(offset) => place(offset, None),
            None => place(0, Some("nothing had arrived by then: this is the beginning")),
        },
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
pub(super) fn number_of(source: &Source<'_>, segments: &mut Segments<'_>, offset: u64) -> io::Result<Option<u64>> {
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
pub(super) const MAX_ENTRIES: usize = 2000;

/// A colour that was switched on further back than this is not seen: programs reset at the end of a line,
/// or colour a few lines at a time.
const LOOK_BACK: u64 = 32 << 10;
