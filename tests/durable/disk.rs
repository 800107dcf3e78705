//! A disk of ours that is full: the host is alive all the same, memory stays, nothing is lost.

use std::path::Path;
use std::process::Command;

use steadfast::domain::link::LinkState;
use steadfast::domain::run::{RunSpec, Stream, Verdict};

use crate::cuts::numbers;
use crate::rig::Rig;
use crate::support::until;

#[test]
fn a_full_local_disk_costs_no_line_no_liveness_and_no_memory() {
    let Some(rig) = Rig::new(&[]) else { return };
    let Some(disk) = Disk::mount(rig.state.path(), "6m") else { return };
    let mut running = rig.start();
    let id = running.run(RunSpec::new("seq 1 4000000; exit 5"));
    running.wait_started(id);
    running.wait("a notice", |fleet| {
        fleet
            .attempt(id)
            .is_some_and(|attempt| attempt.notices.iter().any(|notice| notice.contains("cannot be written")))
    });
    let before = resident();
    running.links.clear();
    // Three keepalives with a disk that takes nothing.
    until("pings while the disk is full", || {
        running.catch_up();
        running.pings() >= 3
    });
    assert_eq!(running.links, [], "a live host was blamed for our disk");
    assert_eq!(running.fleet.hosts[&Rig::host()].link.state, LinkState::Alive);
    let grown = resident().saturating_sub(before);
    assert!(grown < 32 << 20, "grew by {grown} bytes");
    disk.grow("200m");
    assert_eq!(running.verdict(id), Verdict::Finished { code: 5 });
    assert!(running.log(id, Stream::Out) == numbers(4_000_000).as_bytes(), "the log is not what was printed");
    running.stop();
}

/// A small file system of its own.
struct Disk<'a>(&'a Path);

impl<'a> Disk<'a> {
    fn mount(at: &'a Path, size: &str) -> Option<Self> {
        let options = format!("size={size},mode=700");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(at).status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(at));
        }
        assert!(std::env::var_os("CI").is_none(), "cannot mount a tmpfs");
        eprintln!("SKIPPED: only root can mount a small disk, so this test shows nothing");
        None
    }

    fn grow(&self, size: &str) {
        let options = format!("remount,size={size}");
        assert!(Command::new("mount").args(["-o", &options]).arg(self.0).status().unwrap().success());
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        Command::new("umount").arg("--lazy").arg(self.0).status().ok();
    }
}

/// Bytes of memory that this process uses.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}
