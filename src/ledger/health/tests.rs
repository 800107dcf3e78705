use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::thin::{KEPT, RAW, SLICE};
use super::*;
use crate::domain::health::{Metric, Percent, Running, Sample, Service, Taken};
use crate::domain::id::HostId;
use crate::domain::moment::Wall;

fn host() -> HostId {
    HostId::parse("h1").expect("a name")
}

fn taken(at: i64, cpu: f64) -> Taken {
    let services = vec![Service { name: "web".into(), running: Running::No("failed".into()) }];
    Taken { at: Wall(at), sample: Sample { cpu: Percent::new(cpu).ok(), services, ..Sample::default() }, rates: None }
}

#[derive(Clone, Default)]
struct Heard {
    past: Arc<Mutex<Vec<Past>>>,
    troubles: Arc<Mutex<Vec<Option<String>>>>,
}

/// Writes them, as a supervisor from its start to its end; what it was told meanwhile.
fn write(dir: &Path, samples: &[Taken]) -> Heard {
    let heard = Heard::default();
    let Heard { past, troubles } = heard.clone();
    let listener = HealthListener {
        past: Box::new(move |one| past.lock().expect("sound").push(one)),
        trouble: Box::new(move |trouble| troubles.lock().expect("sound").push(trouble)),
    };
    let (log, over) = HealthLog::start(dir, listener).expect("a thread");
    for sample in samples {
        log.record(&host(), sample);
    }
    drop(log);
    over.blocking_recv().expect("it ends");
    heard
}

fn history(dir: &Path) -> Vec<Slice> {
    HealthReader::open(dir).expect("readable").expect("there").history(&host(), Wall(0), usize::MAX).expect("read")
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).expect("small")
}

#[test]
fn what_was_written_is_there_for_the_next_one() {
    let dir = tempfile::tempdir().expect("a directory");
    assert!(HealthReader::open(dir.path()).expect("no error").is_none());
    let samples: Vec<Taken> = (0..50).map(|n| taken(1_000_000 + n * 1_000, 10.0)).collect();
    write(dir.path(), &samples);
    let heard = write(dir.path(), &[]);
    let past = heard.past.lock().expect("sound");
    let [past] = &past[..] else { panic!("{past:?}") };
    assert_eq!((past.latest.as_ref(), past.points.len()), (samples.last(), 50));
    assert_eq!(history(dir.path()).len(), 50);
    assert_eq!(heard.troubles.lock().expect("sound").len(), 0);
}

#[test]
fn old_samples_become_means_with_their_maxima_and_then_go() {
    let dir = tempfile::tempdir().expect("a directory");
    let start = 40 * millis(KEPT);
    // A slice of old samples, one of which stands out; then one a day and a slice later.
    let mut samples: Vec<Taken> = (0..10).map(|n| taken(start + n * 10_000, if n == 7 { 91.0 } else { 1.0 })).collect();
    samples.push(taken(start + millis(RAW) + millis(SLICE), 50.0));
    write(dir.path(), &samples);
    let [mean, now] = &history(dir.path())[..] else { panic!("two slices") };
    let cpu = Metric::Cpu.index();
    assert_eq!((mean.from, mean.count, mean.mean[cpu], mean.max[cpu]), (Wall(start), 10, Some(10.0), Some(91.0)));
    assert_eq!((now.count, now.max[cpu], now.max[Metric::Memory.index()]), (1, Some(50.0), None));
    write(dir.path(), &[taken(start + millis(KEPT) + millis(RAW) / 2, 5.0)]);
    assert_eq!(history(dir.path()).len(), 2, "the mean of a month ago is gone");
}

#[test]
fn a_damaged_file_is_put_aside_and_one_of_another_is_left_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join(FILE);
    std::fs::write(&path, vec![b'x'; 9_000]).expect("written");
    write(dir.path(), &[taken(1, 1.0)]);
    assert_eq!(history(dir.path()).len(), 1);
    assert!(dir.path().join("health.db.damaged").exists());
    let other = tempfile::tempdir().expect("a directory");
    let path = other.path().join(FILE);
    rusqlite::Connection::open(&path).and_then(|db| db.execute_batch("CREATE TABLE notes (a)")).expect("made");
    let before = std::fs::read(&path).expect("read");
    let heard = write(other.path(), &[taken(1, 1.0)]);
    let troubles = heard.troubles.lock().expect("sound");
    assert!(troubles[0].as_ref().is_some_and(|why| why.contains("health.db")), "{troubles:?}");
    assert_eq!(std::fs::read(&path).expect("read"), before);
}
