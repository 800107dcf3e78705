//! Events and output that can be told from any others, and checked without having been kept.

use std::path::Path;
use std::time::Duration;

use steadfast::domain::diagnosis::Cause;
use steadfast::domain::event::{Event, Fact, Lengths, LinkChange, OperatorFact, OutputMark, RunFact};
use steadfast::domain::id::{Attempt, AttemptId, HostId, RunId, Seq};
use steadfast::domain::link::LinkState;
use steadfast::domain::moment::Wall;
use steadfast::domain::run::{Limits, OnReboot, Retry, RunIo, RunSpec, Stream, Verdict};
use steadfast::ledger::{Ledger, Opened};

pub fn own(dir: &Path) -> Ledger {
    match Ledger::open(dir, "a test", Wall(0)).unwrap() {
        Opened::Owner(ledger) => ledger,
        Opened::Viewer(_, holder) => panic!("held by {holder}"),
    }
}

pub fn attempt(run: u64, attempt: u32) -> AttemptId {
    AttemptId { run: RunId::from_random(run), attempt: Attempt::new(attempt).unwrap() }
}

pub fn host(name: &str) -> HostId {
    HostId::parse(name).unwrap()
}

/// The event with this number: always the same one.
pub fn event(seq: u64) -> Event {
    let id = attempt(mix(seq), 1);
    let fact = match seq % 60 {
        0 => requested(id),
        20 | 40 => Fact::Link(LinkChange {
            retry_at: Some(Wall(1)),
            ..LinkChange::between(LinkState::Alive, LinkState::Pinging, Some(Cause::Silent(Duration::from_millis(seq))))
        }),
        _ => note(&format!("event {seq} {}", "\u{0}ä\n".repeat(usize::try_from(mix(seq) % 300).unwrap()))),
    };
    at(seq, fact)
}

pub fn at(seq: u64, fact: Fact) -> Event {
    Event { seq: Seq(seq), at: Wall(i64::try_from(seq * 10).unwrap()), host: Some(host("web1")), fact }
}

pub fn note(text: &str) -> Fact {
    Fact::Operator(OperatorFact::Note(text.into()))
}

pub fn requested(id: AttemptId) -> Fact {
    Fact::Run { id, fact: RunFact::Requested { spec: Box::new(spec()) } }
}

pub fn ended(id: AttemptId) -> Fact {
    let lengths = Lengths { out: 1, err: 0 };
    Fact::Run { id, fact: RunFact::Ended { verdict: Verdict::Finished { code: 0 }, lengths } }
}

pub fn spec() -> RunSpec {
    RunSpec {
        job: None,
        command: "make soak".into(),
        directory: None,
        env: vec![("LEVEL".into(), "9".into())],
        env_file: None,
        io: RunIo::Split,
        upload: None,
        limits: Limits { total: Some(Duration::from_secs(3600)), idle: None },
        spool_limit: 1 << 30,
        grace: Duration::from_secs(10),
        on_reboot: OnReboot::Rerun,
        watch: steadfast::domain::watch::Watch::default(),
        retry: Retry { times: 2, delay: Duration::from_secs(60) },
    }
}

/// Records, and waits until it is on disk.
pub fn record(ledger: &Ledger, events: Vec<Event>) {
    ledger.record(events).unwrap().blocking_recv().unwrap().unwrap();
}

/// All of the journal, checked to have no hole.
pub fn journal(ledger: &Ledger) -> Vec<Event> {
    let events = ledger.events(Seq(0), usize::MAX).unwrap();
    for (event, seq) in events.iter().zip(1..) {
        assert_eq!(event.seq, Seq(seq), "a hole in the journal");
    }
    assert_eq!(ledger.last_seq().unwrap().0, events.len() as u64);
    events
}

/// The bytes of a spool from `offset` on: no two places look alike.
pub fn spool(offset: u64, length: usize) -> Vec<u8> {
    let end = offset + length as u64;
    let words = (offset / 8..end.div_ceil(8)).flat_map(|word| mix(word).to_le_bytes());
    words.skip(usize::try_from(offset % 8).unwrap()).take(length).collect()
}

/// Checks that the log is that spool with the marked gaps cut out; returns its length.
pub fn check_log(ledger: &Ledger, id: AttemptId, stream: Stream) -> u64 {
    let bytes = std::fs::read(ledger.log_path(id, stream)).unwrap_or_default();
    let length = bytes.len() as u64;
    // Where in the log each stretch begins, and where in the spool.
    let mut stretches = vec![(0, 0)];
    for mark in ledger.marks(id, stream).unwrap() {
        let OutputMark::Gap { log_offset, spool_offset, lost } = mark else { continue };
        let (log, spool) = *stretches.last().unwrap();
        assert!(log_offset >= log && log_offset <= length, "a gap at {log_offset}, beyond the log's end at {length}");
        assert_eq!(spool_offset, spool + (log_offset - log) + lost, "a gap that is not as long as it says");
        stretches.push((log_offset, spool_offset));
    }
    let ends = stretches.iter().skip(1).map(|(log, _)| *log).chain([length]);
    for ((log, from), end) in stretches.iter().zip(ends) {
        let held = &bytes[usize::try_from(*log).unwrap()..usize::try_from(end).unwrap()];
        assert!(held == spool(*from, held.len()), "the log from {log} to {end} is not the spool from {from} on");
        if end > *log {
            assert_eq!(ledger.spool_offset(id, stream, *log).unwrap(), *from);
        }
    }
    length
}

/// SQLite's own opinion of its file.
pub fn check_database(dir: &Path) {
    let db = rusqlite::Connection::open(dir.join("ledger.db")).unwrap();
    let answer: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(answer, "ok");
}

/// splitmix64: from a number to one that looks like chance.
pub fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Chance that can be repeated.
pub struct Chance(pub u64);

impl Chance {
    /// Less than `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(1);
        mix(self.0) % limit
    }
}
