//! The last sample of a host as it is written: mirrors of domain types. What is read back is checked
//! anew, as if a host had told it.

use serde::{Deserialize, Serialize};

use crate::domain::health::{
    Disk, Filesystem, Load, Percent, Pressure, Rates, Running, Sample, Sensor, Service, Taken, Traffic, Vitals, plain,
};
use crate::domain::moment::Wall;

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
pub(super) struct TakenRecord {
    cpu: Option<f64>,
    memory: Option<f64>,
    load: Option<[f64; 3]>,
    pressure: [Option<f64>; 3],
    disk: Option<(f64, u64)>,
    temperature: Option<f64>,
    traffic: Option<(u64, u64)>,
    rates: Option<(f64, f64)>,
    /// With the state of one that does not run.
    services: Vec<(String, Option<String>)>,
    filesystems: Vec<(String, f64, u64)>,
    sensors: Vec<(String, f64)>,
    remarks: Vec<String>,
}

impl From<&Taken> for TakenRecord {
    fn from(taken: &Taken) -> Self {
        let Sample { cpu, memory, vitals, services, filesystems, sensors, remarks } = &taken.sample;
        let Vitals { load, pressure, disk, temperature, traffic } = vitals;
        let share = |percent: Option<Percent>| percent.map(Percent::value);
        let service = |service: &Service| {
            let state = match &service.running {
                Running::Yes => None,
                Running::No(state) => Some(state.clone()),
            };
            (service.name.clone(), state)
        };
        Self {
            cpu: share(*cpu),
            memory: share(*memory),
            load: load.map(|load| load.0),
            pressure: [share(pressure.cpu), share(pressure.memory), share(pressure.io)],
            disk: disk.map(|disk| (disk.used.value(), disk.free_kib)),
            temperature: *temperature,
            traffic: traffic.map(|traffic| (traffic.received, traffic.sent)),
            rates: taken.rates.map(|rates| (rates.received, rates.sent)),
            services: services.iter().map(service).collect(),
            filesystems: filesystems
                .iter()
                .map(|one| (one.place.clone(), one.disk.used.value(), one.disk.free_kib))
                .collect(),
            sensors: sensors.iter().map(|sensor| (sensor.name.clone(), sensor.degrees)).collect(),
            remarks: remarks.clone(),
        }
    }
}

impl TakenRecord {
    pub(super) fn taken(self, at: Wall) -> Taken {
        let share = |value: Option<f64>| value.and_then(|value| Percent::new(value).ok());
        let disk = |used: f64, free_kib: u64| Some(Disk { used: Percent::new(used).ok()?, free_kib });
        let [cpu, memory, io] = self.pressure.map(share);
        let service = |(name, state): (String, Option<String>)| Service {
            name: plain(&name, TEXT),
            running: state.map_or(Running::Yes, |state| Running::No(plain(&state, TEXT))),
        };
        let filesystem = |(place, used, free_kib): (String, f64, u64)| {
            Some(Filesystem { place: plain(&place, TEXT), disk: disk(used, free_kib)? })
        };
        let sample = Sample {
            cpu: share(self.cpu),
            memory: share(self.memory),
            vitals: Vitals {
                load: self.load.map(Load),
                pressure: Pressure { cpu, memory, io },
                disk: self.disk.and_then(|(used, free_kib)| disk(used, free_kib)),
                temperature: self.temperature,
                traffic: self.traffic.map(|(received, sent)| Traffic { received, sent }),
            },
            services: self.services.into_iter().map(service).collect(),
            filesystems: self.filesystems.into_iter().filter_map(filesystem).collect(),
            sensors: self
                .sensors
                .into_iter()
                .map(|(name, degrees)| Sensor { name: plain(&name, TEXT), degrees })
                .collect(),
            remarks: self.remarks.iter().map(|remark| plain(remark, TEXT)).collect(),
        };
        Taken { at, sample, rates: self.rates.map(|(received, sent)| Rates { received, sent }) }
    }
}

/// Characters of any of its texts.
const TEXT: usize = 300;
