//! The table: hosts in order, and as many columns and pictures as fit.

use std::cmp::Ordering;

use super::words::{Age, Findings, number};
use super::{App, Board, Column};
use crate::app::hosts::{Order, Told};
use crate::domain::fleet::HostView;
use crate::domain::health::{HostHealth, Running, Status, Taken};
use crate::domain::id::HostId;

/// What is known of one host.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    pub host: &'a HostView,
    /// A server of the control plane; else a host.
    pub server: bool,
    pub health: Option<&'a HostHealth>,
    pub age: Age,
    pub findings: Findings,
    pub selected: bool,
}

/// Columns of the terminal for what a row shows; 0: not shown.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Table {
    pub name: u16,
    pub cells: Vec<Header>,
    /// What is wrong, in words.
    pub note: u16,
}

/// A column of numbers, and beside it their past.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    pub column: Column,
    pub value: u16,
    pub picture: u16,
}

impl<'a> Row<'a> {
    #[must_use]
    pub fn taken(&self) -> Option<&'a Taken> {
        self.health.and_then(|health| health.latest.as_ref())
    }

    /// The highest of the column's numbers.
    #[must_use]
    pub fn value(&self, column: Column) -> Option<f32> {
        let point = self.taken()?.point();
        column.metrics().iter().filter_map(|metric| point.values[metric.index()]).max_by(f32::total_cmp)
    }

    /// The service of a server.
    #[must_use]
    pub fn service(&self) -> Option<&'a str> {
        self.taken().filter(|_| self.server).and_then(|taken| taken.sample.service())
    }

    /// Services that run, and all.
    #[must_use]
    pub fn services(&self) -> Option<(usize, usize)> {
        let services = &self.taken()?.sample.services;
        let running = services.iter().filter(|service| service.running == Running::Yes).count();
        (!services.is_empty()).then_some((running, services.len()))
    }
}

impl App {
    fn health_row<'a>(&'a self, host: &'a HostView, selected: Option<&HostId>) -> Row<'a> {
        let health = self.health.of(&host.id).map(AsRef::as_ref);
        let age = self.age(host, health);
        let findings = self.findings(host, health.and_then(|health| health.latest.as_ref()), None);
        let selected = selected == Some(&host.id);
        Row { host, server: false, health, age, findings, selected }
    }

    /// The hosts that pass the filter, in the order that was asked for: the highest first, names from a.
    #[must_use]
    pub fn health_order(&self) -> Vec<Row<'_>> {
        let hosts = self.hosts.visible_in(&self.fleet, Order::Name);
        let server = self.health_server().map(|server| &server.id);
        let servers = self.hosts.visible_in(&self.health.servers, Order::Name);
        let selected = self.host().filter(|_| server.is_none()).map(|host| &host.id);
        let mut rows: Vec<Row<'_>> = hosts.into_iter().map(|host| self.health_row(host, selected)).collect();
        rows.extend(servers.into_iter().map(|host| self.server_row(host, server)));
        let Board { column, reversed, .. } = &self.health;
        rows.sort_by(|a, b| {
            let order = match column {
                Column::Host => Ordering::Equal,
                // Those with the most that does not run first.
                Column::Services => missing(b).cmp(&missing(a)),
                Column::Cpu | Column::Memory | Column::Load | Column::Pressure | Column::Disk | Column::Temperature => {
                    let key = |row: &Row<'_>| row.value(*column);
                    match (key(a), key(b)) {
                        (Some(a), Some(b)) => b.total_cmp(&a),
                        // What is not known comes last.
                        (a, b) => b.is_some().cmp(&a.is_some()),
                    }
                }
            };
            if *reversed { order.reverse() } else { order }
        });
        if *reversed && *column == Column::Host {
            rows.reverse();
        }
        rows
    }

    /// Has the filter find what the rows show. Ages move on: once a second is often enough.
    pub(in crate::app) fn note_rows(&mut self) {
        let now = self.now.wall.0.div_euclid(1_000);
        if !self.hosts.wants_rows(now) {
            return;
        }
        let servers = self.health.servers.hosts.values().map(|server| self.server_row(server, None));
        // Of the same name the host counts.
        let rows = servers.chain(self.fleet.hosts.values().map(|host| self.health_row(host, None)));
        let told = rows.map(|row| (row.host.id.clone(), self.told(&row))).collect();
        self.hosts.note_rows(told, now);
    }

    fn told(&self, row: &Row<'_>) -> Told {
        let status = match (row.taken(), row.findings.bad.is_empty()) {
            (None, _) => Status::Unknown,
            (Some(_), true) => Status::Healthy,
            (Some(_), false) => Status::Unhealthy,
        };
        let numbers = Column::ALL.iter().filter_map(|column| {
            let (metric, value) = (column.metrics().first()?, row.value(*column)?);
            Some(number(*metric, value))
        });
        let services = row.services().map(|(running, all)| format!("{running}/{all}"));
        let service = row.service().unwrap_or_default().to_owned();
        let words = [service, self.age_words(row.host, &row.age), row.findings.text()];
        let text = numbers.chain(services).chain(words).collect::<Vec<_>>().join(" ").to_lowercase();
        Told { status: status.word(), text }
    }

    /// The rows that are in sight in so many lines.
    #[must_use]
    pub fn health_rows(&self, lines: usize) -> Vec<Row<'_>> {
        let rows = self.health_order();
        let at = rows.iter().position(|row| row.selected).unwrap_or(0);
        let first = if rows.len() <= lines { 0 } else { at.saturating_sub(lines / 2).min(rows.len() - lines) };
        rows.into_iter().skip(first).take(lines).collect()
    }

    /// What fits into so many columns: all numbers first, then the services, then pictures and words.
    #[must_use]
    pub fn health_table(&self, width: u16) -> Table {
        let shown = self.hosts.shown(&self.fleet).chain(self.hosts.shown(&self.health.servers));
        let longest = shown.map(|host| host.id.as_str().chars().count()).max();
        let longest = u16::try_from(longest.unwrap_or(4)).unwrap_or(u16::MAX);
        let mut cells: Vec<Header> =
            NUMBERS.iter().map(|(column, value)| Header { column: *column, value: *value, picture: 0 }).collect();
        let taken: u16 = cells.iter().map(|cell| cell.value).sum();
        let name = longest.clamp(4, (width / 5).max(width.saturating_sub(taken + PREFIX)).min(24));
        let mut left = width.saturating_sub(PREFIX + name + taken + 1);
        if left >= SERVICES + 2 {
            cells.push(Header { column: Column::Services, value: SERVICES, picture: 0 });
            left -= SERVICES;
        }
        let mut note = if left >= 44 { (left / 3).clamp(18, 48) } else { 0 };
        left -= note;
        let pictures = (left / (LEAST + 1)).min(6);
        if let Some(each) = left.checked_div(pictures) {
            let each = (each - 1).min(MOST);
            cells.iter_mut().take(usize::from(pictures)).for_each(|cell| cell.picture = each);
            left -= pictures * (each + 1);
        }
        note = if note > 0 { note + left } else { 0 };
        Table { name, cells, note }
    }

    /// What lies in this column of the terminal.
    #[must_use]
    pub fn health_column(&self, width: u16, x: u16) -> Option<Column> {
        let table = self.health_table(width);
        let mut end = PREFIX + table.name;
        if x < end {
            return Some(Column::Host);
        }
        for cell in &table.cells {
            end += cell.value + if cell.picture > 0 { cell.picture + 1 } else { 0 };
            if x < end {
                return Some(cell.column);
            }
        }
        None
    }

    /// How many lines below the table tell of the selected host.
    #[must_use]
    pub fn health_foot(height: u16) -> u16 {
        if height >= 20 { 2 } else { 1 }
    }
}

fn missing(row: &Row<'_>) -> usize {
    row.services().map_or(0, |(running, all)| all - running)
}

/// Columns of numbers with the gap before and the sign after them.
const NUMBERS: &[(Column, u16)] = &[
    (Column::Cpu, 7),
    (Column::Memory, 7),
    (Column::Load, 7),
    (Column::Pressure, 7),
    (Column::Disk, 7),
    (Column::Temperature, 7),
];

/// `12/13`
const SERVICES: u16 = 8;

/// Bar, mark, glyph, blank.
pub const PREFIX: u16 = 4;

/// A picture of fewer columns tells nothing; more are for one host alone.
const LEAST: u16 = 7;
const MOST: u16 = 20;
