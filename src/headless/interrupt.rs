//! ctrl-C and its relatives: what they mean, and how the operator is asked.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// What the process was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Told {
    Interrupt,
    Terminate,
    HangUp,
}

/// What to do about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Act {
    Ask,
    /// Leave the runs alone and go, telling how to come back.
    Detach,
    /// The same without a word: whoever sent the signal does not read.
    DetachQuietly,
}

/// What the operator answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    Detach,
    Cancel,
    GoOn,
}

/// `asked`: the question stands, or a cancel is under way. `terminal`: there is somebody to ask.
pub(super) fn decide(told: Told, asked: bool, terminal: bool) -> Act {
    match (told, asked, terminal) {
        (Told::Interrupt, false, true) => Act::Ask,
        (Told::Interrupt, true, true) | (Told::Interrupt, _, false) => Act::Detach,
        (Told::Terminate | Told::HangUp, _, _) => Act::DetachQuietly,
    }
}

impl Answer {
    pub(super) fn parse(line: &str) -> Self {
        match line.trim().to_lowercase().as_str() {
            "d" | "detach" => Self::Detach,
            "c" | "cancel" => Self::Cancel,
            _ => Self::GoOn,
        }
    }
}

/// Listens to signals beside everything else.
pub(super) struct Interrupts {
    asks: mpsc::Receiver<()>,
    asked: Arc<AtomicBool>,
    pub leave: Leave,
    _task: JoinSet<()>,
}

/// Cancelled when it is to leave now, whatever it waits for.
#[derive(Clone)]
pub(super) struct Leave {
    pub token: CancellationToken,
    quiet: Arc<AtomicBool>,
}

impl Leave {
    pub(super) fn is_quiet(&self) -> bool {
        self.quiet.load(Ordering::Relaxed)
    }
}

impl Interrupts {
    pub(super) fn listen() -> std::io::Result<Self> {
        let signals = [
            (Told::Interrupt, signal(SignalKind::interrupt())?),
            (Told::Terminate, signal(SignalKind::terminate())?),
            (Told::HangUp, signal(SignalKind::hangup())?),
        ];
        let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        // Room for the one question that can stand.
        let (ask, asks) = mpsc::channel(1);
        let asked = Arc::new(AtomicBool::new(false));
        let leave = Leave { token: CancellationToken::new(), quiet: Arc::default() };
        let mut task = JoinSet::new();
        for (told, signal) in signals {
            task.spawn(watch(told, signal, terminal, ask.clone(), Arc::clone(&asked), leave.clone()));
        }
        Ok(Self { asks, asked, leave, _task: task })
    }

    /// Completes when the operator is to be asked. Cancel-safe.
    pub(super) async fn asks(&mut self) {
        if self.asks.recv().await.is_none() {
            std::future::pending().await
        }
    }

    /// From here on ctrl-C asks again.
    pub(super) fn calm(&self) {
        self.asked.store(false, Ordering::Relaxed);
    }
}

async fn watch(
    told: Told,
    mut signal: Signal,
    terminal: bool,
    ask: mpsc::Sender<()>,
    asked: Arc<AtomicBool>,
    leave: Leave,
) {
    while signal.recv().await.is_some() {
        match decide(told, asked.load(Ordering::Relaxed), terminal) {
            Act::Ask => {
                asked.store(true, Ordering::Relaxed);
                ask.try_send(()).ok();
            }
            Act::Detach => leave.token.cancel(),
            Act::DetachQuietly => {
                leave.quiet.store(true, Ordering::Relaxed);
                leave.token.cancel();
            }
        }
    }
}

/// Reads one line from the terminal. What was typed before the question is no answer to it.
pub(super) fn read_answer() -> oneshot::Receiver<Answer> {
    let (answer, wait) = oneshot::channel();
    // Not a task: it hangs in `read` when the operator does not answer, and nobody waits for it then.
    let thread = std::thread::Builder::new().name("question".into());
    let body = move || {
        rustix::termios::tcflush(std::io::stdin(), rustix::termios::QueueSelector::IFlush).ok();
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line);
        answer.send(if read.is_ok() { Answer::parse(&line) } else { Answer::GoOn }).ok();
    };
    // If it cannot be started the question has no answer, and it goes on.
    thread.spawn(body).ok();
    wait
}

pub(super) const QUESTION: &str = "d detaches, c cancels, anything else goes on; then enter: ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_signal_means() {
        for (told, asked, terminal, act) in [
            (Told::Interrupt, false, true, Act::Ask),
            (Told::Interrupt, true, true, Act::Detach),
            (Told::Interrupt, false, false, Act::Detach),
            (Told::Interrupt, true, false, Act::Detach),
            (Told::Terminate, false, true, Act::DetachQuietly),
            (Told::Terminate, true, false, Act::DetachQuietly),
            (Told::HangUp, false, true, Act::DetachQuietly),
            (Told::HangUp, true, true, Act::DetachQuietly),
        ] {
            assert_eq!(decide(told, asked, terminal), act, "{told:?} {asked} {terminal}");
        }
    }

    #[test]
    fn only_a_clear_answer_ends_anything() {
        for (line, answer) in [
            ("d\n", Answer::Detach),
            ("Detach\r\n", Answer::Detach),
            ("c\n", Answer::Cancel),
            (" CANCEL \n", Answer::Cancel),
            ("\n", Answer::GoOn),
            ("", Answer::GoOn),
            ("ccc\n", Answer::GoOn),
            ("no\n", Answer::GoOn),
        ] {
            assert_eq!(Answer::parse(line), answer, "{line:?}");
        }
    }
}
