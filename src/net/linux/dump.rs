//! The kernel's links, addresses and routes, made into a [`Snapshot`].

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressMessage, AddressScope};
use netlink_packet_route::link::{LinkAttribute, LinkExtentMask, LinkFlags, LinkMessage};
use netlink_packet_route::route::{RouteAddress, RouteAttribute, RouteMessage, RouteType};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use crate::net::linux::kernel::Kernel;
use crate::net::{InterfaceAddress, InterfaceSummary, NetError, RouteOut, Snapshot};

/// Asks for everything that [`judge`](crate::net::judge) needs.
pub(super) async fn snapshot(kernel: &mut Kernel) -> Result<Snapshot, NetError> {
    for _ in 0..TRIES {
        let (snapshot, steady) = once(kernel).await?;
        if steady {
            return Ok(snapshot);
        }
    }
    Ok(Snapshot { incomplete: true, ..once(kernel).await?.0 })
}

/// How often it is asked again because something changed while the kernel was telling. A small
/// network is told in one piece and never needs it; after this, only what speaks for it counts.
const TRIES: usize = 8;

/// The second value: whether nothing changed meanwhile.
async fn once(kernel: &mut Kernel) -> Result<(Snapshot, bool), NetError> {
    let mut draft = Draft::default();
    let mut answers = Vec::with_capacity(4);
    let mut links = LinkMessage::default();
    // Counters of every interface cost more than all the rest together.
    links.attributes.push(LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats]));
    let links = RouteNetlinkMessage::GetLink(links);
    answers.push(kernel.list("links", links, |message| draft.add(&message)).await?);
    let addresses = RouteNetlinkMessage::GetAddress(AddressMessage::default());
    answers.push(kernel.list("addresses", addresses, |message| draft.add(&message)).await?);
    for family in [AddressFamily::Inet, AddressFamily::Inet6] {
        let mut routes = RouteMessage::default();
        routes.header.address_family = family;
        // Keeps away the table of this machine's own addresses.
        routes.header.kind = RouteType::Unicast;
        let routes = RouteNetlinkMessage::GetRoute(routes);
        answers.push(kernel.list("routes", routes, |message| draft.add(&message)).await?);
    }
    let incomplete = answers.iter().any(|answered| !answered.whole);
    let steady = answers.iter().all(|answered| answered.steady);
    Ok((Snapshot { incomplete, ..draft.finish() }, steady))
}

/// A snapshot in the making, by interface number.
#[derive(Default)]
struct Draft {
    interfaces: BTreeMap<u32, InterfaceSummary>,
    /// Interface number, default route.
    routes: BTreeSet<(u32, bool)>,
}

impl Draft {
    fn add(&mut self, message: &RouteNetlinkMessage) {
        if let RouteNetlinkMessage::NewLink(link) = message {
            self.link(link);
        } else if let RouteNetlinkMessage::NewAddress(address) = message {
            self.address(address);
        } else if let RouteNetlinkMessage::NewRoute(route) = message {
            self.route(route);
        }
    }

    fn link(&mut self, link: &LinkMessage) {
        let flags = link.header.flags;
        let summary = InterfaceSummary {
            name: name(link).unwrap_or_else(|| format!("#{}", link.header.index)),
            up: flags.contains(LinkFlags::Up),
            running: flags.contains(LinkFlags::Running),
            addresses: Vec::new(),
            loopback: flags.contains(LinkFlags::Loopback),
        };
        self.interfaces.insert(link.header.index, summary);
    }

    fn address(&mut self, message: &AddressMessage) {
        let Some(interface) = self.interfaces.get_mut(&message.header.index) else { return };
        let Some(ip) = own_ip(message) else { return };
        let global = is_ready(message)
            && matches!(message.header.scope, AddressScope::Universe | AddressScope::Site)
            && is_beyond_link(ip)
            && !ip.is_unspecified();
        interface.addresses.push(InterfaceAddress { ip, prefix: message.header.prefix_len, global });
    }

    fn route(&mut self, message: &RouteMessage) {
        if message.header.kind != RouteType::Unicast {
            return;
        }
        let prefix = message.header.destination_prefix_length;
        let destination = message.attributes.iter().find_map(|attribute| match attribute {
            RouteAttribute::Destination(address) => Some(address),
            _ => None,
        });
        // No destination: the default route.
        if let Some(destination) = destination {
            let Some(ip) = plain(destination) else { return };
            if !is_beyond_link(ip) || (prefix == bits(ip) && self.is_ours(ip)) {
                return;
            }
        }
        for attribute in &message.attributes {
            match attribute {
                RouteAttribute::Oif(index) => {
                    self.routes.insert((*index, prefix == 0));
                }
                RouteAttribute::MultiPath(hops) => {
                    self.routes.extend(hops.iter().map(|hop| (hop.interface_index, prefix == 0)));
                }
                _ => {}
            }
        }
    }

    /// Routes to our own addresses stand among the others too.
    fn is_ours(&self, ip: IpAddr) -> bool {
        self.interfaces.values().flat_map(|interface| &interface.addresses).any(|address| address.ip == ip)
    }

    fn finish(self) -> Snapshot {
        let route = |(index, default): &(u32, bool)| {
            Some(RouteOut { interface: self.interfaces.get(index)?.name.clone(), default: *default })
        };
        let routes = self.routes.iter().filter_map(route).collect();
        Snapshot { routes, interfaces: self.interfaces.into_values().collect(), incomplete: false }
    }
}

pub(super) fn name(link: &LinkMessage) -> Option<String> {
    link.attributes.iter().find_map(|attribute| match attribute {
        LinkAttribute::IfName(name) => Some(name.clone()),
        _ => None,
    })
}

/// Point-to-point links carry the other end's address as well: ours is the local one.
fn own_ip(message: &AddressMessage) -> Option<IpAddr> {
    let (mut local, mut address) = (None, None);
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Local(ip) => local = Some(*ip),
            AddressAttribute::Address(ip) => address = Some(*ip),
            _ => {}
        }
    }
    local.or(address)
}

/// Not waiting for duplicates to show up, and not found to be one.
fn is_ready(message: &AddressMessage) -> bool {
    let all = message.attributes.iter().find_map(|attribute| match attribute {
        AddressAttribute::Flags(flags) => Some(*flags),
        _ => None,
    });
    let flags = all.unwrap_or_else(|| AddressFlags::from_bits_retain(u32::from(message.header.flags.bits())));
    let waiting = flags.contains(AddressFlags::Tentative) && !flags.contains(AddressFlags::Optimistic);
    !waiting && !flags.contains(AddressFlags::Dadfailed)
}

/// Neither loopback nor multicast nor link-local.
fn is_beyond_link(ip: IpAddr) -> bool {
    let link_local = match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    !(ip.is_loopback() || ip.is_multicast() || link_local)
}

fn bits(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 32 } else { 128 }
}

pub(super) fn plain(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(ip) => Some(IpAddr::V4(*ip)),
        RouteAddress::Inet6(ip) => Some(IpAddr::V6(*ip)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use netlink_packet_route::address::AddressHeaderFlags;
    use netlink_packet_route::route::RouteNextHop;

    use super::*;

    fn with_eth0() -> Draft {
        let mut link = LinkMessage::default();
        link.header.index = 2;
        link.header.flags = LinkFlags::Up | LinkFlags::Running;
        link.attributes.push(LinkAttribute::IfName("eth0".into()));
        let mut draft = Draft::default();
        draft.link(&link);
        draft
    }

    fn address(ip: &str, scope: AddressScope, flags: AddressHeaderFlags) -> InterfaceAddress {
        let mut message = AddressMessage::default();
        message.header.index = 2;
        message.header.prefix_len = 24;
        message.header.scope = scope;
        message.header.flags = flags;
        message.attributes.push(AddressAttribute::Address(ip.parse().unwrap()));
        let mut draft = with_eth0();
        draft.address(&message);
        draft.finish().interfaces[0].addresses[0]
    }

    fn route(destination: Option<(&str, u8)>, kind: RouteType) -> RouteMessage {
        let mut message = RouteMessage::default();
        message.header.kind = kind;
        if let Some((ip, prefix)) = destination {
            message.header.destination_prefix_length = prefix;
            message.attributes.push(RouteAttribute::Destination(ip.parse::<IpAddr>().unwrap().into()));
        }
        message
    }

    fn routes(destination: Option<(&str, u8)>, kind: RouteType) -> Vec<(String, bool)> {
        let mut message = route(destination, kind);
        message.attributes.push(RouteAttribute::Oif(2));
        let mut draft = with_eth0();
        let ours = InterfaceAddress { ip: "2001:db8::7".parse().unwrap(), prefix: 64, global: true };
        draft.interfaces.get_mut(&2).unwrap().addresses.push(ours);
        draft.route(&message);
        draft.finish().routes.into_iter().map(|route| (route.interface, route.default)).collect()
    }

    #[test]
    fn global_addresses_are_told_from_the_others() {
        let ready = AddressHeaderFlags::empty();
        for ip in ["192.0.2.7", "10.0.0.1", "2001:db8::7", "fd00::1"] {
            assert!(address(ip, AddressScope::Universe, ready).global, "{ip}");
            assert!(!address(ip, AddressScope::Link, ready).global, "{ip}");
            assert!(!address(ip, AddressScope::Universe, AddressHeaderFlags::Tentative).global, "{ip}");
            assert!(!address(ip, AddressScope::Universe, AddressHeaderFlags::Dadfailed).global, "{ip}");
            let optimistic = AddressHeaderFlags::Tentative | AddressHeaderFlags::Optimistic;
            assert!(address(ip, AddressScope::Universe, optimistic).global, "{ip}");
        }
        for ip in ["127.0.0.2", "169.254.1.1", "fe80::1", "::1", "0.0.0.0", "224.0.0.1"] {
            assert!(!address(ip, AddressScope::Universe, ready).global, "{ip}");
        }
    }

    #[test]
    fn routes_that_lead_somewhere_are_told_from_the_others() {
        let eth0 = |default| vec![("eth0".to_owned(), default)];
        assert_eq!(routes(None, RouteType::Unicast), eth0(true));
        for destination in [("192.0.2.0", 24), ("2001:db8::", 64), ("2001:db8::8", 128), ("0.0.0.0", 1)] {
            assert_eq!(routes(Some(destination), RouteType::Unicast), eth0(false), "{destination:?}");
        }
        let local = [("169.254.0.0", 16), ("fe80::", 64), ("ff00::", 8), ("127.0.0.0", 8), ("2001:db8::7", 128)];
        for destination in local {
            assert_eq!(routes(Some(destination), RouteType::Unicast), [], "{destination:?}");
        }
        for kind in [RouteType::Local, RouteType::Unreachable, RouteType::BlackHole, RouteType::Multicast] {
            assert_eq!(routes(None, kind), [], "{kind:?}");
        }
    }

    #[test]
    fn a_route_over_several_interfaces_counts_for_each() {
        let mut hop = RouteNextHop::default();
        hop.interface_index = 2;
        let mut unknown = RouteNextHop::default();
        unknown.interface_index = 3;
        let mut message = route(None, RouteType::Unicast);
        message.attributes.push(RouteAttribute::MultiPath(vec![hop, unknown]));
        let mut draft = with_eth0();
        draft.route(&message);
        let expected = [RouteOut { interface: "eth0".into(), default: true }];
        assert_eq!(draft.finish().routes, expected.into());
    }
}
