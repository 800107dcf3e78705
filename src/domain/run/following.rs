//! The part of [`HostRun`] that fetches output and lets the host forget it.

use std::time::Duration;

use crate::domain::id::Epoch;
use crate::domain::moment::Moment;
use crate::domain::run::machine::{ACKNOWLEDGE_PACE, CLOSED, Control, FOLLOW_PAUSE, Follow, Stage, index, of};
use crate::domain::run::{FollowAnswer, HostRun, RunEffect, Stream};

impl HostRun {
    pub(super) fn handle_followed(&mut self, now: Moment, stream: Stream, answer: FollowAnswer) {
        let Follow::Opening { pause } = self.follows[index(stream)] else { return };
        match answer {
            FollowAnswer::Opened => {
                self.follows[index(stream)] = Follow::Open { pause };
                self.clock.count_idle(now.mono, true);
            }
            FollowAnswer::Gap { base } => {
                let from = of(self.position, stream);
                self.follows[index(stream)] = CLOSED;
                if base > from {
                    self.effects.push_back(RunEffect::MarkGap { stream, from, to: base });
                    self.follows[index(stream)] = Follow::Marking;
                }
            }
            FollowAnswer::Short | FollowAnswer::Missing => {
                let again = now.mono + pause;
                self.follows[index(stream)] = Follow::Closed { again, pause: longer(pause) };
                if self.control == Control::Idle {
                    self.control = Control::At(now.mono);
                }
            }
        }
    }

    pub(super) fn handle_follow_ended(&mut self, now: Moment, stream: Stream) {
        let pause = match self.follows[index(stream)] {
            Follow::Closed { .. } | Follow::Marking => return,
            Follow::Opening { pause } | Follow::Open { pause } => pause,
        };
        self.follows[index(stream)] = Follow::Closed { again: now.mono + pause, pause: longer(pause) };
        if self.control == Control::Idle {
            // Perhaps because it is over.
            self.control = Control::At(now.mono);
        }
    }

    pub(super) fn handle_stored(&mut self, now: Moment, stream: Stream, position: u64) {
        let place = match stream {
            Stream::Out => &mut self.position.out,
            Stream::Err => &mut self.position.err,
        };
        if position <= *place {
            return;
        }
        *place = position;
        self.clock.grown(now.mono);
        self.follows[index(stream)] = match self.follows[index(stream)] {
            Follow::Open { .. } => Follow::Open { pause: FOLLOW_PAUSE },
            Follow::Marking => CLOSED,
            other @ (Follow::Opening { .. } | Follow::Closed { .. }) => other,
        };
    }

    /// Whether there is, or may come, something of this stream that we do not hold.
    pub(super) fn wants(&self, stream: Stream) -> bool {
        match &self.stage {
            Stage::Requested { .. } | Stage::Over => false,
            Stage::Running => true,
            Stage::Ending { sizes, .. } => of(self.position, stream) < of(*sizes, stream),
        }
    }

    pub(super) fn advance_acknowledgement(&mut self, now: Moment, epoch: Epoch) {
        if self.acknowledging || self.position == self.acknowledged {
            return;
        }
        let due = ACKNOWLEDGE_BYTES.min(self.spec.spool_limit / 4);
        let much = self.position.out.saturating_sub(self.acknowledged.out) >= due
            || self.position.err.saturating_sub(self.acknowledged.err) >= due;
        if much || now.mono >= self.acknowledge_at {
            self.acknowledging = true;
            self.acknowledged = self.position;
            self.acknowledge_at = now.mono + ACKNOWLEDGE_PACE;
            self.effects.push_back(RunEffect::Acknowledge { epoch, positions: self.position });
        }
    }
}

fn longer(pause: Duration) -> Duration {
    (pause * 2).min(FOLLOW_PAUSE_MAXIMUM)
}

/// The longest pause between followers that bring nothing.
const FOLLOW_PAUSE_MAXIMUM: Duration = Duration::from_secs(10);

/// What is acknowledged at once: a small part of the usual spool limit, and so much that a fast stream
/// does not wait for it (each costs a synced disk here and a shell there).
const ACKNOWLEDGE_BYTES: u64 = 64 << 20;
