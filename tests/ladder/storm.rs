//! Many hosts behind one sshd that takes few logins at a time.

use std::fmt::Write;
use std::process::{Command, Stdio};

use crate::support::sshd::{Sshd, user};

/// sshd drops whoever comes beyond two logins under way: with places, jitter and backoff all get in.
#[test]
fn fifty_hosts_behind_an_sshd_that_drops_logins() {
    let Some(sshd) = Sshd::with(&["MaxStartups 2:100:2"]) else { return };
    let dir = tempfile::tempdir().unwrap();
    let key = sshd.client_key("id");
    let known = sshd.known_hosts(&sshd.known());
    let mut text = String::new();
    writeln!(
        text,
        "Host h*\n HostName 127.0.0.1\n Port {}\n User {}\n IdentityFile {}\n IdentitiesOnly yes\n \
         IdentityAgent none\n UserKnownHostsFile {}",
        sshd.port(),
        user(),
        key.path.display(),
        known.display()
    )
    .unwrap();
    std::fs::write(dir.path().join("ssh_config"), text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_steadfast"));
    command.arg("--state-dir").arg(dir.path().join("state")).arg("--ssh-config").arg(dir.path().join("ssh_config"));
    command.args(["run", "--no-pty", "-H", "h[01-50]", "--", "true"]).env_remove("STEADFAST_CONFIG");
    command.env("XDG_CONFIG_HOME", dir.path().join("config")).env_remove("SSH_ASKPASS").stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    let done = said.lines().filter(|line| line.starts_with(" h") && line.contains("exit 0")).count();
    assert_eq!(done, 50, "{said}");
}
