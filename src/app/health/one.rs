//! One host: every number with its past, filesystems, sensors, services.

use super::words::{Age, Findings, Grade};
use super::{App, Row, number, percent};
use crate::app::say;
use crate::domain::fleet::HostView;
use crate::domain::health::{FULL, HOT, HostHealth, Metric, Running, Sample, Taken};

/// All of one host, laid out for a room.
#[derive(Clone, Debug)]
pub struct OneHost<'a> {
    pub host: &'a HostView,
    /// It is a server of the control plane.
    pub server: bool,
    pub health: Option<&'a HostHealth>,
    pub age: Age,
    pub findings: Findings,
    /// Beside each other, or one below the other.
    pub beside: bool,
    /// Rows of each chart.
    pub rows: u16,
    pub charts: Vec<Chart>,
    pub items: Vec<Item>,
    /// Lines that there is room for.
    room: usize,
}

/// One number and its past.
#[derive(Clone, PartialEq, Debug)]
pub struct Chart {
    pub metric: Metric,
    pub label: &'static str,
    pub value: Option<String>,
    pub grade: Grade,
}

/// One line of what is listed.
#[derive(Clone, PartialEq, Debug)]
pub enum Item {
    Blank,
    Heading(String),
    /// What it is, how it stands, and a share of it to draw.
    Line {
        name: String,
        text: String,
        grade: Grade,
        share: Option<f64>,
    },
}

impl OneHost<'_> {
    /// Lines that the charts take.
    #[must_use]
    pub fn chart_lines(&self) -> usize {
        self.charts.len() * usize::from(self.rows + u16::from(self.rows > 1))
    }

    /// Lines that are too many for the room.
    #[must_use]
    pub fn overflow(&self) -> usize {
        let lines = if self.beside { self.items.len() } else { self.chart_lines() + 1 + self.items.len() };
        lines.saturating_sub(self.room)
    }
}

impl App {
    /// The selected host for so much room; `None`: there is none.
    #[must_use]
    pub fn one_host(&self, width: u16, height: u16) -> Option<OneHost<'_>> {
        // What is selected is in sight: the same as in the table.
        let row = self.health_order().into_iter().find(|row| row.selected)?;
        let Row { host, server, health, age, findings, .. } = row;
        let taken = health.and_then(|health| health.latest.as_ref());
        let charts: Vec<Chart> = CHARTS.iter().map(|(metric, label)| self.chart(*metric, label, taken)).collect();
        let room = height.saturating_sub(HEAD);
        let beside = width >= BESIDE;
        let each = room / u16::try_from(charts.len()).unwrap_or(u16::MAX).max(1);
        // With a blank line between charts of several rows.
        let rows = if each >= 3 && beside { (each - 1).min(5) } else { 1 };
        let items = taken.map(|taken| self.items(taken)).unwrap_or_default();
        Some(OneHost { host, server, health, age, findings, beside, rows, charts, items, room: usize::from(room) })
    }

    fn chart(&self, metric: Metric, label: &'static str, taken: Option<&Taken>) -> Chart {
        let value = taken.and_then(|taken| taken.value(metric));
        let grade = value.map_or(Grade::Calm, |value| self.grade(metric, value));
        Chart { metric, label, value: value.map(|value| number(metric, value)), grade }
    }

    fn items(&self, taken: &Taken) -> Vec<Item> {
        let Sample { services, filesystems, sensors, remarks, vitals, .. } = &taken.sample;
        let mut items = Vec::new();
        let head = |items: &mut Vec<Item>, text: String| {
            if !items.is_empty() {
                items.push(Item::Blank);
            }
            items.push(Item::Heading(text));
        };
        if !remarks.is_empty() {
            head(&mut items, "Not told".into());
            items.extend(remarks.iter().map(|remark| line("", say::clean(remark).into_owned(), Grade::Warning, None)));
        }
        let down = services.iter().filter(|service| service.running != Running::Yes).count();
        if !services.is_empty() {
            let down = if down > 0 { format!(", {down} not running") } else { String::new() };
            head(&mut items, format!("Services {}{down}", services.len()));
            let mut order: Vec<_> = services.iter().collect();
            order.sort_by_key(|service| (service.running == Running::Yes, &service.name));
            items.extend(order.into_iter().map(|service| match &service.running {
                Running::Yes => line(&service.name, "running".into(), Grade::Calm, None),
                Running::No(state) => {
                    line(&service.name, format!("not running: {}", say::clean(state)), Grade::Bad, None)
                }
            }));
        }
        if !filesystems.is_empty() {
            head(&mut items, "Filesystems".into());
            items.extend(filesystems.iter().map(|one| {
                let used = one.disk.used;
                let free = say::bytes(one.disk.free_kib.saturating_mul(1024));
                let over = if used > FULL { format!(" over {}", percent(FULL.value())) } else { String::new() };
                let grade = if used > FULL { Grade::Warning } else { Grade::Calm };
                line(
                    &one.place,
                    format!("{}{over}, {free} free", percent(used.value())),
                    grade,
                    Some(used.value() / 100.0),
                )
            }));
        }
        if !sensors.is_empty() {
            head(&mut items, "Temperatures".into());
            items.extend(sensors.iter().map(|sensor| {
                let hot = sensor.degrees > HOT;
                let over = if hot { format!(" over {HOT:.0} C") } else { String::new() };
                let grade = if hot { Grade::Warning } else { Grade::Calm };
                line(&sensor.name, format!("{:.1} C{over}", sensor.degrees), grade, None)
            }));
        }
        if let Some(load) = vitals.load {
            head(&mut items, "Load".into());
            let [one, five, fifteen] = load.0;
            items.push(line("1, 5, 15 minutes", format!("{one:.2}  {five:.2}  {fifteen:.2}"), Grade::Calm, None));
        }
        items
    }
}

fn line(name: &str, text: String, grade: Grade, share: Option<f64>) -> Item {
    Item::Line { name: say::clean(name).into_owned(), text, grade, share }
}

const CHARTS: &[(Metric, &str)] = &[
    (Metric::Cpu, "CPU"),
    (Metric::Memory, "memory"),
    (Metric::Load, "load"),
    (Metric::PressureCpu, "psi cpu"),
    (Metric::PressureMemory, "psi mem"),
    (Metric::PressureIo, "psi io"),
    (Metric::Disk, "disk"),
    (Metric::Temperature, "hottest"),
    (Metric::Received, "received"),
    (Metric::Sent, "sent"),
];

/// Name, state and what is wrong.
pub const HEAD: u16 = 3;

/// From this width on the lists stand beside the charts.
const BESIDE: u16 = 100;
