//! The simulated fleet, spoken to as any host is: by SSH. Most of it over pipes under tokio's paused
//! clock, where an hour takes no time; the sockets by russh and by the system's own `ssh`.
#![cfg(feature = "demo")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests: what goes wrong fails the test")]
#![expect(clippy::wildcard_enum_match_arm, reason = "most channel messages are of no interest here")]

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use russh::client::{self, Handle};
use russh::keys::{PrivateKey, PrivateKeyWithHashAlg, PublicKey};
use russh::{Channel, ChannelMsg};
use sha2::{Digest, Sha256};
use steadfast::clock::SystemClock;
use steadfast::demo::{DemoError, DemoFleet, FleetOptions, Incident, SimHost};
use steadfast::domain::health::Watched;
use steadfast::domain::id::{AttemptId, HostId};
use steadfast::domain::moment::{Moment, Mono, Wall};
use steadfast::health::probe::{ProbeSettings, Probes};
use steadfast::port::{Clock, HealthProvider, NoPrompt};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_util::task::TaskTracker;

/// Functions that no naive reader gets through.
const PREAMBLE: &str = r#"# It's a comment with " and ' and { in it
SF_RUNNER='
d=$1; cd "$d" || { echo "}" >&2; exit 72; }
{ sf_main start 0000000000.9 ; exit; }
'
sf_now() { date +%s; }
SF_SELF=$(printf '%s' "it's { me }")
sf_awk() { awk '{ if ($1 == "}") print "'"'"'" }' "$1"; }
sf_main() {
  case $1 in
    start) shift; echo '{ sf_main' "$@";;
    *) echo "unknown: $1";;
  esac
}
"#;

// ---------------------------------------------------------------------------------------------- by pipe

#[tokio::test(start_paused = true)]
async fn ident_answers_with_every_key_also_behind_the_noise_of_a_login_shell() {
    let fleet = calm(1);
    for name in ["atlas-01", "borealis"] {
        let answer = connect(&fleet, name).await.call("ident", "").await;
        assert_eq!(answer.status, Some(0));
        for key in
            ["boot_id", "boot_time", "init_start", "uptime", "now", "os", "kernel", "root", "launcher", "terminal"]
        {
            assert!(!answer.keys[key].is_empty(), "{name}: {key}");
        }
        assert_eq!(answer.keys["hostname"], name);
        let (up, now, boot) = (answer.number("uptime"), answer.number("now"), answer.number("boot_time"));
        assert_eq!(now - boot, up);
    }
    let noisy = connect(&fleet, "borealis").await.exec(&script("ident", "")).await;
    assert!(!noisy.out.starts_with(b"\x1eSF1"), "the noisy host is quiet");
}

#[tokio::test]
async fn hosts_tell_how_they_are_behind_the_noise_of_a_login_shell_too() {
    let clock = Arc::new(SystemClock);
    let fleet = DemoFleet::start(&FleetOptions::calm(clock.clone())).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let connector = fleet.connector(directory.path(), Arc::new(NoPrompt), clock).unwrap();
    let hosts = ["atlas-01", "borealis", "dune-gw"].map(|name| HostId::parse(name).unwrap()).to_vec();
    let settings = ProbeSettings { watched: Watched::default(), concurrency: 3, budget: Duration::from_secs(60) };
    let probes = Probes::new(Arc::new(connector), hosts, settings);
    for round in 0..2 {
        for report in probes.survey().await.unwrap() {
            let sample = report.outcome.unwrap();
            assert_eq!(sample.remarks, [""; 0], "{} in round {round}", report.server);
            assert!(sample.cpu.is_some() && sample.memory.is_some() && sample.vitals.load.is_some(), "{sample:?}");
            assert!(sample.filesystems.len() >= 2 && sample.sensors.len() == 2, "{sample:?}");
            assert!(sample.services.iter().any(|service| service.name == "ssh"), "{sample:?}");
        }
    }
    probes.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_second_start_attaches_and_starts_nothing() {
    let fleet = calm(1);
    let client = connect(&fleet, "atlas-01").await;
    let first = client.start(1, "stress-ng --cpu 4 --timeout 1h").await;
    assert_eq!((first.keys["answer"].as_str(), first.keys["state"].as_str()), ("started", "running"));
    let again = connect(&fleet, "atlas-01").await.start(1, "stress-ng --cpu 4 --timeout 1h").await;
    assert_eq!((again.keys["answer"].as_str(), &again.keys["pid"]), ("attached", &first.keys["pid"]));
    let list = client.exec(&script("list", "")).await;
    let list = String::from_utf8(list.out).unwrap();
    assert_eq!(list.matches("\nid=").count(), 1);
    assert!(list.contains(&format!("\nid={}\n", id(1))) && list.contains("\ntitle=a title\n"), "{list}");
}

#[tokio::test(start_paused = true)]
async fn any_pieces_of_a_spool_make_up_the_whole() {
    let fleet = calm(1);
    let client = connect(&fleet, "cinder").await;
    client.start(1, "echo begin; seq 1 60000; sleep 2; echo 'the; end'; exit 3").await;
    let state = client.until(1, "exited").await;
    let mut expected = String::from("begin\r\n");
    (1..=60_000).for_each(|n| expected.push_str(&format!("{n}\r\n")));
    expected.push_str("the; end\r\n");
    assert_eq!((state.keys["code"].as_str(), state.keys["oom"].as_str()), ("3", "0"));
    for key in ["out", "end_out"] {
        assert_eq!(state.number(key), expected.len() as i64);
    }

    let whole = client.follow(1, 0, expected.len()).await;
    assert_eq!(sha256(&whole), sha256(expected.as_bytes()));
    let mut offset = 0;
    let mut pieces = Vec::new();
    for step in [1_usize, 5, 4_096, 32_768, 77_777, 3, 150_000].iter().cycle() {
        let step = (*step).min(expected.len() - offset);
        if step == 0 {
            break;
        }
        pieces.extend(client.follow(1, offset, step).await);
        offset += step;
    }
    assert_eq!(sha256(&pieces), sha256(&whole));
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_was_there_all_along_reads_what_a_later_one_reads() {
    let fleet = calm(4);
    let client = connect(&fleet, "atlas-02").await;
    client.start(1, "cd /usr/src/linux && while make -j16 clean all; do :; done").await;
    let live = client.follow(1, 0, 40_000).await;
    let later = client.follow(1, 0, 40_000).await;
    assert_eq!(sha256(&live), sha256(&later));
    let text = String::from_utf8_lossy(&live);
    assert!(text.contains("\x1b[") && text.contains("warning: ") && text.contains("\r\n"), "{}", &text[..400]);
}

#[tokio::test(start_paused = true)]
async fn states_come_on_stderr_at_once_every_five_seconds_and_at_the_end() {
    let fleet = calm(1);
    let client = connect(&fleet, "cinder").await;
    client.start(1, "echo a; sleep 12; echo b; exit 7").await;
    let mut channel = client.begin(&script(&format!("follow {} out 0", id(1)), "")).await;
    let (mut states, mut bytes) = (Vec::new(), 0);
    while !states.last().is_some_and(|last: &String| last.contains("state=exited")) {
        match channel.wait().await.unwrap() {
            ChannelMsg::ExtendedData { data, .. } => states.push(String::from_utf8(data.to_vec()).unwrap()),
            ChannelMsg::Data { data } => bytes += data.len(),
            _ => {}
        }
    }
    assert_eq!(states.len(), 4, "{states:?}");
    assert!(states[0].starts_with("SF state state=running out=") && states[3].contains(" code=7 "), "{states:?}");
    assert!(states.iter().all(|line| line.ends_with('\n') && line.split(' ').skip(2).all(|pair| pair.contains('='))));
    assert_eq!(bytes, "\x1eSF1 follow 0\na\r\nb\r\n".len());
    channel.eof().await.unwrap();
    assert_eq!(rest(channel).await.status, Some(0), "the lease has ended");
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_by_its_code_by_the_killer_or_by_the_operator() {
    let fleet = calm(1);
    let client = connect(&fleet, "cinder").await;
    client.start(1, "memtester 8G 3").await;
    client.start(2, "stress-ng --vm 8 --vm-bytes 120% --timeout 30m").await;
    client.start(3, "burnin --sensors all").await;
    let (failed, killed) = (client.until(1, "exited").await, client.until(2, "exited").await);
    assert_eq!(failed.keys["code"], "4");
    assert_eq!((killed.keys["signal"].as_str(), killed.keys["oom"].as_str()), ("9", "1"));
    let before = tokio::time::Instant::now();
    let cancelled = client.call(&format!("cancel {} 10 operator", id(3)), "").await;
    assert_eq!(before.elapsed().as_secs(), 1);
    assert_eq!((cancelled.keys["state"].as_str(), cancelled.keys["signal"].as_str()), ("exited", "15"));
    assert_eq!((cancelled.keys["cancel"].as_str(), cancelled.keys["oom"].as_str()), ("operator", "0"));
    let size = cancelled.number("end_out");
    let later = client.call(&format!("state {}", id(3)), "").await;
    assert_eq!(later.number("out"), size, "goes on after its end");
}

#[tokio::test(start_paused = true)]
async fn without_a_terminal_the_streams_are_apart() {
    let fleet = calm(1);
    let client = connect(&fleet, "dune-gw").await;
    let assignments = "SF_COMMAND='sleep 60; uname'\nSF_PTY=\n";
    client.call(&format!("start {}", id(1)), assignments).await;
    let state = client.until(1, "exited").await;
    assert!(state.number("err") > 0);
    let out = client.follow(1, 0, state.number("out").try_into().unwrap()).await;
    assert!(out.ends_with(b"\n") && !out.contains(&b'\r'));
}

#[tokio::test(start_paused = true)]
async fn a_reboot_is_another_boot_and_the_run_is_not_in_it_but_its_spool_is() {
    let fleet = calm(1);
    let client = connect(&fleet, "atlas-01").await;
    let before = client.call("ident", "").await;
    client.start(1, "stress-ng --cpu 4 --timeout 6h").await;
    let token = client.call("survive-start tok", "").await;
    assert!(token.number("pid") > 0);
    assert_eq!(client.call("survive-look tok", "").await.keys["alive"], "1");
    let written = client.follow(1, 0, 2_000).await;

    fleet.inject(&host_id("atlas-01"), Incident::Reboot { down: seconds(8) }).unwrap();
    client.gone().await;
    let refused = sim(&fleet, "atlas-01");
    tokio::time::timeout(seconds(1), refused.serve_stream(tokio::io::duplex(64).0)).await.expect("still served");
    tokio::time::sleep(seconds(9)).await;

    let client = connect(&fleet, "atlas-01").await;
    let after = client.call("ident", "").await;
    assert_ne!(after.keys["boot_id"], before.keys["boot_id"]);
    assert!(after.number("boot_time") > before.number("boot_time") && after.number("uptime") < 60);
    let state = client.call(&format!("state {} {}", id(1), id(2)), "").await;
    assert!(state.text.contains("state=other-boot\n") && state.text.contains("state=missing\n"), "{}", state.text);
    assert!(state.text.contains(&format!("boot_id={}\n", before.keys["boot_id"])));
    assert_eq!(client.follow(1, 0, 2_000).await, written);
    assert_eq!(client.call("survive-look tok", "").await.keys["alive"], "0");
    assert_eq!(client.call(&format!("remove {}", id(1)), "").await.keys["removed"], "1");
}

#[tokio::test(start_paused = true)]
async fn a_half_open_link_is_silent_and_open_until_it_is_reset() {
    let fleet = calm(1);
    let client = connect(&fleet, "atlas-02").await;
    fleet.inject(&host_id("atlas-02"), Incident::HalfOpen { lasts: seconds(600) }).unwrap();
    tokio::time::sleep(seconds(1)).await;
    let silence = tokio::time::timeout(seconds(590), client.handle.send_ping()).await;
    assert!(silence.is_err(), "it answered");
    assert!(!client.handle.is_closed(), "it closed");
    client.gone().await;
    assert_eq!(connect(&fleet, "atlas-02").await.call("ident", "").await.status, Some(0));
}

#[tokio::test(start_paused = true)]
async fn a_busy_sshd_says_nothing_and_a_slow_host_says_it_late() {
    let fleet = calm(1);
    let name = host_id("harbor");
    fleet.inject(&name, Incident::Overload { lasts: seconds(10) }).unwrap();
    tokio::time::sleep(seconds(1)).await;
    let (mut ours, theirs) = tokio::io::duplex(4096);
    let host = sim(&fleet, "harbor");
    let tasks = TaskTracker::new();
    tasks.spawn(async move { host.serve_stream(theirs).await });
    let mut byte = [0];
    let read = tokio::io::AsyncReadExt::read(&mut ours, &mut byte);
    assert_eq!(tokio::time::timeout(seconds(60), read).await.expect("held for ever").unwrap(), 0, "there is a banner");

    let client = connect(&fleet, "harbor").await;
    let (least, most) = (Duration::from_millis(150), Duration::from_millis(300));
    fleet.inject(&name, Incident::Slow { least, most, lasts: seconds(3600) }).unwrap();
    tokio::time::sleep(seconds(1)).await;
    let before = tokio::time::Instant::now();
    client.handle.send_ping().await.unwrap();
    assert!((300..=700).contains(&before.elapsed().as_millis()), "{:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn output_that_nobody_fetched_for_too_long_is_a_gap() {
    let fleet = calm(1);
    let client = connect(&fleet, "ember").await;
    client.start(1, "blktrace -d /dev/nvme0n1 -o - | blkparse -i -").await;
    tokio::time::sleep(seconds(20)).await;
    let acked = client.call(&format!("ack {} 10000 0", id(1)), "").await;
    assert_eq!((acked.number("base_out"), acked.number("base_err")), (8_192, 0));
    fleet.inject(&host_id("ember"), Incident::SpoolGap { lasts: seconds(6) }).unwrap();
    client.gone().await;
    tokio::time::sleep(seconds(7)).await;
    let client = connect(&fleet, "ember").await;
    let base = client.call(&format!("state {}", id(1)), "").await.number("base_out");
    assert!(base > 20 * 2_000 * 70, "{base}");
    let gap = client.exec(&script(&format!("follow {} out 9000", id(1)), "")).await;
    assert_eq!(String::from_utf8(gap.out).unwrap(), format!("\x1eSF1 gap 9000 {base}\n"));
    assert_eq!(client.follow(1, usize::try_from(base).unwrap(), 100_000).await.len(), 100_000);
    let short = client.exec(&script(&format!("follow {} out 99999999999", id(1)), "")).await;
    assert!(short.out.starts_with(b"\x1eSF1 short "));
    let missing = client.exec(&script(&format!("follow {} out 0", id(2)), "")).await;
    assert_eq!(missing.out, b"\x1eSF1 missing\n");
}

#[tokio::test(start_paused = true)]
async fn hundreds_of_megabytes_of_output_take_some_kilobytes() {
    let fleet = calm(1);
    let client = connect(&fleet, "ember").await;
    client.start(1, "blktrace -d /dev/nvme0n1").await;
    client.start(2, "make -j16").await;
    tokio::time::sleep(seconds(3600)).await;
    let flood = client.call(&format!("state {}", id(1)), "").await;
    assert!(flood.number("out") > 50_000_000, "{}", flood.text);
    assert!(client.call(&format!("state {}", id(2)), "").await.number("out") > 1_000_000);
    let kept = sim(&fleet, "ember").kept_bytes();
    assert!(kept < 128 * 1024, "{kept}");
    // And every byte is still there, wherever it is asked for.
    let offset = usize::try_from(flood.number("out")).unwrap() - 300_000;
    let tail = client.follow(1, offset, 300_000).await;
    assert_eq!(client.follow(1, offset + 123_456, 1_000).await, tail[123_456..124_456]);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_is_the_same_schedule_and_the_same_bytes() {
    let mut seen = Vec::new();
    for (seed, run) in [(5, 1), (5, 77), (6, 1)] {
        let fleet = calm(seed);
        let client = connect(&fleet, "cinder").await;
        tokio::time::sleep(seconds(run)).await;
        client.start(run, "fio --name=verify --runtime=2h").await;
        let bytes = client.follow(run, 0, 9_000).await;
        let schedule: Vec<_> = fleet.schedule().take(100).collect();
        seen.push((sha256(&bytes), schedule, fleet.known_hosts().unwrap().replace('\r', "")));
    }
    assert!(seen[0] == seen[1]);
    assert!(seen[0].0 != seen[2].0 && seen[0].1 != seen[2].1 && seen[0].2 != seen[2].2);
}

#[tokio::test(start_paused = true)]
async fn one_key_is_refused_and_one_host_key_is_not_the_known_one() {
    let fleet = calm(1);
    for settings in fleet.hosts() {
        let name = settings.id.as_str();
        let (mut handle, shown) = handshake(&fleet, name).await;
        let known = fleet.host(&settings.id).unwrap().known_key();
        assert_eq!(shown.key_data() == known.key_data(), name != "granite", "{name}");
        let let_in = log_in(&mut handle, key(&fleet), "demo").await;
        assert_eq!(let_in, name != "fjord", "{name}");
    }
    let (mut handle, _) = handshake(&fleet, "cinder").await;
    assert!(!log_in(&mut handle, key(&calm(2)), "demo").await, "another fleet's key is let in");
    assert!(!log_in(&mut handle, key(&fleet), "root").await, "another user is let in");
    fleet.inject(&host_id("fjord"), Incident::Repair).unwrap();
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(connect(&fleet, "fjord").await.call("ident", "").await.status, Some(0));
}

#[tokio::test(start_paused = true)]
async fn keys_change_links_flap_and_all_is_repaired_on_demand() {
    let fleet = calm(1);
    let (name, known) = (host_id("cinder"), sim(&fleet, "cinder").known_key());
    let client = connect(&fleet, "cinder").await;
    fleet.inject(&name, Incident::KeyRefused).unwrap();
    client.gone().await;
    assert!(!log_in(&mut handshake(&fleet, "cinder").await.0, key(&fleet), "demo").await);
    fleet.inject(&name, Incident::HostKeyChanged).unwrap();
    tokio::time::sleep(seconds(1)).await;
    assert_ne!(handshake(&fleet, "cinder").await.1.key_data(), known.key_data());
    fleet.inject(&name, Incident::Repair).unwrap();
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(handshake(&fleet, "cinder").await.1.key_data(), known.key_data());

    let client = connect(&fleet, "cinder").await;
    fleet.inject(&name, Incident::Flap { times: 3, every: seconds(4) }).unwrap();
    client.gone().await;
    let mut cuts = 1;
    for _ in 0..2 {
        tokio::time::sleep(seconds(3)).await;
        connect(&fleet, "cinder").await.gone().await;
        cuts += 1;
    }
    assert_eq!(cuts, 3);
    // The next incident takes the place of the one that goes on, and nothing of that one comes after it.
    fleet.inject(&name, Incident::HalfOpen { lasts: seconds(5) }).unwrap();
    tokio::time::sleep(seconds(4)).await;
    fleet.inject(&name, Incident::Slow { least: seconds(1), most: seconds(1), lasts: seconds(100) }).unwrap();
    tokio::time::sleep(seconds(3)).await;
    let before = tokio::time::Instant::now();
    assert_eq!(connect(&fleet, "cinder").await.call("ident", "").await.status, Some(0));
    assert!(before.elapsed() >= seconds(4), "not slow any more");
    assert!(matches!(fleet.inject(&host_id("nobody"), Incident::Repair), Err(DemoError::NoSuchHost(_))));
}

#[tokio::test(start_paused = true)]
async fn a_spool_keeps_to_its_limit() {
    let fleet = calm(1);
    let client = connect(&fleet, "ember").await;
    let assignments = "SF_COMMAND='blktrace -d /dev/nvme0n1'\nSF_PTY='80x24'\nSF_LIMIT='1000000'\n";
    client.call(&format!("start {}", id(1)), assignments).await;
    for _ in 0..30 {
        tokio::time::sleep(seconds(2)).await;
        let state = client.call(&format!("state {}", id(1)), "").await;
        assert!(state.number("out") - state.number("base_out") <= 1_000_000, "{}", state.text);
    }
    assert!(client.call(&format!("state {}", id(1)), "").await.number("base_out") > 5_000_000);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_call_does_nothing() {
    let fleet = calm(1);
    let client = connect(&fleet, "atlas-01").await;
    let whole = script(&format!("start {}", id(1)), "SF_COMMAND='echo x'\n");
    let cut = client.exec(&whole[..whole.len() - 1]).await;
    assert_eq!(cut.status, Some(2));
    assert_eq!(client.exec("{ sf_main state $(reboot) ; exit; }\n").await.status, Some(2));
    let unknown = client.call("format-disk now", "").await;
    assert_eq!(unknown.status, Some(1));
    assert!(!unknown.keys["error"].is_empty());
    assert_eq!(client.call("list", "").await.keys.len(), 0);
    let channel = client.handle.channel_open_session().await.unwrap();
    channel.exec(true, "rm -rf /").await.unwrap();
    assert_eq!(rest(channel).await.status, Some(127));
    assert_eq!(client.call("remove 0000000000.1", "").await.keys["removed"], "1");
}

#[tokio::test(start_paused = true)]
async fn the_first_two_minutes_happen_as_scheduled() {
    let fleet =
        DemoFleet::start_unconnected(&FleetOptions { seed: 3, ..FleetOptions::new(TokioClock::shared()) }).unwrap();
    let client = connect(&fleet, "atlas-01").await;
    let boot = client.call("ident", "").await.keys["boot_id"].clone();
    tokio::time::sleep(seconds(11)).await;
    assert_eq!(client.call("ident", "").await.status, Some(0), "not calm at first");
    client.gone().await; // the reboot
    tokio::time::sleep(seconds(120)).await;
    assert_ne!(connect(&fleet, "atlas-01").await.call("ident", "").await.keys["boot_id"], boot);
    fleet.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_fleet_has_jobs_for_its_hosts_and_not_too_few_hosts() {
    for few in [0, 7, 501] {
        let options = FleetOptions { hosts: few, ..FleetOptions::new(TokioClock::shared()) };
        assert!(matches!(DemoFleet::start_unconnected(&options), Err(DemoError::HostCount(n)) if n == few));
    }
    for hosts in [8, 9, 60] {
        let options = FleetOptions { hosts, ..FleetOptions::new(TokioClock::shared()) };
        let fleet = DemoFleet::start_unconnected(&options).unwrap();
        let all = fleet.hosts();
        assert_eq!(all.len(), hosts);
        assert!(all.iter().all(|host| host.tags.len() >= 2));
        for (host, job) in fleet.opening() {
            let job = fleet.jobs().into_iter().find(|there| there.name == job).unwrap();
            assert!(job.targets(&host, &[]) && all.iter().any(|there| there.id == host));
        }
        assert!(fleet.opening().len() > 8);
    }
}

// -------------------------------------------------------------------------------------------- by socket

#[tokio::test]
async fn the_port_is_refused_for_the_outage_and_the_same_afterwards() {
    let fleet = DemoFleet::start(&real_options()).unwrap();
    let settings = fleet.hosts().into_iter().find(|host| host.id.as_str() == "borealis").unwrap();
    let address = ("127.0.0.1", settings.port.unwrap());
    let open = connect_tcp(&fleet, "borealis").await;
    assert_eq!(open.call("ident", "").await.status, Some(0));

    fleet.inject(&settings.id, Incident::Outage { lasts: seconds(3600) }).unwrap();
    open.gone().await;
    let refused = || async move {
        TcpStream::connect(address).await.is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionRefused)
    };
    eventually("the port is refused", refused).await;
    fleet.inject(&settings.id, Incident::Repair).unwrap();
    eventually("the port is back", || async move { !refused().await }).await;
    assert_eq!(connect_tcp(&fleet, "borealis").await.call("ident", "").await.status, Some(0));

    fleet.shutdown().await;
    eventually("the port is closed", refused).await;
}

#[tokio::test]
async fn a_shut_down_fleet_leaves_no_connection_open() {
    let fleet = DemoFleet::start(&real_options()).unwrap();
    let client = connect_tcp(&fleet, "ember").await;
    client.start(1, "blktrace -d /dev/nvme0n1").await;
    let mut follower = client.begin(&script(&format!("follow {} out 0", id(1)), "")).await;
    assert!(follower.wait().await.is_some());
    tokio::time::timeout(LIMIT, fleet.shutdown()).await.expect("it hangs");
    client.gone().await;
    while tokio::time::timeout(LIMIT, follower.wait()).await.expect("the channel hangs").is_some() {}
}

/// What no test with our own library on both ends can show: that it is SSH.
#[tokio::test]
async fn the_systems_ssh_speaks_with_it() {
    let Some(ssh) = SystemSsh::new() else { return };
    let output = ssh.run("cinder", &[], script("ident", "")).await;
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.starts_with("\x1eSF1 ident\nboot_id=") && text.ends_with("\x1eSF1 end 0\n"), "{text}");
    let broken = ssh.run("cinder", &[], "sf_main() { :; }\n{ sf_main ident ;".into()).await;
    assert_eq!(broken.status.code(), Some(2), "a script that is cut short did something");
    let denied = ssh.run("fjord", &[], script("ident", "")).await;
    assert!(String::from_utf8_lossy(&denied.stderr).contains("Permission denied (publickey)"), "{denied:?}");
    let changed = ssh.run("granite", &[], script("ident", "")).await;
    assert!(String::from_utf8_lossy(&changed.stderr).contains("REMOTE HOST IDENTIFICATION HAS CHANGED"), "{changed:?}");
    ssh.fleet.shutdown().await;
}

/// With the system's client, which gives no window for what is not read.
#[tokio::test]
async fn a_channel_that_nobody_reads_holds_no_other_of_its_connection_up() {
    let Some(ssh) = SystemSsh::new() else { return };
    let start = script(&format!("start {}", id(1)), "SF_COMMAND='seq 1 9000000'\nSF_PTY=\n");
    assert_eq!(ssh.run("ember", &[], start).await.status.code(), Some(0));
    let socket = ssh.folder.path().join("mux").display().to_string();

    let mut unread = ssh.command("ember", &["-M", "-S", &socket]).spawn().unwrap();
    let mut lease = unread.stdin.take().unwrap();
    lease.write_all(script(&format!("follow {} out 0", id(1)), "").as_bytes()).await.unwrap();
    eventually("the master is there", || async { std::path::Path::new(&socket).exists() }).await;
    // Until more waits for the follower than its window and all buffers on the way hold.
    let size = async || {
        let state = ssh.run("ember", &["-S", &socket], script(&format!("state {}", id(1)), "")).await;
        let text = String::from_utf8(state.stdout).unwrap();
        text.lines().find_map(|line| line.strip_prefix("out=")?.parse::<u64>().ok()).unwrap()
    };
    eventually("there is much", || async { size().await > 8 << 20 }).await;
    for _ in 0..5 {
        assert_eq!(ssh.run("ember", &["-S", &socket], script("ident", "")).await.status.code(), Some(0));
    }
    unread.kill().await.unwrap();
    ssh.fleet.shutdown().await;
}

/// The system's `ssh`, and a fleet for it.
struct SystemSsh {
    fleet: DemoFleet,
    folder: tempfile::TempDir,
}

impl SystemSsh {
    /// `None` where there is no `ssh`; CI has one.
    fn new() -> Option<Self> {
        std::process::Command::new("ssh").arg("-V").stderr(Stdio::null()).status().ok()?;
        // Fast, so that a fast command has much to say soon.
        let options = FleetOptions { speed: 20.0, ..real_options() };
        let (fleet, folder) = (DemoFleet::start(&options).unwrap(), tempfile::tempdir().unwrap());
        let key = folder.path().join("key");
        std::fs::write(&key, fleet.client_key().unwrap()).unwrap();
        std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        std::fs::write(folder.path().join("known_hosts"), fleet.known_hosts().unwrap()).unwrap();
        Some(Self { fleet, folder })
    }

    fn command(&self, name: &str, options: &[&str]) -> tokio::process::Command {
        let settings = self.fleet.hosts().into_iter().find(|host| host.id.as_str() == name).unwrap();
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        let mut command = tokio::process::Command::new("ssh");
        command.args([
            "-F",
            "none",
            "-o",
            "BatchMode=yes",
            "-o",
            "StrictHostKeyChecking=yes",
            "-o",
            "IdentitiesOnly=yes",
        ]);
        command.args(["-i", &at("key"), "-o", &format!("UserKnownHostsFile={}", at("known_hosts"))]).args(options);
        command.args(["-p", &settings.port.unwrap().to_string(), "demo@127.0.0.1", "exec /bin/sh -s"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    async fn run(&self, name: &str, options: &[&str], input: String) -> std::process::Output {
        let mut child = self.command(name, options).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A refused connection may close the pipe first.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        tokio::time::timeout(LIMIT, child.wait_with_output()).await.expect("ssh hangs").unwrap()
    }
}

// --------------------------------------------------------------------------------------------- the client

struct Client {
    handle: Handle<Keys>,
    _serving: TaskTracker,
}

/// Notes the host key it is shown.
#[derive(Clone, Default)]
struct Keys(Arc<Mutex<Option<PublicKey>>>);

impl client::Handler for Keys {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &russh::keys::PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        if let russh::keys::PublicKeyOrCertificate::PublicKey { key, .. } = key {
            *self.0.lock().unwrap() = Some(key.clone());
        }
        Ok(true)
    }
}

struct Output {
    out: Vec<u8>,
    status: Option<u32>,
}

struct Answer {
    text: String,
    keys: BTreeMap<String, String>,
    status: Option<u32>,
}

impl Answer {
    fn number(&self, key: &str) -> i64 {
        self.keys[key].parse().unwrap()
    }
}

impl Client {
    async fn begin(&self, script: &str) -> Channel<client::Msg> {
        let channel = self.handle.channel_open_session().await.unwrap();
        channel.exec(true, "exec /bin/sh -s").await.unwrap();
        channel.data(script.as_bytes()).await.unwrap();
        channel
    }

    async fn exec(&self, script: &str) -> Output {
        let channel = self.begin(script).await;
        channel.eof().await.unwrap();
        rest(channel).await
    }

    async fn call(&self, call: &str, assignments: &str) -> Answer {
        let output = self.exec(&script(call, assignments)).await;
        let text = String::from_utf8(output.out).unwrap();
        let verb = call.split(' ').next().unwrap();
        let (_, body) = text.split_once(&format!("\x1eSF1 {verb}\n")).expect("no first marker");
        let (body, status) = body.split_once("\x1eSF1 end ").expect("no last marker");
        assert_eq!(output.status, Some(0));
        let pairs = body.lines().map(|line| line.split_once('=').expect("no key"));
        let keys = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        Answer { text: body.to_owned(), keys, status: status.trim().parse().ok() }
    }

    async fn start(&self, run: u64, command: &str) -> Answer {
        let quoted = command.replace('\'', "'\\''");
        let assignments = format!(
            "SF_COMMAND='{quoted}'\nSF_PTY='80x24'\nSF_TITLE='a title'\nSF_ENV='export A='\\''1'\\''\nexport B='\\''2'\\'''\n"
        );
        self.call(&format!("start {}", id(run)), &assignments).await
    }

    /// The state once it is `wanted`.
    async fn until(&self, run: u64, wanted: &str) -> Answer {
        loop {
            let state = self.call(&format!("state {}", id(run)), "").await;
            if state.keys["state"] == wanted {
                return state;
            }
            tokio::time::sleep(seconds(1)).await;
        }
    }

    /// `count` bytes of the spool from `offset` on.
    async fn follow(&self, run: u64, offset: usize, count: usize) -> Vec<u8> {
        let mut channel = self.begin(&script(&format!("follow {} out {offset}", id(run)), "")).await;
        let marker = format!("\x1eSF1 follow {offset}\n");
        let mut bytes = Vec::new();
        while bytes.len() < marker.len() + count {
            if let ChannelMsg::Data { data } = channel.wait().await.expect("the follower ended") {
                bytes.extend_from_slice(&data);
            }
        }
        channel.eof().await.unwrap();
        assert!(bytes.starts_with(marker.as_bytes()));
        bytes.drain(..marker.len());
        bytes.truncate(count);
        bytes
    }

    /// Returns when the connection has ended.
    async fn gone(&self) {
        eventually("the connection ends", || async { self.handle.is_closed() }).await;
    }
}

async fn rest(mut channel: Channel<client::Msg>) -> Output {
    let mut output = Output { out: Vec::new(), status: None };
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::Data { data } => output.out.extend_from_slice(&data),
            ChannelMsg::ExitStatus { exit_status } => output.status = Some(exit_status),
            _ => {}
        }
    }
    output
}

async fn handshake(fleet: &DemoFleet, name: &str) -> (Handle<Keys>, PublicKey) {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let host = sim(fleet, name);
    TaskTracker::new().spawn(async move { host.serve_stream(theirs).await });
    let keys = Keys::default();
    let handle = client::connect_stream(Arc::default(), ours, keys.clone()).await.unwrap();
    let shown = keys.0.lock().unwrap().clone().unwrap();
    (handle, shown)
}

async fn log_in(handle: &mut Handle<Keys>, key: PrivateKey, user: &str) -> bool {
    let key = PrivateKeyWithHashAlg::new(Arc::new(key), None);
    handle.authenticate_publickey(user, key).await.unwrap().success()
}

async fn connect(fleet: &DemoFleet, name: &str) -> Client {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let host = sim(fleet, name);
    let serving = TaskTracker::new();
    serving.spawn(async move { host.serve_stream(theirs).await });
    let handle = client::connect_stream(Arc::default(), ours, Keys::default()).await.unwrap();
    logged_in(fleet, handle, serving).await
}

async fn connect_tcp(fleet: &DemoFleet, name: &str) -> Client {
    let settings = fleet.hosts().into_iter().find(|host| host.id.as_str() == name).unwrap();
    let stream = TcpStream::connect(("127.0.0.1", settings.port.unwrap())).await.unwrap();
    let handle = client::connect_stream(Arc::default(), stream, Keys::default()).await.unwrap();
    logged_in(fleet, handle, TaskTracker::new()).await
}

async fn logged_in(fleet: &DemoFleet, mut handle: Handle<Keys>, serving: TaskTracker) -> Client {
    assert!(log_in(&mut handle, key(fleet), "demo").await);
    Client { handle, _serving: serving }
}

fn key(fleet: &DemoFleet) -> PrivateKey {
    PrivateKey::from_openssh(fleet.client_key().unwrap()).unwrap()
}

fn sim(fleet: &DemoFleet, name: &str) -> SimHost {
    fleet.host(&host_id(name)).unwrap().clone()
}

fn host_id(name: &str) -> HostId {
    HostId::parse(name).unwrap()
}

fn id(run: u64) -> AttemptId {
    AttemptId { run: steadfast::domain::id::RunId::from_random(run), attempt: steadfast::domain::id::Attempt::FIRST }
}

fn script(call: &str, assignments: &str) -> String {
    format!("{PREAMBLE}{assignments}{{ sf_main {call} ; exit; }}\n")
}

/// Nine hosts to which nothing happens by itself, without sockets.
fn calm(seed: u64) -> DemoFleet {
    let options = FleetOptions { seed, scripted: false, ..FleetOptions::new(TokioClock::shared()) };
    DemoFleet::start_unconnected(&options).unwrap()
}

fn real_options() -> FleetOptions {
    FleetOptions { scripted: false, ..FleetOptions::new(Arc::new(SystemClock)) }
}

/// A clock that stands still when tokio's does.
struct TokioClock(tokio::time::Instant);

impl TokioClock {
    fn shared() -> Arc<dyn Clock> {
        Arc::new(Self(tokio::time::Instant::now()))
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Moment {
        let elapsed = self.0.elapsed();
        Moment { mono: Mono(elapsed), wall: Wall(1_790_000_000_000) + elapsed }
    }
}

async fn eventually<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LIMIT, waiting).await.unwrap_or_else(|_| panic!("in vain: {what}"));
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Generous: it only decides how long a failure takes.
const LIMIT: Duration = Duration::from_secs(60);
