//! From the moment a command prints a line to the moment it is in our log.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use steadfast::domain::run::{RunSpec, Stream};

use crate::rig::{Rig, split};
use crate::{median, percentile, ssh};

pub(crate) fn measure(rig: &Rig) {
    // Without the beginning, in which the run is started and its follower comes up.
    let [ours, theirs] = [by_steadfast(rig), by_ssh(rig)].map(|seen| seen[BEGINNING..].to_vec());
    println!(
        "a line, from printed to seen: median {:.1} ms, 99 % {:.1} ms in the log; ssh host: median {:.1} ms, 99 % {:.1} ms",
        millis(median(ours.clone())),
        millis(percentile(ours, 99)),
        millis(median(theirs.clone())),
        millis(percentile(theirs, 99)),
    );
}

fn by_steadfast(rig: &Rig) -> Vec<Duration> {
    let mut running = rig.start();
    let id = running.run(RunSpec { spool_limit: 1 << 30, ..split(&command()) });
    running.wait_started(id);
    let mut tail = running.handle.output(id, Stream::Out);
    let mut log = File::open(&tail.path).unwrap();
    let (mut rest, mut at, mut seen) = (Vec::new(), 0, Vec::new());
    while seen.len() < LINES {
        rig.block_on(tail.end.wait_for(|end| *end > at)).unwrap();
        let now = now();
        log.seek(SeekFrom::Start(at)).unwrap();
        at += log.read_to_end(&mut rest).unwrap() as u64;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            seen.push(since(&String::from_utf8(line).unwrap(), now));
        }
    }
    running.verdict(id);
    running.stop();
    seen
}

fn by_ssh(rig: &Rig) -> Vec<Duration> {
    let mut child = ssh(rig, &command()).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let seen = lines.map(|line| since(&line.unwrap(), now())).collect();
    child.wait().unwrap();
    seen
}

/// Lines with the host's time, which is ours here.
fn command() -> String {
    format!("i=0; while [ $i -lt {LINES} ]; do date +%s%N; i=$((i + 1)); sleep 0.02; done")
}

fn since(line: &str, now: Duration) -> Duration {
    now.saturating_sub(Duration::from_nanos(line.trim().parse().unwrap()))
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

const LINES: usize = 220;
const BEGINNING: usize = 20;
