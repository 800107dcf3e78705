//! The system's `ssh` as transport.

use std::fs;
use std::path::{Path, PathBuf};

use steadfast::domain::diagnosis::Cause;
use steadfast::domain::host::{HostKeyPolicy, HostSettings, TransportChoice};
use steadfast::port::{Connector, ExecError, ExecEvent, ExitStatus};
use steadfast::ssh::resolve::{SshConfigFiles, Target, resolve_among};
use tokio::io::AsyncWriteExt;

use crate::bench::{connector, host, listen, refusal, run, session, soon};
use crate::support::keys::Key;
use crate::support::processes;
use crate::support::sshd::{Sshd, free_port, user};
use crate::support::until;

/// A target whose whole truth is in a configuration file of ssh's.
fn by_system(sshd: &Sshd, key: &Path, extra: &str) -> Target {
    let config = sshd.dir().join("ssh_config");
    let known = sshd.known_hosts(&sshd.known());
    let text = format!(
        "Host host\n{extra}\n Hostname 127.0.0.1\n Port {}\n User {}\n IdentityFile {}\n UserKnownHostsFile {}\n",
        sshd.port(),
        user(),
        key.display(),
        known.display()
    );
    fs::write(&config, text).unwrap();
    Target {
        transport: TransportChoice::Auto,
        needs_system: Some("a test".into()),
        config_file: Some(config),
        ..crate::bench::target("host", sshd.port(), None, &known)
    }
}

fn config_of(target: &Target) -> PathBuf {
    target.config_file.clone().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_run_and_their_ends_are_exact() {
    let Some(sshd) = Sshd::start() else { return };
    let session = session(by_system(&sshd, &sshd.client_key("good").path, "")).await;
    let said = run(&*session, "echo out; echo err >&2; exit 3", b"").await;
    assert_eq!((&said.stdout[..], &said.stderr[..]), (&b"out\n"[..], &b"err\n"[..]));
    assert_eq!(said.exit, Some(ExitStatus::Code(3)));
    for code in [0, 137, 255] {
        assert_eq!(run(&*session, &format!("exit {code}"), b"").await.exit, Some(ExitStatus::Code(code)));
    }
    // ssh does not tell of signals: then nothing is known, and 255 is not made of it.
    assert_eq!(run(&*session, "kill -KILL $$", b"").await.exit, None);
    let said = run(&*session, "exec /bin/sh -s", b"printf 'a\\000b'; exit 9\n").await;
    assert_eq!((&said.stdout[..], said.exit), (&b"a\0b"[..], Some(ExitStatus::Code(9))));
    let said = run(&*session, "head -c 20000000 /dev/zero", b"").await;
    assert_eq!(said.stdout.len(), 20_000_000);
    let before = session.heard();
    soon(session.ping()).await.unwrap();
    assert!(session.heard() > before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_command_leads_to_the_host() {
    let (Some(way), Some(sshd)) = (Sshd::start(), Sshd::start()) else { return };
    let key = way.client_key("good");
    sshd.authorize(&key);
    let proxy = format!(
        " ProxyCommand ssh -F none -q -i {} -o UserKnownHostsFile={} -p {} -W %h:%p {}@127.0.0.1",
        key.path.display(),
        way.known_hosts(&way.known()).display(),
        way.port(),
        user()
    );
    let mut target = by_system(&sshd, &key.path, &proxy);
    target.needs_system = Some("ProxyCommand".into());
    let config = config_of(&target);
    let connector = connector([target]);
    let dialed = soon(connector.dial(&host("host"))).await.map_err(|error| format!("{error:?}")).unwrap();
    assert_eq!(dialed.transport, "ssh (ProxyCommand)");
    assert_eq!(run(&*dialed.session, "echo there", b"").await.stdout, b"there\n");
    assert!(!processes::with_argument(config.to_str().unwrap()).is_empty());
    drop(dialed);
    soon(connector.settle()).await;
    until("no ssh is left", || processes::with_argument(config.to_str().unwrap()).is_empty());
    until("no connection is left", || way.sessions().is_empty() && sshd.sessions().is_empty());
}

/// What only our own configuration says of a host and of its jump host is told to `ssh`.
#[tokio::test(flavor = "multi_thread")]
async fn settings_of_ours_lead_through_a_jump_host_of_ours() {
    let (Some(way), Some(sshd)) = (Sshd::start(), Sshd::start()) else { return };
    let (here, there) = (way.client_key("good"), sshd.client_key("good"));
    let config = sshd.dir().join("ssh_config");
    let known = sshd.known_hosts(&(sshd.known() + &way.known()));
    fs::write(&config, format!("Host *\n UserKnownHostsFile \"{}\"\n", known.display())).unwrap();
    let files = SshConfigFiles::from_environment(Some(&config)).unwrap();
    let entry = |name: &str, sshd: &Sshd, key: &Key| HostSettings {
        address: Some("127.0.0.1".into()),
        user: Some(user()),
        port: Some(sshd.port()),
        identity_files: vec![key.path.to_string_lossy().into_owned()],
        ..HostSettings::new(host(name))
    };
    let gate = entry("gate", &way, &here);
    for transport in [TransportChoice::System, TransportChoice::Russh] {
        let far = HostSettings { jump: Some("gate".into()), transport, ..entry("far", &sshd, &there) };
        let target = resolve_among(&far, std::slice::from_ref(&gate), &files).unwrap();
        let connector = connector([target]);
        let dialed = soon(connector.dial(&far.id)).await.map_err(|error| format!("{error:?}")).unwrap();
        assert_eq!(dialed.transport.starts_with("ssh"), transport == TransportChoice::System);
        assert_eq!(run(&*dialed.session, "echo there", b"").await.stdout, b"there\n");
        assert_eq!((way.sessions().is_empty(), sshd.sessions().is_empty()), (false, false));
        drop(dialed);
        soon(connector.settle()).await;
        until("no connection is left", || way.sessions().is_empty() && sshd.sessions().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn causes_are_read_from_what_ssh_says() {
    let Some(sshd) = Sshd::start() else { return };
    let good = sshd.client_key("good");
    let stranger = Key::new(sshd.dir(), "stranger");
    let (cause, _) = refusal(by_system(&sshd, &stranger.path, "")).await;
    assert!(matches!(&cause, Cause::AuthRefused { offered, .. } if offered == &["publickey"]), "{cause}");

    let (cause, _) = refusal(by_system(&sshd, &good.path, &format!(" Port {}", free_port()))).await;
    assert_eq!(cause, Cause::PortRefused);

    let empty = sshd.known_hosts("");
    let unknown = format!(" UserKnownHostsFile {}", empty.display());
    let (cause, _) = refusal(by_system(&sshd, &good.path, &unknown)).await;
    assert!(matches!(cause, Cause::HostKeyUnknown { .. }), "{cause}");
    let accepting = Target { host_keys: HostKeyPolicy::AcceptNew, ..by_system(&sshd, &good.path, &unknown) };
    session(accepting).await;
    assert!(fs::read_to_string(&empty).unwrap().contains("ssh-ed25519"));

    fs::write(&empty, format!("[127.0.0.1]:{} {}\n", sshd.port(), stranger.public)).unwrap();
    let (cause, _) = refusal(by_system(&sshd, &good.path, &unknown)).await;
    let Cause::HostKeyChanged { presented, written_in, .. } = cause else { panic!("{cause}") };
    assert_eq!(presented, sshd.host_key().fingerprint());
    assert_eq!(written_in, format!("{}:1", empty.display()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_no_exit() {
    let Some(sshd) = Sshd::start() else { return };
    let session = session(by_system(&sshd, &sshd.client_key("good").path, "")).await;
    let mut exec = soon(session.exec("echo up; exec cat")).await.unwrap();
    assert_eq!(soon(exec.output.next()).await, ExecEvent::Stdout(b"up\n"[..].into()));
    sshd.kill_sessions();
    let gone = soon(session.closed()).await;
    assert!(matches!(gone.0, Cause::ClosedByPeer(_)), "{gone}");
    assert_eq!(soon(listen(&mut *exec.output)).await.exit, None);
    assert!(matches!(soon(session.exec("true")).await, Err(ExecError::Gone(_))));
    assert_eq!(soon(session.ping()).await, Err(gone));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_too_many_is_refused_in_words() {
    let Some(sshd) = Sshd::with(&["MaxSessions 2"]) else { return };
    let session = session(by_system(&sshd, &sshd.client_key("good").path, "")).await;
    let mut first = soon(session.exec("exec cat")).await.unwrap();
    let refused = soon(session.exec("true")).await.map(|_| ()).unwrap_err();
    assert!(matches!(&refused, ExecError::Refused(why) if why.contains("refused")), "{refused}");
    first.stdin.write_all(b"on").await.unwrap();
    assert_eq!(soon(first.output.next()).await, ExecEvent::Stdout(b"on"[..].into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn sftp_speaks_and_closing_ends_all_processes() {
    let Some(sshd) = Sshd::start() else { return };
    let target = by_system(&sshd, &sshd.client_key("good").path, "");
    let config = config_of(&target);
    let session = session(target).await;
    let sftp = russh_sftp::client::SftpSession::new(soon(session.sftp()).await.unwrap()).await.unwrap();
    assert!(soon(sftp.canonicalize(".")).await.unwrap().starts_with('/'));
    session.close();
    assert_eq!(soon(session.closed()).await.0, Cause::Operator);
    drop((sftp, session));
    until("no ssh is left", || processes::with_argument(config.to_str().unwrap()).is_empty());
}
