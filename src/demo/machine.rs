//! One simulated machine: its boots and the runs on it. Knows nothing of connections; time is an
//! argument.

use std::collections::{BTreeMap, VecDeque};

use super::dice::{Dice, seed_of};
use super::health::Body;
use super::program::Program;
use super::roster::Profile;
use super::run::{Launch, Run};
use super::spool::Reader;
use super::time::Now;
use crate::domain::id::AttemptId;
use crate::domain::run::Stream;

/// What survives a reboot, and what does not.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) profile: Profile,
    seed: u64,
    boot: Boot,
    runs: BTreeMap<AttemptId, Run>,
    /// Processes that were started to see whether they survive: token and boot.
    probes: VecDeque<(String, u32)>,
    next_pid: u32,
    body: Body,
}

/// One boot of a machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Boot {
    pub(super) number: u32,
    pub(super) id: String,
    /// Seconds since 1970-01-01 UTC.
    pub(super) time: i64,
    pub(super) init_start: u64,
}

/// What a follower needs to know at one moment.
pub(super) struct Look {
    pub(super) base: u64,
    pub(super) size: u64,
    pub(super) over: bool,
}

impl Machine {
    pub(super) fn new(profile: Profile, seed: u64, now: Now) -> Self {
        let seed = seed_of(seed, &[profile.id.as_str()]);
        let since = profile.uptime_days * 86_400 + i64::try_from(Dice::new(seed, 1).below(80_000)).unwrap_or(0);
        let boot = Boot::new(seed, 1, now.wall.0 / 1000 - since);
        let next_pid = u32::try_from(Dice::new(seed, 2).between(2_000, 30_000)).unwrap_or(2_000);
        Self { profile, seed, boot, runs: BTreeMap::new(), probes: VecDeque::new(), next_pid, body: Body::default() }
    }

    /// Of its one interface; locally administered, so that it is nobody's.
    pub(super) fn mac(&self) -> String {
        let [_, _, _, b, c, d, e, f] = self.seed.to_be_bytes();
        format!("02:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
    }

    pub(super) fn boot(&self) -> &Boot {
        &self.boot
    }

    /// Starts `id`, or finds that it was started before: `(run, whether it was there)`.
    pub(super) fn start(&mut self, id: AttemptId, launch: Launch, now: Now) -> Result<(&mut Run, bool), &'static str> {
        let known = self.runs.contains_key(&id);
        if !known {
            self.make_room(now)?;
            self.next_pid = self.next_pid.wrapping_add(7).max(300);
            // Not the run's name: that is random, and a fleet of one seed prints the same every time.
            let seed = seed_of(self.seed, &[&launch.command, &id.attempt.to_string()]);
            let run = Run::new(launch, seed, self.boot.clone(), self.next_pid, now);
            self.runs.insert(id, run);
        }
        let run = self.runs.get_mut(&id).ok_or("no such run")?;
        run.settle(now);
        Ok((run, known))
    }

    /// What a command prints that is no run.
    pub(super) fn program(&self, command: &str) -> Program {
        Program::of(command, seed_of(self.seed, &[command]), false)
    }

    /// A run, as it is now.
    pub(super) fn run(&mut self, id: AttemptId, now: Now) -> Option<&mut Run> {
        let run = self.runs.get_mut(&id)?;
        run.settle(now);
        Some(run)
    }

    pub(super) fn ids(&self) -> Vec<AttemptId> {
        self.runs.keys().copied().collect()
    }

    /// Forgets a run that is over; an error if it is not.
    pub(super) fn remove(&mut self, id: AttemptId, now: Now) -> Result<(), &'static str> {
        let boot = self.boot.number;
        match self.run(id, now) {
            Some(run) if !run.is_over(boot) => Err("still running"),
            Some(_) | None => {
                self.runs.remove(&id);
                Ok(())
            }
        }
    }

    /// Every process is gone, and what comes up is another boot.
    pub(super) fn reboot(&mut self, now: Now) {
        for run in self.runs.values_mut() {
            run.settle(now);
            run.lose_power(now);
        }
        self.boot = Boot::new(self.seed, self.boot.number + 1, now.wall.0 / 1000);
        self.body = Body::default();
    }

    /// How it is, as `assets/health.sh` would tell it.
    pub(super) fn health(&mut self, now: Now, gap: bool) -> String {
        self.settle(now);
        let boot = self.boot.number;
        let going = self.runs.values().filter(|run| !run.is_over(boot));
        let commands: Vec<&str> = going.map(Run::command).collect();
        self.body.answer(&self.profile, self.seed, &commands, now.sim, gap)
    }

    /// Output that nobody fetched is given up.
    pub(super) fn give_up_output(&mut self, now: Now) {
        for run in self.runs.values_mut() {
            run.settle(now);
            run.give_up_all();
        }
    }

    /// Lets all output grow, so that nobody who looks has to wait for it.
    pub(super) fn settle(&mut self, now: Now) {
        self.runs.values_mut().for_each(|run| run.settle(now));
    }

    pub(super) fn look(&mut self, id: AttemptId, stream: Stream, now: Now) -> Option<Look> {
        let boot = self.boot.number;
        let run = self.run(id, now)?;
        let over = run.is_over(boot);
        let spool = run.spool(stream)?;
        Some(Look { base: spool.base(), size: spool.size(), over })
    }

    pub(super) fn reader(&self, id: AttemptId, stream: Stream, offset: u64) -> Option<Reader> {
        Some(self.runs.get(&id)?.spool(stream)?.reader(offset))
    }

    pub(super) fn start_probe(&mut self, token: &str) -> u32 {
        self.next_pid = self.next_pid.wrapping_add(3).max(300);
        self.probes.push_back((token.to_owned(), self.boot.number));
        if self.probes.len() > MOST_PROBES {
            self.probes.pop_front();
        }
        self.next_pid
    }

    pub(super) fn probe_lives(&self, token: &str) -> bool {
        self.probes.iter().any(|(there, boot)| there == token && *boot == self.boot.number)
    }

    /// Bytes of memory kept for output.
    pub(super) fn kept(&self) -> usize {
        self.runs.values().map(Run::kept).sum()
    }

    /// The oldest run that is over makes room; if all go on there is none.
    fn make_room(&mut self, now: Now) -> Result<(), &'static str> {
        if self.runs.len() < MOST_RUNS {
            return Ok(());
        }
        self.settle(now);
        let boot = self.boot.number;
        let over = self.runs.iter().filter(|(_, run)| run.is_over(boot)).min_by_key(|(_, run)| run.started());
        let id = over.map(|(id, _)| *id).ok_or("no space left on device")?;
        self.runs.remove(&id);
        Ok(())
    }
}

impl Boot {
    fn new(seed: u64, number: u32, time: i64) -> Self {
        let mut dice = Dice::new(seed, 0xb007 + u64::from(number));
        let (a, b) = (dice.roll(), dice.roll());
        let id = format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            (b >> 48) & 0xfff,
            b & 0xffff_ffff_ffff
        );
        Self { number, id, time, init_start: dice.between(1, 12) }
    }
}

/// Runs that a host keeps; more only if all of them go on.
const MOST_RUNS: usize = 128;
/// Tokens that are remembered; the oldest is forgotten, as if that process had been killed.
const MOST_PROBES: usize = 32;
