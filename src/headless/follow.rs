//! Follows runs: their events, and their output out of the logs, until there is nothing left to wait
//! for or the operator leaves. The one loop behind `run`, `attach`, `rerun`, `cancel`.

mod settle;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::domain::command::Command;
use crate::domain::event::{BootFact, CancelReason, Event, Fact, RunFact};
use crate::domain::fleet::Fleet;
use crate::domain::id::{HostId, Seq};
use crate::domain::link::LinkState;
use crate::headless::console::Console;
use crate::headless::interrupt::{Answer, Interrupts, Leave, QUESTION, read_answer};
use crate::headless::jsonl;
use crate::headless::note::{self, Note, Tone};
use crate::headless::outcome::{Left, Outcome};
use crate::headless::printer::{self, Layout, Print};
use crate::headless::reader::Read;
use crate::headless::seat::{Seat, Until, Wanted};
use crate::ledger::Ledger;
use crate::port::Clock;
use crate::supervisor::{CommandError, Handle, Subscription, Update};

/// What following needs.
#[derive(Clone)]
pub struct Following {
    pub handle: Handle,
    pub ledger: Ledger,
    pub console: Console,
    pub clock: Arc<dyn Clock>,
    pub show: Show,
    pub until: Until,
    /// Events of before are shown too, from the beginning of the run.
    pub replay: bool,
    pub out_color: bool,
    pub err_color: bool,
}

/// What is printed on stdout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Show {
    Output,
    /// Events as JSON Lines, and no notes for people beside them.
    Events,
    Nothing,
}

impl Show {
    #[must_use]
    pub fn asked(detach: bool, json: bool) -> Self {
        match (detach, json) {
            (true, _) => Self::Nothing,
            (false, true) => Self::Events,
            (false, false) => Self::Output,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    #[error(transparent)]
    Supervisor(#[from] CommandError),
    #[error("listen to signals")]
    Signals(#[source] std::io::Error),
}

/// Sends `commands` and follows `wanted`, which are of the same runs.
///
/// # Errors
/// When the supervisor has stopped.
pub async fn follow(
    how: Following,
    updates: Subscription,
    wanted: Vec<Wanted>,
    commands: Vec<Command>,
) -> Result<Outcome, FollowError> {
    let interrupts = Interrupts::listen().map_err(FollowError::Signals)?;
    let (prints, items) = mpsc::channel(PRINTS);
    let hosts: Vec<HostId> = wanted.iter().map(|wanted| wanted.host.clone()).collect();
    let layout = match hosts.as_slice() {
        [_] => Layout::plain(&how.console),
        [] | [_, _, ..] => Layout::prefixed(&how.console, &hosts, how.out_color, how.err_color),
    };
    let mut printing = JoinSet::new();
    printing.spawn(printer::run(items, how.console.clone(), layout, Arc::clone(&how.clock)));
    let cancelling = how.until == Until::Cancelled;
    // Our own supervisor's links begin with us; another's go on, but what is asked for now has not
    // been tried yet.
    let fresh = how.handle.holder().is_none() || commands.is_empty();
    let seats = wanted.into_iter().map(|wanted| Seat::new(wanted, fresh, cancelling)).collect();
    let fleet = updates.snapshot.clone();
    let leave = interrupts.leave.clone();
    let mut follower =
        Follower { how, updates, fleet, seats, prints, readers: JoinSet::new(), overs: Vec::new(), leave };
    follower.overs.resize_with(follower.seats.len(), || watch::Sender::new(false));
    follower.wake_links(&commands).await?;
    for command in commands {
        follower.command(command).await?;
    }
    if follower.how.replay {
        follower.print_journal(Seq(0), follower.fleet.seq, true).await;
    }
    let left = follower.run(interrupts).await?;
    Ok(follower.finish(left).await)
}

pub(super) struct Follower {
    how: Following,
    updates: Subscription,
    fleet: Fleet,
    seats: Vec<Seat>,
    prints: mpsc::Sender<Print>,
    readers: JoinSet<Read>,
    /// Tells the readers of each seat that the attempt is over.
    overs: Vec<watch::Sender<bool>>,
    leave: Leave,
}

impl Follower {
    async fn run(&mut self, mut interrupts: Interrupts) -> Result<Left, FollowError> {
        let mut answer: Option<oneshot::Receiver<Answer>> = None;
        let mut holder = tokio::time::interval(HOLDER_PACE);
        holder.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let (leave, gone) = (self.leave.token.clone(), self.how.console.gone().clone());
        loop {
            let pause = self.settle().await;
            if self.seats.iter().all(|seat| seat.end.is_some()) {
                return Ok(Left::Over);
            }
            tokio::select! {
                biased;
                () = leave.cancelled() => return Ok(Left::Detached { quiet: self.leave.is_quiet() }),
                () = gone.cancelled() => return Ok(Left::ReaderGone),
                () = interrupts.asks() => {
                    self.tell(Print::Note(QUESTION.into())).await;
                    answer = Some(read_answer());
                }
                given = answered(&mut answer) => {
                    answer = None;
                    match given {
                        Answer::Detach => return Ok(Left::Detached { quiet: false }),
                        Answer::Cancel => self.cancel_all().await?,
                        Answer::GoOn => interrupts.calm(),
                    }
                }
                Some(read) = self.readers.join_next() => if let Ok(read) = read { self.handle_read(read).await },
                update = self.updates.next() => match update {
                    Update::Event(event) => self.handle_event(&event).await,
                    Update::Lagged(fleet) => self.handle_lag(*fleet).await,
                    Update::Stopped => return Err(CommandError::Stopped.into()),
                },
                _ = holder.tick(), if self.how.handle.holder().is_some() => if self.is_orphaned().await {
                    return Ok(Left::Orphaned);
                },
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Prints, unless it is time to leave: nobody waits for a terminal that was stopped.
    async fn tell(&self, print: Print) {
        tokio::select! {
            biased;
            () = self.leave.token.cancelled() => {}
            _ = self.prints.send(print) => {}
        }
    }

    async fn note(&self, note: Note) {
        if self.how.show != Show::Events {
            self.tell(Print::Note(note.line(self.how.err_color))).await;
        }
    }

    async fn handle_event(&mut self, event: &Event) {
        if self.concerns(event) {
            if let Some(note) = note::of(event, &self.fleet) {
                self.note(note).await;
            }
            if self.how.show == Show::Events {
                self.tell(Print::Line(jsonl::event(event))).await;
            }
        }
        self.count(event);
        self.fleet.apply(event);
    }

    /// Events were skipped: the state is there, and a program gets the rest out of the ledger.
    async fn handle_lag(&mut self, fleet: Fleet) {
        self.print_journal(self.fleet.seq, fleet.seq, false).await;
        for seat in &mut self.seats {
            seat.link_is_fresh = true;
        }
        self.fleet = fleet;
    }

    /// Prints what the journal has after `after`, for programs; with `runs_only`, from the first event
    /// of one of the runs on.
    async fn print_journal(&self, mut after: Seq, until: Seq, runs_only: bool) {
        let mut begun = !runs_only;
        while self.how.show == Show::Events && after < until && !self.leave.token.is_cancelled() {
            let ledger = self.how.ledger.clone();
            let page = tokio::task::spawn_blocking(move || ledger.events(after, PAGE)).await;
            let Ok(Ok(events)) = page else { return };
            let Some(last) = events.last().map(|event| event.seq) else { return };
            for event in events.iter().filter(|event| event.seq <= until) {
                begun = begun || matches!(event.fact, Fact::Run { .. }) && self.concerns(event);
                if begun && self.concerns(event) {
                    self.tell(Print::Line(jsonl::event(event))).await;
                }
            }
            after = last;
        }
    }

    fn concerns(&self, event: &Event) -> bool {
        let run = match &event.fact {
            Fact::Run { id, .. } | Fact::Output { id, .. } => Some(id.run),
            Fact::Link(_)
            | Fact::Network { .. }
            | Fact::Boot(_)
            | Fact::Health(_)
            | Fact::Operator(_)
            | Fact::Supervisor(_) => None,
        };
        let host = event.host.as_ref();
        self.seats.iter().any(|seat| {
            host.is_none_or(|host| *host == seat.wanted.host) && run.is_none_or(|run| run == seat.wanted.run)
        })
    }

    /// Takes in what is told of a run and its host at the end.
    fn count(&mut self, event: &Event) {
        let reachable = event.host.as_ref().and_then(|host| self.fleet.hosts.get(host));
        let known = reachable.is_some_and(|host| host.boot.is_some());
        for seat in self.seats.iter_mut().filter(|seat| Some(&seat.wanted.host) == event.host.as_ref()) {
            match &event.fact {
                Fact::Link(change) => {
                    seat.link_is_fresh = true;
                    let back = change.to.is_connected() && !change.from.is_connected();
                    if back && known && change.from != LinkState::Connecting {
                        seat.reconnects += 1;
                    }
                }
                Fact::Boot(BootFact::Rebooted { .. }) => seat.reboots += 1,
                Fact::Run { id, fact: RunFact::Cancelled { left_over } } if id.run == seat.wanted.run => {
                    seat.left_over = Some(left_over.clone());
                }
                Fact::Run { .. }
                | Fact::Boot(
                    BootFact::Identified(_)
                    | BootFact::Evidence { .. }
                    | BootFact::System { .. }
                    | BootFact::Reverted { .. },
                )
                | Fact::Network { .. }
                | Fact::Output { .. }
                | Fact::Health(_)
                | Fact::Operator(_)
                | Fact::Supervisor(_) => {}
            }
        }
    }

    /// Hosts that another supervisor has given up are tried again when something is asked of them.
    async fn wake_links(&self, commands: &[Command]) -> Result<(), CommandError> {
        if self.how.handle.holder().is_none() || commands.is_empty() {
            return Ok(());
        }
        for seat in &self.seats {
            let state = self.fleet.hosts.get(&seat.wanted.host).map(|host| host.link.state);
            if matches!(state, Some(LinkState::Refused | LinkState::Lost)) {
                self.command(Command::Reconnect(seat.wanted.host.clone())).await?;
            }
        }
        Ok(())
    }

    /// Hands a command over; a supervisor that is busy is asked again, for as long as it takes.
    async fn command(&self, command: Command) -> Result<(), CommandError> {
        loop {
            match self.how.handle.command(command.clone()) {
                Err(CommandError::Busy) if !self.leave.token.is_cancelled() => {
                    tokio::time::sleep(BUSY_PAUSE).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn cancel_all(&mut self) -> Result<(), CommandError> {
        for place in 0..self.seats.len() {
            let Some(seat) = self.seats.get_mut(place).filter(|seat| seat.end.is_none()) else { continue };
            seat.cancelled = true;
            let run = seat.wanted.run;
            self.command(Command::Cancel { run, reason: CancelReason::Operator }).await?;
        }
        self.note(Note::new(None, Tone::Plain, "stopping; ctrl-C again leaves without waiting for it")).await;
        Ok(())
    }

    async fn is_orphaned(&self) -> bool {
        let ledger = self.how.ledger.clone();
        tokio::task::spawn_blocking(move || ledger.holder().is_none()).await.unwrap_or(false)
    }

    /// Everything is printed, unless nobody waits for that.
    async fn finish(mut self, left: Left) -> Outcome {
        self.readers.shutdown().await;
        let (done, wait) = oneshot::channel();
        if left != Left::ReaderGone {
            self.tell(Print::Flush(done)).await;
            tokio::select! {
                () = self.leave.token.cancelled() => {}
                _ = wait => {}
            }
        }
        Outcome { left, runs: self.outcomes() }
    }
}

async fn answered(answer: &mut Option<oneshot::Receiver<Answer>>) -> Answer {
    match answer {
        Some(wait) => wait.await.unwrap_or(Answer::GoOn),
        None => std::future::pending().await,
    }
}

/// Things to print that wait for the printer. Full: readers wait, and notes do.
const PRINTS: usize = 16;

/// Events read out of the ledger at a time.
const PAGE: usize = 1000;

/// How often a viewer looks whether anybody still holds the ledger.
const HOLDER_PACE: Duration = Duration::from_secs(2);

/// Before a busy supervisor is asked again.
const BUSY_PAUSE: Duration = Duration::from_millis(20);
