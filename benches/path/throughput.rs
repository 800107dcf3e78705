//! 1 GiB from a finished run's spool to our log, and by `ssh host cat` to a file.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use steadfast::domain::run::{RunSpec, Stream, Verdict};

use crate::rig::{Rig, split};
use crate::support::until;
use crate::{length, median, ssh};

pub(crate) fn measure(rig: &Rig) {
    blob(&rig.sshd.home().join("blob"));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let spool = spooled(rig);
        theirs.push(by_ssh(rig, &spool));
        ours.push(by_steadfast(rig, &spool));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!(
        "throughput of 1 GiB, spool to log: {:.0} MiB/s; ssh host cat > file: {:.0} MiB/s; ratio {:.2}",
        rate(ours),
        rate(theirs),
        theirs.as_secs_f64() / ours.as_secs_f64(),
    );
}

/// A run that has printed 1 GiB while nobody looked; its spool.
fn spooled(rig: &Rig) -> std::path::PathBuf {
    let command = format!("i=0; while [ $i -lt {} ]; do cat blob; i=$((i + 1)); done", GIB / BLOB as u64);
    let mut running = rig.start();
    let id = running.run(RunSpec { spool_limit: 8 * GIB, ..split(&command) });
    running.wait_started(id);
    let directory = running.attempt(id).started.as_ref().unwrap().directory.clone();
    running.stop();
    until("the run ends", || Path::new(&directory).join("exit").exists());
    Path::new(&directory).join("out")
}

fn by_ssh(rig: &Rig, spool: &Path) -> Duration {
    let into = rig.state.path().join("copy");
    let start = Instant::now();
    let status = ssh(rig, &format!("cat {}", spool.display())).stdout(File::create(&into).unwrap()).status().unwrap();
    let took = start.elapsed();
    assert!(status.success());
    assert_eq!(length(&into), GIB);
    std::fs::remove_file(into).unwrap();
    took
}

/// From the start of the supervisor, through connecting, to the verdict and a synced log. What came
/// before the supervisor was stopped is fetched already, and taken off.
fn by_steadfast(rig: &Rig, spool: &Path) -> Duration {
    let start = Instant::now();
    let mut running = rig.start();
    let before = start.elapsed();
    let run = running.fleet.runs.values().max_by_key(|run| run.requested_at()).unwrap();
    let id = run.latest_id().unwrap();
    let log = running.log_path(id, Stream::Out);
    let had = length(&log);
    assert_eq!(running.verdict(id), Verdict::Finished { code: 0 });
    let took = start.elapsed();
    assert_eq!(length(&log), GIB, "of {} (supervisor up after {before:?})", spool.display());
    running.stop();
    took.mul_f64(GIB as f64 / (GIB - had) as f64)
}

/// Noise, so that nothing on the way can make it shorter.
fn blob(path: &Path) {
    let noise: Vec<u8> = (0..BLOB / 8).flat_map(|_| rand::random::<u64>().to_le_bytes()).collect();
    std::fs::write(path, noise).unwrap();
}

fn rate(took: Duration) -> f64 {
    1024.0 / took.as_secs_f64()
}

const GIB: u64 = 1 << 30;
const BLOB: usize = 64 << 20;
const ROUNDS: usize = 3;
