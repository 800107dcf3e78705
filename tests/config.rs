//! The real binary: what it says about its configuration and about itself.

#![expect(clippy::unwrap_used, reason = "a test: what does not work must fail it")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use insta::assert_snapshot;
use tempfile::TempDir;

/// steadfast in a directory of its own, with nothing of this machine's.
fn steadfast(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_steadfast"));
    command
        .current_dir(directory)
        .env_clear()
        .env("HOME", directory.join("home"))
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::null());
    command
}

fn place() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn with(text: &str) -> TempDir {
    let place = place();
    std::fs::write(place.path().join("steadfast.toml"), text).unwrap();
    place
}

fn told(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("exit {}\n--- stdout\n{out}--- stderr\n{err}", output.status.code().unwrap_or(-1))
}

fn say(place: &TempDir, args: &[&str]) -> String {
    told(&steadfast(place.path()).args(args).output().unwrap())
}

#[test]
fn a_good_file_is_counted() {
    let place = with("[[hosts]]\nname = \"node[1-3]\"\n[jobs.soak]\ncommand = \"soak\"\nhosts = [\"node2\"]\n");
    assert_snapshot!(say(&place, &["config", "check"]), @r"
    exit 0
    --- stdout
    steadfast.toml: fine; 3 hosts, 1 job
    --- stderr
    ");
}

#[test]
fn files_that_are_missing_are_noted() {
    let place = with("[[hosts]]\nname = \"a\"\n[jobs.x]\nupload = \"/nonexistent/x.sh\"\nhosts = [\"a\"]\n");
    assert_snapshot!(say(&place, &["config", "check"]), @r"
    exit 0
    --- stdout
    steadfast.toml: fine; 1 host, 1 job
    --- stderr
    note: jobs.x: upload: there is no file /nonexistent/x.sh
    ");
}

#[test]
fn a_bad_file_is_told_in_blocks_and_ends_with_78() {
    let place = with("hots = []\n\n[jobs.soak]\ncommand = \"soak\"\non_reboot = \"reran\"\npassword = \"hunter2\"\n");
    assert_snapshot!(say(&place, &["config", "check"]), @r#"
    exit 78
    --- stdout
    --- stderr
    steadfast.toml:1:1: unknown key `hots`
      |
    1 | hots = []
      | ^^^^
      = did you mean `hosts`?
      = allowed here: state_dir, ssh_config, gc, notify, theme, alarms, network, defaults, hosts, jobs, health

    steadfast.toml:5:13: "reran" is not allowed here
      |
    5 | on_reboot = "reran"
      |             ^^^^^^^
      = did you mean "rerun"?
      = allowed: "report", "rerun"

    steadfast.toml:6:1: unknown key `password`
      |
    6 | password =**********
      | ^^^^^^^^
      = no secret is read from a configuration file: use an SSH agent or key files (a passphrase is asked for), or leave it out and be asked for the password

    steadfast: 3 problems in steadfast.toml
    "#);
}

#[test]
fn colour_is_only_where_it_was_asked_for() {
    let place = with("hots = []\n");
    assert!(!say(&place, &["config", "check"]).contains('\u{1b}'));
    assert!(say(&place, &["config", "check", "--color", "always"]).contains("\u{1b}[1;31m^^^^"));
}

#[test]
fn a_named_file_goes_before_the_one_here_and_must_exist() {
    let place = with("hots = []\n");
    std::fs::write(place.path().join("other.toml"), "").unwrap();
    let named = |args: &[&str]| say(&place, args);
    assert!(named(&["--config", "other.toml", "config", "check"]).contains("other.toml: fine"));
    assert!(named(&["config", "check", "other.toml"]).contains("other.toml: fine"));
    let by_environment =
        steadfast(place.path()).args(["config", "check"]).env("STEADFAST_CONFIG", "other.toml").output().unwrap();
    assert!(told(&by_environment).contains("other.toml: fine"));
    assert_snapshot!(named(&["--config", "nowhere.toml", "config", "check"]), @r"
    exit 78
    --- stdout
    --- stderr
    steadfast: failed to find nowhere.toml
    ");
}

#[test]
fn no_file_is_no_error_and_the_platforms_directory_is_looked_at() {
    let place = place();
    let said = say(&place, &["config", "check"]);
    assert!(said.starts_with("exit 0") && said.contains("no configuration file"), "{said}");
    assert!(said.contains("`steadfast config init`"), "{said}");
    if cfg!(target_os = "linux") {
        let directory = place.path().join("home/.config/steadfast");
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("steadfast.toml"), "[[hosts]]\nname = \"a\"\n").unwrap();
        assert!(say(&place, &["config", "check"]).contains("fine; 1 host, 0 jobs"));
    }
}

#[test]
fn init_writes_an_example_that_is_fine_and_never_overwrites() {
    let place = place();
    let said = say(&place, &["config", "init"]);
    assert!(said.starts_with("exit 0") && said.contains("wrote "), "{said}");
    assert!(say(&place, &["config", "check"]).contains("steadfast.toml: fine; 0 hosts, 0 jobs"));
    std::fs::write(place.path().join("steadfast.toml"), "# mine\n").unwrap();
    assert_snapshot!(say(&place, &["config", "init"]), @r"
    exit 1
    --- stdout
    --- stderr
    steadfast: steadfast.toml is there already; nothing was changed
    hint: write it somewhere else with `steadfast config init FILE`
    ");
    assert_eq!(std::fs::read_to_string(place.path().join("steadfast.toml")).unwrap(), "# mine\n");
    assert!(say(&place, &["config", "init", "other.toml"]).starts_with("exit 0"));
    assert!(place.path().join("other.toml").exists());
}

#[test]
fn the_schema_is_json_by_either_name() {
    let place = place();
    for args in [["config", "schema"], ["schema", "config"]] {
        let output = steadfast(place.path()).args(args).output().unwrap();
        let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(schema["title"], "steadfast.toml");
    }
}

/// `| head -1`: the reader takes one line and goes.
#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = place();
    for args in [&["config", "schema"][..], &["man"], &["completions", "bash"], &["--help"]] {
        let mut child =
            steadfast(place.path()).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // One byte at a time, so that the pipe is full of the rest when it is closed.
        let mut reader = BufReader::with_capacity(1, child.stdout.take().unwrap());
        reader.read_line(&mut String::new()).unwrap();
        drop(reader);
        let output = child.wait_with_output().unwrap();
        assert_eq!(told(&output), "exit 0\n--- stdout\n--- stderr\n", "{args:?}");
    }
}

#[test]
fn a_disk_that_is_full_is_an_error() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let place = place();
    let output = steadfast(place.path()).args(["config", "schema"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains("steadfast: failed to write to stdout"), "{}", told(&output));
}

#[test]
fn every_shell_gets_completions() {
    let place = place();
    for shell in ["bash", "zsh", "fish"] {
        let script = say(&place, &["completions", shell]);
        for word in ["cancel", "idle-timeout", "state-dir"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

const COMMANDS: [&str; 16] = [
    "demo",
    "run",
    "runs",
    "attach",
    "log",
    "cancel",
    "rerun",
    "adopt",
    "gc",
    "check",
    "net",
    "config",
    "schema",
    "completions",
    "man",
    "config init",
];

#[test]
fn the_manual_has_a_section_on_every_command() {
    let place = place();
    let page = say(&place, &["man"]);
    for command in COMMANDS {
        assert!(page.contains(&format!(".SH \"steadfast {command}\"\n")), "{command}");
    }
    for option in ["\\-\\-idle\\-timeout", "\\-\\-survival", "\\&  76 ", "Exit codes"] {
        assert!(page.contains(option), "{option}");
    }
    assert!(say(&place, &["man", "--dir", "pages"]).starts_with("exit 0"));
    assert!(place.path().join("pages/steadfast-run.1").exists());
}

#[test]
fn the_help_of_run_tells_the_exit_codes() {
    let said = say(&place(), &["run", "--help"]);
    for word in ["Exit codes:", "interrupted by a reboot", "Examples:", "--on-reboot"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

/// 2, as with every program that uses clap; 78 is for the file alone.
#[test]
fn arguments_that_make_no_sense_end_with_2() {
    let place = place();
    for args in [&["--no-such-flag"][..], &["run", "-H", "a"], &["runns"], &["log", "l"]] {
        let said = say(&place, args);
        assert!(said.starts_with("exit 2\n--- stdout\n--- stderr\nerror: "), "{args:?}: {said}");
    }
    assert!(say(&place, &["runns"]).contains("'run', 'runs'"));
}
