//! From a name to a TCP connection.

use std::collections::VecDeque;
use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{sleep, timeout};

use crate::domain::diagnosis::{Cause, Rung};
use crate::ssh::text::{LINE, clean};

use super::Broken;

/// Connects to the first address of `host` that answers. The resolver and each address have `limit`.
pub(super) async fn connect(host: &str, port: u16, limit: Duration) -> Result<(TcpStream, SocketAddr), Broken> {
    let addresses = resolve(host, port, limit).await?;
    let (stream, address) = race(addresses, limit).await.map_err(|(address, error)| Broken {
        rung: Rung::Tcp,
        cause: cause_of(&error),
        detail: format!("{address}: {}", clean(&error.to_string(), LINE)),
    })?;
    // 40 ms per keystroke otherwise; a socket that refuses it works all the same.
    let _ = stream.set_nodelay(true);
    Ok((stream, address))
}

pub(super) async fn resolve(host: &str, port: u16, limit: Duration) -> Result<VecDeque<SocketAddr>, Broken> {
    let failed = |detail: String| Broken { rung: Rung::Tcp, cause: Cause::NameNotResolved(host.into()), detail };
    let found = match timeout(limit, lookup_host((host, port))).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return Err(failed(clean(&error.to_string(), LINE))),
        Err(_) => return Err(failed(format!("the resolver did not answer for {} s", limit.as_secs()))),
    };
    let addresses = interleave(found.collect());
    if addresses.is_empty() { Err(failed("the name has no address".into())) } else { Ok(addresses) }
}

/// The families in turns, beginning with the resolver's first choice, so that one that leads nowhere
/// costs one stagger and not the sum of its addresses (RFC 8305, section 4).
fn interleave(found: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let first_is_v6 = found.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = found.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let mut mixed = VecDeque::new();
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    loop {
        let (one, other) = (first.next(), second.next());
        if one.is_none() && other.is_none() {
            return mixed;
        }
        mixed.extend(one.into_iter().chain(other));
    }
}

/// Starts an attempt, and the next one when it fails or is slow; the first connection wins.
async fn race(
    mut waiting: VecDeque<SocketAddr>,
    limit: Duration,
) -> Result<(TcpStream, SocketAddr), (SocketAddr, Error)> {
    let mut under_way = FuturesUnordered::new();
    let mut failure: Option<(SocketAddr, Error)> = None;
    loop {
        if let Some(address) = waiting.pop_front() {
            under_way.push(async move {
                let result = timeout(limit, TcpStream::connect(address)).await;
                (address, result.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into())))
            });
        }
        tokio::select! {
            done = under_way.next() => match done {
                Some((address, Ok(stream))) => return Ok((stream, address)),
                Some((address, Err(error))) => {
                    let told_more = failure.as_ref().is_none_or(|(_, known)| telling(&error) > telling(known));
                    if told_more {
                        failure = Some((address, error));
                    }
                }
                None => {
                    let none = || (SocketAddr::from(([0, 0, 0, 0], 0)), ErrorKind::TimedOut.into());
                    return Err(failure.unwrap_or_else(none));
                }
            },
            () = sleep(STAGGER), if !waiting.is_empty() => {}
        }
    }
}

/// When the addresses fail for different reasons, the one that came farthest is told.
fn telling(error: &Error) -> u8 {
    if error.kind() == ErrorKind::ConnectionRefused {
        3
    } else if error.kind() == ErrorKind::ConnectionReset {
        2
    } else {
        u8::from(error.kind() == ErrorKind::TimedOut)
    }
}

/// Why a socket could not be connected.
fn cause_of(error: &Error) -> Cause {
    let kind = error.kind();
    if kind == ErrorKind::ConnectionRefused {
        Cause::PortRefused
    } else if kind == ErrorKind::TimedOut {
        Cause::ConnectTimedOut
    } else if kind == ErrorKind::ConnectionReset {
        Cause::ResetBeforeBanner
    } else if kind == ErrorKind::NetworkDown {
        Cause::OwnNetworkDown
    } else if [ErrorKind::HostUnreachable, ErrorKind::NetworkUnreachable, ErrorKind::AddrNotAvailable].contains(&kind) {
        Cause::NoRoute
    } else if kind == ErrorKind::PermissionDenied {
        Cause::Other("connecting is forbidden on this machine (firewall)".into())
    } else {
        Cause::Other(clean(&error.to_string(), LINE))
    }
}

/// RFC 8305, section 5.
const STAGGER: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn families_take_turns_and_the_resolver_says_who_begins() {
        let found = ["[::1]:1", "[::2]:1", "[::3]:1", "127.0.0.1:1"].map(address).to_vec();
        let mixed = ["[::1]:1", "127.0.0.1:1", "[::2]:1", "[::3]:1"].map(address);
        assert_eq!(interleave(found), mixed);
        assert_eq!(interleave(Vec::new()), VecDeque::new());
    }

    #[test]
    fn a_refusal_says_more_than_a_timeout() {
        let refused: Error = ErrorKind::ConnectionRefused.into();
        let late: Error = ErrorKind::TimedOut.into();
        let nowhere: Error = ErrorKind::NetworkUnreachable.into();
        assert!(telling(&refused) > telling(&late) && telling(&late) > telling(&nowhere));
        assert_eq!(cause_of(&nowhere), Cause::NoRoute);
    }

    #[tokio::test]
    async fn a_dead_address_does_not_keep_us_from_the_one_that_lives() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let alive = listener.local_addr().unwrap();
        let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let (_, reached) = race([closed, alive].into(), Duration::from_secs(5)).await.unwrap();
        assert_eq!(reached, alive);
        let (_, error) = race([closed].into(), Duration::from_secs(5)).await.unwrap_err();
        assert_eq!(cause_of(&error), Cause::PortRefused);
    }
}
