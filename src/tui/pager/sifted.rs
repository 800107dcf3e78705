//! Reads the lines around a place that pass the filter, and says on the way what it has.

use std::io;

use super::log::Log;
use super::segments::Segments;
use super::sieve::{Found, Look, Sieve};
use super::window::{MAX_ENTRIES, Source, entry_of, number_of, resolve};
use crate::app::output::{Request, Style, Window};

/// What the reader of a filtered log is told by, and tells.
pub(super) struct Desk<'a> {
    pub(super) sieve: &'a Sieve,
    /// Whether the answer is still wanted.
    pub(super) wanted: &'a dyn Fn() -> bool,
    /// Shows what there is so far.
    pub(super) show: &'a dyn Fn(Window),
}

/// The lines around the anchor that pass; `None` when it is not wanted any more, or the index has not come
/// to the line asked for.
pub(super) fn read(source: &Source<'_>, request: &Request, desk: &Desk<'_>) -> io::Result<Option<Window>> {
    let end = source.log.length()?;
    let mut segments = Segments::new(source.log, end, source.marks.cuts());
    let Some(place) = resolve(source, &mut segments, request.anchor, end)? else { return Ok(None) };
    if end == 0 {
        let entries = source.marks.of_an_empty_log().into_iter().collect();
        return Ok(Some(Window { serial: request.serial, entries, ..Window::default() }));
    }
    let anchor = line_of(source.log, &mut segments, place.offset)?;
    let (before, after) = (request.before.min(MAX_ENTRIES), request.after.clamp(1, MAX_ENTRIES));
    let mut look = Look::new(source.log, desk.sieve, end);
    let none = || Found { lines: Vec::new(), reached: anchor };
    let mut progress = Progress { source, request, end, desk, looked: 0, said: 0 };
    let Some(below) = look.forward(anchor, after, |found| progress.going(&none(), found))? else { return Ok(None) };
    progress.looked = 0;
    let Some(above) = look.backward(anchor, before, |found| progress.going(found, &below))? else { return Ok(None) };
    let mut window = progress.window(&above, &below)?;
    window.note = place.note;
    Ok(Some(window))
}

/// Where the line begins that a byte is in, gaps or not.
fn line_of(log: &Log, segments: &mut Segments<'_>, offset: u64) -> io::Result<u64> {
    let start = segments.start_of(offset)?;
    // A part of a line of which another part passes is shown with its line's beginning.
    let mut plain = Segments::new(log, segments.end(), &[]);
    Ok(plain.start_of(start)?.min(start))
}

struct Progress<'a> {
    source: &'a Source<'a>,
    request: &'a Request,
    end: u64,
    desk: &'a Desk<'a>,
    looked: u64,
    said: u64,
}

impl Progress<'_> {
    /// Whether to go on. What there is is shown from time to time.
    fn going(&mut self, above: &Found, below: &Found) -> bool {
        if !(self.desk.wanted)() {
            return false;
        }
        self.looked += super::chunk::CHUNK;
        let found = above.lines.len() + below.lines.len();
        if self.looked >= self.said + SHOW_EVERY && found > 0 {
            self.said = self.looked;
            if let Ok(window) = self.window(above, below) {
                (self.desk.show)(Window { partial: true, ..window });
            }
        }
        true
    }

    fn window(&self, above: &Found, below: &Found) -> io::Result<Window> {
        let mut segments = Segments::new(self.source.log, self.end, self.source.marks.cuts());
        let mut window = Window { serial: self.request.serial, end: self.end, ..Window::default() };
        window.alarms = self.source.marks.has_alarms();
        window.covers = Some((above.reached, below.reached));
        window.anchor = above.lines.len();
        let lines: Vec<_> = above.lines.iter().chain(&below.lines).copied().collect();
        let times = self.source.times_of(self.request, lines.first(), below.reached);
        for (n, &start) in lines.iter().enumerate() {
            let next = segments.next_after(start)?;
            let bytes = segments.bytes(start, next)?;
            let number = number_of(self.source, &mut segments, start)?;
            let mut entry = entry_of(start, next, number, &bytes, &mut Style::default());
            entry.alarm = self.source.marks.is_alarm(start..next);
            // What happened among the lines that are left out is told as well.
            entry.next = lines.get(n + 1).copied().unwrap_or(below.reached.max(next));
            entry.time = times.stamp(start, self.source.marks);
            let is_last = entry.next >= self.end;
            self.source.marks.weave(&mut entry, is_last);
            window.entries.push(entry);
        }
        window.anchor = window.anchor.min(window.entries.len().saturating_sub(1));
        Ok(window)
    }
}

/// Bytes looked at between two looks at what there is: some ten a second.
const SHOW_EVERY: u64 = 64 << 20;
