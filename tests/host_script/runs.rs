//! What a command gets, what is told of it, what becomes of its directory.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::process::Signal;
use secrecy::SecretString;
use steadfast::domain::run::{Observed, RunSpec, Stream};
use steadfast::remote::{self, Heart, RemoteError, StartOrder};

use crate::bench::{Bench, LIMIT, code, in_every_shell, members, new_id, split, until};
use crate::processes::signal;

in_every_shell!(
    a_command_gets_its_directory_and_environment,
    secrets_are_written_nowhere,
    any_text_is_a_command,
    a_host_says_who_it_is,
    what_is_there_is_listed_and_removed,
    a_probe_outlives_its_session,
    what_was_stopped_as_a_whole_goes_on,
    a_heart_beats_as_long_as_its_watcher_does,
);

async fn a_command_gets_its_directory_and_environment(bench: Bench) {
    let directory = bench.dir().join("a b'c");
    fs::create_dir(&directory).unwrap();
    let nasty = "it's \"$HOME\" `x` \\ \n second line";
    let spec = RunSpec {
        directory: Some(directory.display().to_string()),
        env: vec![("NASTY".into(), nasty.into()), ("EMPTY".into(), String::new())],
        ..split(
            "pwd; printf %s \"$NASTY\"; echo; echo \"${EMPTY-unset}.$STEADFAST_RUN.$STEADFAST_ATTEMPT.$STEADFAST_REBOOTS\"; \
                 umask; env | grep ^SF_ | grep -v ^SF_VAR_TMP=; set | grep -c ^sf_; echo $(ls /proc/self/fd)",
        )
    };
    let id = new_id();
    let order = StartOrder { spec: &spec, reboots: 3, secret_env: &[] };
    remote::start(&bench.session, id, &order, LIMIT).await.unwrap();
    bench.exited(id).await;
    let said = String::from_utf8(bench.spool(id, Stream::Out)).unwrap();
    let expected = format!("{}\n{nasty}\n.{}.1.3\n0022\n0\n", directory.display(), id.run);
    let open = said.strip_prefix(&expected).unwrap_or_else(|| panic!("{said}"));
    // Nothing of ours is open in it; what the tests themselves were given may be.
    let given: Vec<String> = inherited();
    let more: Vec<&str> = open.split_whitespace().filter(|fd| !given.iter().any(|of| of == fd)).collect();
    // 3 is `ls` reading the directory.
    assert_eq!(more, ["0", "1", "2", "3"]);

    let (id, _) = bench.run(&split("pwd")).await;
    assert_eq!(bench.spool(id, Stream::Out), format!("{}\n", bench.home().display()).as_bytes());
    let gone = RunSpec { directory: Some("/no/such".into()), ..split("pwd") };
    let refused = bench.try_start(new_id(), &gone).await.unwrap_err();
    assert!(matches!(&refused, RemoteError::Host(why) if why.contains("/no/such")), "{refused}");
}

/// Descriptors that any child of this process gets.
fn inherited() -> Vec<String> {
    let names = fs::read_dir("/proc/self/fd").unwrap().flatten().map(|entry| entry.file_name().into_string().unwrap());
    let passed_on = |fd: &String| {
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).unwrap_or_default();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap_or("02000000");
        u32::from_str_radix(flags.trim(), 8).unwrap() & 0o2_000_000 == 0
    };
    names.filter(|fd| !matches!(fd.as_str(), "0" | "1" | "2") && passed_on(fd)).collect()
}

async fn secrets_are_written_nowhere(bench: Bench) {
    let secret = "s3cr3t-of-this-test";
    let spec = RunSpec::new("printf %s \"$SECRET\" | tr a-z A-Z; until [ -e go ]; do sleep 0.1; done");
    let id = new_id();
    let secret_env = [("SECRET".to_owned(), SecretString::from(secret))];
    let order = StartOrder { spec: &spec, reboots: 0, secret_env: &secret_env };
    remote::start(&bench.session, id, &order, LIMIT).await.unwrap();
    assert_eq!(bench.fetch(id, Stream::Out, 0, secret.len()).await, secret.to_uppercase().as_bytes());
    let processes = bench.processes();
    assert!(processes.len() >= 3, "{processes:?}");
    for pid in processes {
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&arguments).contains(secret), "an argument of {pid}");
    }
    no_file_holds(&bench.home(), secret);
    fs::write(bench.home().join("go"), "").unwrap();
    assert_eq!(bench.exited(id).await.end, code(0));
    no_file_holds(bench.dir(), secret);
}

fn no_file_holds(directory: &Path, secret: &str) {
    for entry in fs::read_dir(directory).unwrap().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            no_file_holds(&entry.path(), secret);
        } else if kind.is_file() {
            let text = fs::read(entry.path()).unwrap_or_default();
            assert!(!String::from_utf8_lossy(&text).contains(secret), "{}", entry.path().display());
        }
    }
}

async fn any_text_is_a_command(bench: Bench) {
    let long = format!(": '{}'; echo long", "x".repeat(60_000));
    let commands = [
        ("printf '%s\\n' 'a'\"'\"'b' \"c\\\"d\" \\$e", "a'b\nc\"d\n$e\n"),
        ("# a comment\nif true\nthen echo yes\nfi\n", "yes\n"),
        ("cat <<'END'\n$x `y`\nEND\n", "$x `y`\n"),
        ("echo \u{1e}SF1 end 0; echo täst", "\u{1e}SF1 end 0\ntäst\n"),
        (long.as_str(), "long\n"),
        ("set -- a b; shift; echo $1 $#; exit 0", "b 1\n"),
    ];
    for (command, said) in commands {
        let (id, record) = bench.run(&split(command)).await;
        assert_eq!((record.end, String::from_utf8(bench.spool(id, Stream::Out)).unwrap().as_str()), (code(0), said));
    }
    let (id, record) = bench.run(&split("if; then")).await;
    assert_ne!(record.end, code(0));
    assert!(!bench.spool(id, Stream::Err).is_empty());
}

async fn a_host_says_who_it_is(bench: Bench) {
    let facts = remote::identify(&bench.session, LIMIT).await.unwrap();
    let boot_id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    assert_eq!(facts.boot.boot_id.as_deref(), Some(boot_id.trim()));
    assert!(facts.boot.boot_time.is_some() && facts.uptime.is_some() && facts.now.is_some());
    assert_eq!((facts.root, facts.root_note), (bench.runs().display().to_string(), None));
    assert_eq!(facts.terminal, if bench.has_terminal() { "script" } else { "plain" });
    assert!(!facts.launcher.is_empty() && !facts.kernel.is_empty() && !facts.hostname.is_empty());
    // Asking leaves nothing behind.
    assert_eq!(fs::read_dir(bench.runs()).unwrap().count(), 0);
}

async fn what_is_there_is_listed_and_removed(bench: Bench) {
    let (over, going) = (new_id(), new_id());
    bench.start(over, &split("echo \"it's over\"\nexit 2")).await;
    bench.start(going, &split("exec sleep 1000")).await;
    bench.exited(over).await;
    for stray in ["notes.txt", "lost+found", "old.1", "abcdefghjk.1.gone"] {
        fs::create_dir(bench.runs().join(stray)).unwrap();
    }
    let mut found = remote::list(&bench.session, LIMIT).await.unwrap();
    found.sort_by_key(|found| found.id != over);
    let shown: Vec<_> = found.iter().map(|found| (found.id, found.title.as_str())).collect();
    assert_eq!(shown, [(over, "echo \"it's over\""), (going, "exec sleep 1000")]);
    assert!(matches!(found[0].evidence.observed, Observed::Exited(record) if record.end == code(2)));
    assert_eq!(found[1].evidence.observed, Observed::Running);
    assert_eq!(fs::metadata(bench.runs().join(over.to_string())).unwrap().permissions().mode() & 0o777, 0o700);

    remote::remove(&bench.session, over, LIMIT).await.unwrap();
    remote::remove(&bench.session, over, LIMIT).await.unwrap();
    assert_eq!(bench.state(over).await.observed, Observed::Missing);
    let refused = remote::remove(&bench.session, going, LIMIT).await.unwrap_err();
    assert!(matches!(&refused, RemoteError::Host(why) if why.contains("running")), "{refused}");
    until("it goes on", || members(going).len() == 1).await;
}

async fn a_probe_outlives_its_session(bench: Bench) {
    let survivor = remote::survival_start(&bench.session, "probe-1", LIMIT).await.unwrap();
    assert!(!survivor.launcher.is_empty());
    assert!(remote::survival_look(&bench.session, "probe-1", LIMIT).await.unwrap());
    assert!(!remote::survival_look(&bench.session, "probe-2", LIMIT).await.unwrap());
    let left = bench.processes();
    assert_eq!(left.len(), 1, "{left:?}");
    crate::processes::signal(left[0], rustix::process::Signal::KILL);
    until("it is gone", || bench.processes().is_empty()).await;
    assert!(!remote::survival_look(&bench.session, "probe-1", LIMIT).await.unwrap());
}

/// As on a machine that hangs: script(1) goes on before its child, sees that it stands still, and stops itself.
async fn what_was_stopped_as_a_whole_goes_on(bench: Bench) {
    let id = new_id();
    bench.start(id, &RunSpec::new("echo up >up; until [ -e go ]; do sleep 0.05; done; echo line; exit 5")).await;
    until("it runs", || bench.home().join("up").exists()).await;
    let mut all = bench.processes();
    all.sort_unstable();
    for how in [Signal::STOP, Signal::CONT] {
        all.iter().for_each(|pid| signal(*pid, how));
    }
    fs::write(bench.home().join("go"), "").unwrap();
    assert_eq!(bench.exited(id).await.end, code(5));
    let end = if bench.has_terminal() { "line\r\n" } else { "line\n" };
    assert_eq!(bench.spool(id, Stream::Out), end.as_bytes());
}

async fn a_heart_beats_as_long_as_its_watcher_does(bench: Bench) {
    let id = new_id();
    bench.start(id, &RunSpec::new("echo up >up; until [ -e go ]; do sleep 0.05; done")).await;
    until("it runs", || bench.home().join("up").exists()).await;
    let heart = || remote::heart(&bench.session, id, LIMIT);
    assert_eq!(heart().await.unwrap(), Heart::Beats);
    let all = bench.processes();
    all.iter().for_each(|pid| signal(*pid, Signal::STOP));
    assert_eq!(heart().await.unwrap(), Heart::Still);
    all.iter().for_each(|pid| signal(*pid, Signal::CONT));
    assert_eq!(heart().await.unwrap(), Heart::Beats);
    fs::write(bench.home().join("go"), "").unwrap();
    bench.exited(id).await;
    assert_eq!(heart().await.unwrap(), Heart::NotRunning);
    assert!(matches!(remote::heart(&bench.session, new_id(), LIMIT).await, Err(RemoteError::Host(_))));
}
