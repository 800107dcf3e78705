//! A supervisor that samples a real host: what it tells, once, and what it writes down.

use std::os::unix::fs::PermissionsExt;

use steadfast::domain::id::HostId;
use steadfast::domain::moment::Wall;
use steadfast::ledger::HealthReader;

use crate::bench::Bench;

/// The host's docker counts the samples, and says nothing: so a run can wait for as many as it needs.
fn counted() -> Option<(Bench, tempfile::TempDir)> {
    let bin = tempfile::tempdir().unwrap();
    let docker = bin.path().join("docker");
    std::fs::write(&docker, format!("#!/bin/sh\necho called >>{}\n", bin.path().join("calls").display())).unwrap();
    std::fs::set_permissions(&docker, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(bin.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let bench = Bench::with_sshd_and(&[&format!("SetEnv PATH={}:/usr/bin:/bin", bin.path().display())])?;
    Some((bench, bin))
}

/// A command that goes on until the host was asked so often: all samples but the last are done then.
fn until(bin: &tempfile::TempDir, samples: usize) -> String {
    let calls = bin.path().join("calls");
    format!("until [ \"$(grep -c called {} 2>/dev/null)\" -ge {samples} ]; do sleep 0.1; done", calls.display())
}

fn levels(out: &str) -> Vec<serde_json::Value> {
    let events = out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    events.filter(|event| event["type"] == "health").collect()
}

#[test]
fn a_level_is_told_once_and_samples_are_written_down() {
    let Some((bench, bin)) = counted() else { return };
    // No host uses less memory than this.
    let config = "[health]\ninterval = \"1s\"\nmem_threshold = 0\ncpu_threshold = 100\nunits = []\n";
    std::fs::write(bench.dir.path().join("steadfast.toml"), config).unwrap();
    let said = bench.run(&["run", "-H", "h1", "--json", "--", &until(&bin, 4)]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let told = levels(&said.out);
    let [level] = &told[..] else { panic!("{said:?}") };
    assert_eq!((&level["host"], &level["to"], &level["from"]), (&"h1".into(), &"unhealthy".into(), &"unknown".into()));
    assert_eq!(level["reasons"][0]["what"], "memory");
    assert!(level["reasons"][0]["value"].as_f64().is_some_and(|value| value > 0.0), "{level}");

    let db = rusqlite::Connection::open(bench.dir.path().join("state/health.db")).unwrap();
    let rows: i64 = db
        .query_row("SELECT count(*) FROM samples WHERE cpu IS NOT NULL AND memory > 0 AND disk > 0", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert!(rows >= 2, "{rows}");
    drop(db);
    let said = bench.run(&["health", "h1", "--json"]);
    assert_eq!((said.code, said.out.lines().count() >= 2), (Some(0), true), "{said:?}");
    let said = bench.run(&["health"]);
    assert!(said.out.contains("h1") && said.out.contains("✗ unhealthy") && said.out.contains(" ago"), "{said:?}");
    let said = bench.run(&["health", "h2"]);
    assert!(said.code == Some(1) && said.err.contains("h2 was not sampled yet"), "{said:?}");

    // The next supervisor knows what was told.
    let said = bench.run(&["run", "-H", "h1", "--json", "--", &until(&bin, 8)]);
    assert_eq!((said.code, levels(&said.out).len()), (Some(0), 0), "{said:?}");
    // Well again: told once.
    std::fs::write(bench.dir.path().join("steadfast.toml"), config.replace("mem_threshold = 0", "mem_threshold = 100"))
        .unwrap();
    let said = bench.run(&["run", "-H", "h1", "--json", "--", &until(&bin, 12)]);
    let told: Vec<_> = levels(&said.out).iter().map(|level| level["to"].clone()).collect();
    assert_eq!(told, ["healthy"], "{said:?}");
}

#[test]
fn switched_off_nobody_is_asked() {
    let Some((bench, bin)) = counted() else { return };
    std::fs::write(bench.dir.path().join("steadfast.toml"), "[health]\nsampling = false\ninterval = \"1s\"\n").unwrap();
    let said = bench.run(&["run", "-H", "h1", "--", "sleep 3"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(!bin.path().join("calls").exists());
    assert!(!bench.dir.path().join("state/health.db").exists());
    let said = bench.run(&["health"]);
    assert!(said.code == Some(1) && said.err.contains("no host was sampled yet"), "{said:?}");
}

#[test]
fn a_supervisor_that_is_killed_leaves_its_samples_to_the_next() {
    let Some((bench, bin)) = counted() else { return };
    std::fs::write(bench.dir.path().join("steadfast.toml"), "[health]\ninterval = \"1s\"\nunits = []\n").unwrap();
    let going = bench.start(&["run", "-H", "h1", "--", &until(&bin, 1_000_000)]);
    let state = bench.dir.path().join("state");
    let rows = || {
        let reader = HealthReader::open(&state).ok().flatten();
        let history = reader.and_then(|reader| reader.history(&HostId::parse("h1").unwrap(), Wall(0), 100).ok());
        history.map_or(0, |history| history.len())
    };
    crate::support::until("two samples are on disk", || rows() >= 2);
    // SIGKILL.
    drop(going);
    let before = rows();
    assert!(before >= 2);
    let db = rusqlite::Connection::open(state.join("health.db")).unwrap();
    let sound: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    drop(db);
    let said = bench.run(&["cancel", "last"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(rows() >= before);
    // It may be removed, and is made anew.
    for name in ["health.db", "health.db-wal", "health.db-shm"] {
        std::fs::remove_file(state.join(name)).ok();
    }
    std::fs::remove_file(bin.path().join("calls")).unwrap();
    let said = bench.run(&["run", "-H", "h1", "--", &until(&bin, 3)]);
    assert_eq!((said.code, rows() >= 1), (Some(0), true), "{said:?}");
}

/// `h1` is sampled by a run, `h2` by nobody.
#[test]
fn a_host_that_a_supervisor_has_sampled_is_not_asked_again() {
    let Some((bench, bin)) = counted() else { return };
    let config = "[health]\ninterval = \"20s\"\nunits = []\nprocesses = [\"sshd\"]\n[[hosts]]\nname = \"h[1-2]\"\n";
    std::fs::write(bench.dir.path().join("steadfast.toml"), config).unwrap();
    let going = bench.start(&["run", "-H", "h1", "--", &until(&bin, 1_000_000)]);
    let state = bench.dir.path().join("state");
    let sampled = || {
        let reader = HealthReader::open(&state).ok().flatten();
        reader.and_then(|reader| reader.recent(0).ok()).is_some_and(|hosts| !hosts.is_empty())
    };
    crate::support::until("a sample is on disk", sampled);
    let calls = || std::fs::read_to_string(bin.path().join("calls")).unwrap().lines().count();
    let (before, pid) = (calls(), going.pid());

    let said = bench.run(&["services", "--json"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let rows: Vec<serde_json::Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let by = |host: &str| rows.iter().find(|row| row["server"] == host).unwrap().clone();
    assert_eq!((&by("h1")["answered_by"], by("h1")["sampled_at"].is_string()), (&"supervisor".into(), true));
    assert!(by("h2")["answered_by"].is_null() && by("h2")["cpu"].is_number(), "{rows:?}");
    assert_eq!(calls() - before, 1, "h2 was asked, and nobody else");
    assert!(said.err.contains("1 of 2 hosts sampled by") && said.err.contains(&format!("pid {pid}")), "{}", said.err);

    let said = bench.run(&["services", "-H", "h1"]);
    let mut lines = said.out.lines();
    assert!(lines.next().is_some_and(|head| head.contains("sampled")), "{said:?}");
    assert!(lines.next().is_some_and(|row| row.contains(" ago")), "{said:?}");
    for command in [&["status", "--service", "sshd", "-H", "h1"][..], &["unhealthy-services", "-H", "h1"]] {
        let said = bench.run(command);
        assert!(said.out.contains(" ago") && said.err.contains("1 host sampled by"), "{said:?}");
    }
    let watch = ["watch", "--service", "sshd", "-H", "h1", "--count", "1", "--json", "--interval"];
    let said = bench.run(&[&watch[..], &["20s"]].concat());
    assert!(said.out.contains("answered_by"), "{said:?}");
    assert_eq!(calls() - before, 1, "nobody was asked");
    // More often than the supervisor, and when it is wanted.
    let said = bench.run(&[&watch[..], &["2s"]].concat());
    assert!(!said.out.contains("answered_by"), "{said:?}");
    let said = bench.run(&["services", "-H", "h1", "--fresh"]);
    assert!(!said.out.contains(" ago") && said.err.is_empty(), "{said:?}");
    // What is looked for now was not looked for then.
    std::fs::write(bench.dir.path().join("steadfast.toml"), config.replace("sshd", "init")).unwrap();
    let said = bench.run(&["services", "-H", "h1"]);
    assert!(said.out.contains("init") && !said.out.contains(" ago"), "{said:?}");
    drop(going);
    assert_eq!(bench.run(&["cancel", "last"]).code, Some(0));
}
