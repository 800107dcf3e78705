//! A kernel built again and again, with the compiler's coloured warnings.

use std::fmt::Write;

use super::{BOLD, End, GREEN, MAGENTA, Part, RESET, Scene, clock, to_u64};

pub(super) fn program(_words: &[String]) -> (Vec<Part>, End) {
    (
        vec![Part::text("make: Entering directory '/usr/src/linux-6.12.9'\n"), Part::endless(line, INTERVAL)],
        End::Code(0),
    )
}

fn line(scene: &Scene, number: u64, out: &mut String) {
    let mut dice = scene.dice(number);
    let (pass, step) = (number / PASS, number % PASS);
    if step == PASS - 1 {
        let elapsed = clock(to_u64(scene.seconds(number)));
        let _ = writeln!(out, "Kernel: arch/x86/boot/bzImage is ready  (#{})", pass + 1);
        let _ = writeln!(
            out,
            "{GREEN}{BOLD}pass {:>4}{RESET} built in {}, vmlinux sha256 matches pass 1, {elapsed} in all",
            pass + 1,
            clock(to_u64(scene.seconds(PASS)))
        );
        return;
    }
    let (folder, file) = (*dice.pick(FOLDERS), *dice.pick(FILES));
    let tool = if dice.below(14) == 0 { "AR" } else { "CC" };
    if tool == "AR" {
        let _ = writeln!(out, "  AR      {folder}/built-in.a");
        return;
    }
    let module = if dice.below(3) == 0 { "[M]" } else { "   " };
    let _ = writeln!(out, "  CC {module} {folder}/{file}.o");
    if dice.below(60) == 0 {
        let (at, column) = (dice.between(80, 2_400), dice.between(9, 40));
        let name = *dice.pick(NAMES);
        let _ = writeln!(
            out,
            "{BOLD}{folder}/{file}.c:{at}:{column}:{RESET} {MAGENTA}{BOLD}warning: {RESET}unused variable '{BOLD}{name}{RESET}' [{MAGENTA}{BOLD}-Wunused-variable{RESET}]"
        );
        let _ = writeln!(
            out,
            "{at:>5} |         int {MAGENTA}{BOLD}{name}{RESET};\n      |             {MAGENTA}{BOLD}^{}{RESET}",
            "~".repeat(name.len() - 1)
        );
    }
}

const FOLDERS: &[&str] = &[
    "drivers/net/ethernet/intel/ice",
    "drivers/nvme/host",
    "fs/ext4",
    "fs/btrfs",
    "kernel/sched",
    "mm",
    "net/ipv4",
    "net/core",
    "drivers/gpu/drm/amd/display/dc",
    "sound/pci/hda",
    "arch/x86/kvm",
    "block",
    "crypto",
    "lib/zstd",
];
const FILES: &[&str] = &[
    "main",
    "core",
    "inode",
    "super",
    "tx_ring",
    "queue",
    "fair",
    "vmscan",
    "slub",
    "tcp_input",
    "skbuff",
    "namespace",
    "hw_sequencer",
    "patch_realtek",
    "mmu",
    "blk-mq",
    "aes_generic",
    "compress",
    "ethtool",
    "debugfs",
];
const NAMES: &[&str] = &["ret", "flags", "old_state", "pages_left", "idx", "tmp_mask"];
/// Files per kernel.
const PASS: u64 = 900;
const INTERVAL: f64 = 0.05;
