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

// debian.txt and busybox.txt were recorded (dash, BusyBox ash; Debian 12's kernel interfaces); rhel.txt and
// freebsd.txt are put together by hand in the formats of those systems.

#[test]
fn debian() {
    insta::assert_snapshot!(told(include_bytes!("../recorded/debian.txt"), &watched(&["nginx"], &["dash", "nope"])));
}

#[test]
fn busybox() {
    insta::assert_snapshot!(told(include_bytes!("../recorded/busybox.txt"), &watched(&[], &["busybox"])));
}

#[test]
fn red_hat() {
    let watched = watched(&["nginx.service", "postgresql", "gone"], &[]);
    insta::assert_snapshot!(told(include_bytes!("../recorded/rhel.txt"), &watched));
}

#[test]
fn freebsd() {
    insta::assert_snapshot!(told(include_bytes!("../recorded/freebsd.txt"), &watched(&[], &["postgres", "nginx"])));
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
                "(kern.cp_time|vm.loadavg|vm.stats.vm.v_page_count|vm.stats.vm.v_free_count|vm.stats.vm.v_inactive_count|dev.cpu.0.temperature): [0-9 .C{}]{0,60}",
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
