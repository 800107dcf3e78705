//! What is told of an event, in one line for people. Pure. How an attempt ended is not told here but
//! after its output.

use std::time::Duration;

use crate::app::say;
use crate::domain::boot::cause::RebootCause;
use crate::domain::diagnosis::{Cause, Outlook, verdict};
use crate::domain::event::{BootFact, CancelReason, Event, Fact, LinkChange, OperatorFact, OutputMark, RunFact};
use crate::domain::event::{Started, SupervisorFact};
use crate::domain::fleet::{Fleet, HostView};
use crate::domain::id::{AttemptId, HostId};
use crate::domain::link::LinkState;
use crate::domain::moment::Wall;
use crate::domain::network::NetworkState;
use crate::domain::run::Verdict;
use crate::domain::system::sentence;

/// One line on stderr.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Note {
    pub host: Option<HostId>,
    pub tone: Tone,
    pub text: String,
}

/// Colour is an addition: every text says it too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tone {
    Plain,
    Good,
    Warning,
    Bad,
}

impl Note {
    pub(super) fn new(host: Option<HostId>, tone: Tone, text: impl Into<String>) -> Self {
        Self { host, tone, text: text.into() }
    }

    /// With its newline. What came from a host is made harmless.
    pub(super) fn line(&self, color: bool) -> String {
        let host = self.host.as_ref().map(|host| format!("{}: ", say::clean(host.as_str()))).unwrap_or_default();
        let text = say::clean(&self.text);
        match self.tone.sgr().filter(|_| color) {
            Some(sgr) => format!("steadfast: {host}\x1b[{sgr}m{text}\x1b[0m\n"),
            None => format!("steadfast: {host}{text}\n"),
        }
    }
}

impl Tone {
    fn sgr(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Good => Some("32"),
            Self::Warning => Some("33"),
            Self::Bad => Some("31"),
        }
    }
}

/// What is told of `event`, if anything; `before` is the fleet without it.
pub(super) fn of(event: &Event, before: &Fleet) -> Option<Note> {
    let view = event.host.as_ref().and_then(|host| before.hosts.get(host));
    let (tone, text) = match &event.fact {
        Fact::Link(change) => match shared(event, before) {
            Some(said) => return said,
            None => link(event.at, change, view)?,
        },
        Fact::Boot(fact) => boot(event.at, fact, view)?,
        Fact::Network { to, why, .. } => network(*to, why),
        Fact::Run { id, fact } => {
            let known = before.attempt(*id).and_then(|attempt| attempt.notices.last());
            run(*id, fact, known.map(String::as_str))?
        }
        Fact::Output { mark, .. } => mark_text(mark)?,
        // That a stress test stresses is no news to whoever started it; the journal and --json have it.
        Fact::Health(_) => return None,
        Fact::Operator(fact) => operator(fact)?,
        Fact::Supervisor(fact) => supervisor(fact)?,
    };
    Some(Note { host: event.host.clone(), tone, text })
}

type Said = Option<(Tone, String)>;

/// Of a host whose trouble is that of others too: told of the incident when it becomes one and when it is
/// over, and nothing of each host. `None` when its trouble is its own.
fn shared(event: &Event, before: &Fleet) -> Option<Option<Note>> {
    let (Fact::Link(change), Some(host)) = (&event.fact, &event.host) else { return None };
    let address = before.hosts.get(host).map_or("", |view| view.address.as_str());
    let mut after = before.incidents.clone();
    after.apply(event.at, host, address, change);
    let say = |tone, text: String| Some(Some(Note { host: None, tone, text }));
    if let Some(now) = after.of(host).filter(|now| now.is_shared()) {
        let grown = before.incidents.of(host).map(|was| &was.origin) != Some(&now.origin);
        // The second host makes it one; how many there were is told at its end.
        if grown && now.affected == 2 {
            let next = now.next_step().map(|step| format!("; {step}")).unwrap_or_default();
            return say(Tone::Warning, format!("several hosts at once: {now}{next}"));
        }
        return Some(None);
    }
    let was = before.incidents.of(host).filter(|was| was.is_shared() && change.to.is_connected())?;
    if was.hosts.len() > 1 {
        return Some(None);
    }
    let lasted = say::duration(event.at.since(was.since));
    say(Tone::Good, format!("all of them are back, {lasted} after the first was missed: {was}"))
}

fn link(at: Wall, change: &LinkChange, view: Option<&HostView>) -> Said {
    let outlook = Outlook::from(change);
    let known = |text: String| if text.is_empty() { text } else { format!(": {text}") };
    let cause = known(change.cause.as_ref().map(|cause| verdict(cause, &change.evidence)).unwrap_or_default());
    // With what happens next.
    let sentence = known(outlook.sentence(at));
    let fresh = change.from != change.to;
    if let Some(hold) = change.hold() {
        let next = change.cause.as_ref().and_then(Cause::next_step).unwrap_or_default();
        return Some((Tone::Warning, format!("{}: runs go on there, unseen; {next}", hold.word())));
    }
    match change.to {
        LinkState::Idle => fresh.then(|| (Tone::Plain, format!("detached{cause}"))),
        LinkState::Connecting => None,
        LinkState::Alive => {
            let told = change.from != LinkState::Connecting && !change.from.is_connected();
            told.then(|| match view.and_then(|view| away(at, view)) {
                Some(away) if away < Duration::from_secs(1) => (Tone::Good, "alive again at once".into()),
                // Not the same as for how long nothing was seen, which is told of each run: a pause begins late.
                Some(away) if change.from == LinkState::Paused => {
                    (Tone::Good, format!("alive again, {} after the pause began", say::duration(away)))
                }
                Some(away) => (Tone::Good, format!("alive again after {}", say::duration(away))),
                None => (Tone::Good, "alive".into()),
            })
        }
        LinkState::Pinging => fresh.then(|| (Tone::Warning, format!("pinging{sentence}"))),
        LinkState::Reconnecting => reconnecting(at, change, view, &cause),
        LinkState::Paused => fresh.then(|| (Tone::Warning, format!("paused, no attempt is spent{sentence}"))),
        // The boot fact that comes with it says more.
        LinkState::Rebooted => None,
        LinkState::Refused => {
            let next = change.cause.as_ref().and_then(Cause::next_step).map(|step| format!("; {step}"));
            Some((Tone::Bad, format!("refused{sentence}{}", next.unwrap_or_default())))
        }
        LinkState::Lost => fresh.then(|| match change.retry_at {
            Some(_) => (Tone::Bad, format!("lost, attempts go on quietly{sentence}")),
            None => (Tone::Bad, format!("lost after {}{cause}", say::count(attempts(change), "attempt"))),
        }),
    }
}

/// Told: the first attempts, then fewer and fewer of them, and whenever the cause is another.
fn reconnecting(at: Wall, change: &LinkChange, view: Option<&HostView>, cause: &str) -> Said {
    if change.waits_behind.is_some() && view.is_none_or(|view| view.link.waits_behind.is_none()) {
        let place = Outlook::from(change).next(at).unwrap_or_default();
        return Some((Tone::Plain, format!("reconnecting, {place}{cause}")));
    }
    let Some(retry_at) = change.retry_at else {
        // Under way at once; what comes of it is told.
        return (change.from.is_connected()).then(|| (Tone::Warning, format!("reconnecting{cause}")));
    };
    let known = view.and_then(|view| view.link.cause.as_ref());
    let news = known.map(Cause::word) != change.cause.as_ref().map(Cause::word);
    if !news && !is_told(change.attempt) {
        return None;
    }
    let next = change.attempt.saturating_add(1);
    let wait = retry_at.since(at);
    let when = if wait < Duration::from_secs(1) { "now".to_owned() } else { format!("in {}", say::duration(wait)) };
    Some((Tone::Warning, format!("reconnecting, attempt {next} {when}{cause}")))
}

/// 1 to 5, then 10, 20, 50, 100, 200, 500, …
fn is_told(attempt: u32) -> bool {
    let mut rest = attempt;
    while rest >= 10 && rest.is_multiple_of(10) {
        rest /= 10;
    }
    attempt <= 5 || matches!(rest, 1 | 2 | 5)
}

fn attempts(change: &LinkChange) -> usize {
    usize::try_from(change.attempt).unwrap_or(usize::MAX)
}

/// How long nothing was heard of the host; `None` when it was not seen before, or when nobody looked.
fn away(at: Wall, view: &HostView) -> Option<Duration> {
    let segments = view.timeline.segments();
    let last = segments.iter().rposition(|segment| segment.state.is_connected())?;
    let first = segments.get(last + 1).filter(|segment| segment.state != LinkState::Connecting)?;
    // It was silent for this long when it was noticed.
    let silent = match &first.cause {
        Some(Cause::Silent(silent)) => *silent,
        Some(_) | None => Duration::ZERO,
    };
    Some(at.since(first.from).saturating_add(silent))
}

fn boot(at: Wall, fact: &BootFact, view: Option<&HostView>) -> Said {
    match fact {
        BootFact::Identified(_) | BootFact::System { before: None, .. } => None,
        BootFact::System { now, before: Some(before) } => {
            Some((Tone::Warning, format!("not as it was: {}", sentence(&before.changes(now)))))
        }
        BootFact::Rebooted { not_before, .. } => {
            let away = view.and_then(|view| away(at, view)).unwrap_or_else(|| at.since(*not_before));
            let after = match away {
                // It went without a word, and was heard the moment it was missed.
                away if away < Duration::from_secs(1) => "at once".to_owned(),
                away => format!("after {}", say::duration(away)),
            };
            Some((Tone::Warning, format!("rebooted; connected again {after}")))
        }
        BootFact::Evidence { cause: RebootCause::Unknown, .. } => None,
        BootFact::Evidence { cause, .. } => {
            // When is told by the line before it.
            Some((Tone::Warning, format!("rebooted: {}", cause.word())))
        }
        BootFact::Reverted { uptime_before, uptime_after, .. } => Some((
            Tone::Warning,
            format!(
                "went back to a snapshot: up {} before, {} now",
                say::duration(*uptime_before),
                say::duration(*uptime_after)
            ),
        )),
    }
}

fn network(to: NetworkState, why: &str) -> (Tone, String) {
    match to {
        NetworkState::Up => (Tone::Good, format!("own network up: {why}")),
        NetworkState::Degraded => (Tone::Warning, format!("own network degraded: {why}")),
        NetworkState::Down => (Tone::Bad, format!("own network down: {why}")),
        NetworkState::Unknown => (Tone::Plain, format!("own network unknown: {why}")),
    }
}

/// `known`: the last notice of the attempt; what is said again and again is told once.
fn run(id: AttemptId, fact: &RunFact, known: Option<&str>) -> Said {
    Some(match fact {
        RunFact::Started(started) => (Tone::Plain, start(id, started)),
        RunFact::StartDelayed { reason } => {
            let text = format!("start delayed: {reason}");
            return (known != Some(&text)).then_some((Tone::Warning, text));
        }
        RunFact::CancelRequested { reason } => {
            (Tone::Plain, format!("run {} is being stopped{}", id.run, why(*reason)))
        }
        RunFact::Cancelled { left_over } if !left_over.is_empty() => {
            (Tone::Bad, format!("left over on the host: {}", left_over.join(", ")))
        }
        RunFact::Notice(text) => return (known != Some(text)).then(|| (Tone::Warning, text.clone())),
        RunFact::DiskLow { free } => {
            (Tone::Warning, format!("the disk of the spool is nearly full: {} left", say::bytes(*free)))
        }
        RunFact::SpoolStuck { why, free } => (Tone::Bad, say::stuck(*why, *free)),
        RunFact::SpoolFlows { free } => (Tone::Good, say::flows(*free)),
        RunFact::Alarm(hit) => (Tone::Bad, format!("alarm: {}: {}", say::alarm(hit), hit.line)),
        RunFact::Requested { .. }
        | RunFact::Progress { .. }
        | RunFact::EndSeen { .. }
        | RunFact::Counted(_)
        | RunFact::Cancelled { .. }
        | RunFact::Ended { .. }
        | RunFact::RetryScheduled { .. } => return None,
    })
}

fn start(id: AttemptId, started: &Started) -> String {
    let attempt = if id.attempt.number() > 1 { format!(" attempt {}", id.attempt) } else { String::new() };
    let how = if started.attached { "found running" } else { "started" };
    format!("run {}{attempt} {how}, pid {} ({})", id.run, started.pid, started.launcher)
}

fn why(reason: CancelReason) -> &'static str {
    match reason {
        CancelReason::Operator => "",
        CancelReason::TotalLimit => ": its time limit has passed",
        CancelReason::IdleLimit => ": it has written nothing for too long",
    }
}

fn mark_text(mark: &OutputMark) -> Said {
    match mark {
        OutputMark::Gap { lost, .. } => {
            Some((Tone::Bad, format!("{} of output are missing: the host's spool was full", say::bytes(*lost))))
        }
        OutputMark::Blind { .. } => None,
    }
}

fn operator(fact: &OperatorFact) -> Said {
    match fact {
        OperatorFact::Note(text) => Some((Tone::Plain, text.clone())),
        OperatorFact::Connect
        | OperatorFact::Reconnect
        | OperatorFact::Detach
        | OperatorFact::Pause
        | OperatorFact::MarkDead => None,
    }
}

fn supervisor(fact: &SupervisorFact) -> Said {
    match fact {
        SupervisorFact::Warning(text) => Some((Tone::Warning, text.clone())),
        SupervisorFact::Stalled(length) => {
            Some((Tone::Warning, format!("this machine slept for {}", say::duration(*length))))
        }
        SupervisorFact::Started { .. } | SupervisorFact::Stopped => None,
    }
}

pub(super) fn tone_of(verdict: &Verdict) -> Tone {
    match verdict {
        Verdict::Finished { code: 0 } => Tone::Good,
        Verdict::InterruptedByReboot | Verdict::Killed { by: crate::domain::run::Killer::Operator, .. } => {
            Tone::Warning
        }
        Verdict::Finished { .. }
        | Verdict::Killed { .. }
        | Verdict::Vanished
        | Verdict::Reverted
        | Verdict::TimedOut { .. }
        | Verdict::NotStarted { .. }
        | Verdict::Abandoned => Tone::Bad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::boot::BootIdentity;
    use crate::domain::event::Lengths;
    use crate::domain::id::{Attempt, RunId, Seq};

    /// Plays link changes, 60 s apart, and gives what is told of each.
    type Change = (LinkState, Option<Cause>, u32, Option<i64>);

    fn told(changes: &[Change]) -> Vec<Option<String>> {
        told_every(60_000, changes)
    }

    fn told_every(step: i64, changes: &[Change]) -> Vec<Option<String>> {
        let host = HostId::parse("db1").expect("a name");
        let mut fleet = Fleet::default();
        fleet.add_host(host.clone(), String::new(), Vec::new(), Wall(0));
        let mut from = LinkState::Idle;
        let mut notes = Vec::new();
        for (place, (to, cause, attempt, retry_in)) in changes.iter().enumerate() {
            let at = Wall(step * i64::try_from(place).expect("small"));
            let fact = Fact::Link(LinkChange {
                attempt: *attempt,
                retry_at: retry_in.map(|seconds| Wall(at.0 + seconds * 1000)),
                ..LinkChange::between(from, *to, cause.clone())
            });
            from = *to;
            let event = Event { seq: Seq(1), at, host: Some(host.clone()), fact };
            notes.push(of(&event, &fleet).map(|note| note.line(false)));
            fleet.apply(&event);
        }
        notes
    }

    #[test]
    fn a_first_connection_is_not_worth_a_word() {
        use LinkState::*;
        assert_eq!(told(&[(Connecting, None, 1, None), (Alive, None, 0, None)]), [None, None]);
    }

    #[test]
    fn an_outage_is_told_state_by_state() {
        use LinkState::*;
        let silent = Some(Cause::Silent(Duration::from_secs(15)));
        let refused = Some(Cause::PortRefused);
        let notes = told(&[
            (Connecting, None, 1, None),
            (Alive, None, 0, None),
            (Pinging, silent, 0, None),
            (Reconnecting, refused.clone(), 2, Some(4)),
            (Reconnecting, refused.clone(), 6, Some(30)),
            (Paused, Some(Cause::OwnNetworkDown), 6, None),
            (Lost, refused, 7, Some(30)),
            (Alive, None, 0, None),
            (Idle, Some(Cause::Operator), 0, None),
        ]);
        let lines: Vec<_> = notes.into_iter().flatten().collect();
        assert_eq!(
            lines,
            [
                "steadfast: db1: pinging: nothing heard for 15 s; every rung is asked, then it is connected anew\n",
                "steadfast: db1: reconnecting, attempt 3 in 4s: port refused: no sshd answers\n",
                "steadfast: db1: paused, no attempt is spent: own network is down; dialed as soon as it is back\n",
                "steadfast: db1: lost, attempts go on quietly: port refused: no sshd answers; trying again in 30 s\n",
                "steadfast: db1: alive again after 5m15s\n",
                "steadfast: db1: detached: by the operator\n",
            ]
        );
    }

    #[test]
    fn what_takes_no_second_is_said_without_a_figure() {
        use LinkState::*;
        let closed = Some(Cause::ClosedByPeer(String::new()));
        let changes = [
            (Connecting, None, 1, None),
            (Alive, None, 0, None),
            (Reconnecting, closed, 0, Some(0)),
            (Alive, None, 0, None),
        ];
        let lines: Vec<_> = told_every(100, &changes).into_iter().flatten().collect();
        assert_eq!(
            lines,
            [
                "steadfast: db1: reconnecting, attempt 1 now: connection closed by the host\n",
                "steadfast: db1: alive again at once\n",
            ]
        );
    }

    #[test]
    fn every_state_that_needs_the_operator_says_so_and_what_to_do() {
        use LinkState::*;
        let cause = Cause::AuthRefused { tried: vec!["publickey".into()], offered: vec!["password".into()] };
        let notes = told(&[(Connecting, None, 1, None), (Refused, Some(cause), 1, None)]);
        let line = notes.into_iter().flatten().next().expect("a note");
        assert!(
            line.contains("refused: authentication refused") && line.contains("check user, key and agent"),
            "{line}"
        );
        assert!(told(&[(Lost, None, 1, None)])[0].as_ref().is_some_and(|line| line.contains("lost after 1 attempt")));
    }

    #[test]
    fn a_weekend_of_attempts_is_a_handful_of_lines() {
        assert_eq!((1..=8640).filter(|attempt| is_told(*attempt)).count(), 5 + 9);
    }

    #[test]
    fn a_reboot_is_told_once() {
        let host = HostId::parse("db1").ok();
        let before = BootIdentity::default();
        let fact = BootFact::Rebooted { after: before.clone(), before, not_before: Wall(0), evidence: Vec::new() };
        let event = Event { seq: Seq(1), at: Wall(192_000), host, fact: Fact::Boot(fact) };
        let note = of(&event, &Fleet::default()).expect("a note").line(false);
        assert_eq!(note, "steadfast: db1: rebooted; connected again after 3m12s\n");
    }

    #[test]
    fn an_end_is_told_after_the_output_and_a_host_cannot_draw() {
        let id = AttemptId { run: RunId::from_random(7), attempt: Attempt::FIRST };
        let ended = RunFact::Ended { verdict: Verdict::Vanished, lengths: Lengths::default() };
        assert_eq!(run(id, &ended, None), None);
        let notice = RunFact::Notice("x".into());
        assert!(run(id, &notice, None).is_some() && run(id, &notice, Some("x")).is_none());
        let note = Note::new(None, Tone::Bad, "\x1b[2Jgone\u{202e}");
        assert_eq!(note.line(false), "steadfast: [2Jgone\n");
        assert_eq!(note.line(true), "steadfast: \x1b[31m[2Jgone\x1b[0m\n");
    }
}
