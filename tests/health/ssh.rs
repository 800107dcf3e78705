//! Hosts asked over SSH: what the probe says of this machine, and what it costs.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};

use crate::bench::Bench;

const CONFIG: &str = "[health]\nunits = []\ndocker = false\nprocesses = [\"sshd\", \"no-such-program\"]\n";

#[test]
fn a_real_host_tells_its_numbers_and_services() {
    let Some(bench) = Bench::with_sshd() else { return };
    std::fs::write(bench.dir.path().join("steadfast.toml"), CONFIG).unwrap();
    let said =
        bench.run(&["services", "-H", "h1", "-H", "bad", "--json", "--mem-threshold", "100", "--cpu-threshold", "100"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let rows: Vec<serde_json::Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [sshd, none, bad] = &rows[..] else { panic!("{said:?}") };
    assert!(sshd["cpu"].as_f64().is_some_and(|cpu| (0.0..=100.0).contains(&cpu)), "{sshd}");
    assert!(sshd["memory"].as_f64().is_some_and(|memory| memory > 0.0), "{sshd}");
    assert_eq!((&sshd["service"], &sshd["remarks"]), (&"sshd".into(), &serde_json::json!([])));
    assert!(sshd["load"].as_array().is_some_and(|load| load.len() == 3), "{sshd}");
    assert!(sshd["disk_free_kib"].is_u64() && sshd["disk"].is_number(), "{sshd}");
    assert_eq!(none["reasons"], serde_json::json!(["not running: no such process"]));
    assert_eq!((bad["status"].as_str(), bad["service"].as_str()), (Some("unknown"), None));

    let said = bench.run(&["services", "-H", "h1", "--wide"]);
    assert!(said.out.lines().next().is_some_and(|head| head.contains("load") && head.contains("disk")), "{said:?}");

    let said = bench.run(&["services", "-H", "h1", "--fail-if-unhealthy", "--filter", "no-such"]);
    assert_eq!(said.code, Some(1), "{said:?}");
}

#[test]
fn watching_a_host_asks_again_on_the_same_connection() {
    let Some(bench) = Bench::with_sshd() else { return };
    std::fs::write(bench.dir.path().join("steadfast.toml"), CONFIG).unwrap();
    let said = bench.run(&["watch", "--service", "sshd", "-H", "h1", "--interval", "200ms", "--count", "3", "--json"]);
    assert_eq!((said.code, said.out.lines().count()), (Some(0), 3), "{said:?}");
    assert!(said.out.lines().all(|line| line.contains("\"cpu\":") && line.contains("\"remarks\":[]")), "{}", said.out);
}

/// A probe that hangs is late, and only one of it is there at a time.
#[test]
fn a_late_probe_is_shown_as_late_and_not_piled_up() {
    // The host's docker hangs, and writes down that it was called.
    let bin = tempfile::tempdir().unwrap();
    let calls = bin.path().join("calls");
    let docker = bin.path().join("docker");
    std::fs::write(&docker, format!("#!/bin/sh\necho called >>{}\nexec sleep 20\n", calls.display())).unwrap();
    std::fs::set_permissions(&docker, std::fs::Permissions::from_mode(0o755)).unwrap();
    let Some(bench) = Bench::with_sshd_and(&[&format!("SetEnv PATH={}:/usr/bin:/bin", bin.path().display())]) else {
        return;
    };
    std::fs::write(bench.dir.path().join("steadfast.toml"), "[health]\nunits = []\n").unwrap();
    let called = || std::fs::read_to_string(&calls).unwrap().lines().count();
    let rounds = ["watch", "--service", "x", "-H", "h1", "--interval", "10ms", "--count", "2", "--timeout", "3s"];
    let said = bench.run(&rounds);
    assert_eq!((said.code, called()), (Some(0), 1), "{said:?}");
    let said = bench.run(&["services", "-H", "h1", "--timeout", "3s"]);
    assert!(said.out.contains("? unknown") && said.out.contains("late: no answer within 3 s"), "{said:?}");
}

/// A zone that is a chip, too, a chip with labels of which one says that it is broken, and one without a name.
#[test]
fn temperatures_come_from_zones_and_from_chips() {
    let root = tempfile::tempdir().unwrap();
    let files = [
        ("thermal/thermal_zone0/temp", "41000"),
        ("thermal/thermal_zone0/type", "acpitz"),
        ("hwmon/hwmon0/name", "acpitz"),
        ("hwmon/hwmon0/temp1_input", "41000"),
        ("hwmon/hwmon0/device/temp", "41000"),
        ("hwmon/hwmon1/name", "coretemp"),
        ("hwmon/hwmon1/temp1_input", "52000"),
        ("hwmon/hwmon1/temp1_label", "Package id 0"),
        ("hwmon/hwmon1/temp2_input", "99000"),
        ("hwmon/hwmon1/temp2_fault", "1"),
        ("hwmon/hwmon2/temp1_input", "38850"),
    ];
    for (name, text) in files {
        let path = root.path().join("sys/class").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, format!("{text}\n")).unwrap();
    }
    let chip = root.path().join("sys/class/hwmon/hwmon3");
    std::fs::create_dir(&chip).unwrap();
    for n in 1..=200 {
        std::fs::write(chip.join(format!("temp{n}_input")), "20000\n").unwrap();
    }
    for shell in [&["/bin/sh", "-s"][..], &["busybox", "sh", "-s"]] {
        let output = probe(shell, &format!("sfh_thermal '{}'\nexit", root.path().display()));
        assert!(output.stderr.is_empty(), "{output:?}");
        let told = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<&str> = told.lines().map(str::trim_end).collect();
        let first = ["\u{1e}SFH1 temp", "41000 acpitz", "52000 coretemp Package id 0", "38850"];
        assert_eq!(lines.get(..4), Some(&first[..]), "{told}");
        assert!(lines.len() < 55, "{told}");
    }
}

/// Prints what one probe costs the host; the limit is generous, the machine is busy.
#[test]
fn the_cost_of_a_probe_is_small() {
    for shell in [&["/bin/sh", "-s"][..], &["busybox", "sh", "-s"]] {
        let script =
            "SFH_UNITS='' SFH_DOCKER=0 SFH_PROCS='|sshd|' SFH_GAP=0\n{ sfh_main </dev/null; times >&2; exit; }\n";
        let output = probe(shell, script);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        eprintln!("{shell:?}: {told}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("\u{1e}SFH1 end"), "{output:?}");
    }
}

/// Has a shell read the probe, and then this.
fn probe(shell: &[&str], script: &str) -> Output {
    let mut child = Command::new(shell[0])
        .args(&shell[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a shell");
    write!(child.stdin.take().unwrap(), "{}\n{script}\n", include_str!("../../assets/health.sh")).unwrap();
    child.wait_with_output().unwrap()
}
