//! Runs, seen from the screen: started, cut off, left, found again, cancelled.

use rustix::process::Signal;

use crate::rig::Rig;
use crate::support::until;
use crate::terminal::{Terminal, rows};

#[test]
fn a_run_is_seen_through_an_outage_and_is_still_there_after_quitting() {
    let Some(rig) = Rig::new() else { return };
    let mut screen = rig.screen(120, 40);
    start(&screen, "count");
    screen.wait_for("tick 3");
    rig.sshd.kill_sessions();
    screen.wait("it is reached again", |screen| {
        let alive = rows(screen).any(|row| row.contains("h1") && row.contains("alive"));
        // The strip keeps the worst that was.
        alive && rows(screen).any(|row| row.contains("h1") && row.contains('◑'))
    });
    let told = latest_states(&screen);
    let order = ["alive", "reconnecting", "pinging", "alive"].map(str::to_owned);
    assert!(told.starts_with(&order), "the newest first: {told:?}");
    let reached = last_tick(&screen);
    screen.wait("output goes on", |now| tick(now).is_some_and(|tick| tick > reached + 3));
    quit(&screen);
    assert!(screen.wait_exit().success());
    screen.wait_for("1 run goes on on the hosts");

    let mut screen = rig.screen(120, 40);
    screen.wait_row(&["h1", "alive", "count"]);
    let found = last_tick(&screen);
    assert!(found > reached, "{found} after {reached}");
    screen.wait("output goes on", |now| tick(now).is_some_and(|tick| tick > found + 3));
    rig.finish();
    screen.wait_row(&["h1", "✓", "count", "exit 0"]);
    screen.wait_for("counted to");
    assert_whole(&rig);
    screen.keys("q");
    assert!(screen.wait_exit().success());
    assert_eq!(rig.begun(), 1);
}

#[test]
fn a_silent_host_is_pinged_then_reconnected_to() {
    let Some(rig) = Rig::new() else { return };
    let screen = rig.screen(80, 24);
    start(&screen, "count");
    screen.wait_for("tick 2");
    rig.sshd.freeze();
    screen.wait_row(&["h1", "pinging"]);
    screen.wait_row(&["h1", "reconnecting"]);
    let seen = last_tick(&screen);
    rig.sshd.thaw();
    screen.wait_row(&["h1", "alive"]);
    screen.wait("what was printed meanwhile is there", |now| tick(now).is_some_and(|tick| tick > seen + 10));
}

#[test]
fn nothing_is_lost_when_the_screen_is_killed() {
    let Some(rig) = Rig::new() else { return };
    let mut screen = rig.screen(100, 30);
    start(&screen, "count");
    screen.wait_for("tick 5");
    for _ in 0..3 {
        let seen = last_tick(&screen);
        screen.signal(Signal::KILL);
        screen.wait_exit();
        screen = rig.screen(100, 30);
        screen.wait("it goes on", |now| tick(now).is_some_and(|tick| tick > seen + 2));
    }
    rig.finish();
    screen.wait_row(&["h1", "✓", "count", "exit 0"]);
    assert_whole(&rig);
    assert_eq!(rig.begun(), 1);
}

#[test]
fn a_run_is_cancelled_only_when_confirmed_and_runs_again() {
    let Some(rig) = Rig::new() else { return };
    let screen = rig.screen(100, 30);
    start(&screen, "count");
    screen.wait_for("tick 2");
    screen.keys("x");
    screen.wait_for("Cancel count on h1?");
    screen.wait_for("[Keep it running]");
    screen.keys("\r");
    screen.wait_gone("Cancel count on h1?");
    assert!(!rig.processes().is_empty());
    let kept = last_tick(&screen);
    screen.wait("it was kept", |now| tick(now).is_some_and(|tick| tick > kept + 3));
    screen.keys("x");
    screen.wait_for("Cancel count on h1?");
    screen.keys("y");
    screen.wait_row(&["h1", "count", "cancelled"]);
    until("nothing is left of it on the host", || rig.processes().is_empty());
    screen.keys("R");
    screen.wait_for("attempt 2");
    screen.wait("it counts from the beginning", |now| tick(now).is_some_and(|tick| tick > 2));
    assert_eq!(rig.begun(), 2);
}

/// Starts a job as an operator would, and waits until it runs.
pub fn start(screen: &Terminal, job: &str) {
    screen.wait_row(&["h1", "alive"]);
    screen.keys("J");
    screen.wait_for("history");
    screen.keys(job);
    screen.wait(&format!("only {job} is left"), |screen| {
        let other = if job == "count" { "Five thousand" } else { "Lines for as" };
        !screen.contents().contains(other)
    });
    screen.keys("\r");
    screen.wait_for("[Start]");
    screen.keys("\r");
    screen.wait_row(&["h1", "▶", job]);
}

/// Leaves a screen on which runs go on.
pub fn quit(screen: &Terminal) {
    screen.keys("q");
    screen.wait_for("Nothing is stopped");
    screen.keys("\r");
}

/// The highest count in sight.
pub fn tick(screen: &vt100::Screen) -> Option<u32> {
    rows(screen).filter_map(|row| row.split_once("tick ")?.1.split(' ').next()?.parse().ok()).max()
}

pub fn last_tick(screen: &Terminal) -> u32 {
    screen.wait("a tick", |screen| tick(screen).is_some());
    screen.with(tick).unwrap()
}

/// What the host was lately, the newest first, as its sheet tells it.
fn latest_states(screen: &Terminal) -> Vec<String> {
    screen.keys("i");
    screen.wait_for("Latest states");
    // Its lowest edge comes last.
    screen.wait_for("esc closes");
    let told = screen.with(|screen| {
        let below = rows(screen).skip_while(|row| !row.contains("Latest states")).skip(1);
        // What is told of one may take several lines; the first of them begins with the time.
        let dated = |row: &String| row.split([' ', '│']).any(|word| word.len() == 10 && word.starts_with("20"));
        below.take_while(|row| !row.contains("esc closes")).filter(dated).filter_map(|row| state(&row)).collect()
    });
    screen.keys("\x1b");
    screen.wait_gone("Latest states");
    told
}

fn state(row: &str) -> Option<String> {
    let words = ["connecting", "alive", "pinging", "reconnecting"];
    row.split([' ', ':']).find(|word| words.contains(word)).map(str::to_owned)
}

/// Every line from the first to the last is in our copy, once.
fn assert_whole(rig: &Rig) {
    let log = rig.headless(&["log", "last"]);
    let text = String::from_utf8(log.stdout).unwrap();
    let ticks: Vec<_> =
        text.lines().filter_map(|line| line.strip_prefix("tick ")?.trim().parse::<usize>().ok()).collect();
    assert!(!ticks.is_empty() && ticks.iter().copied().eq(1..=ticks.len()), "{text}");
    let counted = format!("counted to {}", ticks.len());
    assert!(text.lines().any(|line| line.trim() == counted), "{text}");
}
