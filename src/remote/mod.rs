//! F2: the host side of a run, spoken to over [`port::Session`](crate::port::Session). Nothing is
//! installed on the host: a POSIX shell script (`assets/host.sh`) goes over the stdin of a shell, and
//! this module writes its calls and reads its answers.
//!
//! # Protocol
//!
//! One exec per call, of `exec /bin/sh -s`, which every login shell reads alike. Its stdin gets:
//!
//! ```text
//! <text of assets/host.sh: functions only>
//! SF_NAME='value'                 # assignments, single-quoted for POSIX sh; none for most verbs
//! { sf_main VERB ARG… ; exit; }   # the one line that does something
//! ```
//!
//! A script that a dying connection cuts short anywhere does nothing: an open quote or brace at the
//! end of the input is a syntax error. All ARGs are of `[A-Za-z0-9._-]`.
//!
//! Answers come on stdout. What precedes the first marker is noise of the login shell and is skipped
//! (up to 64 KiB). `␞` is the byte 0x1E:
//!
//! ```text
//! ␞SF1 VERB
//! key=value                       # printable, one per line, at most 4096 bytes
//! ␞SF1 end STATUS                 # 0, or another number after a line error=TEXT
//! ```
//!
//! | verb | arguments | assignments | answer keys |
//! |---|---|---|---|
//! | `ident` | | | `boot_id` `boot_time` `init_start` `uptime` `now` `os` `kernel` `hostname` `root` (directory of runs) `root_note` `launcher` `terminal` |
//! | `start` | ID | `SF_COMMAND` `SF_DIRECTORY` `SF_ENV` (lines of `export N='v'`) `SF_SECRET_ENV` (the same; never in a file that outlives the start) `SF_PTY` (`COLUMNSxROWS` or empty) `SF_LIMIT` (bytes) `SF_GRACE` (s) `SF_UPLOAD` (sha256 or empty) `SF_TITLE` `SF_REBOOTS` | `answer` (`started`, `attached`, `starting`, `stillborn`) and those of `state` |
//! | `state` | ID… | | per ID a block beginning with `id=ID`, see below |
//! | `follow` | ID STREAM OFFSET | | see below |
//! | `ack` | ID OUT ERR | | `base_out` `base_err` |
//! | `cancel` | ID GRACE REASON | | `left=PID COMMAND` per survivor, then `state` keys |
//! | `list` | | | `state` blocks of all attempts there, each with `title` |
//! | `remove` | ID | | `removed=1`; refuses what runs |
//! | `survive-start` | TOKEN | | `pid` `launcher` |
//! | `survive-look` | TOKEN | | `alive` (`1`, `0`) |
//! | `have` | SHA256 | | `have` (bytes that are there already), `complete` (`1` when the checksum holds) |
//!
//! `state` keys: `state` (`missing` `starting` `stillborn` `running` `exited` `vanished`
//! `other-boot`), `out` `err` (sizes), `base_out` `base_err`, `free`, `cancel`, and when started: `pid`
//! `at` `launcher` `terminal` `directory` `boot_id` `boot_time` `init_start`, and when exited: `code` or
//! `signal`, `end_out` `end_err`, `ended`, `oom`; `notice`.
//!
//! `follow` answers on stdout with one marker line, then with the bytes of the spool and nothing
//! else, until its stdin closes (the connection is its lease):
//!
//! ```text
//! ␞SF1 follow OFFSET              # raw bytes from OFFSET follow, without end
//! ␞SF1 gap OFFSET BASE            # OFFSET is before the first byte still there; nothing follows
//! ␞SF1 short SIZE                 # the spool ends before OFFSET; nothing follows
//! ␞SF1 missing                    # no such attempt
//! ```
//!
//! and on stderr with lines `SF state key=value key=value …` (values without blanks): at once, every
//! five seconds, and at once when the run has ended.
use crate::domain::{boot::*, event::*, id::*, run::*};
use crate::port::*;
use bytes::Bytes;
use secrecy::SecretString;
use std::time::Duration;
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub enum RemoteError {
    Gone(SessionGone),
    Refused(String),
    TimedOut { what: String },
    Garbled { what: String },
    Host { text: String },
}
pub struct HostFacts {
    pub boot: BootIdentity,
    pub uptime: Option<Duration>,
    pub now: Option<i64>,
    pub os: String,
    pub kernel: String,
    pub launcher: String,
}
pub struct Survivor {
    pub pid: u32,
    pub launcher: String,
}
pub async fn remove(_: &dyn Session, _: AttemptId, _: Duration) -> Result<(), RemoteError> {
    std::future::pending().await
}
pub async fn survive_start(_: &dyn Session, _: &str, _: Duration) -> Result<Survivor, RemoteError> {
    std::future::pending().await
}
pub async fn survive_look(_: &dyn Session, _: &str, _: Duration) -> Result<bool, RemoteError> {
    std::future::pending().await
}
pub async fn describe(_: &std::path::Path) -> std::io::Result<Upload> {
    std::future::pending().await
}
pub struct Found {
    pub id: AttemptId,
    pub title: String,
    pub evidence: Evidence,
}
pub struct StartOrder<'a> {
    pub spec: &'a RunSpec,
    pub reboots: u32,
    pub secret_env: &'a [(String, SecretString)],
}
pub enum StartKind {
    Started,
    Attached,
    Starting,
    Stillborn,
}
pub struct StartAnswer {
    pub kind: StartKind,
    pub evidence: Evidence,
}
pub struct Cancelled {
    pub left_over: Vec<String>,
    pub evidence: Evidence,
}
pub enum Follow {
    Opened(Follower),
    Gap { base: u64 },
    Short { size: u64 },
    Missing,
}
pub struct Follower;
pub enum FollowEvent {
    Bytes(Bytes),
    State(Evidence),
    Ended(String),
}
impl Follower {
    pub async fn next(&mut self) -> FollowEvent {
        std::future::pending().await
    }
}
pub async fn identify(_: &dyn Session, _: Duration) -> Result<HostFacts, RemoteError> {
    std::future::pending().await
}
pub async fn start(_: &dyn Session, _: AttemptId, _: &StartOrder<'_>, _: Duration) -> Result<StartAnswer, RemoteError> {
    std::future::pending().await
}
pub async fn states(_: &dyn Session, _: &[AttemptId], _: Duration) -> Result<Vec<(AttemptId, Evidence)>, RemoteError> {
    std::future::pending().await
}
pub async fn follow(_: &dyn Session, _: AttemptId, _: Stream, _: u64, _: Duration) -> Result<Follow, RemoteError> {
    std::future::pending().await
}
pub async fn acknowledge(_: &dyn Session, _: AttemptId, _: Lengths, _: Duration) -> Result<Lengths, RemoteError> {
    std::future::pending().await
}
pub async fn cancel(
    _: &dyn Session,
    _: AttemptId,
    _: Duration,
    _: CancelReason,
    _: Duration,
) -> Result<Cancelled, RemoteError> {
    std::future::pending().await
}
pub async fn list(_: &dyn Session, _: Duration) -> Result<Vec<Found>, RemoteError> {
    std::future::pending().await
}
pub async fn upload(
    _: &dyn Session,
    _: &std::path::Path,
    _: &str,
    _: impl FnMut(u64) + Send,
) -> Result<(), RemoteError> {
    std::future::pending().await
}
