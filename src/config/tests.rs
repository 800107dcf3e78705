//! The file as a whole: what good ones mean, and what is said of bad ones.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::domain::boot::BootIdentity;
use crate::domain::diagnosis::Cause;
use crate::domain::link::{Link, LinkEffect, LinkInput, LinkState, Multiplier};
use crate::domain::moment::{Moment, Mono, Wall};
use crate::domain::run::{OnReboot, RunIo, UPLOADED};

fn base() -> Base {
    Base { directory: "/fleet".into(), home: Some("/home/op".into()) }
}

fn good(text: &str) -> Config {
    Config::parse(text.as_bytes(), "f", &base()).unwrap_or_else(|invalid| panic!("{invalid}"))
}

fn bad(text: &str) -> String {
    Config::parse(text.as_bytes(), "f", &base()).unwrap_err().to_string()
}

/// The example with every setting switched on.
fn uncommented() -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(setting) if !setting.starts_with(' ') => setting.to_owned(),
        Some(_) | None => line.to_owned(),
    };
    EXAMPLE.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_jump_host_of_all_is_reached_without_itself() {
    let config = good(
        "[defaults]\njump = 'op@one:23,two'\n[[hosts]]\nname = 'one'\n[[hosts]]\nname = 'two'\n[[hosts]]\nname = 'far'",
    );
    let jumps: Vec<_> = config.hosts.iter().map(|host| host.jump.as_deref()).collect();
    assert_eq!(jumps, [None, Some("op@one:23"), Some("op@one:23,two")]);
}

#[test]
fn nothing_is_a_configuration() {
    assert_eq!(good(""), Config::default());
    assert_eq!(good("\u{feff}# only a comment\r\n"), Config::default());
}

#[test]
fn the_example_changes_nothing_until_it_is_edited() {
    assert_eq!(good(EXAMPLE), Config::default());
}

#[test]
fn the_example_is_right_in_every_line() {
    let config = good(&uncommented());
    assert_eq!(config.hosts.len(), 21);
    assert_eq!(config.hosts[0].link.keepalive, Duration::from_secs(2));
    assert_eq!(config.hosts[0].jump.as_deref(), Some("none"));
    assert_eq!(config.hosts[20].address.as_deref(), Some("192.0.2.120"));
    assert_eq!(config.hosts[20].user.as_deref(), Some("root"));
    assert_eq!(config.hosts[20].identity_files, ["/home/op/.ssh/id_ed25519"]);
    assert_eq!(config.hosts[20].link, LinkSettings::default(), "the example shows the defaults");
    let [burn_in, torture] = config.jobs.as_slice() else { panic!("{:?}", config.jobs) };
    assert_eq!(burn_in.hosts.len(), 5);
    assert_eq!(burn_in.spec.io, RunIo::Pty { columns: 80, rows: 24 });
    assert_eq!(burn_in.spec.on_reboot, OnReboot::Report);
    assert_eq!(burn_in.spec.env, [("LANG".into(), "C".into()), ("SEED".into(), "42".into())]);
    assert_eq!(burn_in.spec.env_file.as_deref(), Some("/fleet/burn-in.env"));
    assert_eq!(torture.upload.as_deref(), Some("/fleet/disk-torture.sh"));
    assert_eq!(config.settings.state_dir, Some(PathBuf::from("/home/op/steadfast-state")));
    assert_eq!(config.settings.keep, Some(Duration::from_secs(30 * 24 * 3600)));
}

/// Every key of the schema with its path, and whether it is described.
fn keys(schema: &serde_json::Value, path: &str, found: &mut Vec<(String, bool)>) {
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        found.push((path.clone(), inner["description"].as_str().is_some_and(|text| text.len() > 8)));
        keys(inner, &path, found);
        keys(&inner["items"], &path, found);
        keys(&inner["additionalProperties"], &path, found);
    }
}

/// Every key that is set in the example; those of its jobs without the job's name.
fn set(value: &toml::Value, path: &str, found: &mut Vec<String>) {
    match value {
        toml::Value::Table(table) => {
            for (name, inner) in table {
                let path = format!("{path}.{name}");
                found.push(
                    path.replace(".jobs.burn-in", ".jobs")
                        .replace(".jobs.disk-torture", ".jobs")
                        .replace(".services.postgresql", ".services"),
                );
                set(inner, &path, found);
            }
        }
        toml::Value::Array(items) => items.iter().for_each(|item| set(item, path, found)),
        toml::Value::String(_)
        | toml::Value::Integer(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(_)
        | toml::Value::Datetime(_) => {}
    }
}

#[test]
fn every_key_is_described_and_is_in_the_example() {
    let mut known = Vec::new();
    keys(&schema(), "", &mut known);
    assert!(known.len() > 50, "{known:?}");
    let mut shown = Vec::new();
    set(&toml::from_str(&uncommented()).unwrap(), "", &mut shown);
    for (key, described) in known {
        assert!(described, "{key} has no description");
        // A host's timing is that of `[defaults.link]`, shown there key by key.
        assert!(shown.contains(&key) || key.starts_with(".hosts.link."), "{key} is not in the example");
    }
}

#[test]
fn health_is_what_is_written_and_nothing_else() {
    let config = good(
        "[health]\ncpu_threshold = 80\nmargin = 2.5\nunits = ['nginx']\n[health.services.User]\nmem_threshold = 70",
    );
    let rules = &config.health.rules;
    assert_eq!(rules.thresholds(Some("User")).cpu.to_string(), "80.00%");
    assert_eq!(rules.thresholds(Some("User")).memory.to_string(), "70.00%");
    assert_eq!(rules.thresholds(None).memory.to_string(), "90.00%");
    assert_eq!(config.health.watched.units.as_deref(), Some(&["nginx".to_owned()][..]));
    let told = bad("[health]\ncpu_threshold = 101\nmem_threshold = nan\nprocesses = [\"a'; rm\"]\n");
    assert_eq!(told.matches("must be a number from 0 to 100").count(), 2, "{told}");
    assert!(told.contains("is no name of a unit or program"), "{told}");
}

#[test]
fn the_schema_knows_no_null_and_forbids_unknown_keys() {
    let text = schema().to_string();
    assert!(!text.contains("null"), "{text}");
    assert_eq!(schema()["additionalProperties"], false);
    assert_eq!(schema()["properties"]["hosts"]["items"]["additionalProperties"], false);
}

#[test]
fn a_host_of_the_command_line_has_the_defaults() {
    let config = good("[defaults]\nuser = 'op'\n[defaults.link]\nkeepalive = '2s'");
    let host = config.defaults.host(HostId::parse("new").unwrap());
    assert_eq!((host.id.as_str(), host.user.as_deref()), ("new", Some("op")));
    assert_eq!(host.link.keepalive, Duration::from_secs(2));
}

/// Each number of a link, by host; and the machine goes by them.
#[test]
fn the_numbers_of_a_link_are_those_of_its_host() {
    let config = good(
        "[defaults.link]\nattempts = 7\n[[hosts]]\nname = 'a'\nlink = { keepalive = '2s', keepalive_count = 4, \
         backoff_initial = '3s', backoff_multiplier = 1.5, backoff_maximum = '20s', attempts = 2, lost_after = '1h', \
         connect_timeout = '40s', tcp_timeout = '6s', connect_limit = 3 }\n[[hosts]]\nname = 'b'\n",
    );
    let [a, b] = config.hosts.as_slice() else { panic!("{:?}", config.hosts) };
    let seconds = Duration::from_secs;
    let written = LinkSettings {
        keepalive: seconds(2),
        keepalive_count: 4,
        backoff_initial: seconds(3),
        backoff_multiplier: Multiplier::parse(1.5).unwrap(),
        backoff_maximum: seconds(20),
        attempts: Some(2),
        lost_after: seconds(3_600),
        connect_timeout: seconds(40),
        tcp_timeout: seconds(6),
        connect_limit: NonZeroU32::new(3).unwrap(),
    };
    assert_eq!(a.link, written);
    assert_eq!(b.link, LinkSettings { attempts: Some(7), ..LinkSettings::default() });
    assert_eq!((silence(a.link), silence(b.link)), (seconds(2 * 4), seconds(5 * 3)));
    assert_eq!((attempts(a.link), attempts(b.link)), (2, 7));
    assert_eq!((lost_after(a.link), lost_after(b.link)), (seconds(3_600), seconds(600)));
    let patience = |settings| dialing(settings).poll_timeout().unwrap().since(Mono::default());
    assert_eq!(patience(b.link) - patience(a.link), seconds(60 - 40));
}

const BEGIN: Moment = Moment { mono: Mono(Duration::ZERO), wall: Wall(0) };

fn dialing(settings: LinkSettings) -> Link {
    let mut link = Link::new(settings, None, 1);
    link.handle_input(BEGIN, LinkInput::Connect);
    link
}

/// Lets time pass until the link is in this state; how much that was.
fn pass_until(link: &mut Link, now: &mut Moment, state: LinkState) -> Duration {
    let begin = *now;
    while link.state() != state {
        *now = *now + link.poll_timeout().unwrap().since(now.mono);
        link.handle_timeout(*now);
    }
    now.mono.since(begin.mono)
}

/// How long it hears nothing before it asks why.
fn silence(settings: LinkSettings) -> Duration {
    let mut link = dialing(settings);
    let epoch = link.epoch();
    link.handle_input(BEGIN, LinkInput::Dialed { epoch, evidence: vec![] });
    link.handle_input(BEGIN, LinkInput::Identified { epoch, identity: BootIdentity::default() });
    pass_until(&mut link, &mut BEGIN.clone(), LinkState::Pinging)
}

/// After how many it gives up.
fn attempts(settings: LinkSettings) -> usize {
    let mut link = dialing(settings);
    pass_until(&mut link, &mut BEGIN.clone(), LinkState::Lost);
    std::iter::from_fn(|| link.poll_effect()).filter(|effect| matches!(effect, LinkEffect::Dial(_))).count()
}

/// Without a limit on its attempts.
fn lost_after(settings: LinkSettings) -> Duration {
    let mut link = dialing(LinkSettings { attempts: None, ..settings });
    let (epoch, cause) = (link.epoch(), Cause::PortRefused);
    link.handle_input(BEGIN, LinkInput::DialFailed { epoch, cause, evidence: vec![] });
    pass_until(&mut link, &mut BEGIN.clone(), LinkState::Lost)
}

#[test]
fn numbers_of_a_link_out_of_range_are_told() {
    let said = bad("[defaults.link]\nbackoff_multiplier = 0.5\nconnect_limit = 0\n[[hosts]]\nname = 'a'\n\
                    link = { backoff_multiplier = 101, connect_limit = 33 }\n");
    assert_eq!(said.matches("must be from 1 to 100").count(), 2, "{said}");
    assert_eq!(said.matches("must be from 1 to 32").count(), 2, "{said}");
}

#[test]
fn an_upload_without_a_command_is_the_command() {
    let config = good("[jobs.x]\nupload = 'x.sh'");
    assert_eq!(config.jobs[0].spec.command, UPLOADED);
    assert_eq!(config.jobs[0].spec.title(), "x");
}

#[test]
fn order_is_that_of_the_file() {
    let config = good("[[hosts]]\nname='z'\n[[hosts]]\nname='a'\n[jobs.z]\ncommand='1'\n[jobs.a]\ncommand='2'");
    assert_eq!(config.hosts.iter().map(|host| host.id.as_str()).collect::<Vec<_>>(), ["z", "a"]);
    assert_eq!(config.jobs.iter().map(|job| job.name.as_str()).collect::<Vec<_>>(), ["z", "a"]);
}

#[test]
fn all_errors_are_told_at_once_with_place_and_advice() {
    assert_snapshot!(bad(r#"
hsots = ["db1"]
state_dir = 5

[defaults]
transport = "rush"
passwd = "hunter2"

[defaults.link]
keepalive = "5"
keepalive_count = -1

[[hosts]]
name = "db1"
adress = "192.0.2.1"
port = 70000

[jobs.soak]
command = "soak"
timeout = 90
on_reboot = true
env = { "2" = "x" }
"#), @r#"
    f:2:1: unknown key `hsots`
      |
    2 | hsots = ["db1"]
      | ^^^^^
      = did you mean `hosts`?
      = allowed here: state_dir, ssh_config, gc, notify, theme, alarms, network, defaults, hosts, jobs, health

    f:3:13: invalid type: integer `5`, expected a string
      |
    3 | state_dir = 5
      |             ^

    f:6:13: "rush" is not allowed here
      |
    6 | transport = "rush"
      |             ^^^^^^
      = did you mean "russh"?
      = allowed: "auto", "russh", "system"

    f:7:1: unknown key `passwd`
      |
    7 | passwd =**********
      | ^^^^^^
      = no secret is read from a configuration file: use an SSH agent or key files (a passphrase is asked for), or leave it out and be asked for the password

    f:10:13: "5" is no duration such as "90s", "5m" or "1h 30m": time unit needed, for example 5sec or 5ms
       |
    10 | keepalive = "5"
       |             ^^^

    f:11:19: invalid value: integer `-1`, expected a number from 0 to 4294967295
       |
    11 | keepalive_count = -1
       |                   ^^

    f:15:1: unknown key `adress`
       |
    15 | adress = "192.0.2.1"
       | ^^^^^^
       = did you mean `address`?
       = allowed here: name, address, tags, user, port, identity_files, jump, transport, host_keys, link

    f:16:8: invalid value: integer `70000`, expected a number from 0 to 65535
       |
    16 | port = 70000
       |        ^^^^^

    f:20:11: invalid type: integer `90`, expected a duration such as "90s", "5m" or "1h 30m"
       |
    20 | timeout = 90
       |           ^^

    f:21:13: expected a string
       |
    21 | on_reboot = true
       |             ^^^^

    f:22:9: "2" is no name of a variable
       |
    22 | env = { "2" = "x" }
       |         ^^^
       = allowed: letters, digits and `_`, no digit first
    "#);
}

const MEANINGLESS: &str = r#"
[defaults.link]
keepalive = "0s"
backoff_initial = "1m"
attempts = 0

[[hosts]]
name = "node[01-03]"
address = "192.0.2.1"

[[hosts]]
name = "node02"
user = "op@node02"
jump = "me:hunter2@gate"
link = { connect_timeout = "5s" }

[[hosts]]
tags = ["rack 1"]

[jobs.soak]
hosts = ["nod01", "node[01-09]"]
tags = ["rack2"]
size = "80"
spool_limit = "1G"
retry_delay = "1m"
env = { DB_PASSWORD = "hunter2", A-B = "1" }

[jobs."a b"]
command = " "
pty = false
size = "80x24"
"#;

#[test]
fn meaning_is_checked_too() {
    assert_snapshot!(bad(MEANINGLESS), @r#"
    f:3:13: must be longer than nothing
      |
    3 | keepalive = "0s"
      |             ^^^^

    f:4:19: backoff_maximum (30s) is shorter than backoff_initial (1m)
      |
    4 | backoff_initial = "1m"
      |                   ^^^^
      = the delay begins with backoff_initial and grows up to backoff_maximum

    f:5:12: invalid value: integer `0`, expected a number from 1 on, or "unlimited"
      |
    5 | attempts = 0
      |            ^

    f:9:11: addresses: 1, but hosts: 3
      |
    9 | address = "192.0.2.1"
      |           ^^^^^^^^^^^
      = an address needs the same ranges as the name

    f:12:8: host `node02` is there already
       |
    12 | name = "node02"
       |        ^^^^^^^^
       = its first entry is in line 8

    f:13:8: "op@node02" is no login name
       |
    13 | user = "op@node02"
       |        ^^^^^^^^^^^
       = allowed: no blanks, `@`, `:` or `/`, no `-` first

    f:14:8: a password in an address
       |
    14 | jump = "me:*******@gate"
       |        ^^^^^^^^^^^^^^^^^
       = no secret is read from a configuration file; write `user@host`

    f:15:28: tcp_timeout (10s) is longer than connect_timeout (5s)
       |
    15 | link = { connect_timeout = "5s" }
       |                            ^^^^
       = connect_timeout is for the whole way, TCP included

    f:18:9: "rack 1" is no tag
       |
    18 | tags = ["rack 1"]
       |         ^^^^^^^^
       = allowed: letters, digits, `.`, `_` and `-`, at most 64

    f:23:8: "80" is no size of a terminal such as "80x24" (each side 1 to 1000)
       |
    23 | size = "80"
       |        ^^^^

    f:24:15: "1G" is no size such as "512MiB" or "1GiB"; the units are B, kB, MB, GB, TB, KiB, MiB, GiB, TiB
       |
    24 | spool_limit = "1G"
       |               ^^^^

    f:25:15: a delay without retries
       |
    25 | retry_delay = "1m"
       |               ^^^^
       = add `retries = …`

    f:26:9: `DB_PASSWORD` looks like a secret
       |
    26 | env = { DB_PASSWORD =***********************
       |         ^^^^^^^^^^^
       = variables of `env` are written down with every run, and this file gets into backups
       = put it into a file of `NAME=value` lines that only you can read: `env_file = "FILE"`

    f:26:34: "A-B" is no name of a variable
       |
    26 | env = { DB_PASSWORD =***********************
       |                                  ^^^
       = allowed: letters, digits and `_`, no digit first

    f:28:7: "a b" is no job name
       |
    28 | [jobs."a b"]
       |       ^^^^^
       = allowed: letters, digits, `.`, `_` and `-`, at most 64

    f:29:11: must not be empty
       |
    29 | command = " "
       |           ^^^

    f:31:8: a size without a terminal
       |
    31 | size = "80x24"
       |        ^^^^^^^
       = leave out `size`, or leave out `pty = false`
    "#);
}

#[test]
fn what_the_operator_is_called_for_is_chosen() {
    use crate::domain::alert::{AlertKind, AlertSettings, Desktop};
    assert_eq!(good("").settings.alerts, AlertSettings::default());
    let text = "[notify]\nbell = false\ndesktop = \"osc9\"\non = [\"rebooted\", \"run-failed\"]\n";
    let wanted =
        AlertSettings { bell: false, desktop: Desktop::Osc9, on: vec![AlertKind::Rebooted, AlertKind::RunFailed] };
    assert_eq!(good(text).settings.alerts, wanted);
    let said = bad("[notify]\non = [\"reboted\"]\n");
    assert!(said.contains("did you mean \"rebooted\"?"), "{said}");
}

#[test]
fn the_own_network_is_checked_key_by_key() {
    let text = "[network]\ncheck = [\"gate\", \"gate:0\", \"a b:22\", \"192.0.2.1\"]\ncheck_interval = \"2s\"\n\
                check_timeout = \"5s\"\ninterfaces = [\"eth 0\"]\npreset = \"patent\"\nchek = []\n";
    let said = bad(text);
    for words in [
        "f:6:10: \"patent\" is not allowed here",
        "did you mean \"patient\"?",
        "f:7:1: unknown key `chek`",
        "did you mean `check`?",
        "f:2:10: \"gate\" has no port",
        "f:2:18: \"gate:0\" has no port from 1 to 65535",
        "f:2:28: \"a b:22\" is no check host",
        "f:4:17: check_timeout (5s) is longer than check_interval (2s)",
        "f:5:15: \"eth 0\" is no name of an interface",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    let network = good("[network]\npreset = \"patient\"\ncheck = [\"[2001:db8::1]:22\"]\ncheck_interval = \"1m\"\n")
        .settings
        .network;
    assert_eq!(network.check_timeout, Duration::from_secs(10));
    assert_eq!(network.check_interval, Duration::from_secs(60));
    assert_eq!(network.check.unwrap()[0].to_string(), "[2001:db8::1]:22");
}

#[test]
fn references_are_checked_when_everything_could_be_read() {
    assert_snapshot!(bad(
        "[defaults.link]\nkeepalive='0s'\nbackoff_initial='1m'\n[[hosts]]\nname='node[01-03]'\naddress='192.0.2.1'\n[[hosts]]\nname='node02'\n[[hosts]]\ntags=['rack 1']\n[jobs.soak]\nhosts=['nod01', 'node[01-09]']\ntags=['rack2']\n"
    ), @r#"
    f:2:11: must be longer than nothing
      |
    2 | keepalive='0s'
      |           ^^^^

    f:3:17: backoff_maximum (30s) is shorter than backoff_initial (1m)
      |
    3 | backoff_initial='1m'
      |                 ^^^^
      = the delay begins with backoff_initial and grows up to backoff_maximum

    f:6:9: addresses: 1, but hosts: 3
      |
    6 | address='192.0.2.1'
      |         ^^^^^^^^^^^
      = an address needs the same ranges as the name

    f:8:6: host `node02` is there already
      |
    8 | name='node02'
      |      ^^^^^^^^
      = its first entry is in line 5

    f:9:1: this host has no name
      |
    9 | [[hosts]]
      | ^^^^^^^^^
      = add `name = "…"`

    f:10:7: "rack 1" is no tag
       |
    10 | tags=['rack 1']
       |       ^^^^^^^^
       = allowed: letters, digits, `.`, `_` and `-`, at most 64

    f:11:7: job `soak` runs nothing
       |
    11 | [jobs.soak]
       |       ^^^^
       = add `command = "…"` or `upload = "FILE"`

    f:12:8: there is no host "nod01"
       |
    12 | hosts=['nod01', 'node[01-09]']
       |        ^^^^^^^
       = did you mean "node01"?
       = a host is made known by `[[hosts]]` and `name = "nod01"`

    f:12:17: there is no host "node04"
       |
    12 | hosts=['nod01', 'node[01-09]']
       |                 ^^^^^^^^^^^^^
       = did you mean "node03"?
       = a host is made known by `[[hosts]]` and `name = "node04"`

    f:13:7: no host has the tag "rack2"
       |
    13 | tags=['rack2']
       |       ^^^^^^^
       = a host gets it by `tags = ["rack2"]`
    "#);
}

#[test]
fn syntax_errors_are_told_with_their_place() {
    assert_snapshot!(bad("[[hosts]\nname = \"db1\n\n[jobs.x]\ncommand = \n"), @r#"
    f:1:9: unclosed array table, expected `]`
      |
    1 | [[hosts]
      |         ^

    f:5:11: string values must be quoted, expected literal string
      |
    5 | command =
      |           ^
    "#);
}

#[test]
fn hosts_written_as_a_table_get_told_how() {
    assert_snapshot!(bad("[hosts.db1]\naddress = '192.0.2.1'\n"), @r#"
    f:1:2: invalid type: table, expected a list: each host begins with a line `[[hosts]]`, then `name = "…"`
      |
    1 | [hosts.db1]
      |  ^^^^^
    "#);
}

#[test]
fn what_is_not_utf8_is_told_with_its_place() {
    let invalid = Config::parse(b"a = 1\nb = \"\xff\"\n", "f", &base()).unwrap_err();
    assert_eq!((invalid.problems[0].line, invalid.problems[0].column), (2, 6));
}

#[test]
fn a_thousand_errors_are_told_as_fifty() {
    let text: String = (0..1000).map(|n| format!("key{n} = 1\n")).collect();
    let invalid = Config::parse(text.as_bytes(), "f", &base()).unwrap_err();
    assert_eq!(invalid.problems.len(), MAX_PROBLEMS);
    assert!(invalid.more);
}

/// Whatever comes of it, every problem has a place within the text.
fn check_places(bytes: &[u8]) {
    if let Err(invalid) = Config::parse(bytes, "f", &base()) {
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
        assert!(!invalid.problems.is_empty());
        for problem in &invalid.problems {
            assert!((1..=lines).contains(&problem.line), "{problem:?}");
            assert!(problem.column >= 1 && !problem.message.is_empty(), "{problem:?}");
            assert!(!problem.message.chars().chain(problem.excerpt.chars()).any(char::is_control), "{problem:?}");
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_crash_it(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        check_places(&bytes);
    }

    #[test]
    fn no_text_crashes_it(text in "(\\[\\[?(hosts|jobs|defaults|x)(\\.[a-z\"]{1,3})?\\]?\\]?\n?|name|command|env|link|tags| ?= ?|\"[^\"]{0,6}\"|'[\\PC]{0,6}'|\\{|\\}|[0-9\\-]{1,4}|\n|#|,|\u{feff}|\u{0}|語){0,40}") {
        check_places(text.as_bytes());
    }

    /// One character of the example is replaced, put in or taken out.
    #[test]
    fn no_typing_error_crashes_it(place in any::<prop::sample::Index>(), cut in 0_usize..3, put in "[\\PC\n\"\\[\\]=]{0,2}") {
        let mut text: Vec<char> = uncommented().chars().collect();
        let place = place.index(text.len());
        let end = (place + cut).min(text.len());
        text.splice(place..end, put.chars());
        check_places(text.into_iter().collect::<String>().as_bytes());
    }
}
