//! Which attempt of a host is looked at: the one that goes on, or the newest, unless the operator
//! picked another.

use std::collections::BTreeMap;

use crate::domain::fleet::{AttemptView, Fleet, RunView};
use crate::domain::id::{AttemptId, HostId};
use crate::domain::link::LinkState;
use crate::domain::run::Phase;

/// What the operator picked, by host.
#[derive(Clone, Debug, Default)]
pub struct Picks(BTreeMap<HostId, AttemptId>);

/// An attempt and the run it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Pick<'a> {
    pub run: &'a RunView,
    pub attempt: &'a AttemptView,
}

/// How an attempt stands, in one sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    Waiting,
    Running,
    Ending,
    /// It went on when its host was last seen.
    Unknown,
    Succeeded,
    Stopped,
    Failed,
}

impl Standing {
    pub const ALL: [Self; 7] =
        [Self::Waiting, Self::Running, Self::Ending, Self::Unknown, Self::Succeeded, Self::Stopped, Self::Failed];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Ending => "ending",
            Self::Unknown => "unknown",
            Self::Succeeded => "succeeded",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}

impl Pick<'_> {
    #[must_use]
    pub fn id(&self) -> AttemptId {
        AttemptId { run: self.run.id, attempt: self.attempt.attempt }
    }

    /// What can be said of it while its host is in this state: a lost link makes our knowledge
    /// older, it never ends a run.
    #[must_use]
    pub fn standing(&self, link: LinkState) -> Standing {
        match &self.attempt.phase {
            Phase::Requested => Standing::Waiting,
            Phase::Running if !link.is_connected() => Standing::Unknown,
            Phase::Running => Standing::Running,
            Phase::Ending => Standing::Ending,
            Phase::Ended { verdict, .. } if verdict.is_success() => Standing::Succeeded,
            Phase::Ended { verdict, .. } if verdict.is_by_operator() => Standing::Stopped,
            Phase::Ended { .. } => Standing::Failed,
        }
    }
}

impl Picks {
    /// The attempt of `host` that is shown.
    #[must_use]
    pub fn of<'a>(&self, fleet: &'a Fleet, host: &HostId) -> Option<Pick<'a>> {
        let all = attempts(fleet, host);
        let picked = self.0.get(host).and_then(|id| all.iter().find(|pick| pick.id() == *id));
        picked.or_else(|| current(&all)).copied()
    }

    /// Its place among all attempts of the host, from 1, and how many those are.
    #[must_use]
    pub fn place(&self, fleet: &Fleet, host: &HostId) -> Option<(usize, usize)> {
        let shown = self.of(fleet, host)?.id();
        let all = attempts(fleet, host);
        Some((all.iter().position(|pick| pick.id() == shown)? + 1, all.len()))
    }

    /// Picks the attempt before or after the one shown; `false` when there is none. The last one is
    /// not a pick: whatever comes after it is shown in its turn.
    pub fn step(&mut self, fleet: &Fleet, host: &HostId, newer: bool) -> bool {
        let all = attempts(fleet, host);
        let Some((place, of)) = self.place(fleet, host) else { return false };
        let next = if newer { Some(place).filter(|p| *p < of) } else { (place - 1).checked_sub(1) };
        let Some(pick) = next.and_then(|next| all.get(next)) else { return false };
        if current(&all).is_some_and(|current| current.id() == pick.id()) {
            self.0.remove(host);
        } else {
            self.0.insert(host.clone(), pick.id());
        }
        true
    }

    /// Shows what goes on, or the newest.
    pub fn forget(&mut self, host: &HostId) {
        self.0.remove(host);
    }
}

/// The runs that are not over, in order of their hosts.
pub fn going_on(fleet: &Fleet) -> impl Iterator<Item = &RunView> {
    let mut runs: Vec<_> = fleet.runs.values().filter(|run| !run.is_over()).collect();
    runs.sort_by(|a, b| a.host.cmp(&b.host).then(a.requested_at().cmp(&b.requested_at())));
    runs.into_iter()
}

/// All attempts of a host, oldest request first.
fn attempts<'a>(fleet: &'a Fleet, host: &HostId) -> Vec<Pick<'a>> {
    let runs = fleet.runs.values().filter(|run| run.host == *host);
    let mut all: Vec<_> = runs.flat_map(|run| run.attempts.iter().map(move |attempt| Pick { run, attempt })).collect();
    all.sort_by_key(|pick| (pick.attempt.requested_at, pick.id()));
    all
}

fn current<'b, 'a>(all: &'b [Pick<'a>]) -> Option<&'b Pick<'a>> {
    all.iter().rfind(|pick| !pick.attempt.phase.is_over()).or(all.last())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{Attempt, RunId};
    use crate::domain::moment::Wall;
    use crate::domain::run::{RunSpec, Verdict};

    fn fleet(runs: &[(u64, bool)]) -> (Fleet, HostId) {
        let host = HostId::parse("h").expect("a name");
        let mut fleet = Fleet::default();
        for (n, over) in runs {
            let id = RunId::from_random(*n);
            let at = Wall(i64::try_from(*n).expect("small"));
            let mut attempt = AttemptView::new(Attempt::FIRST, at);
            attempt.phase = if *over { Phase::Ended { verdict: Verdict::Vanished, at } } else { Phase::Running };
            let spec = RunSpec::new(format!("run {n}"));
            fleet.runs.insert(id, RunView { id, host: host.clone(), spec, attempts: vec![attempt] });
        }
        (fleet, host)
    }

    fn title(picks: &Picks, fleet: &Fleet, host: &HostId) -> String {
        picks.of(fleet, host).map(|pick| pick.run.spec.title().to_owned()).unwrap_or_default()
    }

    #[test]
    fn what_goes_on_is_shown_before_what_is_newer_but_over() {
        let (fleet, host) = fleet(&[(1, true), (2, false), (3, true)]);
        let mut picks = Picks::default();
        assert_eq!(title(&picks, &fleet, &host), "run 2");
        assert_eq!(picks.place(&fleet, &host), Some((2, 3)));
        assert!(picks.step(&fleet, &host, true));
        assert_eq!(title(&picks, &fleet, &host), "run 3");
        assert!(!picks.step(&fleet, &host, true));
        assert!(picks.step(&fleet, &host, false) && picks.step(&fleet, &host, false));
        assert_eq!(title(&picks, &fleet, &host), "run 1");
        assert!(!picks.step(&fleet, &host, false));
    }

    #[test]
    fn out_of_sight_a_run_is_unknown_and_its_end_is_not() {
        let (fleet, host) = fleet(&[(1, true), (2, false)]);
        let mut picks = Picks::default();
        let standing = |picks: &Picks, link| picks.of(&fleet, &host).map(|pick| pick.standing(link));
        assert_eq!(standing(&picks, LinkState::Alive), Some(Standing::Running));
        assert_eq!(standing(&picks, LinkState::Lost), Some(Standing::Unknown));
        picks.step(&fleet, &host, false);
        assert_eq!(standing(&picks, LinkState::Lost), Some(Standing::Failed));
    }

    #[test]
    fn a_new_run_is_shown_unless_another_was_picked() {
        let (old, host) = fleet(&[(1, true), (2, true)]);
        let (new, _) = fleet(&[(1, true), (2, true), (3, false)]);
        let mut picks = Picks::default();
        assert_eq!(title(&picks, &new, &host), "run 3");
        picks.step(&old, &host, false);
        assert_eq!(title(&picks, &new, &host), "run 1");
        picks.forget(&host);
        assert_eq!(title(&picks, &new, &host), "run 3");
    }
}
