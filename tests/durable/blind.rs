//! What is told of a time in which nobody looked.

use steadfast::domain::event::OutputMark;
use steadfast::domain::run::Stream;

use crate::rig::{Rig, split};
use crate::support::until;

#[test]
fn what_was_written_while_no_supervisor_ran_is_told_and_marked() {
    let Some(rig) = Rig::new(&[]) else { return };
    let file = |name: &str| rig.sshd.dir().join(name);
    let (gate, done, end) = (file("gate"), file("done"), file("end"));
    let command = format!(
        "until [ -e {} ]; do sleep 0.1; done; sleep 2; echo a; echo b; echo c; : >{}; until [ -e {} ]; do sleep 0.1; done",
        gate.display(),
        done.display(),
        end.display()
    );
    let mut running = rig.start();
    let id = running.run(split(&command));
    running.wait_started(id);
    running.stop();
    std::fs::write(&gate, "").unwrap();
    until("the run has written", || done.exists());
    let mut running = rig.start();
    running.wait("the words", |fleet| {
        let notices = fleet.attempt(id).map(|attempt| attempt.notices.clone()).unwrap_or_default();
        notices.iter().any(|notice| {
            notice.starts_with("blind ")
                && notice.ends_with("(steadfast was not running); the host wrote 3 lines meanwhile; caught up")
        })
    });
    assert!(running.attempt(id).blind.as_secs() >= 1);
    std::fs::write(&end, "").unwrap();
    assert!(running.verdict(id).is_success());
    assert_eq!(running.log(id, Stream::Out), b"a\nb\nc\n");
    let marks = running.marks(id, Stream::Out);
    assert!(matches!(marks.as_slice(), [OutputMark::Blind { log_offset: 0, caught_up: 6, .. }]), "{marks:?}");
    running.stop();
    // It is told of the run afterwards, too.
    let run = id.run.to_string();
    let said = |words: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_steadfast"));
        command.arg("--state-dir").arg(rig.state.path()).args(words);
        command.env_remove("STEADFAST_CONFIG").env("XDG_CONFIG_HOME", rig.state.path());
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(said(&["runs", "--json"]).contains(r#""blind_ms":"#));
    let evidence = said(&["log", &run, "--evidence"]);
    assert!(evidence.contains("not seen for reasons of ours: "), "{evidence}");
}
