//! One host behind a real sshd, the operator's files, and windows in which steadfast runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use portable_pty::CommandBuilder;
use tempfile::TempDir;

use crate::support::keys::Key;
use crate::support::processes;
use crate::support::sshd::{Sshd, user};
use crate::terminal::Terminal;

/// What runs on the host ends with it: every job goes on only while the file `go` is there.
pub struct Rig {
    pub sshd: Sshd,
    /// The operator's home, configuration and ledger.
    dir: TempDir,
}

impl Rig {
    pub fn new() -> Option<Self> {
        let sshd = Sshd::start()?;
        let key = sshd.client_key("id");
        Some(Self::with(sshd, &key))
    }

    /// With a key that wants a passphrase.
    pub fn locked(passphrase: &str) -> Option<Self> {
        let sshd = Sshd::start()?;
        let key = Key::with(sshd.dir(), "locked", "ed25519", passphrase);
        sshd.authorize(&key);
        Some(Self::with(sshd, &key))
    }

    fn with(sshd: Sshd, key: &Key) -> Self {
        let dir = tempfile::Builder::new().prefix("tui-").tempdir().unwrap();
        for name in ["home", "fleet", "tmp"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        let known = sshd.known_hosts(&sshd.known());
        let ssh_config = format!(
            "Host h1\n HostName 127.0.0.1\n Port {}\n User {}\n IdentityFile {}\n IdentitiesOnly yes\n IdentityAgent none\n UserKnownHostsFile {}\n",
            sshd.port(),
            user(),
            key.path.display(),
            known.display(),
        );
        fs::write(dir.path().join("ssh_config"), ssh_config).unwrap();
        fs::write(dir.path().join("fleet/steadfast.toml"), CONFIG).unwrap();
        fs::write(sshd.home().join("go"), "").unwrap();
        Self { sshd, dir }
    }

    /// The screen on this fleet.
    pub fn screen(&self, columns: u16, rows: u16) -> Terminal {
        let mut words = vec![PROGRAM.into()];
        words.extend(self.flags());
        Terminal::start(command(words, self.dir.path()), columns, rows)
    }

    /// A command of ours without a screen.
    pub fn headless(&self, words: &[&str]) -> Output {
        let mut command = Command::new(PROGRAM);
        command.args(self.flags()).args(words).env_clear().envs(environment(self.dir.path()));
        command.current_dir(self.dir.path()).stdin(Stdio::null()).output().unwrap()
    }

    /// Lets the jobs come to their end.
    pub fn finish(&self) {
        fs::remove_file(self.sshd.home().join("go")).unwrap();
    }

    /// The operator's home.
    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// What `$PAGER` runs.
    pub fn pager(&self) -> PathBuf {
        self.dir.path().join("pager")
    }

    /// What our runs have going on there: they know whose they are.
    pub fn processes(&self) -> Vec<u32> {
        let home = format!("HOME={}", self.sshd.home().display());
        let is_ours = |pid: &u32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            let variables = environment.split(|byte| *byte == 0);
            let has = |start: &str| variables.clone().any(|variable| variable.starts_with(start.as_bytes()));
            has(&home) && has("STEADFAST_RUN=") && processes::is_alive(*pid)
        };
        let all = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        all.filter(is_ours).collect()
    }

    /// How often a job was begun on the host.
    pub fn begun(&self) -> usize {
        fs::read_to_string(self.sshd.home().join("begun")).unwrap_or_default().lines().count()
    }

    fn flags(&self) -> Vec<String> {
        let at = |name: &str| self.dir.path().join(name).display().to_string();
        [("--config", "fleet/steadfast.toml"), ("--ssh-config", "ssh_config"), ("--state-dir", "state")]
            .into_iter()
            .flat_map(|(flag, name)| [flag.to_owned(), at(name)])
            .collect()
    }
}

/// The demo, and the folder in which its folder is.
pub fn demo(words: &[&str], columns: u16, rows: u16) -> (Terminal, TempDir) {
    let dir = tempfile::Builder::new().prefix("tui-").tempdir().unwrap();
    for name in ["home", "tmp"] {
        fs::create_dir(dir.path().join(name)).unwrap();
    }
    let words = [PROGRAM, "demo"].into_iter().chain(words.iter().copied()).map(str::to_owned).collect();
    (Terminal::start(command(words, dir.path()), columns, rows), dir)
}

fn command(words: Vec<String>, dir: &Path) -> CommandBuilder {
    let mut command = CommandBuilder::from_argv(words.into_iter().map(Into::into).collect());
    command.env_clear();
    for (name, value) in environment(dir) {
        command.env(name, value);
    }
    command.cwd(dir);
    command
}

/// Nothing of whoever runs the tests.
fn environment(dir: &Path) -> Vec<(&'static str, PathBuf)> {
    let home = dir.join("home");
    vec![
        ("PATH", std::env::var_os("PATH").unwrap_or_default().into()),
        ("XDG_CONFIG_HOME", home.join("config")),
        ("XDG_STATE_HOME", home.join("state")),
        ("XDG_DATA_HOME", home.join("data")),
        ("XDG_CACHE_HOME", home.join("cache")),
        ("HOME", home),
        ("PAGER", dir.join("pager")),
        ("TMPDIR", dir.join("tmp")),
        ("TERM", "xterm-256color".into()),
        ("COLORTERM", "truecolor".into()),
        ("LANG", "C.UTF-8".into()),
        ("TZ", "UTC".into()),
    ]
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_steadfast");

/// A quick link, and jobs whose lines can be told apart.
const CONFIG: &str = r#"
[defaults.link]
keepalive = "1s"
keepalive_count = 2
backoff_initial = "200ms"
backoff_maximum = "500ms"

[[hosts]]
name = "h1"

[jobs.count]
about = "Lines for as long as it may"
command = """
echo begun >> begun
i=0
while [ -e go ]; do i=$((i + 1)); echo "tick $i"; sleep 0.1; done
echo "counted to $i"
"""
hosts = ["h1"]

[jobs.history]
about = "Five thousand lines, and then a few more"
command = """
echo begun >> begun
i=0
while [ $i -lt 5000 ]; do i=$((i + 1)); echo "line $i of the history"; done
while [ -e go ]; do sleep 0.1; done
"""
hosts = ["h1"]

[jobs.installer]
about = "Draws its own screen"
command = """
echo begun >> begun
printf '\\033[?1049h\\033[2J\\033[3;5HInstaller of things\\033[5;9H\\033[7m OK \\033[0m'
while [ -e go ]; do sleep 0.1; done
printf '\\033[?1049l'
"""
hosts = ["h1"]
"#;
