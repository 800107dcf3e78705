//! Which way an address lies.

use std::net::IpAddr;

use netlink_packet_route::link::LinkMessage;
use netlink_packet_route::route::{RouteAttribute, RouteMessage, RouteType, RouteVia};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use rustix::io::Errno;

use crate::net::linux::dump::{name, plain};
use crate::net::linux::kernel::Kernel;
use crate::net::{NetError, Route};

pub(in crate::net) async fn route_to(ip: IpAddr) -> Result<Option<Route>, NetError> {
    let mut kernel = Kernel::open()?;
    let mut question = RouteMessage::default();
    (question.header.address_family, question.header.destination_prefix_length) =
        if ip.is_ipv4() { (AddressFamily::Inet, 32) } else { (AddressFamily::Inet6, 128) };
    question.attributes.push(RouteAttribute::Destination(ip.into()));
    let answer = match kernel.get("route", RouteNetlinkMessage::GetRoute(question)).await {
        Err(NetError::Ask { source, .. }) if means_none(&source) => return Ok(None),
        answer => answer?,
    };
    let Some(RouteNetlinkMessage::NewRoute(message)) = answer else { return Ok(None) };
    let local = message.header.kind == RouteType::Local;
    if !local && message.header.kind != RouteType::Unicast {
        return Ok(None);
    }
    let (mut route, mut index) = (Route { interface: String::new(), source: None, gateway: None, local }, 0);
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Oif(number) => index = *number,
            RouteAttribute::PrefSource(address) => route.source = plain(address),
            RouteAttribute::Gateway(address) => route.gateway = plain(address),
            RouteAttribute::Via(RouteVia::Inet(ip)) => route.gateway = Some(IpAddr::V4(*ip)),
            RouteAttribute::Via(RouteVia::Inet6(ip)) => route.gateway = Some(IpAddr::V6(*ip)),
            _ => {}
        }
    }
    route.interface = interface(&mut kernel, index).await?;
    Ok(Some(route))
}

/// Its name; the number where it has gone meanwhile.
async fn interface(kernel: &mut Kernel, index: u32) -> Result<String, NetError> {
    let mut question = LinkMessage::default();
    question.header.index = index;
    let known = match kernel.get("link", RouteNetlinkMessage::GetLink(question)).await {
        Ok(Some(RouteNetlinkMessage::NewLink(link))) => name(&link),
        Ok(_) => None,
        Err(NetError::Ask { source, .. }) if source.raw_os_error() == Some(Errno::NODEV.raw_os_error()) => None,
        Err(error) => return Err(error),
    };
    Ok(known.unwrap_or_else(|| format!("#{index}")))
}

/// No route, or one of the types `unreachable`, `prohibit` and `blackhole`, which the kernel answers
/// with these.
fn means_none(error: &std::io::Error) -> bool {
    let none = [Errno::NETUNREACH, Errno::HOSTUNREACH, Errno::ACCESS, Errno::INVAL];
    none.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}
