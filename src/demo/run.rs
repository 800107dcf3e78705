//! One execution of a command on a simulated machine.

use std::sync::Arc;
use std::time::Duration;

use super::machine::Boot;
use super::program::{End, Program};
use super::spool::Spool;
use super::time::Now;
use crate::domain::run::Stream;

/// How it was asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Launch {
    pub(super) command: String,
    pub(super) title: String,
    /// A terminal: one stream, and newlines as terminals write them.
    pub(super) pty: bool,
    /// Bytes of output kept per stream.
    pub(super) limit: u64,
}

#[derive(Debug)]
pub(super) struct Run {
    launch: Launch,
    program: Arc<Program>,
    out: Spool,
    /// Kept apart when there is no terminal.
    err: Option<(Arc<Program>, Spool)>,
    boot: Boot,
    pid: u32,
    started: Now,
    /// Asked for by the operator.
    cancel: Option<String>,
    /// When something from outside ends it, and what.
    stop: Option<(Duration, Stop)>,
    exit: Option<Exit>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stop {
    Terminated,
    /// The machine went down: there will be no exit record.
    PowerLost,
}

/// The exit record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Exit {
    end: Ended,
    /// Seconds since 1970-01-01 UTC.
    at: i64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ended {
    Code(i32),
    Terminated,
    OutOfMemory,
}

impl Run {
    pub(super) fn new(launch: Launch, seed: u64, boot: Boot, pid: u32, now: Now) -> Self {
        let program = Arc::new(Program::of(&launch.command, seed, launch.pty));
        let err = (!launch.pty).then(|| Arc::new(Program::complaints(seed)));
        let out = Spool::new(Arc::clone(&program));
        let err = err.map(|program| (Arc::clone(&program), Spool::new(program)));
        Self { launch, program, out, err, boot, pid, started: now, cancel: None, stop: None, exit: None }
    }

    pub(super) fn command(&self) -> &str {
        &self.launch.command
    }

    /// Brings output and end up to `now`.
    pub(super) fn settle(&mut self, now: Now) {
        if self.exit.is_some() {
            return;
        }
        let mut elapsed = now.sim.saturating_sub(self.started.sim);
        let stop =
            self.stop.map(|(at, stop)| (at.saturating_sub(self.started.sim), stop)).filter(|(at, _)| *at <= elapsed);
        elapsed = stop.map_or(elapsed, |(at, _)| at);
        let end = self.program.ends().filter(|(at, _)| *at <= elapsed);
        elapsed = end.map_or(elapsed, |(at, _)| at);

        let mut complete = self.out.grow(self.program.count(elapsed));
        self.out.enforce(self.launch.limit);
        if let Some((program, spool)) = &mut self.err {
            complete &= spool.grow(program.count(elapsed));
            spool.enforce(self.launch.limit);
        }
        let ended = match (end, stop) {
            (Some((_, End::Code(code))), _) => Ended::Code(code),
            (Some((_, End::OutOfMemory)), _) => Ended::OutOfMemory,
            (None, Some((_, Stop::Terminated))) => Ended::Terminated,
            (None, Some((_, Stop::PowerLost)) | None) => return,
        };
        if complete {
            self.exit = Some(Exit { end: ended, at: now.wall.0 / 1000 });
        }
    }

    /// Ends it a second from now, unless it is over by then; whether there was something to end.
    pub(super) fn cancel(&mut self, reason: &str, now: Now) -> bool {
        if self.exit.is_some() || self.stop.is_some() {
            return false;
        }
        self.cancel = Some(reason.to_owned());
        self.stop = Some((now.sim + TERM_TAKES, Stop::Terminated));
        true
    }

    pub(super) fn lose_power(&mut self, now: Now) {
        if self.exit.is_none() && self.stop.is_none_or(|(at, _)| at > now.sim) {
            self.stop = Some((now.sim, Stop::PowerLost));
        }
    }

    /// Whether nothing of it runs on a machine that is in boot number `boot`.
    pub(super) fn is_over(&self, boot: u32) -> bool {
        self.exit.is_some() || self.boot.number != boot
    }

    pub(super) fn started(&self) -> Duration {
        self.started.sim
    }

    pub(super) fn spool(&self, stream: Stream) -> Option<&Spool> {
        match stream {
            Stream::Out => Some(&self.out),
            Stream::Err => self.err.as_ref().map(|(_, spool)| spool),
        }
    }

    /// The supervisor has everything before these offsets.
    pub(super) fn acknowledge(&mut self, out: u64, err: u64) {
        self.out.give_up(out);
        if let Some((_, spool)) = &mut self.err {
            spool.give_up(err);
        }
    }

    /// All output but the last blocks goes.
    pub(super) fn give_up_all(&mut self) {
        self.acknowledge(self.out.size(), u64::MAX);
    }

    pub(super) fn kept(&self) -> usize {
        self.out.kept() + self.err.as_ref().map_or(0, |(_, spool)| spool.kept())
    }

    /// The title for lists.
    pub(super) fn title(&self) -> String {
        self.launch.title.chars().filter(|c| !c.is_control()).take(200).collect()
    }

    /// The keys of `state`, in the words of the protocol.
    pub(super) fn state(&self, boot: u32, launcher: &str, directory: &str) -> Vec<(&'static str, String)> {
        let (out, err) = (&self.out, self.err.as_ref().map(|(_, spool)| spool));
        let word = match (&self.exit, self.boot.number == boot) {
            (Some(_), _) => "exited",
            (None, true) => "running",
            (None, false) => "other-boot",
        };
        let mut keys =
            vec![("state", word.to_owned()), ("out", out.size().to_string()), ("base_out", out.base().to_string())];
        if let Some(err) = err {
            keys.extend([("err", err.size().to_string()), ("base_err", err.base().to_string())]);
        }
        keys.push(("free", FREE.saturating_sub(out.size() - out.base()).to_string()));
        if word == "other-boot" {
            keys.push(("faults", "reset".into()));
        }
        keys.extend(self.cancel.clone().map(|reason| ("cancel", reason)));
        keys.extend([
            ("pid", self.pid.to_string()),
            ("at", (self.started.wall.0 / 1000).to_string()),
            ("launcher", launcher.to_owned()),
            ("terminal", if self.launch.pty { "script" } else { "plain" }.to_owned()),
            ("directory", directory.to_owned()),
            ("boot_id", self.boot.id.clone()),
            ("boot_time", self.boot.time.to_string()),
            ("init_start", self.boot.init_start.to_string()),
        ]);
        if let Some(exit) = self.exit {
            keys.push(match exit.end {
                Ended::Code(code) => ("code", code.to_string()),
                Ended::Terminated => ("signal", "15".into()),
                Ended::OutOfMemory => ("signal", "9".into()),
            });
            keys.extend([
                ("end_out", out.size().to_string()),
                ("end_err", err.map_or(0, Spool::size).to_string()),
                ("ended", exit.at.to_string()),
                ("oom", if exit.end == Ended::OutOfMemory { "1" } else { "0" }.to_owned()),
                ("fault_edac_ue", "0".into()),
                ("fault_edac_ce", "0".into()),
                ("fault_thermal_core", if self.launch.command.contains("burnin") { "12" } else { "0" }.into()),
            ]);
        }
        keys
    }
}

/// From the signal to the end of the last process.
pub(super) const TERM_TAKES: Duration = Duration::from_secs(1);
/// Bytes on a simulated disk.
const FREE: u64 = 412 << 30;
