//! What is done next about a link that is not alive: the end of a verdict while somebody supervises.

use std::time::Duration;

use super::{Cause, RungReport, verdict};
use crate::domain::event::LinkChange;
use crate::domain::fleet::LinkView;
use crate::domain::link::{Hold, LinkState};
use crate::domain::moment::Wall;

/// What is known of a link, as far as its next step depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Outlook<'a> {
    pub state: LinkState,
    pub cause: Option<&'a Cause>,
    pub evidence: &'a [RungReport],
    pub retry_at: Option<Wall>,
    pub waits_behind: Option<u32>,
}

impl<'a> From<&'a LinkChange> for Outlook<'a> {
    fn from(change: &'a LinkChange) -> Self {
        let LinkChange { from: _, to, cause, evidence, attempt: _, retry_at, waits_behind } = change;
        let (retry_at, waits_behind) = (*retry_at, *waits_behind);
        Self { state: *to, cause: cause.as_ref(), evidence, retry_at, waits_behind }
    }
}

impl<'a> From<&'a LinkView> for Outlook<'a> {
    fn from(link: &'a LinkView) -> Self {
        let LinkView { state, since: _, cause, evidence, attempt: _, retry_at, waits_behind } = link;
        let (retry_at, waits_behind) = (*retry_at, *waits_behind);
        Self { state: *state, cause: cause.as_ref(), evidence, retry_at, waits_behind }
    }
}

impl Outlook<'_> {
    /// What happens next, without anybody doing anything; nothing of a link that is well.
    #[must_use]
    pub fn next(&self, now: Wall) -> Option<String> {
        if let Some(before) = self.waits_behind {
            return Some(format!("waiting for a place ({before} before it)"));
        }
        let known = |text: &str| Some(text.to_owned());
        if Hold::of(self.state, self.cause).is_some() {
            return known("left alone until you reconnect it");
        }
        match (self.state, self.retry_at) {
            (LinkState::Idle | LinkState::Alive | LinkState::Rebooted, _) => None,
            (LinkState::Connecting | LinkState::Reconnecting | LinkState::Lost, Some(at)) => {
                Some(format!("trying again {}", wait(at.since(now))))
            }
            (LinkState::Connecting | LinkState::Reconnecting, None) => known("trying now"),
            (LinkState::Lost, None) => known("not tried again"),
            (LinkState::Pinging, _) => known("every rung is asked, then it is connected anew"),
            (LinkState::Paused, _) => match self.cause {
                Some(Cause::NoRoute) => known("dialed as soon as there is a route"),
                Some(_) | None => known("dialed as soon as it is back"),
            },
            (LinkState::Refused, _) => known("not tried again before you reconnect it"),
        }
    }

    /// The verdict, and what happens next: `sshd does not answer; kernel alive (ICMP 0.3 ms, port 22
    /// accepts): overloaded or hung; trying again in 4 s`. Empty when there is nothing to say.
    #[must_use]
    pub fn sentence(&self, now: Wall) -> String {
        let verdict = self.cause.map(|cause| verdict(cause, self.evidence));
        verdict.into_iter().chain(self.next(now)).collect::<Vec<_>>().join("; ")
    }
}

fn wait(left: Duration) -> String {
    let seconds = left.as_millis().div_ceil(1000);
    match seconds {
        0 => "now".into(),
        1..120 => format!("in {seconds} s"),
        _ => format!("in {} min", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::diagnosis::{Rung, RungAnswer};

    fn of(state: LinkState, cause: &Cause, retry_in: Option<i64>, waits_behind: Option<u32>) -> String {
        let retry_at = retry_in.map(|millis| Wall(1_000 + millis));
        Outlook { state, cause: Some(cause), evidence: &[], retry_at, waits_behind }.sentence(Wall(1_000))
    }

    #[test]
    fn a_verdict_ends_with_what_happens_next() {
        let report = |rung, took, detail: &str| RungReport {
            rung,
            answer: RungAnswer::Stands,
            took: Duration::from_micros(took),
            detail: detail.into(),
        };
        let evidence = [report(Rung::Icmp, 312, ""), report(Rung::Tcp, 400, "192.0.2.1:22")];
        let cause = Some(&Cause::BannerTimedOut);
        let state = LinkState::Reconnecting;
        let hung = Outlook { state, cause, evidence: &evidence, retry_at: Some(Wall(4_700)), waits_behind: None };
        assert_eq!(
            hung.sentence(Wall(1_000)),
            "sshd does not answer; kernel alive (ICMP 0.3 ms, port 22 accepts): overloaded or hung; trying again in 4 s"
        );
    }

    #[test]
    fn every_state_says_what_becomes_of_it() {
        use LinkState::*;
        let refused = Cause::PortRefused;
        let says = |state, retry, waits, end: &str| {
            let said = of(state, &refused, retry, waits);
            assert_eq!(said, format!("{refused}; {end}"), "{state:?}");
        };
        says(Reconnecting, Some(0), None, "trying again now");
        says(Reconnecting, None, None, "trying now");
        says(Reconnecting, None, Some(41), "waiting for a place (41 before it)");
        says(Lost, Some(600_000), None, "trying again in 10 min");
        says(Lost, None, None, "not tried again");
        says(Pinging, None, None, "every rung is asked, then it is connected anew");
        says(Refused, None, None, "not tried again before you reconnect it");
        assert!(of(Paused, &Cause::NoRoute, Some(30_000), None).ends_with("dialed as soon as there is a route"));
        assert!(of(Paused, &Cause::OwnNetworkDown, None, None).ends_with("dialed as soon as it is back"));
        for (state, held) in [(Paused, Cause::PausedByOperator), (Lost, Cause::MarkedDead)] {
            assert!(of(state, &held, None, None).ends_with("left alone until you reconnect it"));
        }
        for well in [Idle, Alive, Rebooted] {
            assert_eq!(of(well, &refused, None, None), refused.to_string());
        }
    }
}
