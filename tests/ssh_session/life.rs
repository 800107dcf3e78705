//! Whether a connection lives, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use steadfast::domain::diagnosis::Cause;
use steadfast::port::{ExecError, ExecEvent, SessionGone};
use steadfast::ssh::resolve::Target;

use crate::bench::{good_target, listen, session, soon};
use crate::support::proxy::Proxy;
use crate::support::sshd::Sshd;
use crate::support::until;

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_is_answered_and_heard() {
    let Some(sshd) = Sshd::start() else { return };
    let session = session(good_target(&sshd)).await;
    for _ in 0..20 {
        let before = session.heard();
        soon(session.ping()).await.unwrap();
        assert!(session.heard() > before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_session_process_ends_everything_with_a_reason() {
    let Some(sshd) = Sshd::start() else { return };
    let session = session(good_target(&sshd)).await;
    let mut exec = soon(session.exec("echo up; exec cat")).await.unwrap();
    assert_eq!(soon(exec.output.next()).await, ExecEvent::Stdout(b"up\n"[..].into()));
    sshd.kill_sessions();
    let gone = soon(session.closed()).await;
    assert!(matches!(gone.0, Cause::ClosedByPeer(_)), "{gone}");
    let said = soon(listen(&mut *exec.output)).await;
    assert_eq!(said.exit, None, "an end is not an exit");
    assert_eq!(soon(session.ping()).await, Err(gone.clone()));
    let refused = soon(session.exec("true")).await.map(|_| ()).unwrap_err();
    assert!(matches!(&refused, ExecError::Gone(cause) if *cause == gone), "{refused}");
    assert!(soon(session.sftp()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_session_is_silent_but_not_ended() {
    let Some(sshd) = Sshd::start() else { return };
    let session = session(good_target(&sshd)).await;
    soon(session.ping()).await.unwrap();
    sshd.freeze();
    let heard = session.heard();
    let unanswered = tokio::time::timeout(Duration::from_millis(300), session.ping()).await;
    assert!(unanswered.is_err());
    assert_eq!(session.heard(), heard);
    sshd.thaw();
    soon(session.ping()).await.unwrap();
    assert!(session.heard() > heard);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pulled_cable_does_not_keep_us_from_closing() {
    let Some(sshd) = Sshd::start() else { return };
    let proxy = Proxy::to(sshd.port());
    let target = good_target(&sshd);
    let mut target = Target { port: proxy.port(), ..target };
    target.known_hosts.user =
        vec![sshd.known_hosts(&format!("[127.0.0.1]:{} {}\n", proxy.port(), sshd.host_key().public))];
    let session = session(target).await;
    let mut exec = soon(session.exec("exec cat")).await.unwrap();
    proxy.stall();
    assert!(tokio::time::timeout(Duration::from_millis(300), session.ping()).await.is_err());
    session.close();
    session.close();
    assert_eq!(soon(session.closed()).await, SessionGone(Cause::Operator));
    assert_eq!(soon(exec.output.next()).await, ExecEvent::Closed);
    assert!(soon(session.exec("true")).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_cable_is_noticed_at_any_byte() {
    let Some(sshd) = Sshd::start() else { return };
    let proxy = Proxy::to(sshd.port());
    let mut target = good_target(&sshd);
    target.known_hosts.user =
        vec![sshd.known_hosts(&format!("[127.0.0.1]:{} {}\n", proxy.port(), sshd.host_key().public))];
    target.port = proxy.port();
    drop(session(target.clone()).await);
    let whole = proxy.passed();
    for bytes in (0..whole).step_by(usize::try_from(whole / 40).unwrap().max(1)) {
        proxy.cut_after(bytes);
        let outcome = crate::bench::dial(target.clone()).await;
        if let Ok(dialed) = outcome {
            // Cut after the last byte that matters.
            soon(dialed.session.closed()).await;
        }
    }
    proxy.mend();
    session(target).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_reference_that_goes_closes_the_connection() {
    let Some(sshd) = Sshd::start() else { return };
    let session = session(good_target(&sshd)).await;
    let again = Arc::clone(&session);
    let exec = soon(session.exec("exec cat")).await.unwrap();
    drop(session);
    soon(again.ping()).await.unwrap();
    // Outside of a runtime as well.
    std::thread::spawn(move || drop((again, exec))).join().unwrap();
    until("sshd has no connection left", || sshd.sessions().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_holds_up_only_until_they_are_dropped() {
    let Some(sshd) = Sshd::start() else { return };
    let session = session(good_target(&sshd)).await;
    let unread = soon(session.exec("cat /dev/zero")).await.unwrap();
    let heard = session.heard();
    until("output piles up", || session.heard() > heard + 1_000_000);
    drop(unread);
    soon(session.ping()).await.unwrap();
}
