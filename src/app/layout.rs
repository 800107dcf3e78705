//! Where the panes are, for a terminal of a given size: known here, because keys that turn pages need
//! it as much as drawing does.

use super::Focus;

/// A rectangle of cells.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Area {
    pub x: u16,
    pub y: u16,
    pub width: u16,
    pub height: u16,
}

impl Area {
    /// Whether a cell of the terminal is in it.
    #[must_use]
    pub fn holds(&self, x: u16, y: u16) -> bool {
        (self.x..self.x.saturating_add(self.width)).contains(&x)
            && (self.y..self.y.saturating_add(self.height)).contains(&y)
    }
}

/// How the panes are set apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Edge {
    /// A box around each.
    #[default]
    Box,
    /// A rule above each: the condensed form for small terminals.
    Rule,
    /// Nothing: one pane alone.
    None,
}

/// The areas of one arrangement; a pane without one is not shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Areas {
    pub title: Area,
    pub hosts: Option<Area>,
    pub details: Option<Area>,
    pub output: Option<Area>,
    pub timeline: Option<Area>,
    pub wall: Option<Area>,
    pub health: Option<Area>,
    pub hints: Area,
    pub edge: Edge,
}

/// What an arrangement depends on.
#[derive(Clone, Copy, Debug)]
pub struct Wishes {
    /// The pane that is to be alone.
    pub zoom: Option<Focus>,
    /// Hosts shown.
    pub hosts: usize,
}

/// The arrangement for a terminal of this size; `None` when it is too small.
#[must_use]
pub fn arrange(width: u16, height: u16, wishes: Wishes) -> Option<Areas> {
    if width < MIN_WIDTH || height < MIN_HEIGHT {
        return None;
    }
    let body = Area { x: 0, y: 1, width, height: height - 2 };
    let title = Area { x: 0, y: 0, width, height: 1 };
    let hints = Area { x: 0, y: height - 1, width, height: 1 };
    let frame = Areas { title, hints, ..Areas::default() };
    Some(match wishes.zoom {
        Some(focus) => alone(frame, body, focus),
        None => home(frame, body, wishes.hosts),
    })
}

impl Areas {
    /// The area of a pane.
    #[must_use]
    pub fn of(&self, focus: Focus) -> Option<Area> {
        match focus {
            Focus::Hosts => self.hosts,
            Focus::Output => self.output,
            Focus::Timeline => self.timeline,
            Focus::Wall => self.wall,
            Focus::Health => self.health,
        }
    }

    /// The room inside the edge of a pane.
    #[must_use]
    pub fn inside(&self, focus: Focus) -> Option<Area> {
        self.of(focus).map(|area| self.edge.inside(area))
    }
}

impl Edge {
    #[must_use]
    pub fn inside(self, area: Area) -> Area {
        let Area { x, y, width, height } = area;
        match self {
            Self::Box => Area { x: x + 1, y: y + 1, width: width.saturating_sub(2), height: height.saturating_sub(2) },
            Self::Rule => Area { x, y: y + 1, width, height: height.saturating_sub(1) },
            Self::None => area,
        }
    }

    /// Rows that it takes.
    fn rows(self) -> u16 {
        match self {
            Self::Box => 2,
            Self::Rule => 1,
            Self::None => 0,
        }
    }
}

fn alone(frame: Areas, body: Area, focus: Focus) -> Areas {
    let areas = Areas { edge: Edge::None, ..frame };
    match focus {
        Focus::Hosts => Areas { hosts: Some(body), ..areas },
        Focus::Output => Areas { output: Some(body), ..areas },
        Focus::Timeline => Areas { timeline: Some(body), ..areas },
        Focus::Wall => Areas { wall: Some(body), ..areas },
        Focus::Health => Areas { health: Some(body), ..areas },
    }
}

/// ```text
/// title
/// ╭ hosts ──╮╭ output ───────╮
/// │         ││               │
/// ╰─────────╯│               │
/// ╭ details ╮│               │
/// ╰─────────╯╰───────────────╯
/// ╭ timeline ────────────────╮
/// ╰──────────────────────────╯
/// hints
/// ```
fn home(frame: Areas, body: Area, hosts: usize) -> Areas {
    let edge = if body.width < 72 || body.height < 20 { Edge::Rule } else { Edge::Box };
    let rows = u16::try_from(hosts.max(1)).unwrap_or(u16::MAX);
    // Strips, the axis, the edge; never more than three eighths of the screen.
    let timeline = rows.saturating_add(1 + edge.rows()).clamp(4, (body.height * 3 / 8).max(4));
    let upper = body.height - timeline;
    // The output is what people read, the list is what they look at.
    let left = (body.width * 46 / 100).clamp(30, 84);
    // With rules a column between hosts and output stays free.
    let gap = u16::from(edge == Edge::Rule);
    let details = match upper {
        // Nothing is selected that could be told of.
        _ if hosts == 0 => 0,
        0..18 => 0,
        18..26 => upper - (upper - 9).min(rows.saturating_mul(2).saturating_add(3)),
        26.. => (upper - rows.saturating_mul(2).saturating_add(3).min(upper)).clamp(12, upper / 2),
    };
    let column = |y, height| Area { x: 0, y, width: left, height };
    Areas {
        hosts: Some(column(body.y, upper - details)),
        details: (details > 0).then(|| column(body.y + upper - details, details)),
        output: Some(Area { x: left + gap, y: body.y, width: body.width - left - gap, height: upper }),
        timeline: Some(Area { x: 0, y: body.y + upper, width: body.width, height: timeline }),
        edge,
        ..frame
    }
}

/// Rows below the strips and their axis, when the timeline is alone: the legend, and two for the cursor.
pub const FOOT_ALONE: u16 = 3;

/// The smallest terminal that can show the condensed form.
pub const MIN_WIDTH: u16 = 60;
pub const MIN_HEIGHT: u16 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panes_fill_the_screen_and_never_overlap() {
        for width in [60, 71, 72, 120, 400] {
            for height in (16..40).chain([45, 60, 120]) {
                for hosts in [0, 1, 8, 1000] {
                    for zoom in [None, Some(Focus::Hosts), Some(Focus::Output), Some(Focus::Timeline)] {
                        check(width, height, Wishes { zoom, hosts });
                    }
                }
            }
        }
        assert_eq!(arrange(59, 40, Wishes { zoom: None, hosts: 1 }), None);
        assert_eq!(arrange(200, 15, Wishes { zoom: None, hosts: 1 }), None);
    }

    fn check(width: u16, height: u16, wishes: Wishes) {
        let areas = arrange(width, height, wishes).expect("large enough");
        let all = [Some(areas.title), areas.hosts, areas.details, areas.output, areas.timeline, Some(areas.hints)];
        let mut taken = vec![false; usize::from(width) * usize::from(height)];
        for area in all.into_iter().flatten() {
            for y in area.y..area.y + area.height {
                for x in area.x..area.x + area.width {
                    let cell = &mut taken[usize::from(y) * usize::from(width) + usize::from(x)];
                    assert!(!*cell, "{width}x{height} {wishes:?}: {x},{y} twice in {areas:?}");
                    *cell = true;
                }
            }
        }
        let free = taken.iter().filter(|t| !**t).count();
        let gap = areas.output.filter(|_| wishes.zoom.is_none() && areas.edge == Edge::Rule).map_or(0, |o| o.height);
        assert_eq!(free, usize::from(gap), "{width}x{height} {wishes:?}: {areas:?}");
    }
}
