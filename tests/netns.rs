//! The program in a network namespace of its own, a real sshd in another: our link goes, a route goes.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test fails by panicking and says so, and measures real time"
)]

#[path = "support/namespace.rs"]
mod namespace;
#[expect(dead_code, reason = "agents and certificates are for the tests of sessions")]
mod support;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::namespace::{inside, ip};
use crate::support::sshd::{Sshd, user};
use crate::support::{LIMIT, until};

/// `eth0` in the namespace of the program; `far` here, with sshd behind it at two addresses: `near` on the
/// network of `eth0`, `beyond` by a route only.
struct Lab {
    sshd: Sshd,
    /// Keeps the other namespace.
    holder: Child,
    state: tempfile::TempDir,
}

impl Lab {
    fn new() -> Option<Self> {
        ip("link set lo up");
        let sshd = Sshd::with(&["ListenAddress 0.0.0.0"])?;
        let mut holder = Command::new("unshare").args(["--net", "sleep", "300"]).stdin(Stdio::null()).spawn().unwrap();
        let here = std::fs::read_link("/proc/self/ns/net").unwrap();
        let there = format!("/proc/{}/ns/net", holder.id());
        until("the other namespace", || {
            assert!(holder.try_wait().unwrap().is_none(), "no second namespace");
            std::fs::read_link(&there).is_ok_and(|there| there != here)
        });
        ip("link add far type veth peer name eth0");
        ip(&format!("link set eth0 netns {}", holder.id()));
        ip("link set far up");
        ip("address add 192.0.2.1/24 dev far");
        ip("address add 198.51.100.1/32 dev far");
        let lab = Self { sshd, holder, state: tempfile::tempdir().unwrap() };
        lab.ip("link set lo up");
        lab.ip("address add 192.0.2.7/24 dev eth0");
        lab.ip("link set eth0 up");
        lab.route();
        lab.configure();
        Some(lab)
    }

    fn configure(&self) {
        let (key, port) = (self.sshd.client_key("id").path, self.sshd.port());
        let known: String = ["192.0.2.1", "198.51.100.1"]
            .map(|address| format!("[{address}]:{port} {}\n", self.sshd.host_key().public))
            .concat();
        let known = self.sshd.known_hosts(&known);
        let ssh = format!(
            "Host near\n HostName 192.0.2.1\nHost beyond\n HostName 198.51.100.1\nHost *\n Port {port}\n User {}\n \
             IdentityFile {}\n IdentityAgent none\n UserKnownHostsFile {}\n GlobalKnownHostsFile none\n",
            user(),
            key.display(),
            known.display()
        );
        std::fs::write(self.file("ssh_config"), ssh).unwrap();
        let link = "[defaults.link]\nkeepalive = \"500ms\"\nkeepalive_count = 2\n";
        let hosts = "[[hosts]]\nname = \"near\"\n[[hosts]]\nname = \"beyond\"\n";
        let network = "[network]\ninterfaces = [\"eth0\"]\n";
        std::fs::write(self.file("steadfast.toml"), format!("{network}{link}{hosts}")).unwrap();
    }

    fn file(&self, name: &str) -> PathBuf {
        self.state.path().join(name)
    }

    /// `ip` in the program's namespace.
    fn ip(&self, words: &str) {
        let output = self.there("ip").args(words.split_whitespace()).output().unwrap();
        assert!(output.status.success(), "ip {words}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn route(&self) {
        self.ip("route add 198.51.100.0/24 via 192.0.2.1 dev eth0");
    }

    fn there(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/proc/{}/ns/net", self.holder.id())).arg(program).stdin(Stdio::null());
        command
    }

    fn steadfast(&self) -> Command {
        let mut command = self.there(env!("CARGO_BIN_EXE_steadfast"));
        command.arg("--state-dir").arg(self.file("state")).arg("--ssh-config").arg(self.file("ssh_config"));
        command.arg("--config").arg(self.file("steadfast.toml"));
        command
    }

    /// Logins that sshd has seen.
    fn logins(&self) -> usize {
        self.sshd.log().matches("Connection from ").count()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// A run on both hosts, and what the program says of it.
struct Program {
    child: Child,
    events: Receiver<Value>,
}

impl Program {
    fn start(lab: &Lab) -> Self {
        let mut command = lab.steadfast();
        command.args(["run", "--json", "-H", "near", "-H", "beyond", "--", "sleep", "45"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (tell, events) = sync_channel(10_000);
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if let Ok(event) = serde_json::from_str(&line)
                    && tell.send(event).is_err()
                {
                    break;
                }
            }
        });
        let program = Self { child, events };
        program.wait("both alive", &mut both(|event| link(event, "alive")));
        program
    }

    /// Everything said until `holds`, which is told each event in turn.
    fn wait(&self, what: &str, holds: &mut dyn FnMut(&Value) -> bool) -> Vec<Value> {
        let start = Instant::now();
        let mut seen = Vec::new();
        loop {
            match self.events.recv_timeout(LIMIT.saturating_sub(start.elapsed())) {
                Ok(event) => {
                    let done = holds(&event);
                    seen.push(event);
                    if done {
                        return seen;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("waited in vain: {what}; seen: {seen:#?}")
                }
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn link(event: &Value, to: &str) -> bool {
    event["type"] == "link" && event["to"] == to
}

/// Whether it held for both hosts by now.
fn both(holds: impl Fn(&Value) -> bool) -> impl FnMut(&Value) -> bool {
    let mut hosts = std::collections::BTreeSet::new();
    move |event| {
        if holds(event) {
            hosts.insert(event["host"].to_string());
        }
        hosts.len() == 2
    }
}

fn paused(event: &Value, cause: &str) -> bool {
    link(event, "paused") && event["cause"].to_string().contains(cause)
}

#[test]
fn our_own_link_goes_and_comes_back() {
    inside("our_own_link_goes_and_comes_back", || {
        let Some(lab) = Lab::new() else { return };
        let program = Program::start(&lab);
        let logins = lab.logins();
        lab.ip("link set eth0 down");
        let mut seen = program.wait("both paused", &mut both(|event| paused(event, "own_network_down")));
        assert!(seen.iter().any(|event| event["type"] == "network" && event["to"] == "down"), "{seen:#?}");
        lab.ip("link set eth0 up");
        lab.route();
        let start = Instant::now();
        seen.extend(program.wait("both alive again", &mut both(|event| link(event, "alive"))));
        let took = start.elapsed();
        eprintln!("alive again {} ms after our link", took.as_millis());
        assert!(took < Duration::from_secs(10), "{took:?}: did they wait out a backoff?");
        let attempts = seen.iter().filter(|event| link(event, "paused")).filter_map(|event| event["attempt"].as_u64());
        assert_eq!(attempts.max(), Some(0), "no attempt is spent: {seen:#?}");
        let lost = seen.iter().filter(|event| ["lost", "refused"].iter().any(|state| link(event, state))).count();
        assert_eq!(lost, 0, "{seen:#?}");
        // Checks of the network knock at the port as well, but nobody else logs in.
        assert!(lab.logins() >= logins + 2);
    });
}

#[test]
fn a_host_whose_route_goes_is_paused_alone() {
    inside("a_host_whose_route_goes_is_paused_alone", || {
        let Some(lab) = Lab::new() else { return };
        let program = Program::start(&lab);
        lab.ip("route del 198.51.100.0/24");
        let mut seen = program.wait("no route", &mut |event| event["host"] == "beyond" && paused(event, "no_route"));
        lab.route();
        let start = Instant::now();
        seen.extend(program.wait("alive again", &mut |event| event["host"] == "beyond" && link(event, "alive")));
        let took = start.elapsed();
        eprintln!("alive again {} ms after the route", took.as_millis());
        assert!(took < Duration::from_secs(10), "{took:?}: did it wait out a backoff?");
        let others: Vec<_> = seen.iter().filter(|event| event["type"] == "link" && event["host"] != "beyond").collect();
        assert!(others.is_empty(), "{others:#?}");
        let spent = seen.iter().filter(|event| paused(event, "no_route")).filter_map(|event| event["attempt"].as_u64());
        assert_eq!(spent.max(), Some(0), "{seen:#?}");
        assert!(!seen.iter().any(|event| event["type"] == "network" && event["to"] == "down"), "{seen:#?}");
    });
}

/// The interface stays as it is; what is behind it is gone, and only the check host shows it.
#[test]
fn check_hosts_that_the_operator_named_say_that_we_are_cut_off() {
    inside("check_hosts_that_the_operator_named_say_that_we_are_cut_off", || {
        let Some(lab) = Lab::new() else { return };
        // Nobody listens there: a refusal is an answer.
        let check = "check = [\"192.0.2.1:9\"]\ncheck_interval = \"1s\"\ncheck_timeout = \"500ms\"\n";
        let config = std::fs::read_to_string(lab.file("steadfast.toml")).unwrap();
        let config = config.replace("[network]\n", &format!("[network]\n{check}"));
        std::fs::write(lab.file("steadfast.toml"), config).unwrap();
        let program = Program::start(&lab);
        ip("address del 192.0.2.1/24 dev far");
        let mut seen = program.wait("both paused", &mut both(|event| paused(event, "own_network_down")));
        ip("address add 192.0.2.1/24 dev far");
        seen.extend(program.wait("both alive again", &mut both(|event| link(event, "alive"))));
        let told = seen.iter().find(|event| event["type"] == "network" && event["to"] == "down").unwrap();
        assert!(told["why"].to_string().contains("no check host answers over eth0"), "{told}");
    });
}

#[test]
fn the_network_is_shown_with_what_is_wrong_with_it() {
    inside("the_network_is_shown_with_what_is_wrong_with_it", || {
        let Some(lab) = Lab::new() else { return };
        let net = |args: &[&str]| {
            let output = lab.steadfast().arg("net").args(args).output().unwrap();
            (output.status.code(), String::from_utf8(output.stdout).unwrap())
        };
        let (code, text) = net(&[]);
        for words in ["✓ up: eth0 192.0.2.7/24", "netlink", "no default route", "192.0.2.1:", "✓ answers"] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert_eq!(code, Some(0), "{text}");
        let (_, json) = net(&["--json"]);
        let now: Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&now["state"], &now["source"]), (&"up".into(), &"netlink".into()), "{json}");
        let eth0 = now["interfaces"].as_array().unwrap().iter().find(|it| it["name"] == "eth0").unwrap();
        assert!(eth0["rx_bytes"].as_u64().unwrap() > 0 && eth0["mtu"] == 1500, "{json}");
        assert!(now["checks"].as_array().unwrap().iter().filter(|it| it["reached"] == true).count() >= 2, "{json}");
        lab.ip("route del 198.51.100.0/24");
        let (_, text) = net(&[]);
        assert!(text.contains("✗ no route"), "{text}");
        lab.ip("link set eth0 down");
        let (code, text) = net(&[]);
        assert!(text.contains("✗ down: no usable interface: eth0 is down") && code == Some(1), "{text}");
    });
}
