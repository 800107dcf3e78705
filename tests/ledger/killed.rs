//! kill -9 of the process that writes, at any moment.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use steadfast::domain::event::{Fact, OutputMark, RunFact};
use steadfast::domain::id::{AttemptId, Seq};
use steadfast::domain::moment::Wall;
use steadfast::domain::run::Stream;
use steadfast::ledger::Ledger;

use crate::process::{Mouth, Other, inside, said};
use crate::samples::{Chance, attempt, check_database, check_log, event, journal, own, spool};

const ROUNDS: u64 = 40;

#[test]
fn whatever_was_acknowledged_outlives_the_writer() {
    if let Some(dir) = inside() {
        write_until_killed(&dir);
    }
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("ledger");
    let seed = u64::from(std::process::id());
    eprintln!("seed {seed}");
    let mut chance = Chance(seed);
    let mut seen = Seen::default();
    for round in 0..ROUNDS {
        let mut writer = Other::start("killed::whatever_was_acknowledged_outlives_the_writer", &dir);
        // Every other one may also die while it opens.
        if round % 2 == 0 {
            writer.await_saying(&format!("open {}", writer.pid()));
        }
        std::thread::sleep(Duration::from_micros(chance.below(200_000)));
        writer.kill();
        seen = check(&dir, seen);
    }
    // And nothing that was found earlier has changed.
    assert_eq!(check(&dir, Seen::default()), seen);
    let ledger = own(&dir);
    let requested = journal(&ledger)
        .into_iter()
        .filter(|event| matches!(event.fact, Fact::Run { fact: RunFact::Requested { .. }, .. }))
        .count();
    assert!(requested > 0, "hardly anything was written: {seen:?}");
    assert_eq!(ledger.restore(Wall(0)).unwrap().runs.len(), requested);
}

/// How far the journal and what was said have been checked.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Seen {
    events: u64,
    lines: usize,
}

/// Everything that was said to be on disk is there, and what is there is sound.
fn check(dir: &Path, seen: Seen) -> Seen {
    // The lock is free: nobody has to remove anything.
    let ledger = own(dir);
    let events = ledger.last_seq().unwrap().0;
    for (found, seq) in ledger.events(Seq(seen.events), usize::MAX).unwrap().into_iter().zip(seen.events + 1..) {
        assert_eq!(found, event(seq), "another event, or a hole");
    }
    let lengths = STREAMS.map(|stream| check_log(&ledger, soak(), stream));
    let marks = STREAMS.map(|stream| ledger.marks(soak(), stream).unwrap());
    let lines = said(dir);
    for line in &lines[seen.lines..] {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |place: usize| words[place].parse::<u64>().unwrap();
        match words[0] {
            "open" => {}
            "events" => assert!(number(1) <= events, "events up to {} are lost", words[1]),
            "bytes" => {
                assert!(number(2) <= lengths[usize::try_from(number(1)).unwrap()], "bytes up to {} are lost", words[2]);
            }
            "gap" => {
                let (at, to) = (number(2), number(3));
                let is_it = |mark: &OutputMark| {
                    matches!(mark, OutputMark::Gap { log_offset, spool_offset, .. }
                        if *log_offset == at && *spool_offset >= to)
                };
                let marks = &marks[usize::try_from(number(1)).unwrap()];
                assert!(marks.iter().any(is_it), "the gap at {at} is lost");
            }
            other => panic!("{other:?}"),
        }
    }
    for (stream, length) in STREAMS.into_iter().zip(lengths) {
        let arrivals = ledger.arrivals(soak(), stream, 0..u64::MAX, usize::MAX).unwrap();
        assert!(arrivals.is_sorted_by_key(|arrival| arrival.offset));
        assert!(arrivals.iter().all(|arrival| arrival.offset <= length));
    }
    ledger.close();
    check_database(dir);
    Seen { events, lines: lines.len() }
}

fn write_until_killed(dir: &Path) -> ! {
    let ledger = own(dir);
    let mouth = Mouth::of(dir);
    mouth.say(&format!("open {}", std::process::id()));
    std::thread::scope(|scope| {
        for (number, stream) in STREAMS.into_iter().enumerate() {
            let (ledger, mouth) = (&ledger, &mouth);
            scope.spawn(move || put_out(ledger, mouth, stream, number as u64));
        }
        note_down(&ledger, &mouth)
    })
}

fn note_down(ledger: &Ledger, mouth: &Mouth) -> ! {
    let mut chance = Chance(u64::from(std::process::id()));
    let mut last = ledger.last_seq().unwrap().0;
    let mut waiting = VecDeque::new();
    loop {
        let first = last + 1;
        last += 1 + chance.below(20);
        waiting.push_back((last, ledger.record((first..=last).map(event).collect()).unwrap()));
        if waiting.len() > 3
            && let Some((last, written)) = waiting.pop_front()
        {
            written.blocking_recv().unwrap().unwrap();
            mouth.say(&format!("events {last}"));
        }
    }
}

/// Output with gaps and times of blindness in it.
fn put_out(ledger: &Ledger, mouth: &Mouth, stream: Stream, number: u64) {
    let mut chance = Chance(u64::from(std::process::id()) << 20 | number);
    let mut log = ledger.open_log(soak(), stream).unwrap();
    let mut position = ledger.spool_offset(soak(), stream, log.len()).unwrap();
    let enough = log.len() + (60 << 10);
    while log.len() < enough {
        match chance.below(16) {
            0 | 1 => {
                let lost = 1 + chance.below(5_000);
                position += lost;
                mark(ledger, stream, OutputMark::Gap { log_offset: log.len(), spool_offset: position, lost });
                mouth.say(&format!("gap {number} {} {position}", log.len()));
            }
            2 => mark(
                ledger,
                stream,
                OutputMark::Blind {
                    log_offset: log.len(),
                    duration: Duration::from_secs(9),
                    cause: "silent".into(),
                    caught_up: 7,
                },
            ),
            _ => {
                let length = usize::try_from(chance.below(8_000)).unwrap();
                let at = Wall(i64::try_from(log.len()).unwrap());
                ledger.record_arrival(soak(), stream, at, log.len());
                log.append(&spool(position, length)).unwrap();
                position += length as u64;
                mouth.say(&format!("bytes {number} {}", log.len()));
            }
        }
        if chance.below(16) == 0 {
            log.sync().unwrap();
        }
    }
}

fn mark(ledger: &Ledger, stream: Stream, mark: OutputMark) {
    ledger.mark(soak(), stream, mark).unwrap();
}

const STREAMS: [Stream; 2] = [Stream::Out, Stream::Err];

/// Whose output it is.
fn soak() -> AttemptId {
    attempt(u64::MAX, 1)
}
