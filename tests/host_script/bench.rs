//! A home directory, a shell, and short ways to call the host script.

use std::fs;
use std::future::Future;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use steadfast::domain::id::{Attempt, AttemptId, RunId};
use steadfast::domain::run::{Evidence, ExitKind, ExitRecord, Observed, RunIo, RunSpec, Stream};
use steadfast::remote::{self, Follow, FollowEvent, Follower, StartAnswer, StartKind, StartOrder};
use tempfile::TempDir;

use crate::local_session::{LocalSession, PLACES, Shell, Surroundings, busybox_toolbox, toolbox};
use crate::processes::{is_alive, signal};

/// Longer than any of it takes on the slowest machine.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Everything of one test. When it goes, so does every process that has its home directory.
pub struct Bench {
    pub session: LocalSession,
    mounts: Vec<PathBuf>,
    dir: TempDir,
}

impl Bench {
    /// `None`, and loudly so, where there is no such shell; in CI that is a failure.
    pub fn new(shell: Shell) -> Option<Self> {
        Self::without(shell, &[])
    }

    /// With a PATH that lacks these tools.
    pub fn without(shell: Shell, tools: &[&str]) -> Option<Self> {
        if shell.program().is_none() {
            skip(&format!("no {:?}", shell.words()));
            return None;
        }
        let dir = tempfile::Builder::new().prefix("host-").tempdir_in("/tmp").unwrap();
        let (home, bin) = (dir.path().join("home"), dir.path().join("bin"));
        fs::create_dir(&home).unwrap();
        let path = match (shell, tools) {
            (Shell::Busybox, _) => {
                busybox_toolbox(&bin);
                bin.display().to_string()
            }
            (Shell::Sh | Shell::Dash | Shell::Bash, []) => PLACES.join(":"),
            (Shell::Sh | Shell::Dash | Shell::Bash, tools) => {
                toolbox(&bin, tools);
                bin.display().to_string()
            }
        };
        let spare = ("SF_VAR_TMP".to_owned(), dir.path().display().to_string());
        let surroundings = Surroundings { shell, home: Some(home), path, env: vec![spare] };
        Some(Self { session: LocalSession::new(surroundings), mounts: Vec::new(), dir })
    }

    /// The same place with other surroundings.
    pub fn change(&mut self, change: impl FnOnce(&mut Surroundings)) {
        let mut surroundings = self.session.surroundings().clone();
        change(&mut surroundings);
        self.session = LocalSession::new(surroundings);
    }

    pub fn shell(&self) -> Shell {
        self.session.surroundings().shell
    }

    /// Whether commands get a terminal here.
    pub fn has_terminal(&self) -> bool {
        self.shell() != Shell::Busybox
    }

    /// Whether `fallocate -p` works here.
    pub fn can_punch(&self) -> bool {
        self.shell() != Shell::Busybox
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    pub fn runs(&self) -> PathBuf {
        self.home().join(".local/state/steadfast/runs")
    }

    /// A file of an attempt.
    pub fn file(&self, id: AttemptId, name: &str) -> PathBuf {
        self.runs().join(id.to_string()).join(name)
    }

    pub async fn start(&self, id: AttemptId, spec: &RunSpec) -> StartAnswer {
        self.try_start(id, spec).await.unwrap()
    }

    pub async fn try_start(&self, id: AttemptId, spec: &RunSpec) -> Result<StartAnswer, remote::RemoteError> {
        let order = StartOrder { spec, reboots: 0, secret_env: &[] };
        loop {
            let answer = remote::start(&self.session, id, &order, LIMIT).await;
            if !matches!(&answer, Ok(answer) if answer.kind == StartKind::Starting) {
                return answer;
            }
        }
    }

    pub async fn state(&self, id: AttemptId) -> Evidence {
        let mut states = remote::states(&self.session, &[id], LIMIT).await.unwrap();
        assert_eq!(states.len(), 1);
        states.remove(0).1
    }

    /// Starts it, waits for its end, and tells how that was.
    pub async fn run(&self, spec: &RunSpec) -> (AttemptId, ExitRecord) {
        let id = new_id();
        self.start(id, spec).await;
        (id, self.exited(id).await)
    }

    /// Waits for the exit record.
    pub async fn exited(&self, id: AttemptId) -> ExitRecord {
        let exit = self.file(id, "exit");
        until(&format!("{} appears", exit.display()), || exit.exists()).await;
        let observed = self.state(id).await.observed;
        let Observed::Exited(record) = observed else { panic!("there is an exit record, and yet: {observed:?}") };
        record
    }

    pub fn spool(&self, id: AttemptId, stream: Stream) -> Vec<u8> {
        fs::read(self.file(id, stream.word())).unwrap()
    }

    pub async fn follow(&self, id: AttemptId, stream: Stream, from: u64) -> Follow {
        remote::follow(&self.session, id, stream, from, LIMIT).await.unwrap()
    }

    pub async fn follower(&self, id: AttemptId, stream: Stream, from: u64) -> Follower {
        match self.follow(id, stream, from).await {
            Follow::Opened(follower) => follower,
            Follow::Gap { base } => panic!("a gap up to {base}"),
            Follow::Short { size } => panic!("only {size} bytes"),
            Follow::Missing => panic!("no such attempt"),
        }
    }

    /// The next `length` bytes of a stream, from `from` on.
    pub async fn fetch(&self, id: AttemptId, stream: Stream, from: u64, length: usize) -> Vec<u8> {
        let mut follower = self.follower(id, stream, from).await;
        read(&mut follower, length).await
    }

    /// The processes that have our home directory, but for the follower's and caller's shells.
    pub fn processes(&self) -> Vec<u32> {
        with_variable(&format!("HOME={}", self.home().display()))
    }

    /// A file system of its own there, gone with the bench. `false`, and loudly so, where we may not.
    pub fn mount(&mut self, at: &Path, arguments: &[&str]) -> bool {
        fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount").args(arguments).arg(at).output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            skip(&format!("no right to mount {arguments:?}"));
            return false;
        }
        if !self.mounts.iter().any(|mount| mount == at) {
            self.mounts.push(at.to_owned());
        }
        true
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // A process may start another while we look.
        for _ in 0..200 {
            let left = self.processes();
            if left.is_empty() {
                break;
            }
            for pid in left {
                signal(pid, Signal::KILL);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        for mount in self.mounts.iter().rev() {
            let _ = Command::new("umount").arg("-l").arg(mount).output();
        }
    }
}

/// In CI nothing is skipped.
pub fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{why} here");
    // Past the capture of the test harness.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why} here, so this test shows nothing");
    eprintln!("SKIPPED: {why} here");
}

/// Looks until `holds`, and fails with `what` when it never does.
#[expect(clippy::disallowed_methods, reason = "a test waits in real time")]
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < LIMIT, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What `work` gives; it fails when that takes for ever.
pub async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, work).await.expect("takes for ever")
}

/// The next `length` bytes that a follower brings; more is a failure.
pub async fn read(follower: &mut Follower, length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < length {
        match soon(follower.next()).await {
            FollowEvent::Bytes(more) => bytes.extend_from_slice(&more),
            FollowEvent::State(_) => {}
            FollowEvent::Ended(why) => panic!("it ended after {} of {length} bytes: {why}", bytes.len()),
        }
    }
    assert_eq!(bytes.len(), length, "more than there is");
    bytes
}

/// Of an attempt that nobody had before.
pub fn new_id() -> AttemptId {
    AttemptId { run: RunId::from_random(rand::random()), attempt: Attempt::FIRST }
}

pub fn split(command: &str) -> RunSpec {
    RunSpec { io: RunIo::Split, ..RunSpec::new(command) }
}

pub fn code(code: i32) -> ExitKind {
    ExitKind::Code(code)
}

/// Living processes with this in their environment, our own aside.
pub fn with_variable(variable: &str) -> Vec<u32> {
    let of_us = std::process::id();
    let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
    numbers
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            let environ = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            *pid != of_us && environ.split(|byte| *byte == 0).any(|one| one == variable.as_bytes()) && is_alive(*pid)
        })
        .collect()
}

/// Processes of an attempt: what the command started, not what watches over it.
pub fn members(id: AttemptId) -> Vec<u32> {
    let attempt = format!("STEADFAST_ATTEMPT={}", id.attempt.number());
    let all = with_variable(&format!("STEADFAST_RUN={}", id.run));
    let of_attempt = with_variable(&attempt);
    all.into_iter().filter(|pid| of_attempt.contains(pid)).collect()
}

/// The same tests in every shell.
macro_rules! in_every_shell {
    ($($name:ident),* $(,)?) => {
        crate::bench::in_every_shell!(@ dash Dash $($name)*);
        crate::bench::in_every_shell!(@ bash Bash $($name)*);
        crate::bench::in_every_shell!(@ busybox Busybox $($name)*);
    };
    (@ $module:ident $shell:ident $($name:ident)*) => {
        mod $module {
            $(
                #[tokio::test]
                async fn $name() {
                    if let Some(bench) = crate::bench::Bench::new(crate::local_session::Shell::$shell) {
                        super::$name(bench).await;
                    }
                }
            )*
        }
    };
}
pub(crate) use in_every_shell;
