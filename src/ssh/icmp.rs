//! The ICMP rung: is there a kernel at all? Only an answer is evidence. Pings are often dropped on the
//! way, so that none proves nothing.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use surge_ping::{Client, Config, ICMP, PingIdentifier, PingSequence, SurgeError};

use crate::domain::diagnosis::{Rung, RungAnswer, RungReport};

use super::text::{LINE, clean};

/// Sends pings: over a datagram socket, which needs no privilege where `ping_group_range` says so, else
/// over a raw one. One socket per family for all hosts, opened with the first ping.
pub(super) struct Icmp {
    v4: Mutex<Option<Client>>,
    v6: Mutex<Option<Client>>,
    /// Two names of one address are told apart by it.
    sequence: AtomicU16,
    identifier: u16,
}

/// Why there was no answer.
enum Silence {
    NotPermitted,
    Dropped,
    Failed(String),
}

impl Icmp {
    pub(super) fn new() -> Self {
        let identifier = rand::random();
        Self { v4: Mutex::default(), v6: Mutex::default(), sequence: AtomicU16::new(0), identifier }
    }

    /// Asks the first two of the addresses at once, each twice. Ends within [`TRY`] and a bit.
    pub(super) async fn ping(&self, addresses: impl IntoIterator<Item = SocketAddr>) -> RungReport {
        let mut tries = FuturesUnordered::new();
        for address in addresses.into_iter().take(ADDRESSES) {
            if is_ours(address.ip()) {
                return not_asked("not pinged: an address of this machine");
            }
            for number in 0..TRIES {
                tries.push(async move { (address.ip(), self.once(address, STAGGER * number).await) });
            }
        }
        let mut worst = Silence::NotPermitted;
        let mut asked = None;
        while let Some((ip, answer)) = tries.next().await {
            match answer {
                Ok(took) => {
                    return RungReport {
                        rung: Rung::Icmp,
                        answer: RungAnswer::Stands,
                        took,
                        detail: format!("{ip} answers: the kernel is alive"),
                    };
                }
                Err(Silence::NotPermitted) => asked = asked.or(Some(ip)),
                Err(silence @ (Silence::Dropped | Silence::Failed(_))) => {
                    asked = Some(ip);
                    if !matches!(worst, Silence::Dropped) {
                        worst = silence;
                    }
                }
            }
        }
        match (asked, worst) {
            (None, _) => not_asked("the name has no address"),
            (Some(_), Silence::NotPermitted) => not_asked("not permitted here"),
            (Some(ip), Silence::Dropped) => broken(TRY, format!("{ip}: no answer, which proves nothing")),
            (Some(ip), Silence::Failed(why)) => broken(Duration::ZERO, format!("{ip}: {why}")),
        }
    }

    async fn once(&self, address: SocketAddr, delay: Duration) -> Result<Duration, Silence> {
        let client = self.client(address.ip()).map_err(silence)?;
        tokio::time::sleep(delay).await;
        let mut pinger = client.pinger(address.ip(), PingIdentifier(self.identifier)).await;
        pinger.timeout(TRY.saturating_sub(delay));
        if let SocketAddr::V6(address) = address {
            pinger.scope_id(address.scope_id());
        }
        let sequence = PingSequence(self.sequence.fetch_add(1, Ordering::Relaxed));
        // surge-ping reads the clock only after it has sent: of an answer that is faster it says that it took no time.
        let sent = tokio::time::Instant::now();
        match pinger.ping(sequence, &PAYLOAD).await {
            Ok(_) => Ok(sent.elapsed()),
            Err(SurgeError::IOError(error)) => Err(silence(error)),
            Err(_) => Err(Silence::Dropped),
        }
    }

    fn client(&self, ip: IpAddr) -> io::Result<Client> {
        let (place, kind) = if ip.is_ipv4() { (&self.v4, ICMP::V4) } else { (&self.v6, ICMP::V6) };
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = place.as_ref() {
            return Ok(client.clone());
        }
        let client = Client::new(&Config::builder().kind(kind).build())?;
        Ok(place.insert(client).clone())
    }
}

fn silence(error: io::Error) -> Silence {
    if error.kind() == io::ErrorKind::PermissionDenied {
        Silence::NotPermitted
    } else {
        Silence::Failed(clean(&error.to_string(), LINE))
    }
}

/// The rung when there is no sense in asking.
pub(super) fn not_asked(why: &str) -> RungReport {
    let detail = clean(why, LINE);
    RungReport { rung: Rung::Icmp, answer: RungAnswer::NotAsked, took: Duration::ZERO, detail }
}

fn broken(took: Duration, detail: String) -> RungReport {
    RungReport { rung: Rung::Icmp, answer: RungAnswer::Broken, took, detail }
}

/// Our own kernel lives, whatever hangs behind a port of it.
fn is_ours(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

/// As long as a link that is being probed can wait.
const TRY: Duration = Duration::from_millis(1200);

/// One packet is easily lost.
const TRIES: u32 = 2;
const STAGGER: Duration = Duration::from_millis(300);

/// One of each family, as a rule.
const ADDRESSES: usize = 2;

const PAYLOAD: [u8; 16] = *b"steadfast rung 3";

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_of_this_machine_is_not_pinged() {
        for address in ["127.0.0.5:22", "[::1]:22", "[::ffff:127.0.0.1]:22"] {
            let report = Icmp::new().ping([address.parse().unwrap()]).await;
            assert_eq!(report.answer, RungAnswer::NotAsked, "{address}");
            assert!(report.detail.contains("this machine"), "{}", report.detail);
        }
        assert_eq!(Icmp::new().ping([]).await.answer, RungAnswer::NotAsked);
    }
}
