//! Authentication.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use steadfast::domain::diagnosis::{Cause, Rung};
use steadfast::port::{Connector, NoPrompt, PromptKind};
use steadfast::ssh::Environment;
use steadfast::ssh::resolve::{IdentityAgent, Target};

use crate::bench::{Answers, connector_with, dial, good_target, host, refusal, session, soon};
use crate::support::keys::{Agent, Key};
use crate::support::sshd::Sshd;

const SECRET: &str = "correct horse";

fn with_key(sshd: &Sshd, key: &Key) -> Target {
    Target { identity_files: vec![key.path.clone()], ..good_target(sshd) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_key_is_told_with_what_the_server_takes() {
    let Some(sshd) = Sshd::start() else { return };
    let stranger = Key::new(sshd.dir(), "stranger");
    let (cause, rung) = refusal(with_key(&sshd, &stranger)).await;
    let Cause::AuthRefused { tried, offered } = cause else { panic!("{cause}") };
    assert_eq!(offered, ["publickey"]);
    assert!(tried.len() == 1 && tried[0].contains(&stranger.fingerprint()), "{tried:?}");
    assert_eq!(rung, Rung::Auth);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_keys_are_a_refusal_and_not_a_lost_connection() {
    let Some(sshd) = Sshd::with(&["MaxAuthTries 2"]) else { return };
    let mut target = good_target(&sshd);
    target.identity_files = (0..6).map(|number| Key::new(sshd.dir(), &format!("stranger{number}")).path).collect();
    let (cause, _) = refusal(target).await;
    assert!(matches!(&cause, Cause::AuthRefused { tried, .. } if tried.len() == 2), "{cause}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_key_logs_in() {
    let Some(sshd) = Sshd::start() else { return };
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let key = Key::with(sshd.dir(), kind, kind, "");
        sshd.authorize(&key);
        session(with_key(&sshd, &key)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passphrase_is_asked_for_once_for_all_hosts_and_dials() {
    let Some(sshd) = Sshd::start() else { return };
    let key = Key::with(sshd.dir(), "locked", "ed25519", SECRET);
    sshd.authorize(&key);
    let one = with_key(&sshd, &key);
    let two = Target { alias: host("two"), ..one.clone() };
    let answers = Answers::new(Some(SECRET));
    let connector = connector_with([one, two], answers.clone(), Environment::default());
    let (first, second) =
        soon(async { tokio::join!(connector.dial(&host("host")), connector.dial(&host("two"))) }).await;
    assert!(first.is_ok() && second.is_ok());
    assert!(soon(connector.dial(&host("host"))).await.is_ok());
    assert_eq!(answers.count(), 1);
    let prompt = answers.questions.lock().unwrap().remove(0);
    assert_eq!((prompt.kind, prompt.echo), (PromptKind::Passphrase, false));
    assert!(prompt.text.contains("locked"), "{}", prompt.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passphrase_is_not_asked_for_a_key_that_the_server_does_not_want() {
    let Some(sshd) = Sshd::start() else { return };
    let key = Key::with(sshd.dir(), "locked", "ed25519", SECRET);
    let answers = Answers::new(Some(SECRET));
    let connector = connector_with([with_key(&sshd, &key)], answers.clone(), Environment::default());
    let error = soon(connector.dial(&host("host"))).await.map(|_| ()).unwrap_err();
    assert!(matches!(error.cause, Cause::AuthRefused { .. }), "{error}");
    assert_eq!(answers.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_stays_locked_is_told_as_such() {
    let Some(sshd) = Sshd::start() else { return };
    let key = Key::with(sshd.dir(), "locked", "ed25519", SECRET);
    sshd.authorize(&key);
    let (cause, _) = refusal(with_key(&sshd, &key)).await;
    assert!(
        matches!(&cause, Cause::PassphraseNeeded(why) if why.contains("locked") && why.contains("nobody")),
        "{cause}"
    );
    let wrong = Answers::new(Some("wrong"));
    let connector = connector_with([with_key(&sshd, &key)], wrong.clone(), Environment::default());
    let error = soon(connector.dial(&host("host"))).await.map(|_| ()).unwrap_err();
    assert!(matches!(&error.cause, Cause::PassphraseNeeded(why) if why.contains("wrong")), "{error}");
    assert_eq!(wrong.count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_key_file_does_not_matter_when_another_works() {
    let Some(sshd) = Sshd::start() else { return };
    let open = sshd.client_key("open");
    fs::set_permissions(&open.path, fs::Permissions::from_mode(0o644)).unwrap();
    let garbage = sshd.dir().join("garbage");
    fs::write(&garbage, "no key at all").unwrap();
    fs::set_permissions(&garbage, fs::Permissions::from_mode(0o600)).unwrap();
    let mut target = good_target(&sshd);
    let good = target.identity_files.clone();
    target.identity_files = vec![open.path.clone(), garbage.clone()];
    let (cause, _) = refusal(target.clone()).await;
    let Cause::KeyUnreadable(why) = cause else { panic!("{cause}") };
    assert!(why.contains("too open") && why.contains("garbage"), "{why}");
    target.identity_files.extend(good);
    target.identity_files.push(sshd.dir().join("not-there"));
    session(target).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_for_passphrases_is_asked_when_nobody_else_answers() {
    let Some(sshd) = Sshd::start() else { return };
    let key = Key::with(sshd.dir(), "locked", "ed25519", SECRET);
    sshd.authorize(&key);
    let askpass = sshd.dir().join("askpass");
    fs::write(&askpass, format!("#!/bin/sh\necho '{SECRET}'\n")).unwrap();
    fs::set_permissions(&askpass, fs::Permissions::from_mode(0o700)).unwrap();
    let environment = Environment { askpass: Some(askpass), ..Environment::default() };
    let connector = connector_with([with_key(&sshd, &key)], Arc::new(NoPrompt), environment);
    assert!(soon(connector.dial(&host("host"))).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_signs_and_identities_only_is_honoured() {
    let Some(sshd) = Sshd::start() else { return };
    let agent = Agent::start(sshd.dir());
    let stranger = Key::new(sshd.dir(), "stranger");
    for key in [&stranger, &sshd.client_key("held"), &Key::with(sshd.dir(), "held-rsa", "rsa", "")] {
        agent.add(key);
    }
    let mut target = with_key(&sshd, &stranger);
    target.identity_agent = IdentityAgent::Path(agent.socket.clone());
    session(target.clone()).await;
    target.identities_only = true;
    assert!(matches!(refusal(target.clone()).await.0, Cause::AuthRefused { .. }));
    // The public half is enough to say which of the agent's keys is meant.
    let public = sshd.dir().join("only");
    fs::copy(sshd.dir().join("held.pub"), public.with_extension("pub")).unwrap();
    fs::copy(&Key::with(sshd.dir(), "any", "ed25519", SECRET).path, &public).unwrap();
    target.identity_files = vec![public];
    session(target.clone()).await;
    target.identity_agent = IdentityAgent::Env;
    target.identities_only = false;
    let environment = Environment { auth_sock: Some(agent.socket.clone()), ..Environment::default() };
    let connector = connector_with([target], Arc::new(NoPrompt), environment);
    assert!(soon(connector.dial(&host("host"))).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_rsa_key_in_the_agent_signs_with_sha2() {
    let Some(sshd) = Sshd::start() else { return };
    let agent = Agent::start(sshd.dir());
    let key = Key::with(sshd.dir(), "rsa", "rsa", "");
    sshd.authorize(&key);
    agent.add(&key);
    let mut target = good_target(&sshd);
    target.identity_files = Vec::new();
    target.identity_agent = IdentityAgent::Path(agent.socket.clone());
    session(target).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_beside_the_key_is_offered() {
    let Some(mut sshd) = Sshd::with(&["TrustedUserCAKeys {dir}/authority.pub"]) else { return };
    let authority = Key::new(sshd.dir(), "authority");
    sshd.restart();
    for kind in ["ed25519", "rsa"] {
        let key = Key::with(sshd.dir(), &format!("certified-{kind}"), kind, "");
        assert!(dial(with_key(&sshd, &key)).await.is_err());
        let certificate = authority.certify(&key, &crate::support::sshd::user(), false);
        session(with_key(&sshd, &key)).await;
        // Elsewhere, and named.
        let elsewhere = sshd.dir().join(format!("elsewhere-{kind}"));
        fs::rename(certificate, &elsewhere).unwrap();
        let target = Target { certificate_files: vec![elsewhere], ..with_key(&sshd, &key) };
        session(target).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_keys_are_given_where_two_are_asked_for() {
    let Some(sshd) = Sshd::with(&["AuthenticationMethods publickey,publickey"]) else { return };
    let (one, two) = (sshd.client_key("one"), sshd.client_key("two"));
    let mut target = with_key(&sshd, &one);
    assert!(matches!(refusal(target.clone()).await.0, Cause::AuthRefused { .. }));
    target.identity_files.push(two.path.clone());
    session(target).await;
}
