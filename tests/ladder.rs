//! What the ladder makes of a host that is really broken: a real OpenSSH server in a network namespace of
//! its own, at the other end of a cable that nft(8) can cut.
//!
//! Every test runs itself once more under `unshare`: namespaces, processes and cables go with it, however
//! it ends.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says so"
)]

#[expect(dead_code, reason = "agents, proxies and the server on loopback are for other tests")]
mod support;

#[path = "ladder/far.rs"]
mod far;
#[path = "ladder/going.rs"]
mod going;
#[path = "ladder/storm.rs"]
mod storm;

use std::process::Stdio;

use far::{Far, inside};
use rustix::process::Signal;
use serde_json::Value;
use support::processes::signal;
use support::until;

fn kind(change: &Value) -> &str {
    change["cause"]["kind"].as_str().unwrap_or_default()
}

fn answer<'a>(change: &'a Value, rung: &str) -> &'a str {
    let rungs = change["evidence"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found = rungs.iter().find(|report| report["rung"] == rung);
    found.and_then(|report| report["answer"].as_str()).unwrap_or("-")
}

/// After the silence budget every rung is asked, and the first attempt says the same.
#[test]
fn packets_that_are_dropped_without_a_word() {
    inside("packets_that_are_dropped_without_a_word", || {
        let far = Far::new();
        let run = far.start_run();
        far.nft("add table ip cut; add chain ip cut in { type filter hook prerouting priority 0; policy drop; }");
        let silent = run.wait_for("pinging", |change| change["to"] == "pinging");
        assert_eq!(kind(&silent), "silent", "{silent}");
        // By this host's own keepalive, 0.9 s, and not by that of all, 15 s.
        assert!(silent["cause"]["for_ms"].as_u64().is_some_and(|silent| (900..15_000).contains(&silent)), "{silent}");
        let probed = run.wait_for("probed", |change| change["to"] == "reconnecting");
        assert_eq!(kind(&probed), "connect_timed_out", "{probed}");
        let said = ["route", "icmp", "tcp"].map(|rung| answer(&probed, rung));
        assert_eq!(said, ["stands", "broken", "broken"], "{probed}");

        // Only sshd's port: the kernel is seen to be alive.
        far.nft("flush chain ip cut in; add rule ip cut in icmp type echo-request accept");
        let alive = run.wait_for("a ping comes through", |change| answer(change, "icmp") == "stands");
        assert_eq!((kind(&alive), answer(&alive, "tcp")), ("connect_timed_out", "broken"), "{alive}");

        far.nft("delete table ip cut");
        run.wait_for("alive again", |change| change["to"] == "alive" && change["from"] == "reconnecting");
    });
}

#[test]
fn an_sshd_that_is_stopped() {
    inside("an_sshd_that_is_stopped", || {
        let mut far = Far::new();
        let run = far.start_run();
        far.stop();
        // Dying, it may still accept and reset.
        let refused = |change: &Value| change["to"] == "reconnecting" && kind(change) == "port_refused";
        let probed = run.wait_for("probed", refused);
        let said = ["route", "icmp", "tcp"].map(|rung| answer(&probed, rung));
        assert_eq!(said, ["stands", "stands", "broken"], "{probed}");
        far.launch();
        run.wait_for("alive again", |change| change["to"] == "alive" && change["from"] == "reconnecting");
    });
}

#[test]
fn an_sshd_that_hangs() {
    inside("an_sshd_that_hangs", || {
        let far = Far::new();
        let run = far.start_run();
        far.signal(Signal::STOP);
        let probed = run.wait_for("probed", |change| change["to"] == "reconnecting");
        assert_eq!(kind(&probed), "banner_timed_out", "{probed}");
        let said = ["icmp", "tcp", "banner"].map(|rung| answer(&probed, rung));
        assert_eq!(said, ["stands", "stands", "broken"], "{probed}");
        let checked = far.steadfast(&["check", "far"]).output().unwrap();
        let said = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert_eq!(checked.status.code(), Some(255), "{said}");
        assert!(
            said.contains("sshd does not answer; kernel alive (ICMP ") && said.contains("port 22 accepts"),
            "{said}"
        );
        far.signal(Signal::CONT);
        run.wait_for("alive again", |change| change["to"] == "alive" && change["from"] == "reconnecting");
    });
}

/// Everything up to the login is well; the verdict names the rung above it.
#[test]
fn a_login_after_which_no_command_answers() {
    inside("a_login_after_which_no_command_answers", || {
        let far = Far::new();
        let run = far.start_run();
        far.hang(true);
        far.signal_sessions(Signal::STOP);
        let silent = run.wait_for("pinging", |change| change["to"] == "pinging");
        assert_eq!(kind(&silent), "silent", "{silent}");
        let check = far.steadfast(&["check", "far"]).stdout(Stdio::piped()).spawn().unwrap();
        let hung = run.wait_for("the verdict", |change| kind(change) == "exec_timed_out");
        assert_eq!(hung["to"], "reconnecting", "{hung}");
        let said = ["tcp", "banner", "key_exchange", "auth", "exec"].map(|rung| answer(&hung, rung));
        assert_eq!(said, ["stands", "stands", "stands", "stands", "broken"], "{hung}");

        let checked = check.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert_eq!(checked.status.code(), Some(255), "{said}");
        assert!(said.contains("✗ far: logged in, but commands get no answer (exec hangs; 20 s)"), "{said}");
        assert!(said.contains("hint: look at the host's load"), "{said}");
        let rung = |name: &str| said.lines().find(|line| line.trim_start().starts_with(name)).unwrap_or_default();
        assert!(rung("auth ").contains("✓ stands") && rung("exec ").contains("✗ broken"), "{said}");
        assert!(rung("run heartbeat ").contains("not asked"), "{said}");

        far.hang(false);
        run.wait_for("alive again", |change| change["to"] == "alive" && change["from"] == "reconnecting");
    });
}

/// sshd answers pings, so the link is alive; but of the run nothing is heard.
#[test]
fn a_connection_that_lives_and_commands_that_do_not() {
    inside("a_connection_that_lives_and_commands_that_do_not", || {
        let far = Far::new();
        let run = far.start_run();
        far.hang(true);
        far.signal_commands(Signal::STOP);
        run.wait_for_event("told", |event| says(event, "exec hangs"));
        far.hang(false);
        far.signal_commands(Signal::CONT);
        run.wait_for_event("told that it is over", |event| says(event, "in order again"));
        assert!(!run.seen().iter().any(|event| event.contains("\"pinging\"")), "the connection was always heard");
    });
}

#[test]
fn a_run_whose_heart_stands_still_on_a_host_that_is_alive() {
    inside("a_run_whose_heart_stands_still_on_a_host_that_is_alive", || {
        let far = Far::new();
        let run = far.start_run();
        let runner = far.runner();
        signal(runner, Signal::STOP);
        let checked = far.steadfast(&["check", "far"]).output().unwrap();
        let said = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert_eq!(checked.status.code(), Some(0), "the host is alive: {said}");
        assert!(said.contains("1 run going, but the heartbeat of ") && said.contains(" stands still"), "{said}");
        let rung = |name: &str| said.lines().find(|line| line.trim_start().starts_with(name)).unwrap_or_default();
        assert!(rung("exec ").contains("✓ stands") && rung("run heartbeat ").contains("✗ broken"), "{said}");

        run.wait_for_event("told", |event| says(event, "this run's heartbeat stands still"));
        signal(runner, Signal::CONT);
        run.wait_for_event("told that it beats", |event| says(event, "in order again"));
        let checked = far.steadfast(&["check", "far"]).output().unwrap();
        let said = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert!(said.contains("1 run going, heartbeat fresh"), "{said}");
        assert!(!run.seen().iter().any(|event| event.contains("\"pinging\"")), "the host was always heard");
    });
}

/// What is told of a run.
fn says(event: &Value, words: &str) -> bool {
    event["type"] == "run" && event["event"] == "notice" && event["text"].as_str().is_some_and(|it| it.contains(words))
}

#[test]
fn a_host_key_that_was_replaced() {
    inside("a_host_key_that_was_replaced", || {
        let mut far = Far::new();
        let run = far.start_run();
        let known = far.fingerprint();
        far.stop();
        far.replace_host_key();
        far.launch();
        let refused = run.wait_for("refused", |change| change["to"] == "refused");
        assert_eq!(kind(&refused), "host_key_changed", "{refused}");
        let text = refused["cause"].to_string();
        assert!(text.contains(&known) && text.contains(&far.fingerprint()), "{text}");
        assert!(refused["retry_at"].is_null(), "{refused}");
        // The run is not given up by that; but nobody dials any more, and the program ends.
        let code = run.wait();
        assert_eq!(code, Some(77));
        let dials = far.log().matches("Connection from").count();
        until("sshd has told all", || far.log().contains("Connection closed"));
        assert_eq!(far.log().matches("Connection from").count(), dials);

        let said = far.steadfast(&["check", "far", "--retries", "5"]).output().unwrap();
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        assert_eq!(said.status.code(), Some(77), "{text}");
        assert!(text.contains(&known) && text.contains(&far.fingerprint()), "{text}");
    });
}

/// A datagram socket needs no privilege where the kernel is told so; without either the rung counts for
/// nothing.
#[test]
fn a_ping_needs_no_privilege_where_it_is_permitted() {
    inside("a_ping_needs_no_privilege_where_it_is_permitted", || {
        let far = Far::new();
        let rung = || {
            let checked = far.unprivileged(&["check", "far", "--json"]).output().unwrap();
            assert_eq!(checked.status.code(), Some(0), "{checked:?}");
            let check: Value = serde_json::from_slice(&checked.stdout).unwrap();
            let rungs = check["rungs"].as_array().unwrap().clone();
            rungs.into_iter().find(|report| report["rung"] == "icmp").unwrap()
        };
        let nobody = "1 0";
        std::fs::write(PING_GROUPS, nobody).unwrap();
        let said = rung();
        assert_eq!((said["answer"].as_str(), said["detail"].as_str()), (Some("not_asked"), Some("not permitted here")));
        std::fs::write(PING_GROUPS, "0 0").unwrap();
        let said = rung();
        assert_eq!(said["answer"], "stands", "{said}");
        assert!(said["took_us"].as_u64().is_some_and(|took| took > 0), "{said}");
    });
}

const PING_GROUPS: &str = "/proc/sys/net/ipv4/ping_group_range";
