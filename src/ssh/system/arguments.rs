//! The command lines of `ssh`.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::process::Command;

use crate::ssh::environment::Environment;
use crate::ssh::resolve::{Target, policy_word};

use super::scratch::Scratch;

/// Of one master and its clients.
pub(super) struct Arguments {
    scratch: Scratch,
    common: Vec<OsString>,
    alias: String,
    environment: Environment,
    logs: AtomicU64,
}

impl Arguments {
    pub(super) fn new(target: &Target, environment: &Environment) -> io::Result<Self> {
        let mut common: Vec<OsString> = Vec::new();
        if let Some(file) = &target.config_file {
            common.extend(["-F".into(), file.into()]);
        }
        let limit = target.limit().as_secs().max(1);
        let mut options = target.overrides.clone();
        options.extend([
            format!("StrictHostKeyChecking={}", policy_word(target.host_keys)),
            format!("ConnectTimeout={limit}"),
            "ControlPersist=no".into(),
            "RemoteCommand=none".into(),
            "PermitLocalCommand=no".into(),
            "ClearAllForwardings=yes".into(),
            "EscapeChar=none".into(),
        ]);
        if environment.askpass.is_none() {
            // Otherwise it would ask on the terminal, which is the screen's.
            options.push("BatchMode=yes".into());
        }
        for option in options {
            common.extend(["-o".into(), option.into()]);
        }
        // No terminal, no agent, no X11 for what runs there.
        common.extend(["-T", "-a", "-x"].map(OsString::from));
        let alias = target.alias.to_string();
        Ok(Self { scratch: Scratch::new()?, common, alias, environment: environment.clone(), logs: AtomicU64::new(0) })
    }

    /// The process that holds the connection.
    pub(super) fn master(&self) -> Command {
        let mut command = self.command(&["ControlMaster=yes", "LogLevel=INFO"]);
        command.args(["--", &self.alias, "exec cat"]);
        command
    }

    /// A client of the master, which writes what it has to say itself to `log`.
    pub(super) fn client(&self, what: Client<'_>, log: &Path) -> Command {
        // Without its master ssh would connect by itself: a way that leads nowhere keeps it from that.
        let mut command = self.command(&["ControlMaster=no", "ProxyCommand=false", "LogLevel=DEBUG2"]);
        command.arg("-E").arg(log);
        match what {
            Client::Exec(line) => command.args([&self.alias, "--", line]),
            Client::Subsystem(name) => command.args(["-s", &self.alias, "--", name]),
        };
        command
    }

    /// The name of a file that no other client uses.
    pub(super) fn log(&self) -> std::path::PathBuf {
        self.scratch.path(&format!("l{}", self.logs.fetch_add(1, Ordering::Relaxed)))
    }

    /// Of two words for one keyword ssh takes the first.
    fn command(&self, first: &[&str]) -> Command {
        let mut command = Command::new("ssh");
        command
            .args(first.iter().flat_map(|word| ["-o", word]))
            .args(&self.common)
            .arg("-S")
            .arg(self.scratch.path("s"));
        // Without one to ask, a jump host's `ssh`, which is not told of `BatchMode`, asks one that answers nothing.
        command.env("SSH_ASKPASS", self.environment.askpass.as_deref().unwrap_or(Path::new("false")));
        command.env("SSH_ASKPASS_REQUIRE", "force");
        if let Some(socket) = &self.environment.auth_sock {
            command.env("SSH_AUTH_SOCK", socket);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        // A group of its own: ctrl-C on the terminal is for us, not for the connection.
        command.process_group(0);
        command
    }
}

/// What a client of the master asks for.
#[derive(Clone, Copy)]
pub(super) enum Client<'a> {
    Exec(&'a str),
    Subsystem(&'a str),
}
