//! Sessions with this machine itself: a shell of each kind, without a server between. What sshd would
//! add (a connection that breaks) is done to the shell's stdin or to the shell.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use futures_util::future::BoxFuture;
use steadfast::domain::diagnosis::Cause;
use steadfast::port::{Duplex, Exec, ExecError, ExecEvent, ExecOutput, ExitStatus, Session, SessionGone};
use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

/// A shell that hosts have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shell {
    /// Whatever is `/bin/sh` here.
    Sh,
    Dash,
    Bash,
    /// With nothing but BusyBox tools in PATH.
    Busybox,
}

impl Shell {
    /// The program and its arguments, without the `-s`.
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Self::Sh => &["/bin/sh"],
            Self::Dash => &["dash"],
            Self::Bash => &["bash", "--posix"],
            Self::Busybox => &["busybox", "sh"],
        }
    }

    /// Where its program is.
    pub fn program(self) -> Option<PathBuf> {
        let name = self.words()[0];
        PLACES.iter().map(|place| Path::new(place).join(name)).find(|path| path.exists())
    }
}

/// What a shell is started with.
#[derive(Clone, Debug)]
pub struct Surroundings {
    pub shell: Shell,
    pub home: Option<PathBuf>,
    pub path: String,
    /// Further variables.
    pub env: Vec<(String, String)>,
}

impl Surroundings {
    /// The command that runs the shell on a script from stdin.
    pub fn command(&self) -> std::process::Command {
        let program = self.shell.program().expect("looked for before");
        let mut command = std::process::Command::new(program);
        command.args(&self.shell.words()[1..]).arg("-s").env_clear().current_dir("/");
        command.env("PATH", &self.path).env("SF_SHELL", self.shell_of_runs());
        if let Some(home) = &self.home {
            command.env("HOME", home);
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        // As with sshd, a signal to the tests is none to what they started.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
    }

    /// What is detached is run by the same shell.
    fn shell_of_runs(&self) -> String {
        self.shell.words().join(" ")
    }
}

/// See above.
pub struct LocalSession {
    surroundings: Surroundings,
    shells: Arc<Mutex<Vec<u32>>>,
}

impl LocalSession {
    pub fn new(surroundings: Surroundings) -> Self {
        Self { surroundings, shells: Arc::default() }
    }

    pub fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    /// The pid of the shell that was started last.
    pub fn last_shell(&self) -> u32 {
        *self.shells.lock().expect("no panic holds it").last().expect("one was started")
    }
}

impl Session for LocalSession {
    fn exec<'a>(&'a self, command: &'a str) -> BoxFuture<'a, Result<Exec, ExecError>> {
        assert_eq!(command, steadfast::remote::SHELL);
        Box::pin(async move {
            let mut command = Command::from(self.surroundings.command());
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().map_err(|error| ExecError::Refused(error.to_string()))?;
            self.shells.lock().expect("no panic holds it").extend(child.id());
            let stdin = Box::pin(Input(child.stdin.take()));
            let output = Box::new(Output {
                stdout: child.stdout.take(),
                stderr: child.stderr.take(),
                child: Some(child),
                buffers: Default::default(),
            });
            Ok(Exec { stdin, output })
        })
    }

    fn sftp(&self) -> BoxFuture<'_, Result<Box<dyn Duplex>, ExecError>> {
        Box::pin(async { Err(ExecError::Refused("no sftp here".into())) })
    }

    fn ping(&self) -> BoxFuture<'_, Result<Duration, SessionGone>> {
        Box::pin(async { Ok(Duration::ZERO) })
    }

    fn heard(&self) -> u64 {
        0
    }

    fn closed(&self) -> BoxFuture<'_, SessionGone> {
        Box::pin(std::future::pending())
    }

    fn close(&self) {}
}

/// Tokio's own closes the pipe only when dropped.
struct Input(Option<ChildStdin>);

impl AsyncWrite for Input {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            Some(stdin) => Pin::new(stdin).poll_write(cx, bytes),
            None => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Some(stdin) => Pin::new(stdin).poll_flush(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0 = None;
        Poll::Ready(Ok(()))
    }
}

/// Closed, like a channel, when both streams are and the program has ended.
struct Output {
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    child: Option<Child>,
    buffers: [BytesMut; 2],
}

impl ExecOutput for Output {
    fn next(&mut self) -> BoxFuture<'_, ExecEvent> {
        Box::pin(async move {
            loop {
                let [out, err] = &mut self.buffers;
                out.reserve(32 * 1024);
                err.reserve(32 * 1024);
                let (read, of_stdout) = match (&mut self.stdout, &mut self.stderr) {
                    (Some(stdout), Some(stderr)) => tokio::select! {
                        read = stdout.read_buf(out) => (read, true),
                        read = stderr.read_buf(err) => (read, false),
                    },
                    (Some(stdout), None) => (stdout.read_buf(out).await, true),
                    (None, Some(stderr)) => (stderr.read_buf(err).await, false),
                    (None, None) => return self.end().await,
                };
                match (read.unwrap_or(0), of_stdout) {
                    (0, true) => self.stdout = None,
                    (0, false) => self.stderr = None,
                    (_, true) => return ExecEvent::Stdout(self.buffers[0].split().freeze()),
                    (_, false) => return ExecEvent::Stderr(self.buffers[1].split().freeze()),
                }
            }
        })
    }
}

impl Output {
    async fn end(&mut self) -> ExecEvent {
        let Some(child) = &mut self.child else { return ExecEvent::Closed };
        let status = child.wait().await.expect("it is our child");
        self.child = None;
        let code = status.code().and_then(|code| u32::try_from(code).ok());
        ExecEvent::Exit(code.map_or_else(|| ExitStatus::Signal("?".into()), ExitStatus::Code))
    }
}

/// A session that runs nothing and keeps what it was sent.
#[derive(Default)]
pub struct Recorder(Arc<Mutex<Vec<u8>>>);

impl Recorder {
    pub fn text(&self) -> Vec<u8> {
        self.0.lock().expect("no panic holds it").clone()
    }
}

struct Kept(Arc<Mutex<Vec<u8>>>, Option<tokio::sync::oneshot::Sender<()>>);

impl AsyncWrite for Kept {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.lock().expect("no panic holds it").extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.1 = None;
        Poll::Ready(Ok(()))
    }
}

/// Closed once everything was sent.
struct Silence(tokio::sync::oneshot::Receiver<()>);

impl ExecOutput for Silence {
    fn next(&mut self) -> BoxFuture<'_, ExecEvent> {
        Box::pin(async move {
            let _ = (&mut self.0).await;
            ExecEvent::Closed
        })
    }
}

impl Session for Recorder {
    fn exec<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Exec, ExecError>> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let stdin = Box::pin(Kept(self.0.clone(), Some(sender)));
        Box::pin(async { Ok(Exec { stdin, output: Box::new(Silence(receiver)) }) })
    }

    fn sftp(&self) -> BoxFuture<'_, Result<Box<dyn Duplex>, ExecError>> {
        Box::pin(async { Err(ExecError::Gone(SessionGone(Cause::ClosedByPeer(String::new())))) })
    }

    fn ping(&self) -> BoxFuture<'_, Result<Duration, SessionGone>> {
        Box::pin(async { Ok(Duration::ZERO) })
    }

    fn heard(&self) -> u64 {
        0
    }

    fn closed(&self) -> BoxFuture<'_, SessionGone> {
        Box::pin(std::future::pending())
    }

    fn close(&self) {}
}

/// A directory of links to every tool of these places but those named: a PATH that lacks them.
pub fn toolbox(at: &Path, without: &[&str]) {
    std::fs::create_dir_all(at).expect("a temporary directory");
    let mut seen: BTreeSet<std::ffi::OsString> = without.iter().map(Into::into).collect();
    for place in PLACES {
        for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
            if seen.insert(entry.file_name()) {
                let _ = std::os::unix::fs::symlink(entry.path(), at.join(entry.file_name()));
            }
        }
    }
}

/// A directory of links to BusyBox under the names of its tools.
pub fn busybox_toolbox(at: &Path) {
    std::fs::create_dir_all(at).expect("a temporary directory");
    let busybox = Shell::Busybox.program().expect("looked for before");
    let list = std::process::Command::new(&busybox).arg("--list").output().expect("busybox runs");
    for name in String::from_utf8_lossy(&list.stdout).lines().chain(["busybox"]) {
        let _ = std::os::unix::fs::symlink(&busybox, at.join(name));
    }
}

/// The usual PATH.
pub const PLACES: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
