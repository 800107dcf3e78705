//! What is printed where: output as it comes, or line by line behind its host's name; notes between
//! lines, never within one.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::app::output::Sanitizer;
use crate::domain::id::HostId;
use crate::domain::run::Stream;
use crate::headless::console::Console;
use crate::headless::lines::Lines;
use crate::port::Clock;

/// One thing to print.
pub(super) enum Print {
    Output {
        source: usize,
        stream: Stream,
        bytes: Vec<u8>,
    },
    /// This attempt has written everything.
    End {
        source: usize,
        stream: Stream,
    },
    /// For people, on stderr; with its newline.
    Note(String),
    /// For programs, on stdout; with its newline.
    Line(String),
    /// Answered when everything before it is written.
    Flush(oneshot::Sender<()>),
}

/// How output is laid out.
pub(super) enum Layout {
    /// One run: byte for byte, or made harmless on a terminal.
    Plain { out: Plain, err: Plain },
    /// Several: `err` is `None` where both go to one terminal.
    Prefixed { out: Lines, err: Option<Lines> },
}

/// A stream that is printed as it comes.
pub(super) struct Plain {
    cleaner: Option<Sanitizer>,
    terminal: bool,
    /// The last byte was a newline, or nothing was printed yet.
    at_start: bool,
}

impl Layout {
    pub(super) fn plain(console: &Console) -> Self {
        Self::Plain { out: Plain::new(console.out_terminal), err: Plain::new(console.err_terminal) }
    }

    pub(super) fn prefixed(console: &Console, hosts: &[HostId], out_color: bool, err_color: bool) -> Self {
        let out = Lines::new(prefixes(hosts, out_color), console.out_terminal);
        let err = (!console.shared).then(|| Lines::new(prefixes(hosts, err_color), console.err_terminal));
        Self::Prefixed { out, err }
    }
}

impl Plain {
    fn new(terminal: bool) -> Self {
        Self { cleaner: terminal.then(Sanitizer::default), terminal, at_start: true }
    }

    fn pass(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        let bytes = match &mut self.cleaner {
            Some(cleaner) => {
                let mut clean = Vec::with_capacity(bytes.len());
                cleaner.write(&bytes, &mut clean);
                clean
            }
            None => bytes,
        };
        self.at_start = bytes.last().map_or(self.at_start, |last| *last == b'\n');
        bytes
    }

    fn finish(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        if let Some(cleaner) = self.cleaner.as_mut().map(std::mem::take) {
            cleaner.finish(&mut rest);
        }
        rest
    }

    /// What ends the line on a terminal; a file gets no byte that the command did not write.
    fn end_line(&mut self) -> Vec<u8> {
        if self.at_start || !self.terminal {
            return Vec::new();
        }
        self.at_start = true;
        b"\x1b[0m\n".to_vec()
    }
}

/// `[db1]   `, all of one width.
fn prefixes(hosts: &[HostId], color: bool) -> Vec<Vec<u8>> {
    let width = hosts.iter().map(|host| host.as_str().chars().count()).max().unwrap_or(0);
    let prefix = |(place, host): (usize, &HostId)| {
        let padding = " ".repeat(width - host.as_str().chars().count());
        match COLORS.get(place % COLORS.len()).filter(|_| color) {
            Some(sgr) => format!("\x1b[{sgr}m[{host}]\x1b[0m{padding} "),
            None => format!("[{host}]{padding} "),
        }
    };
    let both = hosts.iter().enumerate().map(prefix).flat_map(|prefix| [prefix.clone(), prefix]);
    both.map(String::into_bytes).collect()
}

/// Prints until its senders are gone.
pub(super) async fn run(mut items: mpsc::Receiver<Print>, console: Console, mut layout: Layout, clock: Arc<dyn Clock>) {
    loop {
        let now = clock.now().mono;
        let due = layout.due().map_or(FAR, |due| due.since(now));
        tokio::select! {
            item = items.recv() => match item {
                Some(item) => print(item, &console, &mut layout, clock.as_ref()).await,
                None => break,
            },
            () = tokio::time::sleep(due) => {
                let now = clock.now().mono;
                let (out, err) = layout.flush_due(now);
                console.out(out).await;
                console.err(err).await;
            }
        }
    }
}

async fn print(item: Print, console: &Console, layout: &mut Layout, clock: &dyn Clock) {
    match item {
        Print::Output { source, stream, bytes } => {
            let (out, err) = layout.output(clock, source, stream, bytes);
            console.out(out).await;
            console.err(err).await;
        }
        Print::End { source, stream } => {
            let (out, err) = layout.end(source, stream);
            console.out(out).await;
            console.err(err).await;
        }
        Print::Note(text) => {
            let mut bytes = layout.end_line(console.shared);
            bytes.extend_from_slice(text.as_bytes());
            console.err(bytes).await;
        }
        Print::Line(text) => console.out(text.into_bytes()).await,
        Print::Flush(done) => {
            console.flush().await;
            // Whoever asked may have left.
            done.send(()).ok();
        }
    }
}

/// What goes to stdout, and what to stderr.
type Pieces = (Vec<u8>, Vec<u8>);

impl Layout {
    fn output(&mut self, clock: &dyn Clock, source: usize, stream: Stream, bytes: Vec<u8>) -> Pieces {
        match (self, stream) {
            (Self::Plain { out, .. }, Stream::Out) => (out.pass(bytes), Vec::new()),
            (Self::Plain { err, .. }, Stream::Err) => (Vec::new(), err.pass(bytes)),
            (Self::Prefixed { out, err }, stream) => {
                let (mut to_out, mut to_err) = Pieces::default();
                let (lines, to) = choose(stream, out, err, &mut to_out, &mut to_err);
                lines.feed(clock.now().mono, index(source, stream), &bytes, to);
                (to_out, to_err)
            }
        }
    }

    fn end(&mut self, source: usize, stream: Stream) -> Pieces {
        match (self, stream) {
            (Self::Plain { out, .. }, Stream::Out) => (out.finish(), Vec::new()),
            (Self::Plain { err, .. }, Stream::Err) => (Vec::new(), err.finish()),
            (Self::Prefixed { out, err }, stream) => {
                let (mut to_out, mut to_err) = Pieces::default();
                let (lines, to) = choose(stream, out, err, &mut to_out, &mut to_err);
                lines.finish(index(source, stream), to);
                (to_out, to_err)
            }
        }
    }

    fn due(&self) -> Option<crate::domain::moment::Mono> {
        match self {
            Self::Plain { .. } => None,
            Self::Prefixed { out, err } => out.due().into_iter().chain(err.as_ref().and_then(Lines::due)).min(),
        }
    }

    fn flush_due(&mut self, now: crate::domain::moment::Mono) -> Pieces {
        let (mut to_out, mut to_err) = Pieces::default();
        if let Self::Prefixed { out, err } = self {
            out.flush_due(now, &mut to_out);
            if let Some(err) = err {
                err.flush_due(now, &mut to_err);
            }
        }
        (to_out, to_err)
    }

    /// Ends the line that stands where a note will be written.
    fn end_line(&mut self, shared: bool) -> Vec<u8> {
        match self {
            Self::Plain { out, err } => {
                let mut bytes = if shared { out.end_line() } else { Vec::new() };
                bytes.extend(err.end_line());
                bytes
            }
            Self::Prefixed { out, err } => {
                let mut bytes = Vec::new();
                err.as_mut().unwrap_or(out).end_line(&mut bytes);
                bytes
            }
        }
    }
}

fn choose<'a>(
    stream: Stream,
    out: &'a mut Lines,
    err: &'a mut Option<Lines>,
    to_out: &'a mut Vec<u8>,
    to_err: &'a mut Vec<u8>,
) -> (&'a mut Lines, &'a mut Vec<u8>) {
    match (stream, err) {
        (Stream::Err, Some(err)) => (err, to_err),
        (Stream::Err, None) | (Stream::Out, _) => (out, to_out),
    }
}

fn index(source: usize, stream: Stream) -> usize {
    source * 2
        + match stream {
            Stream::Out => 0,
            Stream::Err => 1,
        }
}

/// Told apart on dark and light backgrounds; neither red nor green, which mean something.
const COLORS: [&str; 4] = ["36", "33", "35", "34"];

/// Nothing rests: something else wakes us.
const FAR: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Mutex, PoisonError};

    use super::*;
    use crate::clock::SystemClock;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Sink {
        fn text(&self) -> String {
            String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
        }
    }

    fn output(source: usize, stream: Stream, text: &[u8]) -> Print {
        Print::Output { source, stream, bytes: text.to_vec() }
    }

    /// What arrives on stdout and stderr; on a terminal both are one.
    async fn printed(terminal: bool, hosts: &[&str], items: Vec<Print>) -> (String, String) {
        let (out, err) = (Sink::default(), Sink::default());
        let err_sink = if terminal { out.clone() } else { err.clone() };
        let console = Console::start(Box::new(out.clone()), Box::new(err_sink), terminal, terminal);
        let hosts: Vec<HostId> = hosts.iter().filter_map(|host| HostId::parse(host).ok()).collect();
        let layout = match hosts.len() {
            1 => Layout::plain(&console),
            _ => Layout::prefixed(&console, &hosts, false, false),
        };
        let (send, receive) = mpsc::channel(100);
        for item in items {
            assert!(send.send(item).await.is_ok());
        }
        drop(send);
        run(receive, console.clone(), layout, Arc::new(SystemClock)).await;
        console.flush().await;
        (out.text(), err.text())
    }

    #[tokio::test]
    async fn a_file_gets_the_bytes_of_the_command_and_nothing_else() {
        let items = vec![
            output(0, Stream::Out, b"\x1b[2Jpart"),
            Print::Note("note\n".into()),
            output(0, Stream::Err, b"wrong"),
            output(0, Stream::Out, b"\xff\n"),
        ];
        let (out, err) = printed(false, &["a"], items).await;
        assert_eq!(out, String::from_utf8_lossy(b"\x1b[2Jpart\xff\n"));
        assert_eq!(err, "note\nwrong");
    }

    #[tokio::test]
    async fn on_a_terminal_a_note_stands_in_a_line_of_its_own_and_nothing_draws() {
        let items = vec![output(0, Stream::Out, b"\x1b[2Jpart"), Print::Note("note\n".into())];
        assert_eq!(printed(true, &["a"], items).await.0, "part\x1b[0m\nnote\n");
        let items = vec![output(0, Stream::Out, b"whole\n"), Print::Note("note\n".into())];
        assert_eq!(printed(true, &["a"], items).await.0, "whole\nnote\n");
    }

    #[tokio::test]
    async fn several_hosts_are_aligned() {
        let items = vec![
            output(0, Stream::Out, b"one\n"),
            output(1, Stream::Err, b"oops\n"),
            output(1, Stream::Out, b"rest"),
            Print::End { source: 1, stream: Stream::Out },
        ];
        let (out, err) = printed(false, &["a", "long"], items).await;
        assert_eq!((out.as_str(), err.as_str()), ("[a]    one\n[long] rest\n", "[long] oops\n"));
    }
}
