//! How runs end, each as the host's own record says.

use std::time::Duration;

use rustix::process::Signal;
use steadfast::domain::id::AttemptId;
use steadfast::domain::run::{Killer, RunSpec, Stream, TimeLimit, Verdict};

use crate::cuts::numbers;
use crate::rig::{Rig, split};
use crate::support::processes::signal;
use crate::support::until;

#[test]
fn a_run_is_started_its_output_comes_and_its_code_is_known() {
    let Some(rig) = Rig::new(&[]) else { return };
    let mut running = rig.start();
    let id = running.run(RunSpec::new("echo one; echo two >&2; exit 3"));
    assert_eq!(running.verdict(id), Verdict::Finished { code: 3 });
    assert_eq!(running.log(id, Stream::Out), b"one\r\ntwo\r\n");
    let id = running.run(split("echo one; echo two >&2"));
    assert_eq!(running.verdict(id), Verdict::Finished { code: 0 });
    assert_eq!(running.log(id, Stream::Out), b"one\n");
    assert_eq!(running.log(id, Stream::Err), b"two\n");
    running.stop();
}

#[test]
fn codes_and_signals_are_told_apart() {
    let Some(rig) = Rig::new(&[]) else { return };
    assert_codes_and_signals(&rig);
}

#[test]
fn codes_and_signals_are_told_apart_with_busybox_alone() {
    let Some(rig) = Rig::busybox() else { return };
    assert_codes_and_signals(&rig);
}

fn assert_codes_and_signals(rig: &Rig) {
    let mut running = rig.start();
    let killed = |signal| Verdict::Killed { signal, by: Killer::Unknown };
    let cases = [
        ("exit 0", Verdict::Finished { code: 0 }),
        ("exit 1", Verdict::Finished { code: 1 }),
        ("exit 137", Verdict::Finished { code: 137 }),
        ("exit 255", Verdict::Finished { code: 255 }),
        ("kill -9 $$", killed(9)),
        ("kill -TERM $$", killed(15)),
        ("kill -SEGV $$", killed(11)),
    ];
    for (command, verdict) in cases {
        for spec in [RunSpec::new(command), split(command)] {
            let io = spec.io;
            let id = running.run(spec);
            assert_eq!(running.verdict(id), verdict, "{command} {io:?}");
        }
    }
    running.stop();
}

#[test]
fn a_grandchild_that_holds_the_output_does_not_delay_the_end() {
    let Some(rig) = Rig::new(&[]) else { return };
    let mut running = rig.start();
    for spec in [RunSpec::new("sleep 3600 & echo done; exit 4"), split("sleep 3600 & echo done; exit 4")] {
        let id = running.run(spec);
        assert_eq!(running.verdict(id), Verdict::Finished { code: 4 });
        assert!(running.log(id, Stream::Out).starts_with(b"done"));
        end_all(id);
    }
    running.stop();
}

#[test]
fn a_cancel_leaves_nothing_of_a_tree_that_ignores_it() {
    let Some(rig) = Rig::new(&[]) else { return };
    assert_cancel(&rig);
}

#[test]
fn a_cancel_leaves_nothing_with_busybox_alone() {
    let Some(rig) = Rig::busybox() else { return };
    assert_cancel(&rig);
}

fn assert_cancel(rig: &Rig) {
    let mut running = rig.start();
    let stubborn = "trap '' TERM; (trap '' TERM; sleep 3600) & setsid sh -c 'trap \"\" TERM; sleep 3600 & wait' & \
                    (setsid sleep 3600 >/dev/null 2>&1 &); echo up; while :; do sleep 1; done";
    let mut spec = RunSpec::new(stubborn);
    spec.grace = Duration::from_secs(1);
    let id = running.run(spec);
    running.wait_started(id);
    until("the tree is up", || {
        running.catch_up();
        running.log(id, Stream::Out).starts_with(b"up") && of_run(id).len() >= 5
    });
    running.cancel(id);
    let Verdict::Killed { by: Killer::Operator, .. } = running.verdict(id) else { panic!("{:?}", running.attempt(id)) };
    // Nothing of the tree goes by itself within an hour; what the runner has still to tidy up does.
    until("nothing is left on the host", || of_run(id).is_empty());
    running.stop();
}

#[test]
fn a_run_that_prints_nothing_is_stopped_at_its_idle_limit() {
    let Some(rig) = Rig::new(&[]) else { return };
    let mut running = rig.start();
    let mut spec = RunSpec::new("echo one; sleep 3600");
    spec.limits.idle = Some(Duration::from_secs(2));
    let id = running.run(spec);
    assert_eq!(running.verdict(id), Verdict::TimedOut { limit: TimeLimit::Idle });
    until("nothing is left on the host", || of_run(id).is_empty());
    running.stop();
}

#[test]
fn what_ended_while_nobody_looked_is_there_afterwards() {
    let Some(rig) = Rig::new(&[]) else { return };
    let mut running = rig.start();
    let id = running.run(RunSpec::new("seq 1 100; sleep 1; seq 101 200; exit 9"));
    running.wait_started(id);
    running.stop();
    until("the run has ended on the host", || of_run(id).is_empty());
    let mut running = rig.start();
    assert_eq!(running.verdict(id), Verdict::Finished { code: 9 });
    assert_eq!(running.log(id, Stream::Out), numbers(200).as_bytes());
    running.stop();
}

/// The processes that carry this run in their environment, but for zombies.
fn of_run(id: AttemptId) -> Vec<u32> {
    let mark = format!("STEADFAST_RUN={}", id.run);
    let of = |pid: &u32| {
        let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environ.split(|byte| *byte == 0).any(|line| line == mark.as_bytes())
    };
    let pids = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(of).collect()
}

fn end_all(id: AttemptId) {
    for pid in of_run(id) {
        signal(pid, Signal::KILL);
    }
}
