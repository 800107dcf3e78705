//! What the screen asks for: the passphrase of a key.

use crate::rig::Rig;
use crate::support::until;

#[test]
fn a_passphrase_is_asked_for_and_never_shown() {
    let Some(rig) = Rig::locked(PASSPHRASE) else { return };
    let screen = rig.screen(80, 24);
    screen.wait_for("Passphrase of a key for h1");
    // Keys pressed as the question comes up were meant for something else: those are not taken.
    until("what is typed is taken", || {
        screen.keys("w");
        screen.contents().contains("> •")
    });
    screen.keys("rong\r");
    screen.wait_gone("> •");
    screen.wait_for("Passphrase of a key for h1");
    until("what is typed is taken", || {
        screen.keys("x");
        screen.contents().contains("> •")
    });
    screen.keys("\x15");
    screen.wait_gone("> •");
    screen.keys(PASSPHRASE);
    let dots = format!("> {}", "•".repeat(PASSPHRASE.len()));
    screen.wait_for(&dots);
    assert!(!screen.contents().contains("sesame"));
    screen.keys("\r");
    screen.wait_row(&["h1", "alive"]);
    assert!(!screen.contents().contains("sesame"));
}

const PASSPHRASE: &str = "open sesame";
