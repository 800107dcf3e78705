//! What can be said without any host.

use std::process::Stdio;

use crate::bench::Bench;

#[test]
fn an_empty_ledger_has_no_runs_and_none_is_made_by_looking() {
    let bench = Bench::new();
    let said = bench.run(&["runs"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""), "{said:?}");
    assert!(said.err.contains("there is no run yet"), "{said:?}");
    assert!(!bench.dir.path().join("state/ledger.db").exists());
    assert_eq!(bench.run(&["runs", "--json"]).out, "");
}

#[test]
fn what_is_not_there_is_a_line_and_a_code() {
    let bench = Bench::new();
    for (arguments, code, words) in [
        (&["log", "last"][..], 1, "there is no run yet"),
        (&["attach", "7h2k"], 1, "there is no run yet"),
        (&["cancel", "7h2k"], 1, "there is no run yet"),
        (&["rerun", "last"], 1, "there is no run yet"),
        (&["check"], 2, "no host to check"),
        (&["gc"], 2, "how old must a run be"),
        (&["run", "-H", "x", "--upload", "/nonexistent"], 1, "failed to read /nonexistent"),
        (&["run", "-H", "x", "--env-file", "/nonexistent", "--", "x"], 1, "failed to read /nonexistent"),
    ] {
        let said = bench.run(arguments);
        assert_eq!(said.code, Some(code), "{arguments:?}: {said:?}");
        assert!(said.err.starts_with("steadfast: ") && said.err.contains(words), "{arguments:?}: {said:?}");
        assert_eq!(said.out, "", "{arguments:?}");
    }
}

#[test]
fn an_ssh_configuration_that_cannot_be_understood_is_told_before_anything_starts() {
    let bench = Bench::new();
    std::fs::write(bench.dir.path().join("ssh_config"), "Host x\n Port abc\n").unwrap();
    let said = bench.run(&["run", "-H", "x", "--", "true"]);
    assert_eq!(said.code, Some(78), "{said:?}");
    assert!(said.err.contains("line 2") && said.err.contains("Port abc"), "{said:?}");
    assert!(!bench.dir.path().join("state/ledger.db").exists());
}

#[test]
fn the_schema_of_events_is_json() {
    let said = Bench::new().run(&["schema", "events"]);
    let schema: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(schema["title"], "steadfast event");
}

#[test]
fn a_reader_that_has_gone_is_no_failure_and_no_panic() {
    let bench = Bench::new();
    let mut child = bench.command(&["schema", "events"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn a_name_that_is_not_resolved_is_given_up_and_nothing_is_left_to_start() {
    let bench = Bench::new();
    let said = bench.run(&["run", "-H", "typo.invalid", "--", "true"]);
    assert_eq!(said.code, Some(255), "{said:?}");
    assert!(said.err.contains("not resolved") && said.err.contains("was not started"), "{said:?}");
    assert_eq!(bench.run(&["runs", "--active"]).out, "");
}
