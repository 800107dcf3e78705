//! Knocks at check hosts. Whoever connects, refuses or resets has answered: packets go there and come back.

use std::collections::BTreeSet;
use std::io::{Error, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::domain::network::{Answer, CheckAnswer, CheckHost};
use crate::net::platform;
use crate::port::Clock;

/// Asks all hosts at once, each for at most `limit` with its name's resolution; with `gateways` also the
/// gateways that lead to them, which come last.
pub async fn ask(hosts: &[CheckHost], gateways: bool, limit: Duration, clock: &dyn Clock) -> Vec<CheckAnswer> {
    let began = clock.now().mono;
    let found = join_all(hosts.iter().map(|host| addresses(host, limit))).await;
    let ways = found.iter().flatten().flatten().map(SocketAddr::ip);
    let gateways = if gateways { gateways_to(ways).await } else { Vec::new() };
    let left = limit.saturating_sub(clock.now().mono.since(began)).max(SHORTEST);
    let named = hosts.iter().zip(found).map(|(host, found)| (host.to_string(), false, found));
    let witnesses = gateways.into_iter().map(|ip| {
        let host = CheckHost::address(ip);
        let found = host.ports().iter().map(|port| SocketAddr::new(ip, *port)).collect();
        (host.to_string(), true, Ok(found))
    });
    join_all(named.chain(witnesses).map(|(name, gateway, found)| async move {
        let answer = match found {
            Ok(addresses) => knock(addresses, left, clock).await,
            Err(why) => Answer::Silent(why),
        };
        CheckAnswer { name, gateway, answer }
    }))
    .await
}

async fn addresses(host: &CheckHost, limit: Duration) -> Result<Vec<SocketAddr>, String> {
    let mut all = Vec::new();
    if let Ok(ip) = host.host().parse::<IpAddr>() {
        all.extend(host.ports().iter().map(|port| SocketAddr::new(ip, *port)));
        return Ok(all);
    }
    let port = host.ports().first().copied().unwrap_or_default();
    match timeout(limit, lookup_host((host.host(), port))).await {
        Ok(Ok(found)) => all.extend(found.take(ADDRESSES)),
        Ok(Err(_)) => return Err("name not resolved".into()),
        Err(_) => return Err("the resolver did not answer".into()),
    }
    if all.is_empty() { Err("the name has no address".into()) } else { Ok(all) }
}

/// The different ones, up to [`GATEWAYS`].
async fn gateways_to(addresses: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
    let addresses: BTreeSet<IpAddr> = addresses.collect();
    let mut gateways = BTreeSet::new();
    for ip in addresses {
        // Where the kernel cannot be asked, there is no witness.
        if let Ok(Some(route)) = platform::route_to(ip).await {
            gateways.extend(route.gateway);
        }
        if gateways.len() == GATEWAYS {
            break;
        }
    }
    // Link-local ones would need their interface too.
    gateways.into_iter().filter(|ip| !matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local())).collect()
}

/// The first address that answers.
async fn knock(addresses: Vec<SocketAddr>, limit: Duration, clock: &dyn Clock) -> Answer {
    let began = clock.now().mono;
    let mut under_way: FuturesUnordered<_> =
        addresses.into_iter().map(|address| timeout(limit, TcpStream::connect(address))).collect();
    let mut why = "timed out".to_owned();
    while let Some(done) = under_way.next().await {
        match done {
            Ok(Ok(_)) => return Answer::Reached(clock.now().mono.since(began)),
            Ok(Err(error)) if is_answer(&error) => return Answer::Reached(clock.now().mono.since(began)),
            Ok(Err(error)) => why = words(&error),
            Err(_) => {}
        }
    }
    Answer::Silent(why)
}

fn is_answer(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset)
}

fn words(error: &Error) -> String {
    let known = WORDS.iter().find(|(kind, _)| *kind == error.kind());
    known.map_or_else(|| format!("error {}", error.raw_os_error().unwrap_or_default()), |(_, word)| (*word).to_owned())
}

const WORDS: [(ErrorKind, &str); 6] = [
    (ErrorKind::NetworkUnreachable, "no route"),
    (ErrorKind::AddrNotAvailable, "no route"),
    (ErrorKind::HostUnreachable, "unreachable"),
    (ErrorKind::NetworkDown, "network is down"),
    (ErrorKind::TimedOut, "timed out"),
    (ErrorKind::PermissionDenied, "forbidden on this machine"),
];

/// Of a name with more, the first are asked.
const ADDRESSES: usize = 4;

/// So many witnesses are enough.
const GATEWAYS: usize = 2;

/// What is left for the knock when the resolver took all the time.
const SHORTEST: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[tokio::test]
    async fn connected_and_refused_are_answers_and_a_name_without_an_address_is_none() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap();
        let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let hosts = [open.to_string(), closed.to_string()].map(|text| CheckHost::parse(&text).unwrap());
        let hosts = [hosts.as_slice(), &[CheckHost::new("nowhere.invalid", 22)]].concat();
        let answers = ask(&hosts, true, Duration::from_secs(5), &SystemClock).await;
        let reached: Vec<_> = answers.iter().map(CheckAnswer::is_reached).collect();
        assert_eq!(reached, [true, true, false], "{answers:?}");
        assert_eq!(answers[0].name, open.to_string());
        assert!(answers.iter().all(|answer| !answer.gateway), "loopback has no gateway");
    }
}
