//! What tells one boot of a host from the next.

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
    fn what_is_missing_proves_nothing() {
        let before = identity(Some("a"), Some(1_000), Some(5));
        assert_eq!(before.compare(&BootIdentity::default()), BootComparison::Unknown);
        assert_eq!(BootIdentity::default().compare(&before), BootComparison::Unknown);
        assert_eq!(identity(None, None, Some(5)).compare(&identity(None, None, Some(6))), BootComparison::Unknown);
    }
}
