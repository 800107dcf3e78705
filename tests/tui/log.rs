//! What an operator does with a log: shows less of it, reads it in a pager, saves it, looks at its screen.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::rig::Rig;
use crate::runs::start;
use crate::support::until;
use crate::terminal::rows;

#[test]
fn only_lines_that_match_are_shown_until_all_are_again() {
    let Some(rig) = Rig::new() else { return };
    let screen = rig.screen(120, 40);
    start(&screen, "history");
    screen.wait_for("FOLLOW · 5,000 lines");
    screen.keys("\r&");
    screen.wait_for("show only lines with");
    screen.keys("line 4?321 of\r");
    screen.wait_for("filter: line 4?321 of (2 of 5,000)");
    screen.wait_for("line 321 of the history");
    screen.wait_for("line 4321 of the history");
    screen.wait_gone("line 5000 of the history");
    screen.keys("\x1b");
    screen.wait_for("FOLLOW · 5,000 lines");
    screen.wait_for("line 5000 of the history");
    // To a line, and to a time before there was any.
    screen.keys("@");
    screen.wait_for("Go to");
    screen.keys("2500\r");
    screen.wait_for("line 2500 of the history");
    screen.keys("@");
    screen.wait_for("Go to");
    screen.keys("tomorrow\r");
    screen.wait_for("is no time, size, percentage or line");
}

#[test]
fn a_filter_goes_on_with_what_comes() {
    let Some(rig) = Rig::new() else { return };
    let screen = rig.screen(80, 24);
    start(&screen, "count");
    screen.wait_for("tick 2");
    screen.keys("\r&7$\r");
    screen.wait("the second that passes, and none that does not", |screen| {
        let has = |tick: &str| rows(screen).any(|row| row.contains(tick));
        has("tick 17") && has("tick 27") && !has("tick 26")
    });
}

#[test]
fn the_log_is_read_in_a_pager_and_the_screen_is_there_again_afterwards() {
    let Some(rig) = Rig::new() else { return };
    let script = "#!/bin/sh\nfor log; do :; done\necho \"it begins with $(head -n 1 \"$log\")\"\nread -r said\n";
    fs::write(rig.pager(), script).unwrap();
    fs::set_permissions(rig.pager(), fs::Permissions::from_mode(0o700)).unwrap();
    let screen = rig.screen(100, 30);
    start(&screen, "history");
    screen.wait_for("FOLLOW · 5,000 lines");
    screen.keys("\ro");
    screen.wait_for("it begins with line 1 of the history");
    assert!(screen.with(|screen| !screen.alternate_screen() && !screen.hide_cursor()), "the terminal is the pager's");
    // What is typed is the pager's too: not a key of ours.
    screen.keys("g and q\n");
    screen.wait_for("FOLLOW · 5,000 lines");
    assert!(screen.with(|screen| screen.alternate_screen()));
    // Interrupted, it ends, and we do not.
    screen.keys("o");
    // What the first one wrote is still there.
    let begun = |screen: &vt100::Screen| screen.contents().matches("it begins with line 1").count();
    screen.wait("the second one has begun", |screen| begun(screen) == 2);
    screen.keys("\x03");
    screen.wait_for("SIGINT");
    assert!(!screen.contents().contains("Quit"));
    fs::remove_file(rig.pager()).unwrap();
    screen.keys("o");
    screen.wait_for("is not installed; set PAGER");
    screen.wait_for("FOLLOW");
}

#[test]
fn a_log_is_saved_where_the_operator_says() {
    let Some(rig) = Rig::new() else { return };
    let screen = rig.screen(100, 30);
    start(&screen, "history");
    screen.wait_for("FOLLOW · 5,000 lines");
    screen.keys("S");
    screen.wait_for("Save the log as");
    screen.keys("\x15~/copy.log\t\r");
    screen.wait_for("saved ");
    let copy = rig.home().join("copy.log");
    let text = fs::read_to_string(&copy).unwrap();
    assert!(text.lines().count() == 5000 && text.ends_with("line 5000 of the history\n"), "plain: without returns");
    screen.keys("S");
    screen.wait_for("Save the log as");
    screen.keys("\x15~/copy.log\r");
    screen.wait_for("Overwrite ~/copy.log?");
    screen.keys("y");
    until("it is written over", || fs::read_to_string(&copy).unwrap().ends_with("history\r\n"));
    let again = rig.headless(&["log", "last", "--output", copy.to_str().unwrap()]);
    assert!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("--force"), "{again:?}");
    let again = rig.headless(&["log", "last", "--plain", "--force", "--output", copy.to_str().unwrap()]);
    assert!(again.status.success(), "{again:?}");
    assert_eq!(fs::read_to_string(&copy).unwrap(), text);
}

#[test]
fn a_full_screen_program_is_looked_at_as_it_drew_itself() {
    let Some(rig) = Rig::new() else { return };
    let screen = rig.screen(100, 30);
    start(&screen, "installer");
    screen.wait_row(&["h1", "▶", "installer"]);
    screen.keys("T");
    screen.wait_for("screen of installer on h1 attempt 1");
    screen.wait("its screen, reversed where it is", |screen| {
        let at = |row: u16, column: u16| screen.cell(row, column).is_some_and(|cell| cell.inverse());
        rows(screen).nth(3).is_some_and(|row| row.starts_with("    Installer of things")) && at(5, 9) && !at(5, 13)
    });
    screen.wait_for(", full screen");
    rig.finish();
    screen.wait_gone("Installer of things");
    screen.keys("\x1b");
    screen.wait_row(&["h1", "✓", "installer"]);
}
