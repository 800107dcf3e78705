//! The run machine against a small model of a host, with cuts at any time.

use proptest::prelude::*;

use super::*;
use crate::domain::boot::BootIdentity;
use crate::domain::event::Started;
use crate::domain::id::{Attempt, RunId};
use crate::domain::moment::Wall;
use crate::domain::run::TimeLimit;
use crate::domain::run::{
    Evidence, ExitKind, ExitRecord, Fault, Faults, FollowAnswer, Growth, Killer, Limits, Observed, RunIo,
};

/// A host that runs the attempt, and a link that can be cut between any two steps.
struct Rig {
    run: HostRun,
    now: Moment,
    epoch: u64,
    host: Host,
    facts: Vec<RunFact>,
    /// Effects not yet carried out.
    pending: Vec<RunEffect>,
    stored: Lengths,
    lost: u64,
}

#[derive(Default)]
struct Host {
    starts: u32,
    spool: u64,
    base: u64,
    exit: Option<ExitKind>,
    vanished: bool,
    rebooted: bool,
    cancel: Option<String>,
    missing_again: bool,
    following: bool,
    free: Option<u64>,
    stuck: Option<Stuck>,
}

impl Host {
    /// Counted once it is over.
    fn faults(&self) -> Faults {
        let mut faults = Faults::default();
        if self.exit.is_some() {
            faults.add(Fault::MemoryCorrected, Growth::By(3));
        }
        faults
    }

    fn evidence(&self) -> Evidence {
        let sizes = Lengths { out: self.spool, err: 0 };
        let observed = if self.starts == 0 || self.missing_again {
            Observed::Missing
        } else if let Some(end) = self.exit {
            Observed::Exited(ExitRecord { end, sizes, at_host: 22, out_of_memory: false })
        } else if self.rebooted {
            Observed::OtherBoot
        } else if self.vanished {
            Observed::Vanished
        } else {
            Observed::Running
        };
        let started = (self.starts > 0).then(|| Started {
            at_host: Some(7),
            pid: 42,
            attached: false,
            launcher: "setsid".into(),
            terminal: "script".into(),
            directory: "/x".into(),
            boot: BootIdentity::default(),
        });
        let bases = Lengths { out: self.base, err: 0 };
        Evidence {
            observed,
            sizes,
            bases,
            cancel: self.cancel.clone(),
            free: self.free,
            heartbeat: None,
            stuck: self.stuck,
            started,
            faults: self.faults(),
            notice: None,
        }
    }
}

fn id() -> AttemptId {
    AttemptId { run: RunId::from_random(1), attempt: Attempt::FIRST }
}

impl Rig {
    fn new(spec: RunSpec) -> Self {
        let now = Moment { mono: Mono(Duration::from_secs(50)), wall: Wall(50_000) };
        Self {
            run: HostRun::requested(id(), spec, false),
            now,
            epoch: 0,
            host: Host::default(),
            facts: vec![],
            pending: vec![],
            stored: Lengths::default(),
            lost: 0,
        }
    }

    fn input(&mut self, input: RunInput) {
        self.run.handle_input(self.now, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(effect) = self.run.poll_effect() {
            self.pending.push(effect);
        }
        while let Some(fact) = self.run.poll_fact() {
            self.facts.push(fact);
        }
    }

    fn connect(&mut self) {
        self.epoch += 1;
        self.input(RunInput::Connected(Epoch(self.epoch)));
    }

    fn cut(&mut self, blind: bool) {
        self.pending.clear();
        self.host.following = false;
        self.input(RunInput::Disconnected { blind: blind.then_some(self.now.mono) });
    }

    /// Carries out the oldest pending effect; the answer arrives only if `answered`.
    fn carry_out(&mut self, answered: bool) {
        if self.pending.is_empty() {
            return;
        }
        let effect = self.pending.remove(0);
        // Marks are written here, not over there: their answer cannot be lost.
        let answered = answered || matches!(effect, RunEffect::MarkGap { .. });
        let answer = match effect {
            RunEffect::Start(epoch) => {
                let attached = self.host.starts > 0;
                self.host.starts = 1;
                Some(RunInput::StartAnswered { epoch, attached, evidence: Box::new(self.host.evidence()) })
            }
            RunEffect::Look(epoch) => Some(RunInput::Looked { epoch, evidence: Box::new(self.host.evidence()) }),
            RunEffect::Follow { epoch, stream, from } => Some(self.follow(epoch, stream, from)),
            RunEffect::StopFollow(_) => None,
            RunEffect::MarkGap { stream, from, to } => {
                assert_eq!(from, self.stored.out, "a gap begins where the log ends");
                self.lost += to - from;
                self.stored.out = to;
                Some(RunInput::Stored { stream, position: to })
            }
            RunEffect::Cancel { epoch, reason, .. } => {
                if self.host.starts > 0 && self.host.exit.is_none() && !self.host.vanished && !self.host.rebooted {
                    self.host.cancel = Some(reason.word().into());
                    self.host.exit = Some(ExitKind::Signal(15));
                }
                let evidence = Box::new(self.host.evidence());
                Some(RunInput::CancelAnswered { epoch, left_over: vec![], evidence })
            }
            RunEffect::Acknowledge { epoch, positions } => {
                assert!(positions.out <= self.stored.out, "acknowledged more than is stored");
                Some(RunInput::Acknowledged { epoch })
            }
        };
        if let Some(answer) = answer.filter(|_| answered) {
            self.input(answer);
        }
    }

    fn follow(&mut self, epoch: Epoch, stream: Stream, from: u64) -> RunInput {
        assert_eq!(from, self.stored.out, "resumed elsewhere than where the log ends");
        let answer = if self.host.starts == 0 || self.host.missing_again {
            FollowAnswer::Missing
        } else if from < self.host.base {
            FollowAnswer::Gap { base: self.host.base }
        } else if from > self.host.spool {
            FollowAnswer::Short
        } else {
            self.host.following = true;
            FollowAnswer::Opened
        };
        RunInput::Followed { epoch, stream, answer }
    }

    /// The follower brings everything there is, then says how the run stands.
    fn deliver(&mut self) {
        if !self.host.following {
            return;
        }
        if self.host.spool > self.stored.out {
            self.stored.out = self.host.spool;
            self.input(RunInput::Stored { stream: Stream::Out, position: self.stored.out });
        }
        let epoch = Epoch(self.epoch);
        self.input(RunInput::Looked { epoch, evidence: Box::new(self.host.evidence()) });
    }

    fn pass(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(due) = self.run.poll_timeout().filter(|due| *due <= end.mono) {
            self.now = self.now + due.since(self.now.mono);
            self.run.handle_timeout(self.now);
            self.drain();
            if self.run.poll_timeout() == Some(due) {
                break;
            }
        }
        self.now = end;
    }

    /// Lets everything happen that can.
    fn settle(&mut self) {
        for _ in 0..40 {
            while !self.pending.is_empty() {
                self.carry_out(true);
            }
            self.deliver();
            self.pass(Duration::from_secs(3));
        }
    }

    /// Everything that was asked is answered, and no time passes.
    fn answer_all(&mut self) {
        while !self.pending.is_empty() {
            self.carry_out(true);
        }
    }

    fn verdicts(&self) -> Vec<&Verdict> {
        let verdicts = self.facts.iter().filter_map(|fact| match fact {
            RunFact::Ended { verdict, .. } => Some(verdict),
            RunFact::Requested { .. }
            | RunFact::Started(_)
            | RunFact::StartDelayed { .. }
            | RunFact::EndSeen { .. }
            | RunFact::Counted(_)
            | RunFact::CancelRequested { .. }
            | RunFact::Cancelled { .. }
            | RunFact::RetryScheduled { .. }
            | RunFact::Notice(_)
            | RunFact::DiskLow { .. }
            | RunFact::SpoolStuck { .. }
            | RunFact::Alarm(_)
            | RunFact::Progress { .. }
            | RunFact::SpoolFlows { .. } => None,
        });
        verdicts.collect()
    }
}

#[test]
fn how_long_it_went_is_what_the_host_says() {
    let mut rig = started();
    rig.host.exit = Some(ExitKind::Code(3));
    rig.cut(true);
    rig.connect();
    rig.settle();
    let took = Some(Duration::from_secs(15));
    assert!(rig.facts.contains(&RunFact::EndSeen { out: 0, err: 0, took }), "{:?}", rig.facts);
}

fn started() -> Rig {
    let mut rig = Rig::new(RunSpec::new("stress-ng --cpu 4"));
    rig.connect();
    rig.settle();
    assert_eq!(rig.host.starts, 1);
    rig
}

#[test]
fn a_run_ends_only_when_all_its_output_is_here() {
    let mut rig = started();
    rig.host.spool = 1_000;
    rig.host.exit = Some(ExitKind::Code(3));
    rig.input(RunInput::Looked { epoch: Epoch(1), evidence: Box::new(rig.host.evidence()) });
    assert!(rig.verdicts().is_empty());
    rig.settle();
    assert_eq!(rig.verdicts(), [&Verdict::Finished { code: 3 }]);
    assert_eq!(rig.stored.out, 1_000);
}

#[test]
fn a_start_whose_answer_was_lost_is_asked_again_and_found() {
    let mut rig = Rig::new(RunSpec::new("x"));
    rig.connect();
    rig.carry_out(false);
    rig.cut(false);
    rig.connect();
    rig.settle();
    let attached = rig.facts.iter().any(|fact| matches!(fact, RunFact::Started(started) if started.attached));
    assert!(attached, "{:?}", rig.facts);
}

#[test]
fn a_reboot_ends_it_with_what_the_spool_still_gives() {
    let mut rig = started();
    rig.host.spool = 500;
    rig.cut(false);
    rig.host.rebooted = true;
    rig.connect();
    rig.settle();
    assert_eq!(rig.verdicts(), [&Verdict::InterruptedByReboot]);
    assert_eq!(rig.stored.out, 500);
}

#[test]
fn a_snapshot_that_was_restored_is_no_reboot() {
    let mut rig = started();
    rig.host.spool = 500;
    rig.settle();
    rig.cut(false);
    rig.host.spool = 100;
    rig.connect();
    rig.settle();
    assert_eq!(rig.verdicts(), [&Verdict::Reverted]);
}

#[test]
fn a_gap_is_marked_and_the_rest_follows() {
    let mut rig = started();
    rig.cut(false);
    rig.host.spool = 900;
    rig.host.base = 400;
    rig.host.exit = Some(ExitKind::Code(0));
    rig.connect();
    rig.settle();
    assert_eq!((rig.lost, rig.verdicts()), (400, vec![&Verdict::Finished { code: 0 }]));
}

#[test]
fn a_line_that_went_silent_is_no_run_that_did() {
    let mut spec = RunSpec::new("x");
    spec.limits = Limits { total: None, idle: Some(Duration::from_secs(10)) };
    let mut rig = Rig::new(spec);
    rig.connect();
    rig.answer_all();
    // Nothing comes for longer than the limit, and nobody knows yet that it is the line.
    rig.pass(Duration::from_secs(14));
    rig.cut(true);
    rig.host.spool = 100;
    rig.connect();
    rig.answer_all();
    assert_eq!(rig.host.cancel, None);
    assert!(rig.verdicts().is_empty());
}

#[test]
fn a_total_limit_leaves_out_blind_time_from_before_it_was_noticed() {
    let mut spec = RunSpec::new("x");
    spec.limits = Limits { total: Some(Duration::from_secs(60)), idle: None };
    let mut rig = Rig::new(spec);
    rig.connect();
    rig.answer_all();
    rig.pass(Duration::from_secs(40));
    let heard = rig.now.mono;
    rig.pass(Duration::from_secs(15));
    rig.pending.clear();
    rig.input(RunInput::Disconnected { blind: Some(heard) });
    rig.pass(Duration::from_secs(500));
    rig.connect();
    rig.answer_all();
    rig.pass(Duration::from_secs(19));
    rig.answer_all();
    assert!(rig.verdicts().is_empty(), "twenty of its seconds are left");
    rig.pass(Duration::from_secs(2));
    rig.settle();
    assert_eq!(rig.verdicts(), [&Verdict::TimedOut { limit: TimeLimit::Total }]);
}

#[test]
fn the_idle_limit_counts_only_while_we_look() {
    let mut spec = RunSpec::new("x");
    spec.limits = Limits { total: None, idle: Some(Duration::from_secs(60)) };
    let mut rig = Rig::new(spec);
    rig.connect();
    while !rig.pending.is_empty() {
        rig.carry_out(true);
    }
    rig.pass(Duration::from_secs(50));
    rig.cut(true);
    rig.pass(Duration::from_secs(86_400));
    rig.connect();
    while !rig.pending.is_empty() {
        rig.carry_out(true);
    }
    assert!(rig.verdicts().is_empty());
    rig.pass(Duration::from_secs(61));
    rig.settle();
    assert_eq!(rig.verdicts(), [&Verdict::TimedOut { limit: TimeLimit::Idle }]);
}

#[test]
fn a_cancel_before_anything_was_sent_sends_nothing() {
    let mut rig = Rig::new(RunSpec::new("x"));
    rig.input(RunInput::Cancel(CancelReason::Operator));
    rig.connect();
    rig.settle();
    assert_eq!((rig.host.starts, rig.verdicts()), (0, vec![&Verdict::Abandoned]));
}

#[test]
fn a_cancel_waits_for_the_link_and_then_wins() {
    let mut rig = started();
    rig.cut(false);
    rig.input(RunInput::Cancel(CancelReason::Operator));
    rig.pass(Duration::from_secs(60));
    assert!(rig.verdicts().is_empty());
    rig.connect();
    rig.settle();
    assert_eq!(rig.verdicts(), [&Verdict::Killed { signal: 15, by: Killer::Operator }]);
}

#[derive(Clone, Debug)]
enum Step {
    Connect,
    Cut(bool),
    CarryOut(bool),
    Deliver,
    Print(u64),
    Give(u64),
    Exit(i32),
    Reboot,
    Vanish,
    Cancel,
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Connect),
        3 => any::<bool>().prop_map(Step::Cut),
        9 => (0..4_u8).prop_map(|n| Step::CarryOut(n > 0)),
        4 => Just(Step::Deliver),
        4 => (1_u64..5_000).prop_map(Step::Print),
        1 => (0_u64..5_000).prop_map(Step::Give),
        1 => (0..4_i32).prop_map(Step::Exit),
        1 => Just(Step::Reboot),
        1 => Just(Step::Vanish),
        1 => Just(Step::Cancel),
        4 => (1_u64..40_000).prop_map(Step::Pass),
    ]
}

proptest! {
    #[test]
    fn whatever_is_cut_it_starts_once_ends_once_and_loses_nothing_unmarked(
        steps in proptest::collection::vec(step(), 1..120)
    ) {
        let mut spec = RunSpec::new("x");
        spec.io = RunIo::Pty { columns: 80, rows: 24 };
        let mut rig = Rig::new(spec);
        let mut connected = false;
        for step in steps {
            let over = rig.host.exit.is_some() || rig.host.vanished || rig.host.rebooted || rig.host.starts == 0;
            match step {
                Step::Connect if !connected => { rig.connect(); connected = true; }
                Step::Cut(blind) if connected => { rig.cut(blind); connected = false; }
                Step::CarryOut(answered) => {
                    if !answered && !rig.pending.is_empty() {
                        // An answer that never comes is a link that broke.
                        rig.carry_out(false);
                        rig.cut(false);
                        connected = false;
                    } else {
                        rig.carry_out(true);
                    }
                }
                Step::Deliver if connected => rig.deliver(),
                Step::Print(bytes) if !over => rig.host.spool += bytes,
                Step::Give(bytes) => rig.host.base = (rig.host.base + bytes).min(rig.host.spool),
                Step::Exit(code) if !over => rig.host.exit = Some(ExitKind::Code(code)),
                Step::Reboot if !over && !connected => rig.host.rebooted = true,
                Step::Vanish if !over => rig.host.vanished = true,
                Step::Cancel => rig.input(RunInput::Cancel(CancelReason::Operator)),
                Step::Pass(millis) => rig.pass(Duration::from_millis(millis)),
                Step::Connect | Step::Cut(_) | Step::Deliver | Step::Print(_) | Step::Exit(_) | Step::Reboot
                | Step::Vanish => {}
            }
            prop_assert!(rig.stored.out <= rig.host.spool);
        }
        // In the end the link comes back, the run ends, and all is known.
        if !connected {
            rig.connect();
        }
        rig.settle();
        if rig.host.exit.is_none() && !rig.host.vanished && !rig.host.rebooted && rig.host.starts > 0 {
            rig.host.exit = Some(ExitKind::Code(0));
        }
        rig.settle();
        prop_assert_eq!(rig.verdicts().len(), 1, "{:?} {:?}", rig.run, rig.facts);
        prop_assert!(rig.host.starts <= 1);
        if rig.host.starts == 1 {
            prop_assert_eq!(rig.stored.out, rig.host.spool);
        }
    }
}

#[test]
fn a_spool_that_cannot_grow_is_told_while_it_is_so_and_when_it_is_over() {
    let mut rig = started();
    rig.host.following = true;
    let told = |rig: &mut Rig, stuck, free| {
        (rig.host.stuck, rig.host.free) = (stuck, Some(free));
        rig.facts.clear();
        rig.deliver();
        rig.facts.clone()
    };
    let stuck = |why, free| RunFact::SpoolStuck { why, free: Some(free) };
    assert_eq!(told(&mut rig, None, 1 << 20), [RunFact::DiskLow { free: 1 << 20 }]);
    assert_eq!(told(&mut rig, Some(Stuck::Full), 0), [stuck(Stuck::Full, 0)]);
    assert_eq!(told(&mut rig, Some(Stuck::Full), 12), []);
    assert_eq!(told(&mut rig, Some(Stuck::ReadOnly), 12), [stuck(Stuck::ReadOnly, 12)]);
    assert_eq!(told(&mut rig, None, 1 << 30), [RunFact::SpoolFlows { free: Some(1 << 30) }]);
    assert_eq!(told(&mut rig, None, 1 << 30), []);
}
