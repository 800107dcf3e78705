//! The way to a host: each thing that can be broken has its own cause.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use steadfast::domain::diagnosis::{Cause, Rung, RungAnswer};
use steadfast::domain::host::TransportChoice;
use steadfast::port::{Connector, ExitStatus};
use steadfast::ssh::resolve::Target;

use crate::bench::{connector, dial, good_target, host, refusal, run, session, soon};
use crate::support::proxy::Proxy;
use crate::support::sshd::{Sshd, free_port};
use crate::support::until;

#[tokio::test(flavor = "multi_thread")]
async fn a_dial_tells_what_each_rung_said() {
    let Some(sshd) = Sshd::start() else { return };
    let dialed = dial(good_target(&sshd)).await.map_err(|error| error.to_string()).unwrap();
    assert_eq!(dialed.transport, "russh");
    let rungs: Vec<Rung> = dialed.evidence.iter().map(|report| report.rung).collect();
    assert_eq!(rungs, [Rung::Tcp, Rung::Banner, Rung::KeyExchange, Rung::Auth]);
    assert!(dialed.evidence.iter().all(|report| report.answer == RungAnswer::Stands));
    assert!(dialed.evidence[0].detail.contains(&sshd.port().to_string()));
    assert!(dialed.evidence[1].detail.starts_with("SSH-2.0-OpenSSH"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_port_is_refused() {
    let Some(sshd) = Sshd::start() else { return };
    let target = Target { port: free_port(), ..good_target(&sshd) };
    assert_eq!(refusal(target).await, (Cause::PortRefused, Rung::Tcp));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_nobody_knows() {
    let Some(sshd) = Sshd::start() else { return };
    // Reserved for this (RFC 6761, section 6.4).
    let target = Target { hostname: "nowhere.invalid".into(), ..good_target(&sshd) };
    assert_eq!(refusal(target).await, (Cause::NameNotResolved("nowhere.invalid".into()), Rung::Tcp));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_accepts_and_is_silent() {
    let Some(sshd) = Sshd::start() else { return };
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = Target {
        port: silent.local_addr().unwrap().port(),
        connect_timeout: Some(Duration::from_secs(1)),
        ..good_target(&sshd)
    };
    assert_eq!(refusal(target).await, (Cause::BannerTimedOut, Rung::Banner));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_sshd_is_silent_and_works_again_when_it_thaws() {
    let Some(sshd) = Sshd::start() else { return };
    let target = good_target(&sshd);
    sshd.freeze();
    let hurried = Target { connect_timeout: Some(Duration::from_secs(1)), ..target.clone() };
    assert_eq!(refusal(hurried).await, (Cause::BannerTimedOut, Rung::Banner));
    sshd.thaw();
    session(target).await;
}

/// A server that says `words` to each of two callers and hangs up.
fn rude(words: &'static [u8]) -> (u16, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // It has heard us by then: what it says is not lost in a reset.
        let _ = stream.read(&mut [0; 256]);
        stream.write_all(words).unwrap();
    });
    (port, thread)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_ssh_is_quoted() {
    let Some(sshd) = Sshd::start() else { return };
    for (words, cause) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], Cause::NotSsh("HTTP/1.1 400 Bad Request".into())),
        (b"", Cause::ResetBeforeBanner),
        (b"Exceeded MaxStartups\r\n", Cause::ResetBeforeBanner),
        (b"SSH-1.5-old\r\n", Cause::NotSsh("SSH-1.5-old".into())),
    ] {
        let (port, thread) = rude(words);
        assert_eq!(refusal(Target { port, ..good_target_again(&sshd) }).await, (cause, Rung::Banner));
        thread.join().unwrap();
    }
}

fn good_target_again(sshd: &Sshd) -> Target {
    let known = sshd.known_hosts(&sshd.known());
    crate::bench::target("host", sshd.port(), None, &known)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_stops_in_the_middle() {
    let Some(sshd) = Sshd::start() else { return };
    let target = good_target(&sshd);
    let speaks = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = speaks.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = speaks.accept().unwrap();
        stream.write_all(b"SSH-2.0-half\r\n").unwrap();
        // Until the other side has given up.
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let hurried = Target { port, connect_timeout: Some(Duration::from_secs(1)), ..target };
    assert_eq!(refusal(hurried).await, (Cause::HandshakeTimedOut, Rung::KeyExchange));
    thread.join().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_sshd_drops_us_before_its_banner() {
    let Some(sshd) = Sshd::with(&["MaxStartups 1:100:1"]) else { return };
    let target = good_target(&sshd);
    let mut held = TcpStream::connect(("127.0.0.1", sshd.port())).unwrap();
    let mut banner = [0; 4];
    held.read_exact(&mut banner).unwrap();
    assert_eq!(refusal(target.clone()).await, (Cause::ResetBeforeBanner, Rung::Banner));
    drop(held);
    soon(async {
        while dial(target.clone()).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dial_that_is_given_up_leaves_nothing_behind() {
    let Some(sshd) = Sshd::start() else { return };
    let target = good_target(&sshd);
    let proxy = Proxy::to(sshd.port());
    proxy.stall();
    let connector = connector([Target { port: proxy.port(), ..target }]);
    let given_up = tokio::time::timeout(Duration::from_millis(200), connector.dial(&host("host"))).await;
    assert!(given_up.is_err());
    proxy.resume();
    until("sshd is rid of it", || sshd.sessions().is_empty());
    assert_eq!(proxy.accepted(), 1, "and it is not tried again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_not_there_and_one_that_is_added() {
    let Some(sshd) = Sshd::start() else { return };
    let connector = connector([]);
    let error = soon(connector.dial(&host("host"))).await.map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("no host host"), "{error}");
    connector.add_target(good_target(&sshd));
    assert!(soon(connector.dial(&host("host"))).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_the_system_can_do_is_not_tried_by_ourselves() {
    let Some(sshd) = Sshd::start() else { return };
    let target =
        Target { needs_system: Some("ProxyCommand".into()), transport: TransportChoice::Russh, ..good_target(&sshd) };
    let (cause, _) = refusal(target).await;
    assert!(cause.to_string().contains("ProxyCommand"), "{cause}");
}

/// A target behind a jump host of its own, both good.
fn behind(jump: &Sshd, far: &Sshd) -> Target {
    let hop = Target { alias: host("jump"), ..good_target(jump) };
    Target { jump: vec![hop], ..good_target(far) }
}

#[tokio::test(flavor = "multi_thread")]
async fn through_jump_hosts_each_with_its_own_key() {
    let (Some(one), Some(two), Some(far)) = (Sshd::start(), Sshd::start(), Sshd::start()) else { return };
    let mut target = behind(&one, &far);
    target.jump.push(Target { alias: host("second"), ..good_target(&two) });
    let dialed = dial(target).await.map_err(|error| format!("{error}: {:?}", error.evidence)).unwrap();
    assert_eq!(dialed.evidence.len(), 12);
    assert!(dialed.evidence[0].detail.starts_with("jump host jump: "));
    assert!(dialed.evidence[4].detail.starts_with("jump host second: "));
    let said = run(&*dialed.session, "head -c 1000000 /dev/zero; exit 6", b"").await;
    assert_eq!((said.stdout.len(), said.exit), (1_000_000, Some(ExitStatus::Code(6))));
    soon(dialed.session.ping()).await.unwrap();
    assert!(!far.sessions().is_empty() && !two.sessions().is_empty());
    drop(dialed);
    for sshd in [&one, &two, &far] {
        until("no connection is left", || sshd.sessions().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_jump_host_is_blamed_and_a_broken_host_behind_it_is_not() {
    let (Some(jump), Some(far)) = (Sshd::start(), Sshd::start()) else { return };
    let target = behind(&jump, &far);
    let blamed = |cause| Cause::JumpHost { host: "jump".into(), cause: Box::new(cause) };

    let mut unreachable = target.clone();
    unreachable.jump[0].port = free_port();
    assert_eq!(refusal(unreachable).await, (blamed(Cause::PortRefused), Rung::Tcp));

    let mut stranger = target.clone();
    stranger.jump[0].known_hosts.user = vec![jump.known_hosts("")];
    let (cause, _) = refusal(stranger).await;
    assert!(cause.is_refusal() && matches!(cause, Cause::JumpHost { .. }), "{cause}");

    let nobody = Target { port: free_port(), ..target.clone() };
    assert_eq!(refusal(nobody).await, (Cause::PortRefused, Rung::Tcp));

    let unnamed = Target { hostname: "nowhere.invalid".into(), ..target.clone() };
    assert_eq!(refusal(unnamed).await.1, Rung::Tcp);

    let mut unknown = target.clone();
    unknown.known_hosts.user = vec![far.known_hosts("")];
    assert!(matches!(refusal(unknown).await.0, Cause::HostKeyUnknown { .. }));
    session(target).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jump_host_that_does_not_forward_is_blamed() {
    let (Some(jump), Some(far)) = (Sshd::with(&["AllowTcpForwarding no"]), Sshd::start()) else { return };
    let (cause, _) = refusal(behind(&jump, &far)).await;
    assert!(matches!(&cause, Cause::JumpHost { host, .. } if host == "jump"), "{cause}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jump_host_that_dies_is_why_the_session_behind_it_ends() {
    let (Some(jump), Some(far)) = (Sshd::start(), Sshd::start()) else { return };
    let session = session(behind(&jump, &far)).await;
    jump.kill_sessions();
    let gone = soon(session.closed()).await;
    assert!(matches!(&gone.0, Cause::JumpHost { host, .. } if host == "jump"), "{gone}");
}
