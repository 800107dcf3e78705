//! When a line arrived, as it stands before the line.

use crate::app::output::Stamp;
use crate::app::{App, say};
use crate::domain::moment::Wall;

/// What times are written by.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    now: Wall,
    utc_offset: i32,
}

impl Clock {
    pub(super) fn of(app: &App) -> Self {
        Self { now: app.now.wall, utc_offset: app.utc_offset }
    }

    /// At most `room` columns: with the date where there is room for it, else the time of today, the weekday
    /// and time of this week, or the date. One column before it says that it was this late at the latest.
    pub(super) fn stamp(self, stamp: Option<Stamp>, room: usize, ascii: bool) -> String {
        let Some(Stamp { at, at_latest }) = stamp else { return format!("{:>room$}", "--:--:--") };
        let sign = match (at_latest, ascii) {
            (false, _) => ' ',
            (true, false) => '\u{2264}',
            (true, true) => '<',
        };
        let full = say::date_time(at, self.utc_offset);
        let text = if room >= FULL {
            full.get(5..).unwrap_or_default().to_owned()
        } else if say::date(at, self.utc_offset) == say::date(self.now, self.utc_offset) {
            format!(" {}", say::time(at, self.utc_offset))
        } else if self.now.since(at).as_secs() < WEEK {
            let weekday: String = say::date(at, self.utc_offset).chars().take(3).collect();
            format!("{weekday} {}", say::short_time(at, self.utc_offset))
        } else {
            full.get(..10).unwrap_or_default().to_owned()
        };
        // The longest form of a narrow pane needs the column of the sign.
        let width = text.chars().count();
        if width >= room && sign == ' ' { text } else { format!("{sign}{text}") }
    }
}

/// Columns of `11-17 14:03:22` and a sign.
const FULL: usize = 15;

/// Six days: then the weekday is a week old.
const WEEK: u64 = 6 * 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_says_as_much_as_fits_and_that_it_may_have_been_earlier() {
        // 2026-11-17 14:03:22 UTC.
        let now = Wall(1_794_924_202_000);
        let clock = Clock { now, utc_offset: 3600 };
        let stamp = |seconds: i64, at_latest| Some(Stamp { at: Wall(now.0 - seconds * 1000), at_latest });
        assert_eq!(clock.stamp(stamp(2, false), 15, false), " 11-17 15:03:20");
        assert_eq!(clock.stamp(stamp(2, true), 15, false), "\u{2264}11-17 15:03:20");
        assert_eq!(clock.stamp(stamp(2, true), 10, false), "\u{2264} 15:03:20");
        assert_eq!(clock.stamp(stamp(86_400, true), 10, true), "<Mon 15:03");
        assert_eq!(clock.stamp(stamp(30 * 86_400, false), 10, true), "2026-10-18");
        assert_eq!(clock.stamp(None, 10, true), "  --:--:--");
    }
}
