//! The part of [`HostRun`] that takes in what the host says of the attempt.

use std::time::Duration;

use crate::domain::event::{Lengths, RunFact};
use crate::domain::moment::Moment;
use crate::domain::run::machine::{Control, Stage};
use crate::domain::run::{Evidence, HostRun, Judgement, Observed, Verdict, judge};

impl HostRun {
    pub(super) fn handle_start_failed(&mut self, now: Moment, reason: String, final_: bool) {
        let Stage::Requested { asked, refusals } = self.stage else { return };
        let refusals = if final_ { refusals + 1 } else { refusals };
        if refusals >= REFUSALS {
            self.finish(Verdict::NotStarted { reason });
            return;
        }
        self.stage = Stage::Requested { asked, refusals };
        self.control = Control::At(now.mono + START_PAUSE);
        self.facts.push_back(RunFact::StartDelayed { reason });
    }

    pub(super) fn note_started(&mut self, evidence: &Evidence, attached: bool) {
        if let (Stage::Requested { .. }, Some(started)) = (&self.stage, &evidence.started) {
            let mut started = started.clone();
            started.attached = attached;
            self.facts.push_back(RunFact::Started(started));
            self.stage = Stage::Running;
        }
    }

    pub(super) fn handle_evidence(&mut self, now: Moment, evidence: &Evidence) {
        self.note_started(evidence, true);
        self.note_disk(evidence);
        self.note_notice(now, evidence);
        if let Stage::Ending { .. } | Stage::Over = self.stage {
            return;
        }
        match judge(evidence, self.held) {
            Judgement::Missing => self.handle_missing(now),
            Judgement::Starting => self.control = Control::At(now.mono + LOOK_PAUSE),
            Judgement::Running => {
                self.doubts = 0;
                self.clock.count_total(now.mono, true);
                self.note_size(now, evidence.sizes);
                self.judge_limits(now);
            }
            // A host too stressed to measure a file may say that it is empty.
            Judgement::Over { verdict: Verdict::Reverted, .. } if self.is_doubtful(now, REVERTED_LOOKS) => {}
            Judgement::Over { verdict, sizes } => {
                self.facts.push_back(RunFact::EndSeen { out: sizes.out, err: sizes.err, took: evidence.took() });
                if !evidence.faults.is_unknown() {
                    self.facts.push_back(RunFact::Counted(evidence.faults.clone()));
                }
                self.stage = Stage::Ending { verdict, sizes };
                self.control = Control::Idle;
            }
        }
    }

    /// Idle is judged by what the host says of the spool: our log may be behind, with a disk of ours that is full.
    fn note_size(&mut self, now: Moment, sizes: Lengths) {
        self.clock.seen(now.mono);
        if sizes.out > self.told.out || sizes.err > self.told.err {
            self.told = sizes;
            self.clock.grown(now.mono);
        }
    }

    /// The host repeats itself with every look, and figures in it grow: news is what is new, and not more
    /// often than [`NOTICE_PACE`].
    fn note_notice(&mut self, now: Moment, evidence: &Evidence) {
        let Some(notice) = &evidence.notice else { return };
        let news = match &self.noticed {
            None => true,
            Some((told, at)) => told != notice && now.mono >= *at + NOTICE_PACE,
        };
        if news {
            self.noticed = Some((notice.clone(), now.mono));
            self.facts.push_back(RunFact::Notice(notice.clone()));
        }
    }

    pub(super) fn handle_missing(&mut self, now: Moment) {
        match self.stage {
            Stage::Requested { .. } if self.cancel.is_some() => self.finish(Verdict::Abandoned),
            Stage::Requested { .. } => self.control = Control::At(now.mono),
            // A file system that is not (yet) mounted looks the same: only time tells.
            Stage::Running => {
                if self.is_doubtful(now, MISSING_LOOKS) {
                    return;
                }
                self.facts.push_back(RunFact::Notice("its directory on the host is gone".into()));
                self.finish(Verdict::Vanished);
            }
            Stage::Ending { .. } | Stage::Over => {}
        }
    }

    /// Whether `looks` in a row are not yet there for what only repetition proves; then it is looked at again.
    fn is_doubtful(&mut self, now: Moment, looks: u32) -> bool {
        self.doubts += 1;
        if self.doubts >= looks {
            return false;
        }
        if self.control == Control::Idle {
            self.control = Control::At(now.mono + DOUBT_PAUSE);
        }
        true
    }

    pub(super) fn note_disk(&mut self, evidence: &Evidence) {
        if evidence.stuck != self.stuck {
            if let Some(why) = evidence.stuck {
                self.facts.push_back(RunFact::SpoolStuck { why, free: evidence.free });
                self.disk_low = true;
            } else if evidence.observed == Observed::Running {
                self.facts.push_back(RunFact::SpoolFlows { free: evidence.free });
                // What is missing now is news at once.
                self.noticed = None;
            }
            self.stuck = evidence.stuck;
        }
        let Some(free) = evidence.free else { return };
        let low = if self.disk_low { free < DISK_LOW * 2 } else { free < DISK_LOW };
        if low && !self.disk_low {
            self.facts.push_back(RunFact::DiskLow { free });
        }
        self.disk_low = low;
    }
}

/// Between looks at an attempt that is coming up.
const LOOK_PAUSE: Duration = Duration::from_millis(500);

/// Before a start that failed is tried again.
const START_PAUSE: Duration = Duration::from_secs(3);

/// A host that says no this often is believed.
const REFUSALS: u32 = 3;

/// Free space on the spool's file system that the operator is told of; told again only after twice
/// that was free.
const DISK_LOW: u64 = 64 << 20;

/// Looks without a directory before a run that was seen is given up: two minutes, in which a home may
/// be mounted after a boot.
const MISSING_LOOKS: u32 = 12;

/// Looks that find less than we hold before a host is said to have gone back in time.
const REVERTED_LOOKS: u32 = 3;

const DOUBT_PAUSE: Duration = Duration::from_secs(10);

/// A notice whose figures change is told this often.
const NOTICE_PACE: Duration = Duration::from_secs(300);
