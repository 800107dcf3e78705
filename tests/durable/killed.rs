//! steadfast itself is killed, again and again, and its host's sessions with it.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use steadfast::domain::id::AttemptId;
use steadfast::domain::run::Stream;

use crate::cuts::{assert_two_million, length, moments, paced_numbers};
use crate::rig::Rig;
use crate::support::until;

#[test]
fn a_hundred_kills_of_steadfast_lose_no_line() {
    let Some(rig) = Rig::new(&[]) else { return };
    let program = Program::new(&rig);
    let id = program.detached(&paced_numbers());
    let log = program.log(id);
    for (kill, at) in moments(100).into_iter().enumerate() {
        let mut attached = program.attach(id);
        until(&format!("kill {kill} of steadfast, at {at}"), || length(&log) >= at);
        attached.0.kill().unwrap();
    }
    program.assert_ends(&rig, id);
}

#[test]
fn a_hundred_kills_of_both_lose_no_line() {
    let Some(rig) = Rig::new(&[]) else { return };
    let program = Program::new(&rig);
    let id = program.detached(&paced_numbers());
    let log = program.log(id);
    let mut attached = program.attach(id);
    for (kill, at) in moments(100).into_iter().enumerate() {
        until(&format!("kill {kill}, at {at}"), || length(&log) >= at && !rig.sshd.sessions().is_empty());
        rig.sshd.kill_sessions();
        if kill % 2 == 0 {
            attached.0.kill().unwrap();
            attached = program.attach(id);
        }
    }
    drop(attached);
    program.assert_ends(&rig, id);
}

/// The real binary on the rig's host and ledger.
struct Program {
    config: PathBuf,
    state: PathBuf,
}

impl Program {
    fn new(rig: &Rig) -> Self {
        Self { config: rig.ssh_config(), state: rig.state.path().to_owned() }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_steadfast"));
        command.arg("--ssh-config").arg(&self.config).arg("--state-dir").arg(&self.state).args(words);
        command.env_remove("STEADFAST_CONFIG").current_dir(&self.state);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn detached(&self, script: &str) -> AttemptId {
        let done =
            self.command(&["run", "-H", "h1", "--detach", "--", script]).stdout(Stdio::piped()).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        let id = String::from_utf8(done.stdout).unwrap();
        AttemptId::parse(&format!("{}.1", id.trim())).unwrap()
    }

    fn attach(&self, id: AttemptId) -> Attached {
        Attached(self.command(&["attach", id.run.as_str()]).spawn().unwrap())
    }

    fn log(&self, id: AttemptId) -> PathBuf {
        self.state.join(format!("runs/{}/{}/{}.log", id.run, id.attempt, Stream::Out.word()))
    }

    fn assert_ends(&self, rig: &Rig, id: AttemptId) {
        let status = self.command(&["attach", id.run.as_str()]).status().unwrap();
        assert_eq!(status.code(), Some(7));
        let running = rig.start();
        assert_two_million(&running, id, "\r\n");
        running.stop();
    }
}

/// Gone with its value.
struct Attached(Child);

impl Drop for Attached {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
