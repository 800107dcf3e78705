//! Reads the logs whose output is shown as one stream: the last lines of each by the times at which they
//! arrived, then what comes as it comes.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::feed::TimesOf;
use crate::app::App;
use crate::app::log::LogId;
use crate::app::merged::MergedLine;
use crate::app::output::{Line, Style, decode, words};
use crate::domain::moment::Wall;
use crate::port::Clock;
use crate::supervisor::Handle;

pub(super) struct Merger {
    handle: Handle,
    times_of: Option<TimesOf>,
    clock: Arc<dyn Clock>,
    reading: Option<Reading>,
}

struct Reading {
    logs: Vec<LogId>,
    /// Room for one: the next lines are read when these have been taken.
    lines: mpsc::Receiver<Vec<MergedLine>>,
    /// Ends with this.
    _task: JoinSet<()>,
}

impl Merger {
    pub(super) fn new(handle: Handle, times_of: Option<TimesOf>, clock: Arc<dyn Clock>) -> Self {
        Self { handle, times_of, clock, reading: None }
    }

    /// Begins or ends to read, as the screen wants it.
    pub(super) fn follow(&mut self, app: &App) {
        let wanted: Option<Vec<_>> =
            app.merged().map(|merged| merged.sources.iter().map(|source| source.log).collect());
        if self.reading.as_ref().map(|reading| &reading.logs) == wanted.as_ref() {
            return;
        }
        self.reading = wanted.map(|logs| {
            let (sender, lines) = mpsc::channel(1);
            let mut task = JoinSet::new();
            let merging = Merging {
                handle: self.handle.clone(),
                times_of: self.times_of.clone(),
                clock: Arc::clone(&self.clock),
                logs: logs.clone(),
            };
            task.spawn(merging.run(sender));
            Reading { logs, lines, _task: task }
        });
    }

    /// The next lines, and of which logs; waits for ever when none are read. Cancel-safe.
    pub(super) async fn next(&mut self) -> (Vec<LogId>, Vec<MergedLine>) {
        if let Some(reading) = &mut self.reading
            && let Some(lines) = reading.lines.recv().await
        {
            return (reading.logs.clone(), lines);
        }
        std::future::pending().await
    }
}

struct Merging {
    handle: Handle,
    times_of: Option<TimesOf>,
    clock: Arc<dyn Clock>,
    logs: Vec<LogId>,
}

impl Merging {
    async fn run(self, sender: mpsc::Sender<Vec<MergedLine>>) {
        let this = Arc::new(self);
        let first = Arc::clone(&this);
        let Ok((mut tails, mut lines)) = tokio::task::spawn_blocking(move || first.begin()).await else { return };
        loop {
            if !lines.is_empty() && sender.send(lines).await.is_err() {
                return;
            }
            tokio::time::sleep(PACE).await;
            if sender.is_closed() {
                return;
            }
            let next = Arc::clone(&this);
            let read = tokio::task::spawn_blocking(move || {
                let lines = next.go_on(&mut tails);
                (tails, lines)
            });
            let Ok(done) = read.await else { return };
            (tails, lines) = done;
        }
    }

    /// The last lines of all logs, in the order of the times at which they arrived.
    fn begin(&self) -> (Vec<Tail>, Vec<MergedLine>) {
        let (mut tails, mut all) = (Vec::new(), Vec::new());
        for (source, &log) in self.logs.iter().enumerate() {
            let mut tail = Tail::new(&self.handle, log);
            let from = tail.at;
            let mut samples = Vec::new();
            if let Some(times_of) = &self.times_of {
                let end = *tail.end.borrow();
                samples = times_of(log.0, log.1).of(from..end);
            }
            let when = |offset: u64| -> Option<Wall> {
                let known = samples.partition_point(|&(start, _)| start <= offset).checked_sub(1)?;
                samples.get(known).map(|&(_, at)| at)
            };
            for (offset, line, left_out) in tail.read() {
                all.push(MergedLine { source, at: when(offset), line, left_out });
            }
            tails.push(tail);
        }
        // Stable: what came at the same time stays in the order of the hosts, and of their lines.
        all.sort_by_key(|line| line.at);
        (tails, all)
    }

    /// What has come since; within one look in the order of the hosts.
    fn go_on(&self, tails: &mut [Tail]) -> Vec<MergedLine> {
        let at = Some(self.clock.now().wall);
        let mut all = Vec::new();
        for (source, (tail, &log)) in tails.iter_mut().zip(&self.logs).enumerate() {
            if tail.end.has_changed().is_err() {
                // Who writes it has changed, after a reconnect or a takeover.
                tail.end = self.handle.output(log.0, log.1).end;
            }
            let lines = tail.read().into_iter();
            all.extend(lines.map(|(_, line, left_out)| MergedLine { source, at, line, left_out }));
        }
        all
    }
}

/// One log and how far it has been read.
struct Tail {
    path: PathBuf,
    end: watch::Receiver<u64>,
    at: u64,
    /// The beginning of a line that is not ended yet.
    held: Vec<u8>,
    /// What comes until the next newline belongs to a line whose beginning was left out.
    within: bool,
    pen: Style,
}

impl Tail {
    fn new(handle: &Handle, log: LogId) -> Self {
        let output = handle.output(log.0, log.1);
        let at = output.end.borrow().saturating_sub(FIRST);
        Self { path: output.path, end: output.end, at, held: Vec::new(), within: at > 0, pen: Style::default() }
    }

    /// The lines that have been ended since, where they begin, and whether they are our words for what was
    /// left out. A log that cannot be read now is read with the next look.
    fn read(&mut self) -> Vec<(u64, Line, bool)> {
        let mut lines = Vec::new();
        let end = *self.end.borrow_and_update();
        if end < self.at {
            // It was cut: what comes now is new.
            (self.at, self.within) = (end, false);
            self.held.clear();
        }
        let over = (end - self.at).saturating_sub(MOST);
        if over > 0 {
            let mut pen = Style::default();
            let words = format!("({} left out: too fast to show)", words::bytes(over));
            lines.push((self.at, decode::line(words.as_bytes(), &mut pen), true));
            self.at += over;
            self.held.clear();
            self.within = true;
        }
        if let Ok(bytes) = self.bytes(end) {
            for part in bytes.split_inclusive(|&byte| byte == b'\n') {
                self.take(part, &mut lines);
            }
        }
        lines
    }

    fn take(&mut self, part: &[u8], lines: &mut Vec<(u64, Line, bool)>) {
        let start = self.at - self.held.len() as u64;
        self.at += part.len() as u64;
        let ended = part.ends_with(b"\n");
        if self.within {
            self.within = !ended;
            return;
        }
        let room = LONGEST.saturating_sub(self.held.len());
        self.held.extend_from_slice(part.get(..part.len().min(room)).unwrap_or_default());
        if ended {
            lines.push((start, decode::line(&self.held, &mut self.pen), false));
            self.held.clear();
        }
    }

    fn bytes(&self, end: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if end > self.at {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(self.at))?;
            file.take(end - self.at).read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    }
}

/// Bytes of each log that it begins with.
const FIRST: u64 = 32 << 10;

/// Bytes of one log that are read at once; what is more is left out, and told.
const MOST: u64 = 128 << 10;

/// Bytes of one line that are shown.
const LONGEST: usize = 4 << 10;

/// Twenty looks a second.
const PACE: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn texts(lines: &[(u64, Line, bool)]) -> Vec<&str> {
        lines.iter().map(|(_, line, _)| line.text()).collect()
    }

    #[test]
    fn lines_come_when_they_are_whole_and_a_flood_is_left_out_in_words() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        let (length, end) = watch::channel(0);
        let (held, pen) = (Vec::new(), Style::default());
        let mut tail = Tail { path: file.path().to_owned(), end, at: 0, held, within: false, pen };
        let mut write = |bytes: &[u8]| {
            file.write_all(bytes).expect("written");
            length.send_replace(file.as_file().metadata().expect("a length").len());
        };
        write(b"one\ntw");
        assert_eq!(texts(&tail.read()), ["one"]);
        assert!(tail.read().is_empty());
        write(b"o\r\nthree\n");
        let lines = tail.read();
        assert_eq!((texts(&lines), lines[0].0), (vec!["two", "three"], 4));
        write(&b"x".repeat(300 << 10));
        write(b"\nafter\n");
        let lines = tail.read();
        assert!(lines[0].2 && texts(&lines)[0].contains("left out"), "{:?}", texts(&lines));
        assert_eq!(texts(&lines)[1..], ["after"]);
        write(&b"y".repeat(50 << 10));
        write(b"\n");
        assert!(tail.read()[0].1.width() <= LONGEST, "a long line is cut");
        file.as_file().set_len(3).expect("cut");
        length.send_replace(3);
        assert!(tail.read().is_empty());
    }
}
