//! The link against hand-made schedules and random ones; time is simulated.

use proptest::prelude::*;

use super::*;
use crate::domain::boot::BootIdentity;
use crate::domain::diagnosis::{Rung, RungAnswer};
use crate::domain::event::BootFact;
use crate::domain::link::{DialStage, Hold, Keepalive};
use crate::domain::moment::Wall;

/// A link and what it said so far.
struct Rig {
    link: Link,
    now: Moment,
    effects: Vec<LinkEffect>,
    changes: Vec<LinkChange>,
    boots: Vec<BootFact>,
}

impl Rig {
    fn new(settings: LinkSettings) -> Self {
        let now = Moment { mono: Mono(Duration::from_secs(1_000)), wall: Wall(1_000_000) };
        Self { link: Link::new(settings, None, 42), now, effects: vec![], changes: vec![], boots: vec![] }
    }

    /// Connected to boot "one".
    fn alive() -> Self {
        let mut rig = Self::new(LinkSettings::default());
        rig.input(LinkInput::Connect);
        rig.connect_as("one");
        assert_eq!(rig.link.state(), LinkState::Alive);
        // The first ping goes out at once.
        rig.pass(Duration::ZERO);
        rig.clear();
        rig
    }

    fn drain(&mut self) {
        while let Some(effect) = self.link.poll_effect() {
            self.effects.push(effect);
        }
        while let Some(fact) = self.link.poll_fact() {
            match fact {
                LinkFact::Link(change) => self.changes.push(change),
                LinkFact::Boot(fact) => self.boots.push(fact),
            }
        }
    }

    fn input(&mut self, input: LinkInput) {
        self.link.handle_input(self.now, input);
        self.drain();
    }

    fn clear(&mut self) {
        self.effects.clear();
        self.changes.clear();
        self.boots.clear();
    }

    /// Lets simulated time pass, from one due timeout to the next.
    fn pass(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(due) = self.link.poll_timeout().filter(|due| *due <= end.mono) {
            self.now = self.now + due.since(self.now.mono);
            self.link.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }

    fn connect_as(&mut self, boot: &str) {
        let epoch = self.link.epoch();
        self.input(LinkInput::Dialed { epoch, evidence: vec![] });
        let identity = BootIdentity { boot_id: Some(boot.into()), ..BootIdentity::default() };
        self.input(LinkInput::Identified { epoch, identity });
    }

    fn fail(&mut self, cause: Cause) {
        let epoch = self.link.epoch();
        self.input(LinkInput::DialFailed { epoch, cause, evidence: vec![] });
    }

    fn states(&self) -> Vec<LinkState> {
        self.changes.iter().map(|change| change.to).collect()
    }

    fn dials(&self) -> usize {
        self.effects.iter().filter(|effect| matches!(effect, LinkEffect::Dial(_))).count()
    }
}

#[test]
fn a_cut_connection_goes_over_pinging_and_reconnecting_back_to_alive() {
    let mut rig = Rig::alive();
    let epoch = rig.link.epoch();
    rig.input(LinkInput::Gone { epoch, cause: Cause::ClosedByPeer(String::new()) });
    assert!(rig.effects.contains(&LinkEffect::Probe(epoch)));
    rig.input(LinkInput::Probed { epoch, evidence: vec![] });
    rig.connect_as("one");
    assert_eq!(rig.states(), [LinkState::Pinging, LinkState::Reconnecting, LinkState::Alive]);
    assert!(rig.boots.is_empty());
}

#[test]
fn silence_is_noticed_after_three_unanswered_pings_and_any_byte_ends_it() {
    let mut rig = Rig::alive();
    let epoch = rig.link.epoch();
    rig.pass(Duration::from_millis(14_900));
    assert_eq!(rig.effects, vec![LinkEffect::Ping(epoch); 2]);
    assert_eq!(rig.link.state(), LinkState::Alive);
    rig.pass(Duration::from_millis(200));
    assert_eq!(rig.link.state(), LinkState::Pinging);
    rig.input(LinkInput::Heard { epoch });
    assert_eq!(rig.states(), [LinkState::Pinging, LinkState::Alive]);
    assert_eq!(rig.dials(), 0);
}

#[test]
fn a_loaded_slow_line_gets_the_time_its_answers_need() {
    let mut rig = Rig::alive();
    let epoch = rig.link.epoch();
    rig.input(LinkInput::Pong { epoch, rtt: Duration::from_millis(350) });
    rig.pass(Duration::from_millis(16_000));
    assert_eq!(rig.link.state(), LinkState::Alive);
    rig.pass(Duration::from_millis(200));
    assert_eq!(rig.link.state(), LinkState::Pinging);
}

#[test]
fn a_refused_key_is_never_tried_again_without_the_operator() {
    let mut rig = Rig::new(LinkSettings::default());
    rig.input(LinkInput::Connect);
    rig.fail(Cause::AuthRefused { tried: vec![], offered: vec![] });
    assert_eq!(rig.link.state(), LinkState::Refused);
    rig.clear();
    rig.pass(Duration::from_secs(86_400));
    rig.input(LinkInput::Network(NetworkState::Down));
    rig.input(LinkInput::Network(NetworkState::Up));
    rig.input(LinkInput::Connect);
    assert_eq!((rig.dials(), rig.link.state()), (0, LinkState::Refused));
    rig.input(LinkInput::Reconnect);
    assert_eq!(rig.dials(), 1);
}

#[test]
fn while_the_own_network_is_down_no_attempt_is_spent_and_its_return_dials_at_once() {
    let mut rig = Rig::alive();
    rig.input(LinkInput::Network(NetworkState::Down));
    assert_eq!(rig.link.state(), LinkState::Alive);
    rig.pass(Duration::from_secs(3_600));
    assert_eq!((rig.link.state(), rig.dials()), (LinkState::Paused, 0));
    rig.input(LinkInput::Network(NetworkState::Up));
    assert_eq!((rig.link.state(), rig.dials()), (LinkState::Reconnecting, 1));
    assert_eq!(rig.changes.last().map(|change| change.attempt), Some(1));
}

#[test]
fn a_host_without_a_route_is_paused_alone_and_the_route_s_return_dials_at_once() {
    let mut rig = Rig::new(LinkSettings::default());
    rig.input(LinkInput::Connect);
    rig.input(LinkInput::Route { reachable: false });
    let last = rig.changes.last().map(|change| (change.to, change.cause.clone(), change.attempt));
    assert_eq!(last, Some((LinkState::Paused, Some(Cause::NoRoute), 0)));
    rig.pass(Duration::from_secs(20));
    assert_eq!(rig.dials(), 1);
    rig.input(LinkInput::Route { reachable: true });
    assert_eq!((rig.link.state(), rig.dials()), (LinkState::Reconnecting, 2));
}

#[test]
fn a_session_outlives_a_short_absence_of_its_route() {
    let mut rig = Rig::alive();
    let epoch = rig.link.epoch();
    rig.input(LinkInput::Route { reachable: false });
    assert_eq!((rig.link.state(), &rig.effects[..]), (LinkState::Alive, &[LinkEffect::Ping(epoch)][..]));
    rig.pass(Duration::from_secs(20));
    assert_eq!(rig.states(), [LinkState::Paused]);
}

#[test]
fn an_attempt_that_the_network_took_along_is_given_back() {
    let mut rig = Rig::new(LinkSettings::default());
    rig.input(LinkInput::Connect);
    rig.input(LinkInput::Network(NetworkState::Down));
    assert_eq!(rig.changes.last().map(|change| (change.to, change.attempt)), Some((LinkState::Paused, 0)));
}

#[test]
fn a_reboot_is_told_once_and_shown_for_five_seconds_at_least() {
    let mut rig = Rig::alive();
    let epoch = rig.link.epoch();
    rig.input(LinkInput::Gone { epoch, cause: Cause::ClosedByPeer(String::new()) });
    rig.pass(Duration::from_secs(3));
    rig.connect_as("two");
    assert_eq!(rig.link.state(), LinkState::Rebooted);
    assert_eq!(rig.boots.len(), 1);
    rig.input(LinkInput::RebootHandled);
    assert_eq!(rig.link.state(), LinkState::Rebooted);
    rig.pass(Duration::from_secs(5));
    assert_eq!(rig.link.state(), LinkState::Alive);
    let epoch = rig.link.epoch();
    rig.input(LinkInput::Gone { epoch, cause: Cause::ClosedByPeer(String::new()) });
    rig.pass(Duration::from_secs(3));
    rig.connect_as("two");
    assert_eq!(rig.boots.len(), 1);
}

#[test]
fn a_host_without_contact_is_lost_but_asked_on_at_the_slowest_pace() {
    let mut rig = Rig::alive();
    let epoch = rig.link.epoch();
    rig.input(LinkInput::Gone { epoch, cause: Cause::ClosedByPeer(String::new()) });
    rig.pass(Duration::from_secs(3));
    while rig.link.state() != LinkState::Lost {
        rig.fail(Cause::ConnectTimedOut);
        rig.pass(Duration::from_secs(30));
    }
    rig.clear();
    for _ in 0..10 {
        rig.fail(Cause::ConnectTimedOut);
        rig.pass(Duration::from_secs(30));
    }
    assert_eq!(rig.dials(), 10);
    assert!(rig.changes.is_empty(), "the same cause again and again is not news: {:?}", rig.changes);
    rig.connect_as("one");
    assert_eq!(rig.link.state(), LinkState::Alive);
}

#[test]
fn our_own_sleep_blames_nobody() {
    let mut rig = Rig::alive();
    rig.now = rig.now + Duration::from_secs(7_200);
    rig.input(LinkInput::Stalled(Duration::from_secs(7_200)));
    rig.link.handle_timeout(rig.now);
    rig.drain();
    assert!(rig.changes.is_empty());
    assert_eq!(rig.effects, [LinkEffect::Ping(rig.link.epoch())]);
}

/// What answered is part of the verdict: everything up to the login.
#[test]
fn a_first_command_that_never_answers_names_the_exec_rung() {
    let report = |rung, answer| RungReport { rung, answer, took: Duration::ZERO, detail: String::new() };
    let told = |rig: &Rig| {
        let last = rig.changes.last().unwrap();
        let rungs: Vec<_> = last.evidence.iter().map(|report| (report.rung, report.answer)).collect();
        (last.to, last.cause.clone(), rungs)
    };
    let rungs = [(Rung::Auth, RungAnswer::Stands), (Rung::Exec, RungAnswer::Broken)].to_vec();
    let logged_in = || {
        let mut rig = Rig::new(LinkSettings::default());
        rig.input(LinkInput::Connect);
        let epoch = rig.link.epoch();
        rig.input(LinkInput::Dialed { epoch, evidence: vec![report(Rung::Auth, RungAnswer::Stands)] });
        rig
    };
    let mut rig = logged_in();
    rig.pass(IDENTIFY_LIMIT);
    let hangs = Some(Cause::ExecTimedOut(IDENTIFY_LIMIT));
    assert_eq!(told(&rig), (LinkState::Reconnecting, hangs, rungs.clone()));
    assert_eq!(rig.changes.last().unwrap().evidence[1].took, IDENTIFY_LIMIT);

    let mut rig = logged_in();
    let (epoch, cause) = (rig.link.epoch(), Cause::ExecRefused("x".into()));
    rig.input(LinkInput::IdentifyFailed { epoch, cause: cause.clone() });
    assert_eq!(told(&rig), (LinkState::Reconnecting, Some(cause), rungs));
    assert!(rig.effects.contains(&LinkEffect::Close(epoch)));
}

#[test]
fn a_one_shot_gives_up_after_its_attempts() {
    let mut rig = Rig::new(LinkSettings { attempts: Some(3), ..LinkSettings::default() });
    rig.input(LinkInput::Connect);
    for _ in 0..3 {
        rig.fail(Cause::PortRefused);
        rig.pass(Duration::from_secs(60));
    }
    assert_eq!((rig.dials(), rig.link.state(), rig.link.poll_timeout()), (3, LinkState::Lost, None));
}

#[test]
fn what_the_host_says_of_keepalives_holds_from_its_dial_on() {
    let mut rig = Rig::new(LinkSettings::default());
    rig.input(LinkInput::Connect);
    rig.input(LinkInput::Keepalive(Keepalive { every: Duration::from_secs(60), count: 2 }));
    rig.connect_as("a");
    rig.pass(Duration::from_secs(119));
    assert_eq!(rig.link.state(), LinkState::Alive);
    rig.pass(Duration::from_secs(2));
    assert_eq!(rig.link.state(), LinkState::Pinging);
}

fn any_input() -> impl Strategy<Value = LinkInput> {
    let epoch = (0_u64..12).prop_map(Epoch);
    let boot = prop_oneof![Just(None), "[ab]".prop_map(Some)];
    let identity = boot.prop_map(|boot_id| BootIdentity { boot_id, ..BootIdentity::default() });
    let cause = prop_oneof![
        Just(Cause::PortRefused),
        Just(Cause::NoRoute),
        Just(Cause::KeyUnusable("x".into())),
        Just(Cause::ConnectTimedOut),
    ];
    let stage = prop_oneof![
        any::<u32>().prop_map(|before| DialStage::Waiting { before }),
        (0_u64..100).prop_map(|s| DialStage::Connecting { limit: Duration::from_secs(s) }),
        Just(DialStage::Asking),
    ];
    prop_oneof![
        Just(LinkInput::Connect),
        Just(LinkInput::Reconnect),
        Just(LinkInput::Detach),
        prop_oneof![Just(Hold::Paused), Just(Hold::Dead)].prop_map(LinkInput::Hold),
        Just(LinkInput::Network(NetworkState::Down)),
        Just(LinkInput::Network(NetworkState::Up)),
        any::<bool>().prop_map(|reachable| LinkInput::Route { reachable }),
        (1_u64..100, 0_u32..5)
            .prop_map(|(s, count)| LinkInput::Keepalive(Keepalive { every: Duration::from_secs(s), count })),
        epoch.clone().prop_map(|epoch| LinkInput::Dialed { epoch, evidence: vec![] }),
        (epoch.clone(), cause.clone()).prop_map(|(epoch, cause)| LinkInput::DialFailed {
            epoch,
            cause,
            evidence: vec![]
        }),
        (epoch.clone(), identity).prop_map(|(epoch, identity)| LinkInput::Identified { epoch, identity }),
        (epoch.clone(), cause.clone()).prop_map(|(epoch, cause)| LinkInput::IdentifyFailed { epoch, cause }),
        epoch.clone().prop_map(|epoch| LinkInput::Heard { epoch }),
        (epoch.clone(), cause).prop_map(|(epoch, cause)| LinkInput::Gone { epoch, cause }),
        (epoch.clone(), stage).prop_map(|(epoch, stage)| LinkInput::Dialing { epoch, stage }),
        epoch.prop_map(|epoch| LinkInput::Probed { epoch, evidence: vec![] }),
        Just(LinkInput::RebootHandled),
        (0_u64..10_000).prop_map(|s| LinkInput::Stalled(Duration::from_secs(s))),
    ]
}

#[test]
fn waiting_for_a_place_is_not_connecting_and_costs_no_attempt() {
    let mut rig = Rig::new(LinkSettings { attempts: Some(1), ..LinkSettings::default() });
    rig.input(LinkInput::Connect);
    let stage = |rig: &mut Rig, stage| {
        let epoch = rig.link.epoch();
        rig.input(LinkInput::Dialing { epoch, stage });
    };
    rig.clear();
    stage(&mut rig, DialStage::Waiting { before: 42 });
    rig.pass(Duration::from_secs(1));
    assert!(rig.changes.is_empty(), "an ordinary crowd is no news");
    rig.pass(Duration::from_secs(30));
    stage(&mut rig, DialStage::Waiting { before: 17 });
    rig.pass(Duration::from_secs(3_600));
    let told: Vec<_> = rig.changes.iter().map(|change| (change.waits_behind, change.attempt, change.to)).collect();
    assert_eq!(told[0], (Some(42), 0, LinkState::Connecting));
    assert_eq!(told[1], (Some(17), 0, LinkState::Connecting));
    assert_eq!(told.len(), 61, "once a minute");
    rig.clear();
    stage(&mut rig, DialStage::Connecting { limit: Duration::from_secs(300) });
    assert_eq!((rig.changes[0].waits_behind, rig.changes[0].attempt), (None, 1));
    rig.pass(Duration::from_secs(304));
    assert_eq!(rig.link.state(), LinkState::Connecting, "the host's own limit is the one that counts");
    rig.pass(Duration::from_secs(1));
    assert_eq!(rig.link.state(), LinkState::Lost);
    assert_eq!(rig.changes.last().and_then(|change| change.cause.clone()), Some(Cause::HandshakeTimedOut));
}

#[test]
fn an_operator_who_is_asked_may_think() {
    let mut rig = Rig::new(LinkSettings::default());
    rig.input(LinkInput::Connect);
    let epoch = rig.link.epoch();
    rig.input(LinkInput::Dialing { epoch, stage: DialStage::Asking });
    rig.pass(Duration::from_secs(7_200));
    assert_eq!((rig.link.state(), rig.link.epoch()), (LinkState::Connecting, epoch));
    rig.input(LinkInput::Dialing { epoch, stage: DialStage::Connecting { limit: Duration::from_secs(60) } });
    rig.connect_as("one");
    assert_eq!(rig.link.state(), LinkState::Alive);
}

#[test]
fn a_queue_that_we_leave_costs_no_attempt_either() {
    let mut rig = Rig::alive();
    let epoch = rig.link.epoch();
    rig.input(LinkInput::Gone { epoch, cause: Cause::ClosedByPeer(String::new()) });
    rig.input(LinkInput::Probed { epoch, evidence: vec![] });
    rig.fail(Cause::PortRefused);
    rig.pass(Duration::from_secs(1));
    let epoch = rig.link.epoch();
    rig.input(LinkInput::Dialing { epoch, stage: DialStage::Waiting { before: 3 } });
    rig.input(LinkInput::Network(NetworkState::Down));
    assert_eq!(rig.changes.last().map(|change| (change.to, change.attempt)), Some((LinkState::Paused, 1)));
    assert!(rig.effects.contains(&LinkEffect::Close(epoch)));
}

proptest! {
    #[test]
    fn whatever_happens_a_wanted_link_has_a_timer_and_at_most_one_dial(
        steps in proptest::collection::vec((any_input(), 0_u64..40_000, any::<bool>()), 1..80)
    ) {
        let mut rig = Rig::new(LinkSettings::default());
        let mut network = NetworkState::Unknown;
        let mut open: Option<Epoch> = None;
        for (input, millis, current) in steps {
            let input = if current { with_epoch(input, rig.link.epoch()) } else { input };
            if let LinkInput::Network(state) = input {
                network = state;
            }
            rig.input(input);
            rig.pass(Duration::from_millis(millis));
            for effect in rig.effects.drain(..) {
                match effect {
                    LinkEffect::Dial(epoch) => {
                        prop_assert!(network != NetworkState::Down, "dialed without a network");
                        prop_assert!(open.is_none_or(|before| before < epoch));
                        open = Some(epoch);
                    }
                    LinkEffect::Close(_) | LinkEffect::Identify(_) | LinkEffect::Ping(_) | LinkEffect::Probe(_) => {}
                }
            }
            let timer = rig.link.poll_timeout().is_some();
            match rig.link.state() {
                LinkState::Paused | LinkState::Lost if rig.link.held().is_some() => prop_assert!(!timer, "{:?}", rig.link),
                LinkState::Connecting | LinkState::Alive | LinkState::Pinging | LinkState::Reconnecting
                | LinkState::Rebooted | LinkState::Lost => {
                    prop_assert!(timer || rig.link.contact == Contact::Asking, "{:?}", rig.link)
                }
                LinkState::Idle | LinkState::Refused => prop_assert!(!timer, "{:?}", rig.link),
                LinkState::Paused => {
                    let waits = network == NetworkState::Down || rig.link.contact == Contact::Asking;
                    prop_assert!(timer || waits, "{:?}", rig.link);
                }
            }
        }
    }
}

fn with_epoch(input: LinkInput, epoch: Epoch) -> LinkInput {
    match input {
        LinkInput::Dialed { evidence, .. } => LinkInput::Dialed { epoch, evidence },
        LinkInput::DialFailed { cause, evidence, .. } => LinkInput::DialFailed { epoch, cause, evidence },
        LinkInput::Dialing { stage, .. } => LinkInput::Dialing { epoch, stage },
        LinkInput::Identified { identity, .. } => LinkInput::Identified { epoch, identity },
        LinkInput::IdentifyFailed { cause, .. } => LinkInput::IdentifyFailed { epoch, cause },
        LinkInput::Heard { .. } => LinkInput::Heard { epoch },
        LinkInput::Pong { rtt, .. } => LinkInput::Pong { epoch, rtt },
        LinkInput::Gone { cause, .. } => LinkInput::Gone { epoch, cause },
        LinkInput::Probed { evidence, .. } => LinkInput::Probed { epoch, evidence },
        LinkInput::Connect
        | LinkInput::Reconnect
        | LinkInput::Detach
        | LinkInput::Hold(_)
        | LinkInput::Network(_)
        | LinkInput::Route { .. }
        | LinkInput::Keepalive(_)
        | LinkInput::RebootHandled
        | LinkInput::Stalled(_) => input,
    }
}
