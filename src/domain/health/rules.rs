//! The rule: unhealthy is who uses more CPU or memory than allowed, or does not run.

use std::collections::BTreeMap;
use std::fmt;

use super::{Percent, Running};

/// How a service on a server is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Status {
    Unhealthy,
    /// Not enough is known to call it healthy, and nothing that calls it unhealthy.
    Unknown,
    Healthy,
}

impl Status {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A filesystem that is fuller is worth a look.
pub const FULL: Percent = Percent::NINETY;

/// A sensor that is hotter is worth a look: most processors slow themselves down soon after. Celsius.
pub const HOT: f64 = 85.0;

/// More than this is too much; exactly this is not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Thresholds {
    pub cpu: Percent,
    pub memory: Percent,
}

/// What a service has of its own; `None`: as for all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Limits {
    pub cpu: Option<Percent>,
    pub memory: Option<Percent>,
}

/// The thresholds of every service.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rules {
    pub all: Limits,
    pub services: BTreeMap<String, Limits>,
}

/// Why something is unhealthy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    Cpu { value: Percent, threshold: Percent },
    Memory { value: Percent, threshold: Percent },
    NotRunning(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu { value, threshold } => write!(f, "CPU {value} is over {threshold}"),
            Self::Memory { value, threshold } => write!(f, "memory {value} is over {threshold}"),
            Self::NotRunning(state) => write!(f, "not running: {state}"),
        }
    }
}

impl Rules {
    #[must_use]
    pub fn thresholds(&self, service: Option<&str>) -> Thresholds {
        let own = service.and_then(|name| self.services.get(name)).copied().unwrap_or_default();
        Thresholds {
            cpu: own.cpu.or(self.all.cpu).unwrap_or(Percent::NINETY),
            memory: own.memory.or(self.all.memory).unwrap_or(Percent::NINETY),
        }
    }
}

impl Thresholds {
    /// The status, and for unhealthy every reason. One value over its threshold is enough; healthy
    /// needs both values.
    #[must_use]
    pub fn judge(
        self,
        cpu: Option<Percent>,
        memory: Option<Percent>,
        running: Option<&Running>,
    ) -> (Status, Vec<Reason>) {
        let mut reasons = Vec::new();
        if let Some(Running::No(state)) = running {
            reasons.push(Reason::NotRunning(state.clone()));
        }
        if let Some(value) = cpu.filter(|value| *value > self.cpu) {
            reasons.push(Reason::Cpu { value, threshold: self.cpu });
        }
        if let Some(value) = memory.filter(|value| *value > self.memory) {
            reasons.push(Reason::Memory { value, threshold: self.memory });
        }
        let status = match (reasons.is_empty(), cpu.is_some() && memory.is_some()) {
            (false, _) => Status::Unhealthy,
            (true, true) => Status::Healthy,
            (true, false) => Status::Unknown,
        };
        (status, reasons)
    }

    /// So many points lower: what was unhealthy must come below this to be healthy again.
    #[must_use]
    pub fn less(self, margin: Percent) -> Self {
        Self { cpu: self.cpu.less(margin), memory: self.memory.less(margin) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(value: f64) -> Option<Percent> {
        Some(Percent::new(value).unwrap())
    }

    #[test]
    fn over_90_of_either_is_unhealthy() {
        let usual = Rules::default().thresholds(None);
        for (cpu, memory, status) in [
            (percent(90.0), percent(90.0), Status::Healthy),
            (percent(90.01), percent(0.0), Status::Unhealthy),
            (percent(0.0), percent(91.0), Status::Unhealthy),
            (None, percent(91.0), Status::Unhealthy),
            (None, percent(10.0), Status::Unknown),
            (percent(10.0), None, Status::Unknown),
            (None, None, Status::Unknown),
        ] {
            assert_eq!(usual.judge(cpu, memory, None).0, status, "{cpu:?} {memory:?}");
        }
    }

    #[test]
    fn what_does_not_run_is_unhealthy_at_any_load() {
        let (status, reasons) =
            Rules::default().thresholds(None).judge(percent(1.0), percent(1.0), Some(&Running::No("failed".into())));
        assert_eq!((status, reasons[0].to_string().as_str()), (Status::Unhealthy, "not running: failed"));
    }

    #[test]
    fn a_service_may_have_its_own_thresholds() {
        let own = Limits { cpu: percent(50.0), memory: None };
        let rules = Rules {
            all: Limits { cpu: percent(80.0), memory: percent(70.0) },
            services: [("Slow".to_owned(), own)].into(),
        };
        assert_eq!(rules.thresholds(Some("Slow")).cpu.value(), 50.0);
        assert_eq!(rules.thresholds(Some("Slow")).memory.value(), 70.0);
        assert_eq!(rules.thresholds(Some("Other")).cpu.value(), 80.0);
    }
}
