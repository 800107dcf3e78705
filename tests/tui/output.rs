//! The output of a run, read as an operator reads it: from the end, from the top, by search.

use crate::rig::Rig;
use crate::runs::{start, tick};
use crate::terminal::rows;

#[test]
fn the_whole_history_can_be_read_and_searched() {
    let Some(rig) = Rig::new() else { return };
    let screen = rig.screen(100, 30);
    start(&screen, "history");
    screen.wait_for("line 5000 of the history");
    screen.wait_for("FOLLOW · 5,000 lines");

    // Enter goes to the output, g to its top, and from there nothing moves by itself.
    screen.keys("\rg");
    screen.wait("the first line", |screen| rows(screen).any(|row| row.contains("line 1 of the history")));
    screen.wait_gone("FOLLOW");
    screen.wait_for("line 1-");
    screen.keys("jjj");
    screen.wait_for("line 4-");
    screen.wait("three lines on", |screen| !rows(screen).any(|row| row.contains("line 3 of the history")));

    screen.keys("/");
    screen.wait_for("search output");
    screen.keys("line 4?321 of\r");
    screen.wait_for("line 321 of the history");
    screen.wait_for("2 matching lines");
    screen.keys("n");
    screen.wait_for("line 4321 of the history");
    screen.keys("N");
    screen.wait_for("line 321 of the history");
    screen.keys("/");
    screen.wait_for("search output");
    screen.keys("no such thing\r");
    screen.wait_for("/no such thing");
    screen.wait_for("not found");

    screen.keys("\x1b");
    screen.wait_gone("/no such thing");
    screen.keys("f");
    screen.wait_for("FOLLOW · 5,000 lines");
    screen.wait_for("line 5000 of the history");
}

#[test]
fn what_is_read_stands_still_while_more_comes() {
    let Some(rig) = Rig::new() else { return };
    let screen = rig.screen(80, 24);
    start(&screen, "count");
    screen.wait("more than fits on the screen", |screen| tick(screen).is_some_and(|tick| tick > 30));
    screen.wait_for("FOLLOW");
    screen.keys("\rg");
    screen.wait_gone("FOLLOW");
    screen.wait("the first line", |screen| rows(screen).any(|row| row.ends_with("tick 1") || row.contains("tick 1 ")));
    let below = |screen: &vt100::Screen| -> Option<f64> {
        let text = screen.contents();
        let words = text.split_once(" below")?.0;
        words.rsplit(['·', '(', ' ']).nth(1)?.trim().parse().ok()
    };
    screen.wait("how much is below", |screen| below(screen).is_some());
    let first = screen.with(below);
    screen.wait("more is below", |screen| below(screen) > first);
    assert!(screen.with(|screen| rows(screen).any(|row| row.ends_with("tick 1") || row.contains("tick 1 "))));
    screen.keys("G");
    screen.wait_for("FOLLOW");
}
