//! Hosts asked over SSH: one `sh` per sample, `assets/health.sh`, whose answer [`parse`] reads.
//!
//! A host has one probe at a time: one that is late is waited for before the next is begun, so that
//! they never pile up on a host that is too busy already.

mod parse;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use tokio::io::AsyncWriteExt;
use tokio::sync::Mutex;
use tokio::time::Instant;

use self::parse::COMM;
pub use self::parse::CpuTimes;
use crate::domain::health::{Report, Sample, Trouble, Watched, plain};
use crate::domain::id::HostId;
use crate::port::{Connector, Dialed, Exec, ExecEvent, HealthProvider, Session, SurveyError};

/// How hosts are asked.
pub struct ProbeSettings {
    pub watched: Watched,
    /// Hosts at a time, at least 1.
    pub concurrency: usize,
    /// For the login, and again for the answer.
    pub budget: Duration,
}

/// A fleet, each host with a connection that is kept between surveys.
pub struct Probes {
    connector: Arc<dyn Connector>,
    settings: ProbeSettings,
    hosts: Vec<Slot>,
}

struct Slot {
    host: HostId,
    /// Held while the host is asked: a second survey waits for the first, within its own limits.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    session: Option<Arc<dyn Session>>,
    /// A probe that was late.
    pending: Option<BoxFuture<'static, Answer>>,
    /// Of the probe before, and when they came.
    times: Option<(CpuTimes, Instant)>,
}

type Answer = Result<Vec<u8>, String>;

impl Probes {
    #[must_use]
    pub fn new(connector: Arc<dyn Connector>, hosts: Vec<HostId>, settings: ProbeSettings) -> Self {
        let hosts = hosts.into_iter().map(|host| Slot { host, state: Mutex::default() }).collect();
        Self { connector, settings, hosts }
    }

    /// Asks those of the hosts that are `wanted`, in their order, several at a time.
    pub async fn survey_of(&self, wanted: impl Fn(&HostId) -> bool) -> Vec<Report> {
        let mut asked = Vec::with_capacity(self.hosts.len());
        for slot in self.hosts.iter().filter(|slot| wanted(&slot.host)) {
            asked.push(self.ask(slot));
        }
        futures_util::stream::iter(asked).buffered(self.settings.concurrency.max(1)).collect().await
    }

    /// Ends the connections.
    pub async fn close(&self) {
        for slot in &self.hosts {
            let mut state = slot.state.lock().await;
            state.pending = None;
            if let Some(session) = state.session.take() {
                session.close();
            }
        }
    }

    async fn ask(&self, slot: &Slot) -> Report {
        let mut state = slot.state.lock().await;
        let outcome = self.sample(&slot.host, &mut state).await;
        if matches!(outcome, Err(Trouble::Failed(_))) {
            *state = State::default();
        }
        Report { server: plain(slot.host.as_str(), NAME), outcome, sampled: None }
    }

    async fn sample(&self, host: &HostId, state: &mut State) -> Result<Sample, Trouble> {
        let budget = self.settings.budget;
        let session = self.session(host, state).await?;
        if let Some(mut late) = state.pending.take() {
            // What it says is old: it only makes room.
            if tokio::time::timeout(budget, &mut late).await.is_err() {
                // A host that answers at all may be slow; a connection that is dead is given up.
                if !matches!(tokio::time::timeout(budget, session.ping()).await, Ok(Ok(_))) {
                    session.close();
                    return Err(Trouble::Failed(format!("no answer and no sign of life within {budget:?}")));
                }
                state.pending = Some(late);
                return Err(Trouble::Late(budget));
            }
            state.times = None;
        }
        let before = state.times.filter(|(_, read)| read.elapsed() >= SOON).map(|(times, _)| times);
        let script = script(&self.settings.watched, before.is_none());
        let mut probe: BoxFuture<'static, Answer> = Box::pin(run(session, script));
        let Ok(answer) = tokio::time::timeout(budget, &mut probe).await else {
            state.pending = Some(probe);
            return Err(Trouble::Late(budget));
        };
        let bytes = answer.map_err(Trouble::Failed)?;
        let (sample, times) = parse::answer(&bytes, &self.settings.watched, before).map_err(Trouble::Failed)?;
        state.times = times.map(|times| (times, Instant::now()));
        Ok(sample)
    }

    async fn session(&self, host: &HostId, state: &mut State) -> Result<Arc<dyn Session>, Trouble> {
        if let Some(session) = &state.session {
            return Ok(Arc::clone(session));
        }
        let budget = self.settings.budget;
        let dialed = tokio::time::timeout(budget, self.connector.dial(host)).await;
        let Dialed { session, .. } = dialed
            .map_err(|_| Trouble::Failed(format!("not connected within {} s", budget.as_secs_f64())))?
            .map_err(|error| Trouble::Failed(plain(&error.cause.to_string(), LINE)))?;
        state.session = Some(Arc::clone(&session));
        Ok(session)
    }
}

impl HealthProvider for Probes {
    fn survey(&self) -> BoxFuture<'_, Result<Vec<Report>, SurveyError>> {
        Box::pin(async move { Ok(self.survey_of(|_| true).await) })
    }
}

/// Asks a host once, over a connection of the caller's. `before` are the times that came with the sample
/// before, over the same connection. Sets no limit, and is for one question at a time.
pub async fn sample(
    session: Arc<dyn Session>,
    watched: &Watched,
    before: Option<CpuTimes>,
) -> Result<(Sample, Option<CpuTimes>), String> {
    let answer = run(session, script(watched, before.is_none())).await?;
    parse::answer(&answer, watched, before)
}

/// Without times to compare with, the host waits a second between two readings.
fn script(watched: &Watched, gap: bool) -> String {
    let Watched { units, docker, processes } = watched;
    // Quotes are safe: names are checked by `is_service_name`.
    let units = units.as_ref().map_or_else(|| "*".to_owned(), |units| units.join(" "));
    let names: String = processes.iter().map(|name| format!("|{}|", name.get(..COMM).unwrap_or(name))).collect();
    let mut text = String::with_capacity(SCRIPT.len() + 200);
    for line in SCRIPT.lines().filter(|line| !line.trim_start().starts_with('#')) {
        text.push_str(line);
        text.push('\n');
    }
    let (docker, gap) = (u8::from(*docker), u8::from(gap));
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "SFH_UNITS='{units}' SFH_DOCKER={docker} SFH_PROCS='{names}' SFH_GAP={gap}\n{{ sfh_main </dev/null; exit; }}\n"
    );
    text
}

/// Runs `script` to its end; its output is bounded.
async fn run(session: Arc<dyn Session>, script: String) -> Answer {
    let Exec { mut stdin, mut output } = session.exec(SHELL).await.map_err(|error| error.to_string())?;
    let write = async {
        // A shell that ends early says why in its answer, or not at all.
        if stdin.write_all(script.as_bytes()).await.is_ok() {
            stdin.shutdown().await.ok();
        }
        std::future::pending::<Answer>().await
    };
    let read = async {
        let mut answer = Vec::new();
        loop {
            match output.next().await {
                ExecEvent::Stdout(bytes) if answer.len() + bytes.len() > ANSWER => {
                    return Err(format!("the answer has more than {ANSWER} bytes"));
                }
                ExecEvent::Stdout(bytes) => answer.extend_from_slice(&bytes),
                ExecEvent::Stderr(_) | ExecEvent::Exit(_) => {}
                ExecEvent::Closed => return Ok(answer),
            }
        }
    };
    tokio::select! {
        answer = read => answer,
        answer = write => answer,
    }
}

/// The kernel counts in hundredths of a second; over a shorter time it tells nothing of use.
const SOON: Duration = Duration::from_millis(100);

const SCRIPT: &str = include_str!("../../../assets/health.sh");

/// The command that every login shell reads alike.
const SHELL: &str = "exec /bin/sh -s";

/// Bytes of an answer: a host with hundreds of services has less.
const ANSWER: usize = 256 << 10;

/// Characters of an alias, and of a line about an error.
const NAME: usize = 255;
const LINE: usize = 300;
