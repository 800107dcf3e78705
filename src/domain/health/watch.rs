//! One host watched over time: from its samples, the changes that are worth telling. Samples come by
//! the minute; what comes out is an event, written down for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::{Level, Limits, Percent, Reason, Running, Sample, Settings, Status, Thresholds};
use crate::domain::moment::{Mono, Wall};

/// A host (`service: None`) or a service on it, or a server of a control plane with its service, is not as
/// well as it was, or well again.
#[derive(Clone, PartialEq, Debug)]
pub struct LevelChange {
    /// Of a control plane; else it is a host, which the event names.
    pub server: Option<String>,
    pub service: Option<String>,
    pub from: Status,
    pub to: Status,
    /// Why it is unhealthy.
    pub reasons: Vec<Reason>,
}

/// Fits behind the name of the host, or stands alone.
impl fmt::Display for LevelChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(server) = &self.server {
            write!(f, "{server} ")?;
        }
        if let Some(service) = &self.service {
            write!(f, "{service} ")?;
        }
        match self.to {
            Status::Unhealthy => write!(f, "unhealthy: {}", list(&self.reasons)),
            Status::Healthy => f.write_str("healthy again"),
            Status::Unknown => f.write_str("no longer there"),
        }
    }
}

/// Reasons as one text.
#[must_use]
pub fn list(reasons: &[Reason]) -> String {
    reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// What is not well on a host, as the events tell it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Unwell(BTreeMap<Option<String>, Illness>);

/// Since when, and why.
#[derive(Clone, PartialEq, Debug)]
pub struct Illness {
    pub since: Wall,
    pub reasons: Vec<Reason>,
}

impl Unwell {
    /// Folds a change in. What is beyond [`SERVICES`] is not kept.
    pub fn apply(&mut self, at: Wall, change: &LevelChange) {
        match change.to {
            Status::Unhealthy if self.0.len() <= SERVICES => {
                self.0.insert(change.service.clone(), Illness { since: at, reasons: change.reasons.clone() });
            }
            Status::Unhealthy => {}
            Status::Healthy | Status::Unknown => {
                self.0.remove(&change.service);
            }
        }
    }

    #[must_use]
    pub fn host(&self) -> Option<&Illness> {
        self.0.get(&None)
    }

    /// By name.
    pub fn services(&self) -> impl Iterator<Item = (&str, &Illness)> {
        self.0.iter().filter_map(|(service, illness)| Some((service.as_deref()?, illness)))
    }
}

/// Watches one host.
#[derive(Clone, Debug)]
pub struct Watch {
    settings: Arc<Settings>,
    host: Level,
    services: BTreeMap<String, Watched>,
}

#[derive(Clone, Debug)]
struct Watched {
    level: Level,
    /// That it is unhealthy was told.
    told: bool,
}

impl Watch {
    /// Goes on from what the events tell already, so that a new supervisor does not tell it again.
    #[must_use]
    pub fn new(settings: Arc<Settings>, known: &Unwell) -> Self {
        let level = |unwell| {
            let level = Level::new(settings.steadiness);
            if unwell { level.known(Status::Unhealthy) } else { level }
        };
        let host = level(known.host().is_some());
        let services =
            known.services().map(|(name, _)| (name.to_owned(), Watched { level: level(true), told: true })).collect();
        Self { settings, host, services }
    }

    /// Takes a sample in; tells what has changed, at most [`CHANGES`] at a time: the others are told with
    /// the next sample, if they are still so.
    pub fn handle_sample(&mut self, sample: &Sample, now: Mono) -> Vec<LevelChange> {
        let thresholds = self.settings.rules.thresholds(None);
        let reading = Reading { thresholds, cpu: sample.cpu, memory: sample.memory, running: None, telling: true };
        let mut changes: Vec<LevelChange> = read(&mut self.host, None, &reading, now).into_iter().collect();
        let mut seen = BTreeSet::new();
        for service in sample.services.iter().take(SERVICES) {
            if changes.len() >= CHANGES {
                return changes;
            }
            seen.insert(service.name.as_str());
            let reading = self.reading(sample, &service.name, &service.running);
            let fresh = || Watched { level: Level::new(self.settings.steadiness), told: false };
            let watched = self.services.entry(service.name.clone()).or_insert_with(fresh);
            if let Some(change) = read(&mut watched.level, Some(&service.name), &reading, now) {
                watched.told = change.to == Status::Unhealthy;
                changes.push(change);
            }
        }
        self.services.retain(|name, watched| {
            let there = seen.contains(name.as_str());
            if !there && watched.told {
                let (service, reasons) = (Some(name.clone()), Vec::new());
                changes.push(LevelChange {
                    server: None,
                    service,
                    from: Status::Unhealthy,
                    to: Status::Unknown,
                    reasons,
                });
            }
            there
        });
        changes
    }

    /// A service is judged by whether it runs, and by thresholds of its own; those for all are the host's.
    fn reading<'a>(&self, sample: &Sample, name: &str, running: &'a Running) -> Reading<'a> {
        let Limits { cpu, memory } = self.settings.rules.services.get(name).copied().unwrap_or_default();
        let watched = &self.settings.watched;
        let is_it = |unit: &String| unit.strip_suffix(".service").unwrap_or(unit) == name;
        // What did not run from the first and was not asked for (an old container) is no news.
        let asked_for = watched.processes.iter().any(|process| process == name)
            || watched.units.as_ref().is_some_and(|units| units.iter().any(is_it));
        Reading {
            thresholds: Thresholds { cpu: cpu.unwrap_or(Percent::ALL), memory: memory.unwrap_or(Percent::ALL) },
            cpu: if cpu.is_some() { sample.cpu } else { Some(Percent::ZERO) },
            memory: if memory.is_some() { sample.memory } else { Some(Percent::ZERO) },
            running: Some(running),
            telling: asked_for,
        }
    }
}

pub(super) struct Reading<'a> {
    pub thresholds: Thresholds,
    pub cpu: Option<Percent>,
    pub memory: Option<Percent>,
    pub running: Option<&'a Running>,
    /// Whether it is told that it was unhealthy when it was first looked at.
    pub telling: bool,
}

pub(super) fn read(level: &mut Level, service: Option<&str>, reading: &Reading<'_>, now: Mono) -> Option<LevelChange> {
    let Reading { thresholds, cpu, memory, running, telling } = *reading;
    let (seen, reasons) = thresholds.judge(cpu, memory, running);
    if seen == Status::Unknown {
        // What is not known changes nothing.
        return None;
    }
    let before = level.status();
    let change = level.handle_reading(thresholds, cpu, memory, running, now);
    let first = before == Status::Unknown && level.status() == Status::Unhealthy && telling;
    let from = change.map(|change| change.from).or(first.then_some(before))?;
    let to = level.status();
    let reasons = if to == Status::Unhealthy { reasons } else { Vec::new() };
    Some(LevelChange { server: None, service: service.map(str::to_owned), from, to, reasons })
}

/// Services of one host that are watched; those after them are not.
const SERVICES: usize = 500;

/// Changes told of one sample: a host that makes everything up floods no journal.
const CHANGES: usize = 16;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::health::{Service, Watched};

    fn sample(cpu: f64, services: &[(&str, bool)]) -> Sample {
        let service = |(name, runs): &(&str, bool)| Service {
            name: (*name).to_owned(),
            running: if *runs { Running::Yes } else { Running::No("failed".into()) },
        };
        let (cpu, memory) = (Percent::new(cpu).ok(), Percent::new(10.0).ok());
        Sample { cpu, memory, services: services.iter().map(service).collect(), ..Sample::default() }
    }

    fn watch(known: &Unwell) -> Watch {
        let watched = Watched { units: Some(vec!["db.service".into()]), ..Watched::default() };
        Watch::new(Arc::new(Settings { watched, ..Settings::default() }), known)
    }

    fn told(watch: &mut Watch, sample: &Sample, second: u64) -> Vec<String> {
        let changes = watch.handle_sample(sample, Mono(Duration::from_secs(second)));
        changes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn only_changes_are_told() {
        let mut watch = watch(&Unwell::default());
        assert_eq!(told(&mut watch, &sample(10.0, &[]), 0), [""; 0]);
        assert_eq!(told(&mut watch, &sample(97.0, &[]), 1), ["unhealthy: CPU 97.00% is over 90.00%"]);
        assert_eq!(told(&mut watch, &sample(98.0, &[]), 2), [""; 0]);
        assert_eq!(told(&mut watch, &Sample::default(), 3), [""; 0], "what is not known changes nothing");
        assert_eq!(told(&mut watch, &sample(10.0, &[]), 4), ["healthy again"]);
    }

    #[test]
    fn what_is_unhealthy_from_the_first_is_told_unless_it_was_told_before() {
        let mut unwell = Unwell::default();
        let changes = watch(&unwell).handle_sample(&sample(97.0, &[("db", false)]), Mono::default());
        assert_eq!(changes.len(), 2, "{changes:?}");
        for change in &changes {
            unwell.apply(Wall(1), change);
        }
        let mut next = watch(&unwell);
        assert_eq!(told(&mut next, &sample(97.0, &[("db", false)]), 0), [""; 0]);
        assert_eq!(told(&mut next, &sample(7.0, &[("db", true)]), 1), ["healthy again", "db healthy again"]);
    }

    #[test]
    fn services_that_nobody_asked_for_are_told_when_they_stop() {
        let mut watch = watch(&Unwell::default());
        assert_eq!(told(&mut watch, &sample(1.0, &[("old", false), ("web", true)]), 0), [""; 0]);
        let gone = told(&mut watch, &sample(1.0, &[("old", false), ("web", false)]), 1);
        assert_eq!(gone, ["web unhealthy: not running: failed"]);
        assert_eq!(told(&mut watch, &sample(1.0, &[]), 2), ["web no longer there"]);
    }

    #[test]
    fn a_host_that_makes_everything_up_is_told_of_bit_by_bit() {
        let mut watch = watch(&Unwell::default());
        let names: Vec<String> = (0..600).map(|n| format!("s{n:03}")).collect();
        let all = |runs| names.iter().map(|name| (name.as_str(), runs)).collect::<Vec<_>>();
        watch.handle_sample(&sample(1.0, &all(true)), Mono::default());
        for _ in 0..3 {
            assert!(watch.handle_sample(&sample(1.0, &all(false)), Mono::default()).len() <= CHANGES);
        }
    }
}
