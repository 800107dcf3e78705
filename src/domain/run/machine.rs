//! What one attempt is doing: a pure machine, driven like [`Link`](crate::domain::link::Link).
//!
//! A cut link never changes an attempt; it only makes what we know of it older. Effects go out only
//! while connected; whatever was in flight when the link went is asked again, because every call to
//! the host is idempotent.

use std::collections::VecDeque;
use std::time::Duration;

use crate::domain::event::{CancelReason, Lengths, RunFact, Stuck};
use crate::domain::id::{AttemptId, Epoch};
use crate::domain::moment::{Moment, Mono};
use crate::domain::run::limit_clock::LimitClock;
use crate::domain::run::{RunEffect, RunInput, RunSpec, Stream, Verdict};

/// One attempt on its host.
#[derive(Clone, Debug)]
pub struct HostRun {
    pub(super) id: AttemptId,
    pub(super) spec: RunSpec,
    pub(super) stage: Stage,
    /// The session that it can be asked over.
    pub(super) epoch: Option<Epoch>,
    /// One control call at a time.
    pub(super) control: Control,
    pub(super) follows: [Follow; 2],
    /// The next spool offsets that we want.
    pub(super) position: Lengths,
    /// What we held when the link came up: a spool shorter than this was reverted.
    pub(super) held: Lengths,
    pub(super) acknowledged: Lengths,
    pub(super) acknowledging: bool,
    /// When something small is acknowledged too.
    pub(super) acknowledge_at: Mono,
    pub(super) cancel: Option<CancelReason>,
    pub(super) cancelled: bool,
    pub(super) disk_low: bool,
    /// Why its spool cannot grow, as told.
    pub(super) stuck: Option<Stuck>,
    /// Looks in a row that found no directory, or a spool shorter than what we hold.
    pub(super) doubts: u32,
    /// The host's notice that was told last, and when.
    pub(super) noticed: Option<(String, Mono)>,
    pub(super) clock: LimitClock,
    /// What the host said last of the spool's size.
    pub(super) told: Lengths,
    /// A limit seems to have passed: a look is to show whether the run wrote or ended meanwhile.
    pub(super) limit_in_doubt: bool,
    pub(super) effects: VecDeque<RunEffect>,
    pub(super) facts: VecDeque<RunFact>,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Stage {
    /// `asked`: a start may have reached the host. `refusals` in a row.
    Requested {
        asked: bool,
        refusals: u32,
    },
    Running,
    /// Over on the host; complete once we hold `sizes`.
    Ending {
        verdict: Verdict,
        sizes: Lengths,
    },
    Over,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Control {
    Idle,
    /// A start or a cancel is in flight; the driver limits it.
    Busy,
    /// A look is in flight; a follower's report is as good an answer.
    Looking,
    /// The next call.
    At(Mono),
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Follow {
    Closed {
        again: Mono,
        pause: Duration,
    },
    Opening {
        pause: Duration,
    },
    Open {
        pause: Duration,
    },
    /// The host has given up what we wanted next; that is being written down here.
    Marking,
}

impl HostRun {
    /// An attempt that was written down, and perhaps sent: the host knows.
    #[must_use]
    pub fn requested(id: AttemptId, spec: RunSpec, asked: bool) -> Self {
        Self::new(id, spec, Stage::Requested { asked, refusals: 0 }, Lengths::default(), Duration::ZERO)
    }

    /// An attempt that was seen on the host before, and of which our logs hold `position`;
    /// `counted` of its total limit is spent.
    #[must_use]
    pub fn resumed(id: AttemptId, spec: RunSpec, position: Lengths, counted: Duration) -> Self {
        Self::new(id, spec, Stage::Running, position, counted)
    }

    fn new(id: AttemptId, spec: RunSpec, stage: Stage, position: Lengths, counted: Duration) -> Self {
        let clock = LimitClock::new(spec.limits, counted);
        Self {
            id,
            spec,
            stage,
            epoch: None,
            control: Control::Idle,
            follows: [CLOSED; 2],
            position,
            held: position,
            acknowledged: Lengths::default(),
            acknowledging: false,
            acknowledge_at: Mono::default(),
            cancel: None,
            cancelled: false,
            disk_low: false,
            stuck: None,
            doubts: 0,
            noticed: None,
            clock,
            told: position,
            limit_in_doubt: false,
            effects: VecDeque::new(),
            facts: VecDeque::new(),
        }
    }

    #[must_use]
    pub fn id(&self) -> AttemptId {
        self.id
    }

    #[must_use]
    pub fn spec(&self) -> &RunSpec {
        &self.spec
    }

    #[must_use]
    pub fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    /// Whether the host has been asked about it over this session and has answered.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        match self.stage {
            Stage::Over | Stage::Ending { .. } => true,
            Stage::Requested { .. } => false,
            Stage::Running => self.follows.iter().any(|follow| matches!(follow, Follow::Open { .. })),
        }
    }

    /// Whether it goes on, as far as we know: while connected its host should tell of it every few seconds.
    #[must_use]
    pub fn is_going(&self) -> bool {
        self.stage == Stage::Running
    }

    pub fn handle_input(&mut self, now: Moment, input: RunInput) {
        if self.is_over() {
            return;
        }
        match input {
            RunInput::Connected(epoch) => self.handle_connected(now, epoch),
            RunInput::Disconnected { blind } => self.handle_disconnected(now, blind),
            RunInput::Stored { stream, position } => self.handle_stored(now, stream, position),
            RunInput::Cancel(reason) => self.request_cancel(reason),
            RunInput::Stalled(length) => self.clock.forgive(length),
            RunInput::StartAnswered { epoch, attached, evidence } if self.epoch == Some(epoch) => {
                self.control = Control::Idle;
                self.note_started(&evidence, attached);
                self.handle_evidence(now, &evidence);
            }
            RunInput::StartFailed { epoch, reason, final_ } if self.epoch == Some(epoch) => {
                self.handle_start_failed(now, reason, final_);
            }
            RunInput::Looked { epoch, evidence } if self.epoch == Some(epoch) => {
                // A follower's report, which comes unasked, ends no other call.
                if self.control == Control::Looking {
                    self.control = Control::Idle;
                }
                self.handle_evidence(now, &evidence);
            }
            RunInput::LookFailed { epoch } | RunInput::CancelFailed { epoch } if self.epoch == Some(epoch) => {
                self.control = Control::At(now.mono + CONTROL_PAUSE);
            }
            RunInput::Followed { epoch, stream, answer } if self.epoch == Some(epoch) => {
                self.handle_followed(now, stream, answer);
            }
            RunInput::FollowEnded { epoch, stream } if self.epoch == Some(epoch) => {
                self.handle_follow_ended(now, stream);
            }
            RunInput::CancelAnswered { epoch, left_over, evidence } if self.epoch == Some(epoch) => {
                self.control = Control::Idle;
                self.cancelled = true;
                self.facts.push_back(RunFact::Cancelled { left_over });
                self.handle_evidence(now, &evidence);
                if self.stage == Stage::Running && self.cancel == Some(CancelReason::Operator) {
                    // Something withstood it: the operator may ask again.
                    self.cancel = None;
                    self.cancelled = false;
                }
            }
            RunInput::Acknowledged { epoch } if self.epoch == Some(epoch) => self.acknowledging = false,
            // Answers over a session that is no more.
            RunInput::StartAnswered { .. }
            | RunInput::StartFailed { .. }
            | RunInput::Looked { .. }
            | RunInput::LookFailed { .. }
            | RunInput::CancelFailed { .. }
            | RunInput::Followed { .. }
            | RunInput::FollowEnded { .. }
            | RunInput::CancelAnswered { .. }
            | RunInput::Acknowledged { .. } => {}
        }
        self.advance(now);
    }

    /// Does what is due at `now`; harmless when nothing is.
    pub fn handle_timeout(&mut self, now: Moment) {
        if self.is_over() {
            return;
        }
        if self.cancel.is_none() && self.clock.passed(now.mono).is_some() {
            // A line that went silent a moment ago looks like a run that does: only the host knows.
            if self.epoch.is_some() {
                self.limit_in_doubt = true;
            } else {
                self.judge_limits(now);
            }
        }
        self.advance(now);
    }

    /// When [`HostRun::handle_timeout`] is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Mono> {
        if self.is_over() {
            return None;
        }
        let limit = self.clock.deadline().filter(|_| self.cancel.is_none() && !self.limit_in_doubt);
        if self.epoch.is_none() {
            return limit;
        }
        let control = match self.control {
            Control::At(at) => Some(at),
            Control::Idle | Control::Busy | Control::Looking => None,
        };
        let follows = self.spec.io.streams().iter().filter_map(|&stream| match self.follows[index(stream)] {
            Follow::Closed { again, .. } if self.wants(stream) => Some(again),
            Follow::Closed { .. } | Follow::Opening { .. } | Follow::Open { .. } | Follow::Marking => None,
        });
        let acknowledge = (!self.acknowledging && self.position != self.acknowledged).then_some(self.acknowledge_at);
        limit.into_iter().chain(control).chain(follows).chain(acknowledge).min()
    }

    pub fn poll_effect(&mut self) -> Option<RunEffect> {
        self.effects.pop_front()
    }

    pub fn poll_fact(&mut self) -> Option<RunFact> {
        self.facts.pop_front()
    }

    // --- link

    pub(super) fn handle_connected(&mut self, now: Moment, epoch: Epoch) {
        self.epoch = Some(epoch);
        // A follower's first word is a look; only what was never started needs a call of its own.
        self.control = match self.stage {
            Stage::Requested { .. } => Control::At(now.mono),
            Stage::Running | Stage::Ending { .. } | Stage::Over => Control::Idle,
        };
        self.follows = [CLOSED; 2];
        self.held = self.position;
        self.acknowledging = false;
        self.acknowledge_at = now.mono + ACKNOWLEDGE_PACE;
        self.clock.count_total(now.mono, self.stage == Stage::Running);
    }

    pub(super) fn handle_disconnected(&mut self, now: Moment, blind: Option<Mono>) {
        self.epoch = None;
        self.limit_in_doubt = false;
        self.control = Control::Idle;
        self.follows = [CLOSED; 2];
        self.clock.count_idle(now.mono, false);
        let on = self.stage == Stage::Running && blind.is_none();
        self.clock.count_total(blind.unwrap_or(now.mono), on);
    }

    // --- what is next

    pub(super) fn advance(&mut self, now: Moment) {
        if self.is_over() {
            return;
        }
        if let Stage::Ending { verdict, sizes } = &self.stage
            && self.position.out >= sizes.out
            && self.position.err >= sizes.err
        {
            let verdict = verdict.clone();
            self.finish(verdict);
            return;
        }
        let Some(epoch) = self.epoch else { return };
        self.advance_control(now, epoch);
        for &stream in self.spec.io.streams() {
            if let Follow::Closed { again, pause } = self.follows[index(stream)]
                && self.wants(stream)
                && now.mono >= again
            {
                self.follows[index(stream)] = Follow::Opening { pause };
                self.effects.push_back(RunEffect::Follow { epoch, stream, from: of(self.position, stream) });
            }
        }
        self.advance_acknowledgement(now, epoch);
    }

    pub(super) fn advance_control(&mut self, now: Moment, epoch: Epoch) {
        let due = match self.control {
            Control::Busy | Control::Looking => false,
            Control::At(at) => now.mono >= at,
            Control::Idle => self.cancel_is_due() || self.limit_in_doubt,
        };
        if !due {
            return;
        }
        self.control = Control::Busy;
        match (&mut self.stage, self.cancel) {
            (Stage::Requested { .. } | Stage::Running, Some(reason)) if !self.cancelled => {
                self.effects.push_back(RunEffect::Cancel { epoch, grace: self.spec.grace, reason });
            }
            (Stage::Requested { asked, .. }, _) => {
                *asked = true;
                self.effects.push_back(RunEffect::Start(epoch));
            }
            (Stage::Running, _) => {
                self.control = Control::Looking;
                self.effects.push_back(RunEffect::Look(epoch));
            }
            (Stage::Ending { .. } | Stage::Over, _) => self.control = Control::Idle,
        }
    }

    pub(super) fn finish(&mut self, verdict: Verdict) {
        for &stream in self.spec.io.streams() {
            self.effects.push_back(RunEffect::StopFollow(stream));
        }
        self.stage = Stage::Over;
        self.facts.push_back(RunFact::Ended { verdict, lengths: self.position });
    }
}

pub(super) fn index(stream: Stream) -> usize {
    match stream {
        Stream::Out => 0,
        Stream::Err => 1,
    }
}

pub(super) fn of(lengths: Lengths, stream: Stream) -> u64 {
    match stream {
        Stream::Out => lengths.out,
        Stream::Err => lengths.err,
    }
}

/// Before a follower that ended by itself is started again; doubles while nothing comes.
pub(super) const FOLLOW_PAUSE: Duration = Duration::from_millis(200);

pub(super) const CLOSED: Follow = Follow::Closed { again: Mono(Duration::ZERO), pause: FOLLOW_PAUSE };

/// Before a control call that failed is tried again.
const CONTROL_PAUSE: Duration = Duration::from_secs(2);

/// Less than that is acknowledged this often: a synced disk per minute is nothing.
pub(super) const ACKNOWLEDGE_PACE: Duration = Duration::from_secs(60);

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
