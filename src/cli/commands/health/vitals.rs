//! What hosts tell besides CPU and memory, as people and programs read it.

use serde::Serialize;

use crate::app::say;
use crate::cli::commands::health::table::{UNKNOWN, percent, rounded};
use crate::domain::health::{Disk, Load, Vitals};

pub(super) const HEADER: [&str; 5] = ["load", "pressure c/m/io", "disk", "free", "temp"];

/// One for each of [`HEADER`].
pub(super) fn cells(vitals: &Vitals) -> [String; 5] {
    let or = |text: Option<String>| text.unwrap_or_else(|| UNKNOWN.to_owned());
    let pressure = &vitals.pressure;
    let pressures = [pressure.cpu, pressure.memory, pressure.io];
    let pressures = pressures.iter().any(Option::is_some).then(|| pressures.map(percent).join(" "));
    [
        or(vitals.load.map(|Load([one, ..])| format!("{one:.2}"))),
        or(pressures),
        percent(vitals.disk.map(|disk| disk.used)),
        or(vitals.disk.map(|disk| say::bytes(disk.free_kib.saturating_mul(1024)))),
        or(vitals.temperature.map(|degrees| format!("{degrees:.1} °C"))),
    ]
}

/// As programs read it; what is not known is left out.
#[derive(Serialize)]
pub(super) struct VitalsRecord {
    #[serde(skip_serializing_if = "Option::is_none")]
    load: Option<[f64; 3]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pressure_cpu: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pressure_memory: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pressure_io: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disk: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disk_free_kib: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    received_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_bytes: Option<u64>,
}

impl From<&Vitals> for VitalsRecord {
    fn from(vitals: &Vitals) -> Self {
        let Vitals { load, pressure, disk, temperature, traffic } = *vitals;
        Self {
            load: load.map(|Load(averages)| averages),
            pressure_cpu: pressure.cpu.map(rounded),
            pressure_memory: pressure.memory.map(rounded),
            pressure_io: pressure.io.map(rounded),
            disk: disk.map(|Disk { used, .. }| rounded(used)),
            disk_free_kib: disk.map(|disk| disk.free_kib),
            temperature,
            received_bytes: traffic.map(|traffic| traffic.received),
            sent_bytes: traffic.map(|traffic| traffic.sent),
        }
    }
}
