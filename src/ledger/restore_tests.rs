//! A ledger that is closed and opened again tells the same as the events that went into it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::domain::event::{Event, Fact, Lengths, LinkChange, RunFact};
use crate::domain::fleet::{Fleet, HostView, RunView};
use crate::domain::id::{Attempt, AttemptId, HostId, RunId, Seq};
use crate::domain::link::LinkState;
use crate::domain::moment::Wall;
use crate::ledger::record::strategy;
use crate::ledger::{Ledger, LedgerError, Opened};

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_is_restored_is_what_was_recorded(sittings in vec(vec(step(), 0..25), 1..5), since in 0..100_usize) {
        let sittings = events(sittings);
        let dir = tempfile::tempdir().expect("a directory");
        for sitting in &sittings {
            let ledger = open(dir.path());
            // Some in one request, some in their own: both ways are used.
            for part in sitting.chunks(3) {
                drop(ledger.record(part.to_vec()).expect("there is room"));
            }
            ledger.close();
        }
        let all: Vec<Event> = sittings.concat();
        let folded = fold(&all);
        let since = all.get(since).map_or(Wall(i64::MAX), |event| event.at);
        let ledger = open(dir.path());
        prop_assert_eq!(ledger.events(Seq(0), usize::MAX).expect("it reads"), all);
        let restored = ledger.restore(since).expect("it restores");
        prop_assert_eq!(restored.seq, folded.seq);
        prop_assert_eq!(restored.network, folded.network);
        prop_assert_eq!((restored.last_at, restored.away), (folded.last_at, folded.away));
        prop_assert_eq!(&restored.warnings, &folded.warnings);
        prop_assert_eq!(&restored.runs, &folded.runs);
        for (id, host) in &folded.hosts {
            same_host(restored.hosts.get(id), host, since)?;
        }
        prop_assert!(restored.hosts.keys().all(|id| folded.hosts.contains_key(id)));

        let gone = forget_what_is_over(&ledger, &folded)?;
        ledger.close();
        let mut left = folded.runs;
        left.retain(|id, _| !gone.contains(id));
        prop_assert_eq!(open(dir.path()).restore(since).expect("it restores").runs, left);
    }
}

#[test]
fn what_cannot_be_read_is_told_and_stands_in_nobodys_way() {
    let dir = tempfile::tempdir().expect("a directory");
    open(dir.path()).close();
    let db = rusqlite::Connection::open(dir.path().join("ledger.db")).expect("it opens");
    let warning = r#"{"type":"supervisor","event":"warning","text":"as it was"}"#;
    for (seq, kind, body) in
        [(1, "supervisor", "no JSON"), (2, "boot", r#"{"type":"boo"}"#), (3, "supervisor", warning)]
    {
        db.execute("INSERT INTO events (seq, at, kind, body) VALUES (?1, 0, ?2, ?3)", (seq, kind, body))
            .expect("it goes in");
    }
    let fleet = open(dir.path()).restore(Wall(1)).expect("it restores");
    let texts: Vec<&str> = fleet.warnings.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts.len(), 3, "{texts:?}");
    assert!(texts[0].starts_with("event 1 of the journal cannot be read"), "{texts:?}");
    assert!(texts[1].starts_with("event 2 of the journal cannot be read"), "{texts:?}");
    assert_eq!(texts[2], "as it was");
}

/// Forgets every run that may be forgotten, and finds that the others may not.
fn forget_what_is_over(ledger: &Ledger, folded: &Fleet) -> Result<BTreeSet<RunId>, TestCaseError> {
    let mut gone = BTreeSet::new();
    for run in folded.runs.values() {
        match ledger.forget(run.id) {
            Ok(bytes) => {
                prop_assert_eq!(bytes, 0, "nothing was put out");
                prop_assert!(over(run), "{:?} was forgotten before it was over", run.id);
                gone.insert(run.id);
            }
            Err(LedgerError::NotOver { .. }) => prop_assert!(!over(run), "{:?} is over", run.id),
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        }
    }
    Ok(gone)
}

fn over(run: &RunView) -> bool {
    run.attempts.iter().all(|attempt| attempt.phase.is_over())
}

/// Boots and link are those of the whole journal; the timeline is from `since` on. A host of which
/// nothing is known but that it was spoken of earlier may be missing.
fn same_host(restored: Option<&HostView>, folded: &HostView, since: Wall) -> Result<(), TestCaseError> {
    let Some(restored) = restored else {
        prop_assert!(folded.boot.is_none() && folded.timeline.segments().is_empty(), "{:?} is missing", folded.id);
        return Ok(());
    };
    prop_assert_eq!(&restored.boot, &folded.boot);
    prop_assert_eq!(restored.reboots, folded.reboots);
    // Without any change of it, the link is idle since the host was first spoken of.
    if !folded.timeline.segments().is_empty() {
        prop_assert_eq!(&restored.link, &folded.link, "{:?}", folded.id);
    }
    let segments = |view: &HostView| {
        view.timeline.segments().iter().filter(|segment| segment.from >= since).cloned().collect::<Vec<_>>()
    };
    prop_assert_eq!(segments(restored), segments(folded));
    let marks =
        |view: &HostView| view.timeline.marks().iter().filter(|(at, _)| *at >= since).cloned().collect::<Vec<_>>();
    prop_assert_eq!(marks(restored), marks(folded));
    Ok(())
}

/// Something that happens on one of three hosts, or to one of the first attempts of one of three runs.
#[derive(Clone, Debug)]
struct Step {
    after: u64,
    number: u64,
    attempt: u32,
    fact: Fact,
    /// Of a link: whether it stays as it is.
    stays: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let id = AttemptId { run: RunId::from_random(0), attempt: Attempt::FIRST };
    let requested = strategy::spec().prop_map(|spec| RunFact::Requested { spec: Box::new(spec) });
    let started = strategy::started().prop_map(RunFact::Started);
    let ended = strategy::verdict().prop_map(|verdict| RunFact::Ended { verdict, lengths: Lengths::default() });
    let run = prop_oneof![2 => requested, 1 => started, 2 => ended, 3 => strategy::run_fact()];
    let run = run.prop_map(move |fact| Fact::Run { id, fact });
    let link = strategy::link_change(strategy::any_state(), strategy::any_state()).prop_map(Fact::Link);
    let fact = prop_oneof![5 => run, 2 => link, 3 => strategy::fact()];
    (prop_oneof![Just(0), 1..5_000_u64], 0..3_u64, 1..3_u32, fact, any::<bool>())
        .prop_map(|(after, number, attempt, fact, stays)| Step { after, number, attempt, fact, stays })
}

/// The steps as events: numbered, in time, each link change beginning where the one before it ended.
fn events(sittings: Vec<Vec<Step>>) -> Vec<Vec<Event>> {
    let mut told = Told::default();
    sittings.into_iter().map(|steps| steps.into_iter().map(|step| told.event(step)).collect()).collect()
}

#[derive(Default)]
struct Told {
    seq: u64,
    at: Wall,
    links: BTreeMap<u64, LinkState>,
}

impl Told {
    fn event(&mut self, Step { after, number, attempt, fact, stays }: Step) -> Event {
        self.seq += 1;
        self.at = self.at + Duration::from_millis(after);
        let host = number;
        let id = AttemptId { run: RunId::from_random(number), attempt: Attempt::new(attempt).expect("from 1") };
        let (host, fact) = match fact {
            Fact::Link(change) => (Some(host), Fact::Link(self.link(host, change, stays))),
            Fact::Boot(fact) => (Some(host), Fact::Boot(fact)),
            Fact::Health(change) => (Some(host), Fact::Health(change)),
            Fact::Operator(fact) => (Some(host), Fact::Operator(fact)),
            Fact::Run { fact, .. } => (Some(host), Fact::Run { id, fact }),
            Fact::Output { stream, mark, .. } => (Some(host), Fact::Output { id, stream, mark }),
            fact @ (Fact::Network { .. } | Fact::Supervisor(_)) => (None, fact),
        };
        let host = host.map(|host| HostId::parse(&format!("host{host}")).expect("a sound name"));
        Event { seq: Seq(self.seq), at: self.at, host, fact }
    }

    fn link(&mut self, host: u64, change: LinkChange, stays: bool) -> LinkChange {
        let before = self.links.insert(host, change.to);
        let from = before.unwrap_or(LinkState::Idle);
        let to = match before {
            Some(before) if stays => before,
            None if change.to == LinkState::Idle => LinkState::Connecting,
            Some(_) | None => change.to,
        };
        self.links.insert(host, to);
        LinkChange { from, to, ..change }
    }
}

fn fold(events: &[Event]) -> Fleet {
    let mut fleet = Fleet::default();
    events.iter().for_each(|event| fleet.apply(event));
    fleet
}

fn open(dir: &std::path::Path) -> Ledger {
    match Ledger::open(dir, "a test", Wall(0)).expect("it opens") {
        Opened::Owner(ledger) => ledger,
        Opened::Viewer(_, holder) => panic!("held by {holder}"),
    }
}
