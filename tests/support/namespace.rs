//! Network namespaces of our own.
//!
//! A test runs itself once more under `unshare --net`: the namespace has no name and goes with the
//! process, however that ends. There it may do what it likes with links, addresses and routes.

use std::io::Write;
use std::process::{Command, Stdio};

const INSIDE: &str = "STEADFAST_TEST_NAMESPACE";

/// Runs `body` in a network namespace that has nothing but a loopback interface, which is down.
pub fn inside(test: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        body();
        return;
    }
    let Some(unshare) = unshare() else {
        assert!(std::env::var_os("CI").is_none(), "no network namespace, `ip` or veth here");
        // Past the capture of the test harness.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {test}: no network namespace, `ip` or veth here");
        return;
    };
    let mut again = Command::new("unshare");
    again.args(unshare).arg(std::env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]);
    let output = again.env(INSIDE, "1").stdin(Stdio::null()).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

/// The arguments with which a namespace, and links in it, can be had: as root or without.
fn unshare() -> Option<&'static [&'static str]> {
    let works = |arguments: &&&[&str]| {
        let mut command = Command::new("unshare");
        command.args(**arguments).args(["ip", "link", "add", "near", "type", "veth", "peer", "name", "far"]);
        command.stdin(Stdio::null()).output().is_ok_and(|output| output.status.success())
    };
    let ways: &'static [&'static [&'static str]] = &[&["--net"], &["--map-root-user", "--net"]];
    ways.iter().find(works).copied()
}

/// `ip` with these words.
pub fn ip(words: &str) {
    let output = Command::new("ip").args(words.split_whitespace()).output().unwrap();
    assert!(output.status.success(), "ip {words}: {}", String::from_utf8_lossy(&output.stderr));
}
