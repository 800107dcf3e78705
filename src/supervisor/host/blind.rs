//! What a host's task tells after it was blind: for how long, why, and what the runs wrote meanwhile.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::domain::blind::CatchUp;
use crate::domain::event::{Fact, OutputMark, RunFact};
use crate::domain::id::AttemptId;
use crate::domain::moment::Moment;
use crate::domain::run::Stream;
use crate::ledger::Ledger;
use crate::supervisor::host::HostTask;
use crate::supervisor::host::calls::Outcome;
use crate::supervisor::host::runs::Seat;
use crate::supervisor::hub::{HostNews, News};

/// A run that catches up.
#[derive(Clone, Copy)]
pub(super) struct Catching {
    pub catch_up: CatchUp,
    /// The end of its log when we saw the host again.
    log_offset: u64,
    /// Over the connection of before: what it brought before we looked is not known from what came after.
    held: bool,
}

/// A run that has caught up by `bytes`.
pub(super) struct CaughtUp {
    id: AttemptId,
    catching: Catching,
    bytes: u64,
}

impl HostTask {
    /// The host is seen (again), maybe over a connection that held: its runs begin to catch up with what we
    /// missed.
    pub(super) fn see_again(&mut self, now: Moment, held: bool) {
        let Some(span) = self.blind.take(now.mono) else { return };
        for seat in self.seats.values_mut() {
            if let Some((from, log_offset)) = seat.output_end() {
                seat.catching = Some(Catching { catch_up: CatchUp::new(span, from), log_offset, held });
            }
        }
    }

    /// Tells of those that hold everything now.
    pub(super) fn tell_caught_up(&mut self) {
        let done: Vec<_> = self.seats.iter_mut().filter_map(|(id, seat)| seat.take_caught_up(*id, false)).collect();
        for caught_up in done {
            let telling = self.telling(caught_up);
            self.calls.spawn(async move {
                telling.await;
                Outcome::Done
            });
        }
    }
}

impl Seat {
    /// What it caught up with, if it has; at its end, as far as it came.
    pub(super) fn take_caught_up(&mut self, id: AttemptId, over: bool) -> Option<CaughtUp> {
        let catching = self.catching?;
        let (position, _) = self.output_end()?;
        let rest = over.then(|| position.saturating_sub(catching.catch_up.from));
        let bytes = catching.catch_up.caught_up(position).or(rest)?;
        self.catching = None;
        Some(CaughtUp { id, catching, bytes })
    }
}

impl HostTask {
    /// Publishes what a run caught up with: the mark, then the words.
    pub(super) fn telling(&self, caught_up: CaughtUp) -> impl Future<Output = ()> + Send + use<> {
        let (ledger, outlet, host) = (self.around.ledger.clone(), self.around.news.clone(), self.around.host.clone());
        async move {
            for fact in facts(ledger, caught_up).await {
                // An error means that the hub has stopped.
                outlet.send(HostNews { host: host.clone(), news: News::Fact(fact) }).await.ok();
            }
        }
    }
}

/// The mark in the output and the words, after counting the lines of the log.
async fn facts(ledger: Ledger, CaughtUp { id, catching, bytes }: CaughtUp) -> Vec<Fact> {
    let Catching { catch_up, log_offset, held } = catching;
    let span = catch_up.span;
    let bytes = if held { 0 } else { bytes };
    let mark =
        OutputMark::Blind { log_offset, duration: span.duration, cause: span.cause.word().into(), caught_up: bytes };
    let kept = mark.clone();
    let counted = tokio::task::spawn_blocking(move || {
        if let Err(error) = ledger.mark(id, Stream::Out, kept) {
            tracing::warn!(%id, %error, "blind time is not marked in the log");
        }
        lines(&ledger.log_path(id, Stream::Out), log_offset, bytes).unwrap_or_default()
    });
    let lines = counted.await.unwrap_or_default();
    let words = catch_up.words((!held).then_some(lines));
    vec![Fact::Output { id, stream: Stream::Out, mark }, Fact::Run { id, fact: RunFact::Notice(words) }]
}

/// Newlines in a part of a log, whatever its size, in constant memory.
fn lines(path: &Path, from: u64, length: u64) -> std::io::Result<u64> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let (mut part, mut buffer, mut count) = (file.take(length), vec![0; 64 * 1024], 0);
    loop {
        let read = part.read(&mut buffer)?;
        if read == 0 {
            return Ok(count);
        }
        count += memchr::memchr_iter(b'\n', buffer.get(..read).unwrap_or_default()).count() as u64;
    }
}
