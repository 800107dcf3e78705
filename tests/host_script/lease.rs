//! A follower lives as long as its connection, and leaves nothing behind.

use std::fs;

use rustix::process::Signal;
use steadfast::domain::id::AttemptId;
use steadfast::domain::run::Stream;

use crate::bench::{Bench, in_every_shell, members, new_id, read, split, until};
use crate::processes::{descendants, is_alive, signal};

in_every_shell!(its_stdins_end_is_its_end, not_even_its_shells_death_leaves_it, many_may_follow_at_once);

/// A run that goes on, and what of it has nothing to do with followers.
async fn endless(bench: &Bench) -> (AttemptId, Vec<u32>) {
    let id = new_id();
    let runner = bench.start(id, &split("echo abc; exec sleep 1000")).await.evidence.started.unwrap().pid;
    until("the command runs", || members(id).len() == 1).await;
    (id, vec![runner, members(id)[0]])
}

async fn its_stdins_end_is_its_end(bench: Bench) {
    let (id, run) = endless(&bench).await;
    let mut follower = bench.follower(id, Stream::Out, 0).await;
    assert_eq!(read(&mut follower, 4).await, b"abc\n");
    let shell = bench.session.last_shell();
    let mut processes = descendants(shell);
    assert!(processes.len() >= 2, "{processes:?}");
    processes.push(shell);
    drop(follower);
    until("the follower is gone", || processes.iter().all(|pid| !is_alive(*pid))).await;
    until("it is out of the register", || registered(&bench, id) == 0).await;
    assert!(run.iter().all(|pid| is_alive(*pid)));
}

async fn not_even_its_shells_death_leaves_it(bench: Bench) {
    let (id, run) = endless(&bench).await;
    let mut follower = bench.follower(id, Stream::Out, 0).await;
    assert_eq!(read(&mut follower, 4).await, b"abc\n");
    let shell = bench.session.last_shell();
    let mut processes = descendants(shell);
    processes.push(shell);
    signal(shell, Signal::KILL);
    // Its stdin is still open.
    until("the follower is gone", || processes.iter().all(|pid| !is_alive(*pid))).await;
    drop(follower);
    assert!(run.iter().all(|pid| is_alive(*pid)));
}

async fn many_may_follow_at_once(bench: Bench) {
    let (id, _) = endless(&bench).await;
    let mut followers = Vec::new();
    for from in 0..3 {
        followers.push((from, bench.follower(id, Stream::Out, from).await));
    }
    for (from, follower) in &mut followers {
        let left = 4 - usize::try_from(*from).unwrap();
        assert_eq!(read(follower, left).await, b"abc\n"[4 - left..]);
    }
}

fn registered(bench: &Bench, id: AttemptId) -> usize {
    let names = fs::read_dir(bench.runs().join(id.to_string())).unwrap().flatten();
    names.filter(|entry| entry.file_name().to_string_lossy().starts_with("follow.")).count()
}
