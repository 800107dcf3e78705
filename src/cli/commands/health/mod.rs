//! `steadfast services`, `status`, `unhealthy-services` and `watch`: one survey, shown; and `health`, what
//! a supervisor sampled.

mod held;
pub(in crate::cli) mod past;
mod source;
mod table;
mod vitals;
pub(in crate::cli) mod watch;

use crate::cli::args::{Globals, ServicesArgs, SourceArgs, StatusArgs, UnhealthyArgs};
use crate::cli::commands::health::source::Source;
use crate::cli::compose::{self, Parts};
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::config::closest;
use crate::domain::health::{Row, Rules, Status, Summary, short_of, summaries};
use crate::headless::jsonl;

pub(in crate::cli) fn services(args: &ServicesArgs, globals: &Globals) -> Result<u8, Failure> {
    compose::run(globals, |parts| async move {
        let (mut rows, _) = survey(&args.source, &parts).await?;
        let now = parts.clock.now().wall;
        rows.retain(|row| table::matches(row, args.table.filter.as_deref()));
        table::sort(&mut rows, args.table.sort);
        if args.source.json {
            output::print(rows.iter().map(|row| jsonl::line(&table::Record::from(row))).collect::<String>())?;
        } else {
            if rows.is_empty() {
                compose::say("nothing to show");
            }
            output::print(table::servers(&rows, args.wide, now, parts.setup.color.stdout()))?;
        }
        Ok(code(&args.source, rows.iter().all(|row| row.status == Status::Healthy)))
    })
}

pub(in crate::cli) fn status(args: &StatusArgs, globals: &Globals) -> Result<u8, Failure> {
    compose::run(globals, |parts| async move {
        let (rows, rules) = survey(&args.source, &parts).await?;
        silent(&rows);
        let summaries = summaries(&rows, &rules);
        let Some(summary) = summaries.iter().find(|summary| summary.service == args.service) else {
            return Err(absent(&args.service, &summaries));
        };
        show(std::slice::from_ref(summary), &args.source, &parts)?;
        Ok(code(&args.source, summary.status == Status::Healthy))
    })
}

pub(in crate::cli) fn unhealthy(args: &UnhealthyArgs, globals: &Globals) -> Result<u8, Failure> {
    compose::run(globals, |parts| async move {
        let (rows, rules) = survey(&args.source, &parts).await?;
        silent(&rows);
        let mut short = short_of(args.min_healthy, summaries(&rows, &rules));
        short.retain(|summary| table::contains(&summary.service, args.table.filter.as_deref()));
        table::sort_summaries(&mut short, args.table.sort);
        if short.is_empty() && !args.source.json {
            compose::say(&format!("every service has {} healthy servers or more", args.min_healthy));
        }
        show(&short, &args.source, &parts)?;
        Ok(code(&args.source, short.is_empty()))
    })
}

/// One look at everything.
async fn survey(args: &SourceArgs, parts: &Parts) -> Result<(Vec<Row>, Rules), Failure> {
    let source = Source::of(args, parts, None)?;
    let rows = source.rows().await;
    source.close().await;
    let rows = rows?;
    if let Some(told) = source.told(&rows) {
        compose::say(&told);
    }
    Ok((rows, source.rules))
}

fn show(summaries: &[Summary], args: &SourceArgs, parts: &Parts) -> Result<u8, Failure> {
    if args.json {
        return output::print(
            summaries.iter().map(|summary| jsonl::line(&table::SummaryRecord::from(summary))).collect::<String>(),
        );
    }
    output::print(table::services(summaries, parts.clock.now().wall, parts.setup.color.stdout()))
}

/// Sums do not show who said nothing: a line each, the first of them.
fn silent(rows: &[Row]) {
    let mut silent = rows.iter().filter(|row| row.service.is_none());
    for row in silent.by_ref().take(SILENT) {
        compose::say(&format!("{}: {}", row.server, table::why(row)));
    }
    let more = silent.count();
    if more > 0 {
        compose::say(&format!("and {more} more of which no service is known; `steadfast services` shows all"));
    }
}

fn absent(service: &str, summaries: &[Summary]) -> Failure {
    let known = summaries.iter().map(|summary| summary.service.as_str());
    let meant = closest(service, known).map(|meant| format!("did you mean {meant}?"));
    Failure::new(exit::FAILURE, format!("no server that answered has the service {service:?}")).maybe_hint(meant)
}

fn code(args: &SourceArgs, well: bool) -> u8 {
    if args.fail_if_unhealthy && !well { exit::FAILURE } else { exit::SUCCESS }
}

/// Lines about servers that said nothing.
const SILENT: usize = 10;
