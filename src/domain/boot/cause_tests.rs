use proptest::prelude::*;

use super::*;

fn trace(source: TraceSource, text: &str) -> Trace {
    let mut trace = Trace::new(source, "");
    text.lines().for_each(|line| trace.add(line));
    trace
}

fn last(text: &str) -> Trace {
    trace(TraceSource::Last, text)
}

fn kernel(text: &str) -> Trace {
    trace(TraceSource::Kernel, text)
}

fn pstore(at: i64, text: &str) -> Trace {
    trace(TraceSource::Pstore { name: "dmesg-efi_pstore-170000000001001".into(), at: Some(at) }, text)
}

/// Debian 12, util-linux 2.38.
const CLEAN: &str = "\
runlevel (to lvl 5)   6.1.0-13-amd64   Tue Nov 14 22:13   still running
reboot   system boot  6.1.0-13-amd64   Tue Nov 14 22:13   still running
shutdown system down  6.1.0-13-amd64   Tue Nov 14 22:12 - 22:13  (00:00)
runlevel (to lvl 5)   6.1.0-13-amd64   Mon Nov 13 08:01 - 22:12 (1+14:11)
reboot   system boot  6.1.0-13-amd64   Mon Nov 13 08:00 - 22:12 (1+14:11)";

/// The same host after its plug was pulled.
const CUT: &str = "\
runlevel (to lvl 5)   6.1.0-13-amd64   Tue Nov 14 22:13   still running
reboot   system boot  6.1.0-13-amd64   Tue Nov 14 22:13   still running
runlevel (to lvl 5)   6.1.0-13-amd64   Mon Nov 13 08:01 - 22:13 (1+14:12)
reboot   system boot  6.1.0-13-amd64   Mon Nov 13 08:00   still running
shutdown system down  6.1.0-13-amd64   Mon Nov 13 07:59 - 08:00  (00:00)";

const SYSRQ: &str = "\
Panic#1 Part1
<6>[  911.312219] sysrq: Trigger a crash
<0>[  911.312224] Kernel panic - not syncing: sysrq triggered crash
<4>[  911.312229] CPU: 1 PID: 812 Comm: bash Not tainted 6.1.0-13-amd64 #1  Debian 6.1.55-1";

const OOM: &str = "\
Nov 14 22:11:58 db1 kernel: Out of memory and no killable processes...
Nov 14 22:11:58 db1 kernel: Kernel panic - not syncing: System is deadlocked on memory";

#[test]
fn a_shutdown_between_two_boots_is_clean_and_none_is_power() {
    assert_eq!(RebootCause::of(&[last(CLEAN)], None), RebootCause::CleanShutdown);
    assert_eq!(RebootCause::of(&[last(CUT)], None), RebootCause::PowerLoss);
    let one = CUT.lines().nth(1).unwrap_or_default();
    assert_eq!(RebootCause::of(&[last(one)], None), RebootCause::Unknown, "nothing to compare it with");
}

#[test]
fn what_the_kernel_said_last_counts_more_than_a_record_that_is_missing() {
    assert_eq!(RebootCause::of(&[last(CUT), pstore(1_000, SYSRQ)], Some(900)), RebootCause::Panic);
    assert_eq!(RebootCause::of(&[last(CUT), kernel(OOM)], None), RebootCause::OutOfMemory);
    let lockup = "[ 99.1] Kernel panic - not syncing: Hard LOCKUP";
    assert_eq!(RebootCause::of(&[kernel(lockup)], None), RebootCause::Watchdog);
    let dump = pstore(1_000, "Panic#2 Part3\n<4>[  1.0] Call Trace:");
    assert_eq!(RebootCause::of(&[dump], None), RebootCause::Panic);
}

#[test]
fn a_crash_of_long_ago_explains_nothing() {
    assert_eq!(RebootCause::of(&[last(CLEAN), pstore(1_000, SYSRQ)], Some(5_000)), RebootCause::CleanShutdown);
    let oops = pstore(9_000, "Oops#1 Part1\n<1>[ 1.0] BUG: kernel NULL pointer dereference");
    assert_eq!(RebootCause::of(&[oops], None), RebootCause::Unknown, "an oops need not end a boot");
}

#[test]
fn an_out_of_memory_kill_alone_is_no_reboot() {
    let kill = "kernel: Out of memory: Killed process 4242 (stress-ng) total-vm:8388608kB";
    assert_eq!(RebootCause::of(&[last(CUT), kernel(kill)], None), RebootCause::PowerLoss);
}

#[test]
fn kexec_watchdog_and_a_log_that_ends_in_a_shutdown_are_known() {
    let kexec = "[ 712.10] systemd-shutdown[1]: Rebooting with kexec.\n[ 712.11] kexec_core: Starting new kernel";
    assert_eq!(RebootCause::of(&[kernel(kexec)], None), RebootCause::Kexec);
    let down =
        "[ 712.10] systemd-shutdown[1]: Syncing filesystems and block devices.\n[ 712.4] reboot: Restarting system";
    assert_eq!(RebootCause::of(&[kernel(down)], None), RebootCause::CleanShutdown);
    let status = |n: &str| trace(TraceSource::Watchdog, n);
    assert_eq!(RebootCause::of(&[last(CUT), status("32")], None), RebootCause::Watchdog);
    assert_eq!(RebootCause::of(&[status("0")], None), RebootCause::Unknown);
}

#[test]
fn nothing_and_nonsense_prove_nothing() {
    assert_eq!(RebootCause::of(&[], None), RebootCause::Unknown);
    for text in ["", "\n\n", "last: cannot open /var/log/wtmp: No such file or directory", "rebooted\nshut down"] {
        let traces = [last(text), kernel(text), pstore(1, text), trace(TraceSource::Watchdog, text)];
        assert_eq!(RebootCause::of(&traces, Some(0)), RebootCause::Unknown, "{text}");
    }
}

proptest! {
    #[test]
    fn whatever_a_host_writes_is_bounded_and_crashes_nothing(
        lines in proptest::collection::vec("\\PC{0,30}|Kernel panic - not syncing:\\PC{0,9}|reboot |shutdown ", 0..30), times in 1_usize..100
    ) {
        let text = lines.join("\n").repeat(times);
        for source in [TraceSource::Last, TraceSource::Kernel, TraceSource::Watchdog] {
            let trace = trace(source, &text);
            prop_assert!(trace.text.len() <= TEXT);
            let _ = RebootCause::of(&[trace], None);
        }
    }
}
