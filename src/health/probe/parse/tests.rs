use proptest::prelude::*;

use super::*;

fn watched(units: &[&str], processes: &[&str]) -> Watched {
    let own = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    Watched { units: (!units.is_empty()).then(|| own(units)), docker: true, processes: own(processes) }
}

fn told(bytes: &[u8], watched: &Watched) -> String {
    let (sample, _) = answer(bytes, watched, None).unwrap();
    format!("{sample:#?}")
}

// Where they come from: ../recorded/README.md.

/// Of one reading: since the boot.
fn told_since_boot(bytes: &[u8], watched: &Watched) -> String {
    let (sample, _) = answer(bytes, watched, Some(CpuTimes { busy: 0, total: 0 })).unwrap();
    format!("{sample:#?}")
}

#[test]
fn debian() {
    insta::assert_snapshot!(told(include_bytes!("../recorded/debian.txt"), &watched(&["nginx"], &["dash", "nope"])));
}

#[test]
fn busybox() {
    insta::assert_snapshot!(told(include_bytes!("../recorded/busybox.txt"), &watched(&[], &["sh"])));
}

#[test]
fn red_hat() {
    let watched = watched(&["tuned.service", "network.target", "gone"], &[]);
    insta::assert_snapshot!(told_since_boot(include_bytes!("../recorded/rhel.txt"), &watched));
}

#[test]
fn freebsd() {
    let watched = watched(&[], &["sshd-session", "nginx"]);
    insta::assert_snapshot!(told_since_boot(include_bytes!("../recorded/freebsd.txt"), &watched));
}

#[test]
fn an_older_freebsd_without_sensors() {
    insta::assert_snapshot!(told_since_boot(include_bytes!("../recorded/freebsd12.txt"), &watched(&[], &[])));
}

/// Keys in another order, a unit that failed, containers: what the recordings do not have.
#[test]
fn units_and_containers_in_whatever_order() {
    let text = "\u{1e}SFH1 units\nActiveState=failed\nSubState=failed\nId=a.service\n\u{1e}SFH1 docker\ncache running\nold exited\n\u{1e}SFH1 end\n";
    let (sample, _) = answer(text.as_bytes(), &watched(&["a"], &[]), None).unwrap();
    let told: Vec<_> = sample.services.iter().map(|service| (service.name.as_str(), &service.running)).collect();
    let no = |why: &str| Running::No(why.into());
    assert_eq!(told, [("a", &no("failed (failed)")), ("cache", &Running::Yes), ("old", &no("exited"))]);
}

#[test]
fn the_warmest_zone_counts() {
    let text = "\u{1e}SFH1 temp\n61000\n47500\n-274000\nnone\n\u{1e}SFH1 end\n";
    let (sample, _) = answer(text.as_bytes(), &Watched::default(), None).unwrap();
    assert_eq!(sample.vitals.temperature, Some(61.0));
}

#[test]
fn sensors_of_chips_are_told_by_name_and_what_is_not_connected_is_not() {
    let text = "\u{1e}SFH1 temp\n47000 x86_pkg_temp\n48000 coretemp Package id 0\n47000 coretemp Core 0\n38850 nvme Composite\n38850 nvme Composite\n127000 nct6775 AUXTIN1\n-55000 nct6775 PECI\n41000 jc42 \n9000 \n\u{1b}[31m\n\u{1e}SFH1 end\n";
    let (sample, _) = answer(text.as_bytes(), &Watched::default(), None).unwrap();
    let told: Vec<_> = sample.sensors.iter().map(|one| format!("{} {}", one.name, one.degrees)).collect();
    let expected = [
        "x86_pkg_temp 47",
        "coretemp Package id 0 48",
        "coretemp Core 0 47",
        "nvme Composite 38.85",
        "nvme Composite 2 38.85",
        "jc42 41",
        "zone 9",
    ];
    assert_eq!(told, expected);
    assert_eq!(sample.vitals.temperature, Some(48.0));
}

#[test]
fn the_next_sample_is_compared_with_the_last() {
    let one = |cpu: &str| format!("\u{1e}SFH1 cpu\n{cpu}\n\u{1e}SFH1 end\n");
    let watched = Watched::default();
    let (sample, times) = answer(one("cpu  10 0 10 80 0 0 0 0 0 0").as_bytes(), &watched, None).unwrap();
    assert_eq!(sample.cpu, None);
    let (sample, times) = answer(one("cpu  40 0 10 150 0 0 0 0 0 0").as_bytes(), &watched, times).unwrap();
    assert_eq!(sample.cpu.unwrap().to_string(), "30.00%");
    // After a reboot the counters begin again.
    let (sample, _) = answer(one("cpu  1 0 1 8 0 0 0 0 0 0").as_bytes(), &watched, times).unwrap();
    assert_eq!(sample.cpu, None);
}

#[test]
fn an_answer_without_an_end_is_none() {
    let told = |text: &str| answer(text.as_bytes(), &Watched::default(), None).unwrap_err();
    assert_eq!(told(""), "the host's shell said nothing");
    assert_eq!(told("This account is \u{7}disabled.\n"), "the probe broke off: This account is \u{fffd}disabled.");
    assert_eq!(told("\u{1e}SFH1 cpu\ncpu  1 2 3 4\n"), "the probe broke off: cpu  1 2 3 4");
}

proptest! {
    #[test]
    fn no_bytes_crash_it(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = answer(&bytes, &watched(&["a"], &["b"]), None);
    }

    #[test]
    fn no_answer_crashes_it(
        lines in prop::collection::vec(
            prop_oneof![
                "\u{1e}SFH1 (cpu|meminfo|loadavg|pcpu|df|temp|net|units|procs|docker)",
                "cpu +[0-9 -]{0,90}",
                "(MemTotal|MemFree|MemAvailable|Buffers|Cached): +[0-9]{0,25} kB",
                "(kern.cp_time|vm.loadavg|vm.stats.vm.v_page_count|vm.stats.vm.v_free_count|vm.stats.vm.v_inactive_count|dev.cpu.0.temperature|hw.acpi.thermal.tz0.temperature): [0-9 .C{}]{0,60}",
                "some avg10=[0-9.]{0,8} x",
                "(Id|ActiveState|SubState)=[a-z]{0,8}",
                " *[a-z]{0,4}: *[0-9 ]{0,200}",
                "[0-9. /%-]{0,60}",
                "\\PC{0,20}",
                "",
            ],
            0..30,
        ),
        ended in any::<bool>(),
    ) {
        let mut text = lines.join("\n");
        if ended {
            text.push_str("\n\u{1e}SFH1 end\n");
        }
        let watched = watched(&[], &["b"]);
        if let Ok((_, times)) = answer(text.as_bytes(), &watched, None) {
            let _ = answer(text.as_bytes(), &watched, times);
        }
    }
}
