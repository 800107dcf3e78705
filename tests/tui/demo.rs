//! `steadfast demo`: what it shows in its first two minutes, and what it leaves behind.

use vt100::Screen;

use crate::rig;
use crate::terminal::rows;

#[test]
fn the_demo_shows_outages_a_refusal_and_a_reboot_and_leaves_nothing() {
    let (mut screen, dir) = rig::demo(&["--seed", "3", "--speed", "5"], 160, 45);
    screen.wait("a host that refuses us", |screen| hosts(screen).any(|row| row.contains("refused")));
    screen.wait("at least eight hosts", |screen| hosts(screen).count() >= 8);
    screen.wait("most of them alive", |screen| hosts(screen).filter(|row| row.contains("alive")).count() >= 5);
    screen.wait("an outage on the timeline", |screen| strips(screen).any(|row| row.contains('◑')));
    screen.wait("a reboot on the timeline", |screen| strips(screen).any(|row| row.contains('↻')));
    assert_eq!(std::fs::read_dir(dir.path().join("tmp")).unwrap().count(), 1, "its own folder");
    screen.keys("q");
    screen.wait_for("Quit the demo?");
    screen.keys("\r");
    assert!(screen.wait_exit().success());
    screen.assert_restored();
    for place in ["tmp", "home"] {
        assert_eq!(std::fs::read_dir(dir.path().join(place)).unwrap().count(), 0, "{place}");
    }
}

/// The rows of the list of hosts.
fn hosts(screen: &Screen) -> impl Iterator<Item = String> {
    let words = ["connecting", "alive", "pinging", "reconnecting", "rebooted", "refused", "lost"];
    let list = rows(screen).take_while(|row| !row.contains("Timeline")).skip(2);
    list.map(|row| row.chars().take(40).collect::<String>())
        .filter(move |row| words.iter().any(|word| row.contains(&format!("  {word}"))))
}

fn strips(screen: &Screen) -> impl Iterator<Item = String> {
    let mut below = rows(screen).skip_while(|row| !row.contains("Timeline"));
    below.next();
    // Not the sign of the present, before the name.
    below.map(|row| row.chars().skip(14).collect())
}
