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
    let file = *dice.pick(FILES);
    let folder = file.rsplit_once('/').map_or(file, |(folder, _)| folder);
    if dice.below(14) == 0 {
        let _ = writeln!(out, "  AR      {folder}/built-in.a");
        return;
    }
    let module = folder.starts_with("drivers") || folder.starts_with("sound");
    let _ = writeln!(out, "  CC {} {file}.o", if module { "[M] " } else { "    " });
    if dice.below(60) == 0 {
        let (at, column) = (dice.between(80, 2_400), dice.between(9, 40));
        let name = *dice.pick(NAMES);
        let _ = writeln!(
            out,
            "{BOLD}{file}.c:{at}:{column}:{RESET} {MAGENTA}{BOLD}warning: {RESET}unused variable '{BOLD}{name}{RESET}' [{MAGENTA}{BOLD}-Wunused-variable{RESET}]"
        );
        let _ = writeln!(
            out,
            "{at:>5} |         int {MAGENTA}{BOLD}{name}{RESET};\n      |             {MAGENTA}{BOLD}^{}{RESET}",
            "~".repeat(name.len() - 1)
        );
    }
}

const FILES: &[&str] = &[
    "arch/x86/kvm/mmu/mmu",
    "arch/x86/kernel/apic/vector",
    "block/blk-mq",
    "crypto/aes_generic",
    "drivers/gpu/drm/amd/display/dc/dce/dce_aux",
    "drivers/gpu/drm/i915/i915_gem",
    "drivers/net/ethernet/intel/ice/ice_txrx",
    "drivers/net/ethernet/intel/ice/ice_main",
    "drivers/net/ethernet/mellanox/mlx5/core/en_rx",
    "drivers/nvme/host/core",
    "drivers/nvme/host/pci",
    "drivers/scsi/mpt3sas/mpt3sas_base",
    "drivers/usb/host/xhci-ring",
    "fs/btrfs/extent-tree",
    "fs/btrfs/inode",
    "fs/ext4/inode",
    "fs/ext4/mballoc",
    "fs/namespace",
    "fs/xfs/xfs_log",
    "kernel/bpf/verifier",
    "kernel/rcu/tree",
    "kernel/sched/core",
    "kernel/sched/fair",
    "lib/zstd/compress/zstd_compress",
    "mm/memcontrol",
    "mm/page_alloc",
    "mm/slub",
    "mm/vmscan",
    "net/core/dev",
    "net/core/skbuff",
    "net/ipv4/tcp_input",
    "net/ipv4/tcp_output",
    "net/netfilter/nf_tables_api",
    "sound/pci/hda/patch_realtek",
];
const NAMES: &[&str] = &["ret", "flags", "old_state", "pages_left", "idx", "tmp_mask"];
/// Files per kernel.
const PASS: u64 = 900;
const INTERVAL: f64 = 0.05;
