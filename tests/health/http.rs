//! A control plane on loopback, with servers that lie and servers that hang.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use insta::assert_snapshot;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::bench::Bench;

/// What is said to a request for a path; `None`: nothing, ever.
pub type Say = dyn Fn(&str, &str) -> Option<String> + Send + Sync;

pub struct ControlPlane {
    pub url: String,
    most: Arc<AtomicUsize>,
    overlapped: Arc<AtomicBool>,
    asked: Arc<Mutex<Vec<String>>>,
}

/// The path, and the whole head.
pub fn request(stream: &mut impl Read) -> Option<(String, String)> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    Some((head.split(' ').nth(1)?.to_owned(), head))
}

pub fn ok(body: &str) -> Option<String> {
    Some(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()))
}

impl ControlPlane {
    /// Each connection on a thread of its own; they end with the test's process.
    pub fn start(say: Arc<Say>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let plane = Self { url, most: Arc::default(), overlapped: Arc::default(), asked: Arc::default() };
        let (most, asked, now) = (plane.most.clone(), plane.asked.clone(), Arc::new(AtomicUsize::new(0)));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (say, most, asked, now) = (say.clone(), most.clone(), asked.clone(), now.clone());
                thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    if let Some((path, head)) = request(&mut stream) {
                        asked.lock().unwrap().push(path.clone());
                        match say(&path, &head) {
                            Some(answer) => drop(stream.write_all(answer.as_bytes())),
                            // Until the other side has had enough.
                            None => drop(stream.read(&mut [0])),
                        }
                    }
                    now.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        plane
    }

    /// Hears one connection at a time, and notes whether another came meanwhile.
    fn start_single(say: Arc<Say>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let plane = Self { url, most: Arc::default(), overlapped: Arc::default(), asked: Arc::default() };
        let overlapped = plane.overlapped.clone();
        thread::spawn(move || {
            loop {
                listener.set_nonblocking(false).unwrap();
                let (mut stream, _) = listener.accept().unwrap();
                let Some((path, head)) = request(&mut stream) else { continue };
                listener.set_nonblocking(true).unwrap();
                if listener.accept().is_ok() {
                    overlapped.store(true, Ordering::SeqCst);
                }
                let _ = stream.write_all(say(&path, &head).unwrap().as_bytes());
            }
        });
        plane
    }
}

/// 150 servers of three services; 10.0.0.7 hangs, 10.0.0.9 lies.
fn fleet(path: &str, _: &str) -> Option<String> {
    if path == "/servers" {
        let list: Vec<String> = (1..=150).map(|n| format!("\"10.0.0.{n}\"")).collect();
        return ok(&format!("[{}]", list.join(",")));
    }
    let n: u32 = path.rsplit('.').next()?.parse().ok()?;
    let service = ["AuthService", "UserService", "TicketService"][n as usize % 3];
    match n {
        7 => None,
        9 => ok(r#"{"cpu":"101%","memory":"n/a","service":"AuthService"}"#),
        _ => ok(&format!(r#"{{"cpu":"{}%","memory":"{}%","service":"{service}"}}"#, n % 100, n % 90)),
    }
}

/// A few servers with everything that may be wrong.
fn liars(path: &str, _: &str) -> Option<String> {
    match path {
        "/servers" => ok(
            r#"["10.0.0.1","10.0.0.2","10.0.0.3","10.0.0.4","10.0.0.5","10.0.0.6","10.0.0.1","2001:db8::1","nonsense\u001b[2J",5]"#,
        ),
        "/10.0.0.1" => ok(r#"{"cpu":"61%","memory":"4%","service":"UserService"}"#),
        "/10.0.0.2" => ok(r#"{"cpu":"101%","memory":"95%","service":"UserService"}"#),
        "/10.0.0.3" => ok(r#"{"cpu":"n/a","service":"UserService"}"#),
        "/10.0.0.4" => Some("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".into()),
        "/10.0.0.5" => ok("<html>\u{1b}[31m"),
        "/10.0.0.6" => ok(&"x".repeat(100_000)),
        "/2001:db8::1" => ok(r#"{"cpu":"90.5%","memory":"33.333%","service":"Evil\u001b]0;x\u0007"}"#),
        _ => None,
    }
}

#[test]
fn every_lie_has_its_line() {
    let (bench, plane) = (Bench::new(), ControlPlane::start(Arc::new(liars)));
    let said = bench.run(&["services", "--cp-url", &plane.url]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_snapshot!(said.out);
    assert!(!said.out.contains('\u{1b}'));
    let said =
        bench.run(&["services", "--cp-url", &plane.url, "--json", "--filter", "10.0.0.1", "--fail-if-unhealthy"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_snapshot!(said.out);
}

#[test]
fn one_that_hangs_and_one_that_lies_hide_none_of_150() {
    let (bench, plane) = (Bench::new(), ControlPlane::start(Arc::new(fleet)));
    let common = ["--cp-url", &plane.url, "--timeout", "2s"];
    let run = |args: &[&str]| bench.run(&[args, &common[..]].concat());

    let said = run(&["services", "--json"]);
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines.len(), 150);
    assert!(
        lines[6].contains(r#""status":"unknown""#) && lines[6].contains("late: no answer within 2 s"),
        "{}",
        lines[6]
    );
    assert!(lines[8].contains(r#""101%\" is no percentage"#), "{}", lines[8]);
    assert_eq!(lines.iter().filter(|line| line.contains(r#""remarks":[]"#)).count(), 148);
    let most = plane.most.load(Ordering::SeqCst);
    assert!((2..=17).contains(&most), "{most} at a time");

    let said = run(&["status", "--service", "UserService"]);
    assert_snapshot!(said.out);
    assert!(said.err.contains("10.0.0.7: late"), "{}", said.err);
    assert_eq!(run(&["status", "--service", "UserServic"]).code, Some(1));

    assert_eq!(run(&["unhealthy-services"]).out, "");
    let said = run(&["unhealthy-services", "--min-healthy", "47", "--fail-if-unhealthy"]);
    assert_eq!(said.code, Some(1));
    assert_snapshot!(said.out);
    let said = run(&["services", "--cpu-threshold", "97", "--filter", "unhealthy", "--sort", "cpu"]);
    assert_snapshot!(said.out);
}

#[test]
fn one_at_a_time_is_one_at_a_time() {
    let say = |path: &str, _: &str| match path {
        "/servers" => ok(&format!("[{}]", (1..=30).map(|n| format!("\"::{n}\"")).collect::<Vec<_>>().join(","))),
        _ => ok(r#"{"cpu":"1%","memory":"2%","service":"A"}"#),
    };
    let (bench, plane) = (Bench::new(), ControlPlane::start_single(Arc::new(say)));
    let said = bench.run(&["status", "--service", "A", "--cp-url", &plane.url, "--concurrency", "1"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("30/30"), "{said:?}");
    assert!(!plane.overlapped.load(Ordering::SeqCst));
}

#[test]
fn a_token_comes_from_the_environment_or_a_file_and_is_never_shown() {
    let say = |path: &str, head: &str| match head.to_lowercase().contains("authorization: bearer s3cret\r\n") {
        true => liars(path, head),
        false => Some("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".into()),
    };
    let (bench, plane) = (Bench::new(), ControlPlane::start(Arc::new(say)));
    let said = bench.run(&["services", "--cp-url", &plane.url]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("HTTP 401 Unauthorized"), "{}", said.err);

    std::fs::write(bench.dir.path().join("token"), "s3cret\n").unwrap();
    let said = bench.run(&["-vv", "services", "--cp-url", &plane.url, "--token-file", "token"]);
    assert!(said.code == Some(0) && said.out.contains("UserService"), "{said:?}");
    let mut command = bench.command(&["services", "--cp-url", &plane.url, "--token-env", "TOKEN"]);
    let said = command.env("TOKEN", "s3cret").output().unwrap();
    assert!(said.status.success(), "{said:?}");
    let log = std::fs::read_to_string(bench.dir.path().join("state/steadfast.log")).unwrap_or_default();
    assert!(!log.contains("s3cret"));
}

#[test]
fn a_control_plane_that_is_not_there_or_no_url_fails_in_one_line() {
    let bench = Bench::new();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let said = bench.run(&["services", "--cp-url", &format!("http://{gone}")]);
    assert_eq!((said.code, said.err.lines().count()), (Some(1), 1), "{said:?}");
    let said = bench.run(&["services", "--cp-url", "http://me:pass@localhost"]);
    assert_eq!(said.code, Some(2));
    assert!(!said.err.contains("pass@"), "{}", said.err);
    let list = ControlPlane::start(Arc::new(|_: &str, _: &str| ok("{}")));
    let said = bench.run(&["services", "--cp-url", &list.url]);
    assert!(said.code == Some(1) && said.err.contains("no JSON list"), "{said:?}");
}

#[test]
fn watching_tells_what_changes() {
    let round = AtomicUsize::new(0);
    let say = move |path: &str, _: &str| match path {
        "/servers" => {
            round.fetch_add(1, Ordering::SeqCst);
            ok(r#"["10.0.0.1","10.0.0.2"]"#)
        }
        "/10.0.0.1" if round.load(Ordering::SeqCst) == 2 => ok(r#"{"cpu":"95%","memory":"2%","service":"A"}"#),
        "/10.0.0.2" if round.load(Ordering::SeqCst) == 3 => ok("gone"),
        _ => ok(r#"{"cpu":"10%","memory":"2%","service":"A"}"#),
    };
    let (bench, plane) = (Bench::new(), ControlPlane::start(Arc::new(say)));
    let said = bench.run(&["watch", "--service", "A", "--interval", "10ms", "--count", "3", "--cp-url", &plane.url]);
    assert_eq!(said.code, Some(0), "{said:?}");
    // Without the time.
    let lines: Vec<&str> = said.out.lines().map(|line| line.find("10.0.0.").map_or(line, |at| &line[at..])).collect();
    assert_snapshot!(lines.join("\n"));
}

#[test]
fn on_a_terminal_the_table_stays_in_place() {
    let round = AtomicUsize::new(0);
    let say = move |path: &str, _: &str| match path {
        "/servers" => {
            round.fetch_add(1, Ordering::SeqCst);
            ok(r#"["10.0.0.1","10.0.0.2"]"#)
        }
        "/10.0.0.1" if round.load(Ordering::SeqCst) == 2 => ok(r#"{"cpu":"95%","memory":"1%","service":"A"}"#),
        _ => ok(r#"{"cpu":"10%","memory":"2%","service":"A"}"#),
    };
    let (bench, plane) = (Bench::new(), ControlPlane::start(Arc::new(say)));
    let size = PtySize { rows: 12, cols: 100, pixel_width: 0, pixel_height: 0 };
    let pty = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_steadfast"));
    let state = bench.dir.path().join("state");
    command.args(["--state-dir", state.to_str().unwrap(), "watch", "--service", "A", "--interval", "10ms"]);
    command.args(["--count", "2", "--cp-url", &plane.url]);
    command.cwd(bench.dir.path());
    command.env("XDG_CONFIG_HOME", bench.dir.path().join("config"));
    let mut child = pty.slave.spawn_command(command).unwrap();
    drop(pty.slave);
    let (mut reader, mut bytes) = (pty.master.try_clone_reader().unwrap(), Vec::new());
    // Linux ends a terminal that nobody has open with an error.
    let _ = reader.read_to_end(&mut bytes);
    assert!(child.wait().unwrap().success());
    let mut screen = vt100::Parser::new(NonZero::new(12).unwrap(), NonZero::new(100).unwrap(), 0);
    screen.process(&bytes);
    let text = screen.screen().contents();
    let (head, table) = text.split_once('\n').unwrap();
    assert!(head.starts_with("A  1/2 healthy  20") && head.ends_with("  every 10ms"), "{text}");
    assert_snapshot!(table);
}
