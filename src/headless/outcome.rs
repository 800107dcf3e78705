//! How following ended, and the table of it.

use std::time::Duration;

use comfy_table::{CellAlignment, Table};

use crate::app::say;
use crate::domain::diagnosis::Cause;
use crate::domain::id::{HostId, RunId};
use crate::domain::link::Hold;
use crate::domain::run::{Faults, Outcome as Told, Verdict};
use crate::headless::seat::Wanted;

/// Everything that was followed, in the order it was asked for.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome {
    pub left: Left,
    pub runs: Vec<RunOutcome>,
}

/// Why following ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Left {
    /// There is nothing left to wait for.
    Over,
    /// By the operator, or by a signal (`quiet`).
    Detached { quiet: bool },
    /// Nobody reads our output any more.
    ReaderGone,
    /// The supervisor that held the ledger is gone: somebody has to take over.
    Orphaned,
}

/// One run.
#[derive(Clone, PartialEq, Debug)]
pub struct RunOutcome {
    pub run: RunId,
    pub host: HostId,
    pub how: How,
    /// What the host counted of its own faults during the latest attempt.
    pub faults: Faults,
    /// It is known to be on its host, or to have been there.
    pub started: bool,
    pub attempts: usize,
    pub duration: Option<Duration>,
    /// Output shown or passed over.
    pub bytes: u64,
    pub reconnects: u32,
    pub reboots: u32,
    /// Lines of output of the latest attempt that matched an alarm pattern.
    pub alarms: u64,
    /// How far it was, in thousandths, when that was last known.
    pub progress: Option<u16>,
    /// How to go on with it.
    pub resume: Wanted,
}

/// What became of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum How {
    Ended(Verdict),
    /// It goes on, or will.
    Going,
    /// Its host is not tried again before the operator says so.
    Refused(Option<Cause>),
    NoContact(Option<Cause>),
    /// It was to be stopped, and this is left of it.
    Withstood(Vec<String>),
}

impl How {
    /// `: marked dead by you; reconnect takes it back`, where the operator wanted its host left alone.
    pub(super) fn hold_words(&self) -> String {
        let cause = match self {
            Self::NoContact(cause) | Self::Refused(cause) => cause.as_ref(),
            Self::Ended(_) | Self::Going | Self::Withstood(_) => None,
        };
        let held = cause.filter(|cause| Hold::ALL.iter().any(|hold| hold.cause() == **cause));
        held.map(|cause| format!(": {cause}; {}", cause.next_step().unwrap_or_default())).unwrap_or_default()
    }

    fn words(&self, started: bool, faults: &Faults) -> String {
        match self {
            Self::Ended(verdict) => Told(verdict, faults).to_string(),
            Self::Going if started => "goes on".into(),
            Self::Going => "not started".into(),
            Self::Refused(_) => "host refused".into(),
            Self::NoContact(_) => "no contact".into(),
            Self::Withstood(_) => "still there".into(),
        }
    }
}

impl RunOutcome {
    fn words(&self) -> String {
        let words = self.how.words(self.started, &self.faults);
        match (&self.how, self.progress) {
            (How::Going, Some(permille)) => format!("{words}, {}", say::progress(permille, None)),
            (How::Going, None) | (How::Ended(_) | How::Refused(_) | How::NoContact(_) | How::Withstood(_), _) => words,
        }
    }
}

/// For several runs, at the end.
#[must_use]
pub fn table(runs: &[RunOutcome], code: impl Fn(&How) -> Option<u8>) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    // Only where there is something to tell.
    let alarms = runs.iter().any(|run| run.alarms > 0);
    let mut header = vec!["host", "run", "verdict", "code", "duration", "output", "reconnects", "reboots"];
    header.extend(alarms.then_some("alarms"));
    table.set_header(header);
    for run in runs {
        let code = code(&run.how).map(|code| code.to_string()).unwrap_or_default();
        let mut row = vec![
            say::clean(run.host.as_str()).into_owned(),
            run.run.to_string(),
            say::clean(&run.words()).into_owned(),
            code,
            run.duration.map(say::duration).unwrap_or_default(),
            say::bytes(run.bytes),
            run.reconnects.to_string(),
            run.reboots.to_string(),
        ];
        row.extend(alarms.then(|| run.alarms.to_string()));
        table.add_row(row);
    }
    for place in 3..9 {
        if let Some(column) = table.column_mut(place) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    // Without blanks at the ends of lines.
    table.trim_fmt() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::Lengths;
    use crate::domain::id::Attempt;
    use crate::domain::run::{Fault, Growth, Killer, TimeLimit};

    fn outcome(random: u64, host: &str, how: How, bytes: u64) -> RunOutcome {
        let (run, host) = (RunId::from_random(random), HostId::parse(host).expect("a name"));
        let resume = Wanted { run, host: host.clone(), first: Attempt::FIRST, from: Lengths::default() };
        let duration = (bytes > 0).then(|| Duration::from_secs(bytes / 100));
        RunOutcome {
            run,
            host,
            how,
            faults: Faults::default(),
            started: bytes > 0,
            attempts: 1,
            duration,
            bytes,
            reconnects: 2,
            reboots: 0,
            alarms: 0,
            progress: None,
            resume,
        }
    }

    #[test]
    fn the_table_says_what_became_of_each() {
        let ended = |verdict| How::Ended(verdict);
        let mut runs = [
            outcome(1, "db1", ended(Verdict::Finished { code: 0 }), 1_234_567),
            outcome(2, "a-host-with-a-long-name", ended(Verdict::Killed { signal: 9, by: Killer::OutOfMemory }), 12),
            outcome(3, "x", ended(Verdict::TimedOut { limit: TimeLimit::Idle }), 99_999),
            outcome(4, "y", How::NoContact(None), 0),
            outcome(5, "z", How::Going, 5_000),
        ];
        runs[0].faults.add(Fault::MemoryCorrected, Growth::By(3));
        let code = |how: &How| match how {
            How::Ended(Verdict::Finished { .. }) => Some(0),
            How::Ended(_) | How::NoContact(_) => Some(137),
            How::Going | How::Refused(_) | How::Withstood(_) => None,
        };
        insta::assert_snapshot!(table(&runs, code));
    }
}
