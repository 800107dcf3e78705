//! Where the pane is in its log, for title and scroll bar.

use super::View;
use crate::app::output::words;

impl View {
    /// Where we are, for the title: `FOLLOW`, or which lines of how many, and how much is below.
    #[must_use]
    pub fn position_words(&self) -> String {
        let filter = self.filter.words(self.total());
        if !filter.is_empty() {
            return self.place_among_few(&filter);
        }
        let lines = self.total().map(|total| match total {
            1 => "1 line".to_owned(),
            total => format!("{} lines", words::grouped(total)),
        });
        let size = lines.unwrap_or_else(|| words::bytes(self.end));
        if self.is_following() {
            return format!("FOLLOW · {size}");
        }
        let visible = self.visible();
        let (first, last) =
            (self.window.entries.get(visible.start), self.window.entries.get(visible.end.wrapping_sub(1)));
        let (Some(first), Some(last)) = (first, last) else { return size };
        let percent = words::percent(last.next, self.end);
        let place = match (first.number, last.number) {
            (Some(first), Some(last)) if first != last => {
                format!("line {}-{}", words::grouped(first + 1), words::grouped(last + 1))
            }
            (Some(first), _) => format!("line {}", words::grouped(first + 1)),
            (None, _) => format!("at {}", words::bytes(first.offset)),
        };
        let total = self.total().map_or_else(|| words::bytes(self.end), words::grouped);
        let of = if first.number.is_some() && self.total().is_none() { "in" } else { "of" };
        let below = self.end.saturating_sub(last.next);
        let below = Some(below).filter(|below| *below > 0 && self.columns >= NARROW);
        let below = below.map(|below| format!(" · {} below", words::bytes(below)));
        // Where there is not room for both and a title, the scroll bar says what the percent would.
        match below {
            Some(below) if self.columns < ROOMY => format!("{place} {of} {total}{below}"),
            below => format!("{place} {of} {total} ({percent} %){}", below.unwrap_or_default()),
        }
    }

    /// With a filter, what is left of how many goes before how much is below.
    fn place_among_few(&self, filter: &str) -> String {
        if self.is_following() {
            return format!("FOLLOW · {filter}");
        }
        match self.window.entries.get(self.visible().start).and_then(|entry| entry.number) {
            Some(number) => format!("line {} · {filter}", words::grouped(number + 1)),
            None => filter.to_owned(),
        }
    }

    /// Where the first row that is shown begins; `None` while the end is followed.
    #[must_use]
    pub fn place(&self) -> Option<u64> {
        (!self.is_following()).then_some(self.top.offset)
    }

    /// How many lines there are, once that is known.
    fn total(&self) -> Option<u64> {
        self.extent.and_then(|extent| extent.total())
    }

    /// Where the scroll bar's thumb is: bytes before the first row shown, bytes shown, bytes in all.
    #[must_use]
    pub fn scroll_bar(&self) -> (u64, u64, u64) {
        let visible = self.visible();
        let start = self.window.entries.get(visible.start).map_or(0, |entry| entry.offset);
        let stop = self.window.entries.get(visible.end.wrapping_sub(1)).map_or(0, |entry| entry.next);
        (start, stop.saturating_sub(start), self.end.max(stop))
    }
}

/// Columns from which on it is told how much is below, and from which on the percent too.
const NARROW: usize = 36;
const ROOMY: usize = 60;
