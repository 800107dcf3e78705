//! Host keys.

use std::fs;

use steadfast::domain::diagnosis::{Cause, Rung};
use steadfast::domain::host::HostKeyPolicy;
use steadfast::port::ExitStatus;

use crate::bench::{dial, good_target, refusal, run, session, shown};
use crate::support::keys::Key;
use crate::support::sshd::Sshd;

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_is_refused_and_nothing_is_written_down() {
    let Some(sshd) = Sshd::start() else { return };
    let mut target = good_target(&sshd);
    let empty = sshd.known_hosts("");
    target.known_hosts.user = vec![empty.clone()];
    let (cause, rung) = refusal(target).await;
    assert_eq!(cause, Cause::HostKeyUnknown { presented: shown(sshd.host_key()) });
    assert_eq!(rung, Rung::KeyExchange);
    assert_eq!(fs::read_to_string(empty).unwrap(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn accept_new_writes_the_key_down_once_and_holds_to_it() {
    let Some(sshd) = Sshd::start() else { return };
    let mut target = good_target(&sshd);
    let file = sshd.known_hosts("");
    target.known_hosts.user = vec![file.clone()];
    target.host_keys = HostKeyPolicy::AcceptNew;
    let (one, two) = tokio::join!(dial(target.clone()), dial(target.clone()));
    assert!(one.is_ok() && two.is_ok());
    drop((one, two));
    target.host_keys = HostKeyPolicy::Strict;
    session(target.clone()).await;
    assert!(fs::read_to_string(&file).unwrap().contains(sshd.host_key().public.split(' ').nth(1).unwrap()));
    let other = Key::new(sshd.dir(), "other");
    fs::write(&file, format!("[127.0.0.1]:{} {}\n", sshd.port(), other.public)).unwrap();
    target.host_keys = HostKeyPolicy::AcceptNew;
    assert!(matches!(refusal(target).await.0, Cause::HostKeyChanged { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_key_shows_both_fingerprints_and_the_line() {
    let Some(sshd) = Sshd::start() else { return };
    let mut target = good_target(&sshd);
    let other = Key::new(sshd.dir(), "other");
    let file = sshd.known_hosts(&format!("# a comment\n[127.0.0.1]:{} {}\n", sshd.port(), other.public));
    target.known_hosts.user = vec![file.clone()];
    let (cause, _) = refusal(target).await;
    assert!(cause.is_refusal());
    let Cause::HostKeyChanged { known, presented, written_in } = cause else { panic!("{cause}") };
    assert!(known.contains(&other.fingerprint()), "{known}");
    assert_eq!(presented, shown(sshd.host_key()));
    assert_eq!(written_in, format!("{}:2", file.display()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_though_it_is_known() {
    let Some(sshd) = Sshd::start() else { return };
    let mut target = good_target(&sshd);
    target.known_hosts.user =
        vec![sshd.known_hosts(&format!("@revoked * {}\n{}", sshd.host_key().public, sshd.known()))];
    target.host_keys = HostKeyPolicy::AcceptNew;
    assert_eq!(refusal(target).await.0, Cause::HostKeyRevoked { presented: shown(sshd.host_key()) });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_certificate_of_a_known_authority_is_enough() {
    let Some(mut sshd) = Sshd::with(&["HostCertificate {dir}/host_key-cert.pub"]) else { return };
    let authority = Key::new(sshd.dir(), "authority");
    authority.certify(sshd.host_key(), "127.0.0.1", true);
    sshd.restart();
    let mut target = good_target(&sshd);
    let line = format!("@cert-authority [127.0.0.1]:{} {}\n", sshd.port(), authority.public);
    target.known_hosts.user = vec![sshd.known_hosts(&line)];
    assert_eq!(run(&*session(target.clone()).await, "exit 5", b"").await.exit, Some(ExitStatus::Code(5)));
    // The plain key is as good as ever where it is the one that is known.
    target.known_hosts.user = vec![sshd.known_hosts(&sshd.known())];
    session(target.clone()).await;
    let stranger = Key::new(sshd.dir(), "stranger");
    let line = format!("@cert-authority [127.0.0.1]:{} {}\n", sshd.port(), stranger.public);
    target.known_hosts.user = vec![sshd.known_hosts(&line)];
    assert!(matches!(refusal(target).await.0, Cause::HostKeyUnknown { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_stands_for_name_and_port() {
    let Some(sshd) = Sshd::start() else { return };
    let mut target = good_target(&sshd);
    target.known_hosts.user = vec![sshd.known_hosts(&format!("the-alias {}\n", sshd.host_key().public))];
    target.host_key_alias = Some("the-alias".into());
    session(target).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_another_kind_does_not_make_a_known_host_unknown() {
    let Some(mut sshd) = Sshd::with(&["HostKey {dir}/host_rsa"]) else { return };
    let rsa = Key::with(sshd.dir(), "host_rsa", "rsa", "");
    sshd.restart();
    let mut target = good_target(&sshd);
    target.known_hosts.user = vec![sshd.known_hosts(&format!("[127.0.0.1]:{} {}\n", sshd.port(), rsa.public))];
    session(target).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_common_is_told() {
    let Some(sshd) = Sshd::with(&["KexAlgorithms diffie-hellman-group14-sha1"]) else { return };
    let (cause, rung) = refusal(good_target(&sshd)).await;
    assert!(matches!(&cause, Cause::NoCommonAlgorithm(why) if why.contains("group14-sha1")), "{cause}");
    assert_eq!(rung, Rung::KeyExchange);
}
