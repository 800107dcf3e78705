//! A supervisor of many hosts in this process, and what it must never do to them: real sockets on loopback,
//! a real sshd where one is needed.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says so"
)]

#[expect(dead_code, reason = "agents and processes are for other tests")]
mod support;

#[path = "supervised/fleet.rs"]
mod fleet;
#[path = "supervised/listener.rs"]
mod listener;

use std::time::Duration;

use fleet::{Watched, host};
use listener::Silent;
use steadfast::domain::command::Command;
use steadfast::domain::diagnosis::Cause;
use steadfast::domain::event::{Fact, LinkChange};
use steadfast::domain::incident::Origin;
use steadfast::domain::link::{LinkSettings, LinkState};
use support::keys::Key;
use support::proxy::Proxy;
use support::sshd::{Sshd, user};

/// The last of them wait for their place longer than a whole dial may take. None is told that its own
/// handshake was late: it never had one.
#[test]
fn a_hung_jump_host_is_blamed_by_all_who_queue_for_it_and_told_once() {
    let jump = Silent::start();
    let names: Vec<_> = (0..HOSTS).map(|number| format!("h{number:03}")).collect();
    let config = format!(
        "Host j\n HostName 127.0.0.1\n Port {}\nHost h*\n HostName 192.0.2.1\n ProxyJump j\n\
         Host *\n IdentityAgent none\n IdentityFile /nonexistent\n ConnectTimeout 1\n",
        jump.port()
    );
    let link = LinkSettings {
        // Less than the ssh configuration says: what is said there of the hosts goes before it.
        connect_timeout: Duration::from_millis(200),
        tcp_timeout: Duration::from_millis(100),
        ..LinkSettings::default()
    };
    let mut watched = Watched::start(&config, &names, link);
    let mut blamed = std::collections::BTreeSet::new();
    let mut queued = 0;
    while blamed.len() < HOSTS {
        let event = watched.next();
        let Fact::Link(LinkChange { cause, waits_behind, attempt, .. }) = &event.fact else { continue };
        if let Some(before) = waits_behind {
            queued += 1;
            assert!(usize::try_from(*before).unwrap() < HOSTS && *attempt < 3, "{event:?}");
        }
        match cause {
            None | Some(Cause::Operator) => {}
            Some(Cause::JumpHost { host, cause }) => {
                assert_eq!((host.as_str(), &**cause), ("j", &Cause::BannerTimedOut), "{event:?}");
                blamed.insert(event.host.clone());
            }
            Some(other) => panic!("{:?} is told {other}", event.host),
        }
    }
    assert!(queued > 0, "nobody was told that he waits");
    let incidents: Vec<_> = watched.fleet.incidents.open().collect();
    assert_eq!(incidents.len(), 1, "{incidents:?}");
    assert_eq!((&incidents[0].origin, incidents[0].affected), (&Origin::JumpHost("j".into()), HOSTS));
    assert!(jump.most() <= 8, "{} at a time", jump.most());
    watched.stop();
}

/// The host's key is another one than is known. However often others come and go meanwhile: until the
/// operator says so nobody knocks there again, and then once.
#[test]
fn a_refusal_is_not_tried_again_while_supervised() {
    let Some(mut sshd) = Sshd::start() else { return };
    let key = sshd.client_key("id");
    sshd.authorize(&key);
    let known = sshd.known_hosts(&sshd.known());
    let proxy = Proxy::to(sshd.port());
    let config = format!(
        "Host keyed\n HostName 127.0.0.1\n Port {}\n HostKeyAlias [127.0.0.1]:{}\n\
         Host busy\n HostName 127.0.0.1\n Port {}\n\
         Host *\n User {}\n IdentityFile {}\n IdentitiesOnly yes\n IdentityAgent none\n UserKnownHostsFile {}\n",
        proxy.port(),
        sshd.port(),
        support::sshd::free_port(),
        user(),
        key.path.display(),
        known.display(),
    );
    let link = LinkSettings {
        keepalive: Duration::from_millis(300),
        backoff_initial: Duration::from_millis(20),
        backoff_maximum: Duration::from_millis(100),
        lost_after: Duration::from_secs(3_600),
        ..LinkSettings::default()
    };
    let mut watched = Watched::start(&config, &["keyed".into(), "busy".into()], link);
    watched.until("alive", |fleet| fleet.hosts[&host("keyed")].link.state == LinkState::Alive);
    sshd.stop();
    for name in ["host_key", "host_key.pub"] {
        std::fs::remove_file(sshd.dir().join(name)).unwrap();
    }
    let other = Key::new(sshd.dir(), "host_key");
    sshd.restart();
    watched.until("refused", |fleet| fleet.hosts[&host("keyed")].link.state == LinkState::Refused);
    let refused = |watched: &Watched| {
        let link = &watched.fleet.hosts[&host("keyed")].link;
        let Some(Cause::HostKeyChanged { presented, .. }) = &link.cause else { panic!("{link:?}") };
        assert!(presented.contains(&other.fingerprint()), "{presented}");
        assert_eq!((link.state, link.retry_at), (LinkState::Refused, None));
    };
    refused(&watched);

    let dials = proxy.accepted();
    let before = watched.failures("busy");
    while watched.failures("busy") < before + 60 {
        watched.next();
    }
    watched.handle.command(Command::Connect(host("keyed"))).unwrap();
    watched.handle.command(Command::Note { host: host("keyed"), text: "looked at it".into() }).unwrap();
    let before = watched.failures("busy");
    while watched.failures("busy") < before + 20 {
        watched.next();
    }
    refused(&watched);
    assert_eq!(proxy.accepted(), dials, "dialed without the operator");

    watched.handle.command(Command::Reconnect(host("keyed"))).unwrap();
    watched.until("tried", |fleet| fleet.hosts[&host("keyed")].link.state == LinkState::Reconnecting);
    watched.until("refused again", |fleet| fleet.hosts[&host("keyed")].link.state == LinkState::Refused);
    let before = watched.failures("busy");
    while watched.failures("busy") < before + 20 {
        watched.next();
    }
    assert_eq!(proxy.accepted(), dials + 1);
    watched.stop();
}

/// So many that at eight a time the last ones wait longer than a dial may take.
const HOSTS: usize = 112;
