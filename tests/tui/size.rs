//! The window's size changes while a host streams.

use crate::rig::Rig;
use crate::runs::{last_tick, start, tick};
use crate::terminal::rows;

#[test]
fn the_screen_follows_its_window_while_output_streams() {
    let Some(rig) = Rig::new() else { return };
    let screen = rig.screen(80, 24);
    start(&screen, "count");
    for (columns, height) in [(200, 60), (60, 16), (80, 24)] {
        let seen = last_tick(&screen);
        screen.resize(columns, height);
        screen.wait(&format!("all of {columns}x{height} is used, and output goes on"), |screen| {
            let rows: Vec<_> = rows(screen).collect();
            let first = rows.first().is_some_and(|row| row.contains("steadfast") && reaches(row, columns - 2));
            // The timeline's upper edge goes all the way across.
            let edge = rows.iter().any(|row| row.contains("Timeline") && reaches(row, columns - 1));
            let last = rows.last().is_some_and(|row| row.contains("q quit"));
            let width = rows.iter().all(|row| row.chars().count() <= usize::from(columns));
            first && edge && last && width && tick(screen).is_some_and(|tick| tick > seen + 2)
        });
    }
    screen.resize(30, 8);
    screen.wait_for("is too small");
    screen.resize(80, 24);
    screen.wait_row(&["h1", "alive", "▶"]);
}

fn reaches(row: &str, columns: u16) -> bool {
    row.chars().count() >= usize::from(columns)
}
