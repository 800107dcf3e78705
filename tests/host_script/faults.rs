//! What a host is made of and what it counts of its own faults, from the files of a system that is made here.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use steadfast::domain::run::{Fault, Growth};
use steadfast::remote;

use crate::bench::{Bench, LIMIT, in_every_shell, new_id, split};

in_every_shell!(
    what_a_host_counts_is_summed,
    what_grew_is_told_and_what_was_set_back,
    every_run_ends_with_what_was_counted,
    a_host_says_what_it_is_made_of,
    a_container_has_the_interfaces_that_are_no_hardware,
    a_bsd_is_asked_by_its_tools,
    this_machine_says_what_it_is_made_of,
);

fn put(root: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// What a function of the script says, called by itself.
fn said(bench: &Bench, call: &str) -> Vec<String> {
    let mut command = bench.session.surroundings().command();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let text = format!("{}\n{{ {call} ; exit; }}\n", include_str!("../../assets/host.sh"));
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{call}");
    let mut lines: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(String::from).collect();
    lines.sort();
    lines
}

/// Two memory controllers, two packages of two processors, three PCIe devices.
const COUNTS: [(&str, &str); 21] = [
    ("sys/devices/system/edac/mc/mc0/ce_count", "3\n"),
    ("sys/devices/system/edac/mc/mc0/ue_count", "0\n"),
    ("sys/devices/system/edac/mc/mc1/ce_count", "4\n"),
    ("sys/devices/system/edac/mc/mc1/ue_count", "garbage\n"),
    ("sys/bus/pci/devices/0000:00:1c.0/aer_dev_correctable", "RxErr 5\nBadTLP 1\nTOTAL_ERR_COR 6\n"),
    ("sys/bus/pci/devices/0000:00:1c.0/aer_dev_fatal", "DLP 0\nTOTAL_ERR_FATAL 0\n"),
    ("sys/bus/pci/devices/0000:00:1c.0/aer_dev_nonfatal", "DLP 0\nTOTAL_ERR_NONFATAL 2\n"),
    ("sys/bus/pci/devices/0000:01:00.0/aer_dev_correctable", "TOTAL_ERR_COR 10\n"),
    ("sys/bus/pci/devices/0000:02:00.0/vendor", "0x8086\n"),
    ("sys/devices/system/cpu/cpu0/topology/physical_package_id", "0\n"),
    ("sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "7\n"),
    ("sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count", "20\n"),
    ("sys/devices/system/cpu/cpu1/topology/physical_package_id", "0\n"),
    ("sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count", "5\n"),
    ("sys/devices/system/cpu/cpu1/thermal_throttle/package_throttle_count", "21\n"),
    ("sys/devices/system/cpu/cpu2/topology/physical_package_id", "1\n"),
    ("sys/devices/system/cpu/cpu2/thermal_throttle/package_throttle_count", "100\n"),
    (
        "proc/interrupts",
        "            CPU0       CPU1\n   0:         38          0   IO-APIC    2-edge      timer\n TRM:          9          9   Thermal event interrupts\n THR:          1          2   Threshold APIC interrupts\n DFR:          0          0   Deferred Error APIC interrupts\n MCE:          0          1   Machine check exceptions\n MCP:         99         99   Machine check polls\n ERR:          7\n",
    ),
    ("proc/vmstat", "nr_free_pages 123\noom_kill 8\n"),
    ("group/memory.events", "low 0\nhigh 0\nmax 4\noom 2\noom_kill 1\noom_group_kill 0\n"),
    ("proc/meminfo", "MemTotal:       65766012 kB\nMemFree:  1 kB\n"),
];

async fn what_a_host_counts_is_summed(bench: Bench) {
    let root = bench.dir().join("root");
    put(&root, &COUNTS);
    let call = format!("sf_group_at={0}/group/memory.events; sf_faults {0}", root.display());
    let expected = [
        "aer_correctable=16",
        "aer_fatal=0",
        "aer_nonfatal=2",
        "edac_ce=7",
        "edac_ue=0",
        "mce=1",
        "mce_corrected=3",
        "mce_deferred=0",
        "oom_kill=8",
        "oom_kill_group=1",
        "thermal_core=12",
        "thermal_package=121",
    ];
    assert_eq!(said(&bench, &call), expected);
    fs::create_dir_all(bench.dir().join("empty")).unwrap();
    assert!(said(&bench, &format!("sf_faults {}/empty", bench.dir().display())).is_empty());
}

async fn what_grew_is_told_and_what_was_set_back(bench: Bench) {
    let root = bench.dir().join("root");
    put(&root, &COUNTS);
    // Nothing is said of what was not counted at the start, nor of what is not counted any more.
    let before = "edac_ce=4\nedac_ue=0\nthermal_core=12\nthermal_package=200\naer_fatal=18446744073\ngone=3\n";
    fs::write(bench.dir().join("counters"), before).unwrap();
    let expected = [
        "fault_aer_fatal=reset",
        "fault_edac_ce=3",
        "fault_edac_ue=0",
        "fault_thermal_core=0",
        "fault_thermal_package=reset",
    ];
    let call = format!("cd {}; sf_growth {}", bench.dir().display(), root.display());
    assert_eq!(said(&bench, &call), expected);
    fs::write(bench.dir().join("counters"), "").unwrap();
    assert!(said(&bench, &call).is_empty());
}

async fn every_run_ends_with_what_was_counted(bench: Bench) {
    let (id, _) = bench.run(&split("exit 0")).await;
    let kept = fs::read_to_string(bench.file(id, "counters")).unwrap();
    let faults = bench.state(id).await.faults;
    let words: Vec<&str> = faults.all().iter().map(|(fault, _)| fault.word()).collect();
    let mut counted: Vec<&str> = kept.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    counted.retain(|name| words.contains(name));
    assert_eq!(counted.len(), words.len(), "{kept}");
    // Every Linux since 4.13 counts these.
    assert!(faults.all().iter().any(|(fault, growth)| *fault == Fault::OutOfMemory && *growth != Growth::Reset));

    // The record of a run of an older script, and one that a boot interrupted.
    let id = new_id();
    bench.start(id, &split("sleep 1000")).await;
    let ident = fs::read_to_string(bench.file(id, "ident")).unwrap();
    let boot = ident.lines().find(|line| line.starts_with("boot_id=")).unwrap();
    let booted = ident.replace(boot, "boot_id=00000000-77aa-4c1e-9d0b-2f6a1c0e9b11");
    fs::write(bench.file(id, "ident"), &booted).unwrap();
    assert!(bench.state(id).await.faults.was_rebooted());
    fs::remove_file(bench.file(id, "counters")).unwrap();
    assert!(bench.state(id).await.faults.is_unknown());
}

const MADE_OF: [(&str, &str); 16] = [
    ("etc/os-release", "NAME=\"Rocky Linux\"\nPRETTY_NAME=\"Rocky Linux 9.3 (Blue Onyx)\"\n"),
    ("proc/sys/kernel/osrelease", "5.14.0-362.8.1.el9_3.x86_64\n"),
    ("proc/cpuinfo", "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC 7313P 16-Core Processor\n"),
    ("proc/meminfo", "MemTotal:       65766012 kB\nMemFree:  1 kB\n"),
    ("sys/devices/system/cpu/online", "0-31\n"),
    ("sys/class/net/lo/address", "00:00:00:00:00:00\n"),
    ("sys/class/net/docker0/address", "02:42:00:00:00:01\n"),
    ("sys/class/net/docker0/operstate", "down\n"),
    ("sys/class/net/eno1/device/vendor", "0x8086\n"),
    ("sys/class/net/eno1/address", "3c:ec:ef:00:00:01\n"),
    ("sys/class/net/eno1/operstate", "up\n"),
    ("sys/class/net/eno1/speed", "10000\n"),
    ("sys/class/net/eno2/device/vendor", "0x8086\n"),
    ("sys/class/net/eno2/address", "3c:ec:ef:00:00:02\n"),
    ("sys/class/net/eno2/operstate", "down\n"),
    // Reading it fails while the interface is down.
    ("sys/class/net/eno2/speed/none", "\n"),
];

async fn a_host_says_what_it_is_made_of(bench: Bench) {
    let root = bench.dir().join("root");
    put(&root, &MADE_OF);
    let expected = [
        "cpu_list=0-31",
        "cpu_model=AMD EPYC 7313P 16-Core Processor",
        "distribution=Rocky Linux 9.3 (Blue Onyx)",
        "kernel=5.14.0-362.8.1.el9_3.x86_64",
        "memory_kib=65766012",
        "nic=eno1 3c:ec:ef:00:00:01 up 10000",
        "nic=eno2 3c:ec:ef:00:00:02 down -",
    ];
    assert_eq!(said(&bench, &format!("sf_system {}", root.display())), expected);
}

async fn a_container_has_the_interfaces_that_are_no_hardware(bench: Bench) {
    let root = bench.dir().join("root");
    put(&root, &MADE_OF[..9].iter().filter(|(name, _)| !name.contains("eno1")).copied().collect::<Vec<_>>());
    let lines = said(&bench, &format!("sf_nics {}", root.display()));
    assert_eq!(lines, ["nic=docker0 02:42:00:00:00:01 down -"]);
}

/// With the tools of FreeBSD, as far as they are asked; what `ifconfig` says was recorded
/// (kellyjonbrazil/jc, tests/fixtures/freebsd12/ifconfig-extra-fields.out, MIT).
async fn a_bsd_is_asked_by_its_tools(bench: Bench) {
    let root = bench.dir().join("nothing");
    fs::create_dir_all(&root).unwrap();
    let call = format!(
        "ifconfig() {{ printf '%s\\n' '{}'; }}; sysctl() {{ case $2 in hw.model) echo 'Intel(R) Core(TM) i7' ;; hw.physmem) echo 4242006016 ;; *) return 1 ;; esac; }}; getconf() {{ echo 4; }}; uname() {{ echo 12.1-RELEASE; }}; sf_system {}",
        include_str!("ifconfig.freebsd.txt"),
        root.display()
    );
    let expected = [
        "cpu_model=Intel(R) Core(TM) i7",
        "cpus=4",
        "kernel=12.1-RELEASE",
        "memory_bytes=4242006016",
        "nic=cxl3 00:07:43:3d:b7:70 up 10000",
    ];
    assert_eq!(said(&bench, &call), expected);
}

async fn this_machine_says_what_it_is_made_of(bench: Bench) {
    let system = remote::system(&bench.session, LIMIT).await.unwrap();
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    assert_eq!(system.kernel.as_deref(), Some(release.trim()));
    assert!(system.memory.is_some_and(|memory| memory > 1 << 20) && system.processors.is_some(), "{system:?}");
}
