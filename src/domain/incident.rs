//! Link events that belong together: 38 hosts behind one broken jump host are one incident, told once.
//! Every host that is not well belongs to exactly one open incident.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::time::Duration;

use core::net::IpAddr;

use crate::domain::diagnosis::Cause;
use crate::domain::event::LinkChange;
use crate::domain::id::HostId;
use crate::domain::link::LinkState;
use crate::domain::moment::Wall;

/// All incidents: those that are open, and the last that were closed.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Incidents {
    open: BTreeMap<u64, Incident>,
    member: BTreeMap<HostId, u64>,
    closed: VecDeque<Incident>,
    last: u64,
    /// The members that are worth a call, and for what.
    calling: BTreeMap<HostId, Call>,
    /// What hosts were when whoever watched before us went: it was told of them then, and is news only once
    /// they have been well again.
    told_before: BTreeMap<HostId, Call>,
}

/// What a host calls for. A host that is lost is lost, for whatever cause; another refusal is another matter.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Call {
    Lost,
    Refused(Option<&'static str>),
}

#[derive(Clone, PartialEq, Debug)]
pub struct Incident {
    pub origin: Origin,
    pub since: Wall,
    /// When the last of its hosts was well again.
    pub until: Option<Wall>,
    /// Those that are in it now.
    pub hosts: BTreeSet<HostId>,
    /// How many it has had.
    pub affected: usize,
    /// Which ones these were, the first [`NAMED`] of them.
    pub had: BTreeSet<HostId>,
    /// The link's own words about the host that was first, and what can be done.
    pub cause: Option<Cause>,
    /// When the last host came in.
    joined: Wall,
    subnet: Option<Subnet>,
}

/// What its hosts have in common.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    OwnNetwork,
    JumpHost(String),
    Subnet(Subnet),
    /// Nothing but itself.
    Host(HostId),
}

/// A /24 of IPv4 or a /64 of IPv6.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Subnet(IpAddr);

impl Incidents {
    /// Open ones, oldest first.
    pub fn open(&self) -> impl Iterator<Item = &Incident> {
        self.open.values()
    }

    /// At most [`CLOSED`], oldest first.
    #[must_use]
    pub fn closed(&self) -> &VecDeque<Incident> {
        &self.closed
    }

    /// The open one that a host is in.
    #[must_use]
    pub fn of(&self, host: &HostId) -> Option<&Incident> {
        self.open.get(self.member.get(host)?)
    }

    /// Whoever watched is gone: what was open ends with that.
    pub fn end(&mut self, at: Wall) {
        self.hand_over();
        for host in self.member.keys().cloned().collect::<Vec<_>>() {
            self.leave(at, &host);
        }
    }

    /// Another process watches from here on: what was told is not news to it.
    pub fn hand_over(&mut self) {
        // Of an incident with a host that is lost all were told.
        let lost = self.calling.iter().filter(|(_, call)| **call == Call::Lost);
        let told: BTreeSet<u64> = lost.filter_map(|(host, _)| self.member.get(host).copied()).collect();
        let with_them = self.member.iter().filter(|(_, id)| told.contains(id));
        self.told_before.extend(with_them.map(|(host, _)| (host.clone(), Call::Lost)));
        self.told_before.append(&mut self.calling);
    }

    /// The same, with a number that no other has.
    #[must_use]
    pub fn numbered(&self, host: &HostId) -> Option<(u64, &Incident)> {
        let id = *self.member.get(host)?;
        Some((id, self.open.get(&id)?))
    }

    /// Whether the operator was told of this before those who watch now began to.
    #[must_use]
    pub fn is_told_before(&self, host: &HostId, change: &LinkChange) -> bool {
        self.told_before.get(host).is_some_and(|told| Call::of(change).as_ref() == Some(told))
    }

    /// Folds a change of a link in; `address` as people write it.
    pub fn apply(&mut self, at: Wall, host: &HostId, address: &str, change: &LinkChange) {
        if change.to.is_connected() || change.hold().is_some() {
            self.told_before.remove(host);
        }
        if let Some(call) = Call::of(change) {
            self.calling.insert(host.clone(), call);
        }
        if !is_trouble(change.to) || change.hold().is_some() {
            self.leave(at, host);
            return;
        }
        let origin = match &change.cause {
            Some(Cause::OwnNetworkDown) => Some(Origin::OwnNetwork),
            Some(Cause::JumpHost { host, .. }) => Some(Origin::JumpHost(host.clone())),
            Some(_) | None => None,
        };
        if self.of(host).is_some_and(|now| origin.is_none() || origin.as_ref() == Some(&now.origin)) {
            return;
        }
        // What is known of it now is more than what it was taken for: the same trouble under its right name.
        let since = self.of(host).map_or(at, |known| known.since.min(at));
        self.release(host);
        let refused = change.to == LinkState::Refused;
        let subnet = Subnet::of(address).filter(|_| origin.is_none() && !refused);
        let id = match &origin {
            Some(origin) => self.open.iter().find(|(_, open)| open.origin == *origin).map(|(id, _)| *id),
            None => self.beside(at, subnet),
        };
        match id.and_then(|id| self.open.get_mut(&id).map(|open| (id, open))) {
            Some((id, open)) => {
                if let (Origin::Host(_), Some(subnet)) = (&open.origin, open.subnet) {
                    open.origin = Origin::Subnet(subnet);
                }
                open.hosts.insert(host.clone());
                if open.had.len() < NAMED {
                    open.had.insert(host.clone());
                }
                open.affected += 1;
                open.since = open.since.min(since);
                open.joined = at;
                self.member.insert(host.clone(), id);
            }
            None => {
                self.last += 1;
                let incident = Incident {
                    origin: origin.unwrap_or_else(|| Origin::Host(host.clone())),
                    since,
                    until: None,
                    hosts: BTreeSet::from([host.clone()]),
                    affected: 1,
                    had: BTreeSet::from([host.clone()]),
                    cause: change.cause.clone(),
                    joined: at,
                    subnet,
                };
                self.open.insert(self.last, incident);
                self.member.insert(host.clone(), self.last);
            }
        }
    }

    /// An incident of the same subnet whose last host came in a moment ago.
    fn beside(&self, at: Wall, subnet: Option<Subnet>) -> Option<u64> {
        let subnet = subnet?;
        let near = |open: &&Incident| open.subnet == Some(subnet) && at.since(open.joined) <= TOGETHER;
        self.open.iter().rev().find(|(_, open)| near(open)).map(|(id, _)| *id)
    }

    /// Takes a host out of its incident; gives the incident back when that was its last.
    fn release(&mut self, host: &HostId) -> Option<Incident> {
        let id = self.member.remove(host)?;
        let open = self.open.get_mut(&id)?;
        open.hosts.remove(host);
        if open.hosts.is_empty() { self.open.remove(&id) } else { None }
    }

    fn leave(&mut self, at: Wall, host: &HostId) {
        self.calling.remove(host);
        if let Some(mut incident) = self.release(host) {
            incident.until = Some(at);
            if self.closed.len() == CLOSED {
                self.closed.pop_front();
            }
            self.closed.push_back(incident);
        }
    }
}

impl Call {
    fn of(change: &LinkChange) -> Option<Self> {
        match change.to {
            LinkState::Lost => Some(Self::Lost),
            LinkState::Refused => Some(Self::Refused(change.cause.as_ref().map(Cause::word))),
            LinkState::Idle
            | LinkState::Connecting
            | LinkState::Alive
            | LinkState::Pinging
            | LinkState::Reconnecting
            | LinkState::Paused
            | LinkState::Rebooted => None,
        }
    }
}

impl Incident {
    /// Whether it is about more than one host's own trouble.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.affected > 1
    }

    /// What can be done about it.
    #[must_use]
    pub fn next_step(&self) -> Option<String> {
        match &self.origin {
            Origin::OwnNetwork => Some("nothing to do at the hosts".into()),
            Origin::JumpHost(host) => Some(format!("look at {host}, not at the hosts behind it")),
            Origin::Subnet(subnet) => Some(format!("look at what is common to {subnet}: switch, router, power")),
            Origin::Host(_) => self.cause.as_ref().and_then(Cause::next_step),
        }
    }
}

/// `38 hosts: own network is down`
impl fmt::Display for Incident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts = if self.affected == 1 { "host" } else { "hosts" };
        write!(f, "{} {hosts}", self.affected)?;
        if let Origin::Subnet(subnet) = &self.origin {
            // Not all of it: it may have others, and we know only ours.
            write!(f, " of {subnet}")?;
        }
        match &self.origin {
            Origin::OwnNetwork => return f.write_str(": own network is down"),
            Origin::JumpHost(host) if self.cause.is_none() => write!(f, ": jump host {host}")?,
            Origin::Host(host) => write!(f, ": {host}")?,
            Origin::JumpHost(_) | Origin::Subnet(_) => {}
        }
        match (&self.cause, &self.origin) {
            (Some(cause), _) => write!(f, ": {cause}"),
            (None, _) => Ok(()),
        }
    }
}

impl Subnet {
    /// Of `user@address:port`, when the address is one and no name. Loopback is no network: what is reached
    /// through it (tunnels, containers) has nothing in common.
    #[must_use]
    pub fn of(address: &str) -> Option<Self> {
        let address = address.rsplit_once('@').map_or(address, |(_, address)| address);
        let bare = address.rsplit_once(':').map_or(address, |(bare, _)| bare);
        let parse = |text: &str| text.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        let address = parse(address).or_else(|| parse(bare)).filter(|address| !address.is_loopback())?;
        Some(Self(match address {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                IpAddr::from([a, b, c, 0])
            }
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::from([a, b, c, d, 0, 0, 0, 0])
            }
        }))
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = if self.0.is_ipv4() { 24 } else { 64 };
        write!(f, "{}/{length}", self.0)
    }
}

/// Whether a host in this state is part of an incident.
#[must_use]
pub fn is_trouble(state: LinkState) -> bool {
    match state {
        LinkState::Pinging | LinkState::Reconnecting | LinkState::Paused | LinkState::Refused | LinkState::Lost => true,
        LinkState::Idle | LinkState::Connecting | LinkState::Alive | LinkState::Rebooted => false,
    }
}

/// Hosts lost within this of each other may have one cause.
const TOGETHER: Duration = Duration::from_secs(2);

/// Hosts of one incident that are remembered by name after they were well again.
const NAMED: usize = 256;

/// Incidents remembered after their end; the journal has all.
pub const CLOSED: usize = 64;

#[cfg(test)]
#[path = "incident_tests.rs"]
mod tests;
