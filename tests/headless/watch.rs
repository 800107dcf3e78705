//! Alarms, progress, calls and holds without a screen.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use crate::bench::Bench;

/// Takes one message and gives its head and body.
fn hook(listener: TcpListener) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut text, mut buffer) = (String::new(), [0; 4096]);
        while !text.ends_with('}') {
            let read = stream.read(&mut buffer).unwrap();
            assert_ne!(read, 0, "{text}");
            text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        }
        stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").unwrap();
        text
    })
}

#[test]
fn an_alarm_is_told_at_once_counted_in_the_end_and_found_again() {
    let Some(bench) = Bench::with_sshd() else { return };
    let script = "echo '::steadfast progress=0.5::'; echo 'EXT4-fs error (device sda1)'; echo fine; \
                  echo 'blk_update_request: I/O error'; exit 1";
    let said = bench.run(&["run", "-H", "h1", "--", script]);
    assert_eq!(said.code, Some(1), "{said:?}");
    for wanted in
        ["alarm: file system error: EXT4-fs error (device sda1)", "alarm: i/o error", ", 2 alarms: `steadfast log "]
    {
        assert!(said.err.contains(wanted), "{wanted}: {said:?}");
    }
    let listed: serde_json::Value = serde_json::from_str(bench.run(&["runs", "--json"]).out.trim()).unwrap();
    assert_eq!(listed["alarms"][0]["pattern"], "file system error");
    assert_eq!((&listed["alarms"][1]["hits"], &listed["progress"]), (&1.into(), &0.5.into()));
    let lines = bench.run(&["log", "last", "--alarms"]);
    let patterns: Vec<_> =
        lines.out.lines().map(|line| line.split("  ").filter(|it| !it.is_empty()).nth(1).unwrap().trim()).collect();
    assert_eq!(patterns, ["file system error", "i/o error"], "{lines:?}");
    let table = bench.run(&["runs"]);
    assert!(table.out.lines().next().unwrap().ends_with("alarms"), "{table:?}");
}

#[test]
fn the_webhook_hears_of_a_failed_run_without_a_screen_and_its_token_stands_nowhere() {
    let Some(bench) = Bench::with_sshd() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = format!(
        "[notify]\nwebhook = \"http://{}/x\"\nwebhook_token_env = \"HOOK_BEARER\"\nwebhook_on = [\"run-failed\"]\n",
        listener.local_addr().unwrap()
    );
    std::fs::write(bench.dir.path().join("steadfast.toml"), config).unwrap();
    let hook = hook(listener);
    let mut command =
        bench.command(&["run", "-v", "-v", "-H", "h1", "--", "echo 'Kernel panic - not syncing'; exit 7"]);
    let output = command.env("HOOK_BEARER", "t0ken-of-mine").output().unwrap();
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    let text = hook.join().unwrap();
    assert!(text.to_lowercase().contains("authorization: bearer t0ken-of-mine"), "{text}");
    let body: serde_json::Value = serde_json::from_str(text.split("\r\n\r\n").last().unwrap()).unwrap();
    assert_eq!((&body["event"], &body["host"]), (&"run-failed".into(), &"h1".into()), "{body}");
    assert!(body["text"].as_str().unwrap().contains("exit 7") && body["run"].is_string(), "{body}");
    for entry in std::fs::read_dir(bench.dir.path().join("state")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let kept = std::fs::read(&path).unwrap();
            assert!(!kept.windows(13).any(|part| part == b"t0ken-of-mine"), "{}", path.display());
        }
    }
}

#[test]
fn a_hold_outlives_the_process_and_reconnect_takes_it_back() {
    let Some(bench) = Bench::with_sshd() else { return };
    let held = bench.run(&["pause", "h1"]);
    assert_eq!(held.code, Some(0), "{held:?}");
    assert!(held.err.contains("h1: paused by you"), "{held:?}");
    let said = bench.run(&["run", "-H", "h1", "--", "echo started"]);
    assert_eq!(said.code, Some(255), "{said:?}");
    assert!(said.err.contains("paused by you") && said.err.contains("was not started"), "{said:?}");
    assert_eq!(said.out, "");
    assert_eq!(bench.run(&["reconnect", "h1"]).code, Some(0));
    let said = bench.run(&["run", "-H", "h1", "--", "echo started"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "started\r\n"), "{said:?}");
    let dead = bench.run(&["mark-dead", "h1"]);
    assert_eq!(dead.code, Some(0), "{dead:?}");
    let said = bench.run(&["run", "-H", "h1", "--", "true"]);
    assert_eq!(said.code, Some(255), "{said:?}");
    assert!(said.err.contains("marked dead"), "{said:?}");
}

#[test]
fn a_note_is_written_down_and_does_nothing_to_the_host() {
    let bench = Bench::new();
    let said = bench.run(&["--read-only", "note", "h1", "-m", " swapped\tthe DIMM "]);
    assert_eq!((said.code, said.err.contains("h1: noted")), (Some(0), true), "{said:?}");
    for line in [&["note", "h1"][..], &["note", "h1", "-m", "  "], &["note", "-m", "text"]] {
        assert_eq!(bench.run(line).code, Some(2), "{line:?}");
    }
    let ledger = steadfast::ledger::Ledger::open_viewer(&bench.dir.path().join("state")).unwrap();
    let notes = ledger.restore(steadfast::domain::moment::Wall(0)).unwrap().hosts;
    let marks = notes.values().flat_map(|host| host.timeline.marks()).map(|mark| format!("{mark:?}"));
    assert!(marks.into_iter().any(|mark| mark.contains("swapped the DIMM")), "{notes:?}");
}

#[test]
fn many_hosts_want_their_number_said_and_read_only_refuses() {
    let bench = Bench::new();
    let said = bench.run(&["mark-dead", "n[1-6]"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("--count 6"), "{said:?}");
    for line in [&["run", "-H", "h", "--", "true"][..], &["pause", "h"], &["cancel", "last"], &["gc"]] {
        let said = bench.run(&[&["--read-only"], line].concat());
        assert_eq!(said.code, Some(2), "{line:?}: {said:?}");
        assert!(said.err.contains("read-only"), "{said:?}");
    }
}
