//! `steadfast watch`: the servers of a service again and again, and what has changed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::app::say;
use crate::cli::args::{Globals, WatchArgs};
use crate::cli::commands::health::source::Source;
use crate::cli::commands::health::{code, table};
use crate::cli::compose::{self, Parts};
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::domain::health::{Level, Percent, Row, Status};
use crate::domain::moment::{Moment, Wall};
use crate::headless::jsonl;
use crate::ledger::record::Timestamp;

pub(in crate::cli) fn run(args: &WatchArgs, globals: &Globals) -> Result<u8, Failure> {
    compose::run(globals, |parts| async move {
        let source = Source::of(&args.source, &parts, Some(args.interval))?;
        let outcome = tokio::select! {
            outcome = watch(args, &parts, &source) => outcome,
            // Whoever has seen enough ends it so.
            _ = tokio::signal::ctrl_c() => Ok(0),
        };
        source.close().await;
        outcome
    })
}

async fn watch(args: &WatchArgs, parts: &Parts, source: &Source) -> Result<u8, Failure> {
    let mut memory = Memory::default();
    let live = std::io::stdout().is_terminal() && !args.source.json;
    let mut due = Instant::now();
    let mut round = 0;
    loop {
        tokio::time::sleep_until(due).await;
        due += args.interval;
        round += 1;
        let seen = source.rows().await;
        let now = parts.clock.now();
        let mut well = true;
        match seen {
            Ok(rows) => {
                let told = source.told(&rows);
                if let Some(told) = told.as_ref().filter(|_| round == 1 && !live) {
                    compose::say(told);
                }
                let seen = memory.see(rows, args, parts, source, now);
                well = !seen.is_empty() && seen.iter().all(|seen| seen.row.status == Status::Healthy);
                let screen = live.then(|| told.unwrap_or_default());
                show(&seen, args, now.wall, screen.as_deref(), parts)?;
            }
            // The list may be there again the next time.
            Err(failure) if round == 1 || args.count == Some(round) => return Err(failure),
            Err(Failure::Expected { message, .. }) => compose::say(&message),
            Err(failure @ (Failure::Configuration(_) | Failure::Unexpected(_))) => return Err(failure),
        }
        // A round that took too long is not made up for: between two readings of a host is the interval.
        if due <= Instant::now() {
            due = Instant::now() + args.interval;
        }
        if args.count == Some(round) {
            return Ok(code(&args.source, well));
        }
    }
}

/// What was seen before.
#[derive(Default)]
struct Memory {
    /// The services of each server: one that hangs later is missed here.
    services: BTreeMap<String, Vec<String>>,
    /// By server, of the one service.
    past: BTreeMap<String, Past>,
}

struct Past {
    level: Level,
    cpu: Option<Percent>,
    memory: Option<Percent>,
}

/// A row, and what it was.
struct Seen {
    row: Row,
    was: Option<Status>,
    cpu: Trend,
    memory: Trend,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Trend {
    Same,
    Up,
    Down,
}

impl Trend {
    fn between(before: Option<Percent>, now: Option<Percent>) -> Self {
        match (before, now) {
            (Some(before), Some(now)) if before < now => Self::Up,
            (Some(before), Some(now)) if before > now => Self::Down,
            (Some(_), Some(_)) | (None, _) | (_, None) => Self::Same,
        }
    }

    fn glyph(self) -> char {
        match self {
            Self::Same => ' ',
            Self::Up => '▲',
            Self::Down => '▼',
        }
    }
}

impl Memory {
    fn see(&mut self, rows: Vec<Row>, args: &WatchArgs, parts: &Parts, source: &Source, now: Moment) -> Vec<Seen> {
        // Servers that are listed no more are forgotten: each round may name others.
        let listed: BTreeSet<String> = rows.iter().map(|row| row.server.clone()).collect();
        self.services.retain(|server, _| listed.contains(server));
        self.past.retain(|server, _| listed.contains(server));
        let mut rows: Vec<Row> = rows.into_iter().flat_map(|row| self.named(row)).collect();
        rows.retain(|row| row.service.as_ref() == Some(&args.service));
        let mut seen: Vec<Seen> = rows.into_iter().map(|row| self.compare(row, parts, source, now)).collect();
        seen.retain(|seen| table::matches(&seen.row, args.table.filter.as_deref()));
        let mut order: Vec<Row> = seen.iter().map(|seen| seen.row.clone()).collect();
        table::sort(&mut order, args.table.sort);
        seen.sort_by_cached_key(|seen| order.iter().position(|row| row.server == seen.row.server));
        seen
    }

    /// A server that does not answer still has the services it had.
    fn named(&mut self, row: Row) -> Vec<Row> {
        match &row.service {
            Some(service) => {
                let known = self.services.entry(row.server.clone()).or_default();
                if !known.contains(service) && known.len() < SERVICES {
                    known.push(service.clone());
                }
                vec![row]
            }
            None => match self.services.get(&row.server) {
                Some(known) => {
                    known.iter().map(|service| Row { service: Some(service.clone()), ..row.clone() }).collect()
                }
                None => vec![row],
            },
        }
    }

    fn compare(&mut self, mut row: Row, parts: &Parts, source: &Source, now: Moment) -> Seen {
        let thresholds = source.rules.thresholds(row.service.as_deref());
        let steadiness = parts.setup.config.health.steadiness;
        let new = || Past { level: Level::new(steadiness), cpu: None, memory: None };
        let past = self.past.entry(row.server.clone()).or_insert_with(new);
        let change = past.level.handle_reading(thresholds, row.cpu, row.memory, row.running.as_ref(), now.mono);
        row.status = past.level.status();
        let trends = (Trend::between(past.cpu, row.cpu), Trend::between(past.memory, row.memory));
        (past.cpu, past.memory) = (row.cpu.or(past.cpu), row.memory.or(past.memory));
        Seen { was: change.map(|change| change.from), cpu: trends.0, memory: trends.1, row }
    }
}

/// `screen`: in place, and below the first line says this.
fn show(seen: &[Seen], args: &WatchArgs, at: Wall, screen: Option<&str>, parts: &Parts) -> Result<u8, Failure> {
    if args.source.json {
        let record = |seen: &Seen| {
            jsonl::line(&Record { at: at.into(), was: seen.was.map(Status::word), row: (&seen.row).into() })
        };
        return output::print(seen.iter().map(record).collect::<String>());
    }
    let time = say::date_time(at, compose::utc_offset(at));
    if let Some(told) = screen {
        return output::print(frame(seen, args, &time, told, parts.setup.color.stdout()));
    }
    if seen.is_empty() {
        return output::print(format!("{time} no server that answered has {}\n", say::clean(&args.service)));
    }
    output::print(seen.iter().map(|seen| line(seen, &time)).collect::<String>())
}

/// One server in one line, for files and pipes.
fn line(seen: &Seen, time: &str) -> String {
    let Seen { row, was, .. } = seen;
    let was = was.map(|was| format!(" (was {was})")).unwrap_or_default();
    let why = table::why(row);
    let why = if why.is_empty() { why } else { format!(" - {}", say::clean(&why)) };
    let (cpu, memory) = (table::percent(row.cpu), table::percent(row.memory));
    format!("{time} {} {}{was} cpu {cpu} memory {memory}{why}\n", say::clean(&row.server), row.status)
}

/// The whole screen: from its corner, each line to its end, the rest empty. No flicker, no scrolling.
fn frame(seen: &[Seen], args: &WatchArgs, time: &str, told: &str, color: bool) -> String {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok();
    let (columns, lines) = size.map_or((80, 24), |size| (usize::from(size.ws_col), usize::from(size.ws_row)));
    let healthy = seen.iter().filter(|seen| seen.row.status == Status::Healthy).count();
    let every =
        humantime::format_duration(Duration::from_millis(u64::try_from(args.interval.as_millis()).unwrap_or(u64::MAX)));
    let mut text = vec![
        format!("{}  {healthy}/{} healthy  {time}  every {every}", say::clean(&args.service), seen.len()),
        told.to_owned(),
    ];
    if seen.is_empty() {
        text.push("no server that answered has it".into());
    } else {
        text.extend(rows(seen).lines().map(str::to_owned));
    }
    let room = lines.max(4) - 1;
    if text.len() > room {
        let hidden = text.len() - room + 1;
        text.truncate(room - 1);
        text.push(format!("… {hidden} more"));
    }
    let body: String = text
        .iter()
        .map(|line| {
            let line: String = line.chars().take(columns.max(20)).collect();
            table::colored(line, color) + "\u{1b}[K\r\n"
        })
        .collect();
    format!("\u{1b}[H{body}\u{1b}[J")
}

fn rows(seen: &[Seen]) -> String {
    let mut table = table::empty(&["", "server", "status", "cpu", "memory", ""], 3..5);
    for Seen { row, was, cpu, memory } in seen {
        let mark = if was.is_some() { "*" } else { "" };
        let was = was.map(|was| format!(" (was {was})")).unwrap_or_default();
        table.add_row([
            mark.to_owned(),
            say::clean(&row.server).into_owned(),
            table::status(row.status) + &was,
            format!("{} {}", table::percent(row.cpu), cpu.glyph()),
            format!("{} {}", table::percent(row.memory), memory.glyph()),
            say::clean(&table::why(row)).into_owned(),
        ]);
    }
    table.trim_fmt()
}

/// A row at a time, as programs read it.
#[derive(Serialize)]
struct Record<'a> {
    at: Timestamp,
    was: Option<&'static str>,
    #[serde(flatten)]
    row: table::Record<'a>,
}

/// Services remembered of one server.
const SERVICES: usize = 500;
