//! A reboot, as far as one can be had without a machine to lose: a real OpenSSH server in a mount
//! namespace of its own, in which it sees another boot id, another boot time and what a crash left.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says so"
)]

#[expect(dead_code, reason = "agents, proxies and frozen servers are for other tests")]
mod support;

#[expect(dead_code, reason = "logs and pings are for the tests of durable runs")]
#[path = "durable/rig.rs"]
mod rig;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use steadfast::domain::boot::cause::RebootCause;
use steadfast::domain::event::{BootFact, Event, Fact, RunFact};
use steadfast::domain::id::Seq;
use steadfast::domain::link::LinkState;
use steadfast::domain::run::{Fault, Growth, OnReboot, RunSpec, Verdict};
use steadfast::domain::system::sentence;
use support::processes::{is_alive, signal};

use crate::rig::{Rig, split};

const INSIDE: &str = "STEADFAST_TEST_MOUNTS";

/// Runs `body` in a mount namespace, in which it may put what it likes over /proc and /sys. It has no name
/// and goes with its processes.
fn inside(test: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    let works = |arguments: &[&str]| {
        let output = Command::new("unshare").args(arguments).stdin(Stdio::null()).output();
        output.is_ok_and(|output| output.status.success())
    };
    let probe = ["--mount", "sh", "-c", "mount --bind /proc/version /proc/stat"];
    if !rustix::process::geteuid().is_root() || !works(&probe) {
        assert!(std::env::var_os("CI").is_none(), "no root, or no mount namespace here");
        // Past the capture of the test harness.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {test}: no root, or no mount namespace here");
        return;
    }
    let mut again = Command::new("unshare");
    again.arg("--mount").arg(std::env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]);
    let output = again.env(INSIDE, "1").stdin(Stdio::null()).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

fn mount(what: &Path, over: &str) {
    let status = Command::new("mount").arg("--bind").arg(what).arg(over).status().unwrap();
    assert!(status.success(), "mount over {over}");
}

/// What the system says of its boot is `id`, `time` from here on.
fn boot(directory: &Path, id: &str, time: i64) {
    let file = |name: &str, text: String| {
        let path = directory.join(format!("{name}-{time}"));
        std::fs::write(&path, text).unwrap();
        path
    };
    mount(&file("boot_id", format!("{id}\n")), "/proc/sys/kernel/random/boot_id");
    mount(&file("stat", format!("cpu  1 2 3 4\nbtime {time}\nprocesses 7\n")), "/proc/stat");
}

/// The kernel's release is this from here on.
fn kernel(directory: &Path, release: &str) {
    let path = directory.join(format!("osrelease-{release}"));
    std::fs::write(&path, format!("{release}\n")).unwrap();
    mount(&path, "/proc/sys/kernel/osrelease");
}

/// Ends every process whose home is there, as a power cut would: they stand still first, so that none
/// sees another go.
fn kill_all_of(home: &Path) {
    let home = format!("HOME={}", home.display());
    let of_home = || -> Vec<u32> {
        let pids =
            std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        pids.filter(|pid: &u32| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|line| line == home.as_bytes()) && is_alive(*pid)
        })
        .collect()
    };
    let mut still = Vec::new();
    support::until("all of them stand still", || {
        let pids = of_home();
        let new: Vec<u32> = pids.into_iter().filter(|pid| !still.contains(pid)).collect();
        new.iter().for_each(|pid| signal(*pid, Signal::STOP));
        still.extend(&new);
        new.is_empty()
    });
    assert!(!still.is_empty(), "nothing ran there");
    still.iter().for_each(|pid| signal(*pid, Signal::KILL));
    support::until("all of them are gone", || still.iter().all(|pid| !is_alive(*pid)));
}

fn events(rig: &Rig) -> Vec<Event> {
    let steadfast::ledger::Opened::Owner(ledger) =
        steadfast::ledger::Ledger::open(rig.state.path(), "test", Default::default()).unwrap()
    else {
        panic!("held")
    };
    let events = ledger.events(Seq(0), 10_000).unwrap();
    ledger.close();
    events
}

const BEFORE: &str = "11111111-77aa-4c1e-9d0b-2f6a1c0e9b11";
const AFTER: &str = "22222222-77aa-4c1e-9d0b-2f6a1c0e9b22";

const CRASH: &str = "Nov 14 22:11:58 db1 kernel: sysrq: Trigger a crash\n\
                     Nov 14 22:11:58 db1 kernel: Kernel panic - not syncing: sysrq triggered crash\n\
                     Nov 14 22:12:40 db1 kernel: Linux version 6.1.0-13-amd64 (debian-kernel@lists.debian.org)\n\
                     Nov 14 22:12:40 db1 kernel: Command line: quiet\n";

#[test]
fn a_reboot_is_told_once_interrupts_the_run_and_leaves_its_evidence() {
    inside("a_reboot_is_told_once_interrupts_the_run_and_leaves_its_evidence", || {
        let logs = tempfile::tempdir().unwrap();
        mount(logs.path(), "/var/log");
        let Some(mut rig) = Rig::new(&[]) else { return };
        boot(logs.path(), BEFORE, 1_700_000_000);
        kernel(logs.path(), "6.8.0-31");
        let mut running = rig.start();
        running.wait("what it is made of", |fleet| fleet.hosts[&Rig::host()].system.is_some());
        let command = "echo begun; while :; do sleep 1; done";
        let id = running.run(RunSpec { on_reboot: OnReboot::Report, ..split(command) });
        running.wait_started(id);
        running.stop();

        // The machine goes down, and comes up as another boot.
        rig.sshd.stop();
        kill_all_of(&rig.sshd.home());
        boot(logs.path(), AFTER, 1_700_009_000);
        kernel(logs.path(), "6.9.1");
        std::fs::write(logs.path().join("kern.log"), CRASH).unwrap();
        rig.sshd.restart();

        let mut running = rig.start();
        assert_eq!(running.verdict(id), Verdict::InterruptedByReboot);
        running.wait("evidence", |fleet| {
            fleet.hosts[&Rig::host()].rebooted.is_some_and(|rebooted| rebooted.cause.is_some())
        });
        running.wait("alive", |fleet| fleet.hosts[&Rig::host()].link.state == LinkState::Alive);
        assert!(running.links.contains(&LinkState::Rebooted), "{:?}", running.links);
        assert!(running.attempt(id).faults.was_rebooted(), "{:?}", running.attempt(id).faults);
        running.wait("the other kernel", |fleet| fleet.hosts[&Rig::host()].changed.is_some());
        running.stop();

        // Nothing new is a reboot the next time.
        let mut running = rig.start();
        running.wait("alive", |fleet| fleet.hosts[&Rig::host()].link.state == LinkState::Alive);
        running.stop();
        let events = events(&rig);
        let boots: Vec<_> = events
            .iter()
            .filter_map(|event| {
                let Fact::Boot(BootFact::Rebooted { before, after, not_before, .. }) = &event.fact else { return None };
                assert!(*not_before <= event.at);
                Some((before.clone(), after.clone()))
            })
            .collect();
        let [(before, after)] = boots.as_slice() else { panic!("{boots:?}") };
        assert_eq!((before.boot_id.as_deref(), before.boot_time), (Some(BEFORE), Some(1_700_000_000)));
        assert_eq!((after.boot_id.as_deref(), after.boot_time), (Some(AFTER), Some(1_700_009_000)));
        let evidence: Vec<_> = events
            .iter()
            .filter_map(|event| {
                let Fact::Boot(BootFact::Evidence { cause, texts }) = &event.fact else { return None };
                Some((*cause, texts.clone()))
            })
            .collect();
        let [(cause, texts)] = evidence.as_slice() else { panic!("{evidence:?}") };
        assert_eq!(*cause, RebootCause::Panic, "{texts:?}");
        let kernel = texts.iter().find(|(source, _)| source.contains("kernel log")).expect("the kernel log");
        assert!(kernel.1.contains("sysrq triggered crash") && !kernel.1.contains("Command line"), "{kernel:?}");
        let systems: Vec<_> = events
            .iter()
            .filter_map(|event| {
                let Fact::Boot(BootFact::System { now, before }) = &event.fact else { return None };
                Some(before.as_ref().map(|before| sentence(&before.changes(now))))
            })
            .collect();
        assert_eq!(systems, [None, Some("kernel changed 6.8.0-31 → 6.9.1".into())]);
        let ends = events.iter().filter(|event| matches!(event.fact, Fact::Run { fact: RunFact::Ended { .. }, .. }));
        assert_eq!(ends.count(), 1);
        shown(&rig, &id.run.to_string());
    });
}

/// What the program says, of this ledger.
fn said(rig: &Rig, words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_steadfast"))
        .args(["--state-dir".as_ref(), rig.state.path().as_os_str()])
        .args(words)
        .env_remove("STEADFAST_CONFIG")
        .env("XDG_CONFIG_HOME", rig.state.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// `steadfast log --evidence` tells it.
fn shown(rig: &Rig, run: &str) {
    let text = said(rig, &["log", run, "--evidence"]);
    for words in [
        "interrupted by reboot",
        "the host rebooted, between",
        "cause: kernel panic",
        "sysrq triggered crash",
        "not as it was: kernel changed 6.8.0-31 → 6.9.1",
        "hardware errors meanwhile: not known: its counters were reset by the reboot",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn a_run_that_a_reboot_interrupted_goes_again_when_it_says_so() {
    inside("a_run_that_a_reboot_interrupted_goes_again_when_it_says_so", || {
        let logs = tempfile::tempdir().unwrap();
        mount(logs.path(), "/var/log");
        let Some(rig) = Rig::new(&[]) else { return };
        boot(logs.path(), BEFORE, 1_700_000_000);
        let mut running = rig.start();
        let command = "[ \"$STEADFAST_REBOOTS\" = 1 ] && exit 9; while :; do sleep 1; done";
        let id = running.run(RunSpec { on_reboot: OnReboot::Rerun, ..split(command) });
        running.wait_started(id);
        // All of the host stands still, so that nobody sees a half of it.
        rig.sshd.freeze();
        kill_all_of(&rig.sshd.home());
        boot(logs.path(), AFTER, 1_700_009_000);
        rig.sshd.kill_sessions();
        rig.sshd.thaw();
        let again = steadfast::domain::id::AttemptId { run: id.run, attempt: id.attempt.next() };
        running.wait("the second attempt", |fleet| fleet.attempt(again).is_some());
        assert_eq!(running.verdict(again), Verdict::Finished { code: 9 });
        running.stop();
    });
}

#[test]
fn what_the_host_counts_while_nobody_looks_is_part_of_the_result() {
    inside("what_the_host_counts_while_nobody_looks_is_part_of_the_result", || {
        let status = Command::new("mount").args(["-t", "tmpfs", "tmpfs", "/sys"]).status().unwrap();
        assert!(status.success(), "mount over /sys");
        let controller = Path::new("/sys/devices/system/edac/mc/mc0");
        std::fs::create_dir_all(controller).unwrap();
        let count = |corrected: u32, uncorrected: u32| {
            std::fs::write(controller.join("ce_count"), format!("{corrected}\n")).unwrap();
            std::fs::write(controller.join("ue_count"), format!("{uncorrected}\n")).unwrap();
        };
        count(5, 1);
        let Some(rig) = Rig::new(&[]) else { return };
        let go = rig.state.path().join("go");
        let mut running = rig.start();
        let id = running.run(split(&format!("until [ -e {} ]; do sleep 0.05; done", go.display())));
        running.wait_started(id);
        running.stop();

        count(8, 0);
        std::fs::write(&go, "").unwrap();
        let exit = rig.sshd.home().join(format!(".local/state/steadfast/runs/{id}/exit"));
        support::until("it has ended", || exit.exists());
        count(1000, 1000);

        let mut running = rig.start();
        assert_eq!(running.verdict(id), Verdict::Finished { code: 0 });
        let faults = running.attempt(id).faults.clone();
        running.stop();
        assert!(faults.all().contains(&(Fault::MemoryCorrected, Growth::By(3))), "{faults:?}");
        assert!(faults.all().contains(&(Fault::MemoryUncorrected, Growth::Reset)), "{faults:?}");
        assert!(faults.all().iter().all(|(fault, _)| *fault != Fault::PcieFatal), "what is not there is not 0");
        let run = id.run.to_string();
        let text = said(&rig, &["runs"]);
        assert!(text.contains("exit 0, but 3 corrected memory errors (EDAC)"), "{text}");
        assert!(said(&rig, &["runs", "--json"]).contains(r#""edac_ce":3"#));
        let text = said(&rig, &["log", &run, "--evidence"]);
        assert!(text.contains("hardware errors meanwhile: 3 corrected memory errors (EDAC); set back"), "{text}");
    });
}
