//! Fleets, and the real program in a window on them: as many names as wanted behind one real sshd, or
//! simulated hosts, which cost this machine no processes.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use portable_pty::CommandBuilder;
use steadfast::clock::SystemClock;
use steadfast::demo::{DemoFleet, FleetOptions};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::sshd::{Sshd, user};
use crate::terminal::Terminal;

pub struct Fleet {
    pub sshd: Sshd,
    pub desk: Desk,
}

/// What the operator has: configuration, home, state.
pub struct Desk(TempDir);

/// Hosts of the demo in this process. Each ends with us.
pub struct Simulated {
    _hosts: DemoFleet,
    _runtime: Runtime,
    pub desk: Desk,
}

impl Simulated {
    /// Hosts with the tag `all`, in which time goes `speed` times as fast.
    pub fn new(hosts: usize, speed: f64, jobs: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let entered = runtime.enter();
        // Two of the demo's hosts refuse everybody.
        let options = FleetOptions { hosts: hosts + 2, speed, ..FleetOptions::calm(Arc::new(SystemClock)) };
        let fleet = DemoFleet::start(&options).unwrap();
        drop(entered);
        let desk = Desk::new();
        let (key, known) = (desk.path("id"), desk.path("known_hosts"));
        fs::write(&key, fleet.client_key().unwrap()).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&known, fleet.known_hosts().unwrap()).unwrap();
        let ssh_config = format!("Host *\n UserKnownHostsFile {}\n", known.display());
        let mut config = format!("[defaults]\nidentity_files = [{key:?}]\n");
        let sound = fleet.hosts().into_iter().filter(|host| !["fjord", "granite"].contains(&host.id.as_str()));
        for host in sound {
            let (address, user, port) = (host.address.unwrap(), host.user.unwrap(), host.port.unwrap());
            writeln!(
                config,
                "[[hosts]]\nname = {:?}\naddress = {address:?}\nuser = {user:?}\nport = {port}\ntags = [\"all\"]",
                host.id.as_str()
            )
            .unwrap();
        }
        desk.write(&ssh_config, &(config + jobs));
        Self { _hosts: fleet, _runtime: runtime, desk }
    }
}

impl Fleet {
    /// Hosts `h001` and so on, with these jobs.
    pub fn new(hosts: usize, jobs: &str) -> Option<Self> {
        let sshd = Sshd::with(&["MaxStartups 1000", "LoginGraceTime 0"])?;
        let key = sshd.client_key("id");
        let known = sshd.known_hosts(&sshd.known());
        let ssh_config = format!(
            "Host h*\n HostName 127.0.0.1\n Port {}\n User {}\n IdentityFile {}\n IdentitiesOnly yes\n IdentityAgent none\n UserKnownHostsFile {}\n",
            sshd.port(),
            user(),
            key.path.display(),
            known.display(),
        );
        let desk = Desk::new();
        desk.write(&ssh_config, &format!("[[hosts]]\nname = \"h[001-{hosts:03}]\"\n\n{jobs}"));
        fs::write(sshd.home().join("go"), "").unwrap();
        Some(Self { sshd, desk })
    }

    /// OpenSSH's own client, on one of the hosts.
    pub fn ssh(&self, host: &str) -> Command {
        let mut ssh = Command::new("ssh");
        ssh.arg("-F").arg(self.desk.path("ssh_config")).arg(host);
        ssh
    }

    /// Lets the jobs come to their end.
    pub fn finish(&self) {
        fs::remove_file(self.sshd.home().join("go")).unwrap();
    }
}

impl Desk {
    fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("bench-").tempdir().unwrap();
        fs::create_dir(dir.path().join("home")).unwrap();
        Self(dir)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, ssh_config: &str, config: &str) {
        fs::write(self.path("ssh_config"), ssh_config).unwrap();
        fs::write(self.path("steadfast.toml"), config).unwrap();
    }

    pub fn screen(&self, columns: u16, rows: u16) -> Terminal {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_steadfast"));
        for word in self.flags() {
            command.arg(word);
        }
        command.env("HOME", self.path("home"));
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        Terminal::start(command, columns, rows)
    }

    /// The bytes of all logs.
    pub fn logged(&self) -> u64 {
        self.logs().iter().sum()
    }

    /// The lengths of the logs that are not empty.
    pub fn logs(&self) -> Vec<u64> {
        let below = |dir: PathBuf| fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
        let attempts = below(self.path("state/runs")).flat_map(below);
        let lengths = attempts.filter_map(|attempt| Some(fs::metadata(attempt.join("out.log")).ok()?.len()));
        lengths.filter(|length| *length > 0).collect()
    }

    fn flags(&self) -> Vec<PathBuf> {
        [("--config", "steadfast.toml"), ("--ssh-config", "ssh_config"), ("--state-dir", "state")]
            .into_iter()
            .flat_map(|(flag, name)| [flag.into(), self.path(name)])
            .collect()
    }
}
