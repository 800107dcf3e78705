//! Which hosts are shown, in which order, which one is selected and which are marked. The selection
//! is a host, never a row: however the list moves, it stays with the host.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::domain::fleet::{Fleet, HostView};
use crate::domain::id::HostId;
use crate::domain::link::LinkState;

/// The state of the list of hosts.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    selected: Option<HostId>,
    marked: BTreeSet<HostId>,
    pub filter: String,
    pub order: Order,
    /// What the health view shows of each host; empty while there is no filter.
    told: BTreeMap<HostId, Told>,
    /// For which filter, and in which second.
    told_for: Option<(String, i64)>,
}

/// What a row of the health view shows, in lower case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Told {
    pub status: &'static str,
    pub text: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Order {
    #[default]
    Name,
    /// The most severe state first, by name among equals.
    Trouble,
}

impl Hosts {
    /// The hosts that pass the filter, in no order that matters.
    pub fn shown<'a>(&self, fleet: &'a Fleet) -> impl Iterator<Item = &'a HostView> {
        let words = self.words();
        fleet.hosts.values().filter(move |host| self.matches(fleet, host, &words))
    }

    fn matches(&self, fleet: &Fleet, host: &HostView, words: &[String]) -> bool {
        let told = self.told.get(&host.id);
        words.iter().all(|word| matches(fleet, host, word) || told.is_some_and(|told| told.has(word)))
    }

    /// Whether the rows of the health view have to be noted anew, in this second.
    pub(super) fn wants_rows(&mut self, second: i64) -> bool {
        if self.filter.is_empty() {
            self.told.clear();
            self.told_for = None;
            return false;
        }
        self.told_for.as_ref().is_none_or(|(filter, noted)| *filter != self.filter || *noted != second)
    }

    pub(super) fn note_rows(&mut self, told: BTreeMap<HostId, Told>, second: i64) {
        (self.told, self.told_for) = (told, Some((self.filter.clone(), second)));
    }

    /// The hosts that pass the filter, in order.
    #[must_use]
    pub fn visible<'a>(&self, fleet: &'a Fleet) -> Vec<&'a HostView> {
        self.visible_in(fleet, self.order)
    }

    /// The same in another order.
    #[must_use]
    pub fn visible_in<'a>(&self, fleet: &'a Fleet, order: Order) -> Vec<&'a HostView> {
        let mut hosts: Vec<_> = self.shown(fleet).collect();
        hosts.sort_by(|a, b| {
            let trouble = match order {
                Order::Name => Ordering::Equal,
                Order::Trouble => b.link.severity().cmp(&a.link.severity()),
            };
            trouble.then_with(|| natural(a.id.as_str(), b.id.as_str()))
        });
        hosts
    }

    /// The selected host; the first one shown when the selected one is not.
    #[must_use]
    pub fn selected<'a>(&self, fleet: &'a Fleet) -> Option<&'a HostView> {
        let chosen = self.selected.as_ref().and_then(|id| fleet.hosts.get(id));
        let words = self.words();
        chosen.filter(|host| self.matches(fleet, host, &words)).or_else(|| self.visible(fleet).first().copied())
    }

    fn words(&self) -> Vec<String> {
        self.filter.split_whitespace().map(str::to_lowercase).collect()
    }

    /// Whether no host was ever selected.
    #[must_use]
    pub fn is_unset(&self) -> bool {
        self.selected.is_none()
    }

    /// Makes the host that is shown as selected the one that stays so.
    pub fn pin(&mut self, fleet: &Fleet) {
        if let Some(host) = self.selected(fleet) {
            self.selected = Some(host.id.clone());
        }
    }

    pub fn select(&mut self, host: HostId) {
        self.selected = Some(host);
    }

    /// Moves the selection by so many rows, no further than the ends.
    pub fn step(&mut self, fleet: &Fleet, rows: isize) {
        let visible = self.visible(fleet);
        let Some(last) = visible.len().checked_sub(1) else { return };
        let at = visible.iter().position(|host| Some(&host.id) == self.selected.as_ref()).unwrap_or(0);
        self.selected = Some(visible[at.saturating_add_signed(rows).min(last)].id.clone());
    }

    /// Selects the next host in trouble in this direction, going round; `false` when there is none.
    pub fn step_to_trouble(&mut self, fleet: &Fleet, forward: bool) -> bool {
        let mut visible = self.visible(fleet);
        if !forward {
            visible.reverse();
        }
        let at = visible.iter().position(|host| Some(&host.id) == self.selected.as_ref()).unwrap_or(0);
        let (before, after) = visible.split_at((at + 1).min(visible.len()));
        let found = after.iter().chain(before).find(|host| is_trouble(host.link.state) && host.link.hold().is_none());
        if let Some(host) = found {
            self.selected = Some(host.id.clone());
        }
        found.is_some()
    }

    #[must_use]
    pub fn is_marked(&self, host: &HostId) -> bool {
        self.marked.contains(host)
    }

    #[must_use]
    pub fn marks(&self) -> usize {
        self.marked.len()
    }

    pub fn toggle_mark(&mut self, host: &HostId) {
        if !self.marked.remove(host) {
            self.marked.insert(host.clone());
        }
    }

    /// Marks all that are shown; when they all are, none.
    pub fn toggle_all(&mut self, fleet: &Fleet) {
        let visible: BTreeSet<_> = self.visible(fleet).iter().map(|host| host.id.clone()).collect();
        self.marked = if visible.is_subset(&self.marked) { BTreeSet::new() } else { visible };
    }

    pub fn clear_marks(&mut self) {
        self.marked.clear();
    }

    /// What verbs act on: the marked hosts, or else the selected one. In the order of the list, those
    /// that the filter hides last.
    #[must_use]
    pub fn targets(&self, fleet: &Fleet) -> Vec<HostId> {
        if self.marked.is_empty() {
            return self.selected(fleet).map(|host| host.id.clone()).into_iter().collect();
        }
        let visible = self.visible(fleet);
        let shown: Vec<_> = visible.iter().map(|h| h.id.clone()).filter(|id| self.marked.contains(id)).collect();
        let hidden = self.marked.iter().filter(|id| fleet.hosts.contains_key(id) && !shown.contains(id)).cloned();
        let hidden: Vec<_> = hidden.collect();
        shown.into_iter().chain(hidden).collect()
    }
}

/// Whether an operator should look at it: everything between us and a host that works.
#[must_use]
pub fn is_trouble(state: LinkState) -> bool {
    match state {
        LinkState::Idle | LinkState::Connecting | LinkState::Alive => false,
        LinkState::Pinging
        | LinkState::Reconnecting
        | LinkState::Paused
        | LinkState::Rebooted
        | LinkState::Refused
        | LinkState::Lost => true,
    }
}

impl Told {
    /// Whoever asks for healthy does not mean unhealthy.
    fn has(&self, word: &str) -> bool {
        self.status.starts_with(word) || self.text.contains(word)
    }
}

fn matches(fleet: &Fleet, host: &HostView, word: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(word);
    has(host.id.as_str())
        || host.link.word().contains(word)
        || host.tags.iter().any(|tag| has(tag))
        || fleet.runs.values().any(|run| run.host == host.id && has(run.spec.title()))
}

/// Orders `node2` before `node10`: runs of digits by their value, the rest by character.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (Some(x), Some(y)) = (left.chars().next(), right.chars().next()) else {
            return left.len().cmp(&right.len()).then_with(|| a.cmp(b));
        };
        if x.is_ascii_digit() && y.is_ascii_digit() {
            let (number, rest) = digits(left);
            let (other, other_rest) = digits(right);
            let order = number.len().cmp(&other.len()).then_with(|| number.cmp(other));
            if order.is_ne() {
                return order;
            }
            (left, right) = (rest, other_rest);
        } else if x == y {
            (left, right) = (&left[x.len_utf8()..], &right[y.len_utf8()..]);
        } else {
            return x.cmp(&y);
        }
    }
}

/// The leading digits without leading zeros, and what comes after them.
fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (text[..end].trim_start_matches('0'), &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::moment::Wall;

    fn fleet(hosts: &[(&str, LinkState)]) -> Fleet {
        let mut fleet = Fleet::default();
        for (name, state) in hosts {
            let id = HostId::parse(name).expect("a name");
            fleet.add_host(id.clone(), String::new(), vec![format!("tag-{name}")], Wall(0));
            fleet.hosts.get_mut(&id).expect("just added").link.state = *state;
        }
        fleet
    }

    fn names<'a>(hosts: &[&'a HostView]) -> Vec<&'a str> {
        hosts.iter().map(|host| host.id.as_str()).collect()
    }

    #[test]
    fn the_selection_stays_with_the_host_when_the_list_moves() {
        let mut fleet = fleet(&[("a", LinkState::Alive), ("b", LinkState::Alive), ("c", LinkState::Alive)]);
        let mut hosts = Hosts { order: Order::Trouble, ..Hosts::default() };
        hosts.step(&fleet, 1);
        assert_eq!(hosts.selected(&fleet).map(|h| h.id.as_str()), Some("b"));
        fleet.hosts.values_mut().last().expect("c").link.state = LinkState::Lost;
        assert_eq!(names(&hosts.visible(&fleet)), ["c", "a", "b"]);
        assert_eq!(hosts.selected(&fleet).map(|h| h.id.as_str()), Some("b"));
        hosts.filter = "tag-a".into();
        assert_eq!(hosts.selected(&fleet).map(|h| h.id.as_str()), Some("a"), "b is hidden");
        hosts.filter.clear();
        assert_eq!(hosts.selected(&fleet).map(|h| h.id.as_str()), Some("b"));
    }

    #[test]
    fn numbers_in_names_count_as_numbers() {
        let fleet = fleet(&["n10", "n9", "n09b", "n1", "m"].map(|name| (name, LinkState::Alive)));
        assert_eq!(names(&Hosts::default().visible(&fleet)), ["m", "n1", "n9", "n09b", "n10"]);
    }

    #[test]
    fn trouble_is_walked_round() {
        let fleet = fleet(&[("a", LinkState::Lost), ("b", LinkState::Alive), ("c", LinkState::Refused)]);
        let mut hosts = Hosts::default();
        let walk: Vec<_> = (0..3)
            .map(|_| {
                assert!(hosts.step_to_trouble(&fleet, true));
                hosts.selected(&fleet).map(|h| h.id.to_string()).expect("one")
            })
            .collect();
        assert_eq!(walk, ["c", "a", "c"]);
        assert!(hosts.step_to_trouble(&fleet, false));
        assert_eq!(hosts.selected(&fleet).map(|h| h.id.as_str()), Some("a"));
    }

    #[test]
    fn verbs_act_on_marks_and_else_on_the_selection() {
        let fleet = fleet(&[("a", LinkState::Alive), ("b", LinkState::Alive), ("c", LinkState::Alive)]);
        let mut hosts = Hosts::default();
        assert_eq!(hosts.targets(&fleet).iter().map(HostId::as_str).collect::<Vec<_>>(), ["a"]);
        hosts.toggle_all(&fleet);
        hosts.toggle_mark(&HostId::parse("b").expect("a name"));
        hosts.filter = "tag-c".into();
        assert_eq!(hosts.targets(&fleet).iter().map(HostId::as_str).collect::<Vec<_>>(), ["c", "a"]);
    }
}
