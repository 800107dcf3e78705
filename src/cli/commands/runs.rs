//! `steadfast runs`: what the ledger knows; nobody is asked.

use std::time::Duration;

use comfy_table::{CellAlignment, Table};
use serde::Serialize;

use crate::app::say;
use crate::cli::args::{Globals, RunsArgs};
use crate::cli::commands::names;
use crate::cli::compose;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::setup::Setup;
use crate::clock::SystemClock;
use crate::domain::fleet::{AlarmView, AttemptView, ProgressView, RunView};
use crate::domain::id::AttemptId;
use crate::domain::moment::Wall;
use crate::domain::run::{Faults, Outcome, Phase, Stream, Verdict};
use crate::headless::jsonl;
use crate::ledger::Ledger;
use crate::ledger::record::{FaultsRecord, Timestamp, VerdictRecord, millis};
use crate::port::Clock;

pub(in crate::cli) fn run(args: &RunsArgs, globals: &Globals) -> Result<u8, Failure> {
    let setup = Setup::load(globals)?;
    let now = SystemClock.now().wall;
    let Some(ledger) = compose::look(&setup)? else {
        compose::say("there is no run yet; `steadfast run -H HOST -- COMMAND` starts one");
        return output::print("");
    };
    let fleet = ledger.restore(now).map_err(compose::ledger_failure)?;
    let wanted = |run: &&RunView| {
        let of_host = args.hosts.is_empty() || args.hosts.iter().any(|hosts| hosts.0.contains(&run.host));
        of_host && !(args.active && run.is_over())
    };
    let rows: Vec<Row> =
        names::latest_first(&fleet).into_iter().filter(wanted).map(|run| Row::of(run, &ledger, now)).collect();
    if args.json {
        return output::print(rows.iter().map(|row| jsonl::line(&RunRecord::from(row))).collect::<String>());
    }
    if rows.is_empty() {
        compose::say(if args.active { "no run is going on" } else { "there is no run yet" });
    }
    output::print(table(&rows, compose::utc_offset))
}

/// One run as it is listed.
struct Row {
    run: String,
    host: String,
    title: String,
    phase: Phase,
    faults: Faults,
    cancelling: bool,
    requested: Wall,
    started: Option<Wall>,
    duration: Option<Duration>,
    /// In which the host was not seen for a reason of ours, in the latest attempt.
    blind: Duration,
    bytes: u64,
    attempts: usize,
    retry_at: Option<Wall>,
    alarms: Vec<AlarmView>,
    progress: Option<ProgressView>,
}

impl Row {
    fn of(run: &RunView, ledger: &Ledger, now: Wall) -> Self {
        let latest = run.latest();
        let phase = latest.map_or(Phase::Requested, |latest| latest.phase.clone());
        let end = match phase {
            Phase::Ended { at, .. } => at,
            Phase::Requested | Phase::Running | Phase::Ending => now,
        };
        let started = latest.and_then(|latest| latest.started_at);
        Self {
            run: run.id.to_string(),
            host: run.host.to_string(),
            title: run.spec.title().to_owned(),
            phase,
            faults: latest.map(|latest| latest.faults.clone()).unwrap_or_default(),
            cancelling: latest.is_some_and(|latest| latest.cancelling),
            requested: run.requested_at(),
            started,
            duration: started.map(|started| end.since(started)),
            blind: latest.map(|latest| latest.blind).unwrap_or_default(),
            bytes: latest.map_or(0, |latest| bytes(run, latest, ledger)),
            attempts: run.attempts.len(),
            retry_at: latest.and_then(|latest| latest.retry_at),
            alarms: latest.map(|latest| latest.alarms.clone()).unwrap_or_default(),
            progress: latest.and_then(|latest| latest.progress.clone()),
        }
    }

    fn hits(&self) -> u64 {
        self.alarms.iter().map(|alarm| alarm.hit.hits).sum()
    }

    /// Told by a glyph and a word.
    fn state(&self) -> String {
        let (glyph, word) = match &self.phase {
            Phase::Requested => ("◌", "requested".into()),
            Phase::Running if self.cancelling => ("●", "being stopped".into()),
            Phase::Running => match &self.progress {
                Some(progress) => ("●", format!("running, {}", say::progress(progress.permille, None))),
                None => ("●", "running".into()),
            },
            Phase::Ending => ("◐", "ending".into()),
            Phase::Ended { verdict, .. } => {
                let glyph = match (verdict, self.faults.alarm()) {
                    (Verdict::Finished { code: 0 }, None) => "✓",
                    (Verdict::Finished { code: 0 }, Some(_)) => "⚠",
                    (_, _) => "✗",
                };
                (glyph, Outcome(verdict, &self.faults).to_string())
            }
        };
        let again = if self.retry_at.is_some() && self.phase.is_over() { ", again later" } else { "" };
        format!("{glyph} {}{again}", say::clean(&word))
    }
}

/// What is here of the latest attempt.
fn bytes(run: &RunView, latest: &AttemptView, ledger: &Ledger) -> u64 {
    if let Some(lengths) = latest.lengths {
        return lengths.out + lengths.err;
    }
    let id = AttemptId { run: run.id, attempt: latest.attempt };
    let size = |stream: &Stream| std::fs::metadata(ledger.log_path(id, *stream)).map_or(0, |file| file.len());
    run.spec.io.streams().iter().map(size).sum()
}

fn table(rows: &[Row], utc_offset: fn(Wall) -> i32) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    // Only where there is something to tell.
    let alarms = rows.iter().any(|row| row.hits() > 0);
    let mut header = vec!["run", "host", "what", "state", "started", "duration", "output", "attempts"];
    let blind = rows.iter().any(|row| !row.blind.is_zero());
    header.extend(alarms.then_some("alarms"));
    header.extend(blind.then_some("blind"));
    table.set_header(header);
    for row in rows {
        let at = row.started.unwrap_or(row.requested);
        let mut cells = vec![
            row.run.clone(),
            say::clean(&row.host).into_owned(),
            shortened(&say::clean(&row.title), TITLE),
            shortened(&row.state(), STATE),
            say::date_time(at, utc_offset(at)),
            row.duration.map(say::duration).unwrap_or_default(),
            say::bytes(row.bytes),
            row.attempts.to_string(),
        ];
        cells.extend(alarms.then(|| row.hits().to_string()));
        let unseen = if row.blind.is_zero() { String::new() } else { say::duration(row.blind) };
        cells.extend(blind.then_some(unseen));
        table.add_row(cells);
    }
    for place in 5..10 {
        if let Some(column) = table.column_mut(place) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt() + "\n"
}

fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    text.chars().take(limit - 1).chain(std::iter::once('…')).collect()
}

/// A run as programs read it.
#[derive(Serialize)]
struct RunRecord<'a> {
    run: &'a str,
    host: &'a str,
    title: &'a str,
    phase: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<VerdictRecord>,
    /// Of hardware, counted by the host during the latest attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    faults: Option<FaultsRecord>,
    requested_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    /// Of the latest attempt: not seen for a reason of ours (own network, sleep, no supervisor).
    #[serde(skip_serializing_if = "Option::is_none")]
    blind_ms: Option<u64>,
    bytes: u64,
    attempts: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<Timestamp>,
    /// Lines of output that matched a pattern, of the latest attempt.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    alarms: Vec<AlarmRecord<'a>>,
    /// 0 to 1, when it was last written down.
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
}

/// One pattern; place and words of the last line.
#[derive(Serialize)]
struct AlarmRecord<'a> {
    pattern: &'a str,
    stream: &'static str,
    hits: u64,
    first_at: Timestamp,
    last_at: Timestamp,
    offset: u64,
    line: &'a str,
}

impl<'a> From<&'a AlarmView> for AlarmRecord<'a> {
    fn from(alarm: &'a AlarmView) -> Self {
        Self {
            pattern: &alarm.hit.pattern,
            stream: alarm.hit.stream.word(),
            hits: alarm.hit.hits,
            first_at: alarm.first_at.into(),
            last_at: alarm.last_at.into(),
            offset: alarm.hit.offset,
            line: &alarm.hit.line,
        }
    }
}

impl<'a> From<&'a Row> for RunRecord<'a> {
    fn from(row: &'a Row) -> Self {
        let phase = match row.phase {
            Phase::Requested => "requested",
            Phase::Running => "running",
            Phase::Ending => "ending",
            Phase::Ended { .. } => "ended",
        };
        Self {
            run: &row.run,
            host: &row.host,
            title: &row.title,
            phase,
            verdict: row.phase.verdict().cloned().map(Into::into),
            faults: (!row.faults.is_unknown()).then(|| (&row.faults).into()),
            requested_at: row.requested.into(),
            started_at: row.started.map(Into::into),
            duration_ms: row.duration.map(millis),
            blind_ms: (!row.blind.is_zero()).then(|| millis(row.blind)),
            bytes: row.bytes,
            attempts: row.attempts,
            retry_at: row.retry_at.map(Into::into),
            alarms: row.alarms.iter().map(Into::into).collect(),
            progress: row.progress.as_ref().map(|progress| f64::from(progress.permille) / 1000.0),
            status: row.progress.as_ref().and_then(|progress| progress.status.as_deref()),
        }
    }
}

/// Longer titles end in `…`.
const TITLE: usize = 40;

/// So do longer verdicts: a host's own words may be long. `--json` has them whole.
const STATE: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::{Fault, Growth};

    fn row(run: &str, title: &str, phase: Phase) -> Row {
        Row {
            run: run.into(),
            host: "db1".into(),
            title: title.into(),
            phase,
            faults: Faults::default(),
            cancelling: false,
            requested: Wall(1_794_664_982_000),
            started: Some(Wall(1_794_664_983_000)),
            duration: Some(Duration::from_secs(11_220)),
            blind: Duration::ZERO,
            bytes: 34_567_890,
            attempts: 1,
            retry_at: None,
            alarms: Vec::new(),
            progress: None,
        }
    }

    #[test]
    fn a_state_is_a_glyph_and_a_word() {
        let ended = |verdict| Phase::Ended { verdict, at: Wall(1_794_664_999_000) };
        let mut again = row("3hkq000000", "soak", ended(Verdict::Finished { code: 3 }));
        again.retry_at = Some(Wall(1));
        let mut failing = row("5aaa000000", "burnin", ended(Verdict::Finished { code: 0 }));
        failing.faults.add(Fault::ThermalCore, Growth::By(12));
        let rows = [
            row("7h2k000000", "stress-ng --cpu 0 --timeout 72h --metrics | tee /tmp/log", Phase::Running),
            row("4d9f000000", "make\x1b[2J test", ended(Verdict::Finished { code: 0 })),
            again,
            failing,
        ];
        insta::assert_snapshot!(table(&rows, |_| 0));
        let reason = "the disk is full and so is the spare place, ".repeat(20);
        let long = row("5jkq000000", "soak", ended(Verdict::NotStarted { reason: reason.clone() }));
        assert!(table(std::slice::from_ref(&long), |_| 0).lines().all(|line| line.chars().count() < 200));
        assert!(jsonl::line(&RunRecord::from(&long)).contains(reason.trim_end()));
        let line = jsonl::line(&RunRecord::from(&rows[2]));
        let counted = jsonl::line(&RunRecord::from(&rows[3]));
        assert!(counted.contains(r#""faults":{"thermal_core":12}"#), "{counted}");
        assert!(!line.contains("faults") && !line.contains("blind"), "{line}");
        assert!(line.contains(r#""phase":"ended""#) && line.contains(r#""verdict":"#), "{line}");
    }

    #[test]
    fn blind_time_is_told_where_there_was_some() {
        let mut unseen = row("7h2k000000", "soak", Phase::Running);
        unseen.blind = Duration::from_secs(25);
        let seen = row("4d9f000000", "soak", Phase::Running);
        let json = jsonl::line(&RunRecord::from(&unseen));
        assert!(json.contains(r#""blind_ms":25000"#), "{json}");
        let text = table(&[unseen, seen], |_| 0);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        assert!(lines[0].ends_with("blind") && lines[1].ends_with("25s") && lines[2].ends_with('1'), "{text}");
    }
}
