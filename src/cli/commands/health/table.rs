//! Rows and sums as people and programs read them.

use std::cmp::Ordering;

use comfy_table::{CellAlignment, Table};
use serde::Serialize;

use crate::app::say;
use crate::cli::args::{Column, SummaryColumn};
use crate::cli::commands::health::vitals::{self, VitalsRecord};
use crate::domain::health::{Percent, Pressure, Row, Status, Summary, Vitals};
use crate::domain::moment::Wall;
use crate::ledger::record::Timestamp;

/// The table of servers; wide with what else they tell.
pub(super) fn servers(rows: &[Row], wide: bool, now: Wall, color: bool) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let more: &[&str] = if wide { &vitals::HEADER } else { &[] };
    let aged: &[&str] = if rows.iter().any(|row| row.sampled.is_some()) { &[AGE] } else { &[] };
    let header = [&["server", "service", "status", "cpu", "memory"], more, aged, &[""]].concat();
    let mut table = empty(&header, 3..5 + more.len() + aged.len());
    for row in rows {
        let mut cells = vec![
            say::clean(&row.server).into_owned(),
            row.service.as_deref().map_or_else(|| UNKNOWN.to_owned(), |name| say::clean(name).into_owned()),
            status(row.status),
            percent(row.cpu),
            percent(row.memory),
        ];
        if wide {
            cells.extend(vitals::cells(&row.vitals));
        }
        if !aged.is_empty() {
            cells.push(age(row.sampled, now));
        }
        cells.push(say::clean(&why(row)).into_owned());
        table.add_row(cells);
    }
    colored(table.trim_fmt() + "\n", color)
}

/// The table of services.
pub(super) fn services(summaries: &[Summary], now: Wall, color: bool) -> String {
    if summaries.is_empty() {
        return String::new();
    }
    let aged: &[&str] = if summaries.iter().any(|summary| summary.sampled.is_some()) { &[AGE] } else { &[] };
    let header = [&["service", "status", "cpu", "memory", "healthy"], aged].concat();
    let mut table = empty(&header, 2..header.len());
    for summary in summaries {
        let mut cells = vec![
            say::clean(&summary.service).into_owned(),
            status(summary.status),
            percent(summary.cpu),
            percent(summary.memory),
            format!("{}/{}", summary.healthy, summary.total),
        ];
        cells.extend(aged.iter().map(|_| age(summary.sampled, now)));
        table.add_row(cells);
    }
    colored(table.trim_fmt() + "\n", color)
}

/// How old an answer is that came from a supervisor.
fn age(sampled: Option<Wall>, now: Wall) -> String {
    sampled.map_or_else(|| "now".to_owned(), |at| format!("{} ago", say::duration(now.since(at))))
}

pub(super) fn empty(header: &[&str], right: std::ops::Range<usize>) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(header);
    for place in right {
        if let Some(column) = table.column_mut(place) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Why a row is not healthy, or not wholly known.
pub(super) fn why(row: &Row) -> String {
    let reasons = row.reasons.iter().map(ToString::to_string).chain(row.remarks.iter().cloned());
    reasons.collect::<Vec<_>>().join("; ")
}

/// Told by a glyph and a word.
pub(super) fn status(status: Status) -> String {
    format!("{} {status}", glyph(status))
}

fn glyph(status: Status) -> char {
    match status {
        Status::Healthy => '✓',
        Status::Unhealthy => '✗',
        Status::Unknown => '?',
    }
}

pub(super) fn percent(value: Option<Percent>) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), |value| value.to_string())
}

/// The words of statuses in colour; changes no letter.
pub(super) fn colored(text: String, color: bool) -> String {
    if !color {
        return text;
    }
    let code = |status| match status {
        Status::Healthy => "32",
        Status::Unhealthy => "31",
        Status::Unknown => "33",
    };
    [Status::Healthy, Status::Unhealthy, Status::Unknown].into_iter().fold(text, |text, one| {
        let word = status(one);
        text.replace(&word, &format!("\u{1b}[{}m{word}\u{1b}[0m", code(one)))
    })
}

/// Whether a row has the text in what is shown of it.
pub(super) fn matches(row: &Row, filter: Option<&str>) -> bool {
    // Whoever asks for healthy does not mean unhealthy.
    let of_status = filter.is_some_and(|filter| row.status.word().starts_with(&filter.to_lowercase()));
    of_status
        || contains(&row.server, filter)
        || contains(row.service.as_deref().unwrap_or_default(), filter)
        || contains(&why(row), filter)
}

pub(super) fn contains(text: &str, filter: Option<&str>) -> bool {
    filter.is_none_or(|filter| text.to_lowercase().contains(&filter.to_lowercase()))
}

/// The order of equals stays.
pub(super) fn sort(rows: &mut [Row], column: Option<Column>) {
    match column {
        None => {}
        Some(Column::Server) => rows.sort_by_cached_key(|row| place(&row.server)),
        Some(Column::Service) => rows.sort_by(|a, b| a.service.cmp(&b.service)),
        Some(Column::Status) => rows.sort_by_key(|row| row.status),
        Some(Column::Cpu) => rows.sort_by_key(|row| std::cmp::Reverse(row.cpu)),
        Some(Column::Memory) => rows.sort_by_key(|row| std::cmp::Reverse(row.memory)),
        Some(Column::Load) => rows.sort_by(|a, b| highest(a, b, |vitals| vitals.load.map(|load| load.0[0]))),
        Some(Column::Pressure) => rows.sort_by_key(|row| {
            let Pressure { cpu, memory, io } = row.vitals.pressure;
            std::cmp::Reverse([cpu, memory, io].into_iter().max())
        }),
        Some(Column::Disk) => rows.sort_by_key(|row| std::cmp::Reverse(row.vitals.disk.map(|disk| disk.used))),
        Some(Column::Temperature) => rows.sort_by(|a, b| highest(a, b, |vitals| vitals.temperature)),
    }
}

/// The highest first, what is not known last.
fn highest(a: &Row, b: &Row, value: impl Fn(&Vitals) -> Option<f64>) -> Ordering {
    match (value(&a.vitals), value(&b.vitals)) {
        (Some(a), Some(b)) => b.total_cmp(&a),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

/// Addresses by number, then names.
fn place(server: &str) -> (Option<std::net::IpAddr>, bool, String) {
    let address = server.parse().ok();
    (address, address.is_none(), server.to_owned())
}

pub(super) fn sort_summaries(summaries: &mut [Summary], column: Option<SummaryColumn>) {
    match column {
        None => {}
        Some(SummaryColumn::Service) => summaries.sort_by(|a, b| a.service.cmp(&b.service)),
        Some(SummaryColumn::Status) => summaries.sort_by_key(|summary| summary.status),
        Some(SummaryColumn::Cpu) => summaries.sort_by_key(|summary| std::cmp::Reverse(summary.cpu)),
        Some(SummaryColumn::Memory) => summaries.sort_by_key(|summary| std::cmp::Reverse(summary.memory)),
        Some(SummaryColumn::Healthy) => summaries.sort_by_key(|summary| summary.healthy),
        Some(SummaryColumn::Total) => summaries.sort_by_key(|summary| summary.total),
    }
}

/// A row as programs read it; percentages as numbers with two decimals.
#[derive(Serialize)]
pub(super) struct Record<'a> {
    server: &'a str,
    service: Option<&'a str>,
    status: &'static str,
    cpu: Option<f64>,
    memory: Option<f64>,
    #[serde(flatten)]
    vitals: VitalsRecord,
    reasons: Vec<String>,
    remarks: &'a [String],
    #[serde(flatten)]
    sampled: Option<Sampled>,
}

/// Not there: it was asked just now.
#[derive(Serialize)]
struct Sampled {
    answered_by: &'static str,
    sampled_at: Timestamp,
}

impl From<Wall> for Sampled {
    fn from(at: Wall) -> Self {
        Self { answered_by: "supervisor", sampled_at: at.into() }
    }
}

impl<'a> From<&'a Row> for Record<'a> {
    fn from(row: &'a Row) -> Self {
        Self {
            server: &row.server,
            service: row.service.as_deref(),
            status: row.status.word(),
            cpu: row.cpu.map(rounded),
            memory: row.memory.map(rounded),
            vitals: (&row.vitals).into(),
            reasons: row.reasons.iter().map(ToString::to_string).collect(),
            remarks: &row.remarks,
            sampled: row.sampled.map(Into::into),
        }
    }
}

/// A service as programs read it.
#[derive(Serialize)]
pub(super) struct SummaryRecord<'a> {
    service: &'a str,
    status: &'static str,
    cpu: Option<f64>,
    memory: Option<f64>,
    healthy: usize,
    total: usize,
    /// The oldest of them.
    #[serde(flatten)]
    sampled: Option<Sampled>,
}

impl<'a> From<&'a Summary> for SummaryRecord<'a> {
    fn from(summary: &'a Summary) -> Self {
        Self {
            service: &summary.service,
            status: summary.status.word(),
            cpu: summary.cpu.map(rounded),
            memory: summary.memory.map(rounded),
            healthy: summary.healthy,
            total: summary.total,
            sampled: summary.sampled.map(Into::into),
        }
    }
}

pub(super) fn rounded(percent: Percent) -> f64 {
    (percent.value() * 100.0).round() / 100.0
}

/// Above the ages of answers.
const AGE: &str = "sampled";

pub(super) const UNKNOWN: &str = "-";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::health::{Disk, Load};

    fn row(server: &str, load: Option<f64>, disk: f64, temperature: Option<f64>, io: f64) -> Row {
        let share = |value| Percent::new(value).ok();
        let vitals = Vitals {
            load: load.map(|load| Load([load, 0.0, 0.0])),
            pressure: Pressure { io: share(io), ..Pressure::default() },
            disk: share(disk).map(|used| Disk { used, free_kib: 0 }),
            temperature,
            traffic: None,
        };
        Row {
            server: server.into(),
            service: None,
            status: Status::Healthy,
            cpu: None,
            memory: None,
            vitals,
            running: None,
            reasons: Vec::new(),
            remarks: Vec::new(),
            sampled: None,
        }
    }

    #[test]
    fn rows_are_sorted_by_any_number_and_what_is_not_known_comes_last() {
        let sorted = |column| {
            let mut rows = vec![
                row("a", None, 10.0, Some(40.0), 1.0),
                row("b", Some(2.0), 30.0, None, 3.0),
                row("c", Some(10.0), 20.0, Some(50.0), 2.0),
            ];
            sort(&mut rows, Some(column));
            rows.into_iter().map(|row| row.server).collect::<String>()
        };
        assert_eq!(sorted(Column::Load), "cba");
        assert_eq!(sorted(Column::Pressure), "bca");
        assert_eq!(sorted(Column::Disk), "bca");
        assert_eq!(sorted(Column::Temperature), "cab");
    }
}
