//! Every event there can be, for property tests. Moments and durations are as fine as the written form.

use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::time::{EARLIEST, LATEST};
use crate::domain::boot::BootIdentity;
use crate::domain::boot::cause::RebootCause;
use crate::domain::command::Command;
use crate::domain::diagnosis::{Cause, Rung, RungAnswer, RungReport};
use crate::domain::event::{
    BootFact, CancelReason, Event, Fact, Lengths, LinkChange, OperatorFact, OutputMark, RunFact, Started, Stuck,
    SupervisorFact,
};
use crate::domain::health::{LevelChange, Percent, Reason, Status};
use crate::domain::id::{Attempt, AttemptId, HostId, JobName, RunId, Seq};
use crate::domain::link::LinkState;
use crate::domain::moment::Wall;
use crate::domain::network::NetworkState;
use crate::domain::run::{
    Fault, Faults, Growth, Killer, Limits, OnReboot, Retry, RunIo, RunSpec, Stream, TimeLimit, Upload, Verdict,
};
use crate::domain::system::{Interface, System};
use crate::domain::watch::{AlarmHit, AlarmPattern, Watch};

pub(crate) fn event() -> BoxedStrategy<Event> {
    (any::<u64>(), wall(), option::of(host()), fact())
        .prop_map(|(seq, at, host, fact)| Event { seq: Seq(seq), at, host, fact })
        .boxed()
}

pub(crate) fn fact() -> BoxedStrategy<Fact> {
    let mark = (attempt_id(), stream(), output_mark());
    prop_oneof![
        link_change(any_state(), any_state()).prop_map(Fact::Link),
        (network(), network(), text()).prop_map(|(from, to, why)| Fact::Network { from, to, why }),
        boot_fact().prop_map(Fact::Boot),
        (attempt_id(), run_fact()).prop_map(|(id, fact)| Fact::Run { id, fact }),
        mark.prop_map(|(id, stream, mark)| Fact::Output { id, stream, mark }),
        level_change().prop_map(Fact::Health),
        operator().prop_map(Fact::Operator),
        supervisor().prop_map(Fact::Supervisor),
    ]
    .boxed()
}

pub(crate) fn command() -> BoxedStrategy<Command> {
    prop_oneof![
        host().prop_map(Command::Connect),
        host().prop_map(Command::Reconnect),
        host().prop_map(Command::Detach),
        host().prop_map(Command::Pause),
        host().prop_map(Command::MarkDead),
        (run_id(), host(), spec()).prop_map(|(id, host, spec)| Command::Start { id, host, spec: Box::new(spec) }),
        (run_id(), reason()).prop_map(|(run, reason)| Command::Cancel { run, reason }),
        run_id().prop_map(Command::Rerun),
        host().prop_map(Command::Adopt),
        (host(), text()).prop_map(|(host, text)| Command::Note { host, text }),
    ]
    .boxed()
}

pub(crate) fn link_change(from: BoxedStrategy<LinkState>, to: BoxedStrategy<LinkState>) -> BoxedStrategy<LinkChange> {
    (from, to, option::of(cause()), vec(report(), 0..9), any::<u32>(), option::of(wall()), option::of(any::<u32>()))
        .prop_map(|(from, to, cause, evidence, attempt, retry_at, waits_behind)| LinkChange {
            from,
            to,
            cause,
            evidence,
            attempt,
            retry_at,
            waits_behind,
        })
        .boxed()
}

pub(crate) fn any_state() -> BoxedStrategy<LinkState> {
    select(LinkState::ALL.to_vec()).boxed()
}

pub(crate) fn boot_fact() -> BoxedStrategy<BootFact> {
    let evidence = vec((text(), text()), 0..4);
    prop_oneof![
        identity().prop_map(BootFact::Identified),
        (identity(), identity(), wall(), evidence).prop_map(|(before, after, not_before, evidence)| {
            BootFact::Rebooted { before, after, not_before, evidence }
        }),
        (select(RebootCause::ALL.to_vec()), vec((text(), text()), 0..4))
            .prop_map(|(cause, texts)| BootFact::Evidence { cause, texts }),
        (system(), option::of(system()))
            .prop_map(|(now, before)| BootFact::System { now: Box::new(now), before: before.map(Box::new) }),
        (identity(), millis(), millis(), wall()).prop_map(|(identity, uptime_before, uptime_after, not_before)| {
            BootFact::Reverted { identity, uptime_before, uptime_after, not_before }
        }),
    ]
    .boxed()
}

pub(crate) fn system() -> BoxedStrategy<System> {
    let word = || option::of(text());
    let interface = (text(), word(), word(), any::<Option<u32>>()).prop_map(|(name, mac, state, speed)| Interface {
        name,
        mac,
        state,
        speed,
    });
    (word(), word(), word(), any::<Option<u32>>(), any::<Option<u64>>(), vec(interface, 0..3))
        .prop_map(|(distribution, kernel, processor, processors, memory, interfaces)| System {
            distribution,
            kernel,
            processor,
            processors,
            memory,
            interfaces,
        })
        .boxed()
}

pub(crate) fn faults() -> BoxedStrategy<Faults> {
    let grown = (select(Fault::ALL.to_vec()), any::<Option<u64>>());
    (vec(grown, 0..5), any::<bool>())
        .prop_map(|(grown, rebooted)| {
            let mut faults = if rebooted { Faults::reset_by_reboot() } else { Faults::default() };
            grown.into_iter().for_each(|(fault, by)| faults.add(fault, by.map_or(Growth::Reset, Growth::By)));
            faults
        })
        .boxed()
}

pub(crate) fn level_change() -> BoxedStrategy<LevelChange> {
    // As fine as they are shown.
    let percent = || (0..=10_000_u32).prop_map(|n| Percent::new(f64::from(n) / 100.0).expect("a share"));
    let reason = prop_oneof![
        (percent(), percent()).prop_map(|(value, threshold)| Reason::Cpu { value, threshold }),
        (percent(), percent()).prop_map(|(value, threshold)| Reason::Memory { value, threshold }),
        text().prop_map(Reason::NotRunning),
    ];
    let status = || select(vec![Status::Healthy, Status::Unhealthy, Status::Unknown]);
    let name = |of: &'static [&'static str]| option::of(select(of).prop_map(|name| (*name).to_owned()));
    (name(&["10.0.0.1", "2001:db8::1"]), name(&["web", "db"]), status(), status(), vec(reason, 0..4))
        .prop_map(|(server, service, from, to, reasons)| LevelChange { server, service, from, to, reasons })
        .boxed()
}

pub(crate) fn run_fact() -> BoxedStrategy<RunFact> {
    prop_oneof![
        spec().prop_map(|spec| RunFact::Requested { spec: Box::new(spec) }),
        started().prop_map(RunFact::Started),
        text().prop_map(|reason| RunFact::StartDelayed { reason }),
        (any::<u64>(), any::<u64>(), any::<Option<u32>>()).prop_map(|(out, err, took)| RunFact::EndSeen {
            out,
            err,
            took: took.map(|took| Duration::from_secs(took.into())),
        }),
        faults().prop_map(RunFact::Counted),
        reason().prop_map(|reason| RunFact::CancelRequested { reason }),
        vec(text(), 0..3).prop_map(|left_over| RunFact::Cancelled { left_over }),
        (verdict(), any::<u64>(), any::<u64>())
            .prop_map(|(verdict, out, err)| RunFact::Ended { verdict, lengths: Lengths { out, err } }),
        wall().prop_map(|at| RunFact::RetryScheduled { at }),
        text().prop_map(RunFact::Notice),
        any::<u64>().prop_map(|free| RunFact::DiskLow { free }),
        (prop_oneof![Just(Stuck::Full), Just(Stuck::ReadOnly), Just(Stuck::Unwritable)], any::<Option<u64>>())
            .prop_map(|(why, free)| RunFact::SpoolStuck { why, free }),
        any::<Option<u64>>().prop_map(|free| RunFact::SpoolFlows { free }),
        (text(), any::<bool>(), any::<u64>(), any::<u64>(), text()).prop_map(|(pattern, err, hits, offset, line)| {
            let stream = if err { Stream::Err } else { Stream::Out };
            RunFact::Alarm(AlarmHit { pattern, stream, hits, offset, line })
        }),
        (any::<u16>(), option::of(text())).prop_map(|(permille, status)| RunFact::Progress { permille, status }),
    ]
    .boxed()
}

fn watch() -> BoxedStrategy<Watch> {
    let alarm = (text(), text()).prop_map(|(name, regex)| AlarmPattern { name, regex });
    (any::<bool>(), vec(alarm, 0..3), vec(text(), 0..2), vec(text(), 0..2))
        .prop_map(|(defaults, alarms, ignore, progress)| Watch { defaults, alarms, ignore, progress })
        .boxed()
}

pub(crate) fn spec() -> BoxedStrategy<RunSpec> {
    let io = prop_oneof![
        Just(RunIo::Split),
        (any::<u16>(), any::<u16>()).prop_map(|(columns, rows)| RunIo::Pty { columns, rows }),
    ];
    let upload = (text(), "[0-9a-f]{64}", any::<u64>()).prop_map(|(path, sha256, size)| Upload { path, sha256, size });
    let limits = (option::of(millis()), option::of(millis())).prop_map(|(total, idle)| Limits { total, idle });
    let retry = (any::<u32>(), millis()).prop_map(|(times, delay)| Retry { times, delay });
    let what = (option::of(job()), text(), option::of(text()), vec((text(), text()), 0..3), option::of(text()));
    let on_reboot = select(vec![OnReboot::Report, OnReboot::Rerun]);
    (what, io, option::of(upload), limits, any::<u64>(), millis(), on_reboot, (retry, watch()))
        .prop_map(
            |(
                (job, command, directory, env, env_file),
                io,
                upload,
                limits,
                spool_limit,
                grace,
                on_reboot,
                (retry, watch),
            )| {
                RunSpec {
                    job,
                    command,
                    directory,
                    env,
                    env_file,
                    io,
                    upload,
                    limits,
                    spool_limit,
                    grace,
                    on_reboot,
                    retry,
                    watch,
                }
            },
        )
        .boxed()
}

pub(crate) fn output_mark() -> BoxedStrategy<OutputMark> {
    prop_oneof![
        (any::<u64>(), any::<u64>(), 0..1_u64 << 40).prop_map(|(log_offset, spool_offset, lost)| OutputMark::Gap {
            log_offset,
            spool_offset,
            lost
        }),
        (any::<u64>(), millis(), text(), any::<u64>()).prop_map(|(log_offset, duration, cause, caught_up)| {
            OutputMark::Blind { log_offset, duration, cause, caught_up }
        }),
    ]
    .boxed()
}

pub(crate) fn operator() -> BoxedStrategy<OperatorFact> {
    prop_oneof![
        Just(OperatorFact::Connect),
        Just(OperatorFact::Reconnect),
        Just(OperatorFact::Detach),
        Just(OperatorFact::Pause),
        Just(OperatorFact::MarkDead),
        text().prop_map(OperatorFact::Note),
    ]
    .boxed()
}

pub(crate) fn supervisor() -> BoxedStrategy<SupervisorFact> {
    prop_oneof![
        text().prop_map(|version| SupervisorFact::Started { version }),
        Just(SupervisorFact::Stopped),
        millis().prop_map(SupervisorFact::Stalled),
        text().prop_map(SupervisorFact::Warning),
    ]
    .boxed()
}

pub(crate) fn network() -> BoxedStrategy<NetworkState> {
    select(vec![NetworkState::Unknown, NetworkState::Up, NetworkState::Degraded, NetworkState::Down]).boxed()
}

pub(crate) fn stream() -> BoxedStrategy<Stream> {
    select(vec![Stream::Out, Stream::Err]).boxed()
}

pub(crate) fn text() -> BoxedStrategy<String> {
    prop_oneof![any::<String>(), Just(String::new()), Just("\u{0}\"\\\n\u{1b}[31m\u{2028}".to_owned())].boxed()
}

pub(crate) fn started() -> BoxedStrategy<Started> {
    (option::of(any::<i64>()), any::<u32>(), any::<bool>(), text(), text(), text(), identity())
        .prop_map(|(at_host, pid, attached, launcher, terminal, directory, boot)| Started {
            at_host,
            pid,
            attached,
            launcher,
            terminal,
            directory,
            boot,
        })
        .boxed()
}

pub(crate) fn verdict() -> BoxedStrategy<Verdict> {
    let killer = select(vec![Killer::Operator, Killer::OutOfMemory, Killer::Unknown]);
    prop_oneof![
        any::<i32>().prop_map(|code| Verdict::Finished { code }),
        (any::<i32>(), killer).prop_map(|(signal, by)| Verdict::Killed { signal, by }),
        Just(Verdict::Vanished),
        Just(Verdict::InterruptedByReboot),
        Just(Verdict::Reverted),
        select(vec![TimeLimit::Total, TimeLimit::Idle]).prop_map(|limit| Verdict::TimedOut { limit }),
        text().prop_map(|reason| Verdict::NotStarted { reason }),
        Just(Verdict::Abandoned),
    ]
    .boxed()
}

fn reason() -> BoxedStrategy<CancelReason> {
    select(vec![CancelReason::Operator, CancelReason::TotalLimit, CancelReason::IdleLimit]).boxed()
}

fn identity() -> BoxedStrategy<BootIdentity> {
    (option::of(text()), option::of(any::<i64>()), option::of(any::<u64>()))
        .prop_map(|(boot_id, boot_time, init_start)| BootIdentity { boot_id, boot_time, init_start })
        .boxed()
}

fn report() -> BoxedStrategy<RungReport> {
    let answer = select(vec![RungAnswer::Stands, RungAnswer::Broken, RungAnswer::NotAsked]);
    let took = (0..=u64::MAX).prop_map(Duration::from_micros);
    (select(Rung::LADDER.to_vec()), answer, took, text())
        .prop_map(|(rung, answer, took, detail)| RungReport { rung, answer, took, detail })
        .boxed()
}

fn cause() -> BoxedStrategy<Cause> {
    let words = || vec(text(), 0..3);
    let leaf = prop_oneof![
        select(vec![
            Cause::Operator,
            Cause::PausedByOperator,
            Cause::MarkedDead,
            Cause::NoRoute,
            Cause::ConnectTimedOut,
            Cause::PortRefused,
            Cause::ResetBeforeBanner,
            Cause::BannerTimedOut,
            Cause::HandshakeTimedOut,
            Cause::OwnNetworkDown,
        ]),
        text().prop_map(Cause::NameNotResolved),
        text().prop_map(Cause::NotSsh),
        text().prop_map(|presented| Cause::HostKeyUnknown { presented }),
        (text(), text(), text()).prop_map(|(known, presented, written_in)| Cause::HostKeyChanged {
            known,
            presented,
            written_in
        }),
        text().prop_map(|presented| Cause::HostKeyRevoked { presented }),
        text().prop_map(Cause::NoCommonAlgorithm),
        (words(), words()).prop_map(|(tried, offered)| Cause::AuthRefused { tried, offered }),
        text().prop_map(Cause::KeyUnreadable),
        text().prop_map(Cause::PassphraseNeeded),
        text().prop_map(Cause::KeyUnusable),
        text().prop_map(Cause::ExecRefused),
        millis().prop_map(Cause::ExecTimedOut),
        millis().prop_map(Cause::Silent),
        text().prop_map(Cause::ClosedByPeer),
        millis().prop_map(Cause::ObserverStalled),
        text().prop_map(Cause::Other),
    ];
    leaf.prop_recursive(3, 3, 1, |inner| {
        (text(), inner).prop_map(|(host, cause)| Cause::JumpHost { host, cause: Box::new(cause) })
    })
    .boxed()
}

fn wall() -> BoxedStrategy<Wall> {
    (EARLIEST..=LATEST).prop_map(Wall).boxed()
}

fn millis() -> BoxedStrategy<Duration> {
    any::<u64>().prop_map(Duration::from_millis).boxed()
}

pub(crate) fn host() -> BoxedStrategy<HostId> {
    prop_oneof!["[a-z0-9_.äß][a-z0-9_.:@-]{0,20}", Just("\u{fffd}\"\\".to_owned())]
        .prop_filter_map("a sound name", |text| HostId::parse(&text).ok())
        .boxed()
}

fn job() -> BoxedStrategy<JobName> {
    "[a-zA-Z0-9._ä-]{1,64}".prop_filter_map("a sound name", |text| JobName::parse(&text).ok()).boxed()
}

pub(crate) fn run_id() -> BoxedStrategy<RunId> {
    any::<u64>().prop_map(RunId::from_random).boxed()
}

fn attempt_id() -> BoxedStrategy<AttemptId> {
    (run_id(), 1..=u32::MAX)
        .prop_map(|(run, number)| AttemptId { run, attempt: Attempt::new(number).unwrap_or(Attempt::FIRST) })
        .boxed()
}
