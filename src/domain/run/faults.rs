//! What the host counted of its own faults while a run went on: corrected memory errors, throttled
//! processors. A run that ended well on a machine that is failing did not end well.

use std::fmt;

use crate::domain::run::Verdict;

/// What a host counts, in the order in which it is told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fault {
    MemoryUncorrected,
    MemoryCorrected,
    MachineCheck,
    MachineCheckCorrected,
    MachineCheckDeferred,
    PcieFatal,
    PcieNonfatal,
    PcieCorrected,
    ThermalCore,
    ThermalPackage,
    OutOfMemory,
    OutOfMemoryInGroup,
}

/// How much a counter grew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Growth {
    By(u64),
    /// It is less than it was: something set it back (a module that was loaded anew).
    Reset,
}

/// The difference of all counters; one that the host does not have is not among them, and is not 0.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Faults {
    grown: Vec<(Fault, Growth)>,
    /// The host was booted meanwhile, which set all of them back.
    rebooted: bool,
}

impl Fault {
    pub const ALL: [Self; 12] = [
        Self::MemoryUncorrected,
        Self::MemoryCorrected,
        Self::MachineCheck,
        Self::MachineCheckCorrected,
        Self::MachineCheckDeferred,
        Self::PcieFatal,
        Self::PcieNonfatal,
        Self::PcieCorrected,
        Self::ThermalCore,
        Self::ThermalPackage,
        Self::OutOfMemory,
        Self::OutOfMemoryInGroup,
    ];

    /// The key that `assets/host.sh` gives it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::MemoryUncorrected => "edac_ue",
            Self::MemoryCorrected => "edac_ce",
            Self::MachineCheck => "mce",
            Self::MachineCheckCorrected => "mce_corrected",
            Self::MachineCheckDeferred => "mce_deferred",
            Self::PcieFatal => "aer_fatal",
            Self::PcieNonfatal => "aer_nonfatal",
            Self::PcieCorrected => "aer_correctable",
            Self::ThermalCore => "thermal_core",
            Self::ThermalPackage => "thermal_package",
            Self::OutOfMemory => "oom_kill",
            Self::OutOfMemoryInGroup => "oom_kill_group",
        }
    }

    /// One of them, and many.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::MemoryUncorrected => ("uncorrected memory error (EDAC)", "uncorrected memory errors (EDAC)"),
            Self::MemoryCorrected => ("corrected memory error (EDAC)", "corrected memory errors (EDAC)"),
            Self::MachineCheck => ("machine check exception", "machine check exceptions"),
            Self::MachineCheckCorrected => ("corrected machine check", "corrected machine checks"),
            Self::MachineCheckDeferred => ("deferred machine check", "deferred machine checks"),
            Self::PcieFatal => ("fatal PCIe error (AER)", "fatal PCIe errors (AER)"),
            Self::PcieNonfatal => ("non-fatal PCIe error (AER)", "non-fatal PCIe errors (AER)"),
            Self::PcieCorrected => ("corrected PCIe error (AER)", "corrected PCIe errors (AER)"),
            Self::ThermalCore => ("thermal throttle", "thermal throttles"),
            Self::ThermalPackage => ("thermal throttle of a package", "thermal throttles of packages"),
            Self::OutOfMemory => ("out-of-memory kill on the host", "out-of-memory kills on the host"),
            Self::OutOfMemoryInGroup => ("out-of-memory kill in its group", "out-of-memory kills in its group"),
        }
    }
}

impl Faults {
    /// Of a run that a reboot interrupted.
    #[must_use]
    pub fn reset_by_reboot() -> Self {
        Self { grown: Vec::new(), rebooted: true }
    }

    /// Adds a counter; one that is there already stays as it is.
    pub fn add(&mut self, fault: Fault, growth: Growth) {
        if let Err(place) = self.grown.binary_search_by_key(&fault, |(known, _)| *known) {
            self.grown.insert(place, (fault, growth));
        }
    }

    /// In the order in which they are told.
    #[must_use]
    pub fn all(&self) -> &[(Fault, Growth)] {
        &self.grown
    }

    #[must_use]
    pub fn was_rebooted(&self) -> bool {
        self.rebooted
    }

    /// Whether the host counts nothing, or did not say.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.grown.is_empty() && !self.rebooted
    }

    /// `3 corrected memory errors (EDAC), 12 thermal throttles`; `None` when nothing grew.
    #[must_use]
    pub fn alarm(&self) -> Option<String> {
        let grown: Vec<String> = self
            .grown
            .iter()
            .filter_map(|(fault, growth)| match growth {
                Growth::By(0) | Growth::Reset => None,
                Growth::By(1) => Some(format!("1 {}", fault.names().0)),
                Growth::By(count) => Some(format!("{count} {}", fault.names().1)),
            })
            .collect();
        (!grown.is_empty()).then(|| grown.join(", "))
    }

    /// What goes behind a verdict, with the comma between: `, but 3 corrected memory errors (EDAC)`.
    #[must_use]
    pub fn behind(&self, success: bool) -> String {
        let word = if success { "but" } else { "and" };
        self.alarm().map(|alarm| format!(", {word} {alarm}")).unwrap_or_default()
    }

    /// All that is known, for details: what grew, what was set back, or that nothing was counted.
    #[must_use]
    pub fn sentence(&self) -> Option<String> {
        match (self.alarm().filter(|_| !self.rebooted), self.beside_verdict()) {
            (Some(alarm), Some(reset)) => Some(format!("{alarm}; {reset}")),
            (text, None) | (None, text) => text,
        }
    }

    /// The same without what [`Faults::behind`] says.
    #[must_use]
    pub fn beside_verdict(&self) -> Option<String> {
        if self.rebooted {
            return Some("not known: its counters were reset by the reboot".into());
        }
        let reset: Vec<&str> = self
            .grown
            .iter()
            .filter(|(_, growth)| *growth == Growth::Reset)
            .map(|(fault, _)| fault.names().1)
            .collect();
        let reset = (!reset.is_empty()).then(|| format!("set back meanwhile, so not known: {}", reset.join(", ")));
        let none = !self.grown.is_empty() && self.alarm().is_none();
        reset.or_else(|| none.then(|| "none counted".into()))
    }
}

/// The verdict with what the host counted meanwhile: `exit 0, but 3 corrected memory errors (EDAC)`.
impl fmt::Display for Outcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(verdict, faults) = self;
        write!(f, "{verdict}{}", faults.behind(verdict.is_success()))
    }
}

/// A verdict and the faults beside it, for show.
pub struct Outcome<'a>(pub &'a Verdict, pub &'a Faults);

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(grown: &[(Fault, Growth)]) -> Faults {
        let mut faults = Faults::default();
        grown.iter().for_each(|(fault, growth)| faults.add(*fault, *growth));
        faults
    }

    #[test]
    fn a_run_that_ended_well_on_a_failing_machine_says_so() {
        let counted = faults(&[
            (Fault::ThermalCore, Growth::By(12)),
            (Fault::MemoryCorrected, Growth::By(1)),
            (Fault::MemoryCorrected, Growth::By(9)),
            (Fault::PcieFatal, Growth::By(0)),
        ]);
        let told = Outcome(&Verdict::Finished { code: 0 }, &counted).to_string();
        assert_eq!(told, "exit 0, but 1 corrected memory error (EDAC), 12 thermal throttles");
        let told = Outcome(&Verdict::Finished { code: 3 }, &counted).to_string();
        assert_eq!(told, "exit 3, and 1 corrected memory error (EDAC), 12 thermal throttles");
    }

    #[test]
    fn nothing_counted_nothing_there_and_nothing_known_are_three_things() {
        assert_eq!(faults(&[(Fault::PcieFatal, Growth::By(0))]).sentence().as_deref(), Some("none counted"));
        assert_eq!(Faults::default().sentence(), None);
        let rebooted = Faults::reset_by_reboot();
        assert!(rebooted.sentence().is_some_and(|text| text.contains("reset by the reboot")));
        assert!(rebooted.alarm().is_none() && !rebooted.is_unknown());
        let reset = faults(&[(Fault::MemoryCorrected, Growth::Reset), (Fault::ThermalCore, Growth::By(2))]);
        let told = reset.sentence().expect("there is something");
        assert_eq!(told, "2 thermal throttles; set back meanwhile, so not known: corrected memory errors (EDAC)");
    }
}
