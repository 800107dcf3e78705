use proptest::prelude::*;

use super::*;
use crate::domain::network::CheckHost;

struct Rig {
    network: Network,
    now: Mono,
}

impl Rig {
    fn new(decisive: bool) -> Self {
        let check = decisive.then(|| vec![CheckHost::new("gate", 22)]);
        let settings = NetworkSettings { check, ..NetworkSettings::default() };
        let now = Mono(Duration::from_secs(1_000));
        let mut rig = Self { network: Network::new(&settings, true, Links::Quiet), now };
        rig.input(NetworkInput::Links(WANTING));
        rig
    }

    fn input(&mut self, input: NetworkInput) {
        self.network.handle_input(self.now, input);
    }

    fn seen(&mut self, state: NetworkState, why: &str) {
        self.input(NetworkInput::Seen { state, why: why.into(), default_route: true });
    }

    fn answer(&mut self, reached: &[bool], gateway: Option<bool>) {
        self.pass(1_000);
        let round = self.network.poll_ask().unwrap_or(self.network.round);
        let hosts = reached.iter().enumerate().map(|(n, reached)| answer(&format!("h{n}:22"), false, *reached));
        let answers = hosts.chain(gateway.map(|reached| answer("192.0.2.1", true, reached))).collect();
        self.input(NetworkInput::Answered { round, answers });
    }

    fn pass(&mut self, millis: u64) {
        self.now = self.now + Duration::from_millis(millis);
        self.network.handle_timeout(self.now);
    }

    fn state(&self) -> NetworkState {
        self.network.state()
    }
}

fn answer(name: &str, gateway: bool, reached: bool) -> CheckAnswer {
    let answer = if reached { Answer::Reached(Duration::ZERO) } else { Answer::Silent("timed out".into()) };
    CheckAnswer { name: name.into(), gateway, answer }
}

const WANTING: Links = Links::Wanting { some_alive: false };

#[test]
fn down_is_believed_at_once_and_a_first_return_too() {
    let mut rig = Rig::new(true);
    rig.seen(NetworkState::Up, "eth0");
    assert_eq!(rig.state(), NetworkState::Up);
    rig.pass(5_000);
    rig.seen(NetworkState::Down, "eth0 is down");
    assert_eq!((rig.state(), rig.network.why()), (NetworkState::Down, "eth0 is down"));
    rig.pass(5_000);
    rig.seen(NetworkState::Up, "eth0");
    assert_eq!(rig.state(), NetworkState::Up);
}

#[test]
fn one_that_flaps_has_to_hold_or_to_carry_an_answer() {
    let mut rig = Rig::new(true);
    rig.seen(NetworkState::Up, "eth0");
    for _ in 0..3 {
        rig.seen(NetworkState::Down, "eth0 has no carrier");
        rig.pass(100);
        rig.seen(NetworkState::Up, "eth0");
        assert_eq!((rig.state(), rig.network.why()), (NetworkState::Down, "coming back: eth0"));
        rig.pass(100);
    }
    assert_eq!(rig.network.poll_timeout().map(|due| due > rig.now), Some(true));
    rig.pass(150);
    assert_eq!(rig.state(), NetworkState::Up, "it held for 250 ms");
    rig.seen(NetworkState::Down, "eth0 has no carrier");
    rig.pass(10);
    rig.seen(NetworkState::Up, "eth0");
    assert_eq!(rig.state(), NetworkState::Down);
    rig.input(NetworkInput::Answered { round: rig.network.round, answers: vec![answer("gate:22", false, true)] });
    assert_eq!(rig.state(), NetworkState::Up, "somebody answers over it");
}

#[test]
fn configured_check_hosts_say_up_degraded_or_down() {
    let mut rig = Rig::new(true);
    rig.seen(NetworkState::Up, "eth0");
    for (reached, state) in [
        (&[true, true][..], NetworkState::Up),
        (&[true, false], NetworkState::Degraded),
        (&[false, false], NetworkState::Down),
        (&[true, false], NetworkState::Degraded),
    ] {
        rig.answer(reached, None);
        assert_eq!(rig.state(), state, "{reached:?}");
    }
    assert_eq!(rig.network.why(), "1 of 2 check hosts answer over eth0; not h1:22 (timed out)");
    rig.answer(&[false], None);
    assert_eq!(rig.network.why(), "no check host answers over eth0: h0:22 (timed out)");
    rig.input(NetworkInput::Links(Links::Wanting { some_alive: true }));
    assert_eq!(rig.state(), NetworkState::Down, "it flapped");
    rig.pass(300);
    assert_eq!(rig.state(), NetworkState::Degraded, "a link is alive, so the network is there");
}

#[test]
fn a_fleet_of_one_that_reboots_is_not_our_network() {
    let mut rig = Rig::new(false);
    rig.seen(NetworkState::Up, "eth0");
    rig.answer(&[false], None);
    assert_eq!(rig.state(), NetworkState::Degraded);
    rig.answer(&[false], Some(false));
    assert_eq!(rig.state(), NetworkState::Degraded, "a gateway that never answered says nothing");
    rig.answer(&[false], Some(true));
    assert_eq!(rig.state(), NetworkState::Degraded);
    assert!(rig.network.why().ends_with("but our gateway does"), "{}", rig.network.why());
    rig.answer(&[false], Some(false));
    assert_eq!(rig.state(), NetworkState::Down, "the gateway went with it");
}

#[test]
fn one_host_of_many_that_is_off_is_not_our_network() {
    let mut rig = Rig::new(false);
    rig.seen(NetworkState::Up, "eth0");
    for (reached, state) in [
        (&[true, true, true, false][..], NetworkState::Up),
        (&[true, false], NetworkState::Up),
        (&[true, false, false, false], NetworkState::Degraded),
        (&[false, false, false, false], NetworkState::Degraded),
    ] {
        rig.answer(reached, None);
        assert_eq!(rig.state(), state, "{reached:?}");
    }
}

#[test]
fn rounds_go_on_while_links_are_not_alive_and_only_then() {
    let mut rig = Rig::new(true);
    rig.seen(NetworkState::Up, "eth0");
    let first = rig.network.poll_ask();
    assert!(first.is_some() && rig.network.poll_ask().is_none());
    rig.pass(500);
    rig.seen(NetworkState::Up, "eth0, wlan0");
    assert_eq!(rig.network.poll_ask(), None, "changes come in swarms");
    rig.pass(500);
    let second = rig.network.poll_ask();
    assert!(second > first);
    rig.input(NetworkInput::Answered { round: first.unwrap(), answers: vec![answer("gate:22", false, false)] });
    assert_eq!(rig.state(), NetworkState::Up, "an answer that was overtaken");
    rig.pass(9_999);
    assert_eq!(rig.network.poll_ask(), None);
    rig.pass(1);
    assert!(rig.network.poll_ask() > second);
    rig.answer(&[false], None);
    assert_eq!(rig.state(), NetworkState::Down);
    rig.input(NetworkInput::Links(Links::Quiet));
    rig.pass(60_000);
    assert_eq!((rig.state(), rig.network.poll_ask(), rig.network.poll_timeout()), (NetworkState::Up, None, None));
}

fn any_input() -> impl Strategy<Value = NetworkInput> {
    let state = prop::sample::select(vec![NetworkState::Unknown, NetworkState::Up, NetworkState::Down]);
    let seen = (state, any::<bool>()).prop_map(|(state, default_route)| {
        let why = state.word().into();
        NetworkInput::Seen { state, why, default_route }
    });
    let links = prop::sample::select(vec![Links::Quiet, WANTING, Links::Wanting { some_alive: true }]);
    let answers = prop::collection::vec((any::<bool>(), any::<bool>()), 0..4)
        .prop_map(|all| all.into_iter().map(|(gateway, reached)| answer("x:1", gateway, reached)).collect::<Vec<_>>());
    prop_oneof![
        seen,
        links.prop_map(NetworkInput::Links),
        (0_u64..6, answers).prop_map(|(round, answers)| NetworkInput::Answered { round: Round(round), answers }),
    ]
}

proptest! {
    #[test]
    fn its_rules_hold_in_any_order(
        inputs in prop::collection::vec((any_input(), 0_u64..3_000), 0..60), decisive in any::<bool>(),
    ) {
        let mut rig = Rig::new(decisive);
        for (input, pause) in inputs {
            rig.input(input);
            let network = &rig.network;
            let (raw, _) = network.verdict();
            prop_assert!(!network.why().is_empty() && network.why().len() < 400);
            if raw == NetworkState::Down {
                prop_assert_eq!(network.state(), NetworkState::Down, "down at once");
            }
            if network.state() == NetworkState::Down && raw != NetworkState::Down {
                prop_assert!(network.poll_timeout().is_some(), "what is held is let go");
            }
            if network.seen.state != NetworkState::Down && network.links != Links::Quiet && network.asked.is_some() {
                prop_assert!(network.due.is_some(), "somebody is asked again");
            }
            let reached = network.answers.iter().any(|answer| !answer.gateway && answer.is_reached());
            if network.seen.state != NetworkState::Down && reached {
                prop_assert_ne!(network.state(), NetworkState::Down, "somebody answers");
            }
            rig.pass(pause);
            rig.network.poll_ask();
        }
    }
}
