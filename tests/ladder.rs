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

use far::{Far, inside};
use rustix::process::Signal;
use serde_json::Value;
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
