//! What a host is made of, and what it counted of its own faults, in their written form.

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
    /// Uncorrected memory errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edac_ue: Option<u64>,
    /// Corrected memory errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edac_ce: Option<u64>,
    /// Machine check exceptions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mce: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mce_corrected: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mce_deferred: Option<u64>,
    /// Errors of PCIe devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aer_fatal: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aer_nonfatal: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aer_correctable: Option<u64>,
    /// Throttles of cores, and of packages, because of heat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thermal_core: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thermal_package: Option<u64>,
    /// Processes killed for want of memory: on the host, and in the run's control group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oom_kill: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oom_kill_group: Option<u64>,
    /// Counters, named as above, that were set back meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reset: Vec<String>,
    /// A reboot set all of them back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reset_by_reboot: bool,
}

impl FaultsRecord {
    fn place(&mut self, fault: Fault) -> &mut Option<u64> {
        match fault {
            Fault::MemoryUncorrected => &mut self.edac_ue,
            Fault::MemoryCorrected => &mut self.edac_ce,
            Fault::MachineCheck => &mut self.mce,
            Fault::MachineCheckCorrected => &mut self.mce_corrected,
            Fault::MachineCheckDeferred => &mut self.mce_deferred,
            Fault::PcieFatal => &mut self.aer_fatal,
            Fault::PcieNonfatal => &mut self.aer_nonfatal,
            Fault::PcieCorrected => &mut self.aer_correctable,
            Fault::ThermalCore => &mut self.thermal_core,
            Fault::ThermalPackage => &mut self.thermal_package,
            Fault::OutOfMemory => &mut self.oom_kill,
            Fault::OutOfMemoryInGroup => &mut self.oom_kill_group,
        }
    }
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
        let mut record = Self { reset_by_reboot: faults.was_rebooted(), ..Self::default() };
        for (fault, growth) in faults.all() {
            match growth {
                Growth::By(count) => *record.place(*fault) = Some(*count),
                Growth::Reset => record.reset.push(fault.word().to_owned()),
            }
        }
        record
    }
}

impl From<FaultsRecord> for Faults {
    fn from(mut record: FaultsRecord) -> Self {
        let mut faults = if record.reset_by_reboot { Self::reset_by_reboot() } else { Self::default() };
        for fault in Fault::ALL {
            if let Some(count) = record.place(fault).take() {
                faults.add(fault, Growth::By(count));
            } else if record.reset.iter().any(|name| name == fault.word()) {
                faults.add(fault, Growth::Reset);
            }
        }
        faults
    }
}
