//! A log of 10 GB: opened at its end, and searched, beside ripgrep on the same file.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use steadfast::app::output::{Anchor, Direction, Order, Pattern, Request, Seek};
use steadfast::tui::pager::{Answers, Pager};

use crate::{resident, told};

pub fn measure() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out.log");
    let Some(length) = write(&path) else { return };
    let me = std::process::id();
    let before = resident(me);
    let mut opened: Vec<Duration> = (0..20).map(|_| open_at_end(&path, length)).collect();
    told("log of 10 GB, opened and its end read (budget 50 ms)", &mut opened);
    for (what, pattern) in PATTERNS {
        let (ours, matches) = search(&path, length, pattern);
        let rate = length as f64 / 1e9 / ours.as_secs_f64();
        print!("search for {what}: {rate:.2} GB/s, {matches} lines (budget 1 GB/s)");
        match ripgrep(&path, pattern) {
            Some((theirs, theirs_matches)) => {
                let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
                let rate = length as f64 / 1e9 / theirs.as_secs_f64();
                println!("; rg: {rate:.2} GB/s, {theirs_matches} lines; ratio {ratio:.2}");
                assert_eq!(matches, theirs_matches, "both count the same lines");
            }
            None => println!("; rg is not here"),
        }
    }
    let grown = resident(me).saturating_sub(before);
    println!("memory for all of that: {:.1} MB more than before", grown as f64 / 1e6);
}

/// Lines as stress-ng prints them; in each block of 64 MiB a few that are looked for.
fn write(path: &Path) -> Option<u64> {
    let mut block = Vec::with_capacity(BLOCK + 256);
    let mut number = 0_u64;
    while block.len() < BLOCK {
        number += 1;
        match number % 100_003 {
            0 => writeln!(block, "\x1b[31mstress-ng: error\x1b[0m: [4242] vm: bit error at page {number:08x}").unwrap(),
            _ => {
                writeln!(block, "stress-ng: info: [4242] vm: pass {}: page {number:08x} verified", number / 16).unwrap()
            }
        }
    }
    let mut file = BufWriter::new(File::create(path).unwrap());
    let mut length = 0;
    while length < LENGTH {
        if let Err(error) = file.write_all(&block) {
            eprintln!("SKIPPED: no room for a log of 10 GB: {error}");
            return None;
        }
        length += block.len() as u64;
    }
    file.flush().unwrap();
    Some(length)
}

/// A pager, and its bell.
fn open(path: &Path, length: u64) -> (Pager, Receiver<()>) {
    let (ring, bell) = sync_channel(1);
    let notify = Arc::new(move || {
        // Full: somebody will look anyway.
        ring.try_send(()).ok();
    });
    (Pager::open(path.to_owned(), length, notify).unwrap(), bell)
}

fn wait<T>(pager: &Pager, bell: &Receiver<()>, mut look: impl FnMut(Answers) -> Option<T>) -> T {
    loop {
        if let Some(found) = look(pager.take()) {
            return found;
        }
        bell.recv().unwrap();
    }
}

fn open_at_end(path: &Path, length: u64) -> Duration {
    let began = Instant::now();
    let (pager, bell) = open(path, length);
    pager.read(Request { serial: 1, anchor: Anchor::End, before: 120, after: 0, times: false });
    let window = wait(&pager, &bell, |answers| answers.window);
    let took = began.elapsed();
    assert!(window.entries.len() >= 60 && window.reaches_end());
    pager.close();
    took
}

fn search(path: &Path, length: u64, pattern: &str) -> (Duration, u64) {
    let (pager, bell) = open(path, length);
    // The index has its own thread; it is over when the search begins, as it is for whoever reads a while.
    wait(&pager, &bell, |answers| answers.extent.filter(|extent| extent.indexed == length));
    let began = Instant::now();
    let seek = Seek { serial: 1, direction: Direction::Forward, from: 0 };
    pager.search(Order::Start { pattern: Pattern::parse(pattern).unwrap(), seek });
    let complete = |answers: Answers| answers.progress.filter(|progress| progress.counted == length);
    let progress = wait(&pager, &bell, complete);
    let took = began.elapsed();
    pager.close();
    (took, progress.matches)
}

fn ripgrep(path: &Path, pattern: &str) -> Option<(Duration, u64)> {
    let began = Instant::now();
    let out = Command::new("rg").args(["--count", "--text", "--no-config", "--"]).arg(pattern).arg(path).output();
    let out = out.ok()?;
    let matches = String::from_utf8(out.stdout).unwrap().trim().parse().unwrap_or(0);
    Some((began.elapsed(), matches))
}

/// A word, a regular expression, and one that is nowhere.
const PATTERNS: [(&str, &str); 3] = [
    ("a word", "bit error at page"),
    ("an expression", "bit (error|flip)s? at page [0-9a-f]+"),
    ("what is not there", "kernel panic"),
];

const BLOCK: usize = 64 << 20;
const LENGTH: u64 = 10_000_000_000;
