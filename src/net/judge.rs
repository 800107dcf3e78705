//! What a snapshot of the network means. Pure. Only a complete answer may say `Down`: a false `Down`
//! keeps every host paused, a false `Up` only costs attempts.

use crate::domain::network::NetworkState;
use crate::net::{InterfaceSummary, NetSettings, Snapshot};

/// The state of the network, and why, for people.
#[must_use]
pub fn judge(snapshot: &Snapshot, settings: &NetSettings) -> (NetworkState, String) {
    if settings.loopback_only {
        return (NetworkState::Unknown, "every host is on a loopback address: no network is needed".to_owned());
    }
    let routes = |interface: &&InterfaceSummary| snapshot.routes.iter().any(|route| route.interface == interface.name);
    let over: Vec<_> = usable(snapshot, settings).filter(routes).collect();
    if !over.is_empty() {
        return (NetworkState::Up, list(over.into_iter().map(described)));
    }
    let usable: Vec<_> = usable(snapshot, settings).collect();
    let why = if usable.is_empty() {
        format!("no usable interface: {}", lacks(snapshot, settings))
    } else {
        format!("no route over {}", list(usable.into_iter().map(described)))
    };
    if snapshot.incomplete {
        return (NetworkState::Unknown, format!("{why}; but the kernel's answer was incomplete"));
    }
    (NetworkState::Down, why)
}

/// The interfaces that count and could carry packets to a host.
pub(super) fn usable<'a>(
    snapshot: &'a Snapshot,
    settings: &'a NetSettings,
) -> impl Iterator<Item = &'a InterfaceSummary> {
    snapshot.interfaces.iter().filter(|interface| counts(interface, settings) && lack(interface).is_none())
}

fn counts(interface: &InterfaceSummary, settings: &NetSettings) -> bool {
    let only = &settings.network.interfaces;
    !interface.loopback && (only.is_empty() || only.contains(&interface.name))
}

/// What keeps an interface from being usable.
fn lack(interface: &InterfaceSummary) -> Option<&'static str> {
    if !interface.up {
        Some("is down")
    } else if !interface.running {
        Some("has no carrier")
    } else if !interface.addresses.iter().any(|address| address.global) {
        Some("has no global address")
    } else {
        None
    }
}

fn lacks(snapshot: &Snapshot, settings: &NetSettings) -> String {
    let counted = snapshot.interfaces.iter().filter(|interface| counts(interface, settings));
    let lacking = counted.filter_map(|interface| Some(format!("{} {}", shown(&interface.name), lack(interface)?)));
    let there = |name: &str| snapshot.interfaces.iter().any(|interface| interface.name == name && !interface.loopback);
    let absent = settings.network.interfaces.iter().filter(|name| !there(name));
    let mut all = lacking.chain(absent.map(|name| format!("{} is not there", shown(name)))).peekable();
    if all.peek().is_none() { "there is none but loopback".to_owned() } else { list(all) }
}

fn described(interface: &InterfaceSummary) -> String {
    let address = interface.addresses.iter().find(|address| address.global);
    address.map_or_else(|| shown(&interface.name), |address| format!("{} {address}", shown(&interface.name)))
}

/// The kernel lets a name have any byte but a few.
fn shown(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '?' } else { c }).take(NAME).collect()
}

fn list(items: impl Iterator<Item = String>) -> String {
    let mut items: Vec<String> = items.collect();
    let more = items.len().saturating_sub(LISTED);
    if more > 0 {
        items.truncate(LISTED);
        items.push(format!("{more} more"));
    }
    items.join(", ")
}

/// So many interfaces are named in one line; a container host has hundreds.
const LISTED: usize = 4;

/// The kernel's limit is 15 bytes; configured names may be longer.
const NAME: usize = 32;

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use proptest::prelude::*;

    use super::*;
    use crate::net::{InterfaceAddress, RouteOut};

    fn interface(name: &str) -> InterfaceSummary {
        let ip = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
        let addresses = vec![InterfaceAddress { ip, prefix: 24, global: true }];
        InterfaceSummary { name: name.into(), up: true, running: true, addresses, loopback: false }
    }

    fn over(name: &str) -> RouteOut {
        RouteOut { interface: name.into(), default: false }
    }

    fn good() -> Snapshot {
        Snapshot { interfaces: vec![interface("eth0")], routes: [over("eth0")].into(), incomplete: false }
    }

    #[test]
    fn an_interface_with_address_and_route_is_up() {
        let expected = (NetworkState::Up, "eth0 192.0.2.7/24".to_owned());
        assert_eq!(judge(&good(), &NetSettings::default()), expected);
    }

    type Change = fn(&mut Snapshot);

    #[test]
    fn what_is_missing_is_named() {
        let changes: [(Change, &str); 6] = [
            (|it| it.interfaces[0].up = false, "no usable interface: eth0 is down"),
            (|it| it.interfaces[0].running = false, "no usable interface: eth0 has no carrier"),
            (|it| it.interfaces[0].addresses[0].global = false, "no usable interface: eth0 has no global address"),
            (|it| it.interfaces[0].loopback = true, "no usable interface: there is none but loopback"),
            (|it| it.interfaces.clear(), "no usable interface: there is none but loopback"),
            (|it| it.routes.clear(), "no route over eth0 192.0.2.7/24"),
        ];
        for (change, why) in changes {
            let mut snapshot = good();
            change(&mut snapshot);
            assert_eq!(judge(&snapshot, &NetSettings::default()), (NetworkState::Down, why.to_owned()));
        }
    }

    #[test]
    fn a_route_over_an_interface_that_cannot_be_used_is_none() {
        let mut snapshot = good();
        snapshot.interfaces.push(InterfaceSummary { running: false, ..interface("eth1") });
        snapshot.routes = [over("eth1")].into();
        assert_eq!(judge(&snapshot, &NetSettings::default()).0, NetworkState::Down);
    }

    #[test]
    fn only_the_configured_interfaces_count() {
        assert_eq!(judge(&good(), &NetSettings::only(&["eth0"])).0, NetworkState::Up);
        let expected = (NetworkState::Down, "no usable interface: usb0 is not there".to_owned());
        assert_eq!(judge(&good(), &NetSettings::only(&["usb0"])), expected);
    }

    #[test]
    fn names_are_shown_without_control_characters_and_not_all_of_them() {
        let interfaces = (0..200).map(|n| InterfaceSummary { up: false, ..interface(&format!("\x1b]{n}")) }).collect();
        let (_, why) = judge(&Snapshot { interfaces, ..Snapshot::default() }, &NetSettings::default());
        assert!(why.ends_with("?]3 is down, 196 more"), "{why}");
        assert!(!why.contains('\x1b'), "{why}");
    }

    const NAMES: [&str; 4] = ["lo", "eth0", "wlan0", "docker0"];

    prop_compose! {
        fn any_interface(name: &'static str)(
            up in any::<bool>(), running in any::<bool>(), global in prop::collection::vec(any::<bool>(), 0..3),
        ) -> InterfaceSummary {
            let ip = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
            let addresses = global.into_iter().map(|global| InterfaceAddress { ip, prefix: 24, global }).collect();
            InterfaceSummary { name: name.into(), up, running, addresses, loopback: name == "lo" }
        }
    }

    prop_compose! {
        fn any_snapshot()(
            all in NAMES.map(any_interface),
            there in any::<[bool; 4]>(),
            routes in prop::collection::btree_set((prop::sample::select(NAMES.to_vec()), any::<bool>()), 0..6),
            incomplete in any::<bool>(),
        ) -> Snapshot {
            let interfaces = all.into_iter().zip(there).filter(|(_, there)| *there).map(|(it, _)| it).collect();
            let routes = routes.into_iter()
                .map(|(name, default)| RouteOut { interface: name.into(), default }).collect();
            Snapshot { interfaces, routes, incomplete }
        }
    }

    fn any_settings() -> impl Strategy<Value = NetSettings> {
        let names = prop::sample::subsequence(NAMES.to_vec(), 0..4);
        (names, any::<bool>())
            .prop_map(|(names, loopback_only)| NetSettings { loopback_only, ..NetSettings::only(&names) })
    }

    /// The rule once more, from the routes instead of the interfaces.
    fn reference(snapshot: &Snapshot, settings: &NetSettings) -> NetworkState {
        let mut carries = false;
        for route in &snapshot.routes {
            for it in snapshot.interfaces.iter().filter(|it| it.name == route.interface && it.name != "lo") {
                let only = &settings.network.interfaces;
                let wanted = only.is_empty() || only.contains(&it.name);
                carries |= wanted && it.up && it.running && it.addresses.iter().any(|address| address.global);
            }
        }
        match (settings.loopback_only, carries, snapshot.incomplete) {
            (true, _, _) => NetworkState::Unknown,
            (false, true, _) => NetworkState::Up,
            (false, false, true) => NetworkState::Unknown,
            (false, false, false) => NetworkState::Down,
        }
    }

    proptest! {
        #[test]
        fn the_rule_holds(snapshot in any_snapshot(), settings in any_settings()) {
            let (state, why) = judge(&snapshot, &settings);
            prop_assert_eq!(state, reference(&snapshot, &settings));
            prop_assert!(!why.is_empty() && why.len() < 400);
        }

        #[test]
        fn a_fleet_on_loopback_is_never_down(snapshot in any_snapshot(), settings in any_settings()) {
            let settings = NetSettings { loopback_only: true, ..settings };
            prop_assert_eq!(judge(&snapshot, &settings).0, NetworkState::Unknown);
        }

        #[test]
        fn one_more_route_never_takes_the_network_down(snapshot in any_snapshot(), settings in any_settings()) {
            let up = judge(&snapshot, &settings).0 == NetworkState::Up;
            let mut more = snapshot;
            more.routes.extend(NAMES.map(over));
            prop_assert!(!up || judge(&more, &settings).0 == NetworkState::Up);
        }
    }
}
