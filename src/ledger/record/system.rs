//! What a host is made of, and what it counted of its own faults, in their written form.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::run::{Fault, Faults, Growth};
use crate::domain::system::{Interface, System};

/// What a host says it is made of; what it does not tell is missing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SystemRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution: Option<String>,
    /// The release of the kernel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_model: Option<String>,
    /// Processors online.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpus: Option<u32>,
    /// Bytes that the kernel can use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nics: Vec<NicRecord>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct NicRecord {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// In Mb/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<u32>,
}

/// How much each counter of errors grew during an attempt; one that the host does not have is missing.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct FaultsRecord {
    /// Keys: `edac_ce`, `edac_ue`, `mce`, `mce_corrected`, `mce_deferred`, `aer_correctable`, `aer_nonfatal`,
    /// `aer_fatal`, `thermal_core`, `thermal_package`, `oom_kill`, `oom_kill_group`. `null`: it was set back
    /// meanwhile.
    pub grown: BTreeMap<String, Option<u64>>,
    /// A reboot set all of them back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reset_by_reboot: bool,
}

impl From<&System> for SystemRecord {
    fn from(system: &System) -> Self {
        let System { distribution, kernel, processor, processors, memory, interfaces } = system.clone();
        let nics = interfaces.into_iter().map(Into::into).collect();
        Self { distribution, kernel, cpu_model: processor, cpus: processors, memory, nics }
    }
}

impl From<SystemRecord> for System {
    fn from(record: SystemRecord) -> Self {
        let SystemRecord { distribution, kernel, cpu_model, cpus, memory, nics } = record;
        let interfaces = nics.into_iter().map(Into::into).collect();
        Self { distribution, kernel, processor: cpu_model, processors: cpus, memory, interfaces }
    }
}

impl From<Interface> for NicRecord {
    fn from(Interface { name, mac, state, speed }: Interface) -> Self {
        Self { name, mac, state, speed }
    }
}

impl From<NicRecord> for Interface {
    fn from(NicRecord { name, mac, state, speed }: NicRecord) -> Self {
        Self { name, mac, state, speed }
    }
}

impl From<&Faults> for FaultsRecord {
    fn from(faults: &Faults) -> Self {
        let grown = |(fault, growth): &(Fault, Growth)| {
            let count = match growth {
                Growth::By(count) => Some(*count),
                Growth::Reset => None,
            };
            (fault.word().to_owned(), count)
        };
        Self { grown: faults.all().iter().map(grown).collect(), reset_by_reboot: faults.was_rebooted() }
    }
}

impl From<FaultsRecord> for Faults {
    /// A counter that is not known here is one of a later version's.
    fn from(record: FaultsRecord) -> Self {
        let mut faults = if record.reset_by_reboot { Self::reset_by_reboot() } else { Self::default() };
        for fault in Fault::ALL {
            if let Some(count) = record.grown.get(fault.word()) {
                faults.add(fault, count.map_or(Growth::Reset, Growth::By));
            }
        }
        faults
    }
}
