//! `steadfast health`: what a supervisor sampled. Nobody is asked.

use serde::Serialize;

use crate::app::say;
use crate::cli::args::{Globals, HealthArgs};
use crate::cli::commands::health::table::{self, UNKNOWN};
use crate::cli::commands::health::vitals::{self, VitalsRecord};
use crate::cli::compose;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::setup::Setup;
use crate::clock::SystemClock;
use crate::config::closest;
use crate::domain::health::{Metric, Running, Taken};
use crate::domain::id::HostId;
use crate::domain::moment::Wall;
use crate::headless::jsonl;
use crate::ledger::record::Timestamp;
use crate::ledger::{HealthReader, Past, Slice};
use crate::port::Clock;

pub(in crate::cli) fn run(args: &HealthArgs, globals: &Globals) -> Result<u8, Failure> {
    let setup = Setup::load(globals)?;
    let now = SystemClock.now().wall;
    let Some(reader) = HealthReader::open(&setup.state_dir).map_err(compose::ledger_failure)? else {
        let hint =
            "the screen and `steadfast run` sample hosts while they are connected ([health] in the configuration)";
        return Err(Failure::new(exit::FAILURE, "no host was sampled yet").hint(hint));
    };
    let mut hosts = reader.recent(0).map_err(compose::ledger_failure)?;
    hosts.sort_by(|a, b| a.host.cmp(&b.host));
    match &args.host {
        None => latest(&hosts, args, &setup, now),
        Some(host) => {
            if hosts.iter().all(|known| known.host != *host) {
                let known = hosts.iter().map(|known| known.host.as_str());
                let meant = closest(host.as_str(), known).map(|meant| format!("did you mean {meant}?"));
                return Err(Failure::new(exit::FAILURE, format!("{host} was not sampled yet")).maybe_hint(meant));
            }
            let since = i64::try_from(args.since.as_millis()).unwrap_or(i64::MAX);
            let since = Wall(now.0.saturating_sub(since));
            let slices = reader.history(host, since, ROWS).map_err(compose::ledger_failure)?;
            history(host, &slices, args)
        }
    }
}

/// The last sample of each host, with its age.
fn latest(hosts: &[Past], args: &HealthArgs, setup: &Setup, now: Wall) -> Result<u8, Failure> {
    let known = hosts.iter().filter_map(|past| Some((&past.host, past.latest.as_ref()?)));
    let rules = &setup.config.health.rules;
    if args.json {
        return output::print(known.map(|(host, taken)| jsonl::line(&Latest::of(host, taken))).collect::<String>());
    }
    let header = [&["host", "sampled", "status", "cpu", "memory"], &vitals::HEADER[..], &["services"]].concat();
    let mut table = table::empty(&header, 3..10);
    for (host, taken) in known {
        let sample = &taken.sample;
        let (status, _) = rules.thresholds(None).judge(sample.cpu, sample.memory, None);
        let running = sample.services.iter().filter(|service| service.running == Running::Yes).count();
        let mut cells = vec![
            host.to_string(),
            format!("{} ago", say::duration(now.since(taken.at))),
            table::status(status),
            table::percent(sample.cpu),
            table::percent(sample.memory),
        ];
        cells.extend(vitals::cells(&sample.vitals));
        cells.push(format!("{running}/{}", sample.services.len()));
        table.add_row(cells);
    }
    output::print(table::colored(table.trim_fmt() + "\n", setup.color.stdout()))
}

/// What a host told over time.
fn history(host: &HostId, slices: &[Slice], args: &HealthArgs) -> Result<u8, Failure> {
    if args.json {
        return output::print(
            slices.iter().map(|slice| jsonl::line(&SliceRecord::of(host, slice))).collect::<String>(),
        );
    }
    if slices.is_empty() {
        compose::say(&format!("{host} was not sampled in that time; --since 7d looks further back"));
        return output::print("");
    }
    let columns = [Metric::Cpu, Metric::Memory, Metric::Load, Metric::PressureIo, Metric::Disk, Metric::Temperature];
    let header = ["from", "samples", "cpu", "highest", "memory", "load", "io wait", "disk", "temp"];
    let mut table = table::empty(&header, 1..9);
    for slice in slices {
        let shown = |metric: Metric| cell(metric, slice.mean[metric.index()]);
        let mut cells = vec![
            say::date_time(slice.from, compose::utc_offset(slice.from)),
            slice.count.to_string(),
            shown(Metric::Cpu),
            cell(Metric::Cpu, slice.max[Metric::Cpu.index()]),
        ];
        cells.extend(columns.into_iter().skip(1).map(shown));
        table.add_row(cells);
    }
    if slices.len() == ROWS {
        compose::say(&format!("only the last {ROWS} rows are shown"));
    }
    output::print(table.trim_fmt() + "\n")
}

fn cell(metric: Metric, value: Option<f64>) -> String {
    let Some(value) = value else { return UNKNOWN.to_owned() };
    match metric {
        Metric::Load => format!("{value:.2}"),
        Metric::Temperature => format!("{value:.1} °C"),
        Metric::Cpu
        | Metric::Memory
        | Metric::PressureCpu
        | Metric::PressureMemory
        | Metric::PressureIo
        | Metric::Disk
        | Metric::Received
        | Metric::Sent => format!("{value:.2}%"),
    }
}

/// A host's last sample, as programs read it.
#[derive(Serialize)]
struct Latest<'a> {
    host: &'a str,
    at: Timestamp,
    cpu: Option<f64>,
    memory: Option<f64>,
    #[serde(flatten)]
    vitals: VitalsRecord,
    services: Vec<Service<'a>>,
    filesystems: Vec<Filesystem<'a>>,
    sensors: Vec<Sensor<'a>>,
    remarks: &'a [String],
}

#[derive(Serialize)]
struct Service<'a> {
    service: &'a str,
    running: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
}

#[derive(Serialize)]
struct Filesystem<'a> {
    place: &'a str,
    used: f64,
    free_kib: u64,
}

#[derive(Serialize)]
struct Sensor<'a> {
    sensor: &'a str,
    degrees: f64,
}

impl<'a> Latest<'a> {
    fn of(host: &'a HostId, taken: &'a Taken) -> Self {
        let sample = &taken.sample;
        let service = |service: &'a crate::domain::health::Service| {
            let state = match &service.running {
                Running::Yes => None,
                Running::No(state) => Some(state.as_str()),
            };
            Service { service: &service.name, running: state.is_none(), state }
        };
        let filesystem = |one: &'a crate::domain::health::Filesystem| Filesystem {
            place: &one.place,
            used: table::rounded(one.disk.used),
            free_kib: one.disk.free_kib,
        };
        Self {
            host: host.as_str(),
            at: taken.at.into(),
            cpu: sample.cpu.map(table::rounded),
            memory: sample.memory.map(table::rounded),
            vitals: (&sample.vitals).into(),
            services: sample.services.iter().map(service).collect(),
            filesystems: sample.filesystems.iter().map(filesystem).collect(),
            sensors: sample.sensors.iter().map(|one| Sensor { sensor: &one.name, degrees: one.degrees }).collect(),
            remarks: &sample.remarks,
        }
    }
}

/// Numbers of a stretch of time, as programs read it.
#[derive(Serialize)]
struct SliceRecord<'a> {
    host: &'a str,
    from: Timestamp,
    samples: u32,
    mean: serde_json::Map<String, serde_json::Value>,
    max: serde_json::Map<String, serde_json::Value>,
}

impl<'a> SliceRecord<'a> {
    fn of(host: &'a HostId, slice: &Slice) -> Self {
        let numbers = |values: &[Option<f64>]| {
            let known = Metric::ALL.iter().zip(values).filter_map(|(metric, value)| Some((metric, (*value)?)));
            known.map(|(metric, value)| (metric.word().to_owned(), ((value * 100.0).round() / 100.0).into())).collect()
        };
        Self {
            host: host.as_str(),
            from: slice.from.into(),
            samples: slice.count,
            mean: numbers(&slice.mean),
            max: numbers(&slice.max),
        }
    }
}

/// Rows of a history that are shown: a day at the usual interval has 2,880.
const ROWS: usize = 10_000;
