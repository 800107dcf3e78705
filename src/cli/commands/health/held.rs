//! Hosts over SSH: what a supervisor that holds the ledger has sampled just now is taken from its file, so
//! that nobody is asked twice; only the others are dialed.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::app::say;
use crate::cli::commands::health::source::Hosts;
use crate::cli::compose::{self, Parts};
use crate::domain::health::{Report, Row, Sample, Watched, plain};
use crate::domain::id::HostId;
use crate::domain::moment::Wall;
use crate::ledger::{HealthReader, Holder};
use crate::port::Clock;

/// The samples of the supervisor that holds the ledger.
#[derive(Clone)]
pub(super) struct Held {
    dir: PathBuf,
    holder: Holder,
    /// What is older is no answer.
    freshness: Duration,
    watched: Watched,
    clock: Arc<dyn Clock>,
}

impl Held {
    /// `None`: nobody holds the ledger, or hosts are not sampled, or not as often as every `interval`.
    pub(super) fn of(parts: &Parts, interval: Option<Duration>) -> Option<Self> {
        let health = &parts.setup.config.health;
        let sampling = health.sampling.filter(|sampling| interval.is_none_or(|asked| asked >= sampling.interval))?;
        // A ledger that cannot be read is told of by those who need it.
        let holder = compose::look(&parts.setup).ok()??.holder()?;
        Some(Self {
            dir: parts.setup.state_dir.clone(),
            holder,
            freshness: sampling.freshness(),
            watched: health.watched.clone(),
            clock: Arc::clone(&parts.clock),
        })
    }

    /// What is known of hosts, of each that has a fresh sample.
    async fn reports(&self) -> Vec<(HostId, Report)> {
        let held = self.clone();
        // Reading waits for the disk. A file that cannot be read answers nothing: the hosts are asked.
        tokio::task::spawn_blocking(move || held.read()).await.unwrap_or_default()
    }

    fn read(&self) -> Vec<(HostId, Report)> {
        let past = HealthReader::open(&self.dir).and_then(|reader| reader.map(|reader| reader.recent(0)).transpose());
        let past = past.unwrap_or_else(|error| {
            tracing::warn!(%error, "the supervisor's samples cannot be read");
            None
        });
        let now = self.clock.now().wall;
        let fresh = |at: Wall| at <= now && now.since(at) <= self.freshness;
        let known = past.unwrap_or_default().into_iter().filter_map(|past| Some((past.host, past.latest?)));
        known
            .filter(|(_, taken)| fresh(taken.at) && covers(&taken.sample, &self.watched))
            .map(|(host, taken)| {
                let server = plain(host.as_str(), NAME);
                (host, Report { server, outcome: Ok(taken.sample), sampled: Some(taken.at) })
            })
            .collect()
    }

    /// Who has answered for how many; `None`: for nobody.
    pub(super) fn told(&self, rows: &[Row]) -> Option<String> {
        let oldest = rows.iter().filter_map(|row| row.sampled).min()?;
        let hosts = |wanted: &dyn Fn(&Row) -> bool| {
            let names = rows.iter().filter(|row| wanted(row)).map(|row| row.server.as_str());
            names.collect::<std::collections::BTreeSet<_>>().len()
        };
        let (answered, all) = (hosts(&|row| row.sampled.is_some()), hosts(&|_| true));
        let who = if answered == all { say::count(all, "host") } else { format!("{answered} of {all} hosts") };
        let age = say::duration(self.clock.now().wall.since(oldest));
        let Holder { pid, what, .. } = &self.holder;
        let what = say::clean(what);
        Some(format!("{who} sampled by {what}, pid {pid}, up to {age} ago; --fresh asks them now"))
    }
}

/// Whether a sample tells of all that is looked for now: the supervisor may have another configuration.
fn covers(sample: &Sample, watched: &Watched) -> bool {
    let has = |name: &str| sample.services.iter().any(|service| service.name == name);
    let units = watched.units.iter().flatten().all(|unit| has(unit.strip_suffix(".service").unwrap_or(unit)));
    units && watched.processes.iter().all(|process| has(process))
}

/// Each host from its fresh sample or else asked; in their order.
pub(super) async fn survey(hosts: &Hosts) -> Vec<Report> {
    let mut known = match &hosts.held {
        Some(held) => held.reports().await,
        None => Vec::new(),
    };
    known.retain(|(host, _)| hosts.ids.contains(host));
    let asked = hosts.probes.survey_of(|host| known.iter().all(|(known, _)| known != host)).await;
    let mut asked = asked.into_iter();
    let mut reports = Vec::with_capacity(hosts.ids.len());
    for id in &hosts.ids {
        let place = known.iter().position(|(host, _)| host == id);
        reports.extend(place.map(|place| known.swap_remove(place).1).or_else(|| asked.next()));
    }
    reports
}

/// Characters of an alias.
const NAME: usize = 255;
