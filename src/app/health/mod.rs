//! The health view: every host with its numbers, and one host with all of them. What is shown was sampled
//! by the supervisor; here it is put in order and into words.

mod one;
mod servers;
mod table;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use self::one::{Chart, HEAD, Item, OneHost};
pub use self::table::{Header, PREFIX, Row, Table};
pub use self::words::{Age, Findings, Grade, number, percent};
use super::App;
use crate::domain::fleet::Fleet;
use crate::domain::health::{HostHealth, Metric, PlaneHealth, Settings};
use crate::domain::id::HostId;

/// The state of the view.
#[derive(Clone, Debug, Default)]
pub struct Board {
    hosts: BTreeMap<HostId, Arc<HostHealth>>,
    /// A control plane, where one is asked.
    plane: Option<Arc<PlaneHealth>>,
    /// Its servers, as hosts that nobody is connected to.
    servers: Fleet,
    /// The one of them that is selected instead of a host.
    server: Option<HostId>,
    /// Thresholds, and how often hosts are sampled.
    pub settings: Settings,
    pub column: Column,
    /// Against the usual order of the column.
    pub reversed: bool,
    /// All of the selected host is shown.
    pub open: bool,
    /// Lines of it above those that are shown.
    pub scroll: usize,
}

/// What a column of the table is of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Column {
    #[default]
    Host,
    Cpu,
    Memory,
    Load,
    Pressure,
    Disk,
    Temperature,
    Services,
}

impl Column {
    pub const ALL: [Self; 8] = [
        Self::Host,
        Self::Cpu,
        Self::Memory,
        Self::Load,
        Self::Pressure,
        Self::Disk,
        Self::Temperature,
        Self::Services,
    ];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Cpu => "cpu",
            Self::Memory => "mem",
            Self::Load => "load",
            Self::Pressure => "psi",
            Self::Disk => "disk",
            Self::Temperature => "temp",
            Self::Services => "svc",
        }
    }

    /// The numbers behind it; of several the highest counts.
    #[must_use]
    pub fn metrics(self) -> &'static [Metric] {
        match self {
            Self::Host | Self::Services => &[],
            Self::Cpu => &[Metric::Cpu],
            Self::Memory => &[Metric::Memory],
            Self::Load => &[Metric::Load],
            Self::Pressure => &[Metric::PressureCpu, Metric::PressureMemory, Metric::PressureIo],
            Self::Disk => &[Metric::Disk],
            Self::Temperature => &[Metric::Temperature],
        }
    }

    fn step(self, by: usize) -> Self {
        let at = Self::ALL.iter().position(|column| *column == self).unwrap_or(0);
        Self::ALL[(at + by) % Self::ALL.len()]
    }
}

impl Board {
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    pub(super) fn apply(&mut self, host: HostId, health: Arc<HostHealth>) {
        self.hosts.insert(host, health);
    }

    #[must_use]
    pub fn of(&self, host: &HostId) -> Option<&Arc<HostHealth>> {
        self.hosts.get(host)
    }
}

impl App {
    /// Sorts by the next column, or the one before.
    pub(super) fn sort_health(&mut self, forward: bool) {
        let by = if forward { 1 } else { Column::ALL.len() - 1 };
        (self.health.column, self.health.reversed) = (self.health.column.step(by), false);
    }

    /// Sorts by this column; the other way round if it is that one already.
    pub(super) fn sort_health_by(&mut self, column: Column) {
        let again = self.health.column == column;
        (self.health.column, self.health.reversed) = (column, again && !self.health.reversed);
    }

    /// Shows all of the selected host, or the table again.
    pub(super) fn open_health(&mut self) {
        self.hosts.pin(&self.fleet);
        let some = self.health_server().is_some() || self.host().is_some();
        (self.health.open, self.health.scroll) = (!self.health.open && some, 0);
    }

    /// Another host, or, of one host, other lines.
    pub(super) fn step_health(&mut self, rows: isize) {
        let Some(room) = self.areas().and_then(|areas| areas.health) else { return };
        if self.health.open {
            let most = self.one_host(room.width, room.height).map_or(0, |one| one.overflow());
            self.health.scroll = self.health.scroll.saturating_add_signed(rows).min(most);
            return;
        }
        let order = self.health_order();
        let Some(last) = order.len().checked_sub(1) else { return };
        let at = order.iter().position(|row| row.selected).unwrap_or(0);
        let next = &order[at.saturating_add_signed(rows).min(last)];
        let (id, server) = (next.host.id.clone(), next.server);
        self.select_health(id, server);
    }

    /// Selects a row: a host, or a server of the control plane.
    pub(super) fn select_health(&mut self, id: HostId, server: bool) {
        self.health.server = server.then(|| id.clone());
        if !server {
            self.hosts.select(id);
        }
    }
}
