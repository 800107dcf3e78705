//! `steadfast log`: what is on our disk; no host is asked, and no supervisor is started.

mod alarms;

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use crate::app::output::PlainText;
use crate::app::say;
use crate::cli::args::{Globals, LogArgs};
use crate::cli::commands::names;
use crate::cli::compose;
use crate::cli::failure::Failure;
use crate::cli::setup::Setup;
use crate::cli::{exit, output};
use crate::clock::SystemClock;
use crate::domain::event::{BootFact, Event, Fact, OutputMark};
use crate::domain::fleet::{AttemptView, Fleet, RunView};
use crate::domain::id::{Attempt, AttemptId, Seq};
use crate::domain::moment::Wall;
use crate::domain::run::{Phase, Stream};
use crate::domain::system::sentence;
use crate::headless::{self, LogPrinter};
use crate::ledger::{Destination, Ledger, SaveError};
use crate::port::Clock;

pub(in crate::cli) fn run(args: &LogArgs, globals: &Globals) -> Result<u8, Failure> {
    let setup = Setup::load(globals)?;
    let now = SystemClock.now().wall;
    let (ledger, fleet) = fleet(&setup, now)?;
    let run = names::find(&fleet, &args.run)?;
    let attempt = args.attempt().or(run.latest().map(|latest| latest.attempt)).unwrap_or(Attempt::FIRST);
    let id = AttemptId { run: run.id, attempt };
    let Some(view) = fleet.attempt(id) else {
        return Err(Failure::new(exit::FAILURE, format!("run {} has no attempt {attempt}", run.id)));
    };
    if args.evidence {
        return output::print(evidence(&ledger, run, view)?);
    }
    let stream = if args.stderr { Stream::Err } else { Stream::Out };
    if args.stderr && !run.spec.io.streams().contains(&Stream::Err) {
        compose::say("this run has a terminal: its stderr is in its output");
    }
    let path = ledger.log_path(id, stream);
    if args.alarms {
        let places = ledger.alarms(id, stream).map_err(compose::ledger_failure)?;
        let hits =
            view.alarms.iter().filter(|alarm| alarm.hit.stream == stream).map(|alarm| alarm.hit.hits).sum::<u64>();
        if hits > places.len() as u64 {
            compose::say(&format!("{hits} lines in all; places are kept of the first of each pattern"));
        }
        return output::print(alarms::lines(&path, &places).map_err(|error| unread(id, &error))?);
    }
    let from = match args.tail {
        Some(lines) => headless::tail(&path, lines).map_err(|error| unread(id, &error))?,
        None => 0,
    };
    let marks = || ledger.marks(id, stream).map_err(std::io::Error::other);
    if let Some(to) = &args.output {
        return save(args, to, &path, from, if args.marks { marks() } else { Ok(Vec::new()) });
    }
    let clean = std::io::stdout().is_terminal() && !args.raw;
    let mut printer = LogPrinter::new(from, clean);
    let mut fleet = fleet.clone();
    output::write(|out| {
        let mut out = Plain::new(out, args.plain);
        loop {
            // Looked at before the log is read: what is in it then is all there will be.
            let over = fleet.attempt(id).is_none_or(|view| view.phase.is_over());
            if args.marks {
                printer.set_marks(marks()?);
            }
            printer.print(&path, &mut out)?;
            if over || !args.follow {
                printer.finish(&mut out)?;
                return out.finish().map(drop);
            }
            if ledger.holder().is_none() {
                compose::say("no steadfast fetches its output now: `steadfast attach` does");
                printer.finish(&mut out)?;
                return out.finish().map(drop);
            }
            std::thread::sleep(PACE);
            for event in ledger.events(fleet.seq, PAGE).map_err(std::io::Error::other)? {
                fleet.apply(&event);
            }
        }
    })
}

/// Into a file of the operator's, whole or not at all.
fn save(
    args: &LogArgs,
    to: &Path,
    path: &Path,
    from: u64,
    marks: std::io::Result<Vec<OutputMark>>,
) -> Result<u8, Failure> {
    let refused = |error: SaveError| {
        let failure = Failure::to(exit::FAILURE, &error);
        if matches!(error, SaveError::Exists(_)) { failure.hint("--force writes over it") } else { failure }
    };
    let out = Destination::create(to, args.force, path).map_err(refused)?;
    let mut printer = LogPrinter::new(from, false);
    let mut out = Plain::new(out, args.plain);
    let written = marks.and_then(|marks| {
        printer.set_marks(marks);
        printer.print(path, &mut out)?;
        printer.finish(&mut out)?;
        out.finish()
    });
    let source = |source| SaveError::Io { path: to.to_owned(), source };
    written.map_err(source).and_then(Destination::finish).map_err(refused)?;
    compose::say(&format!("saved {}", to.display()));
    Ok(0)
}

/// A writer that lets only text pass, if that is wanted.
struct Plain<W> {
    out: W,
    text: Option<PlainText>,
}

impl<W: Write> Plain<W> {
    fn new(out: W, plain: bool) -> Self {
        Self { out, text: plain.then(PlainText::default) }
    }

    /// Nothing more will come.
    fn finish(mut self) -> std::io::Result<W> {
        if let Some(text) = self.text.take() {
            let mut rest = Vec::new();
            text.finish(&mut rest);
            self.out.write_all(&rest)?;
        }
        self.out.flush()?;
        Ok(self.out)
    }
}

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match &mut self.text {
            None => self.out.write(bytes),
            Some(text) => {
                let mut plain = Vec::with_capacity(bytes.len());
                text.write(bytes, &mut plain);
                self.out.write_all(&plain)?;
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

/// The ledger and what it knows, for looking.
pub(super) fn fleet(setup: &Setup, now: Wall) -> Result<(Ledger, Fleet), Failure> {
    let ledger = compose::look(setup)?
        .ok_or_else(|| Failure::new(exit::FAILURE, format!("there is no run yet in {}", setup.state_dir.display())))?;
    let fleet = ledger.restore(now).map_err(compose::ledger_failure)?;
    Ok((ledger, fleet))
}

/// Everything that is here of an attempt and those after it: output to stdout, errors to stderr.
pub(super) fn print_whole(ledger: &Ledger, run: &RunView, first: Attempt) -> Result<(), Failure> {
    for attempt in run.attempts.iter().map(|view| view.attempt).filter(|attempt| *attempt >= first) {
        let id = AttemptId { run: run.id, attempt };
        for &stream in run.spec.io.streams() {
            let path = ledger.log_path(id, stream);
            let print = |clean: bool, out: &mut dyn Write| {
                let mut out = out;
                let mut printer = LogPrinter::new(0, clean);
                printer.print(&path, &mut out)?;
                printer.finish(&mut out)
            };
            match stream {
                Stream::Out => {
                    output::write(|out| print(std::io::stdout().is_terminal(), out))?;
                }
                // Nobody is left to tell when stderr is closed.
                Stream::Err => {
                    print(std::io::stderr().is_terminal(), &mut std::io::stderr()).ok();
                }
            }
        }
    }
    Ok(())
}

pub(super) fn unread(id: AttemptId, error: &std::io::Error) -> Failure {
    Failure::new(exit::FAILURE, format!("failed to read the log of {id}: {error}"))
}

/// How we know how it ended: what was asked for, what the host said, in order.
fn evidence(ledger: &Ledger, run: &RunView, view: &AttemptView) -> Result<String, Failure> {
    let id = AttemptId { run: run.id, attempt: view.attempt };
    let mut text = format!("run {id} on {}: {}\n", run.host, say::clean(run.spec.title()));
    let verdict = match &view.phase {
        Phase::Ended { verdict, .. } => format!("verdict: {verdict}\n"),
        Phase::Requested => "not known to be started\n".into(),
        Phase::Running => "running when last seen\n".into(),
        Phase::Ending => "ended on its host; the rest of its output is not here yet\n".into(),
    };
    text.push_str(&say::clean(verdict.trim_end()));
    text.push('\n');
    if let Some(faults) = view.faults.sentence() {
        text.push_str(&format!("hardware errors meanwhile: {faults}\n"));
    }
    if !view.blind.is_zero() {
        text.push_str(&format!("not seen for reasons of ours: {}\n", say::duration(view.blind)));
    }
    if let Some(started) = &view.started {
        let how = [
            format!("pid: {}", started.pid),
            format!("launcher: {}", started.launcher),
            format!("terminal: {}", started.terminal),
            format!("directory: {}", started.directory),
            format!("boot id: {}", started.boot.boot_id.as_deref().unwrap_or("unknown")),
        ];
        for line in how {
            text.push_str(&format!("{}\n", say::clean(&line)));
        }
    }
    text.push_str("\nevents:\n");
    let mut after = Seq(0);
    let mut boots = Boots::default();
    loop {
        let page = ledger.events(after, PAGE).map_err(compose::ledger_failure)?;
        let Some(last) = page.last().map(|event| event.seq) else { break };
        for event in &page {
            if is_about(event, id) || boots.takes(event, run, view) {
                text.push_str(&headless::jsonl::event(event));
            }
        }
        after = last;
    }
    text.push_str(&boots.told);
    Ok(text)
}

/// The boots of its host while it was there, and what they left.
#[derive(Default)]
struct Boots {
    /// A reboot of then was the last: the evidence that follows is its own.
    open: bool,
    told: String,
}

impl Boots {
    fn takes(&mut self, event: &Event, run: &RunView, view: &AttemptView) -> bool {
        let Fact::Boot(fact) = &event.fact else { return false };
        if event.host.as_ref() != Some(&run.host) {
            return false;
        }
        let end = match &view.phase {
            // Its end may be told a moment before the reboot that was the reason.
            Phase::Ended { at, .. } => *at + END_SLACK,
            Phase::Requested | Phase::Running | Phase::Ending => Wall(i64::MAX),
        };
        let then = event.at >= view.requested_at && event.at <= end;
        let at = |at: &Wall| say::date_time(*at, 0);
        match fact {
            BootFact::Identified(_) => false,
            BootFact::System { now, before } => {
                if let Some(before) = before.as_ref().filter(|_| then) {
                    let changes = sentence(&before.changes(now));
                    self.told.push_str(&format!("not as it was: {}\n", say::clean(&changes)));
                }
                then && before.is_some()
            }
            BootFact::Reverted { not_before, .. } => {
                if then {
                    let window = format!("between {} and {} UTC", at(not_before), at(&event.at));
                    self.told.push_str(&format!("\nthe host went back to a snapshot, {window}\n"));
                }
                then
            }
            BootFact::Rebooted { not_before, .. } => {
                self.open = then;
                if then {
                    let window = format!("between {} and {} UTC", at(not_before), at(&event.at));
                    self.told.push_str(&format!("\nthe host rebooted, {window}\n"));
                }
                then
            }
            BootFact::Evidence { cause, texts } => {
                let open = std::mem::take(&mut self.open);
                if open {
                    self.told.push_str(&format!("cause: {}\n", cause.word()));
                    for (source, lines) in texts {
                        self.told.push_str(&format!("{}:\n", say::clean(source)));
                        lines.lines().for_each(|line| self.told.push_str(&format!("  {}\n", say::clean(line))));
                    }
                }
                open
            }
        }
    }
}

/// Facts of one host come within this much of each other.
const END_SLACK: Duration = Duration::from_secs(60);

fn is_about(event: &Event, id: AttemptId) -> bool {
    match &event.fact {
        Fact::Run { id: of, .. } | Fact::Output { id: of, .. } => *of == id,
        Fact::Link(_)
        | Fact::Network { .. }
        | Fact::Boot(_)
        | Fact::Health(_)
        | Fact::Operator(_)
        | Fact::Supervisor(_) => false,
    }
}

/// How often a log that is followed is looked at.
const PACE: Duration = Duration::from_millis(150);

/// Events read at a time.
const PAGE: usize = 1000;
