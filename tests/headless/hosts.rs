//! Against a real sshd.

use rustix::process::Signal;

use crate::bench::{Bench, Said};
use crate::support::processes::signal;
use crate::support::until;

fn lines(text: &str, prefix: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.strip_prefix(prefix)).map(|line| line.trim_end().to_owned()).collect()
}

fn json(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The run's identifier on the one line of `--detach`.
fn id(said: &Said) -> String {
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(said.out.lines().count(), 1, "{said:?}");
    said.out.trim().to_owned()
}

#[test]
fn a_run_ends_with_its_code_and_stdout_is_its_output_alone() {
    let Some(bench) = Bench::with_sshd() else { return };
    let said = bench.run(&["run", "-H", "h1", "--", "printf 'a\\033[2Jb\\n'; exit 3"]);
    assert_eq!((said.code, said.out.as_str()), (Some(3), "a\u{1b}[2Jb\r\n"), "{said:?}");
    assert!(said.err.contains("exit 3"), "{said:?}");
    let said = bench.run(&["run", "--no-pty", "-H", "h1", "--", "echo out; echo err >&2; kill -9 $$"]);
    assert_eq!((said.code, said.out.as_str()), (Some(137), "out\n"), "{said:?}");
    assert!(said.err.lines().any(|line| line == "err"), "{said:?}");
    let said = bench.run(&["run", "-H", "h1", "--timeout", "1s", "--grace", "1s", "--", "sleep 300"]);
    assert_eq!(said.code, Some(124), "{said:?}");
}

#[test]
fn several_hosts_are_told_apart_and_summed_up() {
    let Some(bench) = Bench::with_sshd() else { return };
    let script = "for i in 1 2 3; do echo line $i; done; printf rest; exit $((STEADFAST_ATTEMPT + 4))";
    let said = bench.run(&["run", "--no-pty", "-H", "h1", "-H", "h2", "--", script]);
    assert_eq!(said.code, Some(5), "{said:?}");
    for host in ["[h1] ", "[h2] "] {
        assert_eq!(lines(&said.out, host), ["line 1", "line 2", "line 3", "rest"], "{said:?}");
    }
    assert_eq!(said.out.lines().count(), 8, "{said:?}");
    let table: Vec<_> = said.err.lines().filter(|line| line.contains("exit 5") && line.starts_with(" h")).collect();
    assert_eq!(table.len(), 2, "{said:?}");
}

#[test]
fn events_are_json_lines_and_output_is_not_among_them() {
    let Some(bench) = Bench::with_sshd() else { return };
    let said = bench.run(&["run", "--json", "-H", "h1", "--", "echo not-an-event"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let events = json(&said.out);
    let kinds: Vec<_> =
        events.iter().filter(|event| event["type"] == "run").map(|event| event["event"].clone()).collect();
    assert_eq!(kinds.first().unwrap(), "requested");
    assert_eq!(kinds.last().unwrap(), "ended");
    assert!(events.windows(2).all(|pair| pair[0]["seq"].as_u64() < pair[1]["seq"].as_u64()));
    let replayed = bench.run(&["attach", "--json", "last"]);
    let again: Vec<_> = json(&replayed.out).into_iter().filter(|event| event["type"] == "run").collect();
    assert_eq!(again.len(), kinds.len(), "{replayed:?}");
    assert_eq!(json(&bench.run(&["runs", "--json"]).out)[0]["phase"], "ended");
}

#[test]
fn a_detached_run_goes_on_and_is_found_again() {
    let Some(bench) = Bench::with_sshd() else { return };
    let release = bench.dir.path().join("release");
    let script = format!("echo begun; while [ ! -e {} ]; do sleep 0.1; done; echo done; exit 7", release.display());
    let run = id(&bench.run(&["run", "--detach", "--no-pty", "-H", "h1", "--", &script]));
    let attached = bench.start(&["attach", "--from-start", &run]);
    std::fs::write(&release, "").unwrap();
    let said = attached.wait();
    assert_eq!((said.code, said.out.as_str()), (Some(7), "begun\ndone\n"), "{said:?}");
    let said = bench.run(&["attach", &run]);
    assert_eq!((said.code, said.out.as_str()), (Some(7), "begun\ndone\n"), "over: shown whole; {said:?}");
    assert_eq!(bench.run(&["log", &run, "--tail", "1"]).out, "done\n");
    let evidence = bench.run(&["log", &run, "--evidence"]).out;
    assert!(evidence.contains("verdict: exit 7") && evidence.contains("launcher: "), "{evidence}");
}

#[test]
fn a_signal_detaches_and_a_cancel_leaves_nothing() {
    let Some(bench) = Bench::with_sshd() else { return };
    for told in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mark = format!("4242.{}", told.as_raw());
        let going = bench.start(&["run", "-H", "h1", "--", &format!("sleep {mark} & sleep {mark}")]);
        until("it runs", || crate::support::processes::with_argument(&mark).len() >= 2);
        until("it is known here", || bench.run(&["runs", "--active"]).out.contains("running"));
        signal(going.pid(), told);
        let said = going.wait();
        assert_eq!(said.code, Some(255), "{said:?}");
        assert_eq!(said.err.contains("steadfast attach"), told == Signal::INT, "{said:?}");
        assert!(!crate::support::processes::with_argument(&mark).is_empty(), "it goes on");
        let said = bench.run(&["cancel", "last"]);
        assert_eq!(said.code, Some(0), "{said:?}");
        until("nothing is left", || crate::support::processes::with_argument(&mark).is_empty());
        let said = bench.run(&["cancel", "last"]);
        assert!(said.code == Some(0) && said.err.contains("over already"), "{said:?}");
    }
}

#[test]
fn a_refused_host_ends_with_its_own_code_and_nothing_starts_later() {
    let Some(bench) = Bench::with_sshd() else { return };
    let said = bench.run(&["run", "-H", "bad", "--", "true"]);
    assert_eq!(said.code, Some(77), "{said:?}");
    assert!(said.err.contains("refused") && said.err.contains("was not started"), "{said:?}");
    assert_eq!(bench.run(&["runs", "--active"]).out, "");
    assert_eq!(bench.run(&["adopt", "bad"]).code, Some(77));
    let said = bench.run(&["check", "h1", "bad", "--json"]);
    assert_eq!(said.code, Some(77), "{said:?}");
    let hosts = json(&said.out);
    assert_eq!((hosts[0]["reached"].as_bool(), hosts[1]["reached"].as_bool()), (Some(true), Some(false)));
    assert_eq!(hosts[1]["cause"]["kind"], "auth_refused");
}

/// Another host of the bench's configuration: nobody listens there.
fn add_closed(bench: &Bench) {
    let path = bench.dir.path().join("ssh_config");
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str(&format!("Host closed\n HostName 127.0.0.1\n Port {}\n", crate::support::sshd::free_port()));
    text.push_str("Host behind\n HostName 192.0.2.1\n ProxyJump closed\n");
    std::fs::write(path, text).unwrap();
}

#[test]
fn a_check_shows_every_rung_the_boot_and_the_runs() {
    let Some(bench) = Bench::with_sshd() else { return };
    let said = bench.run(&["check", "h1"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let rungs = ["own link", "route", "icmp", "tcp", "ssh banner", "key exchange", "auth", "exec", "run heartbeat"];
    let told: Vec<_> = said.out.lines().skip(1).take(9).map(str::trim_start).collect();
    assert!(told.iter().zip(rungs).all(|(line, rung)| line.starts_with(rung)), "{}", said.out);
    assert!(told[0].contains("not needed") && told[1].contains("stands") && told[2].contains("not pinged"), "{told:?}");
    assert!(told[3].contains("stands") && told[7].contains("stands"), "{told:?}");
    assert!(told[8].contains("no run is going there"), "{told:?}");
    assert!(said.out.contains("\n  boot ") && said.out.contains("up for "), "{}", said.out);
    assert!(said.out.contains("\n  kernel ") && said.out.contains("\n  memory "), "{}", said.out);

    let mark = "sleep 4242.5";
    let run = id(&bench.run(&["run", "--detach", "-H", "h1", "--", mark]));
    let said = bench.run(&["check", "h1", "--json"]);
    let [host] = &json(&said.out)[..] else { panic!("{said:?}") };
    let beat = host["rungs"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (beat["answer"].as_str(), beat["detail"].as_str()),
        (Some("stands"), Some("1 run going, heartbeat fresh")),
        "{host}"
    );
    assert!(host["boot"].is_object() && host["uptime_s"].as_u64().is_some(), "{host}");
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    assert_eq!(host["system"]["kernel"].as_str(), Some(release.trim()), "{host}");
    assert!(host["system"]["memory"].as_u64().is_some_and(|memory| memory > 1 << 20), "{host}");
    bench.run(&["cancel", &run]);
}

#[test]
fn each_try_of_a_check_has_its_table() {
    let Some(bench) = Bench::with_sshd() else { return };
    add_closed(&bench);
    let said = bench.run(&["check", "closed", "--retries", "2", "--delay", "10ms"]);
    assert_eq!(said.code, Some(255), "{said:?}");
    for attempt in 1..=3 {
        assert!(said.out.contains(&format!("closed (try {attempt} of 3): ")), "{}", said.out);
    }
    assert_eq!(said.out.matches("; trying again in ").count(), 2, "{}", said.out);
    assert_eq!(said.out.lines().filter(|line| line.contains(" tcp ") && line.contains("broken")).count(), 3);
    assert_eq!(said.out.matches("run heartbeat").count(), 3, "{}", said.out);

    let said = bench.run(&["check", "closed", "h1", "bad", "--retries", "1", "--delay", "10ms", "--json"]);
    assert_eq!(said.code, Some(255), "the worst of them: {said:?}");
    let told: Vec<_> = json(&said.out)
        .iter()
        .map(|try_| (try_["host"].as_str().unwrap().to_owned(), try_["attempt"].as_u64().unwrap()))
        .collect();
    let expected = [("closed", 1), ("closed", 2), ("h1", 1), ("bad", 1)].map(|(host, n)| (host.to_owned(), n));
    assert_eq!(told, expected, "a refusal is not tried again");
    assert_eq!(bench.run(&["check", "bad", "--retries", "9"]).code, Some(77));

    let said = bench.run(&["check", "behind"]);
    assert_eq!(said.code, Some(255), "{said:?}");
    assert!(said.out.contains("not pinged: behind jump host closed"), "{}", said.out);
    assert!(said.out.lines().next().unwrap().contains("jump host closed: "), "{}", said.out);
}

#[test]
fn a_second_one_looks_on_asks_the_first_and_takes_over_from_it() {
    let Some(bench) = Bench::with_sshd() else { return };
    let release = bench.dir.path().join("release");
    let wait = format!("while [ ! -e {} ]; do sleep 0.1; done", release.display());
    let first = bench.start(&["run", "-H", "h1", "--", &wait]);
    until("the first runs", || bench.run(&["runs", "--active"]).out.contains("running"));
    let script = format!("seq 1000; {wait}; seq 1000; exit 9");
    let second = bench.start(&["run", "--no-pty", "-H", "h2", "--", &script]);
    until("both run", || bench.run(&["runs", "--active"]).out.matches("running").count() == 2);
    // The first is killed as a crash would: the second goes on in its place.
    signal(first.pid(), Signal::KILL);
    first.wait();
    std::fs::write(&release, "").unwrap();
    let said = second.wait();
    assert_eq!(said.code, Some(9), "{}", said.err);
    assert!(
        said.err.contains("the ledger is held by pid") && said.err.contains("going on in its place"),
        "{}",
        said.err
    );
    let wanted: String = (1..=1000).chain(1..=1000).map(|n| format!("{n}\n")).collect();
    assert_eq!(said.out, wanted);
}

#[test]
fn an_upload_runs_with_its_arguments() {
    let Some(bench) = Bench::with_sshd() else { return };
    let script = bench.dir.path().join("up.sh");
    std::fs::write(&script, "#!/bin/sh\necho \"$# $2\"; exit 4\n").unwrap();
    for _ in 0..2 {
        let said = bench.run(&["run", "-H", "h1", "--upload", script.to_str().unwrap(), "--", "a", "b c"]);
        assert_eq!((said.code, said.out.as_str()), (Some(4), "2 b c\r\n"), "{said:?}");
    }
}

#[test]
fn a_new_ledger_adopts_what_is_there_and_gc_removes_it() {
    let Some(bench) = Bench::with_sshd() else { return };
    let run = {
        let said = bench.run(&["run", "-H", "h1", "--", "echo kept"]);
        assert_eq!(said.code, Some(0), "{said:?}");
        json(&bench.run(&["runs", "--json"]).out)[0]["run"].as_str().unwrap().to_owned()
    };
    std::fs::rename(bench.dir.path().join("state"), bench.dir.path().join("lost")).unwrap();
    let said = bench.run(&["adopt", "h1", "--json"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(json(&said.out).iter().any(|adopted| adopted["run"] == run.as_str()), "{said:?}");
    let said = bench.run(&["attach", "--from-start", &run]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "kept\r\n"), "{said:?}");
    assert_eq!(bench.run(&["gc", "--older-than", "1h", "--dry-run"]).out, "");
    let said = bench.run(&["gc", "--older-than", "0s"]);
    assert!(said.code == Some(0) && said.out.contains(&run), "{said:?}");
    assert_eq!(bench.run(&["runs"]).out, "");
    assert_eq!(bench.run(&["adopt", "h1"]).out, "", "it is gone from the host, too");
}

#[test]
fn a_reader_that_has_gone_detaches() {
    let Some(bench) = Bench::with_sshd() else { return };
    let mut command = bench.command(&["run", "-H", "h1", "--", "seq 200000"]);
    let mut child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let said = bench.run(&["attach", "--from-start", "last"]);
    assert_eq!((said.code, said.out.lines().last()), (Some(0), Some("200000")));
}
