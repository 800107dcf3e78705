//! Ending a run with everything it started.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;
use steadfast::domain::event::CancelReason;
use steadfast::domain::id::AttemptId;
use steadfast::domain::run::{Observed, RunSpec};
use steadfast::remote::{self, Cancelled, StartKind};

use crate::bench::{Bench, LIMIT, code, in_every_shell, members, new_id, split, until};
use crate::processes::{is_alive, signal};

in_every_shell!(
    a_tree_that_ignores_term_is_gone,
    who_hears_term_has_its_grace,
    one_that_stands_still_is_ended_too,
    before_its_start_it_never_runs,
    what_has_ended_stays_as_it_ended,
);

async fn cancel(bench: &Bench, id: AttemptId, grace: u64, reason: CancelReason) -> Cancelled {
    remote::cancel(&bench.session, id, Duration::from_secs(grace), reason, LIMIT).await.unwrap()
}

/// A child, one in a session of its own, one whose parent is gone: all deaf.
const TREE: &str = "trap '' TERM HUP INT
(trap '' TERM HUP; sleep 1000; sleep 1000) &
setsid sh -c 'trap \"\" TERM HUP; echo $$ >own; sleep 1000; sleep 1000' &
(setsid sh -c 'trap \"\" TERM HUP; echo $$ >orphan; sleep 1000; sleep 1000' >/dev/null 2>&1 &)
until [ -s own ] && [ -s orphan ]; do sleep 0.05; done
echo ready >ready; sleep 1000; sleep 1000; sleep 1000";

async fn a_tree_that_ignores_term_is_gone(bench: Bench) {
    for spec in [split(TREE), RunSpec::new(TREE)] {
        let id = new_id();
        bench.start(id, &spec).await;
        let ready = bench.home().join("ready");
        until("the tree stands", || ready.exists()).await;
        let tree = members(id);
        let number = |name| fs::read_to_string(bench.home().join(name)).unwrap().trim().parse::<u32>().unwrap();
        for pid in [number("own"), number("orphan")] {
            assert!(tree.contains(&pid) && is_alive(pid));
        }
        assert!(tree.len() >= 6, "{tree:?}");
        let bystander = new_id();
        bench.start(bystander, &split("sleep 1000")).await;
        until("the other run is there", || !members(bystander).is_empty()).await;

        let cancelled = cancel(&bench, id, 1, CancelReason::Operator).await;
        assert_eq!(cancelled.left_over, Vec::<String>::new());
        assert_eq!(cancelled.evidence.cancel.as_deref(), Some("operator"));
        assert!(tree.iter().all(|pid| !is_alive(*pid)), "{:?}", spec.io);
        assert!(members(id).is_empty());
        assert_eq!(bench.exited(id).await.end, steadfast::domain::run::ExitKind::Signal(9));
        assert_eq!(bench.state(bystander).await.observed, Observed::Running);
        cancel(&bench, bystander, 1, CancelReason::Operator).await;
        until("all are gone", || bench.processes().is_empty()).await;
        for name in ["own", "orphan", "ready"] {
            fs::remove_file(bench.home().join(name)).unwrap();
        }
    }
}

async fn who_hears_term_has_its_grace(bench: Bench) {
    let id = new_id();
    let command = "trap 'echo bye >bye; exit 0' TERM; echo ready >ready; while :; do sleep 0.05; done";
    bench.start(id, &split(command)).await;
    until("it listens", || bench.home().join("ready").exists()).await;
    let cancelled = cancel(&bench, id, 60, CancelReason::TotalLimit).await;
    assert_eq!(fs::read_to_string(bench.home().join("bye")).unwrap(), "bye\n");
    assert_eq!(cancelled.evidence.cancel.as_deref(), Some("total"));
    // Ended by us, though it says 0; the notice has its code.
    assert_eq!(bench.exited(id).await.end, steadfast::domain::run::ExitKind::Signal(15));
    assert!(cancelled.evidence.notice.unwrap().contains("code 0"));
}

async fn one_that_stands_still_is_ended_too(bench: Bench) {
    let id = new_id();
    bench.start(id, &split("echo $$ >pid; kill -STOP $$; sleep 1000")).await;
    let file = bench.home().join("pid");
    until("it runs", || file.exists() && !fs::read_to_string(&file).unwrap().is_empty()).await;
    let pid: u32 = fs::read_to_string(&file).unwrap().trim().parse().unwrap();
    let stat = format!("/proc/{pid}/stat");
    until("it stands still", || fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") T "))).await;
    let cancelled = cancel(&bench, id, 60, CancelReason::IdleLimit).await;
    assert_eq!(cancelled.left_over, Vec::<String>::new());
    assert_eq!(bench.exited(id).await.end, steadfast::domain::run::ExitKind::Signal(15));
}

async fn before_its_start_it_never_runs(bench: Bench) {
    let id = new_id();
    let cancelled = cancel(&bench, id, 1, CancelReason::Operator).await;
    assert_eq!(cancelled.evidence.observed, Observed::Stillborn);
    assert_eq!(cancelled.evidence.cancel.as_deref(), Some("operator"));
    // The start that was still on its way.
    let answer = bench.start(id, &split("echo ran >ran")).await;
    assert_eq!(answer.kind, StartKind::Stillborn);
    assert_eq!(answer.evidence.observed, Observed::Stillborn);
    assert_eq!(answer.evidence.cancel.as_deref(), Some("operator"));
    assert!(bench.processes().is_empty() && !bench.home().join("ran").exists());
    let found = remote::list(&bench.session, LIMIT).await.unwrap();
    assert_eq!(
        found.iter().map(|found| (found.id, found.evidence.observed.clone())).collect::<Vec<_>>(),
        [(id, Observed::Stillborn)]
    );
    remote::remove(&bench.session, id, LIMIT).await.unwrap();
    assert_eq!(bench.state(id).await.observed, Observed::Missing);
    assert_eq!(fs::read_dir(bench.runs()).unwrap().count(), 0);
}

async fn what_has_ended_stays_as_it_ended(bench: Bench) {
    let (id, _) = bench.run(&split("setsid sleep 1000 >/dev/null 2>&1 & exit 5")).await;
    until("what it left behind is there", || !members(id).is_empty()).await;
    let cancelled = cancel(&bench, id, 1, CancelReason::Operator).await;
    assert_eq!(bench.exited(id).await.end, code(5));
    // No cancel is claimed for what ended by itself, but nothing is left of it.
    assert_eq!(cancelled.evidence.cancel, None);
    assert!(members(id).is_empty());
}

/// A runner that was killed, with its command still there.
#[tokio::test]
async fn orphans_of_a_killed_runner_are_ended() {
    let Some(bench) = Bench::new(crate::local_session::Shell::Dash) else { return };
    let id = new_id();
    let runner =
        bench.start(id, &RunSpec::new("trap '' HUP; sleep 1000; sleep 1000")).await.evidence.started.unwrap().pid;
    until("the command runs", || !members(id).is_empty()).await;
    signal(runner, Signal::KILL);
    let cancelled = cancel(&bench, id, 1, CancelReason::Operator).await;
    assert_eq!(cancelled.evidence.observed, Observed::Vanished);
    until("all are gone", || bench.processes().is_empty()).await;
}
