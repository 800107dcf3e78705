//! What is done with a log besides showing it, in tasks of their own: copying lines, saving all of it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

use super::clipboard;
use super::merger::Part;
use super::pager::as_u64;
use crate::app::log::{LogId, News, SAVING, Save};
use crate::app::output::{Pattern, PlainText, Style, decode, words};
use crate::app::{Msg, say};
use crate::ledger::{Destination, SaveError, expand};
use crate::supervisor::Handle;

/// The tasks; at most [`MOST`], and what comes on top is refused in words.
pub(super) struct Works {
    handle: Handle,
    tasks: JoinSet<Done>,
    /// How far the save has come.
    saving: Arc<Mutex<Option<String>>>,
    said: Option<String>,
}

/// What came of one.
pub(super) enum Done {
    Msg(Msg),
    /// For the terminal's own clipboard, where it has one.
    Clip {
        text: String,
        said: Option<String>,
    },
}

impl Works {
    pub(super) fn new(handle: Handle) -> Self {
        Self { handle, tasks: JoinSet::new(), saving: Arc::default(), said: None }
    }

    /// Text to the clipboard.
    pub(super) fn copy_text(&mut self, text: String) -> Result<(), String> {
        self.room()?;
        self.tasks.spawn(async move { clip(Copied { text, lines: 0, left_out: None }, false).await });
        Ok(())
    }

    /// Lines of a log to the clipboard.
    pub(super) fn copy_lines(
        &mut self,
        of: LogId,
        (from, to): (u64, u64),
        filter: Option<Pattern>,
    ) -> Result<(), String> {
        let handle = self.handle.clone();
        self.copy_read(move || {
            let tail = handle.output(of.0, of.1);
            let end = *tail.end.borrow();
            let mut file = File::open(&tail.path)?;
            file.seek(SeekFrom::Start(from))?;
            lines(file, from, to.min(end), filter.as_ref())
        })
    }

    /// The same of what is merged.
    pub(super) fn copy_part(
        &mut self,
        part: Part,
        (from, to): (u64, u64),
        filter: Option<Pattern>,
    ) -> Result<(), String> {
        self.copy_read(move || lines(part, from, to, filter.as_ref()))
    }

    fn copy_read(&mut self, read: impl FnOnce() -> io::Result<Copied> + Send + 'static) -> Result<(), String> {
        self.room()?;
        self.tasks.spawn(async move {
            let read = tokio::task::spawn_blocking(read);
            match read.await.unwrap_or_else(|error| Err(io::Error::other(error))) {
                Ok(copied) if copied.lines == 0 => Done::Msg(Msg::Failed("no line to copy".into())),
                Ok(copied) => clip(copied, true).await,
                Err(error) => Done::Msg(Msg::Failed(format!("nothing copied: failed to read the log: {error}"))),
            }
        });
        Ok(())
    }

    pub(super) fn save(&mut self, save: Save) -> Result<(), String> {
        self.room()?;
        let (handle, saving) = (self.handle.clone(), Arc::clone(&self.saving));
        self.tasks.spawn_blocking(move || {
            let told = |words| *saving.lock().unwrap_or_else(PoisonError::into_inner) = words;
            let home = directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned());
            let path = expand(&save.name, home.as_deref());
            let tail = handle.output(save.of.0, save.of.1);
            let end = *tail.end.borrow();
            let copied = copy(&tail.path, &path, end, &save, |percent| {
                told(Some(format!("{SAVING}{}: {percent} % of {}", path.display(), say::bytes(end))));
            });
            told(None);
            Done::Msg(match copied {
                Ok(bytes) => Msg::Done(format!("saved {}: {}", path.display(), say::bytes(bytes))),
                Err(SaveError::Exists(_)) => Msg::Log(News::Exists(save)),
                Err(error) => Msg::Failed(with_cause(&error)),
            })
        });
        Ok(())
    }

    /// The next that is done; waits for ever when nothing is being done. Cancel-safe.
    pub(super) async fn next(&mut self) -> Done {
        match self.tasks.join_next().await {
            Some(Ok(done)) => done,
            Some(Err(_)) => Done::Msg(Msg::Failed("a task panicked".into())),
            None => std::future::pending().await,
        }
    }

    /// How far a save has come, when that has changed.
    pub(super) fn progress(&mut self) -> Option<Msg> {
        let now = self.saving.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let changed = now.is_some() && now != self.said;
        self.said = now;
        self.said.clone().filter(|_| changed).map(|words| Msg::Log(News::Saving(words)))
    }

    fn room(&self) -> Result<(), String> {
        let busy = self.tasks.len() >= MOST;
        if busy { Err("still busy with what was asked before: try again".into()) } else { Ok(()) }
    }
}

fn with_cause(error: &dyn std::error::Error) -> String {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("failed to {error}{cause}")
}

/// Text of a log.
struct Copied {
    text: String,
    lines: usize,
    /// Why it is not all of it.
    left_out: Option<&'static str>,
}

/// To the system's clipboard; what is left for the terminal's, and what is to be said.
async fn clip(mut copied: Copied, say_it: bool) -> Done {
    let given = clipboard::give(&copied.text, &|name| std::env::var(name).ok()).await;
    if !given && copied.text.len() > clipboard::LIMIT {
        // Whole lines only: what is cut in two is taken for all of it.
        let cut = (0..=clipboard::LIMIT).rev().find(|at| copied.text.is_char_boundary(*at)).unwrap_or(0);
        let cut = copied.text.get(..cut).and_then(|text| text.rfind('\n')).map_or(cut, |at| at + 1);
        copied.text.truncate(cut);
        copied.lines = copied.text.lines().count();
        copied.left_out = Some("the terminal takes no more");
    }
    let said = say_it.then(|| copied.words());
    // A cut sequence must not take the place of the whole text that the tool has.
    let text = if given && copied.text.len() > clipboard::LIMIT { String::new() } else { copied.text };
    Done::Clip { text, said }
}

impl Copied {
    fn words(&self) -> String {
        let number = words::grouped(u64::try_from(self.lines).unwrap_or(u64::MAX));
        let lines = if self.lines == 1 { "line" } else { "lines" };
        let size = say::bytes(u64::try_from(self.text.len()).unwrap_or(u64::MAX));
        match self.left_out {
            None => format!("copied {number} {lines}, {size}"),
            Some(why) => format!("copied only the first {number} {lines}, {size}: {why}; S saves the log"),
        }
    }
}

/// The lines that begin in `from..to`, as they are shown; at most [`MOST_COPIED`] of text.
/// `bytes` are those from `from` on.
fn lines(bytes: impl Read, from: u64, to: u64, filter: Option<&Pattern>) -> io::Result<Copied> {
    let mut input = BufReader::with_capacity(64 << 10, bytes);
    let mut copied = Copied { text: String::new(), lines: 0, left_out: None };
    let (mut at, mut raw, mut pen) = (from, Vec::new(), Style::default());
    while at < to {
        raw.clear();
        at += as_u64((&mut input).take(MOST_LINE).read_until(b'\n', &mut raw)?);
        if raw.is_empty() {
            break;
        }
        let mut rest = raw.last() != Some(&b'\n');
        while rest {
            // Of a line that is longer nothing more is shown either.
            let (skipped, ended) = skip(&mut input)?;
            at += as_u64(skipped);
            rest = !ended && skipped > 0;
        }
        let line = decode::line(&raw, &mut pen);
        if filter.is_some_and(|filter| !filter.regex().is_match(line.text().as_bytes())) {
            continue;
        }
        if copied.text.len() + line.text().len() > MOST_COPIED {
            copied.left_out = Some("more is not put into a clipboard");
            break;
        }
        copied.text.push_str(line.text());
        copied.text.push('\n');
        copied.lines += 1;
    }
    Ok(copied)
}

/// Passes over what is buffered, up to and with a line's end; says how much that was, and whether it ended.
fn skip(input: &mut impl BufRead) -> io::Result<(usize, bool)> {
    let buffer = input.fill_buf()?;
    let end = memchr::memchr(b'\n', buffer);
    let count = end.map_or(buffer.len(), |at| at + 1);
    input.consume(count);
    Ok((count, end.is_some()))
}

/// Copies a log up to `end`; says how many bytes were written, and on the way how far it has come.
fn copy(log: &Path, to: &Path, end: u64, save: &Save, mut told: impl FnMut(u64)) -> Result<u64, SaveError> {
    let failed = |source| SaveError::Io { path: to.to_owned(), source };
    let mut out = Destination::create(to, save.overwrite, log)?;
    let mut plain = PlainText::default();
    let (mut read, mut written, mut buffer, mut text) = (0, 0, vec![0; 256 << 10], Vec::new());
    let file = match File::open(log) {
        Ok(file) => Some(file),
        // Nothing was written yet.
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed(error)),
    };
    let mut input = file.map(|file| file.take(end));
    while let Some(file) = &mut input {
        let count = file.read(&mut buffer).map_err(failed)?;
        let bytes = buffer.get(..count).unwrap_or_default();
        text.clear();
        let bytes = match (save.plain, count) {
            (false, _) => bytes,
            (true, 0) => {
                std::mem::take(&mut plain).finish(&mut text);
                &text
            }
            (true, _) => {
                plain.write(bytes, &mut text);
                &text
            }
        };
        out.write_all(bytes).map_err(failed)?;
        written += as_u64(bytes.len());
        read += as_u64(count);
        if count == 0 {
            break;
        }
        told(words::percent(read, end));
    }
    out.finish()?;
    Ok(written)
}

/// Copies and saves at once: more are asked for by a key that is held down.
const MOST: usize = 4;

/// Bytes of text that go to a clipboard at most.
const MOST_COPIED: usize = 4 << 20;

/// Bytes of one line that are looked at.
const MOST_LINE: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::AttemptId;
    use crate::domain::run::Stream;

    fn log(bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("runs/r/1/out.log");
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(&path, bytes).expect("written");
        (dir, path)
    }

    fn at(path: &Path, from: u64) -> File {
        let mut file = File::open(path).expect("a file");
        file.seek(SeekFrom::Start(from)).expect("a place");
        file
    }

    #[test]
    fn lines_are_copied_as_they_are_shown() {
        let (_dir, path) = log(b"one\r\n\x1b[31mtwo\x1b[0m\r\n 10%\r100%\r\nfour\xff");
        let of = |from, to, filter: Option<&str>| {
            let filter = filter.map(|text| Pattern::parse(text).expect("a pattern"));
            let copied = lines(at(&path, from), from, to, filter.as_ref()).expect("read");
            (copied.text.clone(), copied.words())
        };
        assert_eq!(of(0, 1, None), ("one\n".into(), "copied 1 line, 4 B".into()));
        assert_eq!(of(5, u64::MAX, None).0, "two\n100%\nfour\\xff\n");
        assert_eq!(of(0, u64::MAX, Some("^t|f")).0, "two\nfour\\xff\n");
    }

    #[test]
    fn what_is_copied_is_bounded_and_says_so() {
        let (_dir, path) = log(&b"0123456789abcdef\n".repeat(600_000));
        let copied = lines(at(&path, 0), 0, u64::MAX, None).expect("read");
        assert!(copied.text.len() <= MOST_COPIED && copied.lines > 200_000);
        assert!(copied.words().contains("copied only the first 246,7"), "{}", copied.words());
        let (_dir, path) = log(&[&b"x".repeat(3 << 20)[..], b"\nnext\n"].concat());
        let copied = lines(at(&path, 0), 0, u64::MAX, None).expect("read");
        assert!(copied.lines == 2 && copied.text.ends_with("\nnext\n"), "a long line costs its own rest only");
    }

    #[test]
    fn a_log_is_saved_raw_or_plain() {
        let (dir, path) = log(b"\x1b[31mred\x1b[0m\r\nend");
        let of = (AttemptId::parse("0123456789.1").expect("an id"), Stream::Out);
        let out = tempfile::tempdir().expect("a directory");
        for (plain, wanted) in [(false, &b"\x1b[31mred\x1b[0m\r\nen"[..]), (true, b"red\nen")] {
            let save = Save { of, name: String::new(), plain, overwrite: true };
            let mut told = Vec::new();
            let to = out.path().join("copy");
            let written = copy(&path, &to, 18 - 2, &save, |percent| told.push(percent)).expect("saved");
            let there = std::fs::read(&to).expect("there");
            assert_eq!((written, there.as_slice(), told), (as_u64(wanted.len()), wanted, vec![100]));
        }
        let save = Save { of, name: String::new(), plain: false, overwrite: false };
        assert!(matches!(copy(&path, &out.path().join("copy"), 9, &save, |_| ()), Err(SaveError::Exists(_))));
        let inside = dir.path().join("mine");
        let error = copy(&path, &inside, 9, &save, |_| ()).expect_err("in the ledger");
        assert!(with_cause(&error).starts_with("failed to save to "), "{error}");
    }
}
