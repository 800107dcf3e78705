//! The rungs between us and a host's sshd that no dial tells of: own link, route, ICMP. With those of a
//! dial or a probe they make the ladder that a verdict is read from.

use std::time::Duration;

use crate::domain::diagnosis::{Rung, RungAnswer, RungReport};
use crate::domain::id::{AttemptId, HostId};
use crate::domain::network::NetworkState;
use crate::net::{self, OwnNetwork};
use crate::port::{Clock, Connector, DialError, Session};
use crate::remote::{self, Heart};

/// Own link, route and ICMP, all asked at once. `own` is what the network watch last said. Ends within
/// [`LIMIT`].
pub async fn below(
    connector: &dyn Connector,
    host: &HostId,
    own: Option<&OwnNetwork>,
    clock: &dyn Clock,
) -> Vec<RungReport> {
    let began = clock.now().mono;
    let route = async {
        let answer = tokio::time::timeout(LIMIT, route(connector, host)).await;
        answer.unwrap_or_else(|_| Route::unknown("the resolver does not answer")).report(clock.now().mono.since(began))
    };
    let ping = async { tokio::time::timeout(LIMIT, connector.ping(host)).await.ok() };
    let ((route, local), ping) = futures_util::join!(route, ping);
    let mut reports = vec![own_link(own, local), route];
    reports.extend(ping);
    reports
}

/// Every rung that can be asked without logging in; those above over `session`, if there still is one.
pub(super) async fn probe(
    connector: &dyn Connector,
    host: &HostId,
    own: Option<&OwnNetwork>,
    clock: &dyn Clock,
    session: Option<&dyn Session>,
) -> Vec<RungReport> {
    let sshd = async { tokio::time::timeout(LIMIT, connector.probe(host)).await.unwrap_or_default() };
    let exec = async {
        match session {
            Some(session) => above(session, None, clock, LIMIT).await,
            None => Vec::new(),
        }
    };
    let (mut reports, sshd, exec) = futures_util::join!(below(connector, host, own, clock), sshd, exec);
    reports.extend(sshd.into_iter().chain(exec));
    reports
}

/// The rungs above a login, asked over a connection that stands: whether a command gets an answer, and, of
/// a run, whether its heart beats on the host. Ends within `limit`.
pub async fn above(
    session: &dyn Session,
    id: Option<AttemptId>,
    clock: &dyn Clock,
    limit: Duration,
) -> Vec<RungReport> {
    let began = clock.now().mono;
    let report = |rung, answer, detail: &str| {
        let took = clock.now().mono.since(began);
        RungReport { rung, answer, took, detail: detail.to_owned() }
    };
    let exec = match remote::identify(session, limit / 2).await {
        Ok(_) => report(Rung::Exec, RungAnswer::Stands, "a command was answered"),
        Err(error) => return vec![report(Rung::Exec, RungAnswer::Broken, &error.to_string())],
    };
    let Some(id) = id else { return vec![exec] };
    let heart = match remote::heart(session, id, limit / 2).await {
        Ok(Heart::Beats) => report(Rung::Heartbeat, RungAnswer::Stands, "beats"),
        Ok(Heart::Still) => report(Rung::Heartbeat, RungAnswer::Broken, "stands still"),
        Ok(Heart::NotRunning) => report(Rung::Heartbeat, RungAnswer::NotAsked, "no run is going there"),
        Err(error) => report(Rung::Heartbeat, RungAnswer::NotAsked, &error.to_string()),
    };
    vec![exec, heart]
}

/// A failed dial with the rungs below its own, asked afterwards: what they say is to be true now. Not of
/// a refusal, which nothing below has to do with.
pub async fn explain(
    error: DialError,
    connector: &dyn Connector,
    host: &HostId,
    own: Option<&OwnNetwork>,
    clock: &dyn Clock,
) -> DialError {
    let DialError { cause, evidence } = error;
    if cause.is_refusal() {
        return DialError { cause, evidence };
    }
    let mut reports = below(connector, host, own, clock).await;
    // What the dial itself says of a rung goes before what we think of it.
    reports.retain(|report| evidence.iter().all(|told| told.rung != report.rung));
    reports.extend(evidence);
    DialError { cause, evidence: reports }
}

/// What the routing table says of the way to a host.
struct Route {
    answer: RungAnswer,
    detail: String,
    local: bool,
}

impl Route {
    fn unknown(why: &str) -> Self {
        Self { answer: RungAnswer::NotAsked, detail: why.to_owned(), local: false }
    }

    fn report(self, took: Duration) -> (RungReport, bool) {
        let Self { answer, detail, local } = self;
        (RungReport { rung: Rung::Route, answer, took, detail }, local)
    }
}

async fn route(connector: &dyn Connector, host: &HostId) -> Route {
    let mut none = None;
    for ip in connector.addresses(host).await {
        match net::route_to(ip).await {
            Ok(Some(route)) if route.local => {
                return Route { answer: RungAnswer::Stands, detail: "an address of this machine".into(), local: true };
            }
            Ok(Some(route)) => {
                let via = route.gateway.map(|gateway| format!(" by {gateway}")).unwrap_or_default();
                let detail = format!("{ip} over {}{via}", shown(&route.interface));
                return Route { answer: RungAnswer::Stands, detail, local: false };
            }
            Ok(None) => {
                let detail = format!("no route to {ip}");
                none = Some(Route { answer: RungAnswer::Broken, detail, local: false });
            }
            Err(error) => return Route::unknown(&format!("failed to {error}")),
        }
    }
    none.unwrap_or_else(|| Route::unknown("its address is not known here"))
}

/// `local`: the host is an address of this machine.
fn own_link(own: Option<&OwnNetwork>, local: bool) -> RungReport {
    let (answer, detail) = match own {
        _ if local => (RungAnswer::NotAsked, "not needed: an address of this machine".to_owned()),
        None => (RungAnswer::NotAsked, "not watched".to_owned()),
        Some(own) => match own.state {
            NetworkState::Up => (RungAnswer::Stands, own.why.clone()),
            NetworkState::Degraded => (RungAnswer::Stands, format!("degraded: {}", own.why)),
            NetworkState::Down => (RungAnswer::Broken, own.why.clone()),
            NetworkState::Unknown => (RungAnswer::NotAsked, own.why.clone()),
        },
    };
    RungReport { rung: Rung::OwnLink, answer, took: Duration::ZERO, detail }
}

/// The kernel lets a name have any byte but a few.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(32).collect()
}

/// The link that is being probed waits for three seconds; a slow resolver must not cost it the rest.
const LIMIT: Duration = Duration::from_millis(2800);

#[cfg(test)]
mod tests {
    use futures_util::future::BoxFuture;

    use super::*;
    use crate::clock::SystemClock;
    use crate::domain::diagnosis::Cause;
    use crate::port::Dialed;

    /// Nothing but loopback, and a probe that never ends.
    struct Hanging;

    impl Connector for Hanging {
        fn dial(&self, _host: &HostId) -> BoxFuture<'static, Result<Dialed, DialError>> {
            Box::pin(std::future::pending())
        }

        fn probe(&self, _host: &HostId) -> BoxFuture<'static, Vec<RungReport>> {
            Box::pin(std::future::pending())
        }

        fn addresses(&self, _host: &HostId) -> BoxFuture<'static, Vec<std::net::IpAddr>> {
            Box::pin(std::future::ready(vec!["127.0.0.1".parse().unwrap()]))
        }
    }

    fn host() -> HostId {
        HostId::parse("h").unwrap()
    }

    #[tokio::test]
    async fn what_hangs_does_not_cost_us_the_rest_and_our_own_address_needs_no_network() {
        let down = OwnNetwork { state: NetworkState::Down, why: "no".into(), ..OwnNetwork::default() };
        let reports = probe(&Hanging, &host(), Some(&down), &SystemClock, None).await;
        let said: Vec<_> = reports.iter().map(|report| (report.rung, report.answer)).collect();
        let not_asked = RungAnswer::NotAsked;
        assert_eq!(
            said,
            [(Rung::OwnLink, not_asked), (Rung::Route, RungAnswer::Stands), (Rung::Icmp, not_asked)],
            "{reports:?}"
        );
    }

    #[tokio::test]
    async fn a_refusal_is_not_explained_and_what_a_dial_said_stays() {
        let refused = DialError { cause: Cause::HostKeyRevoked { presented: "k".into() }, evidence: Vec::new() };
        assert!(explain(refused, &Hanging, &host(), None, &SystemClock).await.evidence.is_empty());
        let route = RungReport {
            rung: Rung::Route,
            answer: RungAnswer::Broken,
            took: Duration::ZERO,
            detail: "says ssh".into(),
        };
        let failed = DialError { cause: Cause::NoRoute, evidence: vec![route.clone()] };
        let evidence = explain(failed, &Hanging, &host(), None, &SystemClock).await.evidence;
        let of_route: Vec<_> = evidence.iter().filter(|report| report.rung == Rung::Route).collect();
        assert_eq!((of_route, evidence.len()), (vec![&route], 3));
    }
}
