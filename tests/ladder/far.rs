//! The other end of the cable: a namespace with 192.0.2.1, and sshd on port 22 in it.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::going::Going;
use crate::support::keys::Key;
use crate::support::processes::{descendants, signal};
use crate::support::sshd::user;
use crate::support::until;

const INSIDE: &str = "STEADFAST_TEST_NAMESPACE";
const SSHD: &str = "/usr/sbin/sshd";

/// Runs `body` in network and process namespaces of its own: what it leaves behind dies with it.
pub fn inside(test: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    let unshare = ["--net", "--pid", "--fork", "--kill-child", "--mount-proc"];
    let mut possible = Command::new("unshare");
    possible.args(unshare).args([
        "sh",
        "-c",
        "ip link add near type veth peer name other && nft list ruleset && nsenter --version",
    ]);
    let possible = possible.stdin(Stdio::null()).output().is_ok_and(|output| output.status.success());
    if !possible || !std::path::Path::new(SSHD).exists() {
        assert!(std::env::var_os("CI").is_none(), "no namespaces, `ip`, `nft`, `nsenter` or sshd here");
        // Past the capture of the test harness.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {test}: no namespaces, `ip`, `nft`, `nsenter` or sshd here");
        return;
    }
    let mut again = Command::new("unshare");
    again.args(unshare).arg(std::env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]);
    let output = again.env(INSIDE, "1").stdin(Stdio::null()).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

pub struct Far {
    dir: TempDir,
    /// Holds the namespace.
    space: Child,
    sshd: RefCell<Option<Child>>,
    host_key: Key,
    client_key: Key,
}

impl Far {
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("far-").tempdir_in("/tmp").unwrap();
        let space = Command::new("unshare").args(["--net", "sleep", "infinity"]).spawn().unwrap();
        let (host_key, client_key) = (Key::new(dir.path(), "host_key"), Key::new(dir.path(), "id"));
        let far = Self { dir, space, sshd: RefCell::new(None), host_key, client_key };
        let pid = far.space.id();
        let own = fs::read_link("/proc/self/ns/net").unwrap();
        until("there is another namespace", || {
            fs::read_link(format!("/proc/{pid}/ns/net")).is_ok_and(|net| net != own)
        });
        run(Command::new("ip").args(["link", "set", "lo", "up"]));
        run(Command::new("ip").args(["link", "add", "eth0", "type", "veth", "peer", "name", "far"]));
        run(Command::new("ip").args(["link", "set", "far", "netns", &pid.to_string()]));
        for words in ["address add 192.0.2.7/24 dev eth0", "link set eth0 up"] {
            run(Command::new("ip").args(words.split(' ')));
        }
        for words in ["address add 192.0.2.1/24 dev far", "link set far up", "link set lo up"] {
            run(far.there("ip").args(words.split(' ')));
        }
        far.configure();
        far.launch();
        far
    }

    fn configure(&self) {
        let dir = self.dir.path().display();
        fs::create_dir_all("/run/sshd").unwrap();
        fs::create_dir(self.path("home")).unwrap();
        fs::write(self.path("authorized_keys"), format!("{}\n", self.client_key.public)).unwrap();
        fs::write(self.path("known_hosts"), format!("192.0.2.1 {}\n", self.host_key.public)).unwrap();
        // What a login runs on a host that hangs stands still before the command.
        let shell = "#!/bin/sh\n[ -e \"${0%/*}/hang\" ] && kill -STOP $$\nexec sh -c \"$SSH_ORIGINAL_COMMAND\"\n";
        fs::write(self.path("shell"), shell).unwrap();
        fs::set_permissions(self.path("shell"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let sshd = format!(
            "Port 22\nListenAddress 192.0.2.1\nHostKey {dir}/host_key\nAuthorizedKeysFile {dir}/authorized_keys\n\
             StrictModes no\nUsePAM no\nUseDNS no\nPidFile none\nPermitRootLogin yes\nPasswordAuthentication no\n\
             LogLevel VERBOSE\nMaxStartups 100\nSetEnv HOME={dir}/home\n\
             ForceCommand {dir}/shell\n"
        );
        fs::write(self.path("sshd_config"), sshd).unwrap();
        let ssh = format!(
            "Host far\n HostName 192.0.2.1\n User {}\n IdentityFile {}\n IdentitiesOnly yes\n IdentityAgent none\n \
             UserKnownHostsFile {dir}/known_hosts\n",
            user(),
            self.client_key.path.display(),
        );
        fs::write(self.path("ssh_config"), ssh).unwrap();
        let link = "[[hosts]]\nname = \"far\"\n[hosts.link]\nkeepalive = \"300ms\"\nkeepalive_count = 3\n\
                    backoff_initial = \"100ms\"\nbackoff_maximum = \"500ms\"\ntcp_timeout = \"1s\"\n\
                    connect_timeout = \"4s\"\n";
        fs::write(self.path("steadfast.toml"), link).unwrap();
    }

    /// A command that is run at the other end.
    fn there(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.space.id().to_string(), "-n", program]);
        command
    }

    pub fn nft(&self, rules: &str) {
        run(self.there("nft").arg(rules));
    }

    pub fn launch(&self) {
        let log = File::options().create(true).append(true).open(self.path("log")).unwrap();
        let mut sshd = self.there(SSHD);
        sshd.args(["-D", "-e", "-f"]).arg(self.path("sshd_config")).stdin(Stdio::null()).stderr(log);
        let before = self.log().matches("Server listening").count();
        *self.sshd.borrow_mut() = Some(sshd.spawn().unwrap());
        until("sshd listens", || self.log().matches("Server listening").count() > before);
    }

    /// sshd and all its sessions.
    pub fn signal(&self, what: Signal) {
        let pid = self.sshd.borrow().as_ref().expect("sshd is stopped").id();
        for pid in std::iter::once(pid).chain(descendants(pid)) {
            signal(pid, what);
        }
    }

    /// The sessions there are; others can be made.
    pub fn signal_sessions(&self, what: Signal) {
        self.of_sessions().for_each(|pid| signal(pid, what));
    }

    /// What these run, while sshd itself goes on.
    pub fn signal_commands(&self, what: Signal) {
        let is_sshd =
            |pid: &u32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|it| it.starts_with("sshd"));
        self.of_sessions().filter(|pid| !is_sshd(pid)).for_each(|pid| signal(pid, what));
    }

    fn of_sessions(&self) -> impl Iterator<Item = u32> + use<> {
        descendants(self.sshd.borrow().as_ref().expect("sshd is stopped").id()).into_iter()
    }

    /// Commands of new logins never begin, or do again.
    pub fn hang(&self, hangs: bool) {
        if hangs { fs::write(self.path("hang"), "").unwrap() } else { fs::remove_file(self.path("hang")).unwrap() }
    }

    /// The process that will write down how the only run has ended.
    pub fn runner(&self) -> u32 {
        let runs = self.path("home").join(".local/state/steadfast/runs");
        let run = fs::read_dir(runs).unwrap().next().unwrap().unwrap().path();
        let ident = fs::read_to_string(run.join("ident")).unwrap();
        ident.lines().find_map(|line| line.strip_prefix("pid=")).unwrap().parse().unwrap()
    }

    pub fn stop(&mut self) {
        self.signal(Signal::KILL);
        self.sshd.borrow_mut().take().unwrap().wait().unwrap();
    }

    pub fn replace_host_key(&mut self) {
        for name in ["host_key", "host_key.pub"] {
            fs::remove_file(self.path(name)).unwrap();
        }
        self.host_key = Key::new(self.dir.path(), "host_key");
    }

    pub fn fingerprint(&self) -> String {
        self.host_key.fingerprint()
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn steadfast(&self, arguments: &[&str]) -> Command {
        self.told(Command::new(env!("CARGO_BIN_EXE_steadfast")), arguments)
    }

    /// Without the right to raw sockets.
    pub fn unprivileged(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set", "-net_raw", "--inh-caps", "-net_raw", env!("CARGO_BIN_EXE_steadfast")]);
        self.told(command, arguments)
    }

    fn told(&self, mut command: Command, arguments: &[&str]) -> Command {
        for (flag, file) in [("--state-dir", "state"), ("--ssh-config", "ssh_config"), ("--config", "steadfast.toml")] {
            command.arg(flag).arg(self.path(file));
        }
        command.args(arguments).stdin(Stdio::null()).env_remove("SSH_ASKPASS");
        command
    }

    /// A long run, once it is known to run.
    pub fn start_run(&self) -> Going {
        let going = Going::start(self.steadfast(&["run", "--json", "-H", "far", "--", "sleep 4242"]));
        going.wait_for_event("it runs", |event| event["type"] == "run" && event["event"] == "started");
        going
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- log of sshd:\n{}", self.log());
        }
        if let Some(mut sshd) = self.sshd.borrow_mut().take() {
            sshd.kill().ok();
            sshd.wait().ok();
        }
        self.space.kill().ok();
        self.space.wait().ok();
    }
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
