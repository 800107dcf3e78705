use proptest::prelude::*;

use super::*;

fn host(n: u8) -> HostId {
    HostId::parse(&format!("h{n}")).expect("a name")
}

fn change(to: LinkState, cause: Option<Cause>) -> LinkChange {
    LinkChange::between(LinkState::Alive, to, cause)
}

fn silent() -> Option<Cause> {
    Some(Cause::Silent(Duration::from_secs(15)))
}

#[test]
fn a_dead_jump_host_is_one_incident_and_not_38() {
    let mut incidents = Incidents::default();
    let cause = Cause::JumpHost { host: "bastion".into(), cause: Box::new(Cause::ConnectTimedOut) };
    for n in 0..38 {
        let at = Wall(i64::from(n) * 50);
        incidents.apply(at, &host(n), "", &change(LinkState::Pinging, silent()));
        incidents.apply(at, &host(n), "", &change(LinkState::Reconnecting, Some(cause.clone())));
    }
    let open: Vec<_> = incidents.open().collect();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].to_string(), "38 hosts: jump host bastion: no answer: connecting timed out");
    assert_eq!(open[0].next_step().as_deref(), Some("look at bastion, not at the hosts behind it"));
    for n in 0..38 {
        incidents.apply(Wall(9_000), &host(n), "", &change(LinkState::Alive, None));
    }
    assert_eq!(incidents.open().count(), 0);
    let last = incidents.closed().back().expect("closed");
    assert_eq!((last.since, last.until, last.affected), (Wall(0), Some(Wall(9_000)), 38));
    assert_eq!(
        (last.had.len(), incidents.closed().len()),
        (38, 1),
        "what they were taken for at first is not told twice"
    );
}

#[test]
fn own_network_takes_them_all_whenever_they_notice() {
    let mut incidents = Incidents::default();
    for n in 0..5 {
        let down = change(LinkState::Paused, Some(Cause::OwnNetworkDown));
        incidents.apply(Wall(i64::from(n) * 7_000), &host(n), "", &down);
    }
    assert_eq!(incidents.open().map(ToString::to_string).collect::<Vec<_>>(), ["5 hosts: own network is down"]);
}

#[test]
fn a_subnet_is_named_when_its_hosts_go_together_and_not_else() {
    let mut incidents = Incidents::default();
    let lost = change(LinkState::Pinging, silent());
    incidents.apply(Wall(0), &host(1), "root@10.0.3.4:22", &lost);
    incidents.apply(Wall(1_900), &host(2), "10.0.3.77", &lost);
    incidents.apply(Wall(2_000), &host(3), "10.0.4.1", &lost);
    incidents.apply(Wall(9_000), &host(4), "10.0.3.5", &lost);
    incidents.apply(Wall(9_000), &host(5), "db.example.org:22", &lost);
    let origins: Vec<_> = incidents.open().map(|open| (open.affected, open.origin.clone())).collect();
    let subnet = Subnet::of("10.0.3.9").expect("an address");
    assert_eq!(origins[0], (2, Origin::Subnet(subnet)));
    assert_eq!(origins[1..].iter().map(|(n, _)| *n).collect::<Vec<_>>(), [1, 1, 1]);
    assert_eq!(subnet.to_string(), "10.0.3.0/24");
    assert_eq!(Subnet::of("[2001:db8::7]:22").map(|net| net.to_string()).as_deref(), Some("2001:db8::/64"));
    assert_eq!(Subnet::of("db.example.org:22"), None);
}

proptest! {
    #[test]
    fn every_host_in_trouble_is_in_exactly_one_open_incident(
        steps in proptest::collection::vec((0_u8..12, 0_usize..9, 0_u8..4, 0_i64..3_000), 1..200)
    ) {
        let (mut incidents, mut states, mut now) = (Incidents::default(), BTreeMap::new(), 0);
        for (n, state, cause, pause) in steps {
            now += pause;
            let cause = match cause {
                0 => Some(Cause::OwnNetworkDown),
                1 => Some(Cause::JumpHost { host: "j".into(), cause: Box::new(Cause::NoRoute) }),
                2 => silent(),
                _ => None,
            };
            let to = LinkState::ALL[state];
            incidents.apply(Wall(now), &host(n), &format!("10.0.{}.{n}", n % 3), &change(to, cause));
            states.insert(host(n), to);
            for (host, state) in &states {
                let holding = incidents.open().filter(|open| open.hosts.contains(host)).count();
                prop_assert_eq!(holding, usize::from(is_trouble(*state)));
                prop_assert_eq!(incidents.of(host).is_some(), is_trouble(*state));
            }
            prop_assert!(incidents.open().all(|open| open.until.is_none() && !open.hosts.is_empty()));
            prop_assert!(incidents.closed().len() <= CLOSED);
        }
    }
}
