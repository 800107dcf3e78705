//! One host with everything that it tells.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::picture::Picture;
use super::{of_age, role};
use crate::app::health::{Chart, Grade, HEAD, Item, OneHost};
use crate::app::{App, say};
use crate::ui::pen::Pen;
use crate::ui::theme::{Role, Theme};

pub(super) fn render(frame: &mut Frame<'_>, area: Rect, one: &OneHost<'_>, app: &App, theme: &Theme) {
    head(frame, area, one, app, theme);
    let body = Rect { y: area.y + HEAD, height: area.height.saturating_sub(HEAD), ..area };
    if one.health.and_then(|health| health.latest.as_ref()).is_none() {
        return;
    }
    let view = View { one, app, theme };
    if one.beside {
        // The charts are looked at, the lists are read.
        let left = (body.width * 55 / 100).min(body.width - LIST);
        view.charts(frame, Rect { width: left, ..body }, 0);
        view.items(frame, Rect { x: body.x + left + 2, width: body.width - left - 2, ..body }, 0);
    } else {
        view.charts(frame, body, app.health.scroll);
        let gone = app.health.scroll;
        let down = (one.chart_lines() + 1).saturating_sub(gone);
        let down = u16::try_from(down).unwrap_or(u16::MAX).min(body.height);
        let list = Rect { y: body.y + down, height: body.height - down, ..body };
        view.items(frame, list, one.chart_lines() + 1);
    }
}

/// Who it is, how fresh that is, and what is wrong.
fn head(frame: &mut Frame<'_>, area: Rect, one: &OneHost<'_>, app: &App, theme: &Theme) {
    let state = one.host.link.state;
    let since = say::duration(app.now.wall.since(one.host.link.since));
    if let Some(mut pen) = Pen::at(frame.buffer_mut(), area, 0, theme.ellipsis()) {
        pen.skip(1).text(one.host.id.as_str(), theme.style(Role::Heading)).skip(1);
        if one.server {
            pen.text(&format!("of {}", one.host.address), theme.style(Role::Quiet));
        } else {
            pen.text(&format!("{} {} for {since}", theme.state(state), state.word()), theme.style(Role::State(state)));
        }
        pen.text(&format!("  {}", app.age_words(one.host, &one.age)), theme.style(of_age(&one.age)));
    }
    let Some(mut pen) = Pen::at(frame.buffer_mut(), area, 1, theme.ellipsis()) else { return };
    let known = one.health.is_some_and(|health| health.latest.is_some());
    match (one.findings.bad.is_empty(), one.findings.warnings.is_empty()) {
        (true, true) if known => pen.skip(1).text("nothing over a threshold", theme.style(Role::Good)),
        (true, true) => &mut pen,
        (no_bad, _) => {
            let worst = if no_bad { Role::Warning } else { Role::Bad };
            pen.skip(1).text(&one.findings.text(), theme.style(worst))
        }
    };
}

struct View<'a> {
    one: &'a OneHost<'a>,
    app: &'a App,
    theme: &'a Theme,
}

impl View<'_> {
    /// The charts below each other, without the first `skipped` lines.
    fn charts(&self, frame: &mut Frame<'_>, area: Rect, skipped: usize) {
        let each = usize::from(self.one.rows + u16::from(self.one.rows > 1));
        for (n, chart) in self.one.charts.iter().enumerate() {
            let Some(top) = (n * each).checked_sub(skipped).and_then(|top| u16::try_from(top).ok()) else { continue };
            if top + self.one.rows > area.height {
                break;
            }
            self.chart(frame, Rect { y: area.y + top, height: self.one.rows, ..area }, chart);
        }
    }

    fn chart(&self, frame: &mut Frame<'_>, at: Rect, chart: &Chart) {
        let bad = chart.grade != Grade::Calm;
        if let Some(mut pen) = Pen::at(frame.buffer_mut(), at, at.height - 1, self.theme.ellipsis()) {
            pen.skip(1).left(chart.label, LABEL, self.theme.style(Role::Quiet));
            let unknown = self.theme.dot().to_string();
            let shown = self.theme.style(role(chart.grade));
            pen.right(chart.value.as_deref().unwrap_or(&unknown), VALUE, shown);
            pen.sign(if bad { '!' } else { ' ' }, shown);
        }
        let before = 1 + LABEL + VALUE + 2;
        let picture = Rect { x: at.x + before, width: at.width.saturating_sub(before + 1), ..at };
        let Some(health) = self.one.health else { return };
        let (app, theme, age) = (self.app, self.theme, &self.one.age);
        Picture { app, theme, age, health, metrics: &[chart.metric], plain: false }.render(frame, picture);
    }

    /// The lists, of which the lines before `offset` are something else.
    fn items(&self, frame: &mut Frame<'_>, area: Rect, offset: usize) {
        let first = self.app.health.scroll.saturating_sub(offset);
        let shown = self.one.items.iter().skip(first);
        for (row, item) in (0..area.height).zip(shown) {
            self.item(frame, area, row, item);
        }
        let more = self.one.items.len().saturating_sub(first + usize::from(area.height));
        if more > 0 && area.height > 0 {
            let text = format!(" {more} more below ");
            let width = crate::ui::pen::columns(&text).min(area.width);
            let place = Rect { x: area.right() - width, y: area.bottom() - 1, width, height: 1 };
            if let Some(mut pen) = Pen::at(frame.buffer_mut(), place, 0, self.theme.ellipsis()) {
                pen.text(&text, self.theme.style(Role::Accent));
            }
        }
    }

    fn item(&self, frame: &mut Frame<'_>, area: Rect, row: u16, item: &Item) {
        let Some(mut pen) = Pen::at(frame.buffer_mut(), area, row, self.theme.ellipsis()) else { return };
        match item {
            Item::Blank => {}
            Item::Heading(text) => {
                pen.skip(1).text(text, self.theme.style(Role::Heading));
            }
            Item::Line { name, text, grade, share } => {
                let bad = if *grade == Grade::Calm { ' ' } else { '!' };
                let name_room = (area.width / 3).clamp(12, 28);
                pen.skip(1).sign(bad, self.theme.style(role(*grade)));
                if !name.is_empty() {
                    pen.left(name, name_room, self.theme.style(Role::Quiet)).skip(1);
                }
                if let Some(share) = share.filter(|_| area.width >= 48) {
                    self.bar(&mut pen, share, *grade);
                }
                pen.text(text, self.theme.style(role(*grade)));
            }
        }
    }

    /// A share of a whole, lying.
    fn bar(&self, pen: &mut Pen<'_>, share: f64, grade: Grade) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 10")]
        let full = (share * f64::from(BAR)).round().clamp(0.0, f64::from(BAR)) as u16;
        let (on, off) = self.theme.bar();
        for cell in 0..BAR {
            let (sign, role) = if cell < full { (on, super::ink(grade)) } else { (off, Role::Faint) };
            pen.sign(sign, self.theme.style(role));
        }
        pen.skip(1);
    }
}

/// Columns of what a chart is of, and of its number.
const LABEL: u16 = 9;
const VALUE: u16 = 9;

/// What the lists have at least, beside the charts.
const LIST: u16 = 44;

/// Columns of a gauge.
const BAR: u16 = 10;
