//! Cuts at any moment: nothing is lost, nothing comes twice, nothing is started twice.

use std::path::Path;

use rand::RngExt;
use sha2::{Digest, Sha256};
use steadfast::domain::id::AttemptId;
use steadfast::domain::link::LinkState;
use steadfast::domain::run::{RunSpec, Stream, Verdict};

use crate::rig::{Rig, Running};
use crate::support::proxy::Proxy;
use crate::support::until;

#[test]
fn a_session_that_is_killed_is_taken_up_at_the_next_byte() {
    let Some(rig) = Rig::new(&[]) else { return };
    let mut running = rig.start();
    let id = running.run(RunSpec::new("seq 1 500; sleep 0.5; seq 501 1000; exit 7"));
    running.wait_started(id);
    running.wait("alive", |fleet| fleet.hosts[&Rig::host()].link.state == LinkState::Alive);
    running.links.clear();
    rig.sshd.kill_sessions();
    assert_eq!(running.verdict(id), Verdict::Finished { code: 7 });
    assert_eq!(running.log(id, Stream::Out), numbers(1000).as_bytes());
    assert_eq!(running.links, [LinkState::Pinging, LinkState::Reconnecting, LinkState::Alive]);
    running.stop();
}

#[test]
fn a_hundred_kills_of_the_session_lose_no_line_of_two_million() {
    let Some(rig) = Rig::new(&[]) else { return };
    assert_kills(&rig, "\r\n");
}

#[test]
fn a_hundred_kills_lose_no_line_with_busybox_alone() {
    let Some(rig) = Rig::busybox() else { return };
    // Nothing there can make a terminal.
    assert_kills(&rig, "\n");
}

fn assert_kills(rig: &Rig, line_end: &str) {
    let mut running = rig.start();
    let id = running.run(RunSpec::new(&*paced_numbers()));
    running.wait_started(id);
    let log = running.log_path(id, Stream::Out);
    for (kill, at) in moments(100).into_iter().enumerate() {
        // One in four may fall into a login; were it all of them, the backoff would soon be all that is tested.
        let any = kill % 4 == 0;
        until(&format!("kill {kill} of a session, at {at}"), || {
            running.catch_up();
            let alive = running.fleet.hosts[&Rig::host()].link.state == LinkState::Alive;
            length(&log) >= at && (any || alive) && !rig.sshd.sessions().is_empty()
        });
        rig.sshd.kill_sessions();
    }
    assert_eq!(running.verdict(id), Verdict::Finished { code: 7 });
    assert_two_million(&running, id, line_end);
    running.stop();
}

#[test]
fn a_start_that_is_cut_anywhere_starts_once() {
    let Some(mut rig) = Rig::new(&[]) else { return };
    let proxy = Proxy::to(rig.sshd.port());
    rig.through(proxy.port());
    let marks = rig.state.path().join("marks");
    let command = format!("echo \"$STEADFAST_RUN\" >>{}", marks.display());
    let mut running = rig.start();
    running.wait("alive", |fleet| fleet.hosts[&Rig::host()].link.state == LinkState::Alive);
    let before = proxy.passed();
    let first = running.run(RunSpec::new(&*command));
    assert_eq!(running.verdict(first), Verdict::Finished { code: 0 });
    let exchange = proxy.passed() - before;
    let mut runs = vec![first];
    let mut random = rand::rng();
    for round in 0..CUTS {
        running.wait("alive", |fleet| fleet.hosts[&Rig::host()].link.state == LinkState::Alive);
        // Spread over the whole exchange, and a little beyond.
        let stratum = exchange * 11 / 10 / CUTS;
        proxy.cut_after(round * stratum + random.random_range(0..stratum.max(1)));
        let id = running.run(RunSpec::new(&*command));
        running.wait("a cut, or an end", |fleet| {
            fleet.hosts[&Rig::host()].link.state != LinkState::Alive
                || fleet.attempt(id).is_some_and(|attempt| attempt.phase.is_over())
        });
        proxy.mend();
        assert_eq!(running.verdict(id), Verdict::Finished { code: 0 }, "round {round}");
        runs.push(id);
    }
    let ran = std::fs::read_to_string(&marks).unwrap();
    for id in runs {
        assert_eq!(ran.lines().filter(|line| *line == id.run.as_str()).count(), 1, "{id}");
    }
    running.stop();
}

/// 1, 2, … as a terminal ends lines.
pub fn numbers(last: u64) -> String {
    lines(last, "\r\n")
}

fn lines(last: u64, line_end: &str) -> String {
    (1..=last).map(|n| format!("{n}{line_end}")).collect()
}

/// Two million lines over some 40 seconds; ends with 7.
pub fn paced_numbers() -> String {
    "i=0; while [ $i -lt 2000 ]; do seq $((i*1000+1)) $((i*1000+1000)); i=$((i+1)); sleep 0.02; done; exit 7".into()
}

/// Random lengths of the log, ascending, within the first nine tenths of what it will be at least.
pub fn moments(count: usize) -> Vec<u64> {
    let whole: u64 = (1..=2_000_000_u64).map(|n| u64::from(n.ilog10()) + 2).sum();
    let mut random = rand::rng();
    let mut moments: Vec<u64> = (0..count).map(|_| random.random_range(0..whole * 9 / 10)).collect();
    moments.sort_unstable();
    moments
}

pub fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}

pub fn assert_two_million(running: &Running<'_>, id: AttemptId, line_end: &str) {
    let log = running.log(id, Stream::Out);
    let expected = lines(2_000_000, line_end);
    assert_eq!(log.len(), expected.len());
    assert_eq!(Sha256::digest(&log), Sha256::digest(expected.as_bytes()));
}

/// Each takes about a second.
const CUTS: u64 = 40;
