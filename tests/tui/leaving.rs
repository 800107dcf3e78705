//! How the screen is left: by the operator, by a signal, by a terminal that is gone; and what a second
//! one says meanwhile.

use rustix::process::Signal;

use crate::rig::Rig;
use crate::runs::{quit, start};
use crate::support::{processes, until};

#[test]
fn quitting_gives_the_terminal_back_and_says_what_goes_on() {
    let Some(rig) = Rig::new() else { return };
    let mut screen = rig.screen(80, 24);
    start(&screen, "count");
    assert!(screen.with(|screen| screen.alternate_screen() && screen.hide_cursor() && screen.bracketed_paste()));
    screen.keys("q");
    screen.wait_for("Quit? 1 run goes on");
    screen.keys("\x1b");
    screen.wait_gone("Quit?");
    quit(&screen);
    assert!(screen.wait_exit().success());
    screen.assert_restored();
    screen.wait_for("1 run goes on on the hosts; start steadfast again to see them");
    assert!(!screen.contents().contains("tick"), "{}", screen.contents());
    assert!(!rig.processes().is_empty(), "the run goes on");
}

#[test]
fn ctrl_c_asks_and_a_second_one_leaves_at_once() {
    let Some(rig) = Rig::new() else { return };
    let mut screen = rig.screen(80, 24);
    screen.wait_row(&["h1", "alive"]);
    screen.keys("\x03");
    screen.wait_for("No run goes on. ctrl-C again quits.");
    screen.keys("\x03");
    assert_eq!(screen.wait_exit().exit_code(), 130);
    screen.assert_restored();
}

#[test]
fn a_signal_to_end_gives_the_terminal_back() {
    let Some(rig) = Rig::new() else { return };
    let mut screen = rig.screen(80, 24);
    start(&screen, "count");
    screen.signal(Signal::TERM);
    assert_eq!(screen.wait_exit().exit_code(), 143);
    screen.assert_restored();
    assert!(!rig.processes().is_empty(), "the run goes on");
}

#[test]
fn a_terminal_that_is_gone_ends_it_and_not_the_run() {
    let Some(rig) = Rig::new() else { return };
    let mut screen = rig.screen(80, 24);
    start(&screen, "count");
    let pid = screen.pid();
    screen.hang_up();
    until("it ends", || screen.has_ended());
    assert!(!processes::is_alive(pid));
    assert!(!rig.processes().is_empty(), "the run goes on");
    let again = rig.screen(80, 24);
    again.wait_row(&["h1", "alive", "▶"]);
    again.wait_row(&["count", "h1", "▶ running"]);
}

#[test]
fn a_second_one_says_who_holds_the_ledger() {
    let Some(rig) = Rig::new() else { return };
    let mut first = rig.screen(80, 24);
    start(&first, "count");
    let mut second = rig.screen(120, 40);
    second.wait_for("holds the ledger");
    second.wait_for(&format!("pid {}", first.pid()));
    second.wait_row(&["h1", "count"]);
    second.keys("q");
    second.wait_for("Nothing is stopped");
    second.keys("\r");
    assert!(second.wait_exit().success());
    second.assert_restored();
    first.wait_row(&["h1", "alive"]);
    quit(&first);
    assert!(first.wait_exit().success());
}
