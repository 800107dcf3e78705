//! Slow and steady: badblocks with its percentage, and a firmware update with its bar.

use std::fmt::Write;

use super::{BOLD, CYAN, DIM, End, GREEN, Part, RESET, Scene, clock, to_u64};

pub(super) fn badblocks(_words: &[String]) -> (Vec<Part>, End) {
    let parts = PATTERNS.iter().flat_map(|pattern| {
        let title = format!("Testing with pattern {pattern}: ");
        [
            Part::text(title),
            Part::lines(block, BLOCK_FRAMES, 1.0),
            Part::text("done                                \nReading and comparing: "),
            Part::lines(block, BLOCK_FRAMES, 1.0),
            Part::text("done                                \n"),
        ]
    });
    let head = Part::text("Checking for bad blocks in read-write mode\nFrom block 0 to 976754645\n");
    let foot = Part::text("Pass completed, 0 bad blocks found. (0/0/0 errors)\n");
    (std::iter::once(head).chain(parts).chain([foot]).collect(), End::Code(0))
}

/// Drawn over itself with backspaces, as badblocks does.
fn block(scene: &Scene, number: u64, out: &mut String) {
    let percent = scene.seconds(number) * 100.0 / scene.seconds(scene.frames);
    let progress = format!("{percent:6.2}% done, {} elapsed. (0/0/0 errors)", clock(to_u64(scene.seconds(number))));
    let back = "\x08".repeat(progress.len());
    let _ = write!(out, "{progress}{back}");
}

pub(super) fn firmware(words: &[String]) -> (Vec<Part>, End) {
    let image = words.last().map_or("image.bin", String::as_str);
    let head = format!(
        "{BOLD}fwupdate 1.9.16{RESET}  image {image}  (33554432 bytes)\n{CYAN}==>{RESET} verifying signature            {GREEN}ok{RESET}\n{CYAN}==>{RESET} BMC 2.18.0 -> 2.19.4, slot B     {GREEN}ok{RESET}\n{CYAN}==>{RESET} erasing slot B\n"
    );
    let parts = vec![
        Part::text(head),
        Part::lines(bar, 40, 0.15),
        Part::text(format!("\n{CYAN}==>{RESET} writing slot B\n")),
        Part::lines(bar, 240, 0.22),
        Part::text(format!("\n{CYAN}==>{RESET} reading back\n")),
        Part::lines(bar, 90, 0.15),
        Part::text(format!(
            "\n{CYAN}==>{RESET} sha256 of slot B              {GREEN}match{RESET}\n{CYAN}==>{RESET} boot slot set to B            {GREEN}ok{RESET}\nfirmware is active after the next power cycle\n"
        )),
    ];
    (parts, End::Code(0))
}

fn bar(scene: &Scene, number: u64, out: &mut String) {
    let mut dice = scene.dice(number);
    let percent = (number + 1) * 100 / scene.frames;
    let full = usize::try_from(percent * 36 / 100).unwrap_or(0);
    let _ = write!(
        out,
        "\r    {GREEN}{}{RESET}{DIM}{}{RESET} {percent:>3} %  {}.{} MiB/s",
        "█".repeat(full),
        "░".repeat(36 - full),
        dice.between(1, 2),
        dice.below(10)
    );
}

const PATTERNS: &[&str] = &["0xaa", "0x55", "0xff", "0x00"];
const BLOCK_FRAMES: u64 = 5_400;
