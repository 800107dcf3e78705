//! One run that is followed: what is to be done next about it, judged by the fleet. Pure.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::domain::diagnosis::Cause;
use crate::domain::event::Lengths;
use crate::domain::fleet::{AttemptView, LinkView, RunView};
use crate::domain::id::{Attempt, HostId, RunId};
use crate::domain::link::LinkState;
use crate::domain::moment::{Mono, Wall};
use crate::domain::run::{Verdict, next_attempt};
use crate::headless::outcome::How;

/// Which run is to be followed, and from where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    pub run: RunId,
    pub host: HostId,
    /// The first attempt that is of interest; it may be yet to come.
    pub first: Attempt,
    /// Where to begin in its logs.
    pub from: Lengths,
}

/// When there is nothing left to wait for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Until {
    /// It is over, and policy wants no further attempt.
    Over,
    /// It is on its host.
    Started,
    /// It is over, or has withstood being stopped.
    Cancelled,
}

pub(super) struct Seat {
    pub wanted: Wanted,
    /// The attempt that is being read.
    pub current: Option<Current>,
    /// The next one to read.
    next: Attempt,
    /// Whether what is known of the link is of now: a snapshot may tell of yesterday.
    pub link_is_fresh: bool,
    /// The operator ended it from here.
    pub cancelled: bool,
    /// What withstood being stopped.
    pub left_over: Option<Vec<String>>,
    pub giving_up: Option<(How, Mono)>,
    pub end: Option<How>,
    pub bytes: u64,
    pub reconnects: u32,
    pub reboots: u32,
}

pub(super) struct Current {
    pub attempt: Attempt,
    /// How many logs are still being read.
    pub reading: usize,
    /// How far, of each stream.
    pub positions: Positions,
}

/// How far the logs of an attempt were read; written by its readers.
#[derive(Clone, Default)]
pub(super) struct Positions {
    pub out: Arc<AtomicU64>,
    pub err: Arc<AtomicU64>,
}

impl Positions {
    pub(super) fn new(from: Lengths) -> Self {
        Self { out: Arc::new(from.out.into()), err: Arc::new(from.err.into()) }
    }

    pub(super) fn lengths(&self) -> Lengths {
        Lengths { out: self.out.load(Ordering::Relaxed), err: self.err.load(Ordering::Relaxed) }
    }
}

/// What to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Step {
    Wait,
    /// Something may be due at this time.
    WaitUntil(Wall),
    /// Begin to read this attempt.
    Open(Attempt),
    /// It is over: what is left in its logs is all.
    Complete(Attempt),
    /// Everything of it was read.
    Close(Attempt),
    /// It cannot be waited for; it was never started, and must not be, when nobody expects it any more.
    Withdraw(How),
    End(How),
}

impl Seat {
    pub(super) fn new(wanted: Wanted, link_is_fresh: bool, cancelled: bool) -> Self {
        Self {
            next: wanted.first,
            wanted,
            current: None,
            link_is_fresh,
            cancelled,
            left_over: None,
            giving_up: None,
            end: None,
            bytes: 0,
            reconnects: 0,
            reboots: 0,
        }
    }

    pub(super) fn step(
        &self,
        until: Until,
        view: Option<&RunView>,
        link: Option<&LinkView>,
        now: (Mono, Wall),
    ) -> Step {
        if self.end.is_some() {
            return Step::Wait;
        }
        if let Some((how, deadline)) = &self.giving_up {
            let over = view.is_some_and(RunView::is_over);
            return if over || now.0 >= *deadline { Step::End(how.clone()) } else { Step::Wait };
        }
        let latest = view.and_then(RunView::latest).filter(|latest| latest.attempt >= self.wanted.first);
        let alive = latest.is_none_or(|latest| !latest.phase.is_over());
        if alive && let Some(how) = self.hopeless(latest, link) {
            let started = latest.is_some_and(|latest| latest.started.is_some());
            return if started { Step::End(how) } else { Step::Withdraw(how) };
        }
        let (Some(view), Some(latest)) = (view, latest) else { return Step::Wait };
        match until {
            Until::Started if latest.started.is_some() => Step::End(How::Going),
            Until::Started | Until::Over => self.read(view, latest, now.1),
            Until::Cancelled => match &self.left_over {
                Some(left) if !left.is_empty() => Step::End(How::Withstood(left.clone())),
                Some(_) | None => self.read(view, latest, now.1),
            },
        }
    }

    /// Why there is nothing to wait for, as long as the operator does nothing about it.
    fn hopeless(&self, latest: Option<&AttemptView>, link: Option<&LinkView>) -> Option<How> {
        let link = link.filter(|_| self.link_is_fresh)?;
        let started = latest.is_some_and(|latest| latest.started.is_some());
        let cause = link.cause.clone();
        match link.state {
            // Until the operator says otherwise.
            LinkState::Paused if link.hold().is_some() => Some(How::NoContact(cause)),
            LinkState::Refused => Some(How::Refused(cause)),
            // A run that is on its host is waited for as long as anybody tries to reach it.
            LinkState::Lost => (link.retry_at.is_none() || !started).then_some(How::NoContact(cause)),
            LinkState::Reconnecting => {
                let misspelt = matches!(cause, Some(Cause::NameNotResolved(_)));
                (misspelt && !started && link.attempt >= NAME_ATTEMPTS).then_some(How::NoContact(cause))
            }
            LinkState::Idle
            | LinkState::Connecting
            | LinkState::Alive
            | LinkState::Pinging
            | LinkState::Paused
            | LinkState::Rebooted => None,
        }
    }

    fn read(&self, view: &RunView, latest: &AttemptView, now: Wall) -> Step {
        if let Some(current) = &self.current {
            let over = view.attempts.iter().any(|a| a.attempt == current.attempt && a.phase.is_over());
            return match (over, current.reading) {
                (true, 0) => Step::Close(current.attempt),
                (true, _) => Step::Complete(current.attempt),
                (false, _) => Step::Wait,
            };
        }
        if let Some(next) = view.attempts.iter().find(|attempt| attempt.attempt >= self.next) {
            return Step::Open(next.attempt);
        }
        let Some(verdict) = latest.phase.verdict() else { return Step::Wait };
        match self.next_at(view, latest, verdict) {
            Some(at) if now < at + RETRY_GRACE => Step::WaitUntil(at + RETRY_GRACE),
            Some(_) | None => Step::End(How::Ended(verdict.clone())),
        }
    }

    /// When policy makes the next attempt.
    pub(super) fn next_at(&self, view: &RunView, latest: &AttemptView, verdict: &Verdict) -> Option<Wall> {
        let attempts = u32::try_from(view.attempts.len()).unwrap_or(u32::MAX);
        let delay = next_attempt(&view.spec, verdict, attempts).filter(|_| !self.cancelled)?;
        let ended = match latest.phase {
            crate::domain::run::Phase::Ended { at, .. } => at,
            crate::domain::run::Phase::Requested
            | crate::domain::run::Phase::Running
            | crate::domain::run::Phase::Ending => return None,
        };
        Some(latest.retry_at.unwrap_or(ended + delay))
    }

    pub(super) fn open(&mut self, attempt: Attempt, reading: usize, positions: Positions) {
        self.current = Some(Current { attempt, reading, positions });
    }

    pub(super) fn close(&mut self) {
        if let Some(current) = self.current.take() {
            self.next = current.attempt.next();
        }
    }

    /// How to go on with it later, from where it was left.
    pub(super) fn resume(&self) -> Wanted {
        let (first, from) = match &self.current {
            Some(current) => (current.attempt, current.positions.lengths()),
            None if self.next == self.wanted.first => (self.next, self.wanted.from),
            None => (self.next, Lengths::default()),
        };
        Wanted { first, from, ..self.wanted.clone() }
    }

    /// Where in the logs of an attempt to begin.
    pub(super) fn from(&self, attempt: Attempt) -> Lengths {
        if attempt == self.wanted.first { self.wanted.from } else { Lengths::default() }
    }
}

/// A name that is not resolved after as many attempts is taken for misspelt, as long as nothing was started.
pub(super) const NAME_ATTEMPTS: u32 = 5;

/// An attempt that is due and does not come within this time was called off.
const RETRY_GRACE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::{Killer, Phase, RunSpec};

    const NOW: (Mono, Wall) = (Mono(Duration::ZERO), Wall(100_000));

    fn seat(first: u32) -> Seat {
        let run = RunId::from_random(1);
        let host = HostId::parse("h").expect("a name");
        let first = Attempt::new(first).expect("a number");
        Seat::new(Wanted { run, host, first, from: Lengths::default() }, true, false)
    }

    fn view(retries: u32, phases: &[Phase]) -> RunView {
        let mut spec = RunSpec::new("x");
        spec.retry.times = retries;
        spec.retry.delay = Duration::from_secs(60);
        let attempt = |(place, phase): (usize, &Phase)| {
            let number = Attempt::new(u32::try_from(place).expect("small") + 1).expect("a number");
            AttemptView { phase: phase.clone(), ..AttemptView::new(number, Wall(0)) }
        };
        let host = HostId::parse("h").expect("a name");
        let attempts = phases.iter().enumerate().map(attempt).collect();
        RunView { id: RunId::from_random(1), host, spec, attempts }
    }

    fn link(state: LinkState, cause: Option<Cause>, attempt: u32, retry_at: Option<Wall>) -> LinkView {
        LinkView { state, since: Wall(0), cause, evidence: Vec::new(), attempt, retry_at, waits_behind: None }
    }

    fn ended(code: i32) -> Phase {
        Phase::Ended { verdict: Verdict::Finished { code }, at: Wall(100_000) }
    }

    #[test]
    fn an_attempt_is_read_to_its_end_before_the_next_one() {
        let mut seat = seat(1);
        let view = view(1, &[ended(1), Phase::Running]);
        let step = |seat: &Seat| seat.step(Until::Over, Some(&view), None, NOW);
        assert_eq!(step(&seat), Step::Open(Attempt::FIRST));
        seat.open(Attempt::FIRST, 1, Positions::default());
        assert_eq!(step(&seat), Step::Complete(Attempt::FIRST));
        seat.open(Attempt::FIRST, 0, Positions::default());
        assert_eq!(step(&seat), Step::Close(Attempt::FIRST));
        seat.close();
        assert_eq!(step(&seat), Step::Open(Attempt::FIRST.next()));
        seat.open(Attempt::FIRST.next(), 1, Positions::default());
        assert_eq!(step(&seat), Step::Wait);
    }

    #[test]
    fn a_further_attempt_of_policy_is_waited_for_unless_the_operator_ended_it() {
        let mut seat = seat(1);
        seat.open(Attempt::FIRST, 0, Positions::default());
        seat.close();
        let failed = view(1, &[ended(1)]);
        let due = Wall(100_000) + Duration::from_secs(60) + RETRY_GRACE;
        assert_eq!(seat.step(Until::Over, Some(&failed), None, NOW), Step::WaitUntil(due));
        let end = Step::End(How::Ended(Verdict::Finished { code: 1 }));
        assert_eq!(seat.step(Until::Over, Some(&failed), None, (NOW.0, due)), end);
        seat.cancelled = true;
        assert_eq!(seat.step(Until::Over, Some(&failed), None, NOW), end);
    }

    #[test]
    fn an_attempt_asked_for_is_waited_for_although_the_one_before_is_over() {
        assert_eq!(seat(2).step(Until::Over, Some(&view(0, &[ended(0)])), None, NOW), Step::Wait);
    }

    #[test]
    fn what_cannot_be_started_is_withdrawn_and_what_runs_is_left_alone() {
        let refused = link(LinkState::Refused, Some(Cause::PortRefused), 1, None);
        let requested = view(0, &[Phase::Requested]);
        let how = How::Refused(Some(Cause::PortRefused));
        assert_eq!(seat(1).step(Until::Over, Some(&requested), Some(&refused), NOW), Step::Withdraw(how.clone()));
        assert_eq!(seat(1).step(Until::Started, None, Some(&refused), NOW), Step::Withdraw(how.clone()));
        let mut running = view(0, &[Phase::Running]);
        running.attempts[0].started = Some(crate::domain::event::Started {
            at_host: None,
            pid: 1,
            attached: false,
            launcher: String::new(),
            terminal: String::new(),
            directory: String::new(),
            boot: crate::domain::boot::BootIdentity::default(),
        });
        assert_eq!(seat(1).step(Until::Over, Some(&running), Some(&refused), NOW), Step::End(how));
        let trying = link(LinkState::Lost, None, 9, Some(Wall(1)));
        assert_eq!(seat(1).step(Until::Over, Some(&running), Some(&trying), NOW), Step::Open(Attempt::FIRST));
        let given_up = link(LinkState::Lost, None, 9, None);
        assert_eq!(seat(1).step(Until::Over, Some(&running), Some(&given_up), NOW), Step::End(How::NoContact(None)));
        assert_eq!(seat(1).step(Until::Started, Some(&running), None, NOW), Step::End(How::Going));
    }

    #[test]
    fn a_misspelt_name_is_not_tried_for_ever_and_an_old_snapshot_proves_nothing() {
        let cause = Some(Cause::NameNotResolved("typo".into()));
        let requested = view(0, &[Phase::Requested]);
        let at = |attempt| link(LinkState::Reconnecting, cause.clone(), attempt, Some(Wall(1)));
        let step = |seat: &Seat, link| seat.step(Until::Started, Some(&requested), Some(&link), NOW);
        assert_eq!(step(&seat(1), at(4)), Step::Open(Attempt::FIRST));
        assert_eq!(step(&seat(1), at(5)), Step::Withdraw(How::NoContact(cause.clone())));
        let mut stale = seat(1);
        stale.link_is_fresh = false;
        assert_eq!(step(&stale, at(5)), Step::Open(Attempt::FIRST));
    }

    #[test]
    fn a_cancel_ends_with_the_run_or_with_what_withstood_it() {
        let mut seat = seat(1);
        let running = view(0, &[Phase::Running]);
        seat.open(Attempt::FIRST, 0, Positions::default());
        assert_eq!(seat.step(Until::Cancelled, Some(&running), None, NOW), Step::Wait);
        seat.left_over = Some(Vec::new());
        assert_eq!(seat.step(Until::Cancelled, Some(&running), None, NOW), Step::Wait);
        seat.left_over = Some(vec!["7 sleep".into()]);
        let withstood = How::Withstood(vec!["7 sleep".into()]);
        assert_eq!(seat.step(Until::Cancelled, Some(&running), None, NOW), Step::End(withstood));
        seat.left_over = None;
        seat.close();
        let verdict = Verdict::Killed { signal: 15, by: Killer::Operator };
        let over = view(0, &[Phase::Ended { verdict: verdict.clone(), at: Wall(0) }]);
        assert_eq!(seat.step(Until::Cancelled, Some(&over), None, NOW), Step::End(How::Ended(verdict)));
    }
}
