//! Client keys, certificates and an agent, made by OpenSSH's own programs.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::until;

/// A private key file; its public half is beside it.
#[derive(Clone)]
pub struct Key {
    pub path: PathBuf,
    /// `ssh-ed25519 AAAA…`
    pub public: String,
}

impl Key {
    /// An Ed25519 key without a passphrase.
    pub fn new(dir: &Path, name: &str) -> Self {
        Self::with(dir, name, "ed25519", "")
    }

    pub fn existing(dir: &Path, name: &str) -> Option<Self> {
        let path = dir.join(name);
        path.exists().then(|| Self { public: read(&path.with_extension("pub")), path })
    }

    pub fn with(dir: &Path, name: &str, kind: &str, passphrase: &str) -> Self {
        let path = dir.join(name);
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-t", kind, "-C", name, "-N", passphrase, "-f"]).arg(&path);
        if kind == "rsa" {
            command.args(["-b", "2048"]);
        }
        run(&mut command);
        Self { public: read(&path.with_extension("pub")), path }
    }

    /// `SHA256:…`
    pub fn fingerprint(&self) -> String {
        let output = Command::new("ssh-keygen").arg("-lf").arg(&self.path).output().unwrap();
        String::from_utf8_lossy(&output.stdout).split(' ').nth(1).unwrap().to_owned()
    }

    /// Certifies `subject` for `principal`; the certificate lies beside the key as `NAME-cert.pub`.
    pub fn certify(&self, subject: &Self, principal: &str, host: bool) -> PathBuf {
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-I", "test", "-n", principal, "-V", "-1h:+1h", "-s"]).arg(&self.path);
        if host {
            command.arg("-h");
        }
        run(command.arg(subject.path.with_extension("pub")));
        let name = subject.path.file_name().unwrap().to_str().unwrap();
        subject.path.with_file_name(format!("{name}-cert.pub"))
    }
}

/// An agent of its own, on a socket in the given directory.
pub struct Agent {
    pub socket: PathBuf,
    child: Child,
}

impl Agent {
    pub fn start(dir: &Path) -> Self {
        let socket = dir.join("agent");
        let child = Command::new("ssh-agent")
            .arg("-D")
            .arg("-a")
            .arg(&socket)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let agent = Self { socket, child };
        until("agent listens", || std::os::unix::net::UnixStream::connect(&agent.socket).is_ok());
        agent
    }

    pub fn add(&self, key: &Key) {
        run(Command::new("ssh-add").arg("-q").arg(&key.path).env("SSH_AUTH_SOCK", &self.socket));
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs it, and fails with what it said when it does.
pub fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {said}");
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap().trim().to_owned()
}
