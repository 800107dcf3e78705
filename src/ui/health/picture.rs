//! Numbers over time as bars, one column for each slice of time.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::ink;
use crate::app::App;
use crate::app::health::Age;
use crate::domain::health::{HostHealth, Metric};
use crate::ui::theme::{Signs, Theme};

/// What is drawn of a host.
pub(super) struct Picture<'a> {
    pub app: &'a App,
    pub theme: &'a Theme,
    pub age: &'a Age,
    pub health: &'a HostHealth,
    pub metrics: &'a [Metric],
    /// The row is selected, where that takes its colours.
    pub plain: bool,
}

impl Picture<'_> {
    /// Fills `area`, the newest at its right.
    pub(super) fn render(&self, frame: &mut Frame<'_>, area: Rect) {
        let columns = usize::from(area.width);
        let (end, slice) = (self.app.picture_end(self.age, self.health), self.app.picture_slice());
        let of = |metric: &Metric| self.health.columns(*metric, end, slice, columns);
        let rows: Vec<Vec<Option<f32>>> = self.metrics.iter().map(of).collect();
        let highest = |column: usize| rows.iter().filter_map(|row| row[column]).max_by(f32::total_cmp);
        let values: Vec<Option<f32>> = (0..columns).map(highest).collect();
        let Some(metric) = self.metrics.first() else { return };
        let (floor, top) = range(*metric, &values);
        for (x, value) in (area.x..).zip(values) {
            let Some(value) = value else { continue };
            let share = ((value - floor) / (top - floor)).clamp(0.0, 1.0);
            let role = ink(self.app.grade(*metric, value));
            let style = super::style(self.theme, role, self.plain);
            for (row, sign) in self.bar(share, area.height) {
                let y = area.y + area.height - 1 - row;
                frame.buffer_mut().set_stringn(x, y, sign.encode_utf8(&mut [0; 4]), 1, style);
            }
        }
    }

    /// The signs of one bar, from its foot up.
    fn bar(&self, share: f32, height: u16) -> Vec<(u16, char)> {
        let signs = match self.theme.signs {
            Signs::Unicode => UNICODE,
            Signs::Ascii => ASCII,
        };
        let whole = u16::try_from(signs.len()).unwrap_or(8);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to a few dozen")]
        // What is there at all is seen.
        let mut left = ((share * f32::from(height * whole)).round() as u16).max(1);
        let mut bar = Vec::new();
        for row in 0..height {
            let here = left.min(whole);
            if let Some(sign) = here.checked_sub(1).and_then(|at| signs.get(usize::from(at))) {
                bar.push((row, *sign));
            }
            left -= here;
        }
        bar
    }
}

/// What the lowest and the highest bar stand for.
fn range(metric: Metric, values: &[Option<f32>]) -> (f32, f32) {
    let highest = values.iter().flatten().copied().max_by(f32::total_cmp).unwrap_or(0.0);
    match metric {
        Metric::Cpu
        | Metric::Memory
        | Metric::PressureCpu
        | Metric::PressureMemory
        | Metric::PressureIo
        | Metric::Disk => (0.0, 100.0),
        Metric::Temperature => (20.0, 100.0),
        // There is no most: the highest that is shown.
        Metric::Load => (0.0, highest.max(1.0)),
        Metric::Received | Metric::Sent => (0.0, highest.max(1_000.0)),
    }
}

const UNICODE: &[char] = &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII: &[char] = &['_', '.', ':', '-', '=', '+', '*', '#'];
