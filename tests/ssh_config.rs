//! What we make of `ssh_config`, held against what `ssh -G` makes of it.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test may panic, and says loudly what it skips")]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;
use steadfast::domain::host::{HostKeyPolicy, HostSettings};
use steadfast::domain::id::HostId;
use steadfast::domain::link::LinkSettings;
use steadfast::ssh::resolve::{
    IdentityAgent, ResolveError, SshConfigFiles, Target, aliases, remarks, resolve, resolve_among,
};

/// What `ssh -G` prints: keyword to values, in order.
type Answer = BTreeMap<String, Vec<String>>;

/// A directory with configuration files, and the `ssh` to ask about them.
struct Oracle {
    dir: tempfile::TempDir,
    files: SshConfigFiles,
}

impl Oracle {
    /// `None`: there is no `ssh` here. In CI that is a failure.
    fn new() -> Option<Self> {
        let Ok(output) = Command::new("ssh").args(["-G", "-F", "none", "nowhere"]).output() else {
            assert!(std::env::var_os("CI").is_none(), "no ssh client to compare with");
            eprintln!("SKIPPED: no ssh client to compare with");
            return None;
        };
        let answer = parse(&String::from_utf8(output.stdout).unwrap());
        let dir = tempfile::tempdir().unwrap();
        let mut files = SshConfigFiles::from_environment(Some(&dir.path().join("config"))).unwrap();
        // `ssh` takes the home directory and the name from the password file.
        let known_hosts = answer["userknownhostsfile"][0].split(' ').next().unwrap();
        files.home = PathBuf::from(known_hosts.strip_suffix("/.ssh/known_hosts").unwrap());
        files.local_user = answer["user"][0].clone();
        Some(Self { dir, files })
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    fn ask(&self, host: &str, more: &[String]) -> Result<Answer, String> {
        let mut command = Command::new("ssh");
        command.arg("-G").arg("-F").arg(self.files.user.as_ref().unwrap()).args(more).arg(host);
        let output = command.output().unwrap();
        if output.status.success() {
            Ok(parse(&String::from_utf8_lossy(&output.stdout)))
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    fn resolve(&self, host: &str) -> Result<Target, ResolveError> {
        resolve(&HostSettings::new(HostId::parse(host).unwrap()), &self.files)
    }

    /// Writes the configuration and compares all that both know of `host`.
    fn compare(&self, config: &str, host: &str) -> Option<Target> {
        self.write("config", config);
        let ours = self.resolve(host);
        let theirs = self.ask(host, &[]);
        let context = format!("{host} in:\n{config}\nours: {ours:?}\n");
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => {
                self.same(&ours, &theirs, host, &context);
                Some(ours)
            }
            // Words we do not know are for `ssh` to refuse, or to understand.
            (Ok(ours), Err(message)) => {
                let why = ours.needs_system.unwrap_or_default();
                assert!(why.contains("unknown keyword") || why.contains("Match "), "ssh refuses: {message}\n{context}");
                None
            }
            (Err(_), Err(_)) => None,
            // `ssh -G` does not ask about the jump hosts.
            (Err(error), Ok(theirs)) => {
                assert!(self.hops(&theirs, 0).is_err(), "we refuse: {error}\n{context}");
                None
            }
        }
    }

    fn same(&self, ours: &Target, theirs: &Answer, host: &str, context: &str) {
        let one = |name: &str| theirs.get(name).map(|values| values[0].as_str());
        assert_eq!(Some(ours.hostname.as_str()), one("hostname"), "{context}");
        assert_eq!(Some(ours.port.to_string().as_str()), one("port"), "{context}");
        assert_eq!(Some(ours.user.as_str()), one("user"), "{context}");
        assert_eq!(ours.host_key_alias.as_deref(), one("hostkeyalias"), "{context}");
        assert_eq!(ours.identities_only, one("identitiesonly") == Some("yes"), "{context}");
        assert_eq!(ours.hash_known_hosts, one("hashknownhosts") == Some("yes"), "{context}");
        let lenient = matches!(one("stricthostkeychecking"), Some("accept-new" | "false"));
        assert_eq!(ours.host_keys == HostKeyPolicy::AcceptNew, lenient, "{context}");
        assert_eq!(ours.known_hosts.user, paths(one("userknownhostsfile").unwrap()), "{context}");
        assert_eq!(ours.known_hosts.global, paths(one("globalknownhostsfile").unwrap()), "{context}");
        let limit =
            one("connecttimeout").filter(|text| !["none", "0"].contains(text)).map(|text| text.parse().unwrap());
        assert_eq!(ours.connect_timeout.map(|limit| limit.as_secs()), limit, "{context}");
        let interval: u64 = one("serveraliveinterval").unwrap().parse().unwrap();
        let expected = if interval > 0 { interval } else { LinkSettings::default().keepalive.as_secs() };
        assert_eq!(ours.link.keepalive.as_secs(), expected, "{context}");
        let count: u32 = one("serveralivecountmax").unwrap().parse().unwrap();
        assert_eq!(ours.link.keepalive_count, if count > 0 { count } else { 3 }, "{context}");
        assert_eq!(ours.identity_files, self.keys(theirs, "identityfile", ours, host), "{context}");
        assert_eq!(ours.certificate_files, self.keys(theirs, "certificatefile", ours, host), "{context}");
        let no_proxy = matches!(one("proxycommand"), None | Some("none"));
        let needs_proxy = ours.needs_system.as_deref().is_some_and(|why| why.contains("ProxyCommand"));
        assert_eq!(needs_proxy && ours.jump.is_empty(), !no_proxy, "{context}");
        let hops: Vec<_> = ours.jump.iter().map(|hop| (hop.hostname.clone(), hop.port, hop.user.clone())).collect();
        assert_eq!(Ok(hops), self.hops(theirs, 0), "{context}");
        assert!(ours.jump.iter().all(|hop| hop.jump.is_empty()), "{context}");
    }

    /// `ssh -G` prints these as they were written, and all its defaults.
    fn keys(&self, theirs: &Answer, name: &str, ours: &Target, host: &str) -> Vec<PathBuf> {
        let written = theirs.get(name).cloned().unwrap_or_default();
        let is_default = |key: &String| ["id_xmss", "id_dsa", "_sk"].iter().any(|kind| key.contains(kind));
        let defaults = written.len() > 4 && written.iter().any(is_default);
        let kept = written.iter().filter(|key| *key != "none" && !(defaults && is_default(key)));
        kept.map(|key| {
            let home = self.files.home.to_str().unwrap();
            let key = key.strip_prefix("~/").map_or(key.clone(), |rest| format!("{home}/{rest}"));
            let key = key.replace("%h", &ours.hostname).replace("%n", host).replace("%r", &ours.user);
            PathBuf::from(key.replace("%p", &ours.port.to_string()).replace("%d", home).replace("%%", "%"))
        })
        .collect()
    }

    /// Asks `ssh` itself, hop by hop, as it would ask itself when connecting.
    fn hops(&self, theirs: &Answer, depth: usize) -> Result<Vec<(String, u16, String)>, String> {
        if depth > 20 {
            return Err("a circle".into());
        }
        let Some(spec) = theirs.get("proxyjump").map(|values| values[0].clone()) else { return Ok(Vec::new()) };
        let (before, last) = match spec.rsplit_once(',') {
            Some((before, last)) => (Some(before), last),
            None => (None, spec.as_str()),
        };
        let (user, place) = last.rsplit_once('@').map_or((None, last), |(user, place)| (Some(user), place));
        let (host, port) = match place.strip_prefix('[') {
            Some(rest) => rest.split_once(']').map(|(host, port)| (host, port.strip_prefix(':'))).unwrap(),
            None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
        };
        let mut options = Vec::new();
        for (option, value) in [("-l", user), ("-p", port), ("-J", before)] {
            options.extend(value.into_iter().flat_map(|value| [option.to_owned(), value.to_owned()]));
        }
        let answer = self.ask(host, &options)?;
        let mut hops = self.hops(&answer, depth + 1)?;
        hops.push((answer["hostname"][0].clone(), answer["port"][0].parse().unwrap(), answer["user"][0].clone()));
        Ok(hops)
    }
}

fn parse(text: &str) -> Answer {
    let mut answer = Answer::new();
    for (keyword, value) in text.lines().filter_map(|line| line.split_once(' ')) {
        answer.entry(keyword.to_owned()).or_default().push(value.to_owned());
    }
    answer
}

fn paths(text: &str) -> Vec<PathBuf> {
    text.split(' ').filter(|path| *path != "none").map(PathBuf::from).collect()
}

/// Each of them for every one of [`NAMES`].
const CONFIGS: &[&str] = &[
    "",
    "# only a comment\n\n   \n",
    "Host web\n HostName web.example.com\n User deploy\n Port 2222\n",
    "Host web\n HostName 10.1.2.3\nHost *\n HostName other\n Port 99\n User all\n",
    "Host *\n User first\nHost web\n User second\n",
    "User top\nHost web\n User late\n Port 23\n",
    "Host web* !web1\n Port 1\nHost !web1 *\n Port 2\nHost *\n Port 3\n",
    "Host w?b db1 10.*\n Port 7\n",
    "HOST web\n hOsTnAmE=WEB.Example.COM\n port = 44\n\tuser\t=\tspaced\n",
    "Host \"web\" 'db1'\n User \"some one\"\n Port '45'\n",
    "Host web # the web\n Port 46 # the port\n User a#b\n",
    "Host web\n HostName %h.example.com\n IdentityFile ~/keys/%h-%n-%r-%p\n IdentityFile %d/k%%\n",
    "Host *\n IdentityFile ~/.ssh/a\n IdentityFile ~/.ssh/b\n IdentityFile ~/.ssh/a\nHost web\n IdentityFile \"~/my key\"\n",
    "Host *\n IdentityFile none\n CertificateFile ~/.ssh/c-cert.pub\n IdentitiesOnly yes\n",
    "Host web\n UserKnownHostsFile ~/kh1 /tmp/kh-%h-%n-%p-%r-%u-%i-%L-%l-%k-%C ~/kh-${HOME}\n GlobalKnownHostsFile none\n",
    "UserKnownHostsFile none\nUserKnownHostsFile ~/later\nGlobalKnownHostsFile /a /b\n",
    "Host web\n StrictHostKeyChecking accept-new\nHost db1\n StrictHostKeyChecking no\nHost *\n StrictHostKeyChecking YES\n",
    "StrictHostKeyChecking off\nHostKeyAlias Lab-KEY\nHashKnownHosts yes\n",
    "ConnectTimeout 1m30s\nServerAliveInterval 2m\nServerAliveCountMax 7\n",
    "ConnectTimeout 0\nServerAliveInterval 0\nServerAliveCountMax 0\n",
    "ConnectTimeout none\nServerAliveInterval none\nConnectTimeout 5\nServerAliveInterval 6\n",
    "Host web\n ProxyJump gw\nHost gw\n HostName gw.example.com\n User jumper\n Port 2022\n",
    "Host web\n ProxyJump a,u@b:23\nHost a\n HostName a.example.com\n ProxyJump outer\nHost b\n ProxyJump never\n",
    "Host web\n ProxyJump a\nHost a\n ProxyJump b\nHost b\n ProxyJump c # last\nHost c\n User cc\n",
    "Host web\n ProxyJump none\nHost db1\n ProxyJump ssh://u@gw:29\nHost * !gw\n ProxyJump gw\n",
    "Host web\n ProxyJump [::1]:24,u@[fe80::2]\n",
    "Host * !192.0.2.1\n ProxyJump u@192.0.2.1\n",
    "Host web\n ProxyCommand nc %h %p\nHost * !gw\n ProxyJump gw\n",
    "Host web\n ProxyCommand none\nHost web db1\n ProxyJump gw\n",
    "Host web\n ProxyJump gw\nHost *\n ProxyCommand nc -x 'proxy one' %h %p # no comment\n",
    "ProxyJump none\nProxyJump gw\nProxyCommand nc\nProxyCommand none\n",
    "ProxyCommand none\nProxyCommand nc\n",
    "Match all\n Port 50\n",
    "Match host web.example.com\n Port 51\nHost web\n HostName %h.example.com\nMatch host=web.example.com user=root\n User inner\n",
    "Host web\n HostName WEB.example.com\nMatch host WEB.EXAMPLE.*\n Port 52\nMatch originalhost web,!db1\n User orig\n",
    "User admin\nMatch user admin,root !originalhost db1\n Port 53\nMatch !user admin\n Port 54\n",
    "Match localuser no-such-user-here\n Port 55\nMatch !localuser no-such-user-here\n Port 56\n",
    "Host web\n HostName web.example.com\nMatch final all\n User last\n Port 57\nHost web.example.com\n Port 58\n",
    "Match final host *.example.com\n Port 59\n IdentityFile ~/final\nHost web\n HostName web.example.com\n IdentityFile ~/first\n",
    "Match canonical\n Port 60\nMatch !final\n Port 61\n",
    "Match canonical all\n Port 62\nMatch !canonical all\n Port 63\n",
    "Match host web all\n Port 64\n",
    "Match !all\n Port 65\n",
    "Match host web # comment\n Port 66\n",
    "IgnoreUnknown Frob*,other\nFrobnicate yes\nHost web\n OTHER x y z\n Port 67\n",
    "IdentityAgent none\nAddressFamily any\nForwardAgent yes\nControlMaster auto\nControlPath ~/c-%C\nSendEnv LANG LC_*\n",
    "Port 1\r\nUser crlf\r\n",
    "Port 3\u{c}\n",
    "Host\tweb\tdb1\n\tPort\t68\n",
    "HostName fe80::0001\n",
    "HostName 10.0.0.1\n",
];

/// Refused by both, or left to `ssh`, which refuses them.
const REFUSED: &[&str] = &[
    "Port abc\n",
    "Port 0\n",
    "Port 65536\n",
    "Port\n",
    "Port 22 23\n",
    "Host nowhere-at-all\n Port x\n",
    "User \"open\n",
    "ConnectTimeout 5x\n",
    "ServerAliveCountMax many\n",
    "StrictHostKeyChecking maybe\n",
    "IdentitiesOnly perhaps\n",
    "ProxyJump @gw\n",
    "ProxyJump gw:port\n",
    "Host\n",
    "Match\n",
    "Match host\n",
    "Match all host web\n",
    "Match user a host b all\n",
    "Match frobnicated yes\n Port 1\n",
    "UserKnownHostsFile none ~/x\n",
    "HostName %p\n",
    "HostName web%\n",
    "Frobnicate yes\n",
    "Include\n",
    "Host *\n ProxyJump gw\n",
    "Host !gw *\n ProxyJump web\nHost gw\n ProxyJump gw\n",
];

const NAMES: &[&str] = &["web", "web1", "db1", "gw", "10.0.0.7", "WEB", "::1"];

#[test]
fn a_user_before_the_name_goes_before_every_other() {
    let Some(oracle) = Oracle::new() else { return };
    let config = "Host db1\n  HostName db1.example.org\n  Port 2222\n  User admin\nHost op@db1\n  Port 9\n";
    let target = oracle.compare(config, "op@db1").unwrap();
    assert_eq!((target.user.as_str(), target.port, target.hostname.as_str()), ("op", 2222, "db1.example.org"));
    assert_eq!(target.alias.as_str(), "op@db1", "the host is called what it was named");
    oracle.compare(config, "a@b@db1");
    oracle.compare(config, "db1");
}

#[test]
fn configurations_mean_the_same_to_ssh_and_to_us() {
    let Some(oracle) = Oracle::new() else { return };
    for config in CONFIGS {
        for name in NAMES {
            assert!(oracle.compare(config, name).is_some(), "both refuse {name} in:\n{config}");
        }
    }
}

#[test]
fn what_ssh_refuses_we_refuse_or_leave_to_it() {
    let Some(oracle) = Oracle::new() else { return };
    for config in REFUSED {
        for name in NAMES {
            assert!(oracle.compare(config, name).is_none(), "neither refuses {name} in:\n{config}");
        }
    }
}

#[test]
fn jump_hosts_that_go_round_in_a_circle_are_named() {
    let Some(oracle) = Oracle::new() else { return };
    oracle.write("config", "Host web\n ProxyJump a\nHost a\n ProxyJump b\nHost b\n ProxyJump web\n");
    let error = oracle.resolve("web").unwrap_err().to_string();
    assert_eq!(error, "resolve web: its jump hosts go round in a circle: web -> a -> b -> web");
}

#[test]
fn a_host_that_is_called_as_its_jump_host_is_refused() {
    let Some(oracle) = Oracle::new() else { return };
    let config = |jump: &str| format!("Host web\n HostName GW\n User me\n Port 2222\n ProxyJump {jump}\n");
    for (jump, refused) in [("gw:2222", true), ("me@gw:2222", true), ("gw", false), ("you@gw:2222", false)] {
        assert_eq!(oracle.compare(&config(jump), "web").is_none(), refused, "{jump}");
    }
}

#[test]
fn included_files_apply_where_they_are_included() {
    let Some(mut oracle) = Oracle::new() else { return };
    // `ssh` expands `~` in Include by HOME, unlike everywhere else.
    let home = oracle.dir.path().to_path_buf();
    oracle.write(".ssh/conf.d/20-b.conf", "User from-b\n");
    oracle.write(".ssh/conf.d/10-a.conf", "Host web\n Port 71\nHost *\n User from-a\n");
    oracle.write(".ssh/conf.d/.hidden.conf", "User hidden\n");
    oracle.write(".ssh/inside", "Port 72\nHost db1\n Port 73\nMatch all\n Port 74\n");
    oracle.write("absolute", "HostName absolute.example.com\n");
    oracle.write(".ssh/itself", "Include itself\n");
    oracle.files.home.clone_from(&home);
    let absolute = home.join("absolute");
    let configs = [
        "Include conf.d/*.conf\nHost web\n User late\n".to_owned(),
        "Host web\n Include inside\n User kept\n Port 75\nHost *\n Port 76\n".to_owned(),
        "Host db1\n Include ~/.ssh/inside\n User kept\nInclude missing/* nothing\n".to_owned(),
        format!("Include \"{}\" conf.d/1[0-5]-?.conf\n", absolute.display()),
        "Match host web\n Include conf.d/20-b.conf inside\nHost *\n User other\n".to_owned(),
        "Include itself\n".to_owned(),
    ];
    for config in &configs {
        oracle.write("config", config);
        for name in NAMES {
            let mut command = Command::new("ssh");
            command.env("HOME", &home).arg("-G").arg("-F").arg(home.join("config")).arg(name);
            let output = command.output().unwrap();
            let ours = oracle.resolve(name);
            assert_eq!(ours.is_ok(), output.status.success(), "{config} {name} {ours:?} {output:?}");
            let Ok(ours) = ours else { continue };
            let theirs = parse(&String::from_utf8(output.stdout).unwrap());
            let all = (&ours.user, &ours.hostname, &ours.port.to_string());
            assert_eq!(all, (&theirs["user"][0], &theirs["hostname"][0], &theirs["port"][0]), "{config} {name}");
        }
    }
    let included = home.join(".ssh/inside");
    std::fs::set_permissions(&included, std::fs::Permissions::from_mode(0o666)).unwrap();
    oracle.write("config", "Include inside\n");
    assert!(matches!(oracle.resolve("web"), Err(ResolveError::Permissions { .. })));
}

#[test]
fn key_files_are_the_paths_ssh_tries() {
    let Some(oracle) = Oracle::new() else { return };
    let config = "Host web\n HostName web.example.com\n Port 2022\n HostKeyAlias The-Alias\n \
        IdentityFile ~/k-%h-%n-%p-%r-%u-%i-%L-%l-%k-%C-%%\n IdentityFile /k/${HOME}/$HOME\n IdentityFile %d/k\n";
    let ours = oracle.compare_keys(config, "web");
    assert_eq!(ours.len(), 3);
}

impl Oracle {
    /// `ssh -v` says which files it tries, tokens expanded, before it connects.
    fn compare_keys(&self, config: &str, host: &str) -> Vec<PathBuf> {
        let path = self.write("config", config);
        let ours = self.resolve(host).unwrap().identity_files;
        let mut command = Command::new("ssh");
        command.arg("-v").arg("-F").arg(path).args(["-o", "ProxyCommand=false", "-o", "BatchMode=yes", host, "true"]);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let tried = said.lines().filter_map(|line| line.trim_end().strip_prefix("debug1: identity file "));
        let tried = tried.filter_map(|line| line.rsplit_once(" type ")).map(|(path, _)| PathBuf::from(path));
        let tried: Vec<_> = tried.filter(|path| !path.to_string_lossy().ends_with("-cert")).collect();
        assert_eq!(ours, tried, "{said}");
        ours
    }
}

/// No oracle: `ssh -F` reads no system-wide file.
fn two_files(user: &str, system: &str) -> (tempfile::TempDir, SshConfigFiles) {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [("config", user), ("ssh_config", system)] {
        std::fs::write(dir.path().join(name), text).unwrap();
        std::fs::set_permissions(dir.path().join(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let files = SshConfigFiles {
        user: Some(dir.path().join("config")),
        system: Some(dir.path().join("ssh_config")),
        given: false,
        home: dir.path().to_path_buf(),
        local_user: "operator".into(),
        local_host: "desk.example.com".into(),
        user_id: rustix::process::getuid().as_raw(),
        environment: BTreeMap::from([("AGENT".into(), "/run/agent".into())]),
    };
    (dir, files)
}

fn settings(host: &str) -> HostSettings {
    HostSettings::new(HostId::parse(host).unwrap())
}

#[test]
fn the_users_file_comes_before_the_systems() {
    let (_dir, files) = two_files("Host web\n Port 1\n", "Port 2\nUser sys\nInclude extra\n");
    std::fs::write(files.home.join("extra"), "HashKnownHosts yes\n").unwrap();
    std::fs::set_permissions(files.home.join("extra"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let target = resolve(&settings("web"), &files).unwrap();
    assert_eq!((target.port, target.user.as_str(), target.hash_known_hosts), (1, "sys", true));
    assert_eq!(target.config_file, None);
    assert_eq!(resolve(&settings("db"), &files).unwrap().port, 2);
}

#[test]
fn what_the_operator_configured_overrides_the_files() {
    let (_dir, files) = two_files(
        "Host web\n HostName file\n User file\n Port 1\n IdentityFile ~/file\n ProxyCommand file\n StrictHostKeyChecking yes\n ServerAliveInterval 60\n",
        "",
    );
    let mut settings = settings("web");
    settings.address = Some("FE80::1%eth0".into());
    settings.user = Some("me".into());
    settings.port = Some(2);
    settings.identity_files = vec!["~/mine".into()];
    settings.jump = Some("none".into());
    settings.host_keys = Some(HostKeyPolicy::AcceptNew);
    settings.link.keepalive = std::time::Duration::from_secs(7);
    let target = resolve(&settings, &files).unwrap();
    assert_eq!((target.hostname.as_str(), target.user.as_str(), target.port), ("fe80::1%eth0", "me", 2));
    assert_eq!(target.identity_files, [files.home.join("mine")]);
    assert!(target.jump.is_empty());
    assert_eq!(target.needs_system, None);
    assert_eq!(target.host_keys, HostKeyPolicy::AcceptNew);
    assert_eq!(target.link.keepalive.as_secs(), 7);
}

#[test]
fn a_jump_host_of_the_fleet_is_reached_as_its_own_entry_says() {
    let (_dir, files) = two_files("Host far\n ServerAliveInterval 60\nHost gate\n IdentityFile ~/gate\n", "");
    let mut gate = settings("gate");
    (gate.address, gate.user, gate.port) = (Some("192.0.2.7".into()), Some("op".into()), Some(23));
    gate.link.connect_limit = 2.try_into().unwrap();
    let mut far = settings("far");
    far.jump = Some("me@gate".into());
    let target = resolve_among(&far, &[gate.clone(), far.clone()], &files).unwrap();
    let [hop] = &target.jump[..] else { panic!("{target:?}") };
    assert_eq!((hop.hostname.as_str(), hop.user.as_str(), hop.port), ("192.0.2.7", "me", 23));
    assert_eq!((hop.identity_files.clone(), hop.link.connect_limit.get()), (vec![files.home.join("gate")], 2));
    assert_eq!(target.link.keepalive.as_secs(), 60);
    // The system's ssh knows nothing of the entry: it is told.
    let way = "ProxyCommand=ssh -o 'HostName=\"192.0.2.7\"' -o 'User=\"me\"' -o 'Port=\"23\"' -o 'StrictHostKeyChecking=yes' -W '[%h]:%p' -- 'gate'";
    assert_eq!(target.overrides, [way]);
    // And what stands in its own files it is not told.
    let target = resolve_among(&settings("far"), &[gate], &files).unwrap();
    assert_eq!((target.jump.len(), target.overrides.len()), (0, 0));
}

#[test]
fn what_we_cannot_do_needs_the_systems_ssh_and_is_named() {
    for (config, why) in [
        ("ProxyCommand nc %h %p", Some("ProxyCommand")),
        ("ProxyCommand none", None),
        ("Match exec \"true\"\n Port 1", Some("Match exec")),
        ("Match host other exec \"true\"\n Port 1", None),
        ("Match localnetwork 10.0.0.0/8\n Port 1", Some("Match localnetwork")),
        ("GSSAPIAuthentication yes", Some("GSSAPIAuthentication")),
        ("GSSAPIAuthentication no\nGSSAPIAuthentication yes", None),
        ("PKCS11Provider /lib/p11.so", Some("PKCS11Provider")),
        ("CanonicalizeHostname yes", Some("CanonicalizeHostname")),
        ("KnownHostsCommand /bin/keys %H", Some("KnownHostsCommand")),
        ("BindAddress 10.0.0.1\nAddressFamily inet6", Some("AddressFamily, BindAddress")),
        ("KexAlgorithms +diffie-hellman-group1-sha1", Some("KexAlgorithms")),
        ("RevokedHostKeys ~/revoked", Some("RevokedHostKeys")),
        ("Hostnam x", Some("unknown keyword hostnam (did you mean HostName?)")),
        ("Host other\n Hostnam x", None),
        ("ProxyJump gw\nMatch host gw\n ProxyCommand nc", Some("ProxyCommand of jump host gw")),
        ("ControlMaster auto\nForwardAgent yes\nLocalForward 1 a:2\nRemoteCommand sh", None),
    ] {
        let config = if config.starts_with("ProxyJump") {
            "Host web\n ProxyJump gw\nHost gw\n ProxyCommand nc\n".to_owned()
        } else {
            format!("{config}\n")
        };
        let (_dir, files) = two_files(&config, "");
        let target = resolve(&settings("web"), &files).unwrap();
        assert_eq!(target.needs_system.as_deref(), why, "{config}");
    }
}

#[test]
fn what_a_distribution_offers_every_host_is_a_remark_not_a_need() {
    let (_dir, files) = two_files(
        "StrictHostKeyChecking no\n",
        "Host *\n SendEnv LANG\n HashKnownHosts yes\n GSSAPIAuthentication yes\nMatch final all\n Ciphers aes256-ctr\n",
    );
    let target = resolve(&settings("web"), &files).unwrap();
    assert_eq!(target.needs_system, None);
    assert_eq!(target.host_keys, HostKeyPolicy::AcceptNew);
    let remarks = remarks(&settings("web"), &[], &files).unwrap();
    assert_eq!(remarks.len(), 3, "{remarks:?}");
    assert!(remarks.iter().any(|remark| remark.contains("host keys are always verified")), "{remarks:?}");
}

#[test]
fn a_security_key_alone_needs_the_systems_ssh() {
    let (_dir, files) = two_files("", "");
    let ssh = files.home.join(".ssh");
    std::fs::create_dir(&ssh).unwrap();
    assert_eq!(resolve(&settings("web"), &files).unwrap().needs_system, None);
    std::fs::write(ssh.join("id_ed25519_sk"), "private").unwrap();
    std::fs::write(ssh.join("id_ed25519_sk.pub"), "sk-ssh-ed25519@openssh.com AAAA").unwrap();
    let why = resolve(&settings("web"), &files).unwrap().needs_system.unwrap();
    assert!(why.starts_with("security key") && why.ends_with("id_ed25519_sk"), "{why}");
    std::fs::write(ssh.join("id_rsa"), "private").unwrap();
    assert_eq!(resolve(&settings("web"), &files).unwrap().needs_system, None);
}

#[test]
fn agents_are_where_the_configuration_says() {
    for (config, agent) in [
        ("", IdentityAgent::Env),
        ("IdentityAgent SSH_AUTH_SOCK", IdentityAgent::Env),
        ("IdentityAgent none", IdentityAgent::None),
        ("IdentityAgent $AGENT", IdentityAgent::Path("/run/agent".into())),
        ("IdentityAgent ${AGENT}-%r", IdentityAgent::Path("/run/agent-operator".into())),
        ("IdentityAgent $UNSET", IdentityAgent::None),
    ] {
        let (_dir, files) = two_files(config, "");
        assert_eq!(resolve(&settings("web"), &files).unwrap().identity_agent, agent, "{config}");
    }
}

#[test]
fn errors_say_where_what_and_what_is_allowed() {
    let (_dir, files) = two_files("Host web\n  Port twenty\u{7}two\n", "");
    let error = resolve(&settings("web"), &files).unwrap_err().to_string();
    assert!(error.starts_with("understand /") && error.contains("config, line 2: \"Port twentytwo\": "), "{error}");
    assert!(error.ends_with("a port is a number from 1 to 65535"), "{error}");
    let (_dir, files) = two_files("StrictHostKeyChecking maybe", "");
    let error = resolve(&settings("web"), &files).unwrap_err().to_string();
    assert!(error.ends_with("allowed are ask, yes, no, true, false, off, accept-new"), "{error}");
    let (_dir, files) = two_files("IdentityFile ~/%z", "");
    let error = resolve(&settings("web"), &files).unwrap_err().to_string();
    assert!(error.contains("IdentityFile \"~/%z\": %z is no token"), "{error}");
    let (dir, mut files) = two_files("", "");
    files.given = true;
    files.user = Some(dir.path().join("not-there"));
    assert!(matches!(resolve(&settings("web"), &files), Err(ResolveError::Read { .. })));
    files.given = false;
    assert!(resolve(&settings("web"), &files).is_ok());
}

#[test]
fn a_configuration_others_could_write_is_refused() {
    let (_dir, files) = two_files("Port 1\n", "");
    let config = files.user.clone().unwrap();
    std::fs::set_permissions(&config, std::fs::Permissions::from_mode(0o620)).unwrap();
    let error = resolve(&settings("web"), &files).unwrap_err();
    assert!(matches!(&error, ResolveError::Permissions { path } if *path == config), "{error}");
}

#[test]
fn aliases_are_the_literal_names() {
    let (_dir, files) = two_files("Host web db* !x web2\nHost -odd web\nInclude more\nPort x\n", "Host late\n");
    std::fs::create_dir(files.home.join(".ssh")).unwrap();
    let more = files.home.join(".ssh/more");
    std::fs::write(&more, "Match all\nHost inner\n").unwrap();
    std::fs::set_permissions(&more, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(aliases(&files), ["web", "web2", "inner"], "up to the line that is wrong");
}

#[test]
fn nothing_is_read_from_a_directory_in_place_of_a_file() {
    let (dir, mut files) = two_files("", "");
    files.user = Some(Path::new(dir.path()).to_path_buf());
    assert!(resolve(&settings("web"), &files).is_ok());
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "web",
        "web1",
        "db1",
        "gw",
        "gw2",
        "*",
        "w*",
        "!web1",
        "?b1",
        "*.example.com",
        "10.0.0.7",
    ])
    .prop_map(str::to_owned)
}

fn value_line() -> impl Strategy<Value = String> {
    let pick = |words: &[&'static str]| prop::sample::select(words.to_vec());
    prop_oneof![
        pick(&["web.example.com", "10.0.0.7", "%h.example.com", "GW", "%%"]).prop_map(|v| format!("HostName {v}")),
        pick(&["root", "deploy", "\"a b\""]).prop_map(|v| format!("User={v}")),
        (0u32..70000).prop_map(|v| format!("port {v}")),
        pick(&["~/.ssh/a", "~/b-%h", "/k/%n-%r-%p", "none", "\"~/a b\""]).prop_map(|v| format!("IdentityFile {v}")),
        pick(&["gw", "u@gw:2022", "gw,gw2", "gw2,u@gw", "none", "[10.0.0.7]:5"]).prop_map(|v| format!("ProxyJump {v}")),
        pick(&["none", "nc %h %p"]).prop_map(|v| format!("ProxyCommand {v}")),
        pick(&["~/kh", "~/kh1 /kh2", "none", "/kh-%h-%p", "none /kh"]).prop_map(|v| format!("UserKnownHostsFile {v}")),
        pick(&["yes", "no", "ask", "accept-new", "off", "Yes", "x"]).prop_map(|v| format!("StrictHostKeyChecking {v}")),
        pick(&["0", "5", "1m", "none", "2h3s"]).prop_map(|v| format!("ConnectTimeout {v}")),
        pick(&["0", "5", "1m"]).prop_map(|v| format!("ServerAliveInterval {v}")),
        (0u32..9).prop_map(|v| format!("ServerAliveCountMax {v}")),
        pick(&["yes", "no"]).prop_map(|v| format!("IdentitiesOnly {v}")),
        pick(&["Alias", "web"]).prop_map(|v| format!("HostKeyAlias {v}")),
    ]
}

fn block() -> impl Strategy<Value = String> {
    let head = prop_oneof![
        5 => prop::collection::vec(name(), 1..4).prop_map(|names| format!("Host {}", names.join(" "))),
        1 => prop::collection::vec(name(), 1..3).prop_map(|names| format!("Match host {}", names.join(","))),
        1 => prop::collection::vec(name(), 1..3).prop_map(|names| format!("Match final originalhost {}", names.join(","))),
        1 => Just("Match user deploy !host gw".to_owned()),
        1 => Just("Match final all".to_owned()),
        1 => Just("Match canonical all".to_owned()),
        1 => Just("# nothing".to_owned()),
    ];
    (head, prop::collection::vec(value_line(), 0..5))
        .prop_map(|(head, lines)| format!("{head}\n  {}\n", lines.join("\n  ")))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_configurations_mean_the_same_too(
        blocks in prop::collection::vec(block(), 1..5),
        host in prop::sample::select(vec!["web", "web1", "db1", "10.0.0.7"]),
    ) {
        if let Some(oracle) = Oracle::new() {
            oracle.compare(&blocks.concat(), host);
        }
    }

    #[test]
    fn no_text_crashes_us(text in "(\\PC|[ \\t\\r\\n#=\"'%$~*!,\\\\]|Host |Match |Include |ProxyJump ){0,60}") {
        let (_dir, files) = two_files(&text, "");
        let _ = resolve(&settings("web"), &files);
        let _ = aliases(&files);
    }
}
