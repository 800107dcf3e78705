//! What tells one boot of a host from the next.

pub mod cause;
pub mod parse;

use std::time::Duration;

/// Evidence of one boot. Every part may be missing; a part that did not parse is missing, and what
/// is missing proves nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BootIdentity {
    /// `/proc/sys/kernel/random/boot_id`, or `kern.bootsessionuuid`. Shared by containers of one host.
    pub boot_id: Option<String>,
    /// Boot time in seconds since 1970-01-01 UTC, by the host's clock (`btime` of `/proc/stat`,
    /// `kern.boottime`). Moves when that clock is stepped.
    pub boot_time: Option<i64>,
    /// Start time of PID 1 in clock ticks after the kernel's boot (field 22 of `/proc/1/stat`):
    /// tells a restarted container from its host.
    pub init_start: Option<u64>,
}

/// What two identities, both of one host, say together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BootComparison {
    Same,
    Changed,
    /// They share no evidence. Never a reason to report a reboot.
    Unknown,
}

impl BootIdentity {
    /// From what a host says of itself; what does not parse is missing, never different.
    #[must_use]
    pub fn parse(boot_id: Option<&str>, boot_time: Option<&str>, init_start: Option<&str>) -> Self {
        Self {
            boot_id: boot_id.and_then(parse::boot_id),
            boot_time: boot_time.and_then(parse::boot_time),
            init_start: init_start.and_then(parse::init_start),
        }
    }

    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.boot_id.is_none() && self.boot_time.is_none() && self.init_start.is_none()
    }

    /// The kernel's boot id decides; without it, boot times within [`BOOT_TIME_SLACK`] of each other
    /// are the same. Under one boot id a later start of PID 1 is a restarted container.
    #[must_use]
    pub fn compare(&self, later: &Self) -> BootComparison {
        let kernel = match (&self.boot_id, &later.boot_id) {
            (Some(a), Some(b)) => verdict(a == b),
            (None, _) | (_, None) => match (self.boot_time, later.boot_time) {
                (Some(a), Some(b)) => verdict(a.abs_diff(b) <= BOOT_TIME_SLACK.as_secs()),
                (None, _) | (_, None) => BootComparison::Unknown,
            },
        };
        let init = match (self.init_start, later.init_start) {
            (Some(a), Some(b)) => verdict(a == b),
            (None, _) | (_, None) => BootComparison::Unknown,
        };
        match (kernel, init) {
            (BootComparison::Changed, _) | (BootComparison::Same, BootComparison::Changed) => BootComparison::Changed,
            (BootComparison::Same, BootComparison::Same | BootComparison::Unknown) => BootComparison::Same,
            (BootComparison::Unknown, _) => BootComparison::Unknown,
        }
    }
}

/// One look at a host's boot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sighting {
    pub identity: BootIdentity,
    /// Since boot, by the host.
    pub uptime: Option<Duration>,
}

impl Sighting {
    /// Whether `later`, of the same boot, has been up for less long: a snapshot of the machine was
    /// restored. Within [`BOOT_TIME_SLACK`] nothing is said.
    #[must_use]
    pub fn went_back(&self, later: &Self) -> bool {
        let same = self.identity.compare(&later.identity) == BootComparison::Same;
        let back = match (self.uptime, later.uptime) {
            (Some(before), Some(after)) => after.saturating_add(BOOT_TIME_SLACK) < before,
            (None, _) | (_, None) => false,
        };
        same && back
    }
}

fn verdict(same: bool) -> BootComparison {
    if same { BootComparison::Same } else { BootComparison::Changed }
}

/// Two boot times this close are one boot: `btime` is computed from the wall clock and wobbles when
/// that clock is slewed (ansible#47017).
pub const BOOT_TIME_SLACK: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(boot_id: Option<&str>, boot_time: Option<i64>, init_start: Option<u64>) -> BootIdentity {
        BootIdentity { boot_id: boot_id.map(Into::into), boot_time, init_start }
    }

    #[test]
    fn the_boot_id_decides_over_a_stepped_clock() {
        let before = identity(Some("a"), Some(1_000), Some(5));
        assert_eq!(before.compare(&identity(Some("a"), Some(9_000), Some(5))), BootComparison::Same);
        assert_eq!(before.compare(&identity(Some("b"), Some(1_000), Some(5))), BootComparison::Changed);
    }

    #[test]
    fn a_restarted_container_is_a_reboot_under_the_same_boot_id() {
        let before = identity(Some("a"), Some(1_000), Some(5));
        assert_eq!(before.compare(&identity(Some("a"), Some(1_000), Some(99))), BootComparison::Changed);
    }

    #[test]
    fn without_a_boot_id_boot_times_within_the_slack_are_one_boot() {
        let before = identity(None, Some(1_000), None);
        assert_eq!(before.compare(&identity(None, Some(1_005), None)), BootComparison::Same);
        assert_eq!(before.compare(&identity(None, Some(1_006), None)), BootComparison::Changed);
    }

    #[test]
    fn an_uptime_that_went_back_within_one_boot_is_a_restored_snapshot() {
        let at = |id, uptime: Option<u64>| Sighting {
            identity: identity(Some(id), None, None),
            uptime: uptime.map(Duration::from_secs),
        };
        assert!(at("a", Some(900)).went_back(&at("a", Some(300))));
        assert!(!at("a", Some(900)).went_back(&at("a", Some(896))), "clocks wobble");
        assert!(!at("a", Some(900)).went_back(&at("a", Some(5_000))));
        assert!(!at("a", Some(900)).went_back(&at("b", Some(3))), "a reboot is no snapshot");
        assert!(!at("a", Some(900)).went_back(&at("a", None)) && !at("a", None).went_back(&at("a", Some(1))));
    }

    #[test]
    fn what_does_not_parse_is_unknown_and_not_changed() {
        let sound = BootIdentity::parse(Some("5f3c12ab-77aa-4c1e-9d0b-2f6a1c0e9b11"), Some("1700000000"), Some("7"));
        assert!(sound.boot_id.is_some() && sound.boot_time.is_some() && sound.init_start.is_some());
        let garbled = BootIdentity::parse(Some("Permission denied"), Some("No such file"), Some("x"));
        assert!(garbled.is_unknown());
        assert_eq!(sound.compare(&garbled), BootComparison::Unknown);
    }

    #[test]
    fn what_is_missing_proves_nothing() {
        let before = identity(Some("a"), Some(1_000), Some(5));
        assert_eq!(before.compare(&BootIdentity::default()), BootComparison::Unknown);
        assert_eq!(BootIdentity::default().compare(&before), BootComparison::Unknown);
        assert_eq!(identity(None, None, Some(5)).compare(&identity(None, None, Some(6))), BootComparison::Unknown);
    }
}
