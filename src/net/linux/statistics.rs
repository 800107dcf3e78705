//! The counters of one interface.

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{LinkAttribute, LinkMessage};
use rustix::io::Errno;

use crate::net::linux::kernel::Kernel;
use crate::net::{NetError, Statistics};

pub(in crate::net) async fn statistics(interface: &str) -> Result<Option<Statistics>, NetError> {
    // The kernel refuses longer ones as malformed, and reads others up to the first zero.
    if interface.is_empty() || interface.len() > LONGEST_NAME || interface.contains('\0') {
        return Ok(None);
    }
    let mut question = LinkMessage::default();
    question.attributes.push(LinkAttribute::IfName(interface.to_owned()));
    match Kernel::open()?.get("link", RouteNetlinkMessage::GetLink(question)).await {
        Ok(Some(RouteNetlinkMessage::NewLink(link))) => Ok(Some(counted(&link))),
        Ok(_) => Ok(None),
        Err(NetError::Ask { source, .. }) if source.raw_os_error() == Some(Errno::NODEV.raw_os_error()) => Ok(None),
        Err(error) => Err(error),
    }
}

fn counted(link: &LinkMessage) -> Statistics {
    let mut counted = Statistics::default();
    for attribute in &link.attributes {
        match attribute {
            LinkAttribute::Stats64(stats) => {
                counted.rx_bytes = stats.rx_bytes;
                counted.tx_bytes = stats.tx_bytes;
                counted.rx_packets = stats.rx_packets;
                counted.tx_packets = stats.tx_packets;
                counted.rx_errors = stats.rx_errors;
                counted.tx_errors = stats.tx_errors;
                counted.rx_dropped = stats.rx_dropped;
                counted.tx_dropped = stats.tx_dropped;
            }
            LinkAttribute::Mtu(mtu) => counted.mtu = *mtu,
            LinkAttribute::Address(bytes) if bytes.iter().any(|byte| *byte != 0) => {
                let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                counted.mac = Some(pairs.join(":"));
            }
            _ => {}
        }
    }
    counted
}

/// IFNAMSIZ of linux/if.h, without the closing zero.
const LONGEST_NAME: usize = 15;
