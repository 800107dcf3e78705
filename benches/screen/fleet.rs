//! A fleet of as many names as wanted behind one real sshd, and the real program in a window on it.

use std::fs;
use std::path::{Path, PathBuf};
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

    /// Lets the jobs come to their end.
    pub fn finish(&self) {
        fs::remove_file(self.sshd.home().join("go")).unwrap();
    }

    /// The bytes of all logs.
    pub fn logged(&self) -> u64 {
        fn all(dir: &Path) -> u64 {
            let entries = fs::read_dir(dir).into_iter().flatten().flatten();
            let size = |path: PathBuf| match fs::metadata(&path) {
                Ok(found) if found.is_dir() => all(&path),
                Ok(found) if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("out")) => {
                    found.len()
                }
                Ok(_) | Err(_) => 0,
            };
            entries.map(|entry| size(entry.path())).sum()
        }
        all(&self.dir.path().join("state"))
    }

    fn flags(&self) -> Vec<PathBuf> {
        let at = |name: &str| self.dir.path().join(name);
        [("--config", "steadfast.toml"), ("--ssh-config", "ssh_config"), ("--state-dir", "state")]
            .into_iter()
            .flat_map(|(flag, name)| [flag.into(), at(name)])
            .collect()
    }
}
