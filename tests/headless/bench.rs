//! The program in a state directory of its own, with an ssh configuration of its own.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use crate::support::sshd::{Sshd, user};

pub struct Bench {
    pub dir: TempDir,
    _sshd: Option<Sshd>,
}

/// What a program said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub out: String,
    pub err: String,
    pub code: Option<i32>,
}

impl Bench {
    /// Without any host.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ssh_config"), "").unwrap();
        Self { dir, _sshd: None }
    }

    /// With `h1` and `h2`, which are the same sshd, and `bad`, which lets nobody in. `None`, loudly,
    /// where there is no sshd.
    pub fn with_sshd() -> Option<Self> {
        Self::with_sshd_and(&[])
    }

    /// The same with lines of sshd_config(5).
    pub fn with_sshd_and(lines: &[&str]) -> Option<Self> {
        let sshd = Sshd::with(lines)?;
        let key = sshd.client_key("id");
        sshd.authorize(&key);
        let known = sshd.known_hosts(&sshd.known());
        let bench = Self::new();
        let mut text = String::new();
        for (name, identity) in
            [("h1", key.path.clone()), ("h2", key.path.clone()), ("bad", sshd.host_key().path.clone())]
        {
            text.push_str(&format!(
                "Host {name}\n HostName 127.0.0.1\n Port {}\n User {}\n IdentityFile {}\n IdentitiesOnly yes\n \
                 IdentityAgent none\n UserKnownHostsFile {}\n",
                sshd.port(),
                user(),
                identity.display(),
                known.display(),
            ));
        }
        std::fs::write(bench.dir.path().join("ssh_config"), text).unwrap();
        Some(Self { _sshd: Some(sshd), ..bench })
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let at = |name: &str| self.dir.path().join(name);
        let mut command = Command::new(env!("CARGO_BIN_EXE_steadfast"));
        command.args([
            "--state-dir".as_ref(),
            at("state").as_os_str(),
            "--ssh-config".as_ref(),
            at("ssh_config").as_os_str(),
        ]);
        command.args(arguments).current_dir(self.dir.path()).stdin(Stdio::null());
        command.env_remove("STEADFAST_CONFIG").env_remove("SSH_ASKPASS").env("XDG_CONFIG_HOME", at("config"));
        // No terminal of whoever runs the tests is asked for a password.
        command.process_group(0);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Said {
        said(self.command(arguments).output().unwrap())
    }

    pub fn start(&self, arguments: &[&str]) -> Going {
        let child = self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Going(Some(child))
    }
}

/// A program that is going; killed with the value.
pub struct Going(Option<Child>);

impl Going {
    pub fn pid(&self) -> u32 {
        self.0.as_ref().unwrap().id()
    }

    pub fn wait(mut self) -> Said {
        said(self.0.take().unwrap().wait_with_output().unwrap())
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

fn said(output: Output) -> Said {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Said { out: text(output.stdout), err: text(output.stderr), code: output.status.code() }
}
