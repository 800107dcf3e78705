//! One process writes, others look on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use steadfast::domain::command::Command;
use steadfast::domain::event::{Event, Fact, OperatorFact, OutputMark};
use steadfast::domain::id::Seq;
use steadfast::domain::moment::Wall;
use steadfast::domain::run::Stream;
use steadfast::ledger::{Ledger, LedgerError, Opened};

use crate::process::{Mouth, Other, inside};
use crate::samples::{at, attempt, event, host, journal, note, own, record};
use crate::support::until;

const ORDERS: u64 = 30;

#[test]
fn a_viewer_reads_along_and_its_orders_arrive_once() {
    if let Some(dir) = inside() {
        hold(&dir);
    }
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("ledger");
    let mut owner = Other::start("together::a_viewer_reads_along_and_its_orders_arrive_once", &dir);
    owner.await_saying("open");
    let Opened::Viewer(viewer, holder) = Ledger::open(&dir, "a viewer", Wall(0)).unwrap() else {
        panic!("two own one ledger");
    };
    let shown = format!("pid {} (steadfast run on /dev/pts/3) since 2026-11-21T03:24:05.123Z", owner.pid());
    assert_eq!(holder.to_string(), shown);
    assert_eq!(viewer.holder(), Some(holder));
    may_not_write(&viewer);

    std::thread::scope(|scope| {
        for number in 0..2 {
            let dir = dir.clone();
            scope.spawn(move || order(&dir, number));
        }
        let seen = read_along(&viewer);
        // Each thread's in their order, none twice; those of the two lie between each other.
        for thread in 0..2 {
            let of_thread: Vec<String> =
                seen.iter().filter(|text| text.starts_with(&format!("took {thread} "))).cloned().collect();
            let given: Vec<String> = (0..ORDERS).map(|number| format!("took {thread} {number}")).collect();
            assert_eq!(of_thread, given);
        }
    });

    // It takes no more after this one.
    viewer.order(&Command::Note { host: host("web1"), text: "enough".into() }).unwrap();
    owner.await_saying("enough");
    viewer.order(&Command::Reconnect(host("web1"))).unwrap();
    assert!(viewer.holder().is_some());
    owner.kill();
    assert_eq!(viewer.holder(), None);
    assert!(matches!(viewer.order(&Command::Connect(host("web1"))), Err(LedgerError::NoOwner)));
    let before = journal(&viewer);

    let next = own(&dir);
    assert_eq!(next.take_orders().unwrap(), [], "an order for an earlier supervisor");
    let seq = before.len() as u64 + 1;
    record(&next, vec![at(seq, note("the next one"))]);
    assert_eq!(viewer.events(Seq(seq - 1), 10).unwrap(), [at(seq, note("the next one"))]);
    viewer.order(&Command::Connect(host("web1"))).unwrap();
    assert_eq!(next.take_orders().unwrap(), [Command::Connect(host("web1"))]);
    assert_eq!(next.take_orders().unwrap(), []);
}

#[test]
fn of_many_that_come_at_once_one_owns_it() {
    for _ in 0..10 {
        let temporary = tempfile::tempdir().unwrap();
        let dir = temporary.path().join("state/ledger");
        let opened: Vec<Opened> = std::thread::scope(|scope| {
            let openers: Vec<_> =
                (0..8).map(|_| scope.spawn(|| Ledger::open(&dir, "one of many", Wall(0)).unwrap())).collect();
            openers.into_iter().map(|opener| opener.join().unwrap()).collect()
        });
        assert_eq!(opened.iter().filter(|opened| matches!(opened, Opened::Owner(_))).count(), 1);
        for opened in &opened {
            let (Opened::Owner(ledger) | Opened::Viewer(ledger, _)) = opened;
            assert_eq!(ledger.last_seq().unwrap(), Seq(0));
            if let Opened::Viewer(_, holder) = opened {
                assert_eq!((holder.pid, holder.what.as_str()), (std::process::id(), "one of many"));
            }
        }
    }
}

#[test]
fn it_can_be_looked_at_when_nobody_owns_it() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("ledger");
    assert!(matches!(Ledger::open_viewer(&dir), Err(LedgerError::Missing { .. })));
    let owner = own(&dir);
    record(&owner, (1..=3).map(event).collect());
    let other = owner.clone();
    owner.close();
    assert!(matches!(other.record(vec![event(4)]), Err(LedgerError::Stopped)));
    drop(other);
    let viewer = Ledger::open_viewer(&dir).unwrap();
    assert_eq!(viewer.holder(), None);
    assert_eq!(journal(&viewer), (1..=3).map(event).collect::<Vec<_>>());
    // And looking on keeps nobody from owning it.
    record(&own(&dir), vec![event(4)]);
    assert_eq!(journal(&viewer).len(), 4);
}

/// The other process: owns the ledger, writes all the time, and notes each order that it takes.
fn hold(dir: &Path) -> ! {
    let what = "steadfast run on \u{7}/dev/pts/3";
    let Opened::Owner(ledger) = Ledger::open(dir, what, Wall(1_795_231_445_123)).unwrap() else {
        panic!("somebody holds it already");
    };
    let mouth = Mouth::of(dir);
    mouth.say("open");
    let (mut seq, mut enough) = (0, false);
    loop {
        let orders = if enough { Vec::new() } else { ledger.take_orders().unwrap() };
        let texts = orders.into_iter().map(|order| {
            let Command::Note { text, .. } = order else { panic!("nobody gave {order:?}") };
            format!("took {text}")
        });
        let events: Vec<Event> =
            texts.chain(["going on".into()]).zip(seq + 1..).map(|(text, seq)| at(seq, note(&text))).collect();
        seq += events.len() as u64;
        let is_enough = |event: &Event| event.fact == note("took enough");
        enough |= events.iter().any(is_enough);
        let all_of_it = events.iter().any(is_enough);
        record(&ledger, events);
        if all_of_it {
            mouth.say("enough");
        }
    }
}

fn may_not_write(viewer: &Ledger) {
    assert!(!viewer.is_owner());
    let id = attempt(1, 1);
    let blind = OutputMark::Blind { log_offset: 0, duration: Duration::ZERO, cause: String::new(), caught_up: 0 };
    assert!(matches!(viewer.record(vec![event(1)]), Err(LedgerError::NotOwner)));
    assert!(matches!(viewer.open_log(id, Stream::Out), Err(LedgerError::NotOwner)));
    assert!(matches!(viewer.mark(id, Stream::Out, blind), Err(LedgerError::NotOwner)));
    assert!(matches!(viewer.take_orders(), Err(LedgerError::NotOwner)));
    assert!(matches!(viewer.forget(id.run), Err(LedgerError::NotOwner)));
    let path: PathBuf = viewer.log_path(id, Stream::Out);
    assert!(!path.exists(), "a viewer made {}", path.display());
}

fn order(dir: &Path, thread: u64) {
    let viewer = Ledger::open_viewer(dir).unwrap();
    for number in 0..ORDERS {
        viewer.order(&Command::Note { host: host("web1"), text: format!("{thread} {number}") }).unwrap();
    }
}

/// Reads until all orders were taken and some more was written; returns what was taken.
fn read_along(viewer: &Ledger) -> Vec<String> {
    let (mut last, mut taken, mut after) = (0, Vec::new(), 0);
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    until("all orders are taken", || {
        for event in viewer.events(Seq(last), 7).unwrap() {
            assert_eq!(event.seq.0, last + 1, "the viewer missed an event");
            last = event.seq.0;
            let Fact::Operator(OperatorFact::Note(text)) = event.fact else { panic!("{event:?}") };
            if text.starts_with("took") {
                *counts.entry(text.clone()).or_default() += 1;
                taken.push(text);
            } else if taken.len() as u64 >= 2 * ORDERS {
                after += 1;
            }
        }
        after > 5
    });
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
    taken
}
