//! How a command ended, exactly.

use std::fs;

use rustix::process::Signal;
use steadfast::domain::run::{ExitKind, Observed, RunSpec};

use crate::bench::{Bench, code, in_every_shell, members, new_id, split, until};
use crate::local_session::Shell;
use crate::processes::{is_alive, signal};

in_every_shell!(
    codes_and_signals_are_told_apart,
    who_holds_the_output_open_delays_nothing,
    a_run_whose_runner_is_killed_has_vanished,
    after_another_boot_nothing_is_claimed,
);

const ENDS: [(&str, ExitKind); 11] = [
    ("exit 0", ExitKind::Code(0)),
    ("false", ExitKind::Code(1)),
    ("exit 137", ExitKind::Code(137)),
    ("exit 143", ExitKind::Code(143)),
    ("exit 255", ExitKind::Code(255)),
    ("kill -KILL $$", ExitKind::Signal(9)),
    ("kill -TERM $$", ExitKind::Signal(15)),
    ("ulimit -c 0; kill -SEGV $$", ExitKind::Signal(11)),
    // Not the shell, but the program that is the command.
    ("/bin/sh -c 'kill -KILL $$'", ExitKind::Signal(9)),
    ("sh -c \"exit 3\"", ExitKind::Code(3)),
    ("no-such-program here", ExitKind::Code(127)),
];

async fn codes_and_signals_are_told_apart(bench: Bench) {
    let specs = ENDS.iter().flat_map(|(command, end)| [(split(command), *end), (RunSpec::new(*command), *end)]);
    let mut started = Vec::new();
    for (spec, end) in specs {
        let id = new_id();
        bench.start(id, &spec).await;
        started.push((id, spec, end));
    }
    for (id, spec, end) in started {
        let record = bench.exited(id).await;
        assert_eq!(record.end, end, "{:?} {}", spec.io, spec.command);
        assert_eq!(record.sizes.out, bench.spool(id, steadfast::domain::run::Stream::Out).len() as u64);
        assert!(!record.out_of_memory);
    }
}

#[tokio::test]
async fn without_time_perl_tells() {
    if let Some(bench) = Bench::without(Shell::Dash, &["time"]) {
        codes_and_signals_are_told_apart(bench).await;
    }
}

#[tokio::test]
async fn without_time_and_perl_the_shells_own_words_tell() {
    for shell in [Shell::Dash, Shell::Bash] {
        if let Some(bench) = Bench::without(shell, &["time", "perl"]) {
            codes_and_signals_are_told_apart(bench).await;
        }
    }
}

#[tokio::test]
async fn in_pythons_terminal_too() {
    if let Some(bench) = Bench::without(Shell::Dash, &["script"]) {
        codes_and_signals_are_told_apart(bench).await;
    }
}

async fn who_holds_the_output_open_delays_nothing(bench: Bench) {
    for spec in [split(HOLDER), RunSpec::new(HOLDER)] {
        let id = new_id();
        bench.start(id, &spec).await;
        assert_eq!(bench.exited(id).await.end, code(3), "{:?}", spec.io);
        let holder: u32 = fs::read_to_string(bench.home().join("holder")).unwrap().trim().parse().unwrap();
        assert!(is_alive(holder), "it holds nothing open");
        assert!(bench.state(id).await.observed != Observed::Running);
        signal(holder, Signal::KILL);
        until("the holder is gone", || !is_alive(holder)).await;
    }
}

/// Deaf to the terminal's hang-up.
const HOLDER: &str = "trap '' HUP; (trap '' HUP; exec setsid sleep 1000) & echo $! >$HOME/holder; echo out; exit 3";

async fn a_run_whose_runner_is_killed_has_vanished(bench: Bench) {
    let id = new_id();
    let answer = bench.start(id, &split("sleep 1000")).await;
    let runner = answer.evidence.started.unwrap().pid;
    until("the command runs", || !members(id).is_empty()).await;
    signal(runner, Signal::KILL);
    // As long as its command is there it has not ended.
    assert_eq!(bench.state(id).await.observed, Observed::Running);
    for pid in members(id) {
        signal(pid, Signal::KILL);
    }
    until("its processes are gone", || members(id).is_empty()).await;
    assert_eq!(bench.state(id).await.observed, Observed::Vanished);
    // Its helpers end by themselves.
    until("its helpers are gone", || bench.processes().is_empty()).await;
}

async fn after_another_boot_nothing_is_claimed(bench: Bench) {
    let id = new_id();
    bench.start(id, &split("sleep 1000")).await;
    let ident = bench.file(id, "ident");
    let text = fs::read_to_string(&ident).unwrap();
    let line = text.lines().find(|line| line.starts_with("boot_id=")).unwrap();
    fs::write(&ident, text.replace(line, "boot_id=00000000-0000-0000-0000-000000000000")).unwrap();
    assert_eq!(bench.state(id).await.observed, Observed::OtherBoot);
    // An end that is on record is one, whatever was booted since.
    fs::write(&ident, text).unwrap();
    until("the command is there", || !members(id).is_empty()).await;
    for pid in members(id) {
        signal(pid, Signal::KILL);
    }
    bench.exited(id).await;
}
