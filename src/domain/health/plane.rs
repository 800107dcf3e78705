//! The servers of a control plane, looked at again and again: what is known of each, and what of it is
//! worth an event.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::watch::{Reading, read};
use super::{HostHealth, Illness, Level, LevelChange, Report, Sample, Settings, Status, Taken};
use crate::domain::id::HostId;
use crate::domain::moment::{Mono, Wall};

/// What is known of a control plane and its servers.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PlaneHealth {
    /// Its URL, for people.
    pub name: String,
    /// At most [`SERVERS`], by the name that the list gives them.
    pub servers: BTreeMap<String, Arc<HostHealth>>,
    /// Listed, and too many.
    pub beyond: usize,
    /// Since when an answer is waited for that is late.
    pub late: Option<Wall>,
    /// The last round came to nothing, and why.
    pub failed: Option<(Wall, String)>,
    /// When the last round was that did not.
    pub told: Option<Wall>,
}

impl PlaneHealth {
    /// Takes a round in. A server that is listed no more is forgotten; one that did not answer keeps what it
    /// said before.
    pub fn apply(&mut self, at: Wall, reports: Vec<Report>) {
        (self.late, self.failed, self.told) = (None, None, Some(at));
        self.beyond = reports.len().saturating_sub(SERVERS);
        let mut before = std::mem::take(&mut self.servers);
        for Report { server, outcome, .. } in reports.into_iter().take(SERVERS) {
            let mut health = before.remove(&server).unwrap_or_default();
            let known = Arc::make_mut(&mut health);
            match outcome {
                Ok(sample) => known.apply(Taken { at, sample, rates: None }),
                Err(trouble) => known.failed = Some((at, trouble.to_string())),
            }
            self.servers.insert(server, health);
        }
    }

    /// What is known of a server from before we asked; the newest word stands.
    pub fn remember(&mut self, server: &str, past: &HostHealth) {
        let Some(health) = self.servers.get_mut(server).map(Arc::make_mut) else { return };
        past.history().iter().for_each(|point| health.push(*point));
        if health.latest.is_none() {
            health.latest.clone_from(&past.latest);
        }
    }
}

/// The name of a server where it is written down beside hosts: no host's begins so. `None`: it cannot be.
#[must_use]
pub fn server_key(server: &str) -> Option<HostId> {
    HostId::parse(&format!("@{server}")).ok()
}

impl Sample {
    /// The service of a server of a control plane, which has one.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        self.services.first().map(|service| service.name.as_str())
    }
}

/// Tells changes of the servers' levels. A server is judged by the thresholds of its service; one that does
/// not answer is as it was.
#[derive(Debug)]
pub struct PlaneWatch {
    settings: Arc<Settings>,
    servers: BTreeMap<String, Level>,
}

impl PlaneWatch {
    /// Goes on from what the events tell already.
    #[must_use]
    pub fn new(settings: Arc<Settings>, known: &BTreeMap<String, Illness>) -> Self {
        let level = Level::new(settings.steadiness);
        let servers = known.keys().map(|server| (server.clone(), level.clone().known(Status::Unhealthy))).collect();
        Self { settings, servers }
    }

    /// Takes a round in; at most [`CHANGES`] are told at a time, the others with the next round.
    pub fn handle_reports(&mut self, reports: &[Report], now: Mono) -> Vec<LevelChange> {
        let mut changes = Vec::new();
        let mut listed = BTreeSet::new();
        for Report { server, outcome, .. } in reports.iter().take(SERVERS) {
            listed.insert(server.as_str());
            let Ok(sample) = outcome else { continue };
            if changes.len() >= CHANGES {
                continue;
            }
            let thresholds = self.settings.rules.thresholds(sample.service());
            let reading = Reading { thresholds, cpu: sample.cpu, memory: sample.memory, running: None, telling: true };
            let fresh = || Level::new(self.settings.steadiness);
            let level = self.servers.entry(server.clone()).or_insert_with(fresh);
            let change = read(level, sample.service(), &reading, now);
            changes.extend(change.map(|change| LevelChange { server: Some(server.clone()), ..change }));
        }
        self.servers.retain(|server, level| {
            let gone = !listed.contains(server.as_str());
            if !gone || level.status() != Status::Unhealthy {
                return !gone;
            }
            if changes.len() >= CHANGES {
                return true;
            }
            let (server, from, to) = (Some(server.clone()), Status::Unhealthy, Status::Unknown);
            changes.push(LevelChange { server, service: None, from, to, reasons: Vec::new() });
            false
        });
        changes
    }
}

/// Servers of a control plane that are looked at; each has some 20 KiB of past.
pub const SERVERS: usize = 1_000;

/// Changes told of one round: a control plane that makes everything up floods no journal.
const CHANGES: usize = 64;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::health::{Limits, Percent, Rules, Running, Service, Trouble};

    fn report(server: &str, cpu: f64) -> Report {
        let services = vec![Service { name: "User".into(), running: Running::Yes }];
        let (cpu, memory) = (Percent::new(cpu).ok(), Percent::new(10.0).ok());
        let sample = Sample { cpu, memory, services, ..Sample::default() };
        Report { server: server.into(), outcome: Ok(sample), sampled: None }
    }

    fn hangs(server: &str) -> Report {
        Report { server: server.into(), outcome: Err(Trouble::Late(Duration::from_secs(10))), sampled: None }
    }

    #[test]
    fn the_past_of_a_server_comes_back_and_the_newest_word_stands() {
        let mut past = PlaneHealth::default();
        past.apply(Wall(1), vec![report("a", 7.0), report("b", 7.0)]);
        let mut plane = PlaneHealth::default();
        plane.apply(Wall(5), vec![report("a", 9.0), hangs("b")]);
        for server in ["a", "b", "c"] {
            plane.remember(server, past.servers.get(server).unwrap_or(&past.servers["a"]));
        }
        let points = |server: &str| plane.servers[server].history().iter().map(|point| point.at.0).collect::<Vec<_>>();
        assert_eq!((plane.servers.len(), points("a"), points("b")), (2, vec![1, 5], vec![1]));
        let latest = |server: &str| plane.servers[server].latest.as_ref().map(|latest| latest.at.0);
        assert_eq!((latest("a"), latest("b"), plane.servers["b"].failed.is_some()), (Some(5), Some(1), true));
    }

    fn told(watch: &mut PlaneWatch, reports: &[Report]) -> Vec<String> {
        watch.handle_reports(reports, Mono::default()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn changes_are_told_once_and_by_the_thresholds_of_the_service() {
        let own = Limits { cpu: Percent::new(80.0).ok(), memory: None };
        let rules = Rules { services: [("User".to_owned(), own)].into(), ..Rules::default() };
        let settings = Arc::new(Settings { rules, ..Settings::default() });
        let mut watch = PlaneWatch::new(Arc::clone(&settings), &BTreeMap::new());
        let said = told(&mut watch, &[report("a", 85.0), report("b", 10.0)]);
        assert_eq!(said, ["a User unhealthy: CPU 85.00% is over 80.00%"]);
        assert_eq!(told(&mut watch, &[report("a", 86.0), hangs("b")]), [""; 0]);
        assert_eq!(told(&mut watch, &[hangs("a"), report("b", 10.0)]), [""; 0], "not known is no change");
        assert_eq!(told(&mut watch, &[report("a", 1.0), report("b", 90.0)]).len(), 2);
        assert_eq!(told(&mut watch, &[report("a", 1.0)]), ["b no longer there"]);
        // The next supervisor knows what was told.
        let ill = Illness { since: Wall(0), reasons: Vec::new() };
        let mut watch = PlaneWatch::new(settings, &[("a".to_owned(), ill)].into());
        assert_eq!(told(&mut watch, &[report("a", 99.0)]), [""; 0]);
        assert_eq!(told(&mut watch, &[report("a", 9.0)]), ["a User healthy again"]);
    }

    #[test]
    fn a_thousand_that_fall_ill_at_once_are_told_of_bit_by_bit() {
        let mut watch = PlaneWatch::new(Arc::default(), &BTreeMap::new());
        let all: Vec<Report> = (0..2_000).map(|n| report(&format!("s{n}"), 99.0)).collect();
        assert_eq!(told(&mut watch, &all).len(), CHANGES);
        assert_eq!(told(&mut watch, &all).len(), CHANGES);
    }

    #[test]
    fn who_does_not_answer_keeps_what_it_said_and_who_is_gone_is_forgotten() {
        let mut plane = PlaneHealth::default();
        plane.apply(Wall(1), vec![report("a", 1.0), report("b", 2.0)]);
        plane.apply(Wall(2), vec![hangs("a")]);
        let a = &plane.servers["a"];
        assert_eq!(a.latest.as_ref().map(|taken| taken.at), Some(Wall(1)));
        assert_eq!(a.failed.as_ref().map(|(_, why)| why.as_str()), Some("late: no answer within 10 s"));
        assert_eq!(plane.servers.len(), 1);
        plane.apply(Wall(3), (0..SERVERS + 5).map(|n| report(&format!("{n}"), 1.0)).collect());
        assert_eq!((plane.servers.len(), plane.beyond), (SERVERS, 5));
    }
}
