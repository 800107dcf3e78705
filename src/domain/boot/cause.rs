//! Why a host booted, as far as what is left of the boot before proves it.

use std::fmt;

/// One source of evidence, and the end of what it says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trace {
    pub source: TraceSource,
    /// Lines; bounded by [`TEXT`].
    pub text: String,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TraceSource {
    /// Boots and shutdowns of `last -x`, newest first.
    Last,
    /// The end of the kernel log of the boot before.
    Kernel,
    /// What the kernel left in a place that survives a crash; `at` by the host's clock.
    Pstore { name: String, at: Option<i64> },
    /// `bootstatus` of the watchdogs.
    Watchdog,
}

/// Why a host booted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum RebootCause {
    CleanShutdown,
    Panic,
    OutOfMemory,
    Watchdog,
    /// It came up without having gone down: power, or a hard reset.
    PowerLoss,
    Kexec,
    /// Nothing proves anything.
    #[default]
    Unknown,
}

impl RebootCause {
    pub const ALL: [Self; 7] = [
        Self::CleanShutdown,
        Self::Panic,
        Self::OutOfMemory,
        Self::Watchdog,
        Self::PowerLoss,
        Self::Kexec,
        Self::Unknown,
    ];

    /// In words, as in `rebooted 40 s ago: kernel panic`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::CleanShutdown => "clean shutdown",
            Self::Panic => "kernel panic",
            Self::OutOfMemory => "kernel panic: out of memory",
            Self::Watchdog => "watchdog reset",
            Self::PowerLoss => "no shutdown record: power loss or hard reset",
            Self::Kexec => "kexec into a new kernel",
            Self::Unknown => "cause unknown",
        }
    }

    /// The strongest proof decides: the kernel's own last words, the watchdog's, then the record of
    /// shutdowns. `since` is when the boot before began: what a crash left earlier is about that one.
    #[must_use]
    pub fn of(traces: &[Trace], since: Option<i64>) -> Self {
        let fresh = traces.iter().filter(|trace| trace.is_after(since));
        let last_words = fresh.filter_map(Trace::last_words).next();
        let kernel = traces.iter().find(|trace| trace.source == TraceSource::Kernel);
        let record = traces.iter().find(|trace| trace.source == TraceSource::Last);
        let watchdog = traces.iter().any(|trace| trace.source == TraceSource::Watchdog && trace.was_reset());
        if let Some(cause) = last_words {
            cause
        } else if kernel.is_some_and(|kernel| kernel.ends_with_any(KEXEC)) {
            Self::Kexec
        } else if watchdog {
            Self::Watchdog
        } else if kernel.is_some_and(|kernel| kernel.ends_with_any(GOING_DOWN)) {
            Self::CleanShutdown
        } else {
            record.map_or(Self::Unknown, Trace::recorded)
        }
    }
}

impl Trace {
    #[must_use]
    pub fn new(source: TraceSource, line: &str) -> Self {
        let mut trace = Self { source, text: String::new() };
        trace.add(line);
        trace
    }

    /// Adds a line; of what comes in order of time the oldest goes when there is no room.
    pub fn add(&mut self, line: &str) {
        let newest_first = self.source == TraceSource::Last;
        let full = newest_first && self.text.len() + line.len() >= TEXT;
        if !line.is_empty() && !full {
            let line: String = line.chars().filter(|c| !c.is_control()).take(LINE).collect();
            self.text.push_str(&line);
            self.text.push('\n');
        }
        while self.text.len() > TEXT {
            let first = self.text.find('\n').map_or(self.text.len(), |end| end + 1);
            self.text.drain(..first);
        }
    }

    fn is_after(&self, since: Option<i64>) -> bool {
        match (&self.source, since) {
            (TraceSource::Pstore { at: Some(at), .. }, Some(since)) => *at >= since,
            // The kernel's log is that of the boot before by the way it was asked for.
            (TraceSource::Pstore { .. } | TraceSource::Kernel, _) => true,
            (TraceSource::Last | TraceSource::Watchdog, _) => false,
        }
    }

    /// What the kernel said when it gave up.
    fn last_words(&self) -> Option<RebootCause> {
        let panic = self.text.lines().find_map(|line| line.split_once("Kernel panic - not syncing:"));
        let dumped = matches!(self.source, TraceSource::Pstore { .. })
            && self.text.lines().next().is_some_and(|line| line.starts_with("Panic#"));
        match panic {
            Some((_, why)) if any(why, &["Out of memory", "out of memory", "deadlocked on memory"]) => {
                Some(RebootCause::OutOfMemory)
            }
            Some((_, why)) if any(why, &["LOCKUP", "softlockup", "watchdog", "Watchdog"]) => {
                Some(RebootCause::Watchdog)
            }
            Some(_) => Some(RebootCause::Panic),
            None => dumped.then_some(RebootCause::Panic),
        }
    }

    /// Whether one of these is in the last lines.
    fn ends_with_any(&self, words: &[&str]) -> bool {
        self.text.lines().rev().take(LAST_LINES).any(|line| any(line, words))
    }

    /// `WDIOF_CARDRESET`: the watchdog says that it was it.
    fn was_reset(&self) -> bool {
        self.text.lines().filter_map(|line| line.trim().parse::<u32>().ok()).any(|status| status & 0x20 != 0)
    }

    /// Between a boot and the one before there is a shutdown, or there is not.
    fn recorded(&self) -> RebootCause {
        let mut boots = 0;
        for line in self.text.lines() {
            match line.split_ascii_whitespace().next() {
                Some("shutdown") => return RebootCause::CleanShutdown,
                Some("reboot") if boots == 1 => return RebootCause::PowerLoss,
                Some("reboot") => boots = 1,
                Some(_) | None => {}
            }
        }
        RebootCause::Unknown
    }
}

impl fmt::Display for TraceSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Last => f.write_str("last -x"),
            Self::Kernel => f.write_str("kernel log of the boot before"),
            Self::Pstore { name, .. } => write!(f, "pstore {name}"),
            Self::Watchdog => f.write_str("watchdog bootstatus"),
        }
    }
}

fn any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

const KEXEC: &[&str] = &["kexec_core: Starting new kernel", "kexec: Starting new kernel"];

/// What the kernel, or systemd on its log, says last when it is told to go down.
const GOING_DOWN: &[&str] = &[
    "systemd-shutdown[1]:",
    "reboot: Restarting system",
    "reboot: Power down",
    "reboot: System halted",
    "Preparing to enter system sleep state S5",
];

/// A shutdown is at the very end of a log.
const LAST_LINES: usize = 40;

/// Bytes kept of one source.
pub const TEXT: usize = 24 * 1024;

/// Characters kept of one line.
const LINE: usize = 400;

#[cfg(test)]
#[path = "cause_tests.rs"]
mod tests;
