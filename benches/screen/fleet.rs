//! A fleet of as many names as wanted behind one real sshd, and the real program in a window on it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use portable_pty::CommandBuilder;
use tempfile::TempDir;

use crate::support::sshd::{Sshd, user};
use crate::terminal::Terminal;

pub struct Fleet {
    pub sshd: Sshd,
    dir: TempDir,
}

impl Fleet {
    /// Hosts `h001` and so on, with these jobs.
    pub fn new(hosts: usize, jobs: &str) -> Option<Self> {
        let sshd = Sshd::with(&["MaxStartups 1000", "LoginGraceTime 0"])?;
        let key = sshd.client_key("id");
        let dir = tempfile::Builder::new().prefix("bench-").tempdir().unwrap();
        fs::create_dir(dir.path().join("home")).unwrap();
        let known = sshd.known_hosts(&sshd.known());
        let ssh_config = format!(
            "Host h*\n HostName 127.0.0.1\n Port {}\n User {}\n IdentityFile {}\n IdentitiesOnly yes\n IdentityAgent none\n UserKnownHostsFile {}\n",
            sshd.port(),
            user(),
            key.path.display(),
            known.display(),
        );
        fs::write(dir.path().join("ssh_config"), ssh_config).unwrap();
        let config = format!("[[hosts]]\nname = \"h[001-{hosts:03}]\"\ntags = [\"all\"]\n\n{jobs}");
        fs::write(dir.path().join("steadfast.toml"), config).unwrap();
        fs::write(sshd.home().join("go"), "").unwrap();
        Some(Self { sshd, dir })
    }

    pub fn screen(&self, columns: u16, rows: u16) -> Terminal {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_steadfast"));
        for word in self.flags() {
            command.arg(word);
        }
        command.env("HOME", self.dir.path().join("home"));
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        Terminal::start(command, columns, rows)
    }

    /// OpenSSH's own client, on one of the hosts.
    pub fn ssh(&self, host: &str) -> Command {
        let mut ssh = Command::new("ssh");
        ssh.arg("-F").arg(self.dir.path().join("ssh_config")).arg(host);
        ssh
    }

    /// Lets the jobs print that wait for it.
    pub fn let_print(&self) {
        fs::write(self.sshd.home().join("print"), "").unwrap();
    }

    /// Lets the jobs come to their end.
    pub fn finish(&self) {
        fs::remove_file(self.sshd.home().join("go")).unwrap();
    }

    /// The bytes of all logs.
    pub fn logged(&self) -> u64 {
        self.logs().iter().sum()
    }

    /// The lengths of the logs that are not empty.
    pub fn logs(&self) -> Vec<u64> {
        let below = |dir: PathBuf| fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
        let attempts = below(self.dir.path().join("state/runs")).flat_map(below);
        let lengths = attempts.filter_map(|attempt| Some(fs::metadata(attempt.join("out.log")).ok()?.len()));
        lengths.filter(|length| *length > 0).collect()
    }

    fn flags(&self) -> Vec<PathBuf> {
        let at = |name: &str| self.dir.path().join(name);
        [("--config", "steadfast.toml"), ("--ssh-config", "ssh_config"), ("--state-dir", "state")]
            .into_iter()
            .flat_map(|(flag, name)| [flag.into(), at(name)])
            .collect()
    }
}
