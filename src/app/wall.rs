//! The wall: one cell per host, those in trouble first, or grouped by tag.

use super::App;
use super::hosts::Order;
use crate::domain::fleet::HostView;

/// Where the cells are, in rows and columns of cells; scrolling comes after.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Wall<'a> {
    pub cells: Vec<Cell<'a>>,
    /// Rows that hold the name of a group.
    pub headings: Vec<(usize, String)>,
    pub rows: usize,
    pub form: Form,
    /// Columns of the terminal for one cell, the gap after it included.
    pub width: u16,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Cell<'a> {
    pub row: usize,
    pub column: usize,
    pub host: &'a HostView,
}

/// How much a cell says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Form {
    /// Sign, name, state in a word, and the run with how far it is.
    Runs,
    /// Sign, name, state in a word.
    #[default]
    Words,
    /// Sign and name.
    Names,
    /// Signs only; the line below the wall names the selected one.
    Signs,
}

/// A step on the wall.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    Up,
    Down,
    Left,
    Right,
}

impl App {
    /// The wall for so many columns and rows of the terminal: it says as much as fits.
    #[must_use]
    pub fn wall(&self, columns: u16, rows: u16) -> Wall<'_> {
        let groups = self.wall_groups();
        let longest = self.hosts.shown(&self.fleet).map(|host| host.id.as_str().chars().count()).max().unwrap_or(0);
        let name = u16::try_from(longest).unwrap_or(u16::MAX).min(MOST_NAME);
        let words = 2 + name + 1 + STATE + 2;
        let forms =
            [(Form::Runs, words + RUN + 1), (Form::Words, words), (Form::Names, 2 + name + 2), (Form::Signs, 2)];
        let mut wall = Wall::default();
        for (form, width) in forms.into_iter().filter(|(form, width)| *form != Form::Runs || *width <= columns) {
            wall = lay(&groups, usize::from((columns / width).max(1)));
            (wall.form, wall.width) = (form, width);
            if wall.rows <= usize::from(rows) {
                break;
            }
        }
        wall
    }

    /// Groups with their names; one without a name when hosts are not grouped.
    fn wall_groups(&self) -> Vec<(Option<String>, Vec<&HostView>)> {
        let hosts = self.hosts.visible_in(&self.fleet, Order::Trouble);
        if !self.wall_by_tag {
            return vec![(None, hosts)];
        }
        let tag = |host: &HostView| host.tags.first().cloned();
        let mut tags: Vec<_> = hosts.iter().map(|host| tag(host)).collect();
        // Those without a tag come last.
        tags.sort_by_key(|tag| (tag.is_none(), tag.clone()));
        tags.dedup();
        let members = |wanted: &Option<String>| hosts.iter().copied().filter(|host| tag(host) == *wanted).collect();
        tags.iter().map(|tag| (Some(tag.clone().unwrap_or_else(|| "no tag".into())), members(tag))).collect()
    }

    /// Moves the selection on the wall as it is drawn.
    pub(super) fn step_on_wall(&mut self, way: Way) {
        let Some(area) = self.areas().and_then(|areas| areas.wall) else { return };
        let wall = self.wall(area.width, area.height.saturating_sub(1));
        let selected = self.host().map(|host| &host.id);
        let at = wall.cells.iter().position(|cell| Some(&cell.host.id) == selected).unwrap_or(0);
        let to = wall.next(at, way);
        if let Some(host) = wall.cells.get(to).map(|cell| cell.host.id.clone()) {
            self.hosts.select(host);
        }
    }
}

impl Wall<'_> {
    /// The cell that is reached from this one.
    fn next(&self, at: usize, way: Way) -> usize {
        let Some(here) = self.cells.get(at) else { return 0 };
        let on = |row: usize| self.cells.iter().rposition(|c| c.row == row && c.column <= here.column).unwrap_or(at);
        match way {
            Way::Left => at.saturating_sub(1),
            Way::Right => (at + 1).min(self.cells.len().saturating_sub(1)),
            Way::Up => self.cells[..at].iter().rev().find(|c| c.row < here.row).map_or(at, |c| on(c.row)),
            Way::Down => self.cells[at..].iter().find(|c| c.row > here.row).map_or(at, |c| on(c.row)),
        }
    }

    /// The first row to show so that the selected cell is in sight.
    #[must_use]
    pub fn top(&self, selected: usize, rows: usize) -> usize {
        let row = self.cells.get(selected).map_or(0, |cell| cell.row);
        if self.rows <= rows { 0 } else { row.saturating_sub(rows / 2).min(self.rows - rows) }
    }
}

fn lay<'a>(groups: &[(Option<String>, Vec<&'a HostView>)], columns: usize) -> Wall<'a> {
    let mut wall = Wall::default();
    for (name, hosts) in groups {
        if let Some(name) = name {
            wall.headings.push((wall.rows, format!("{name} {}", hosts.len())));
            wall.rows += 1;
        }
        for (n, host) in hosts.iter().enumerate() {
            wall.cells.push(Cell { row: wall.rows + n / columns, column: n % columns, host });
        }
        wall.rows += hosts.len().div_ceil(columns);
    }
    wall
}

/// The longest word of a state.
const STATE: u16 = 12;

/// Columns of a run on the wall: its sign, its alarms and name, how far it is.
pub const RUN: u16 = 28;

/// Longer names are cut.
const MOST_NAME: u16 = 24;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Setup;
    use crate::domain::fleet::Fleet;
    use crate::domain::id::HostId;
    use crate::domain::link::LinkState;
    use crate::domain::moment::Wall as Time;

    fn app(hosts: usize) -> App {
        let mut fleet = Fleet::default();
        for n in 0..hosts {
            let id = HostId::parse(&format!("node{n:04}")).expect("a name");
            fleet.add_host(id.clone(), String::new(), vec![format!("rack-{}", n % 2)], Time(0));
            let state = if n == 7 { LinkState::Lost } else { LinkState::Alive };
            fleet.hosts.get_mut(&id).expect("just added").link.state = state;
        }
        App::new(Setup { fleet, ..Setup::default() })
    }

    #[test]
    fn a_thousand_hosts_fit_and_trouble_comes_first() {
        let app = app(1000);
        let wall = app.wall(200, 57);
        assert_eq!((wall.cells.len(), wall.form), (1000, Form::Signs));
        assert!(wall.rows <= 57);
        assert_eq!(wall.cells[0].host.id.as_str(), "node0007");
        assert_eq!(app.wall(200, 100).form, Form::Names);
        assert_eq!(self::app(80).wall(80, 40).form, Form::Words);
        assert_eq!(self::app(8).wall(80, 20).form, Form::Runs);
        assert_eq!(self::app(8).wall(50, 20).form, Form::Words, "a run has no room");
    }

    #[test]
    fn groups_have_names_and_steps_stay_in_the_column() {
        let mut app = app(9);
        app.wall_by_tag = true;
        let wall = app.wall(52, 20);
        let names: Vec<_> = wall.headings.iter().map(|(row, name)| (*row, name.as_str())).collect();
        assert_eq!(names, [(0, "rack-0 5"), (4, "rack-1 4")]);
        // Two columns: 0 2 / 4 6 / 8, then 7 1 / 3 5.
        assert_eq!((wall.next(1, Way::Down), wall.next(3, Way::Down), wall.next(4, Way::Down)), (3, 4, 5));
        assert_eq!((wall.next(6, Way::Up), wall.next(0, Way::Up), wall.next(8, Way::Right)), (4, 0, 8));
    }
}
