//! The operator's own network, in network namespaces of our own.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/namespace.rs"]
mod namespace;

use std::future::Future;
use std::io::Write;
use std::net::IpAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use steadfast::clock::SystemClock;
use steadfast::domain::network::NetworkState;
use steadfast::net::{NetSettings, NetworkMonitor, OwnNetwork, look, route_to, statistics};
use tokio::sync::watch;

use crate::namespace::ip;

/// Generous: a busy machine is no failure. What is waited for comes within milliseconds.
const LIMIT: Duration = Duration::from_secs(60);

fn inside<F: Future<Output = ()>>(test: &str, body: impl FnOnce() -> F) {
    namespace::inside(test, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { tokio::time::timeout(LIMIT, body()).await.unwrap() });
    });
}

/// All of them by one `ip`, so that they come as fast as they can.
fn ip_batch(lines: &str) {
    let mut child = Command::new("ip").args(["-batch", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

/// Two interfaces that are each other's other end; `eth0` is ours.
fn veth() {
    ip("link add eth0 type veth peer name far");
    ip("link set far up");
    ip("link set eth0 up");
    ip("address add 192.0.2.7/24 dev eth0");
    ip("route add default via 192.0.2.1 dev eth0");
}

fn start(settings: NetSettings) -> (NetworkMonitor, watch::Receiver<OwnNetwork>) {
    let watch = NetworkMonitor::start(settings, Arc::new(SystemClock));
    let changes = watch.subscribe();
    (watch, changes)
}

/// Fails as well when the watch loses sight of the network on the way: it recovers from that too, but it must
/// not come to it.
async fn until(changes: &mut watch::Receiver<OwnNetwork>, state: NetworkState, words: &str) -> OwnNetwork {
    let wanted = |network: &OwnNetwork| {
        let lost_sight = network.state == NetworkState::Unknown && network.why != "not asked yet";
        assert!(!lost_sight || state == NetworkState::Unknown, "{}", network.why);
        network.state == state && network.why.contains(words)
    };
    let found = tokio::time::timeout(LIMIT / 3, changes.wait_for(wanted)).await.map(|found| found.unwrap().clone());
    found.unwrap_or_else(|_| panic!("still waiting for {state:?} {words:?}: {:?}", *changes.borrow()))
}

#[test]
fn without_an_interface_it_is_down() {
    inside("without_an_interface_it_is_down", || async {
        let (_watch, mut changes) = start(NetSettings::default());
        until(&mut changes, NetworkState::Down, "there is none but loopback").await;
        ip("link set lo up");
        ip("address add 192.0.2.9/32 dev lo");
        assert_eq!(look(&NetSettings::default()).await.state, NetworkState::Down, "loopback never counts");
    });
}

#[test]
fn it_comes_up_step_by_step() {
    inside("it_comes_up_step_by_step", || async {
        let (_watch, mut changes) = start(NetSettings::default());
        until(&mut changes, NetworkState::Down, "none but loopback").await;
        ip("link add eth0 type veth peer name far");
        until(&mut changes, NetworkState::Down, "eth0 is down").await;
        ip("link set eth0 up");
        until(&mut changes, NetworkState::Down, "eth0 has no carrier").await;
        ip("link set far up");
        until(&mut changes, NetworkState::Down, "eth0 has no global address").await;
        ip("address add 192.0.2.7/24 dev eth0 noprefixroute");
        let network = until(&mut changes, NetworkState::Down, "no route over eth0 192.0.2.7/24").await;
        let addresses = |name| {
            let interface = network.interfaces.iter().find(|interface| interface.name == name).unwrap();
            interface.addresses.iter().filter(|address| address.global).map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(addresses("eth0"), ["192.0.2.7/24"]);
        assert_eq!(addresses("far"), [""; 0]);
        ip("route add 198.51.100.0/24 dev eth0");
        assert!(!until(&mut changes, NetworkState::Up, "eth0 192.0.2.7/24").await.default_route);
        ip("route add default via 198.51.100.1 dev eth0");
        let default = tokio::time::timeout(LIMIT / 3, changes.wait_for(|network| network.default_route)).await;
        assert_eq!(default.unwrap().unwrap().state, NetworkState::Up);
    });
}

#[test]
fn every_way_to_lose_it_is_heard_of_and_its_return() {
    inside("every_way_to_lose_it_is_heard_of_and_its_return", || async {
        veth();
        let (_watch, mut changes) = start(NetSettings::default());
        assert!(until(&mut changes, NetworkState::Up, "eth0").await.default_route);
        for (lose, why, regain) in [
            ("link set eth0 down", "eth0 is down", "link set eth0 up"),
            ("link set far down", "eth0 has no carrier", "link set far up"),
            ("address del 192.0.2.7/24 dev eth0", "no global address", "address add 192.0.2.7/24 dev eth0"),
            ("route flush dev eth0", "no route over eth0", "route add 203.0.113.0/24 dev eth0"),
            ("link del eth0", "none but loopback", ""),
        ] {
            ip(lose);
            assert!(!until(&mut changes, NetworkState::Down, why).await.default_route, "{lose}");
            if !regain.is_empty() {
                ip(regain);
                until(&mut changes, NetworkState::Up, "eth0").await;
            }
        }
    });
}

#[test]
fn ipv6_alone_is_enough_but_not_its_link_local_part() {
    inside("ipv6_alone_is_enough_but_not_its_link_local_part", || async {
        let (_watch, mut changes) = start(NetSettings::default());
        ip("link add eth0 type veth peer name far");
        ip("link set far up");
        ip("link set eth0 up");
        until(&mut changes, NetworkState::Down, "eth0 has no global address").await;
        // It counts only when the search for duplicates is over.
        ip("-6 address add 2001:db8::7/64 dev eth0");
        until(&mut changes, NetworkState::Up, "eth0 2001:db8::7/64").await;
        // The route to our own address stays, and leads nowhere.
        ip("-6 route del 2001:db8::/64 dev eth0");
        until(&mut changes, NetworkState::Down, "no route over eth0").await;
        ip("-6 route add default via fe80::1 dev eth0");
        assert!(until(&mut changes, NetworkState::Up, "eth0").await.default_route);
    });
}

#[test]
fn only_the_configured_interfaces_count_and_loopback_needs_none() {
    inside("only_the_configured_interfaces_count_and_loopback_needs_none", || async {
        veth();
        let only = |name: &str| NetSettings::only(&[name]);
        let (_watch, mut changes) = start(only("eth0"));
        until(&mut changes, NetworkState::Up, "eth0").await;
        assert_eq!(look(&only("far")).await.why, "no usable interface: far has no global address");
        assert_eq!(look(&only("usb0")).await.why, "no usable interface: usb0 is not there");
        ip("link del eth0");
        until(&mut changes, NetworkState::Down, "eth0 is not there").await;
        let local = look(&NetSettings { loopback_only: true, ..only("eth0") }).await;
        assert_eq!(local.state, NetworkState::Unknown);
    });
}

/// While this thread waits for `ip`, nobody reads the notifications: the kernel drops most of them.
#[test]
fn two_thousand_changes_at_once_do_not_hide_the_last() {
    inside("two_thousand_changes_at_once_do_not_hide_the_last", || async {
        veth();
        let (_watch, mut changes) = start(NetSettings::default());
        until(&mut changes, NetworkState::Up, "eth0").await;
        let flood = |ip: &str| format!("address del {ip} dev eth0\naddress add {ip} dev eth0\n").repeat(1000);
        ip_batch(&format!("{}address del 192.0.2.7/24 dev eth0\n", flood("192.0.2.7/24")));
        let before = dropped();
        assert!(before > 0, "the flood was too small to show anything");
        until(&mut changes, NetworkState::Down, "eth0 has no global address").await;
        ip("address add 192.0.2.9/24 dev eth0");
        until(&mut changes, NetworkState::Up, "192.0.2.9").await;
        let end = "address del 192.0.2.9/24 dev eth0\naddress add 192.0.2.8/24 dev eth0\n";
        ip_batch(&format!("{}{end}", flood("192.0.2.9/24")));
        assert!(dropped() > before, "the flood was too small to show anything");
        until(&mut changes, NetworkState::Up, "eth0 192.0.2.8/24").await;
    });
}

/// Notifications that the kernel had no room for, over all sockets of this namespace.
fn dropped() -> u64 {
    let table = std::fs::read_to_string("/proc/net/netlink").unwrap();
    let column = table.lines().next().unwrap().split_whitespace().position(|word| word == "Drops").unwrap();
    table.lines().skip(1).map(|line| line.split_whitespace().nth(column).unwrap().parse::<u64>().unwrap()).sum()
}

/// Files can run out; that says nothing of the network, and it is watched again as soon as there are some.
#[test]
fn when_the_kernel_cannot_be_asked_it_is_unknown_and_says_so() {
    inside("when_the_kernel_cannot_be_asked_it_is_unknown_and_says_so", || async {
        let before = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: Some(3), maximum: before.maximum }).unwrap();
        let (_watch, mut changes) = start(NetSettings::default());
        until(&mut changes, NetworkState::Unknown, "failed to open a netlink socket: Too many open files").await;
        let now = look(&NetSettings::default()).await;
        assert_eq!(now.state, NetworkState::Unknown);
        assert!(route_to("192.0.2.1".parse().unwrap()).await.is_err());
        assert!(statistics("lo").await.is_err());
        setrlimit(Resource::Nofile, before).unwrap();
        tokio::time::timeout(LIMIT / 3, changes.wait_for(|it| it.state == NetworkState::Down)).await.unwrap().unwrap();
    });
}

#[test]
fn the_way_to_an_address_is_found() {
    inside("the_way_to_an_address_is_found", || async {
        let to = async |ip: &str| route_to(ip.parse().unwrap()).await.unwrap();
        let address = |ip: &str| Some(ip.parse::<IpAddr>().unwrap());
        ip("link set lo up");
        for nowhere in ["198.51.100.1", "2001:db8:1::1", "::ffff:198.51.100.1"] {
            assert_eq!(to(nowhere).await, None, "{nowhere}");
        }
        veth();
        ip("-6 address add 2001:db8::7/64 dev eth0 nodad");
        ip("-6 route add default via 2001:db8::1 dev eth0");
        for kind in ["unreachable", "blackhole", "prohibit"] {
            ip(&format!("route add {kind} 203.0.113.0/24"));
            assert_eq!(to("203.0.113.1").await, None, "{kind}");
            ip("route del 203.0.113.0/24");
            ip(&format!("-6 route add {kind} 2001:db8:2::/64"));
            assert_eq!(to("2001:db8:2::1").await, None, "{kind}");
            ip("-6 route del 2001:db8:2::/64");
        }
        let near = to("192.0.2.9").await.unwrap();
        assert_eq!((near.interface.as_str(), near.source, near.gateway), ("eth0", address("192.0.2.7"), None));
        for far in ["198.51.100.1", "::ffff:198.51.100.1"] {
            let far = to(far).await.unwrap();
            let expected = ("eth0", address("192.0.2.7"), address("192.0.2.1"), false);
            assert_eq!((far.interface.as_str(), far.source, far.gateway, far.local), expected);
        }
        let far = to("2001:db8:1::1").await.unwrap();
        let expected = ("eth0", address("2001:db8::7"), address("2001:db8::1"), false);
        assert_eq!((far.interface.as_str(), far.source, far.gateway, far.local), expected);
        for own in ["127.0.0.1", "::1", "192.0.2.7", "2001:db8::7"] {
            let own = to(own).await.unwrap();
            assert_eq!((own.interface.as_str(), own.local), ("lo", true));
        }
    });
}

#[test]
fn counters_are_those_of_the_kernel() {
    inside("counters_are_those_of_the_kernel", || async {
        for absent in ["eth0", "", "a-name-of-16-by-t", "lo\0", "\u{1b}[2J"] {
            assert_eq!(statistics(absent).await.unwrap(), None, "{absent:?}");
        }
        veth();
        ip("link set eth0 address 52:54:00:12:34:56 mtu 1400");
        let socket = std::net::UdpSocket::bind("192.0.2.7:0").unwrap();
        ip("neighbour add 192.0.2.1 lladdr 52:54:00:00:00:01 dev eth0");
        let before = statistics("eth0").await.unwrap().unwrap();
        for _ in 0..10 {
            socket.send_to(&[0; 1000], "192.0.2.1:9").unwrap();
        }
        let after = statistics("eth0").await.unwrap().unwrap();
        assert!(after.tx_packets >= before.tx_packets + 10, "{before:?} {after:?}");
        assert!(after.tx_bytes >= before.tx_bytes + 10 * 1042, "{before:?} {after:?}");
        assert_eq!((after.mtu, after.mac.as_deref()), (1400, Some("52:54:00:12:34:56")));
        let far = statistics("far").await.unwrap().unwrap();
        assert!(far.rx_packets >= 10 && far.rx_bytes >= 10 * 1042, "{far:?}");
        assert_eq!(statistics("lo").await.unwrap().unwrap().mac, None);
    });
}
