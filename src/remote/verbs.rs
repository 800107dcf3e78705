//! The verbs that ask once and get one answer.

use std::time::Duration;

use secrecy::SecretString;

use crate::domain::boot::BootIdentity;
use crate::domain::boot::cause::{Trace, TraceSource};
use crate::domain::event::{CancelReason, Lengths};
use crate::domain::id::AttemptId;
use crate::domain::run::{Evidence, RunSpec};
use crate::domain::system::{System, parse};
use crate::port::Session;
use crate::remote::RemoteError;
use crate::remote::answer::{Fields, garbled};
use crate::remote::call::call;
use crate::remote::script::{self, Script};

/// What a host says of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostFacts {
    pub boot: BootIdentity,
    /// Since boot.
    pub uptime: Option<Duration>,
    /// By its own clock, seconds since 1970-01-01 UTC.
    pub now: Option<i64>,
    pub os: String,
    pub kernel: String,
    pub hostname: String,
    /// Where runs are kept, and why, if it is not the usual place.
    pub root: String,
    pub root_note: Option<String>,
    /// What lets runs outlive the session, and what gives them a terminal.
    pub launcher: String,
    pub terminal: String,
}

/// Asks a host who it is.
///
/// # Errors
/// As every call: see [`RemoteError`].
pub async fn identify(session: &dyn Session, limit: Duration) -> Result<HostFacts, RemoteError> {
    let fields = call(session, Script::new("ident", []), limit).await?;
    Ok(HostFacts {
        boot: fields.identity(),
        uptime: fields.number("uptime")?.map(Duration::from_secs),
        now: fields.number("now")?,
        os: fields.text("os"),
        kernel: fields.text("kernel"),
        hostname: fields.text("hostname"),
        root: fields.text("root"),
        root_note: fields.get("root_note").map(str::to_owned),
        launcher: fields.text("launcher"),
        terminal: fields.text("terminal"),
    })
}

/// What a host is made of.
///
/// # Errors
/// As every call.
pub async fn system(session: &dyn Session, limit: Duration) -> Result<System, RemoteError> {
    let fields = call(session, Script::new("system", []), limit).await?;
    let mut system = System::default();
    fields.iter().for_each(|(key, value)| parse::apply(&mut system, key, value));
    Ok(system)
}

/// What a host that has booted still knows of the boot before.
///
/// # Errors
/// As every call.
pub async fn last_boot(session: &dyn Session, limit: Duration) -> Result<Vec<Trace>, RemoteError> {
    Ok(traces(&call(session, Script::new("last-boot", []), limit).await?))
}

/// Each source's lines together, in the order of their coming; bounded whatever the host sends.
fn traces(fields: &Fields) -> Vec<Trace> {
    let mut traces: Vec<Trace> = Vec::new();
    for (key, line) in fields.iter() {
        let source = match key {
            "last" => TraceSource::Last,
            "kernel" => TraceSource::Kernel,
            "watchdog" => TraceSource::Watchdog,
            "pstore" => {
                let (at, name) = line.split_once(' ').unwrap_or(("", line));
                TraceSource::Pstore { name: name.chars().take(100).collect(), at: at.parse().ok().filter(|at| *at > 0) }
            }
            "text" => match traces.last() {
                Some(Trace { source: source @ TraceSource::Pstore { .. }, .. }) => source.clone(),
                Some(_) | None => continue,
            },
            _ => continue,
        };
        let line = if key == "pstore" { "" } else { line };
        let room = traces.len() < TRACES;
        match traces.iter_mut().find(|trace| trace.source == source) {
            Some(trace) => trace.add(line),
            None if room => traces.push(Trace::new(source, line)),
            None => {}
        }
    }
    traces
}

/// Sources that are kept; a host has four and a few records of a crash.
const TRACES: usize = 12;

/// What a start needs beside the id.
pub struct StartOrder<'a> {
    pub spec: &'a RunSpec,
    /// How often the run was interrupted by a reboot before.
    pub reboots: u32,
    /// Set for the command, written nowhere.
    pub secret_env: &'a [(String, SecretString)],
}

/// What became of a start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StartKind {
    Started,
    /// It had been started before.
    Attached,
    /// Not yet up; ask again.
    Starting,
    /// It was fenced off and never will be.
    Stillborn,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StartAnswer {
    pub kind: StartKind,
    pub evidence: Evidence,
}

/// Starts an attempt; any number of times, the command runs once.
///
/// # Errors
/// As every call; [`RemoteError::Host`] tells why the host could not.
pub async fn start(
    session: &dyn Session,
    id: AttemptId,
    order: &StartOrder<'_>,
    limit: Duration,
) -> Result<StartAnswer, RemoteError> {
    let script = script::start(id, order.spec, order.reboots, order.secret_env);
    let fields = call(session, script, limit).await?;
    let kind = match fields.get("answer") {
        Some("started") => StartKind::Started,
        Some("attached") => StartKind::Attached,
        Some("starting") => StartKind::Starting,
        Some("stillborn") => StartKind::Stillborn,
        other => return Err(garbled("an answer to start", other.unwrap_or_default())),
    };
    Ok(StartAnswer { kind, evidence: fields.evidence()? })
}

/// Looks at attempts.
///
/// # Errors
/// As every call.
pub async fn states(
    session: &dyn Session,
    ids: &[AttemptId],
    limit: Duration,
) -> Result<Vec<(AttemptId, Evidence)>, RemoteError> {
    let fields = call(session, Script::new("state", ids.iter().map(ToString::to_string)), limit).await?;
    fields.blocks().into_iter().map(|(id, fields)| Ok((id, fields.evidence()?))).collect()
}

/// Lets the host give back what is before these offsets. Returns the first offsets still there.
///
/// # Errors
/// As every call.
pub async fn acknowledge(
    session: &dyn Session,
    id: AttemptId,
    positions: Lengths,
    limit: Duration,
) -> Result<Lengths, RemoteError> {
    let words = [id.to_string(), positions.out.to_string(), positions.err.to_string()];
    call(session, Script::new("ack", words), limit).await?.lengths("base_out", "base_err")
}

/// What a cancel came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cancelled {
    /// Processes that are still there, as `PID COMMAND`.
    pub left_over: Vec<String>,
    pub evidence: Evidence,
}

/// Ends an attempt with everything it started: TERM, after `grace` KILL, then a look around.
///
/// # Errors
/// As every call; `limit` must be longer than `grace`.
pub async fn cancel(
    session: &dyn Session,
    id: AttemptId,
    grace: Duration,
    reason: CancelReason,
    limit: Duration,
) -> Result<Cancelled, RemoteError> {
    let words = [id.to_string(), grace.as_secs().to_string(), reason.word().to_owned()];
    let fields = call(session, Script::new("cancel", words), limit).await?;
    Ok(Cancelled { left_over: fields.all("left").map(str::to_owned).collect(), evidence: fields.evidence()? })
}

/// An attempt that is on a host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    pub id: AttemptId,
    pub title: String,
    pub evidence: Evidence,
}

/// Everything that is on a host.
///
/// # Errors
/// As every call.
pub async fn list(session: &dyn Session, limit: Duration) -> Result<Vec<Found>, RemoteError> {
    let blocks = call(session, Script::new("list", []), limit).await?.blocks();
    let found =
        |(id, fields): (AttemptId, Fields)| Ok(Found { id, title: fields.text("title"), evidence: fields.evidence()? });
    blocks.into_iter().map(found).collect()
}

/// Whether a run is watched over on its host, whose watcher counts once a second.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heart {
    Beats,
    /// Two seconds apart the same count.
    Still,
    /// The run is not going, or has just ended: nobody watches then.
    NotRunning,
}

/// Looks at the heartbeat of a run twice; takes two seconds.
///
/// # Errors
/// As every call.
pub async fn heart(session: &dyn Session, id: AttemptId, limit: Duration) -> Result<Heart, RemoteError> {
    let fields = call(session, Script::new("heart", [id.to_string()]), limit).await?;
    let (before, after) = (fields.number::<u64>("before")?, fields.number::<u64>("after")?);
    Ok(match fields.get("state") {
        Some("running") if after > before => Heart::Beats,
        Some("running") => Heart::Still,
        Some(_) | None => Heart::NotRunning,
    })
}

/// Removes an attempt that is over from the host.
///
/// # Errors
/// As every call; [`RemoteError::Host`] if it is still running.
pub async fn remove(session: &dyn Session, id: AttemptId, limit: Duration) -> Result<(), RemoteError> {
    call(session, Script::new("remove", [id.to_string()]), limit).await.map(|_| ())
}

/// A process that was started like a run, to see whether it outlives the session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Survivor {
    pub launcher: String,
    pub notice: Option<String>,
}

/// Starts a probe process under `token` (letters, digits, `-`).
///
/// # Errors
/// As every call.
pub async fn survival_start(session: &dyn Session, token: &str, limit: Duration) -> Result<Survivor, RemoteError> {
    let fields = call(session, Script::new("survive-start", [token.to_owned()]), limit).await?;
    Ok(Survivor { launcher: fields.text("launcher"), notice: fields.get("notice").map(str::to_owned) })
}

/// Whether the probe process of [`survival_start`] is still there; ask over another connection.
///
/// # Errors
/// As every call.
pub async fn survival_look(session: &dyn Session, token: &str, limit: Duration) -> Result<bool, RemoteError> {
    let fields = call(session, Script::new("survive-look", [token.to_owned()]), limit).await?;
    match fields.get("alive") {
        Some("1") => Ok(true),
        Some("0") => Ok(false),
        other => Err(garbled("an answer to survive-look", other.unwrap_or_default())),
    }
}
