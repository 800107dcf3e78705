//! What a host is made of (distribution, kernel, processors, memory, network interfaces), and what of that
//! is another than it was: a bank of memory that did not come back, an interface that is gone.

pub mod parse;

use std::fmt;

/// What a host says it is made of. What it does not tell is missing, and proves nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct System {
    /// As it calls itself: `PRETTY_NAME` of os-release(5).
    pub distribution: Option<String>,
    /// The release of its kernel.
    pub kernel: Option<String>,
    /// The model of its processors.
    pub processor: Option<String>,
    /// Processors that are online.
    pub processors: Option<u32>,
    /// Bytes of memory that the kernel can use.
    pub memory: Option<u64>,
    /// Hardware ones, or, where there is none (a container), all but loopback; by name, at most [`INTERFACES`].
    pub interfaces: Vec<Interface>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Interface {
    pub name: String,
    pub mac: Option<String>,
    /// `up`, `down`, … when it was looked at.
    pub state: Option<String>,
    /// In Mb/s.
    pub speed: Option<u32>,
}

/// One thing that is another than before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    Distribution { before: String, after: String },
    Kernel { before: String, after: String },
    Processor { before: String, after: String },
    Processors { before: u32, after: u32 },
    Memory { before: u64, after: u64 },
    Gone(String),
    New(String),
    Renamed { before: String, after: String },
    Mac { name: String, before: String, after: String },
    Speed { name: String, before: u32, after: u32 },
}

impl System {
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }

    /// What `self` does not tell is as it was `before`: one answer with a hole in it forgets nothing.
    #[must_use]
    pub fn or(self, before: &Self) -> Self {
        let interfaces = if self.interfaces.is_empty() { before.interfaces.clone() } else { self.interfaces };
        Self {
            distribution: self.distribution.or_else(|| before.distribution.clone()),
            kernel: self.kernel.or_else(|| before.kernel.clone()),
            processor: self.processor.or_else(|| before.processor.clone()),
            processors: self.processors.or(before.processors),
            memory: self.memory.or(before.memory),
            interfaces,
        }
    }

    /// What is another in `later`.
    ///
    /// The state of an interface is not compared: just after a boot it says nothing.
    #[must_use]
    pub fn changes(&self, later: &Self) -> Vec<Change> {
        let mut changes = Vec::new();
        if let Some((before, after)) = differ(&self.distribution, &later.distribution) {
            changes.push(Change::Distribution { before, after });
        }
        if let Some((before, after)) = differ(&self.kernel, &later.kernel) {
            changes.push(Change::Kernel { before, after });
        }
        if let Some((before, after)) = differ(&self.processor, &later.processor) {
            changes.push(Change::Processor { before, after });
        }
        if let Some((before, after)) = differ(&self.processors, &later.processors) {
            changes.push(Change::Processors { before, after });
        }
        if let Some((before, after)) = differ(&self.memory, &later.memory).filter(|(b, a)| is_other_memory(*b, *a)) {
            changes.push(Change::Memory { before, after });
        }
        if !self.interfaces.is_empty() && !later.interfaces.is_empty() {
            self.interface_changes(later, &mut changes);
        }
        changes
    }

    fn interface(&self, name: &str) -> Option<&Interface> {
        self.interfaces.iter().find(|interface| interface.name == name)
    }

    fn interface_changes(&self, later: &Self, changes: &mut Vec<Change>) {
        let mut fresh: Vec<&Interface> =
            later.interfaces.iter().filter(|interface| self.interface(&interface.name).is_none()).collect();
        for was in &self.interfaces {
            if let Some(is) = later.interface(&was.name) {
                was.changes(is, changes);
            } else if let Some(place) = fresh.iter().position(|new| was.mac.is_some() && new.mac == was.mac) {
                let after = fresh.remove(place).name.clone();
                changes.push(Change::Renamed { before: was.name.clone(), after });
            } else {
                changes.push(Change::Gone(was.name.clone()));
            }
        }
        changes.extend(fresh.into_iter().map(|new| Change::New(new.name.clone())));
    }
}

impl Interface {
    fn changes(&self, later: &Self, changes: &mut Vec<Change>) {
        let name = || self.name.clone();
        if let Some((before, after)) = differ(&self.mac, &later.mac) {
            changes.push(Change::Mac { name: name(), before, after });
        }
        if let Some((before, after)) = differ(&self.speed, &later.speed) {
            changes.push(Change::Speed { name: name(), before, after });
        }
    }
}

/// `eth0 52:54:00:12:34:56 up, 1000 Mb/s`
impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for word in [&self.mac, &self.state].into_iter().flatten() {
            write!(f, " {word}")?;
        }
        match self.speed {
            Some(speed) => write!(f, ", {speed} Mb/s"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Distribution { before, after } => write!(f, "distribution changed {before} → {after}"),
            Self::Kernel { before, after } => write!(f, "kernel changed {before} → {after}"),
            Self::Processor { before, after } => write!(f, "CPU changed {before} → {after}"),
            Self::Processors { before, after } => write!(f, "CPUs {before} → {after}"),
            Self::Memory { before, after } => write!(f, "memory {} → {}", size(*before), size(*after)),
            Self::Gone(name) => write!(f, "{name} is gone"),
            Self::New(name) => write!(f, "{name} is new"),
            Self::Renamed { before, after } => write!(f, "{before} is called {after} now"),
            Self::Mac { name, before, after } => write!(f, "{name} has another MAC address, {before} → {after}"),
            Self::Speed { name, before, after } => write!(f, "{name} {before} → {after} Mb/s"),
        }
    }
}

/// All of them in one line; more than [`TOLD`] are counted.
#[must_use]
pub fn sentence(changes: &[Change]) -> String {
    let mut parts: Vec<String> = changes.iter().take(TOLD).map(ToString::to_string).collect();
    if let Some(rest) = changes.len().checked_sub(TOLD).filter(|rest| *rest > 0) {
        parts.push(format!("and {rest} more"));
    }
    parts.join(", ")
}

/// `62.8 GiB`, `981 MiB`
#[must_use]
pub fn size(bytes: u64) -> String {
    let mebibytes = bytes >> 20;
    if mebibytes < 4096 {
        return format!("{mebibytes} MiB");
    }
    let tenths = mebibytes.saturating_mul(10).saturating_add(512) / 1024;
    match tenths % 10 {
        0 => format!("{} GiB", tenths / 10),
        tenth => format!("{}.{tenth} GiB", tenths / 10),
    }
}

/// Both, when both are known and are not the same.
fn differ<T: Clone + PartialEq>(before: &Option<T>, after: &Option<T>) -> Option<(T, T)> {
    match (before, after) {
        (Some(before), Some(after)) if before != after => Some((before.clone(), after.clone())),
        (Some(_) | None, Some(_) | None) => None,
    }
}

/// What a kernel keeps for itself differs a little from one to the next: that is no bank of memory.
fn is_other_memory(before: u64, after: u64) -> bool {
    before.abs_diff(after) > (before / 64).max(64 << 20)
}

/// Interfaces of a host that are kept.
pub const INTERFACES: usize = 64;

/// Changes of one sentence that are told.
const TOLD: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn system(kernel: &str, memory: u64, interfaces: &[(&str, &str)]) -> System {
        let interface = |(name, mac): &(&str, &str)| Interface {
            name: (*name).into(),
            mac: Some((*mac).into()),
            ..Interface::default()
        };
        System {
            kernel: Some(kernel.into()),
            memory: Some(memory),
            interfaces: interfaces.iter().map(interface).collect(),
            ..System::default()
        }
    }

    #[test]
    fn what_is_another_is_told_in_words() {
        let before = system("6.8.0-31", 64 * GIB, &[("eth0", "a"), ("eth1", "b"), ("eth2", "c")]);
        let after = system("6.9.1", 32 * GIB, &[("eth0", "d"), ("ens7", "c")]);
        let told = sentence(&before.changes(&after));
        assert_eq!(
            told,
            "kernel changed 6.8.0-31 → 6.9.1, memory 64 GiB → 32 GiB, eth0 has another MAC address, a → d, \
             eth1 is gone, eth2 is called ens7 now"
        );
        assert!(before.changes(&before).is_empty());
    }

    #[test]
    fn what_is_not_told_proves_nothing() {
        let known = system("6.8.0-31", 64 * GIB, &[("eth0", "a")]);
        assert!(known.changes(&System::default()).is_empty() && System::default().changes(&known).is_empty());
        let holed = System { memory: None, ..known.clone() };
        assert_eq!(holed.or(&known), known);
    }

    #[test]
    fn a_kernel_that_keeps_a_little_more_for_itself_is_no_lost_memory() {
        let before = system("1", 64 * GIB, &[]);
        assert!(before.changes(&system("1", 64 * GIB - GIB / 2, &[])).is_empty());
        assert_eq!(before.changes(&system("1", 62 * GIB, &[])).len(), 1);
        assert_eq!(
            (size(GIB), size(67_430_000_000), size(16 * GIB)),
            ("1024 MiB".into(), "62.8 GiB".into(), "16 GiB".into())
        );
    }

    #[test]
    fn more_than_an_operator_reads_is_counted() {
        let changes: Vec<Change> = (0..9).map(|n| Change::Gone(format!("eth{n}"))).collect();
        assert!(sentence(&changes).ends_with("eth5 is gone, and 3 more"), "{}", sentence(&changes));
    }
}
