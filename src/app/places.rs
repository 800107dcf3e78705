//! What lies where on the screen: which rows the lists show, so that drawing and the mouse agree.

use super::health::Column;
use super::hosts::is_trouble;
use super::layout::{Area, Edge, FOOT_ALONE};
use super::{App, Focus, say};
use crate::domain::diagnosis::verdict;
use crate::domain::fleet::HostView;
use crate::domain::id::HostId;
use crate::domain::moment::Wall;

/// The rows of the list of hosts that are in sight.
#[derive(Clone, Debug)]
pub struct Listing<'a> {
    /// The first row is taken by the names of the columns.
    pub headed: bool,
    pub rows: Vec<Row<'a>>,
}

/// One row: a host, or what is told below it.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    pub host: &'a HostView,
    pub note: Option<Note>,
    pub selected: bool,
}

/// What is worth a second line: the cause of trouble, and the next attempt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    pub retry: Option<String>,
    pub cause: String,
}

/// What is under the mouse.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    Host(HostId),
    Cell(HostId),
    /// A row of the health view, and a name above its columns.
    Sample(HostId),
    /// A row of it that is a server of the control plane.
    Server(HostId),
    Column(Column),
    /// A strip, and the moment of it; no moment on the name before it.
    Strip(HostId, Option<Wall>),
    Pane(Focus),
}

impl App {
    /// The list of hosts in a pane with this room, the selected one in the middle where that is possible.
    #[must_use]
    pub fn listing(&self, height: u16) -> Listing<'_> {
        let hosts = self.hosts.visible(&self.fleet);
        let headed = height > HEADED;
        let room = usize::from(height) - usize::from(headed);
        let selected = self.host().map(|host| &host.id);
        let at = hosts.iter().position(|host| Some(&host.id) == selected).unwrap_or(0);
        let notes = self.notes(&hosts, at, room);
        let extra = usize::from(notes.get(at).is_some_and(Option::is_some));
        let mut rows = Vec::new();
        let all = hosts.into_iter().zip(notes).enumerate().skip(first(
            at,
            self.hosts.shown(&self.fleet).count(),
            room.saturating_sub(extra),
        ));
        for (n, (host, note)) in all.take(room) {
            let selected = n == at;
            rows.push(Row { host, note: None, selected });
            rows.extend(note.map(|note| Row { host, note: Some(note), selected }));
        }
        rows.truncate(room);
        Listing { headed, rows }
    }

    /// The hosts whose strips are in sight.
    #[must_use]
    pub fn strip_hosts(&self, rows: u16) -> Vec<&HostView> {
        let hosts = self.hosts.visible(&self.fleet);
        let at = self.host().and_then(|host| hosts.iter().position(|other| other.id == host.id)).unwrap_or(0);
        let rows = usize::from(rows);
        let first = first(at, hosts.len(), rows);
        hosts.into_iter().skip(first).take(rows).collect()
    }

    /// Rows of strips in the timeline: the axis takes one; alone, legend and cursor take two more.
    #[must_use]
    pub fn strip_rows(&self) -> u16 {
        let Some(areas) = self.areas() else { return 0 };
        let height = areas.inside(Focus::Timeline).map_or(0, |room| room.height);
        height.saturating_sub(if areas.edge == Edge::None { 1 + FOOT_ALONE } else { 1 })
    }

    /// What is at this cell of the terminal.
    #[must_use]
    pub fn place(&self, x: u16, y: u16) -> Option<Place> {
        let areas = self.areas()?;
        let focus = Focus::ALL.into_iter().find(|focus| areas.of(*focus).is_some_and(|area| area.holds(x, y)))?;
        let room = areas.inside(focus).filter(|room| room.holds(x, y));
        let within = room.and_then(|room| self.within(focus, room, x - room.x, y - room.y));
        Some(within.unwrap_or(Place::Pane(focus)))
    }

    fn within(&self, focus: Focus, room: Area, x: u16, y: u16) -> Option<Place> {
        match focus {
            Focus::Hosts => {
                let listing = self.listing(room.height);
                let row = usize::from(y).checked_sub(usize::from(listing.headed))?;
                listing.rows.get(row).map(|row| Place::Host(row.host.id.clone()))
            }
            Focus::Timeline => {
                let host = self.strip_hosts(self.strip_rows()).get(usize::from(y))?.id.clone();
                let window = self.strips.window(self.strip_columns(), self.now.wall);
                let moment = x.checked_sub(self.strip_label()).filter(|column| *column < window.columns);
                Some(Place::Strip(host, moment.map(|column| window.slice(column).0)))
            }
            Focus::Wall => {
                let rows = room.height.checked_sub(1).filter(|rows| y < *rows)?;
                let wall = self.wall(room.width, rows);
                let selected = self.host().map(|host| &host.id);
                let at = wall.cells.iter().position(|cell| Some(&cell.host.id) == selected).unwrap_or(0);
                let row = wall.top(at, usize::from(rows)) + usize::from(y);
                let column = usize::from(x / wall.width.max(1));
                let cell = wall.cells.iter().find(|cell| (cell.row, cell.column) == (row, column))?;
                Some(Place::Cell(cell.host.id.clone()))
            }
            Focus::Health if self.health.open => None,
            Focus::Health if y == 1 => self.health_column(room.width, x).map(Place::Column),
            Focus::Health => {
                let lines = room.height.saturating_sub(2 + Self::health_foot(room.height));
                let rows = self.health_rows(usize::from(lines));
                rows.get(usize::from(y.checked_sub(2)?)).map(|row| {
                    let id = row.host.id.clone();
                    if row.server { Place::Server(id) } else { Place::Sample(id) }
                })
            }
            Focus::Output => None,
        }
    }

    /// Second lines: the selected host's always, the others' while no host is pushed out of the list by
    /// them, the worst first.
    fn notes(&self, hosts: &[&HostView], at: usize, rows: usize) -> Vec<Option<Note>> {
        let mut order: Vec<usize> = (0..hosts.len()).collect();
        order.sort_by_key(|n| (*n != at, std::cmp::Reverse(hosts[*n].link.severity())));
        let mut spare = rows.saturating_sub(hosts.len());
        let mut notes: Vec<_> = hosts.iter().map(|_| None).collect();
        for n in order {
            if spare == 0 && n != at {
                break;
            }
            notes[n] = self.host_note(hosts[n]);
            spare = spare.saturating_sub(usize::from(notes[n].is_some()));
        }
        notes
    }

    fn host_note(&self, host: &HostView) -> Option<Note> {
        if !is_trouble(host.link.state) || host.link.hold().is_some() {
            return None;
        }
        let retry = self.retry_words(host);
        let cause = host.link.cause.as_ref().map(|cause| match retry {
            // What happens next is said before it.
            Some(_) => say::clean(&verdict(cause, &host.link.evidence)).into_owned(),
            None => self.link_sentence(host),
        });
        (cause.is_some() || retry.is_some()).then(|| Note { retry, cause: cause.unwrap_or_default() })
    }
}

/// The first row to show so that the selected one is in view, in the middle where that is possible.
fn first(at: usize, count: usize, rows: usize) -> usize {
    let rows = rows.max(1);
    if count <= rows { 0 } else { at.saturating_sub(rows / 2).min(count - rows) }
}

/// A pane of more rows than this has names above its columns.
const HEADED: u16 = 8;
