//! A connector, its targets, and short ways to use a session.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use steadfast::clock::SystemClock;
use steadfast::domain::diagnosis::{Cause, Rung, RungAnswer};
use steadfast::domain::host::{HostKeyPolicy, TransportChoice};
use steadfast::domain::id::HostId;
use steadfast::domain::link::LinkSettings;
use steadfast::port::{
    Connector, DialError, Dialed, ExecEvent, ExecOutput, ExitStatus, NoPrompt, Prompt, Prompter, Session,
};
use steadfast::ssh::resolve::{IdentityAgent, KnownHostsFiles, Target};
use steadfast::ssh::{Environment, SshConnector};
use tokio::io::AsyncWriteExt;

use crate::support::LIMIT;
use crate::support::keys::Key;
use crate::support::sshd::{Sshd, user};

/// What `work` gives; it fails when that takes for ever.
pub async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, work).await.expect("takes for ever")
}

pub fn host(name: &str) -> HostId {
    HostId::parse(name).unwrap()
}

/// A way to 127.0.0.1 with one key and one known_hosts file.
pub fn target(alias: &str, port: u16, key: Option<&Path>, known_hosts: &Path) -> Target {
    Target {
        alias: host(alias),
        hostname: "127.0.0.1".into(),
        port,
        user: user(),
        identity_files: key.map(PathBuf::from).into_iter().collect(),
        certificate_files: Vec::new(),
        identities_only: false,
        identity_agent: IdentityAgent::None,
        jump: Vec::new(),
        known_hosts: KnownHostsFiles { user: vec![known_hosts.to_owned()], global: Vec::new() },
        host_keys: HostKeyPolicy::Strict,
        host_key_alias: None,
        hash_known_hosts: false,
        connect_timeout: None,
        needs_system: None,
        transport: TransportChoice::Russh,
        link: LinkSettings::default(),
        config_file: None,
        overrides: Vec::new(),
    }
}

/// The way to `sshd` that works: its key is known, and a new key of ours may log in.
pub fn good_target(sshd: &Sshd) -> Target {
    let key = sshd.client_key("good");
    target("host", sshd.port(), Some(&key.path), &sshd.known_hosts(&sshd.known()))
}

pub fn connector(targets: impl IntoIterator<Item = Target>) -> SshConnector {
    connector_with(targets, Arc::new(NoPrompt), Environment::default())
}

pub fn connector_with(
    targets: impl IntoIterator<Item = Target>,
    prompter: Arc<dyn Prompter>,
    environment: Environment,
) -> SshConnector {
    SshConnector::with_environment(targets, prompter, Arc::new(SystemClock), environment)
}

/// One dial of the only target.
pub async fn dial(target: Target) -> Result<Dialed, DialError> {
    let alias = target.alias.clone();
    soon(connector([target]).dial(&alias)).await
}

pub async fn session(target: Target) -> Arc<dyn Session> {
    match dial(target).await {
        Ok(dialed) => dialed.session,
        Err(error) => panic!("{error}: {:?}", error.evidence),
    }
}

/// Why a dial failed, and the rung that broke.
pub async fn refusal(target: Target) -> (Cause, Rung) {
    match dial(target).await {
        Ok(_) => panic!("it was let in"),
        Err(error) => {
            let broken = error.evidence.last().unwrap();
            assert_eq!(broken.answer, RungAnswer::Broken, "{:?}", error.evidence);
            assert!(error.evidence.iter().rev().skip(1).all(|report| report.answer == RungAnswer::Stands));
            (error.cause, broken.rung)
        }
    }
}

/// All that a program said.
#[derive(Default, Debug)]
pub struct Said {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub exit: Option<ExitStatus>,
}

pub async fn listen(output: &mut dyn ExecOutput) -> Said {
    let mut said = Said::default();
    loop {
        match output.next().await {
            ExecEvent::Stdout(bytes) => said.stdout.extend_from_slice(&bytes),
            ExecEvent::Stderr(bytes) => said.stderr.extend_from_slice(&bytes),
            ExecEvent::Exit(status) => said.exit = Some(status),
            ExecEvent::Closed => return said,
        }
    }
}

/// Runs `command` with `input`, to its end.
pub async fn run(session: &dyn Session, command: &str, input: &[u8]) -> Said {
    soon(async {
        let mut exec = session.exec(command).await.expect("exec");
        exec.stdin.write_all(input).await.unwrap();
        exec.stdin.shutdown().await.unwrap();
        listen(&mut *exec.output).await
    })
    .await
}

/// Answers every question with the same words, and counts them.
pub struct Answers {
    answer: Option<&'static str>,
    pub asked: AtomicUsize,
    pub questions: Mutex<Vec<Prompt>>,
}

impl Answers {
    pub fn new(answer: Option<&'static str>) -> Arc<Self> {
        Arc::new(Self { answer, asked: AtomicUsize::new(0), questions: Mutex::default() })
    }

    pub fn count(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Prompter for Answers {
    fn ask(&self, prompt: Prompt) -> BoxFuture<'_, Option<SecretString>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.questions.lock().unwrap().push(prompt);
        Box::pin(std::future::ready(self.answer.map(SecretString::from)))
    }
}

/// `ssh-ed25519 SHA256:…`, as a cause shows it.
pub fn shown(key: &Key) -> String {
    format!("ssh-ed25519 {}", key.fingerprint())
}
