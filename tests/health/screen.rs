//! The screen on a control plane: its servers are in the health view, and what changes is in the journal.

use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use steadfast::domain::event::Fact;
use steadfast::domain::id::Seq;
use steadfast::ledger::Ledger;

use crate::bench::Bench;
use crate::http::{ControlPlane, ok};
use crate::support::until;

#[test]
fn the_health_view_shows_a_control_plane_and_the_journal_its_changes() {
    let busy = Arc::new(AtomicBool::new(false));
    let load = Arc::clone(&busy);
    let say = move |path: &str, head: &str| match (path, head.contains("Bearer s3cret\r\n")) {
        (_, false) => Some("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".into()),
        ("/servers", _) => ok(r#"["10.0.0.1","10.0.0.2"]"#),
        ("/10.0.0.1", _) if load.load(Ordering::SeqCst) => ok(r#"{"cpu":"95%","memory":"1%","service":"AuthService"}"#),
        ("/10.0.0.1", _) => ok(r#"{"cpu":"10%","memory":"1%","service":"AuthService"}"#),
        _ => ok("<html>"),
    };
    let (bench, plane) = (Bench::new(), ControlPlane::start(Arc::new(say)));
    std::fs::write(bench.dir.path().join("steadfast.toml"), "[health]\ninterval = \"1s\"\n").unwrap();
    let size = PtySize { rows: 30, cols: 120, pixel_width: 0, pixel_height: 0 };
    let pty = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_steadfast"));
    let state = bench.dir.path().join("state");
    command.args(["--state-dir", state.to_str().unwrap(), "--cp-url", &plane.url, "--token-env", "CP_TOKEN"]);
    command.cwd(bench.dir.path());
    command.env("XDG_CONFIG_HOME", bench.dir.path().join("config"));
    command.env("CP_TOKEN", "s3cret");
    command.env("TERM", "xterm-256color");
    let mut child = pty.slave.spawn_command(command).unwrap();
    drop(pty.slave);
    let screen = Arc::new(Mutex::new(vt100::Parser::new(NonZero::new(30).unwrap(), NonZero::new(120).unwrap(), 0)));
    let (mut reader, drawn) = (pty.master.try_clone_reader().unwrap(), Arc::clone(&screen));
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = reader.read(&mut bytes) {
            drawn.lock().unwrap().process(&bytes[..read]);
        }
    });
    let shows = |text: &str| screen.lock().unwrap().screen().contents().contains(text);
    let mut keys = pty.master.take_writer().unwrap();
    until("it draws", || shows("steadfast"));
    keys.write_all(b"H").unwrap();
    until("servers are shown", || shows("0 hosts, 2 servers") && shows("AuthService"));
    until("what failed is worded", || shows("no sample"));
    busy.store(true, Ordering::SeqCst);
    until("it is unhealthy", || shows("CPU 95 % over 90 %"));
    let changes = || {
        let events = Ledger::open_viewer(&state).and_then(|ledger| ledger.events(Seq(0), 1_000)).unwrap_or_default();
        let health = events.into_iter().filter_map(|event| {
            let Fact::Health(change) = event.fact else { return None };
            Some(format!("{:?} {change}", event.host))
        });
        health.collect::<Vec<_>>()
    };
    let ill = "None 10.0.0.1 AuthService unhealthy: CPU 95.00% is over 90.00%".to_owned();
    until("it is written down", || changes() == [ill.clone()]);
    busy.store(false, Ordering::SeqCst);
    let well = "None 10.0.0.1 AuthService healthy again".to_owned();
    until("and that it is over", || changes() == [ill.clone(), well.clone()]);
    keys.write_all(b"q").unwrap();
    until("it ends", || child.try_wait().unwrap().is_some());
    // What was told is there for whoever asks later.
    let said = bench.run(&["health", "@10.0.0.1", "--json"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let highest = said.out.lines().filter_map(|line| line.parse::<serde_json::Value>().ok()?["max"]["cpu"].as_f64());
    assert_eq!(highest.fold(0.0, f64::max), 95.0, "{}", said.out);
    for name in ["steadfast.log", "ledger.db"] {
        let bytes = std::fs::read(state.join(name)).unwrap_or_default();
        assert!(!bytes.windows(6).any(|window| window == b"s3cret"), "{name}");
    }
}

#[test]
fn a_control_plane_before_a_command_is_refused_with_a_hint() {
    let bench = Bench::new();
    let said = bench.run(&["--cp-url", "http://127.0.0.1:1", "services"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("steadfast services --cp-url"), "{}", said.err);
}
