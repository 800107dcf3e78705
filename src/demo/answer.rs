//! Answers a call as the script on a real host would: everything but `follow`.

use super::host::SimHost;
use super::run::{Launch, TERM_TAKES};
use super::script::Script;
use crate::domain::id::AttemptId;
use crate::domain::run::{DEFAULT_SPOOL_LIMIT, Stream};

/// A call with its arguments parsed.
pub(super) enum Call {
    Follow { id: AttemptId, stream: Stream, offset: u64 },
    Plain(Plain),
}

/// What is answered with keys and values.
pub(super) enum Plain {
    Ident,
    System,
    LastBoot,
    Start(AttemptId, Launch),
    State(Vec<AttemptId>),
    Ack { id: AttemptId, out: u64, err: u64 },
    Cancel { id: AttemptId, reason: String },
    List,
    Remove(AttemptId),
    SurviveStart(String),
    SurviveLook(String),
    Have { sha256: String, size: u64 },
}

/// Keys and values in their order, or why not.
pub(super) type Answer = Result<Vec<(&'static str, String)>, String>;

impl Call {
    pub(super) fn parse(script: &Script) -> Result<Self, String> {
        let arguments: Vec<&str> = script.arguments.iter().map(String::as_str).collect();
        let plain = match (script.verb.as_str(), arguments.as_slice()) {
            ("follow", [id, stream, offset]) => {
                return Ok(Self::Follow { id: attempt(id)?, stream: named(stream)?, offset: number(offset)? });
            }
            ("ident", []) => Plain::Ident,
            ("system", []) => Plain::System,
            ("last-boot", []) => Plain::LastBoot,
            ("start", [id]) => Plain::Start(attempt(id)?, launch(script)),
            ("state", ids) => Plain::State(ids.iter().map(|id| attempt(id)).collect::<Result<_, _>>()?),
            ("ack", [id, out, err]) => Plain::Ack { id: attempt(id)?, out: number(out)?, err: number(err)? },
            ("cancel", [id, grace, reason]) => {
                number(grace)?;
                Plain::Cancel { id: attempt(id)?, reason: (*reason).to_owned() }
            }
            ("list", []) => Plain::List,
            ("remove", [id]) => Plain::Remove(attempt(id)?),
            ("survive-start", [token]) => Plain::SurviveStart((*token).to_owned()),
            ("survive-look", [token]) => Plain::SurviveLook((*token).to_owned()),
            ("have", [sha256]) => Plain::Have { sha256: (*sha256).to_owned(), size: 0 },
            ("have", [sha256, size]) => Plain::Have { sha256: (*sha256).to_owned(), size: number(size)? },
            (verb, _) => return Err(format!("{verb}: unknown, or with other arguments")),
        };
        Ok(Self::Plain(plain))
    }
}

fn attempt(text: &str) -> Result<AttemptId, String> {
    AttemptId::parse(text).map_err(|error| error.to_string())
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text:?} is no number"))
}

fn named(text: &str) -> Result<Stream, String> {
    [Stream::Out, Stream::Err].into_iter().find(|stream| stream.word() == text).ok_or(format!("{text:?} is no stream"))
}

fn launch(script: &Script) -> Launch {
    let value = |name: &str| script.assignments.get(name).cloned().unwrap_or_default();
    Launch {
        command: value("SF_COMMAND"),
        title: value("SF_TITLE"),
        pty: !value("SF_PTY").is_empty(),
        limit: value("SF_LIMIT").parse().ok().filter(|limit| *limit > 0).unwrap_or(DEFAULT_SPOOL_LIMIT),
    }
}

/// Does what the call asks for.
pub(super) async fn answer(host: &SimHost, call: Plain) -> Answer {
    match call {
        Plain::Ident => Ok(ident(host)),
        Plain::System => Ok(system(host)),
        Plain::LastBoot => Ok(last_boot(host)),
        Plain::Start(id, launch) => start(host, id, launch),
        Plain::State(ids) => Ok(ids.into_iter().flat_map(|id| block(host, id, false)).collect()),
        Plain::Ack { id, out, err } => acknowledge(host, id, out, err),
        Plain::Cancel { id, reason } => Ok(cancel(host, id, &reason).await),
        Plain::List => {
            let ids = host.machine().ids();
            Ok(ids.into_iter().flat_map(|id| block(host, id, true)).collect())
        }
        Plain::Remove(id) => {
            host.machine().remove(id, host.now())?;
            Ok(vec![("removed", "1".into())])
        }
        Plain::SurviveStart(token) => {
            let mut machine = host.machine();
            let launcher = machine.profile.launcher.to_owned();
            Ok(vec![("pid", machine.start_probe(&token).to_string()), ("launcher", launcher)])
        }
        Plain::SurviveLook(token) => Ok(vec![("alive", u8::from(host.machine().probe_lives(&token)).to_string())]),
        // A simulated host has every file already, so that nothing is ever sent to it.
        Plain::Have { sha256, size } => {
            let path = format!("{}/uploads/{sha256}", ROOT.trim_end_matches("/runs"));
            Ok(vec![("path", path), ("have", size.to_string()), ("complete", "1".into())])
        }
    }
}

fn ident(host: &SimHost) -> Vec<(&'static str, String)> {
    let (now, machine) = (host.now().wall.0 / 1000, host.machine());
    let (boot, profile) = (machine.boot(), &machine.profile);
    vec![
        ("boot_id", boot.id.clone()),
        ("boot_time", boot.time.to_string()),
        ("init_start", boot.init_start.to_string()),
        ("uptime", (now - boot.time).max(0).to_string()),
        ("now", now.to_string()),
        ("os", "Debian GNU/Linux 12 (bookworm)".into()),
        ("kernel", profile.kernel.into()),
        ("hostname", profile.id.to_string()),
        ("root", ROOT.into()),
        ("launcher", profile.launcher.into()),
        ("terminal", "script".into()),
    ]
}

/// At every second boot a bank of memory is not found.
fn system(host: &SimHost) -> Vec<(&'static str, String)> {
    let machine = host.machine();
    let memory: u64 = if machine.boot().number.is_multiple_of(2) { 96 << 20 } else { 128 << 20 };
    vec![
        ("distribution", "Debian GNU/Linux 12 (bookworm)".into()),
        ("kernel", machine.profile.kernel.trim_start_matches("Linux ").into()),
        ("cpu_model", "AMD EPYC 7313P 16-Core Processor".into()),
        ("cpu_list", "0-31".into()),
        ("memory_kib", memory.to_string()),
        ("nic", format!("eno1 {} up 10000", machine.mac())),
    ]
}

/// Simulated hosts die of a panic, or of their power supply.
fn last_boot(host: &SimHost) -> Vec<(&'static str, String)> {
    let machine = host.machine();
    let number = machine.boot().number;
    if number.is_multiple_of(2) {
        let last_words = "Kernel panic - not syncing: Fatal exception in interrupt";
        return vec![("kernel", format!("kernel: {last_words}"))];
    }
    let boot = format!("reboot   system boot  {}", machine.profile.kernel);
    (0..number).map(|_| ("last", boot.clone())).collect()
}

fn start(host: &SimHost, id: AttemptId, launch: Launch) -> Answer {
    let mut machine = host.machine();
    let (boot, launcher) = (machine.boot().number, machine.profile.launcher);
    let (run, known) = machine.start(id, launch, host.now())?;
    let mut keys = vec![("answer", if known { "attached" } else { "started" }.to_owned())];
    keys.extend(run.state(boot, launcher, &directory(id)));
    Ok(keys)
}

fn acknowledge(host: &SimHost, id: AttemptId, out: u64, err: u64) -> Answer {
    let mut machine = host.machine();
    let run = machine.run(id, host.now()).ok_or("no such attempt")?;
    run.acknowledge(out, err);
    let base = |stream| run.spool(stream).map_or(0, |spool| spool.base()).to_string();
    Ok(vec![("base_out", base(Stream::Out)), ("base_err", base(Stream::Err))])
}

async fn cancel(host: &SimHost, id: AttemptId, reason: &str) -> Vec<(&'static str, String)> {
    let ending = host.machine().run(id, host.now()).is_some_and(|run| run.cancel(reason, host.now()));
    if ending {
        host.time().sleep(TERM_TAKES).await;
    }
    state(host, id)
}

/// The block of one attempt in an answer to `state` or `list`.
fn block(host: &SimHost, id: AttemptId, titled: bool) -> Vec<(&'static str, String)> {
    let mut keys = vec![("id", id.to_string())];
    keys.extend(state(host, id));
    if titled {
        let title = host.machine().run(id, host.now()).map(|run| run.title());
        keys.extend(title.map(|title| ("title", title)));
    }
    keys
}

/// The keys of `state` for one attempt.
pub(super) fn state(host: &SimHost, id: AttemptId) -> Vec<(&'static str, String)> {
    let mut machine = host.machine();
    let (boot, launcher) = (machine.boot().number, machine.profile.launcher);
    match machine.run(id, host.now()) {
        Some(run) => run.state(boot, launcher, &directory(id)),
        None => vec![("state", "missing".to_owned())],
    }
}

fn directory(id: AttemptId) -> String {
    format!("{ROOT}/{id}")
}

const ROOT: &str = "/home/demo/.local/state/steadfast/runs";
