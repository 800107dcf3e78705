//! The moving numbers of the hosts, and the rates that follow from them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::id::{AttemptId, HostId};
use crate::domain::moment::Mono;
use crate::domain::progress::Progress;

/// What was read of one host.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Numbers {
    /// The last answered ping.
    pub rtt: Option<Duration>,
    /// Output received since the supervisor started, in bytes.
    pub received: u64,
}

/// The last numbers of each host.
#[derive(Clone, Debug, Default)]
pub struct Live {
    hosts: BTreeMap<HostId, Sample>,
    /// How far the attempts are that are looked at.
    progress: BTreeMap<AttemptId, Progress>,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    numbers: Numbers,
    at: Mono,
    /// Bytes per second, smoothed.
    rate: u64,
}

impl Live {
    pub fn apply(&mut self, host: HostId, numbers: Numbers, now: Mono) {
        let rate = match self.hosts.get(&host) {
            None => 0,
            Some(old) => {
                let millis = now.since(old.at).as_millis().max(1);
                let grown = u128::from(numbers.received.saturating_sub(old.numbers.received));
                let latest = u64::try_from(grown * 1000 / millis).unwrap_or(u64::MAX);
                // Half of the new, half of the old: calm to look at, right within three looks.
                if latest == 0 { old.rate / 4 } else { latest / 2 + old.rate / 2 }
            }
        };
        self.hosts.insert(host, Sample { numbers, at: now, rate });
    }

    /// All that is known of progress now.
    pub fn set_progress(&mut self, progress: Vec<(AttemptId, Progress)>) {
        self.progress = progress.into_iter().collect();
    }

    #[must_use]
    pub fn progress(&self, id: AttemptId) -> Option<&Progress> {
        self.progress.get(&id)
    }

    #[must_use]
    pub fn rtt(&self, host: &HostId) -> Option<Duration> {
        self.hosts.get(host)?.numbers.rtt
    }

    /// Output per second; `None` when nothing comes.
    #[must_use]
    pub fn rate(&self, host: &HostId) -> Option<u64> {
        self.hosts.get(host).map(|sample| sample.rate).filter(|rate| *rate > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_settles_and_dies_away() {
        let host = HostId::parse("h").expect("a name");
        let mut live = Live::default();
        for second in 0..10 {
            let numbers = Numbers { rtt: None, received: second * 4000 };
            live.apply(host.clone(), numbers, Mono(Duration::from_secs(second)));
        }
        assert!(live.rate(&host).is_some_and(|rate| (3_900..=4_000).contains(&rate)));
        for second in 10..20 {
            live.apply(host.clone(), Numbers { rtt: None, received: 36_000 }, Mono(Duration::from_secs(second)));
        }
        assert_eq!(live.rate(&host), None);
    }
}
