//! A supervisor in this process, and a real sshd it speaks to.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use steadfast::clock::SystemClock;
use steadfast::domain::command::Command;
use steadfast::domain::event::{CancelReason, Fact, LinkChange, SupervisorFact};
use steadfast::domain::fleet::{AttemptView, Fleet};
use steadfast::domain::host::HostSettings;
use steadfast::domain::id::{Attempt, AttemptId, HostId, RunId};
use steadfast::domain::link::LinkState;
use steadfast::domain::moment::Wall;
use steadfast::domain::run::{Phase, RunIo, RunSpec, Stream, Verdict};
use steadfast::ledger::{Ledger, Opened};
use steadfast::port::{Clock, NoPrompt};
use steadfast::ssh::SshConnector;
use steadfast::ssh::resolve::{SshConfigFiles, resolve};
use steadfast::supervisor::{self, Connect, Handle, Setup, Subscription, Update};
use tempfile::TempDir;

use crate::support::sshd::{Sshd, user};

/// One host, one ledger; the supervisor can be stopped and started.
pub struct Rig {
    pub sshd: Sshd,
    pub state: TempDir,
    key: PathBuf,
    known: PathBuf,
    port: u16,
    runtime: tokio::runtime::Runtime,
    /// The only programs of a host without others.
    tools: Option<TempDir>,
}

impl Rig {
    pub fn new(lines: &[&str]) -> Option<Self> {
        let sshd = Sshd::with(lines)?;
        let key = sshd.client_key("id");
        sshd.authorize(&key);
        let known = sshd.known_hosts(&sshd.known());
        let state = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let port = sshd.port();
        Some(Self { key: key.path.clone(), known, port, sshd, state, runtime, tools: None })
    }

    /// A host that has nothing but BusyBox: its shell, and its tools in `PATH`.
    pub fn busybox() -> Option<Self> {
        let Some(busybox) = ["/bin/busybox", "/usr/bin/busybox"].into_iter().find(|path| Path::new(path).exists())
        else {
            assert!(std::env::var_os("CI").is_none(), "busybox is missing");
            eprintln!("SKIPPED: busybox is missing, so this test shows nothing");
            return None;
        };
        let tools = tempfile::tempdir().unwrap();
        let bin = tools.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        let applets = std::process::Command::new(busybox).arg("--list").output().unwrap();
        for applet in String::from_utf8(applets.stdout).unwrap().lines() {
            std::os::unix::fs::symlink(busybox, bin.join(applet)).unwrap();
        }
        let wrap = tools.path().join("wrap");
        let bin = bin.display();
        let text = format!("#!{bin}/sh\nexport PATH={bin} SHELL={bin}/sh SF_SHELL={bin}/sh\nexec {bin}/sh -s\n");
        std::fs::write(&wrap, text).unwrap();
        std::fs::set_permissions(&wrap, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let mut rig = Self::new(&[&format!("ForceCommand {}", wrap.display())])?;
        rig.tools = Some(tools);
        Some(rig)
    }

    /// A file of the test's own.
    pub fn path(&self, name: &str) -> PathBuf {
        self.state.path().join(name)
    }

    /// Connects to this port instead of sshd's own: a proxy's.
    pub fn through(&mut self, port: u16) {
        self.port = port;
    }

    pub fn host() -> HostId {
        HostId::parse("h1").unwrap()
    }

    /// The client's configuration file, in which the host is `h1`.
    pub fn ssh_config(&self) -> PathBuf {
        let config = self.state.path().join("ssh_config");
        let text = format!(
            "Host h1\n HostName 127.0.0.1\n Port {}\n User {}\n IdentityFile {}\n IdentitiesOnly yes\n IdentityAgent none\n UserKnownHostsFile {}\n HostKeyAlias [127.0.0.1]:{}\n",
            self.port,
            user(),
            self.key.display(),
            self.known.display(),
            self.sshd.port(),
        );
        std::fs::write(&config, text).unwrap();
        config
    }

    pub fn connector(&self) -> SshConnector {
        let config = self.ssh_config();
        let files = SshConfigFiles::from_environment(Some(&config));
        let target = resolve(&HostSettings::new(Self::host()), &files.unwrap()).unwrap();
        SshConnector::new([target], Arc::new(NoPrompt), Arc::new(SystemClock))
    }

    /// A supervisor on this rig's ledger, whose only one it is.
    pub fn start(&self) -> Running<'_> {
        self.start_by(Arc::new(SystemClock))
    }

    /// The same, by a clock of the test's.
    pub fn start_by(&self, clock: Arc<dyn Clock>) -> Running<'_> {
        let ledger = self.ledger();
        let setup = Setup {
            hosts: vec![HostSettings::new(Self::host())],
            connect: Connect::All,
            connector: Arc::new(self.connector()),
            ledger: ledger.clone(),
            holder: None,
            clock,
            network: None,
            health: None,
            seed: 7,
        };
        let _within = self.runtime.enter();
        let handle = supervisor::start(setup).unwrap();
        let events = self.runtime.block_on(handle.subscribe()).unwrap();
        let fleet = events.snapshot.clone();
        Running { rig: self, handle, events, fleet, links: Vec::new(), stalls: Vec::new(), ledger, rtt: None, pings: 0 }
    }

    fn ledger(&self) -> Ledger {
        match Ledger::open(self.state.path(), "test", Wall(0)).unwrap() {
            Opened::Owner(ledger) => ledger,
            Opened::Viewer(_, holder) => panic!("held by {holder}"),
        }
    }

    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(async { tokio::time::timeout(LIMIT, future).await.expect("in time") })
    }
}

/// A supervisor that is going.
pub struct Running<'a> {
    rig: &'a Rig,
    pub handle: Handle,
    events: Subscription,
    pub fleet: Fleet,
    /// The states that the link went through.
    pub links: Vec<LinkState>,
    /// The times in which we were not there ourselves.
    pub stalls: Vec<Duration>,
    ledger: Ledger,
    rtt: Option<Duration>,
    pings: u32,
}

impl Running<'_> {
    pub fn run(&self, spec: RunSpec) -> AttemptId {
        let id = RunId::from_random(rand::random());
        self.handle.command(Command::Start { id, host: Rig::host(), spec: Box::new(spec) }).unwrap();
        AttemptId { run: id, attempt: Attempt::FIRST }
    }

    pub fn cancel(&self, id: AttemptId) {
        self.handle.command(Command::Cancel { run: id.run, reason: CancelReason::Operator }).unwrap();
    }

    /// Takes in one event.
    pub fn step(&mut self) {
        let update = self.rig.block_on(self.events.next());
        self.take_in(update);
    }

    fn take_in(&mut self, update: Update) {
        match update {
            Update::Event(event) => {
                if let Fact::Link(LinkChange { from, to, .. }) = &event.fact
                    && from != to
                {
                    self.links.push(*to);
                }
                if let Fact::Supervisor(SupervisorFact::Stalled(length)) = &event.fact {
                    self.stalls.push(*length);
                }
                self.fleet.apply(&event);
            }
            Update::Lagged(fleet) => self.fleet = *fleet,
            Update::Stopped => panic!("the supervisor stopped"),
        }
    }

    /// Takes in what has happened, without waiting for more.
    pub fn catch_up(&mut self) {
        let _within = self.rig.runtime.enter();
        while let Some(update) = futures_util::FutureExt::now_or_never(self.events.next()) {
            self.take_in(update);
        }
        let rtt = self.handle.live(&Rig::host()).rtt;
        if rtt != self.rtt {
            self.rtt = rtt;
            self.pings += 1;
        }
    }

    /// How many different round trip times were seen by [`Running::catch_up`].
    pub fn pings(&self) -> u32 {
        self.pings
    }

    pub fn wait(&mut self, what: &str, holds: impl Fn(&Fleet) -> bool) {
        while !holds(&self.fleet) {
            self.step();
        }
        let _ = what;
    }

    pub fn attempt(&self, id: AttemptId) -> &AttemptView {
        self.fleet.attempt(id).expect("known")
    }

    pub fn wait_started(&mut self, id: AttemptId) {
        self.wait("start", |fleet| fleet.attempt(id).is_some_and(|attempt| attempt.started.is_some()));
    }

    pub fn verdict(&mut self, id: AttemptId) -> Verdict {
        self.wait("end", |fleet| fleet.attempt(id).is_some_and(|attempt| attempt.phase.is_over()));
        match &self.attempt(id).phase {
            Phase::Ended { verdict, .. } => verdict.clone(),
            Phase::Requested | Phase::Running | Phase::Ending => unreachable!(),
        }
    }

    pub fn log(&self, id: AttemptId, stream: Stream) -> Vec<u8> {
        std::fs::read(self.log_path(id, stream)).unwrap()
    }

    pub fn log_path(&self, id: AttemptId, stream: Stream) -> PathBuf {
        self.ledger.log_path(id, stream)
    }

    pub fn marks(&self, id: AttemptId, stream: Stream) -> Vec<steadfast::domain::event::OutputMark> {
        self.ledger.marks(id, stream).unwrap()
    }

    pub fn alarms(&self, id: AttemptId, stream: Stream) -> Vec<(u64, String)> {
        self.ledger.alarms(id, stream).unwrap()
    }

    pub fn stop(self) {
        self.rig.block_on(self.handle.shutdown());
        self.ledger.clone().close();
    }
}

impl Drop for Running<'_> {
    /// What it came to, for whoever has to find out why.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let link = &self.fleet.hosts[&Rig::host()].link;
            let recent = self.links.iter().rev().take(12).collect::<Vec<_>>();
            eprintln!("--- link: {link:?}\n--- newest first: {recent:?}");
            for attempt in self.fleet.runs.values().flat_map(|run| &run.attempts).filter(|it| !it.phase.is_over()) {
                eprintln!("--- attempt: {attempt:?}");
            }
        }
    }
}

pub fn split(command: &str) -> RunSpec {
    RunSpec { io: RunIo::Split, ..RunSpec::new(command) }
}

/// Longer than any of it takes on the slowest machine.
pub const LIMIT: Duration = Duration::from_secs(300);
