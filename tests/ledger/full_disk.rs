//! A disk of a few mebibytes that is full, in a mount namespace of our own: it goes with the process.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use steadfast::domain::event::{Fact, OutputMark, SupervisorFact};
use steadfast::domain::id::Seq;
use steadfast::domain::moment::Wall;
use steadfast::domain::run::Stream;
use steadfast::ledger::{Ledger, LedgerError, Log, Opened};

use crate::process::{again, inside};
use crate::samples::{at, attempt, check_database, check_log, event, journal, note, own, record, spool};
use crate::support::until;

#[test]
fn a_full_disk_is_told_and_costs_nothing_but_time() {
    on_small_disk("2m", "full_disk::a_full_disk_is_told_and_costs_nothing_but_time", |dir| {
        let ledger = own(&dir.join("ledger"));
        let id = attempt(1, 1);
        record(&ledger, vec![event(1), event(2)]);
        let mut log = ledger.open_log(id, Stream::Out).unwrap();
        append(&mut log, 100_000).unwrap();
        let hog = Hog::fill(dir, 10_000);

        // More than there is room for: a part of it is written, and none of it stays.
        assert!(matches!(append(&mut log, 64 << 10), Err(LedgerError::NoSpace { .. })));
        assert_eq!(log.len(), 100_000);
        assert_eq!(fs::metadata(log.path()).unwrap().len(), 100_000);
        let rest = Hog::fill(dir, 0);
        assert!(matches!(append(&mut log, 1 << 20), Err(LedgerError::NoSpace { .. })));

        let last = record_until_refused(&ledger, 3);
        let gap = OutputMark::Gap { log_offset: 100_000, spool_offset: 100_500, lost: 500 };
        assert!(matches!(ledger.mark(id, Stream::Out, gap.clone()), Err(LedgerError::NoSpace { .. })));
        // What was acknowledged can be read meanwhile, and nothing else.
        let held = journal(&ledger);
        assert!(held.len() as u64 >= 2 && (held.len() as u64) < last);
        assert!(held.iter().all(|found| *found == event(found.seq.0)));
        assert_eq!(ledger.marks(id, Stream::Out).unwrap(), []);

        drop((hog, rest));
        until("the journal catches up by itself", || ledger.last_seq().unwrap() == Seq(last));
        ledger.mark(id, Stream::Out, gap).unwrap();
        log.append(&spool(100_500, 64 << 10)).unwrap();
        record(&ledger, vec![event(last + 1)]);
        drop(log);
        ledger.close();

        check_database(&dir.join("ledger"));
        let ledger = own(&dir.join("ledger"));
        assert_eq!(journal(&ledger), (1..=last + 1).map(event).collect::<Vec<_>>());
        assert_eq!(check_log(&ledger, id, Stream::Out), 100_000 + (64 << 10));
    });
}

#[test]
fn what_was_too_much_to_keep_is_told_in_its_place() {
    on_small_disk("16m", "full_disk::what_was_too_much_to_keep_is_told_in_its_place", |dir| {
        let ledger = own(&dir.join("ledger"));
        record(&ledger, vec![short(1)]);
        let hog = Hog::fill(dir, 0);
        // The last of these find no room in memory either.
        let mut answers = Vec::new();
        for first in (2..30_002).step_by(1_000) {
            answers.push(ledger.record((first..first + 1_000).map(short).collect()).unwrap().blocking_recv().unwrap());
        }
        assert!(matches!(answers.last(), Some(Err(LedgerError::NoSpace { .. }))), "{answers:?}");
        drop(hog);
        let held = ledger.last_seq().unwrap().0;
        record(&ledger, vec![short(30_002)]);
        let events = ledger.events(Seq(0), usize::MAX).unwrap();
        assert!(events.iter().map(|event| event.seq).is_sorted());
        let missing = events.iter().find(|event| **event != short(event.seq.0)).unwrap();
        let Fact::Supervisor(SupervisorFact::Warning(text)) = &missing.fact else { panic!("{missing:?}") };
        let first = missing.seq.0;
        assert_eq!(*text, format!("events {first} to 30001 were not written: the journal could not keep up"));
        let before: Vec<_> = (1..first).map(short).collect();
        assert_eq!(events[..before.len()], before);
        assert!(first > held && first < 30_002);
        assert_eq!(events[before.len() + 1..], [short(30_002)]);
        assert!(ledger.restore(Wall(0)).unwrap().warnings.iter().any(|(_, warning)| warning == text));
    });
}

#[test]
fn a_ledger_that_finds_no_room_to_open_says_so() {
    on_small_disk("2m", "full_disk::a_ledger_that_finds_no_room_to_open_says_so", |dir| {
        let hog = Hog::fill(dir, 0);
        for _ in 0..3 {
            match Ledger::open(&dir.join("ledger"), "a test", Wall(0)) {
                Err(LedgerError::NoSpace { .. }) => {}
                Err(error) => panic!("{error}: {error:?}"),
                Ok(Opened::Owner(_) | Opened::Viewer(..)) => panic!("it opened"),
            }
        }
        drop(hog);
        let ledger = own(&dir.join("ledger"));
        record(&ledger, vec![event(1)]);
        ledger.close();
        // One that was there before.
        let hog = Hog::fill(dir, 0);
        match Ledger::open(&dir.join("ledger"), "a test", Wall(0)) {
            Err(LedgerError::NoSpace { .. }) => {}
            Err(error) => panic!("{error}: {error:?}"),
            Ok(Opened::Owner(_) | Opened::Viewer(..)) => panic!("it opened"),
        }
        drop(hog);
        assert_eq!(journal(&own(&dir.join("ledger"))), [event(1)]);
        check_database(&dir.join("ledger"));
    });
}

/// Runs `body` with the directory of a small disk, in a process of its own.
fn on_small_disk(size: &str, test: &str, body: impl FnOnce(&Path)) {
    if let Some(dir) = inside() {
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "none"]).arg(&dir).status();
        assert!(mount.unwrap().success());
        return body(&dir);
    }
    let Some(unshare) = unshare() else {
        assert!(std::env::var_os("CI").is_none(), "no mount namespace here");
        // Past the capture of the test harness.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {test}: no mount namespace here");
        return;
    };
    let temporary = tempfile::tempdir().unwrap();
    let mut command = Command::new("unshare");
    command.args(unshare).arg(std::env::current_exe().unwrap());
    let output = again(command, test, temporary.path()).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

/// How to get a mount namespace here: as root, or as the root of a user namespace.
fn unshare() -> Option<&'static [&'static str]> {
    let ways: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];
    ways.into_iter().find(|way| {
        let mount = "mount -t tmpfs -o size=1m none /tmp";
        let mut command = Command::new("unshare");
        command.args(*way).args(["sh", "-c", mount]).stdin(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    })
}

/// Fills the disk up to a rest; makes room again when dropped.
struct Hog(std::path::PathBuf);

impl Hog {
    fn fill(dir: &Path, rest: u64) -> Self {
        let path = dir.join(format!("hog{rest}"));
        let mut file = File::create(&path).unwrap();
        while file.write_all(&[1; 512]).is_ok() {}
        let length = file.metadata().unwrap().len();
        file.set_len(length - rest).unwrap();
        Self(path)
    }
}

impl Drop for Hog {
    fn drop(&mut self) {
        fs::remove_file(&self.0).unwrap();
    }
}

/// Appends what comes next in the spool, so far without gaps.
fn append(log: &mut Log, length: usize) -> Result<(), LedgerError> {
    log.append(&spool(log.len(), length))
}

/// Records from `first` on until there is no space; returns the last one. It is kept.
fn record_until_refused(ledger: &Ledger, first: u64) -> u64 {
    let mut refused = 0;
    for seq in first.. {
        match ledger.record(vec![event(seq)]).unwrap().blocking_recv().unwrap() {
            Ok(()) => assert_eq!(refused, 0, "one was written before those before it"),
            Err(LedgerError::NoSpace { .. }) => refused += 1,
            Err(error) => panic!("{error}: {error:?}"),
        }
        if refused == 5 {
            return seq;
        }
    }
    unreachable!("the disk is small")
}

fn short(seq: u64) -> steadfast::domain::event::Event {
    at(seq, note(""))
}
