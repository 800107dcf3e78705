//! A start that a dying connection cuts anywhere: the command runs once or not at all, and once after
//! it was asked for again.

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};

use rand::{RngExt, SeedableRng};
use rustix::process::Signal;
use steadfast::domain::id::AttemptId;
use steadfast::domain::run::{Observed, RunSpec};
use steadfast::remote::{self, StartKind, StartOrder};

use crate::bench::{Bench, LIMIT, code, in_every_shell, new_id, split};
use crate::local_session::{Recorder, Shell};
use crate::processes::signal;

in_every_shell!(started_often_it_runs_once, cut_at_any_byte_it_runs_once_at_most, killed_at_any_step_it_runs_once,);

const SOURCE: &str = include_str!("../../assets/host.sh");

/// A line each time it runs.
fn counting() -> RunSpec {
    split("echo ran >>\"$HOME/ran\"")
}

fn times_run(bench: &Bench) -> usize {
    fs::read_to_string(bench.home().join("ran")).unwrap_or_default().lines().count()
}

async fn started_often_it_runs_once(bench: Bench) {
    let (id, spec) = (new_id(), counting());
    let (a, b) = tokio::join!(bench.start(id, &spec), bench.start(id, &spec));
    let kinds = [a.kind, b.kind, bench.start(id, &spec).await.kind];
    assert_eq!(kinds.iter().filter(|kind| **kind == StartKind::Started).count(), 1, "{kinds:?}");
    assert_eq!(kinds.iter().filter(|kind| **kind == StartKind::Attached).count(), 2, "{kinds:?}");
    assert_eq!(bench.exited(id).await.end, code(0));
    let late = bench.start(id, &spec).await;
    assert_eq!(late.kind, StartKind::Attached);
    assert!(matches!(late.evidence.observed, Observed::Exited(_)));
    assert_eq!(times_run(&bench), 1);
}

/// What goes to the shell's stdin.
async fn script(id: AttemptId, spec: &RunSpec) -> Vec<u8> {
    let recorder = Recorder::default();
    let order = StartOrder { spec, reboots: 0, secret_env: &[] };
    remote::start(&recorder, id, &order, LIMIT).await.unwrap_err();
    recorder.text()
}

fn spawn(bench: &Bench) -> Child {
    let mut command = bench.session.surroundings().command();
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

async fn cut_at_any_byte_it_runs_once_at_most(bench: Bench) {
    let (id, spec) = (new_id(), counting());
    let text = script(id, &spec).await;
    let mut random = rand::rngs::StdRng::seed_from_u64(7);
    let (whole, tail) = (text.len(), text.len() - 400);
    let early = (0..200).map(|_| random.random_range(0..tail));
    // The last byte is the newline, without which the call is whole all the same.
    for cut in early.chain(tail..whole - 1) {
        let mut shell = spawn(&bench);
        // A shell that found an error may be gone before it has read everything.
        let _ = shell.stdin.take().unwrap().write_all(&text[..cut]);
        shell.wait().unwrap();
        // Nothing at all: the start that follows finds what a first one would.
        assert_eq!(fs::read_dir(bench.home()).unwrap().count(), 0, "cut after {cut} of {whole} bytes");
    }
    assert!(bench.processes().is_empty());
    for cut in [whole - 1, whole] {
        let mut shell = spawn(&bench);
        shell.stdin.take().unwrap().write_all(&text[..cut]).unwrap();
        assert!(shell.wait().unwrap().success());
    }
    assert_eq!(bench.start(id, &spec).await.kind, StartKind::Attached);
    assert_eq!(bench.exited(id).await.end, code(0));
    assert_eq!(times_run(&bench), 1);
}

async fn killed_at_any_step_it_runs_once(bench: Bench) {
    let spec = counting();
    let steps = ["", "spec", "script", "env", "runner", "go", "base_out", "ident"];
    for (round, step) in steps.iter().enumerate() {
        let id = new_id();
        let text = script(id, &spec).await;
        let mut shell = spawn(&bench);
        shell.stdin.take().unwrap().write_all(&text).unwrap();
        let reached = bench.file(id, step);
        // Not `exists`: what `go` points to is no file.
        while reached.symlink_metadata().is_err() && shell.try_wait().unwrap().is_none() {}
        signal(shell.id(), Signal::KILL);
        let status = shell.wait().unwrap();
        assert!(status.signal() == Some(9) || status.success(), "{status}");
        bench.start(id, &spec).await;
        assert_eq!(bench.exited(id).await.end, code(0), "killed at {step:?}");
        assert_eq!(times_run(&bench), round + 1, "killed at {step:?}");
    }
}

/// A cut after a name must run nothing: `sf_ab` cut to `sf_a`.
#[test]
fn no_functions_name_begins_with_that_of_an_earlier_one() {
    let names: Vec<&str> = SOURCE.lines().filter_map(|line| line.split_once("() ")).map(|(name, _)| name).collect();
    assert!(names.len() > 60, "{names:?}");
    for (index, name) in names.iter().enumerate() {
        for earlier in &names[..index] {
            assert!(!name.starts_with(earlier), "{name} begins with {earlier}");
        }
    }
}

/// What is cut from any of our calls, in the shell that hosts really use.
#[tokio::test]
async fn the_shell_of_this_machine_does_too() {
    if let Some(bench) = Bench::new(Shell::Sh) {
        let (id, spec) = (new_id(), counting());
        assert_eq!(bench.start(id, &spec).await.kind, StartKind::Started);
        assert_eq!(bench.exited(id).await.end, code(0));
        assert_eq!(times_run(&bench), 1);
    }
}
