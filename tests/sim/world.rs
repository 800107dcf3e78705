//! The host, the network and the driver of one link, and the truth about them.

use std::time::Duration;

use steadfast::domain::boot::BootIdentity;
use steadfast::domain::diagnosis::Cause;
use steadfast::domain::event::BootFact;
use steadfast::domain::id::Epoch;
use steadfast::domain::link::{DialStage, Hold, Link, LinkEffect, LinkFact, LinkInput, LinkSettings, LinkState};
use steadfast::domain::moment::{LastKnown, Moment, Mono, Wall};
use steadfast::domain::network::NetworkState;

use crate::incident::{Incident, Kind};

#[derive(Clone, Copy, PartialEq)]
enum Host {
    Works,
    Silent,
    Resets,
    Refuses,
    WrongKey,
    WrongAuth,
    Hangs,
}

pub struct World {
    link: Link,
    now: Moment,
    kind: Kind,
    host: Host,
    rtt: Duration,
    boot: i64,
    clock_step: i64,
    known: Option<i64>,
    told: Option<LastKnown<BootIdentity>>,
    reboots: u32,
    network: NetworkState,
    route: bool,
    refused: bool,
    /// What the operator has said of the host.
    held: Option<Hold>,
    in_flight: Option<Epoch>,
    /// How long each dial waits for its place.
    queue: Duration,
    /// Dials that came to their place since the host was last alive.
    begun: u32,
    replies: Vec<(Mono, LinkInput)>,
    log: Vec<String>,
}

impl World {
    /// Lives through the incidents, then everything works again; returns all that was said.
    pub fn live(kind: Kind, seed: u64, incidents: &[(Incident, Duration)]) -> Vec<String> {
        let mut world = Self {
            link: Link::new(LinkSettings::default(), None, seed),
            now: Moment { mono: Mono(Duration::from_secs(1_000)), wall: Wall(1_000_000_000) },
            kind,
            host: Host::Works,
            rtt: Duration::from_millis(20),
            boot: 1,
            clock_step: 0,
            known: None,
            told: None,
            reboots: 0,
            network: NetworkState::Up,
            route: true,
            refused: false,
            held: None,
            in_flight: None,
            queue: Duration::ZERO,
            begun: 0,
            replies: vec![],
            log: vec![],
        };
        world.input(LinkInput::Connect);
        for (incident, pause) in incidents {
            world.happen(incident);
            world.pass(*pause);
        }
        for incident in [Incident::Works, Incident::NetworkUp, Incident::RouteBack] {
            world.happen(&incident);
        }
        // What was under way when it broke still ends as it was.
        world.pass(Duration::from_secs(2));
        if world.refused || world.held.is_some() {
            world.happen(&Incident::OperatorReconnects);
        }
        world.pass(Duration::from_secs(240));
        assert_eq!(world.link.state(), LinkState::Alive, "a reachable host: {:#?}", world.log);
        assert_eq!(world.known, Some(world.boot));
        world.log
    }

    fn happen(&mut self, incident: &Incident) {
        match incident {
            Incident::Cut => self.cut(),
            Incident::HalfOpen => self.host = Host::Silent,
            Incident::Slow(rtt) => self.rtt = *rtt,
            Incident::ResetsLogins => self.host = Host::Resets,
            Incident::RefusesPort => {
                self.host = Host::Refuses;
                self.cut();
            }
            Incident::KeyChanged => {
                self.host = Host::WrongKey;
                self.cut();
            }
            Incident::AuthFails => {
                self.host = Host::WrongAuth;
                self.cut();
            }
            Incident::ExecHangs => {
                self.host = Host::Hangs;
                self.cut();
            }
            Incident::Crowded(queue) => self.queue = *queue,
            Incident::Works => {
                self.host = Host::Works;
                self.queue = Duration::ZERO;
                for (at, input) in &mut self.replies {
                    if matches!(input, LinkInput::Dialing { .. }) {
                        *at = self.now.mono;
                    }
                }
                self.rtt = Duration::from_millis(20);
            }
            Incident::Reboot => {
                self.boot += 1;
                self.cut();
            }
            // Where the boot time is the only evidence, a step cannot be told from a reboot.
            Incident::ClockStep(by) => {
                if !matches!(self.kind, Kind::BootTimeOnly) {
                    self.clock_step += by
                }
            }
            Incident::NetworkDown => self.set_network(NetworkState::Down),
            Incident::NetworkUp => self.set_network(NetworkState::Up),
            Incident::RouteLost => self.set_route(false),
            Incident::RouteBack => self.set_route(true),
            Incident::Sleep(length) => self.sleep(*length),
            Incident::StaleReports => self.stale(),
            Incident::SupervisorRestarts => self.restart(),
            Incident::OperatorReconnects => {
                self.refused = false;
                self.held = None;
                self.input(LinkInput::Reconnect);
            }
            Incident::OperatorPauses => self.hold(Hold::Paused),
            Incident::OperatorMarksDead => self.hold(Hold::Dead),
        }
    }

    /// Nothing but the operator changes it, a restart neither.
    fn hold(&mut self, hold: Hold) {
        self.refused = false;
        self.held = Some(hold);
        self.input(LinkInput::Hold(hold));
    }

    fn set_network(&mut self, state: NetworkState) {
        self.network = state;
        self.input(LinkInput::Network(state));
    }

    fn set_route(&mut self, reachable: bool) {
        self.route = reachable;
        self.input(LinkInput::Route { reachable });
    }

    fn sleep(&mut self, length: Duration) {
        let before = self.link.state();
        self.now = self.now + length;
        for (at, _) in &mut self.replies {
            *at = *at + length;
        }
        self.input(LinkInput::Stalled(length));
        self.link.handle_timeout(self.now);
        self.drain();
        assert!(before == LinkState::Lost || self.link.state() != LinkState::Lost, "a sleep lost the host");
    }

    fn restart(&mut self) {
        self.replies.clear();
        self.begun = 0;
        self.in_flight = None;
        self.refused = false;
        self.link = Link::new(LinkSettings::default(), self.told.clone(), 7);
        self.link.handle_input(self.now, LinkInput::Network(self.network));
        self.link.handle_input(self.now, LinkInput::Route { reachable: self.route });
        if let Some(hold) = self.held {
            self.link.handle_input(self.now, LinkInput::Hold(hold));
        }
        self.input(LinkInput::Connect);
    }

    /// Reports of an earlier epoch change nothing.
    fn stale(&mut self) {
        let Some(old) = self.link.epoch().0.checked_sub(1) else { return };
        let epoch = Epoch(old);
        let before = format!("{:?}", self.link);
        for input in [
            LinkInput::Dialed { epoch, evidence: vec![] },
            LinkInput::DialFailed { epoch, cause: Cause::PortRefused, evidence: vec![] },
            LinkInput::Dialing { epoch, stage: DialStage::Waiting { before: 9 } },
            LinkInput::Dialing { epoch, stage: DialStage::Asking },
            LinkInput::Dialing { epoch, stage: DialStage::Connecting { limit: Duration::ZERO } },
            LinkInput::Identified {
                epoch,
                identity: BootIdentity { boot_id: Some("stale".into()), ..BootIdentity::default() },
            },
            LinkInput::IdentifyFailed { epoch, cause: Cause::PortRefused },
            LinkInput::Heard { epoch },
            LinkInput::Pong { epoch, rtt: Duration::from_secs(9) },
            LinkInput::Gone { epoch, cause: Cause::PortRefused },
            LinkInput::Probed { epoch, evidence: vec![] },
        ] {
            self.link.handle_input(self.now, input);
        }
        assert_eq!(before, format!("{:?}", self.link), "a stale report counted");
    }

    /// Ends what is in flight, as a reset does.
    fn cut(&mut self) {
        self.replies.clear();
        let Some(epoch) = self.in_flight.take() else { return };
        self.begun += 1;
        self.input(LinkInput::DialFailed { epoch, cause: Cause::ResetBeforeBanner, evidence: vec![] });
        self.input(LinkInput::Gone { epoch, cause: Cause::ClosedByPeer(String::new()) });
    }

    fn pass(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            let reply = self.replies.iter().map(|(at, _)| *at).min();
            let Some(due) = self.link.poll_timeout().into_iter().chain(reply).min().filter(|due| *due <= end.mono)
            else {
                break;
            };
            self.now = self.now + due.since(self.now.mono);
            if let Some(index) = self.replies.iter().position(|(at, _)| *at <= self.now.mono) {
                let (_, input) = self.replies.remove(index);
                if let LinkInput::DialFailed { epoch, .. } = input {
                    self.in_flight.take_if(|under_way| *under_way == epoch);
                }
                let starts = if let LinkInput::Dialing { epoch, stage: DialStage::Connecting { .. } } = &input {
                    Some(*epoch)
                } else {
                    None
                };
                self.input(input);
                if let Some(epoch) = starts.filter(|epoch| self.in_flight == Some(*epoch)) {
                    self.answer_dial(epoch);
                }
            } else {
                self.link.handle_timeout(self.now);
                self.drain();
            }
        }
        self.now = end;
    }

    fn input(&mut self, input: LinkInput) {
        self.link.handle_input(self.now, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(fact) = self.link.poll_fact() {
            self.heard(fact);
        }
        while let Some(effect) = self.link.poll_effect() {
            self.log.push(format!("{effect:?}"));
            self.carry_out(effect);
        }
        assert_eq!(self.link.held(), self.held, "only the operator holds a link, and only the operator lets go");
        let waits = self.link.poll_timeout().is_some() || !self.replies.is_empty();
        match self.link.state() {
            LinkState::Idle | LinkState::Refused => {}
            LinkState::Paused | LinkState::Lost if self.held.is_some() => {
                assert!(!waits || self.link.poll_timeout().is_none())
            }
            LinkState::Paused if self.network == NetworkState::Down => {}
            LinkState::Paused
            | LinkState::Connecting
            | LinkState::Alive
            | LinkState::Pinging
            | LinkState::Reconnecting
            | LinkState::Rebooted
            | LinkState::Lost => assert!(waits, "nothing will ever happen: {:?}", self.link),
        }
    }

    fn heard(&mut self, fact: LinkFact) {
        self.log.push(format!("{fact:?}"));
        match fact {
            LinkFact::Boot(BootFact::Rebooted { after, .. }) => {
                self.reboots += 1;
                self.told = Some(LastKnown { value: after, as_of: self.now.wall });
            }
            LinkFact::Boot(BootFact::Identified(identity)) => {
                self.told = Some(LastKnown { value: identity, as_of: self.now.wall })
            }
            LinkFact::Boot(
                fact @ (BootFact::Evidence { .. } | BootFact::System { .. } | BootFact::Reverted { .. }),
            ) => {
                panic!("not the link's to tell: {fact:?}")
            }
            LinkFact::Link(change) => {
                if change.cause == Some(Cause::HandshakeTimedOut) {
                    // Every dial of ours fails or succeeds in less; who only waits is not late.
                    panic!("a dial that waited for its place was given up: {:#?}", self.log);
                }
                // The one that is asked for in this moment is counted, until it turns out to wait.
                let now = u32::from(change.waits_behind.is_none());
                assert!(change.attempt <= self.begun + now, "waiting cost an attempt: {:#?}", self.log);
                if change.to.is_connected() {
                    self.begun = 0;
                }
                if change.to == LinkState::Refused {
                    self.refused = true;
                }
                if change.to.is_connected() && self.known != Some(self.boot) {
                    let expected = u32::from(self.known.is_some());
                    assert_eq!(std::mem::take(&mut self.reboots), expected, "reboots told: {:#?}", self.log);
                    self.known = Some(self.boot);
                } else {
                    assert_eq!(self.reboots, 0, "a reboot that was none: {:#?}", self.log);
                }
                if change.to == LinkState::Rebooted {
                    self.replies.push((self.now.mono, LinkInput::RebootHandled));
                }
            }
        }
    }

    fn carry_out(&mut self, effect: LinkEffect) {
        let reachable = self.network != NetworkState::Down && self.route;
        let answers = reachable && self.host != Host::Silent;
        let soon = self.now.mono + self.rtt;
        let mut reply = |at: Mono, input: LinkInput| self.replies.push((at, input));
        match effect {
            LinkEffect::Dial(epoch) => {
                assert_ne!(self.network, NetworkState::Down, "dialed without a network");
                assert!(!self.refused, "tried again after a refusal");
                assert_eq!(self.held, None, "dialed a host that is to be left alone");
                assert_eq!(self.in_flight, None, "two dials");
                self.in_flight = Some(epoch);
                if self.queue.is_zero() {
                    self.answer_dial(epoch);
                } else {
                    let (start, limit) = (self.now.mono + self.queue, Duration::from_secs(60));
                    reply(self.now.mono, LinkInput::Dialing { epoch, stage: DialStage::Waiting { before: 4 } });
                    reply(start, LinkInput::Dialing { epoch, stage: DialStage::Connecting { limit } });
                }
            }
            LinkEffect::Identify(epoch) if answers && self.host != Host::Hangs => {
                let identity = self.identity();
                self.replies.push((soon, LinkInput::Identified { epoch, identity }));
            }
            LinkEffect::Ping(epoch) if answers => reply(soon, LinkInput::Pong { epoch, rtt: self.rtt }),
            LinkEffect::Probe(epoch) if answers => reply(soon, LinkInput::Probed { epoch, evidence: vec![] }),
            LinkEffect::Identify(_) | LinkEffect::Ping(_) | LinkEffect::Probe(_) => {}
            LinkEffect::Close(epoch) => {
                if self.in_flight == Some(epoch) {
                    self.in_flight = None
                }
            }
        }
    }

    /// As the host is when the dial comes to it.
    fn answer_dial(&mut self, epoch: Epoch) {
        self.begun += 1;
        let (now, soon) = (self.now.mono, self.now.mono + self.rtt);
        let failed = |cause| LinkInput::DialFailed { epoch, cause, evidence: vec![] };
        self.replies.push(match self.host {
            _ if !self.route => (now, failed(Cause::NoRoute)),
            Host::Works | Host::Hangs => (soon, LinkInput::Dialed { epoch, evidence: vec![] }),
            Host::Silent => (now + Duration::from_secs(10), failed(Cause::ConnectTimedOut)),
            Host::Resets => (soon, failed(Cause::ResetBeforeBanner)),
            Host::Refuses => (soon, failed(Cause::PortRefused)),
            Host::WrongKey => (soon, failed(Cause::HostKeyRevoked { presented: "k".into() })),
            Host::WrongAuth => (soon, failed(Cause::AuthRefused { tried: vec![], offered: vec![] })),
        });
    }

    fn identity(&self) -> BootIdentity {
        let boot_time = Some(1_700_000_000 + self.boot * 600 + self.clock_step);
        match self.kind {
            Kind::BootId => BootIdentity { boot_id: Some(self.boot.to_string()), boot_time, init_start: None },
            Kind::Container => BootIdentity {
                boot_id: Some("host".into()),
                boot_time: None,
                init_start: u64::try_from(self.boot).ok().map(|boot| boot * 60_000),
            },
            Kind::BootTimeOnly => BootIdentity { boot_id: None, boot_time, init_start: None },
        }
    }
}
