//! A real OpenSSH server on a loopback port, run by whoever runs the tests.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use super::keys::Key;
use super::processes::{descendants, signal};
use super::until;

/// Ends with all its sessions when dropped. What a session started and what then left it (`setsid`)
/// is for the test to end.
pub struct Sshd {
    dir: TempDir,
    child: Option<Child>,
    port: u16,
    host_key: Key,
}

impl Sshd {
    /// With OpenSSH's defaults, but for what a test must not depend on.
    pub fn start() -> Option<Self> {
        Self::with(&[])
    }

    /// With further lines of sshd_config(5), which go before ours. `None`, and loudly so, where there
    /// is no sshd; in CI that is a failure.
    pub fn with(lines: &[&str]) -> Option<Self> {
        if !Path::new(SSHD).exists() {
            assert!(std::env::var_os("CI").is_none(), "{SSHD} is missing");
            eprintln!("SKIPPED: {SSHD} is missing, so this test shows nothing");
            return None;
        }
        // sshd forks into an empty directory of root's.
        if rustix::process::geteuid().is_root() {
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let dir = tempfile::Builder::new().prefix("sshd-").tempdir_in("/tmp").unwrap();
        let host_key = Key::new(dir.path(), "host_key");
        let mut sshd = Self { dir, child: None, port: 0, host_key };
        fs::create_dir(sshd.home()).unwrap();
        fs::write(sshd.authorized_keys(), "").unwrap();
        for _ in 0..5 {
            sshd.port = free_port();
            sshd.configure(lines);
            if sshd.launch() {
                return Some(sshd);
            }
        }
        panic!("sshd does not start: {}", sshd.log());
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Of the listening process.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("sshd is stopped").id()
    }

    /// Everything it logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Gone when the server is; for the test's own files too.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// `$HOME` of what runs there: the start-up files of whoever runs the tests are not read, and what
    /// is left there goes with the server.
    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    pub fn host_key(&self) -> &Key {
        &self.host_key
    }

    /// A line of known_hosts for 127.0.0.1 and this port.
    pub fn known(&self) -> String {
        format!("[127.0.0.1]:{} {}\n", self.port, self.host_key.public)
    }

    /// A new known_hosts file with `text`.
    pub fn known_hosts(&self, text: &str) -> PathBuf {
        let mut number = 0;
        loop {
            let path = self.dir.path().join(format!("known_hosts{number}"));
            if !path.exists() {
                fs::write(&path, text).unwrap();
                return path;
            }
            number += 1;
        }
    }

    /// A key that may log in; the same for the same name.
    pub fn client_key(&self, name: &str) -> Key {
        if let Some(key) = Key::existing(self.dir.path(), name) {
            return key;
        }
        let key = Key::new(self.dir.path(), name);
        self.authorize(&key);
        key
    }

    pub fn authorize(&self, key: &Key) {
        let mut file = File::options().append(true).open(self.authorized_keys()).unwrap();
        writeln!(file, "{}", key.public).unwrap();
    }

    /// The processes of all connections, and what runs in them.
    pub fn sessions(&self) -> Vec<u32> {
        descendants(self.pid())
    }

    /// As the out-of-memory killer would: every connection dies without a word.
    pub fn kill_sessions(&self) {
        for pid in self.sessions() {
            signal(pid, Signal::KILL);
        }
    }

    /// As a host that hangs: the kernel still accepts, nobody answers.
    pub fn freeze(&self) {
        self.signal_all(Signal::STOP);
    }

    pub fn thaw(&self) {
        self.signal_all(Signal::CONT);
    }

    /// Ends it and its sessions; the port is refused from then on.
    pub fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let sessions = descendants(child.id());
        let _ = child.kill();
        let _ = child.wait();
        for pid in sessions {
            signal(pid, Signal::KILL);
        }
    }

    /// Again, on the same port.
    pub fn restart(&mut self) {
        self.stop();
        until("sshd starts again", || self.launch());
    }

    fn signal_all(&self, what: Signal) {
        for pid in std::iter::once(self.pid()).chain(self.sessions()) {
            signal(pid, what);
        }
    }

    fn authorized_keys(&self) -> PathBuf {
        self.dir.path().join("authorized_keys")
    }

    fn log_file(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    fn configure(&self, lines: &[&str]) {
        let dir = self.dir.path().display();
        let port = self.port;
        let ours = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {dir}/host_key\nAuthorizedKeysFile {dir}/authorized_keys\n\
             StrictModes no\nUsePAM no\nUseDNS no\nPidFile none\nPermitRootLogin yes\nPasswordAuthentication no\n\
             KbdInteractiveAuthentication no\nMaxStartups 100\nLogLevel VERBOSE\nSubsystem sftp internal-sftp\n\
             SetEnv HOME={dir}/home SHLVL=2\n"
        );
        let config = self.dir.path().join("config");
        let theirs: String =
            lines.iter().map(|line| format!("{}\n", line.replace("{dir}", &dir.to_string()))).collect();
        // Not for every keyword is it the first line that counts.
        let keyword = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
        let theirs_too =
            |line: &&str| !theirs.lines().any(|other| keyword(other) == keyword(line) && keyword(line) != "HostKey");
        let ours: String = ours.lines().filter(theirs_too).map(|line| format!("{line}\n")).collect();
        // Since OpenSSH 9.8 refusals make sshd drop what comes from the same address.
        fs::write(&config, format!("{theirs}{ours}PerSourcePenalties no\n")).unwrap();
        if !Command::new(SSHD).arg("-t").arg("-f").arg(&config).output().unwrap().status.success() {
            fs::write(&config, format!("{theirs}{ours}")).unwrap();
        }
    }

    /// Whether it came up; not so when somebody else took the port.
    fn launch(&mut self) -> bool {
        let mut child = Command::new(SSHD)
            .args(["-D", "-e", "-f"])
            .arg(self.dir.path().join("config"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::options().create(true).append(true).open(self.log_file()).unwrap())
            .spawn()
            .unwrap();
        let mut up = false;
        until("sshd listens or gives up", || {
            up = self.speaks();
            up || child.try_wait().unwrap().is_some()
        });
        self.child = Some(child);
        if !up {
            self.stop();
        }
        up
    }

    fn speaks(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        let mut banner = [0; 4];
        let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
        stream.read_exact(&mut banner).is_ok() && &banner == b"SSH-"
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.thaw();
        }
        self.stop();
        if std::thread::panicking() {
            eprintln!("--- log of sshd:\n{}", self.log());
        }
    }
}

/// Nobody listens there at the moment.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Whom sshd lets in: it runs as whoever runs the tests.
pub fn user() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

const SSHD: &str = "/usr/sbin/sshd";
