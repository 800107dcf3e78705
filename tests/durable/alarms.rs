//! Alarms and progress out of the output of real runs: each line once, whoever dies in between.

use steadfast::domain::run::{RunSpec, Stream, Verdict};
use steadfast::domain::watch::{AlarmPattern, Watch};

use crate::rig::{Rig, split};
use crate::support::until;

fn watched(command: &str) -> RunSpec {
    let alarms = vec![AlarmPattern { name: "leak".into(), regex: "LEAK".into() }];
    let watch = Watch { alarms, ignore: vec!["harmless".into()], ..Watch::default() };
    RunSpec { watch, ..RunSpec::new(command) }
}

#[test]
fn alarms_are_counted_by_the_end_with_their_places_and_progress_is_known() {
    let Some(rig) = Rig::new(&[]) else { return };
    let mut running = rig.start();
    let id = running.run(watched(
        "echo ok; echo 'Kernel panic - not syncing: x'; for n in 1 2 3; do echo LEAK $n; done; echo harmless LEAK; \
         echo '::steadfast progress=0.42 status=\"pass 3\"::'; printf 'LEAK without an end'",
    ));
    assert_eq!(running.verdict(id), Verdict::Finished { code: 0 });
    let attempt = running.attempt(id).clone();
    assert_eq!((attempt.known_hits("leak", Stream::Out), attempt.known_hits("kernel panic", Stream::Out)), (4, 1));
    assert_eq!(attempt.alarm_hits(), 5);
    let progress = attempt.progress.expect("the run said it");
    assert_eq!((progress.permille, progress.status.as_deref()), (420, Some("pass 3")));
    let log = running.log(id, Stream::Out);
    let line = |place: u64| log[usize::try_from(place).unwrap()..].split(|b| *b == b'\r').next().unwrap().to_vec();
    until("the places are in the ledger", || running.alarms(id, Stream::Out).len() == 5);
    let places = running.alarms(id, Stream::Out);
    assert_eq!(line(places[0].0), b"Kernel panic - not syncing: x");
    assert_eq!(line(places[4].0), b"LEAK without an end");
    running.stop();
}

#[test]
fn a_restart_counts_no_line_twice_and_misses_none() {
    let Some(rig) = Rig::new(&[]) else { return };
    let flag = rig.path("go-on");
    let command = format!(
        "for n in $(seq 50); do echo LEAK $n; done; until [ -e {0} ]; do sleep 0.1; done; \
         for n in $(seq 50); do echo LEAK $n; done",
        flag.display()
    );
    let mut running = rig.start();
    let id = running.run(watched(&command));
    running.wait("the first half", |fleet| fleet.attempt(id).is_some_and(|it| it.known_hits("leak", Stream::Out) >= 1));
    until("its output is here", || {
        running.catch_up();
        running.log(id, Stream::Out).ends_with(b"LEAK 50\r\n")
    });
    running.stop();
    std::fs::write(&flag, "").unwrap();
    let mut running = rig.start();
    assert_eq!(running.verdict(id), Verdict::Finished { code: 0 });
    assert_eq!(running.attempt(id).known_hits("leak", Stream::Out), 100);
    until("the places are in the ledger", || running.alarms(id, Stream::Out).len() == 100);
    running.stop();
}

#[test]
fn streams_are_counted_apart() {
    let Some(rig) = Rig::new(&[]) else { return };
    let mut running = rig.start();
    let spec = RunSpec { io: split("").io, ..watched("echo LEAK; echo LEAK >&2; echo LEAK >&2") };
    let id = running.run(spec);
    assert_eq!(running.verdict(id), Verdict::Finished { code: 0 });
    let attempt = running.attempt(id);
    assert_eq!((attempt.known_hits("leak", Stream::Out), attempt.known_hits("leak", Stream::Err)), (1, 2));
    running.stop();
}
