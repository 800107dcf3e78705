//! Held against `ssh-keygen -F` and `-H`, and against `ssh` itself refusing or accepting a server.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use proptest::prelude::*;
use russh::keys::PrivateKey;
use russh::server;
use tempfile::TempDir;

use super::*;

/// Keys of one test, made by `ssh-keygen`; `None` when it is missing, which in CI is a failure.
struct Keys {
    dir: TempDir,
}

impl Keys {
    fn new(names: &[(&str, &str)]) -> Option<Self> {
        let keys = Self { dir: tempfile::tempdir().unwrap() };
        if Command::new("ssh-keygen").arg("-?").output().is_err() {
            assert!(std::env::var_os("CI").is_none(), "no ssh-keygen to compare with");
            eprintln!("SKIPPED: no ssh-keygen to compare with");
            return None;
        }
        for (name, kind) in names {
            keys.keygen(&["-q", "-N", "", "-C", "a comment", "-t", kind, "-f", name]);
        }
        Some(keys)
    }

    fn keygen(&self, arguments: &[&str]) -> String {
        let output = Command::new("ssh-keygen").args(arguments).current_dir(self.dir.path()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// A host certificate of `key`, signed by `authority`.
    fn certify(&self, key: &str, authority: &str, more: &[&str]) -> Certificate {
        let public = format!("{key}.pub");
        let arguments = [&["-q", "-s", authority, "-I", "test"], more, &[public.as_str()]].concat();
        self.keygen(&arguments);
        Certificate::read_file(&self.path(&format!("{key}-cert.pub"))).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn public(&self, name: &str) -> PublicKey {
        let text = std::fs::read_to_string(self.path(&format!("{name}.pub"))).unwrap();
        PublicKey::from_openssh(&text).unwrap()
    }

    /// `type base64`, as it stands in a line.
    fn text(&self, name: &str) -> String {
        PublicKey::new(self.public(name).key_data().clone(), "").to_openssh().unwrap().trim().to_owned()
    }

    fn private(&self, name: &str) -> PrivateKey {
        russh::keys::load_secret_key(self.path(name), None).unwrap()
    }

    fn write(&self, text: &str) -> KnownHosts {
        std::fs::write(self.path("known_hosts"), text).unwrap();
        self.load()
    }

    fn load(&self) -> KnownHosts {
        KnownHosts::load(&KnownHostsFiles { user: vec![self.path("known_hosts")], global: vec![] }).unwrap()
    }

    fn check(&self, known: &KnownHosts, name: &str, port: u16, key: &str) -> Standing {
        known.check(name, port, &self.public(key).into(), now())
    }
}

#[expect(clippy::disallowed_methods, reason = "certificates are made for the time the test runs at")]
fn now() -> Wall {
    Wall(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap())
}

fn line_of(standing: &Standing) -> usize {
    match standing {
        Standing::Changed { line, .. } | Standing::Revoked { line, .. } => *line,
        Standing::Known | Standing::Unknown => 0,
    }
}

const NAMES: &[&str] = &[
    "web",
    "WEB2,db",
    "web,!web2",
    "!web2,web*",
    "*.example.com",
    "w?b",
    "[web]:2222",
    "[*]:2222",
    "10.0.0.?",
    "10.0.0.*,!10.0.0.7",
    "[10.0.0.7]:22",
    "::1",
    "[::1]:2222",
    "*",
    "!*",
];

/// Not lines `ssh-keygen -H` would work on.
const ODD_NAMES: &[&str] = &["", "a,,b", "web*,!", "@x", "|1|", "|1|x|y", "|2|AAAA|AAAA"];

const LOOKED_UP: &[(&str, u16)] = &[
    ("web", 22),
    ("web2", 22),
    ("WEB", 22),
    ("db", 22),
    ("x.example.com", 22),
    ("example.com", 22),
    ("web", 2222),
    ("Web", 2222),
    ("10.0.0.7", 22),
    ("10.0.0.8", 22),
    ("::1", 22),
    ("::1", 2222),
    ("a", 22),
    ("other", 2200),
];

impl Keys {
    fn compare_lines(&self, known: &KnownHosts) {
        for (name, port) in LOOKED_UP {
            let name = Name::new(name, *port);
            let entries = known.files.iter().flat_map(|(_, text)| Entry::all(text));
            let ours: Vec<_> = entries.filter(|entry| entry.names(&name)).map(|entry| entry.line).collect();
            let found = self.keygen(&["-F", name.as_str(), "-f", "known_hosts"]);
            let theirs: Vec<usize> = found
                .lines()
                .filter_map(|line| line.strip_prefix("# Host ")?.split("found: line ").nth(1))
                .map(|rest| rest.split(' ').next().unwrap().parse().unwrap())
                .collect();
            assert_eq!(ours, theirs, "{name:?}");
        }
    }
}

#[test]
fn names_match_as_ssh_keygen_says() {
    let Some(keys) = Keys::new(&[("a", "ed25519")]) else { return };
    let key = keys.text("a");
    let lines = |names: &[&str]| names.iter().map(|names| format!("{names} {key}\n")).collect::<String>();
    keys.compare_lines(&keys.write(&format!("# a comment\n\n  \t# another\n\t{}{}", lines(NAMES), lines(ODD_NAMES))));
    keys.write(&lines(NAMES));
    keys.keygen(&["-H", "-f", "known_hosts"]);
    let hashed = keys.load();
    assert!(hashed.files[0].1.windows(3).any(|bytes| bytes == b"|1|"), "ssh-keygen has hashed");
    keys.compare_lines(&hashed);
}

#[test]
fn a_key_is_known_new_or_changed() {
    let Some(keys) = Keys::new(&[("a", "ed25519"), ("b", "ed25519"), ("e", "ecdsa"), ("r", "rsa")]) else { return };
    let (a, e, r) = (keys.text("a"), keys.text("e"), keys.text("r"));
    let known = keys.write(&format!(
        "web {e}\r\nweb {a} with a comment\ngw {r}\nweb garbage\nweb ssh-new AAAA\nweb ssh-ed25519 {}\n[port]:2222 {a}\nnoport {a}\n",
        e.split(' ').nth(1).unwrap()
    ));
    assert_eq!(keys.check(&known, "web", 22, "a"), Standing::Known);
    assert_eq!(keys.check(&known, "Web", 22, "e"), Standing::Known);
    assert_eq!(keys.check(&known, "other", 22, "a"), Standing::Unknown);
    let changed = keys.check(&known, "web", 22, "b");
    let known_fingerprint = keys.public("a").fingerprint(HashAlg::Sha256).to_string();
    assert_eq!(changed, Standing::Changed { known_fingerprint, file: keys.path("known_hosts"), line: 2 });
    assert_eq!(line_of(&keys.check(&known, "gw", 22, "a")), 3, "known by a key of another type");
    assert_eq!(keys.check(&known, "port", 2222, "a"), Standing::Known);
    assert_eq!(keys.check(&known, "port", 22, "a"), Standing::Unknown);
    assert_eq!(keys.check(&known, "noport", 2222, "a"), Standing::Known);
    assert_eq!(keys.check(&known, "noport", 2222, "b"), Standing::Unknown);
    let rsa = |hash| Algorithm::Rsa { hash: Some(hash) };
    assert_eq!(known.algorithms("gw", 22), [rsa(HashAlg::Sha512), rsa(HashAlg::Sha256)]);
    assert_eq!(known.algorithms("web", 22), [keys.public("e").algorithm(), Algorithm::Ed25519]);
    assert_eq!(known.algorithms("noport", 2222), [Algorithm::Ed25519]);
    assert!(known.algorithms("other", 22).is_empty());
}

#[test]
fn a_revoked_key_is_refused_for_every_host() {
    let Some(keys) = Keys::new(&[("a", "ed25519"), ("b", "ed25519"), ("ca", "ed25519")]) else { return };
    let known = keys.write(&format!(
        "web {}\n@revoked elsewhere {}\n@revoked * {}\n@cert-authority * {}\n",
        keys.text("a"),
        keys.text("a"),
        keys.text("ca"),
        keys.text("ca")
    ));
    assert_eq!(line_of(&keys.check(&known, "web", 22, "a")), 2);
    let certificate = keys.certify("b", "ca", &["-h"]);
    assert!(matches!(known.check("web", 22, &certificate.into(), now()), Standing::Revoked { line: 3, .. }));
}

#[test]
fn certificates_count_when_their_authority_is_known_and_they_hold() {
    let Some(keys) = Keys::new(&[("a", "ed25519"), ("ca", "ecdsa"), ("other", "ed25519"), ("old", "rsa")]) else {
        return;
    };
    let text = format!(
        "@cert-authority *.lab,[web.lab]:2222 {}\n@cert-authority old.lab {}\n",
        keys.text("ca"),
        keys.text("old")
    );
    let known = keys.write(&text);
    let judge = |authority: &str, more: &[&str], name: &str, port: u16| {
        let certificate = keys.certify("a", authority, more);
        let standing = known.check(name, port, &certificate.clone().into(), now());
        (standing, known.certificate_fault(name, port, &certificate, now()))
    };
    let fault = |fault| (Standing::Unknown, Some(fault));
    for port in [22, 2222, 2200] {
        assert_eq!(judge("ca", &["-h", "-n", "db.lab,web.lab"], "WEB.lab", port), (Standing::Known, None), "{port}");
    }
    assert_eq!(judge("ca", &["-h"], "web.lab", 22), (Standing::Known, None), "for every name");
    assert_eq!(judge("ca", &["-h"], "web.elsewhere", 22), (Standing::Unknown, None));
    assert_eq!(judge("other", &["-h"], "web.lab", 22), (Standing::Unknown, None));
    assert_eq!(judge("ca", &["-h", "-n", "db.lab"], "web.lab", 22), fault(CertificateFault::OtherName));
    assert_eq!(judge("ca", &["-h", "-V", "19990101:20000101"], "web.lab", 22), fault(CertificateFault::Expired));
    assert_eq!(judge("ca", &["-h", "-V", "29990101:29990102"], "web.lab", 22), fault(CertificateFault::NotYetValid));
    assert_eq!(judge("ca", &["-n", "web.lab"], "web.lab", 22), fault(CertificateFault::NotForHosts));
    assert_eq!(judge("old", &["-h", "-t", "rsa-sha2-512"], "old.lab", 22), (Standing::Known, None));
    assert_eq!(judge("old", &["-h", "-t", "ssh-rsa"], "old.lab", 22), fault(CertificateFault::WeakSignature));
    assert!(known.has_authority("x.lab", 2200) && !known.has_authority("x", 22));
    let critical = judge("ca", &["-h", "-O", "critical:x@example.com=1"], "web.lab", 22);
    assert_eq!(critical, fault(CertificateFault::CriticalOptions));
}

#[test]
fn a_forged_certificate_does_not_hold() {
    let Some(keys) = Keys::new(&[("a", "ed25519"), ("ca", "ed25519")]) else { return };
    let known = keys.write(&format!("@cert-authority * {}\n", keys.text("ca")));
    let genuine = keys.certify("a", "ca", &["-h", "-n", "web1"]).to_bytes().unwrap();
    let at = genuine.windows(4).position(|bytes| bytes == b"web1").unwrap();
    let mut forged = genuine.clone();
    forged[at + 3] = b'2';
    let forged = Certificate::from_bytes(&forged).unwrap();
    assert_eq!(known.check("web2", 22, &forged.clone().into(), now()), Standing::Unknown);
    assert_eq!(known.certificate_fault("web2", 22, &forged, now()), Some(CertificateFault::BadSignature));
}

#[test]
fn a_learned_key_is_found_by_us_and_by_ssh_keygen() {
    let Some(keys) = Keys::new(&[("a", "ed25519"), ("b", "ed25519")]) else { return };
    let file = keys.path("new/.ssh/known_hosts");
    let a = keys.public("a");
    for (name, port, hash) in [("Web", 22, false), ("web", 2222, true), ("::1", 22, true), ("10.0.0.1", 2200, false)] {
        KnownHosts::learn(&file, name, port, &a, hash).unwrap();
        KnownHosts::learn(&file, name, port, &a, hash).unwrap();
        let known = KnownHosts::load(&KnownHostsFiles { user: vec![file.clone()], global: vec![] }).unwrap();
        assert_eq!(keys.check(&known, name, port, "a"), Standing::Known);
        let found = keys.keygen(&["-F", Name::new(name, port).as_str(), "-f", file.to_str().unwrap()]);
        assert_eq!(found.matches("found: line").count(), 1, "{found}");
    }
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), 4);
    assert_eq!(text.matches("|1|").count(), 2);
    assert!(!text.contains("a comment"));
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    let conflict = KnownHosts::learn(&file, "web", 22, &keys.public("b"), false);
    assert!(matches!(conflict, Err(KnownHostsError::Conflict { line: 1, .. })));
    for bad in ["", "a b", "a,b", "*", "a\nb", "@revoked", "|1|x"] {
        assert!(matches!(KnownHosts::learn(&file, bad, 22, &a, false), Err(KnownHostsError::Name { .. })), "{bad:?}");
    }
}

#[test]
fn a_line_that_was_not_ended_is_ended_first() {
    let Some(keys) = Keys::new(&[("a", "ed25519")]) else { return };
    std::fs::write(keys.path("known_hosts"), format!("old {}", keys.text("a"))).unwrap();
    KnownHosts::learn(&keys.path("known_hosts"), "new", 22, &keys.public("a"), false).unwrap();
    let known = keys.load();
    assert_eq!(keys.check(&known, "old", 22, "a"), Standing::Known);
    assert_eq!(keys.check(&known, "new", 22, "a"), Standing::Known);
}

#[test]
fn many_writers_lose_nothing() {
    let Some(keys) = Keys::new(&[("a", "ed25519")]) else { return };
    let (file, key) = (keys.path("known_hosts"), keys.public("a"));
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let (file, key) = (&file, &key);
            scope.spawn(move || {
                for host in 0..10 {
                    KnownHosts::learn(file, &format!("host{}", (host + writer) % 10), 22, key, true).unwrap();
                }
            });
        }
    });
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 10);
    let known = keys.load();
    assert!((0..10).all(|host| keys.check(&known, &format!("host{host}"), 22, "a") == Standing::Known));
}

#[test]
fn a_lock_that_is_held_ends_in_an_error() {
    let Some(keys) = Keys::new(&[("a", "ed25519")]) else { return };
    let file = keys.path("known_hosts");
    let held = File::create(&file).unwrap();
    held.lock().unwrap();
    let refused = KnownHosts::learn(&file, "web", 22, &keys.public("a"), false);
    assert!(matches!(refused, Err(KnownHostsError::Locked { .. })), "{refused:?}");
}

#[test]
fn files_that_are_missing_are_empty_and_unreadable_ones_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let missing = KnownHostsFiles { user: vec![dir.path().join("none")], global: vec!["/dev/null".into()] };
    assert!(KnownHosts::load(&missing).unwrap().files.iter().all(|(_, text)| text.is_empty()));
    let directory = KnownHostsFiles { user: vec![dir.path().to_path_buf()], global: vec![] };
    assert!(matches!(KnownHosts::load(&directory), Err(KnownHostsError::Read { .. })));
}

/// A server that lets nobody in.
struct Closed;

impl server::Handler for Closed {
    type Error = russh::Error;
}

/// What `ssh` says of a server with this key and certificate; `%P` in `text` is the server's port.
async fn ssh_says(
    keys: &Keys,
    text: &str,
    key: &str,
    certificate: Option<&Certificate>,
    alias: Option<&str>,
) -> (Standing, u16) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    std::fs::write(keys.path("known_hosts"), text.replace("%P", &port.to_string())).unwrap();
    let config = Arc::new(server::Config {
        keys: vec![keys.private(key)],
        certificates: certificate.cloned().into_iter().collect(),
        auth_rejection_time: std::time::Duration::ZERO,
        ..server::Config::default()
    });
    let mut command = tokio::process::Command::new("ssh");
    command.args(["-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"]);
    command.args(["-o", "GlobalKnownHostsFile=none", "-o", "IdentityFile=none", "-o", "IdentityAgent=none"]);
    command.arg("-o").arg(format!("UserKnownHostsFile={}", keys.path("known_hosts").display()));
    if let Some(alias) = alias {
        command.arg("-o").arg(format!("HostKeyAlias={alias}"));
    }
    command.args(["-o", "ConnectTimeout=20", "-p", &port.to_string(), "127.0.0.1", "true"]).kill_on_drop(true);
    command.stdin(std::process::Stdio::null());
    let serve = async {
        let (stream, _) = listener.accept().await.unwrap();
        let session = server::run_stream(config, stream, Closed).await;
        if let Ok(session) = session {
            let _ = session.await;
        }
        std::future::pending::<()>().await;
    };
    let output = tokio::select! {
        output = command.output() => output.unwrap(),
        () = serve => panic!("the server serves for ever"),
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let standing = if said.contains("REVOKED HOST KEY") {
        Standing::Revoked { file: PathBuf::new(), line: 0 }
    } else if said.contains("IDENTIFICATION HAS CHANGED") {
        Standing::Changed { known_fingerprint: String::new(), file: PathBuf::new(), line: 0 }
    } else if said.contains("host key is known for") {
        Standing::Unknown
    } else {
        assert!(said.contains("Permission denied"), "{said}");
        Standing::Known
    };
    (standing, port)
}

#[tokio::test]
async fn ssh_itself_judges_alike() {
    let Some(keys) = Keys::new(&[("a", "ed25519"), ("b", "ed25519"), ("e", "ecdsa"), ("ca", "ed25519")]) else {
        return;
    };
    let (a, b, e, ca) = (keys.text("a"), keys.text("b"), keys.text("e"), keys.text("ca"));
    let good = keys.certify("a", "ca", &["-h", "-n", "web,127.0.0.1"]);
    let expired = keys.certify("a", "ca", &["-h", "-V", "19990101:20000101"]);
    let misnamed = keys.certify("a", "ca", &["-h", "-n", "db"]);
    let plain = None;
    let cases: Vec<(String, Option<&Certificate>, Option<&str>, &str)> = vec![
        (String::new(), plain, Some("web"), "unknown"),
        (format!("web {a}\n"), plain, Some("web"), "known"),
        (format!("w*,!db {a}\n"), plain, Some("web"), "known"),
        (format!("w*,!web {a}\n"), plain, Some("web"), "unknown"),
        (format!("web {b}\n"), plain, Some("web"), "changed"),
        (format!("web {b}\nweb {a}\n"), plain, Some("web"), "known"),
        (format!("web {e}\n"), plain, Some("web"), "changed"),
        (format!("@revoked * {a}\nweb {a}\n"), plain, Some("web"), "revoked"),
        (format!("@revoked web {a}\n"), plain, Some("web"), "revoked"),
        (format!("@cert-authority web {a}\n"), plain, Some("web"), "unknown"),
        (format!("@cert-authority web {ca}\n"), plain, Some("web"), "unknown"),
        (format!("[127.0.0.1]:%P {a}\n"), plain, None, "known"),
        (format!("127.0.0.1 {a}\n"), plain, None, "known"),
        (format!("127.0.0.1 {b}\n"), plain, None, "unknown"),
        (format!("[127.0.0.1]:%P {b}\n127.0.0.1 {a}\n"), plain, None, "changed"),
        (format!("[127.0.0.*]:* {a}\n"), plain, None, "known"),
        (format!("@cert-authority web {ca}\n"), Some(&good), Some("web"), "known"),
        (format!("@cert-authority 127.0.0.1 {ca}\n"), Some(&good), None, "known"),
        (format!("@cert-authority [127.0.0.1]:%P {ca}\n"), Some(&good), None, "known"),
        (format!("@cert-authority web {b}\n"), Some(&good), Some("web"), "unknown"),
        (format!("@cert-authority web {ca}\n"), Some(&expired), Some("web"), "unknown"),
        (format!("@cert-authority web {ca}\n"), Some(&misnamed), Some("web"), "unknown"),
        (format!("@cert-authority web {ca}\nweb {a}\n"), Some(&expired), Some("web"), "known"),
        (format!("@cert-authority web {ca}\nweb {b}\n"), Some(&expired), Some("web"), "changed"),
        (format!("@cert-authority web {ca}\n@revoked * {ca}\n"), Some(&good), Some("web"), "revoked"),
        (format!("@cert-authority web {ca}\n@revoked * {a}\n"), Some(&good), Some("web"), "revoked"),
    ];
    for (text, certificate, alias, expected) in cases {
        let (theirs, port) = ssh_says(&keys, &text, "a", certificate, alias).await;
        let presented = certificate.cloned().map_or_else(|| keys.public("a").into(), PublicKeyOrCertificate::from);
        let (name, port) = alias.map_or(("127.0.0.1", port), |alias| (alias, 22));
        let ours = keys.load().check(name, port, &presented, now());
        let word = |standing: &Standing| match standing {
            Standing::Known => "known",
            Standing::Unknown => "unknown",
            Standing::Changed { .. } => "changed",
            Standing::Revoked { .. } => "revoked",
        };
        assert_eq!((word(&ours), word(&theirs)), (expected, expected), "ours, theirs, expected: {text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_crash_it(bytes in prop::collection::vec(any::<u8>(), 0..300), name in ".{0,20}", port: u16) {
        survive(&bytes, &name, port);
    }

    #[test]
    fn no_lines_crash_it(
        text in "(@revoked |@cert-authority |@|\\|1\\||web|,|\\*|!| |\t|\n|\r|ssh-ed25519 |AAAAC3NzaC1lZDI1NTE5AAAAI|=|#){0,40}",
        port: u16,
    ) {
        survive(text.as_bytes(), "web", port);
    }
}

fn survive(bytes: &[u8], name: &str, port: u16) {
    let known = KnownHosts { files: vec![(PathBuf::from("x"), bytes.to_vec())] };
    let key = PublicKey::from_openssh(ED25519).unwrap();
    let standing = known.check(name, port, &key.into(), Wall(0));
    assert!(!matches!(standing, Standing::Known), "none of this is the key");
    let _ = known.algorithms(name, port);
    let _ = known.has_authority(name, port);
}

const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";
