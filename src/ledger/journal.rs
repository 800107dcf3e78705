//! Events in the database: rows, and what they say of runs. SQL and nothing else; batching is in
//! `writer`, restoring a fleet in `restore`.

use rusqlite::{Connection, Row, params};

use super::error::LedgerError;
use super::record::{EventRecord, FactRecord};
use crate::domain::event::{Event, Fact, LinkChange, RunFact, SupervisorFact};
use crate::domain::id::{AttemptId, HostId, Seq};
use crate::domain::moment::Wall;

/// An event, ready to be written.
pub(super) struct Entry {
    pub(super) seq: i64,
    /// See [`is_urgent`].
    pub(super) urgent: bool,
    at: i64,
    host: Option<String>,
    kind: &'static str,
    body: String,
    about: Option<AboutRun>,
}

/// What an event changes in the tables of runs.
struct AboutRun {
    id: AttemptId,
    change: Change,
}

enum Change {
    Requested {
        title: String,
    },
    /// It is on the host, whatever was thought of it before.
    GoesOn,
    Ended {
        verdict: String,
    },
    Nothing,
}

impl Entry {
    pub(super) fn new(event: &Event) -> Result<Self, LedgerError> {
        let record = EventRecord::from(event);
        Ok(Self {
            seq: number(event.seq)?,
            urgent: is_urgent(event),
            at: Wall::from(record.at).0,
            host: record.host,
            kind: kind(&event.fact),
            body: serde_json::to_string(&record.fact)?,
            about: AboutRun::of(&event.fact),
        })
    }

    pub(super) fn insert(&self, db: &Connection) -> rusqlite::Result<()> {
        let run = self.about.as_ref().map(|about| about.id.run.to_string());
        db.prepare_cached("INSERT INTO events (seq, at, host, kind, run, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![self.seq, self.at, self.host, self.kind, run, self.body])?;
        match &self.about {
            Some(about) => about.insert(db, self),
            None => Ok(()),
        }
    }

    /// Whether the journal has this very event already.
    pub(super) fn is_written(&self, db: &Connection) -> rusqlite::Result<bool> {
        db.prepare_cached("SELECT 1 FROM events WHERE seq = ?1 AND at = ?2 AND host IS ?3 AND body = ?4")?
            .exists(params![self.seq, self.at, self.host, self.body])
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        (self.seq, self.at, &self.host, &self.body) == (other.seq, other.at, &other.host, &other.body)
    }

    /// What stands in the place of the first of the events that never came, from `self` on backwards.
    pub(super) fn missing_since(&self, first: i64) -> Result<Self, LedgerError> {
        let text = format!("events {first} to {} were not written: the journal could not keep up", self.seq - 1);
        let seq = Seq(u64::try_from(first).unwrap_or_default());
        Self::new(&Event { seq, at: Wall(self.at), host: None, fact: Fact::Supervisor(SupervisorFact::Warning(text)) })
    }
}

impl AboutRun {
    fn of(fact: &Fact) -> Option<Self> {
        match fact {
            Fact::Run { id, fact } => Some(Self { id: *id, change: Change::of(fact) }),
            Fact::Output { id, .. } => Some(Self { id: *id, change: Change::Nothing }),
            Fact::Link(_)
            | Fact::Network { .. }
            | Fact::Boot(_)
            | Fact::Health(_)
            | Fact::Operator(_)
            | Fact::Supervisor(_) => None,
        }
    }

    fn insert(&self, db: &Connection, entry: &Entry) -> rusqlite::Result<()> {
        let (run, attempt) = (self.id.run.as_str(), self.id.attempt.number());
        match &self.change {
            Change::Requested { title } => {
                let Some(host) = &entry.host else { return Ok(()) };
                db.prepare_cached(
                    "INSERT INTO runs (run, host, title, requested_at) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (run) DO UPDATE SET title = excluded.title",
                )?
                .execute(params![run, host, title, entry.at])?;
                db.prepare_cached(
                    "INSERT INTO attempts (run, attempt, requested_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                )?
                .execute(params![run, attempt, entry.at])?;
            }
            Change::GoesOn => {
                db.prepare_cached(
                    "UPDATE attempts SET ended_at = NULL, verdict = NULL WHERE run = ?1 AND attempt = ?2",
                )?
                .execute(params![run, attempt])?;
            }
            Change::Ended { verdict } => {
                db.prepare_cached("UPDATE attempts SET ended_at = ?3, verdict = ?4 WHERE run = ?1 AND attempt = ?2")?
                    .execute(params![run, attempt, entry.at, verdict])?;
            }
            Change::Nothing => {}
        }
        Ok(())
    }
}

impl Change {
    fn of(fact: &RunFact) -> Self {
        match fact {
            RunFact::Requested { spec } => Self::Requested { title: spec.title().to_owned() },
            RunFact::Ended { verdict, .. } => Self::Ended { verdict: verdict.to_string() },
            RunFact::Started(_) | RunFact::EndSeen { .. } => Self::GoesOn,
            RunFact::StartDelayed { .. }
            | RunFact::Counted(_)
            | RunFact::CancelRequested { .. }
            | RunFact::Cancelled { .. }
            | RunFact::RetryScheduled { .. }
            | RunFact::Notice(_)
            | RunFact::DiskLow { .. }
            | RunFact::SpoolStuck { .. }
            | RunFact::Alarm(_)
            | RunFact::Progress { .. }
            | RunFact::SpoolFlows { .. } => Self::Nothing,
        }
    }
}

/// Whether it must be on the disk itself before anything is done about it: the request of an attempt,
/// and its end.
pub(super) fn is_urgent(event: &Event) -> bool {
    matches!(event.fact, Fact::Run { fact: RunFact::Requested { .. } | RunFact::Ended { .. }, .. })
}

/// Up to `limit` events after `after`, in order.
pub(super) fn events(db: &Connection, after: Seq, limit: usize) -> rusqlite::Result<Vec<Event>> {
    let after = i64::try_from(after.0).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    db.prepare_cached("SELECT seq, at, host, body FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2")?
        .query_map([after, limit], event)?
        .collect()
}

/// Number of the last event; 0 when there is none.
pub(super) fn last_seq(db: &Connection) -> rusqlite::Result<i64> {
    db.prepare_cached("SELECT coalesce(max(seq), 0) FROM events")?.query_row([], |row| row.get(0))
}

/// Reads `seq, at, host, body`. One that cannot be read (written by hand, or by something broken)
/// becomes a warning in its place: everything else in the journal stays usable.
pub(super) fn event(row: &Row<'_>) -> rusqlite::Result<Event> {
    let seq = Seq(u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default());
    let at = Wall(row.get(1)?);
    let host: Option<String> = row.get(2)?;
    let body: String = row.get(3)?;
    let read = || -> Result<Event, LedgerError> {
        let record: FactRecord = serde_json::from_str(&body)?;
        let host = host.map(|host| HostId::parse(&host)).transpose()?;
        Ok(Event { seq, at, host, fact: record.try_into()? })
    };
    Ok(read().unwrap_or_else(|error| {
        let text = format!("event {} of the journal cannot be read: {}", seq.0, cause(&error));
        Event { seq, at, host: None, fact: Fact::Supervisor(SupervisorFact::Warning(text)) }
    }))
}

fn cause(error: &LedgerError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// By what a restart looks events up.
fn kind(fact: &Fact) -> &'static str {
    match fact {
        Fact::Link(LinkChange { from, to, .. }) if from == to => RETRY,
        Fact::Link(_) => LINK,
        Fact::Network { .. } => NETWORK,
        Fact::Boot(_) => BOOT,
        Fact::Run { .. } => RUN,
        Fact::Output { .. } => OUTPUT,
        Fact::Health(_) => "health",
        Fact::Operator(_) => "operator",
        Fact::Supervisor(_) => SUPERVISOR,
    }
}

/// SQLite's numbers are signed.
fn number(seq: Seq) -> Result<i64, LedgerError> {
    i64::try_from(seq.0).ok().filter(|seq| *seq > 0).ok_or(LedgerError::OutOfOrder { seq })
}

pub(super) const LINK: &str = "link";
pub(super) const RETRY: &str = "retry";
pub(super) const NETWORK: &str = "network";
pub(super) const BOOT: &str = "boot";
pub(super) const RUN: &str = "run";
pub(super) const OUTPUT: &str = "output";
pub(super) const SUPERVISOR: &str = "supervisor";
