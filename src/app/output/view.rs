//! The pane that shows a run's output, as a value: which run, where in its log, how. [`View::update`] takes
//! what happened and returns what is to be done; nothing is read or drawn here.
//!
//! The place is a line's offset and a row within it, so that it holds while the log grows, before the
//! index is there, and when the pane changes its size. The window that was read around it reaches a page
//! further on both sides: scrolling answers at once, and asks for more before it is needed.

use super::filter::Filter;
use super::find::Find;
use super::jump::Landed;
use super::keys::Verb;
use super::pattern::Pattern;
use super::window::{Anchor, Extent, Order, Progress, Request, Sifted, Window};
use crate::app::key::Key;
use crate::domain::id::AttemptId;
use crate::domain::run::Stream;

mod position;
mod scroll;
mod select;
mod verbs;

#[derive(Clone, PartialEq, Debug)]
pub struct View {
    shown: Option<(AttemptId, Stream)>,
    columns: usize,
    rows: usize,
    wrap: bool,
    /// Columns that are left out on the left when lines are not broken.
    shift: usize,
    mode: Mode,
    top: Top,
    /// Rows still to be scrolled when the window around the place is there.
    pending: i64,
    window: Window,
    extent: Option<Extent>,
    end: u64,
    serial: u64,
    /// What the reader is at, and how long the log was when it was asked.
    asked: Option<(Request, u64)>,
    find: Find,
    filter: Filter,
    /// Before each line it is said when it arrived.
    times: bool,
    /// The mark last jumped to, and what is said about it until something else is done.
    landed: Option<Landed>,
    selection: Option<select::Selection>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mode {
    /// The end stays in sight as the log grows.
    Following,
    Still,
    /// On the way to the anchor that was asked for, which is to be so many rows below the top.
    Going {
        lead: usize,
    },
}

/// The first row that is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Top {
    offset: u64,
    row: usize,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Msg {
    /// Show this attempt's output, from its end.
    Show(AttemptId, Stream),
    /// There is nothing to show.
    Clear,
    /// The text area, without border.
    Resized {
        columns: u16,
        rows: u16,
    },
    /// The log is so long now. Send it once per frame at most, not once per write.
    Grew(u64),
    /// The marks of the log have changed.
    Marked,
    Key(Key),
    /// Into the pattern that is being typed.
    Paste(String),
    Do(Verb),
    GoTo(Anchor),
    Window(Window),
    Extent(Extent),
    Progress(Progress),
    Sifted(Sifted),
    /// The mark that was looked for.
    Landed(Landed),
    /// What was selected has been copied.
    Copied,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// Ask the reader; what it was asked before need not be answered any more.
    Read(Request),
    Search(Order),
    /// Read only the lines that match; all of them without a pattern.
    Filter(Option<Pattern>),
}

impl Default for View {
    fn default() -> Self {
        Self {
            shown: None,
            columns: 80,
            rows: 24,
            wrap: true,
            shift: 0,
            mode: Mode::Following,
            top: Top::default(),
            pending: 0,
            window: Window::default(),
            extent: None,
            end: 0,
            serial: 0,
            asked: None,
            find: Find::default(),
            filter: Filter::default(),
            times: false,
            landed: None,
            selection: None,
        }
    }
}

impl View {
    #[must_use]
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::Show(id, stream) => self.show(id, stream),
            Msg::Clear => {
                self.reset(None);
                Vec::new()
            }
            Msg::Resized { columns, rows } => self.resize(columns, rows),
            Msg::Grew(end) => self.grow(end),
            Msg::Marked => self.read_again(),
            Msg::Key(key) => {
                self.hush();
                self.handle_key(key)
            }
            Msg::Paste(text) => {
                self.find.paste(&text);
                self.filter.paste(&text);
                Vec::new()
            }
            Msg::Do(verb) => self.handle_verb(verb),
            Msg::GoTo(anchor) => self.go_to(anchor, 0),
            Msg::Window(window) => self.take_window(window),
            Msg::Extent(extent) => self.take_extent(extent),
            Msg::Progress(progress) => match self.find.progress(progress) {
                Some(at) => self.go_to(Anchor::Offset(at), self.rows / 3),
                None => Vec::new(),
            },
            Msg::Sifted(sifted) => {
                self.filter.take(sifted);
                Vec::new()
            }
            Msg::Landed(landed) => self.land(landed),
            Msg::Copied => {
                self.selection = None;
                Vec::new()
            }
        }
    }

    #[must_use]
    pub fn shown(&self) -> Option<(AttemptId, Stream)> {
        self.shown
    }

    #[must_use]
    pub fn window(&self) -> &Window {
        &self.window
    }

    #[must_use]
    pub fn find(&self) -> &Find {
        &self.find
    }

    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    #[must_use]
    pub fn is_following(&self) -> bool {
        self.mode == Mode::Following
    }

    /// Columns before each line for the time it arrived at, where that is shown, and for the sign of an
    /// alarm, where there are any.
    #[must_use]
    pub fn gutter(&self) -> usize {
        let times = match (self.times, self.columns) {
            (false, _) => 0,
            (true, WIDE..) => 16,
            (true, _) => 11,
        };
        times + self.alarm_gutter()
    }

    /// Those for the sign of an alarm, next to the line.
    #[must_use]
    pub fn alarm_gutter(&self) -> usize {
        if self.window.alarms { 2 } else { 0 }
    }

    /// Where lines are broken; `None` when they are not.
    #[must_use]
    pub fn wraps_at(&self) -> Option<usize> {
        self.wrap.then(|| self.columns.saturating_sub(self.gutter()).max(1))
    }

    #[must_use]
    pub fn shift(&self) -> usize {
        self.shift
    }

    /// Whether every key goes to this pane, because a pattern is being typed.
    #[must_use]
    pub fn takes_all_keys(&self) -> bool {
        self.find.is_typing() || self.filter.prompt().is_some()
    }

    /// Whether `esc` means something here; else it is somebody else's.
    #[must_use]
    pub fn takes_escape(&self) -> bool {
        let has_pattern = self.find.pattern().is_some() || self.filter.pattern().is_some();
        self.takes_all_keys() || has_pattern || self.selection.is_some()
    }

    fn show(&mut self, id: AttemptId, stream: Stream) -> Vec<Effect> {
        self.reset(Some((id, stream)));
        self.follow()
    }

    /// Keeps how it is shown, and what is being typed.
    fn reset(&mut self, shown: Option<(AttemptId, Stream)>) {
        let serial = self.serial;
        let (columns, rows, wrap, times) = (self.columns, self.rows, self.wrap, self.times);
        let (find, filter) = (self.find.renewed(), self.filter.renewed());
        *self = Self { shown, columns, rows, wrap, times, serial, find, filter, ..Self::default() };
    }

    fn resize(&mut self, columns: u16, rows: u16) -> Vec<Effect> {
        let (columns, rows) = (usize::from(columns).max(1), usize::from(rows).max(1));
        if (columns, rows) == (self.columns, self.rows) {
            return Vec::new();
        }
        (self.columns, self.rows) = (columns, rows);
        self.scroll(0)
    }

    fn grow(&mut self, end: u64) -> Vec<Effect> {
        let shrank = end < self.end;
        self.end = end;
        if shrank {
            // The log was cut: what is shown may not be there any more.
            self.extent = None;
            self.asked = None;
            return if self.is_following() || self.top.offset >= end { self.follow() } else { self.read_around() };
        }
        // One read at a time: its answer looks whether the log has grown since.
        if self.asked.is_some() { Vec::new() } else { self.catch_up() }
    }

    /// Reads again when the end is in sight, or is to be, and has moved.
    fn catch_up(&mut self) -> Vec<Effect> {
        match self.mode {
            _ if self.end <= self.window.end => Vec::new(),
            Mode::Following => self.read(Anchor::End),
            Mode::Still if self.window.reaches_end() => self.read_around(),
            Mode::Still | Mode::Going { .. } => Vec::new(),
        }
    }

    fn follow(&mut self) -> Vec<Effect> {
        self.mode = Mode::Following;
        self.pending = 0;
        self.read(Anchor::End)
    }

    fn go_to(&mut self, anchor: Anchor, lead: usize) -> Vec<Effect> {
        self.mode = Mode::Going { lead };
        self.pending = 0;
        self.read(anchor)
    }

    fn read_again(&mut self) -> Vec<Effect> {
        match self.mode {
            Mode::Following => self.read(Anchor::End),
            Mode::Still => self.read_around(),
            // On the way: the same again, which is answered with the marks as they are now.
            Mode::Going { .. } => self.asked.map_or_else(Vec::new, |(asked, _)| self.read(asked.anchor)),
        }
    }

    fn read_around(&mut self) -> Vec<Effect> {
        self.read(Anchor::Offset(self.top.offset))
    }

    fn read(&mut self, anchor: Anchor) -> Vec<Effect> {
        self.serial += 1;
        let (before, after) = (2 * self.rows, 3 * self.rows);
        let request = Request { serial: self.serial, anchor, before, after, times: self.times };
        self.asked = Some((request, self.end));
        vec![Effect::Read(request)]
    }

    fn take_window(&mut self, window: Window) -> Vec<Effect> {
        let Some((asked, end)) = self.asked.filter(|(asked, _)| asked.serial == window.serial) else {
            return Vec::new();
        };
        let partial = window.partial;
        if !partial {
            self.asked = None;
        }
        self.window = window;
        self.end = self.end.max(self.window.end);
        if let Mode::Going { lead } = self.mode {
            self.mode = Mode::Still;
            if let Some(entry) = self.window.entries.get(self.window.anchor) {
                self.top = Top { offset: entry.offset, row: 0 };
                self.pending = self.pending.saturating_sub_unsigned(u64::try_from(lead).unwrap_or(0));
            }
        }
        if partial {
            // More is on its way: it is looked at, not moved in.
            self.top = if self.is_following() { self.place_of_row(self.last_top()) } else { self.top };
            return Vec::new();
        }
        let rows = self.pending;
        let effects = self.scroll(0);
        // The same once more would bring the same, until the log has grown.
        let again = rows == 0 && self.asked.is_some_and(|(next, _)| next.anchor == asked.anchor);
        if again {
            self.asked = None;
        }
        match again || effects.is_empty() {
            true if self.end > end => self.catch_up(),
            true => Vec::new(),
            false => effects,
        }
    }

    fn take_extent(&mut self, extent: Extent) -> Vec<Effect> {
        self.extent = Some(extent);
        let (first, _) = self.first_row();
        let numberless =
            self.window.entries.get(first).is_some_and(|e| e.number.is_none() && e.offset <= extent.indexed);
        let wanted = numberless && self.mode == Mode::Still && self.asked.is_none();
        if wanted { self.read_around() } else { Vec::new() }
    }
}

/// With so many columns there is room for the date of a line.
const WIDE: usize = 90;

#[cfg(test)]
mod tests;
