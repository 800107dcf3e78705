//! A control plane behind TLS, with certificates of an authority that is made here.

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::bench::Bench;
use crate::http::{ok, request};

const TOKEN: &str = "s3cret-of-the-control-plane";

/// An authority, and a certificate of it for `localhost` and nobody else.
struct Authority {
    dir: tempfile::TempDir,
}

const CONFIG: &str = "\
[req]
distinguished_name = name
prompt = no
[name]
CN = steadfast test
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical,CA:FALSE
subjectAltName = DNS:localhost
";

impl Authority {
    /// `None`, and loudly so, where there is no openssl(1); in CI that is a failure.
    fn new() -> Option<Self> {
        let found = Command::new("openssl").arg("version").stdin(Stdio::null()).output();
        if !found.is_ok_and(|output| output.status.success()) {
            assert!(std::env::var_os("CI").is_none(), "openssl is missing");
            // Past the capture of the test harness.
            let _ = writeln!(std::io::stderr(), "SKIPPED: openssl is missing, so this test shows nothing");
            return None;
        }
        let authority = Self { dir: tempfile::tempdir().unwrap() };
        std::fs::write(authority.file("config"), CONFIG).unwrap();
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config config -days 2";
        authority.openssl(&format!("req -x509 {key} -extensions authority -keyout ca.key -out ca.pem"));
        authority.openssl(&format!("req -new {key} -keyout server.key -out server.csr").replace(" -days 2", ""));
        authority.openssl(
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile config \
             -extensions server -out server.pem",
        );
        Some(authority)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn openssl(&self, words: &str) {
        let mut command = Command::new("openssl");
        command.args(words.split_whitespace()).current_dir(self.dir.path()).stdin(Stdio::null());
        let output = command.output().unwrap();
        assert!(output.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn server(&self) -> Arc<ServerConfig> {
        let certificate = CertificateDer::from_pem_file(self.file("server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(self.file("server.key")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key);
        Arc::new(config.unwrap())
    }
}

/// Answers over TLS; keeps the head of each request.
struct Plane {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Plane {
    fn start(authority: &Authority, say: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let plane = Self { port: listener.local_addr().unwrap().port(), heads: Arc::default() };
        let (config, heads, say) = (authority.server(), plane.heads.clone(), Arc::new(say));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (config, heads, say) = (config.clone(), heads.clone(), say.clone());
                thread::spawn(move || {
                    let connection = ServerConnection::new(config).unwrap();
                    let mut stream = StreamOwned::new(connection, stream.unwrap());
                    // Who does not trust us says nothing.
                    let Some((path, head)) = request(&mut stream) else { return };
                    heads.lock().unwrap().push(head);
                    let answer = say(&path).unwrap_or_default();
                    let _ = stream.write_all(answer.as_bytes());
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                });
            }
        });
        plane
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn fleet(path: &str) -> Option<String> {
    match path {
        "/servers" => ok(r#"["10.0.0.1"]"#),
        _ => ok(r#"{"cpu":"61%","memory":"4%","service":"UserService"}"#),
    }
}

/// `trusted`: a file of authorities instead of those of this machine.
fn ask(bench: &Bench, url: &str, trusted: Option<&Path>) -> Output {
    let mut command = bench.command(&["-vv", "services", "--cp-url", url, "--token-env", "CP_TOKEN"]);
    command.env("CP_TOKEN", TOKEN).env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
    if let Some(trusted) = trusted {
        command.env("SSL_CERT_FILE", trusted);
    }
    command.output().unwrap()
}

/// What is on the terminal and in the log has no token in it.
fn without_token(bench: &Bench, output: &Output) -> String {
    let log = std::fs::read_to_string(bench.dir.path().join("state/steadfast.log")).unwrap_or_default();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    for text in [&log, &said, &String::from_utf8_lossy(&output.stdout).into_owned()] {
        assert!(!text.contains(TOKEN), "{text}");
    }
    said
}

#[test]
fn a_trusted_authority_is_enough_and_gets_the_token() {
    let Some(authority) = Authority::new() else { return };
    let (bench, plane) = (Bench::new(), Plane::start(&authority, fleet));
    let url = format!("https://localhost:{}", plane.port);
    let output = ask(&bench, &url, Some(&authority.file("ca.pem")));
    let said = without_token(&bench, &output);
    assert!(output.status.success(), "{said}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("UserService"), "{output:?}");
    let heads = plane.heads();
    assert_eq!(heads.len(), 2, "{heads:?}");
    let bearer = format!("authorization: bearer {TOKEN}\r\n");
    assert!(heads.iter().all(|head| head.to_lowercase().contains(&bearer)), "{heads:?}");
}

#[test]
fn who_is_not_trusted_or_has_another_name_gets_one_clear_line_and_no_token() {
    let Some(authority) = Authority::new() else { return };
    let plane = Plane::start(&authority, fleet);
    let (unknown, other_name) =
        (format!("https://localhost:{}", plane.port), format!("https://127.0.0.1:{}", plane.port));
    let trusted = authority.file("ca.pem");
    for (url, trusted, why) in [(unknown, None, "UnknownIssuer"), (other_name, Some(&*trusted), "not valid for name")] {
        let bench = Bench::new();
        let output = ask(&bench, &url, trusted);
        let said = without_token(&bench, &output);
        assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
        assert!(said.contains("certificate") && said.contains(why), "{said}");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
    assert!(plane.heads().is_empty(), "{:?}", plane.heads());
}

#[test]
fn a_token_follows_no_redirect_to_another_host() {
    let Some(authority) = Authority::new() else { return };
    let other = Plane::start(&authority, fleet);
    let location = format!("https://localhost:{}/servers", other.port);
    let plane = Plane::start(&authority, move |_| {
        Some(format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
    });
    let bench = Bench::new();
    let output = ask(&bench, &format!("https://localhost:{}", plane.port), Some(&authority.file("ca.pem")));
    let said = without_token(&bench, &output);
    assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.contains("HTTP 302 Found"), "{said}");
    assert_eq!((plane.heads().len(), other.heads()), (1, Vec::new()));
}
