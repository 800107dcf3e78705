//! `steadfast pause`, `mark-dead`, `reconnect`: what is said of a host until it is taken back; and `note`, what
//! is written down about it.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::cli::args::{Globals, HostsArgs, NoteArgs};
use crate::cli::compose::{self, Parts, Supervised};
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::domain::command::Command;
use crate::domain::event::{Event, Fact, OperatorFact};
use crate::domain::id::HostId;
use crate::supervisor::{Connect, Update};

/// What is asked of hosts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::cli) enum Verb {
    Pause,
    MarkDead,
    Reconnect,
    Note(String),
}

impl Verb {
    fn command(&self, host: HostId) -> Command {
        match self {
            Self::Pause => Command::Pause(host),
            Self::MarkDead => Command::MarkDead(host),
            Self::Reconnect => Command::Reconnect(host),
            Self::Note(text) => Command::Note { host, text: text.clone() },
        }
    }

    fn fact(&self) -> OperatorFact {
        match self {
            Self::Pause => OperatorFact::Pause,
            Self::MarkDead => OperatorFact::MarkDead,
            Self::Reconnect => OperatorFact::Reconnect,
            Self::Note(text) => OperatorFact::Note(text.clone()),
        }
    }

    /// What we are, for others who find the ledger held.
    fn name(&self) -> &'static str {
        match self {
            Self::Pause => "steadfast pause",
            Self::MarkDead => "steadfast mark-dead",
            Self::Reconnect => "steadfast reconnect",
            Self::Note(_) => "steadfast note",
        }
    }

    fn done(&self) -> &'static str {
        match self {
            Self::Pause => "paused by you; its runs go on; `steadfast reconnect` resumes it",
            Self::MarkDead => "marked dead; `steadfast reconnect` takes it back",
            Self::Reconnect => "is dialed again",
            Self::Note(_) => "noted",
        }
    }
}

pub(in crate::cli) fn run(verb: Verb, args: &HostsArgs, globals: &Globals) -> Result<u8, Failure> {
    let hosts: BTreeSet<HostId> = args.names.iter().flat_map(|hosts| hosts.0.iter().cloned()).collect();
    if hosts.len() > UNCOUNTED && args.count != Some(hosts.len()) {
        let message = format!("these are {} hosts", hosts.len());
        return Err(Failure::usage(message).hint(format!("say so, if you mean all of them: --count {}", hosts.len())));
    }
    compose::run(globals, |parts| async move { tell(&verb, hosts, &parts).await })
}

pub(in crate::cli) fn note(args: &NoteArgs, globals: &Globals) -> Result<u8, Failure> {
    // What the screen takes in its line, and no more: it stands in one row of the timeline's words.
    let text: String = args.message.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.is_empty() || text.len() > LONGEST_NOTE {
        return Err(Failure::usage(format!("a note has 1 to {LONGEST_NOTE} bytes")));
    }
    run(Verb::Note(text), &args.hosts, globals)
}

async fn tell(verb: &Verb, hosts: BTreeSet<HostId>, parts: &Parts) -> Result<u8, Failure> {
    for host in &hosts {
        parts.connector.resolve(host).map_err(|error| Failure::to(exit::CONFIGURATION, &error))?;
    }
    let supervised = parts.supervise(verb.name(), Connect::Only(Vec::new()))?;
    let outcome = tokio::select! {
        outcome = tokio::time::timeout(PATIENCE, send(verb, &hosts, &supervised)) => outcome.unwrap_or_else(|_| {
            Err(Failure::new(exit::FAILURE, "the steadfast that holds the ledger has not answered yet"))
        }),
        _ = tokio::signal::ctrl_c() => Err(Failure::new(exit::CANCELLED, "not waiting for the answer")),
    };
    let held = supervised.handle.holder().is_some();
    parts.end(supervised).await;
    outcome?;
    for host in &hosts {
        let done =
            if *verb == Verb::Reconnect && !held { "is dialed again when a steadfast runs" } else { verb.done() };
        compose::say(&format!("{host}: {done}"));
    }
    Ok(exit::SUCCESS)
}

/// Sends the commands and waits until the journal's writer has numbered each.
async fn send(verb: &Verb, hosts: &BTreeSet<HostId>, supervised: &Supervised) -> Result<(), Failure> {
    let failed = |error| Failure::to(exit::FAILURE, &error);
    let mut updates = supervised.handle.subscribe().await.map_err(failed)?;
    for host in hosts {
        supervised.handle.command(verb.command(host.clone())).map_err(failed)?;
    }
    let mut open = hosts.clone();
    while !open.is_empty() {
        match updates.next().await {
            Update::Event(event) => heard(verb, &event, &mut open),
            Update::Lagged(_) => {
                return Err(Failure::new(exit::FAILURE, "too much happens at once to hear the answer"));
            }
            Update::Stopped => return Err(Failure::new(exit::FAILURE, "the supervisor has stopped")),
        }
    }
    Ok(())
}

/// The journal has it: the link's own change comes with it, unless it is so already.
fn heard(verb: &Verb, event: &Event, open: &mut BTreeSet<HostId>) {
    if let (Some(host), Fact::Operator(fact)) = (&event.host, &event.fact)
        && *fact == verb.fact()
    {
        open.remove(host);
    }
}

const LONGEST_NOTE: usize = 1024;

/// More than so many hosts want their number said.
const UNCOUNTED: usize = 5;

/// A supervisor answers within a moment; one that does not is stuck, or gone.
const PATIENCE: Duration = Duration::from_secs(15);
