//! Keys pressed while output floods in, in the real program on a real sshd: how late is what they show.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::fleet::{Desk, Fleet, Simulated};
use crate::support::until;
use crate::terminal::Terminal;
use crate::{cpu, resident, told};

/// One run that prints as fast as a pipe lets it, but no more than 200 MB/s.
pub fn one() {
    let Some(fleet) = Fleet::new(1, FLOOD) else { return };
    block(&fleet, 10_000_000);
    let theirs = by_ssh(&fleet);
    println!("one run that floods: {theirs:.0} MB/s by ssh host > file, which is what sshd can give here");
    let screen = fleet.desk.screen(200, 60);
    screen.wait_for("alive");
    let mut quiet = keys(&screen);
    told("key to screen, nothing comes", &mut quiet);
    start(&screen, "flood");
    screen.keys("\r");
    screen.wait_for("verified");
    under_flood(&fleet.desk, &screen, "one run that floods");
    fleet.finish();
    screen.wait_row(&["h001", "exit 0"]);
    // A gap would stand among the lines, and the log would be shorter than what was printed.
    let printed = std::fs::read_to_string(fleet.sshd.home().join("printed")).unwrap();
    let expected = printed.trim().parse::<u64>().unwrap() * block_length(&fleet);
    until("the log has all of it", || fleet.desk.logged() >= expected);
    println!("one run that floods: printed {expected} bytes, logged {}", fleet.desk.logged());
}

/// MB/s of the same flood by OpenSSH's client into a file: no screen, no spool, nobody who presses keys.
fn by_ssh(fleet: &Fleet) -> f64 {
    let into = tempfile::NamedTempFile::new().unwrap();
    let flood = "cd \"$HOME\" && while [ -e go ]; do cat block || exit; sleep 0.05; done";
    let mut child = fleet.ssh("h001").arg(flood).stdout(into.reopen().unwrap()).spawn().unwrap();
    let length = || into.as_file().metadata().unwrap().len();
    until("it prints", || length() > 0);
    let (before, began) = (length(), Instant::now());
    std::thread::sleep(LENGTH / 3);
    let rate = (length() - before) as f64 / 1e6 / began.elapsed().as_secs_f64();
    child.kill().unwrap();
    child.wait().unwrap();
    rate
}

/// Two hundred runs of 1 MB/s each. The hosts are simulated: this machine could not play two hundred real ones
/// and have time for a screen.
pub fn many() {
    let fleet = Simulated::new(MANY, 1_000_000.0 / TRACE_RATE, TRACE);
    let screen = fleet.desk.screen(200, 60);
    let began = Instant::now();
    patiently("all are alive", || screen.contents().contains(&format!("● {MANY}")));
    println!("{MANY} hosts: all alive after {:.1} s", began.elapsed().as_secs_f64());
    let mut quiet = keys(&screen);
    told("key to screen, nothing comes", &mut quiet);
    screen.keys("a");
    start(&screen, "trace");
    // More than five hosts: the count is typed.
    screen.keys(&format!("{MANY}\r"));
    patiently("all print", || fleet.desk.logs().len() == MANY);
    under_flood(&fleet.desk, &screen, "200 runs of 1 MB/s");
}

fn under_flood(desk: &Desk, screen: &Terminal, what: &str) {
    let (memory, used, logged, began) = (resident(screen.pid()), cpu(screen.pid()), desk.logged(), Instant::now());
    let mut times = Vec::new();
    while began.elapsed() < LENGTH {
        times.extend(keys(screen));
    }
    let length = began.elapsed().as_secs_f64();
    told(&format!("key to screen, {what} (budget 16 ms)"), &mut times);
    let rate = (desk.logged() - logged) as f64 / 1e6 / length;
    let busy = (cpu(screen.pid()) - used).as_secs_f64() / length * 100.0;
    let now = resident(screen.pid());
    let (before, now) = (memory as f64 / 1e6, now as f64 / 1e6);
    println!("{what}: {rate:.0} MB/s into the log, {busy:.0} % of a CPU, memory {before:.1} MB, then {now:.1} MB");
}

/// The help comes and goes.
fn keys(screen: &Terminal) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..20 {
        times.push(until_shown(screen, "?", true));
        times.push(until_shown(screen, "\x1b", false));
        // At another moment within a frame each time.
        std::thread::sleep(Duration::from_millis(37));
    }
    times
}

fn until_shown(screen: &Terminal, key: &str, shown: bool) -> Duration {
    let began = Instant::now();
    screen.keys(key);
    screen.wait("the key's answer", |screen| screen.contents().contains(HELP) == shown);
    began.elapsed()
}

fn start(screen: &Terminal, job: &str) {
    screen.keys("J");
    screen.wait_for(job);
    screen.keys(&format!("{job}\r"));
    screen.wait_for("[Start]");
}

fn block(fleet: &Fleet, length: usize) {
    let mut text = Vec::new();
    let mut number = 0_u64;
    while text.len() < length {
        number += 1;
        writeln!(text, "stress-ng: info: [4242] vm: page {number:08x} verified, no bit errors").unwrap();
    }
    std::fs::write(fleet.sshd.home().join("block"), text).unwrap();
}

fn block_length(fleet: &Fleet) -> u64 {
    std::fs::metadata(fleet.sshd.home().join("block")).unwrap().len()
}

fn patiently(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(300), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The title of the help.
const HELP: &str = "╭ Keys";
const MANY: usize = 200;
/// Bytes per second that the demo's `blktrace` prints.
const TRACE_RATE: f64 = 156_000.0;
const LENGTH: Duration = Duration::from_secs(15);

const FLOOD: &str = r#"
[jobs.flood]
pty = false
spool_limit = "4GiB"
command = "n=0; while [ -e go ]; do cat block; n=$((n + 1)); sleep 0.05; done; echo $n > printed"
hosts = ["h001"]
"#;

const TRACE: &str = r#"
[jobs.trace]
pty = false
command = "blktrace"
tags = ["all"]
"#;
