//! One ledger, used as it is meant to be.

use std::collections::BTreeSet;

use serde_json::Value;
use steadfast::domain::event::{Fact, OutputMark, RunFact};
use steadfast::domain::id::{RunId, Seq};
use steadfast::domain::moment::Wall;
use steadfast::domain::run::{Stream, Verdict};
use steadfast::ledger::record::event_schema;
use steadfast::ledger::{Arrival, Ledger, LedgerError, export};

use crate::samples::{at, attempt, check_log, ended, event, note, own, record, requested, spool};

#[test]
fn a_log_goes_on_where_it_ended() {
    let dir = tempfile::tempdir().unwrap();
    let id = attempt(1, 1);
    let mut length = 0;
    for _ in 0..5 {
        let ledger = own(dir.path());
        for stream in [Stream::Out, Stream::Err] {
            let mut log = ledger.open_log(id, stream).unwrap();
            assert_eq!(log.len(), length);
            assert_eq!(log.is_empty(), length == 0);
            assert!(matches!(ledger.open_log(id, stream), Err(LedgerError::LogInUse { .. })));
            for size in [0, 1, 70_000, 3] {
                log.append(&spool(log.len(), size)).unwrap();
            }
            log.sync().unwrap();
        }
        length += 70_004;
        assert_eq!(check_log(&ledger, id, Stream::Out), length);
        assert_eq!(check_log(&ledger, id, Stream::Err), length);
        // Another attempt has logs of its own.
        assert_eq!(ledger.open_log(attempt(1, 2), Stream::Out).unwrap().len(), 0);
    }
}

#[test]
fn what_a_power_cut_took_is_fetched_again() {
    let dir = tempfile::tempdir().unwrap();
    let id = attempt(1, 1);
    let gap = |log_offset, spool_offset, lost| OutputMark::Gap { log_offset, spool_offset, lost };
    let ledger = own(dir.path());
    let mut log = ledger.open_log(id, Stream::Out).unwrap();
    for (number, position) in [0_u64, 2_000, 4_000].into_iter().enumerate() {
        if number > 0 {
            ledger.mark(id, Stream::Out, gap(log.len(), position, 1_000)).unwrap();
        }
        ledger.record_arrival(id, Stream::Out, Wall(10_000 * i64::try_from(number).unwrap()), log.len());
        log.append(&spool(position, 1_000)).unwrap();
    }
    drop(log);
    ledger.close();
    let path = own(dir.path()).log_path(id, Stream::Out);
    std::fs::File::options().write(true).open(path).unwrap().set_len(1_500).unwrap();

    let ledger = own(dir.path());
    assert_eq!(ledger.open_log(id, Stream::Out).unwrap().len(), 1_500);
    assert_eq!(ledger.marks(id, Stream::Out).unwrap(), [gap(1_000, 2_000, 1_000)]);
    assert_eq!(ledger.spool_offset(id, Stream::Out, 1_500).unwrap(), 2_500);
    let arrivals = ledger.arrivals(id, Stream::Out, 0..u64::MAX, 10).unwrap();
    assert_eq!(arrivals.iter().map(|arrival| arrival.offset).collect::<Vec<_>>(), [0, 1_000]);
    assert_eq!(check_log(&ledger, id, Stream::Out), 1_500);
}

#[test]
fn offsets_are_told_through_several_gaps() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = own(dir.path());
    let id = attempt(1, 1);
    let mapped = |offset| ledger.spool_offset(id, Stream::Out, offset).unwrap();
    let mark = |log_offset, spool_offset, lost| {
        ledger.mark(id, Stream::Out, OutputMark::Gap { log_offset, spool_offset, lost })
    };
    assert_eq!((mapped(0), mapped(u64::MAX)), (0, u64::MAX));
    mark(100, 150, 50).unwrap();
    mark(100, 150, 50).unwrap();
    assert_eq!((mapped(99), mapped(100), mapped(1_100)), (99, 150, 1_150));
    // It grew before anything came after it.
    mark(100, 180, 30).unwrap();
    mark(200, 1_280, 1_000).unwrap();
    assert_eq!((mapped(99), mapped(100), mapped(199), mapped(200), mapped(201)), (99, 180, 279, 1_280, 1_281));
    let gap = |log_offset, spool_offset, lost| OutputMark::Gap { log_offset, spool_offset, lost };
    assert_eq!(ledger.marks(id, Stream::Out).unwrap(), [gap(100, 180, 80), gap(200, 1_280, 1_000)]);
    // The other stream has none of it.
    assert_eq!(ledger.spool_offset(id, Stream::Err, 500).unwrap(), 500);
    for (log_offset, spool_offset) in [(150, 5_000), (300, 1_300), (u64::MAX, u64::MAX)] {
        assert!(matches!(mark(log_offset, spool_offset, 1), Err(LedgerError::InvalidMark { .. })));
    }
    assert_eq!(ledger.marks(id, Stream::Out).unwrap().len(), 2);
}

#[test]
fn times_of_arrival_lead_to_the_bytes_and_back() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = own(dir.path());
    let id = attempt(1, 1);
    // Two a second, of which one is kept.
    for half in 0..20 {
        ledger.record_arrival(id, Stream::Out, Wall(half * 500), u64::try_from(half).unwrap() * 50);
    }
    // Behind all that was queued.
    record(&ledger, vec![event(1)]);
    let second = |n: u64| Arrival { at: Wall(i64::try_from(n).unwrap() * 1_000), offset: n * 100 };
    let read = |range, limit| ledger.arrivals(id, Stream::Out, range, limit).unwrap();
    assert_eq!(read(0..u64::MAX, 100), (0..10).map(second).collect::<Vec<_>>());
    assert_eq!(read(0..u64::MAX, 3), (0..3).map(second).collect::<Vec<_>>());
    assert_eq!(read(250..450, 100), [second(2), second(3), second(4)], "the one at or before its start, too");
    assert_eq!(read(300..400, 100), [second(3)]);
    assert_eq!(read(300..300, 100), [second(3)]);
    assert_eq!(read(5_000..u64::MAX, 100), [second(9)]);
    let offset_at = |at| ledger.offset_at(id, Stream::Out, Wall(at)).unwrap();
    assert_eq!(offset_at(-1), None);
    assert_eq!(
        (offset_at(0), offset_at(3_999), offset_at(4_000), offset_at(99_000)),
        (Some(0), Some(300), Some(400), Some(900))
    );
    assert_eq!(ledger.offset_at(id, Stream::Err, Wall(0)).unwrap(), None);
}

#[test]
fn a_run_is_found_by_as_much_of_its_name_as_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = own(dir.path());
    let runs: Vec<RunId> = ["0aaaaaaaaa", "0aaaaaaaab", "0b00000000"].map(|id| RunId::parse(id).unwrap()).into();
    let id = |run| steadfast::domain::id::AttemptId { run, ..attempt(1, 1) };
    assert!(matches!(ledger.find_run("0"), Err(LedgerError::NotFound { .. })));
    record(&ledger, runs.iter().zip(1..).map(|(run, seq)| at(seq, requested(id(*run)))).collect());
    assert_eq!(ledger.find_run("0b").unwrap(), runs[2]);
    assert_eq!(ledger.find_run("0aaaaaaaab").unwrap(), runs[1]);
    let Err(LedgerError::Ambiguous { candidates, .. }) = ledger.find_run("0a") else { panic!("it is one of two") };
    assert_eq!(candidates, runs[..2]);
    for none in ["", "1", "0bb", "0b000000000", "%", "0_", "~", "'", "ä"] {
        assert!(matches!(ledger.find_run(none), Err(LedgerError::NotFound { .. })), "{none:?}");
    }
    let many = (0..40).map(|n| at(4 + n, requested(attempt(n << 5, 1)))).collect();
    record(&ledger, many);
    let Err(LedgerError::Ambiguous { candidates, .. }) = ledger.find_run("0") else { panic!("it is one of many") };
    assert_eq!(candidates.len(), 10);
}

#[test]
fn a_run_is_forgotten_when_it_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = own(dir.path());
    let (first, second) = (attempt(1, 1), attempt(1, 2));
    assert!(matches!(ledger.forget(first.run), Err(LedgerError::NotFound { .. })));
    record(&ledger, vec![at(1, requested(first)), at(2, ended(first)), at(3, requested(second))]);
    for id in [first, second] {
        ledger.open_log(id, Stream::Out).unwrap().append(&spool(0, 1_000)).unwrap();
        ledger.mark(id, Stream::Out, OutputMark::Gap { log_offset: 1_000, spool_offset: 1_001, lost: 1 }).unwrap();
    }
    let Err(LedgerError::NotOver { id }) = ledger.forget(first.run) else { panic!("it goes on") };
    assert_eq!(id, second);
    assert_eq!(check_log(&ledger, first, Stream::Out), 1_000, "a refusal removes nothing");

    record(&ledger, vec![at(4, ended(second))]);
    assert_eq!(ledger.forget(first.run).unwrap(), 2_000);
    assert!(!ledger.log_path(first, Stream::Out).exists());
    assert_eq!(ledger.marks(first, Stream::Out).unwrap(), []);
    assert!(ledger.find_run(first.run.as_str()).is_err());
    assert_eq!(ledger.events(Seq(0), 10).unwrap().len(), 4, "the journal keeps what happened");
    assert!(ledger.restore(Wall(0)).unwrap().runs.is_empty());
    // Taken up again, it begins anew.
    record(&ledger, vec![at(5, requested(attempt(1, 3)))]);
    let fleet = ledger.restore(Wall(0)).unwrap();
    assert_eq!(fleet.runs[&first.run].attempts.len(), 1);
    assert_eq!(ledger.find_run(first.run.as_str()).unwrap(), first.run);
    assert!(matches!(ledger.forget(first.run), Err(LedgerError::NotOver { .. })));
}

#[test]
fn forgetting_that_was_cut_short_is_finished() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = own(dir.path());
    let (gone, kept) = (attempt(1, 1), attempt(2, 1));
    record(&ledger, vec![at(1, requested(gone)), at(2, ended(gone)), at(3, requested(kept)), at(4, ended(kept))]);
    ledger.forget(gone.run).unwrap();
    // As if it had died before the logs went.
    for id in [gone, kept] {
        ledger.open_log(id, Stream::Out).unwrap().append(b"output").unwrap();
    }
    ledger.close();
    let ledger = own(dir.path());
    assert!(!ledger.log_path(gone, Stream::Out).exists());
    assert!(ledger.log_path(kept, Stream::Out).exists());
}

#[test]
fn the_journal_is_written_out_as_the_schema_says() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = own(dir.path());
    let mut events: Vec<_> = (1..=2_500).map(event).collect();
    let killed = RunFact::Ended { verdict: Verdict::InterruptedByReboot, lengths: Default::default() };
    events[99].fact = Fact::Run { id: attempt(3, 1), fact: killed };
    events[100].host = None;
    record(&ledger, events.clone());
    let mut text = Vec::new();
    assert_eq!(export(&ledger, Seq(0), &mut text).unwrap(), Seq(2_500));
    let (properties, words) = names(&event_schema());
    let lines: Vec<&str> = std::str::from_utf8(&text).unwrap().lines().collect();
    assert_eq!(lines.len(), events.len());
    for (line, event) in lines.iter().zip(&events) {
        let object: Value = serde_json::from_str(line).unwrap();
        assert_eq!(object["seq"], event.seq.0);
        assert_eq!(object.get("host").is_some(), event.host.is_some());
        assert!(words.contains(object["type"].as_str().unwrap()), "{line}");
        for key in keys(&object) {
            assert!(properties.contains(&key), "{key} is not in the schema: {line}");
        }
    }
    let mut tail = Vec::new();
    assert_eq!(export(&ledger, Seq(2_499), &mut tail).unwrap(), Seq(2_500));
    assert_eq!(tail, format!("{}\n", lines[2_499]).into_bytes());
    let mut none = Vec::new();
    assert_eq!(export(&ledger, Seq(9_999), &mut none).unwrap(), Seq(9_999));
    assert!(none.is_empty());
}

#[test]
fn events_come_in_their_order_and_once() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = own(dir.path());
    let answer = |events| ledger.record(events).unwrap().blocking_recv().unwrap();
    answer(vec![event(1), event(2)]).unwrap();
    // Asked again, because the answer was lost.
    answer(vec![event(1), event(2)]).unwrap();
    answer(vec![event(2), event(3)]).unwrap();
    for wrong in
        [vec![at(2, note("another"))], vec![event(4), event(4)], vec![event(5), event(4)], vec![at(0, note(""))]]
    {
        assert!(matches!(answer(wrong), Err(LedgerError::OutOfOrder { .. })));
    }
    answer(vec![]).unwrap();
    assert_eq!(ledger.events(Seq(0), 100).unwrap(), [event(1), event(2), event(3)]);
    assert_eq!(ledger.events(Seq(1), 1).unwrap(), [event(2)]);
    assert_eq!(ledger.events(Seq(u64::MAX), 1).unwrap(), []);
}

#[test]
fn a_newer_ledger_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    record(&own(dir.path()), vec![event(1)]);
    let path = dir.path().join("ledger.db");
    let version = |number: i64| {
        let db = rusqlite::Connection::open(&path).unwrap();
        db.pragma_update(None, "user_version", number).unwrap();
    };
    let known: i64 =
        rusqlite::Connection::open(&path).unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    version(77);
    for opened in [Ledger::open(dir.path(), "a test", Wall(0)).err(), Ledger::open_viewer(dir.path()).err()] {
        let error = opened.unwrap();
        assert!(matches!(error, LedgerError::Newer { found: 77, .. }), "{error}");
        assert!(error.to_string().contains("a newer steadfast wrote it"), "{error}");
    }
    version(known);
    // The refused one holds no lock.
    assert_eq!(own(dir.path()).events(Seq(0), 10).unwrap(), [event(1)]);
}

/// All names under any `properties` of a schema, and all words that it allows as a constant.
fn names(value: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut properties, mut words) = (BTreeSet::new(), BTreeSet::new());
    let children: Vec<&Value> = match value {
        Value::Object(map) => {
            properties
                .extend(map.get("properties").and_then(Value::as_object).into_iter().flat_map(|p| p.keys().cloned()));
            words.extend(map.get("const").and_then(Value::as_str).map(str::to_owned));
            map.values().collect()
        }
        Value::Array(items) => items.iter().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    for child in children {
        let (more_properties, more_words) = names(child);
        properties.extend(more_properties);
        words.extend(more_words);
    }
    (properties, words)
}

/// All keys of all objects in it.
fn keys(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(map) => map.keys().cloned().chain(map.values().flat_map(keys)).collect(),
        Value::Array(items) => items.iter().flat_map(keys).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => BTreeSet::new(),
    }
}
