//! What goes wrong, and when: a pure schedule. The same seed gives the same schedule; who carries it
//! out is the fleet.

use std::collections::VecDeque;
use std::time::Duration;

use super::dice::Dice;

/// Something that happens to one host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Incident {
    /// Connections are reset, the port is refused.
    Outage { lasts: Duration },
    /// TCP stays open, but every byte vanishes; new connections get no banner.
    HalfOpen { lasts: Duration },
    /// Every byte is late by something between `least` and `most`, each way.
    Slow { least: Duration, most: Duration, lasts: Duration },
    /// Everything that runs is gone; after `down` the host is back with another boot identity.
    Reboot { down: Duration },
    /// Connections are reset `times` times, the port is refused for half of each period.
    Flap { times: u32, every: Duration },
    /// sshd is too busy: TCP connects, no banner comes.
    Overload { lasts: Duration },
    /// Cut off for so long that the host gives up output that nobody fetched.
    SpoolGap { lasts: Duration },
    /// The operator's key is taken out of `authorized_keys`; connections are reset.
    KeyRefused,
    /// The host answers with another host key; connections are reset.
    HostKeyChanged,
    /// Everything is as it should be: the network, the operator's key, the host key.
    Repair,
}

/// An incident to come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Planned {
    /// After the start of the fleet, in its own time.
    pub at: Duration,
    /// Index of the host in the fleet.
    pub host: usize,
    pub incident: Incident,
}

impl Incident {
    /// Until the host is as before, as far as it is ever.
    #[must_use]
    pub fn lasts(self) -> Duration {
        match self {
            Self::Outage { lasts }
            | Self::HalfOpen { lasts }
            | Self::Slow { lasts, .. }
            | Self::Overload { lasts }
            | Self::SpoolGap { lasts } => lasts,
            Self::Reboot { down } => down,
            Self::Flap { times, every } => every.saturating_mul(times),
            Self::KeyRefused | Self::HostKeyChanged | Self::Repair => Duration::ZERO,
        }
    }
}

/// The incidents of a fleet in their order, without end: everything there is within the first two
/// minutes, nothing before the twelfth second, and a slower pace afterwards.
#[derive(Clone, Debug)]
pub struct Schedule {
    script: VecDeque<Planned>,
    dice: Dice,
    hosts: Vec<usize>,
    /// When each of `hosts` is over its last incident: no second one before, plus a while.
    quiet_from: Vec<Duration>,
    at: Duration,
}

impl Schedule {
    /// For a fleet of `count` hosts out of which `spared` are left alone (they refuse us anyway).
    #[must_use]
    pub fn new(seed: u64, count: usize, spared: &[usize]) -> Self {
        let hosts: Vec<usize> = (0..count).filter(|host| !spared.contains(host)).collect();
        let mut dice = Dice::new(seed, SALT);
        let script: VecDeque<Planned> = opening(&mut dice, &hosts).into();
        let over =
            |host: usize| script.iter().filter(|p| p.host == host).map(|p| p.at + p.incident.lasts() + BREATH).max();
        let quiet_from = hosts.iter().map(|&host| over(host).unwrap_or_default()).collect();
        let at = script.back().map(|last| last.at).unwrap_or_default();
        Self { script, dice, hosts, quiet_from, at }
    }

    /// The next incident after the script: on whichever host has been quiet for long enough.
    fn improvise(&mut self) -> Option<Planned> {
        self.at += Duration::from_secs(self.dice.between(35, 80));
        let start = usize::try_from(self.dice.below(self.hosts.len() as u64)).unwrap_or(0);
        let order = (0..self.hosts.len()).map(|step| (start + step) % self.hosts.len());
        let place = order.min_by_key(|&place| self.quiet_from[place].saturating_sub(self.at))?;
        self.at = self.at.max(self.quiet_from[place]);
        let incident = any(&mut self.dice, self.hosts[place] == FLOOD);
        self.quiet_from[place] = self.at + incident.lasts() + BREATH;
        Some(Planned { at: self.at, host: self.hosts[place], incident })
    }
}

impl Iterator for Schedule {
    type Item = Planned;

    fn next(&mut self) -> Option<Planned> {
        self.script.pop_front().or_else(|| self.improvise())
    }
}

/// The first two minutes: every kind, on the host whose work it hurts most visibly.
fn opening(dice: &mut Dice, hosts: &[usize]) -> Vec<Planned> {
    let mut script: Vec<Planned> = [
        (12, 15, OUTAGE, Incident::Outage { lasts: seconds(20) }),
        (19, 23, HALF_OPEN, Incident::HalfOpen { lasts: seconds(30) }),
        (27, 31, SLOW, slow(seconds(40))),
        (36, 40, FLOOD, Incident::SpoolGap { lasts: seconds(6) }),
        (46, 51, REBOOT, Incident::Reboot { down: seconds(8) }),
        (58, 63, FLAP, Incident::Flap { times: 4, every: seconds(5) }),
        (72, 77, OVERLOAD, Incident::Overload { lasts: seconds(10) }),
        (98, 108, SECOND_REBOOT, Incident::Reboot { down: seconds(8) }),
    ]
    .into_iter()
    .filter_map(|(least, most, host, incident)| {
        let at = Duration::from_millis(dice.between(least * 1000, most * 1000));
        let host = hosts.iter().find(|&&there| there == host).or(hosts.last())?;
        Some(Planned { at, host: *host, incident })
    })
    .collect();
    script.sort_by_key(|planned| planned.at);
    script
}

fn any(dice: &mut Dice, flood: bool) -> Incident {
    match dice.below(if flood { 9 } else { 8 }) {
        0 | 1 => Incident::Outage { lasts: seconds(dice.between(8, 45)) },
        2 => Incident::HalfOpen { lasts: seconds(dice.between(20, 60)) },
        3 | 4 => slow(seconds(dice.between(20, 90))),
        5 => Incident::Reboot { down: seconds(dice.between(6, 25)) },
        6 => {
            Incident::Flap { times: u32::try_from(dice.between(2, 6)).unwrap_or(2), every: seconds(dice.between(3, 9)) }
        }
        7 => Incident::Overload { lasts: seconds(dice.between(6, 20)) },
        _ => Incident::SpoolGap { lasts: seconds(dice.between(4, 12)) },
    }
}

fn slow(lasts: Duration) -> Incident {
    Incident::Slow { least: Duration::from_millis(150), most: Duration::from_millis(300), lasts }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Who is hit in the opening, by place in the roster; a fleet without such a host hits its last.
const REBOOT: usize = 0;
const HALF_OPEN: usize = 1;
const OUTAGE: usize = 2;
const SLOW: usize = 3;
const FLAP: usize = 4;
const FLOOD: usize = 5;
const OVERLOAD: usize = 8;
const SECOND_REBOOT: usize = 8;

/// Time to recover before the next incident, long enough to be seen.
const BREATH: Duration = Duration::from_secs(12);
const SALT: u64 = 0x1_4c1d;

#[cfg(test)]
mod tests {
    use super::*;

    fn first(seed: u64, hosts: usize, count: usize) -> Vec<Planned> {
        Schedule::new(seed, hosts, &[6, 7]).take(count).collect()
    }

    #[test]
    fn a_seed_is_a_schedule() {
        assert_eq!(first(1, 9, 300), first(1, 9, 300));
        assert_ne!(first(1, 9, 300), first(2, 9, 300));
    }

    #[test]
    fn the_first_seconds_are_calm_and_the_first_two_minutes_show_every_kind() {
        for seed in 0..200 {
            let shown: Vec<Planned> =
                Schedule::new(seed, 9, &[6, 7]).take_while(|p| p.at + p.incident.lasts() < seconds(120)).collect();
            assert!(shown[0].at >= seconds(12));
            let kinds = |is: fn(&Incident) -> bool| shown.iter().filter(|p| is(&p.incident)).count();
            assert!(kinds(|i| matches!(i, Incident::Outage { .. })) >= 1);
            assert!(kinds(|i| matches!(i, Incident::HalfOpen { .. })) >= 1);
            assert!(kinds(|i| matches!(i, Incident::Slow { .. })) >= 1);
            assert!(kinds(|i| matches!(i, Incident::SpoolGap { .. })) >= 1);
            assert!(kinds(|i| matches!(i, Incident::Flap { .. })) >= 1);
            assert!(kinds(|i| matches!(i, Incident::Overload { .. })) >= 1);
            assert!(kinds(|i| matches!(i, Incident::Reboot { .. })) >= 2);
        }
    }

    #[test]
    fn it_goes_on_in_order_and_never_hits_a_host_that_is_not_over_the_last() {
        for (seed, hosts) in [(1, 8), (2, 9), (3, 40)] {
            let mut over = vec![Duration::ZERO; hosts];
            let mut at = Duration::ZERO;
            for planned in first(seed, hosts, 2_000) {
                assert!(planned.at >= at, "out of order: {planned:?}");
                assert!(planned.at >= over[planned.host], "on top of another: {planned:?}");
                assert!(![6, 7].contains(&planned.host));
                at = planned.at;
                over[planned.host] = at + planned.incident.lasts();
            }
            assert!(at > seconds(3600 * 10), "too fast a pace: {at:?}");
        }
    }
}
