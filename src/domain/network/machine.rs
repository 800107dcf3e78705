//! What the interfaces say and what check hosts answer, made into one state.
//!
//! Down is believed at once: no usable interface, no route. Only the way back up is damped, so that a
//! network that flaps does not start a fleet of dials each time. Who is asked matters: the silence of
//! configured check hosts means that we are cut off; the silence of hosts of the fleet may be their own,
//! so it says at most "degraded" unless our own gateway, which has answered before, is silent with them.

use std::time::Duration;

use crate::domain::moment::Mono;
use crate::domain::network::{NetworkSettings, NetworkState};

/// The network, as one pure machine: tell it what was seen, ask when [`Network::poll_ask`] says so, call
/// [`Network::handle_timeout`] when [`Network::poll_timeout`] is due, and read [`Network::state`].
#[derive(Clone, Debug)]
pub struct Network {
    /// Whether there is anybody to ask.
    checks: bool,
    /// Named by the operator: all of them silent means that we are cut off.
    decisive: bool,
    interval: Duration,
    settle: Duration,
    seen: Seen,
    looked: bool,
    links: Links,
    answers: Vec<CheckAnswer>,
    /// The gateway has answered once, so its silence means something.
    gateway_known: bool,
    round: Round,
    wanted: Option<Round>,
    /// When the newest round began, and when the next one is due.
    asked: Option<Mono>,
    due: Option<Mono>,
    /// When it was last seen to go.
    lost: Option<Mono>,
    /// Seen to be back, but too soon after it went to be believed.
    held: Option<Mono>,
    state: NetworkState,
    why: String,
}

/// What the interfaces say.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Seen {
    state: NetworkState,
    why: String,
    default_route: bool,
}

/// One round of questions to all check hosts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Round(u64);

/// What the links need of the network.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Links {
    /// All are alive, or want no connection: nobody needs to be asked.
    #[default]
    Quiet,
    /// Some are not alive. If others are, the network is not what is missing.
    Wanting { some_alive: bool },
}

/// What one check host said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckAnswer {
    /// For people; free of control characters.
    pub name: String,
    /// Our own gateway: a witness, not one of the hosts.
    pub gateway: bool,
    pub answer: Answer,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It connected or refused, after this long.
    Reached(Duration),
    /// It did not, for this reason.
    Silent(String),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NetworkInput {
    /// What the interfaces, addresses and routes amount to now.
    Seen {
        state: NetworkState,
        why: String,
        default_route: bool,
    },
    Links(Links),
    /// The answers of a round, complete.
    Answered {
        round: Round,
        answers: Vec<CheckAnswer>,
    },
}

impl Network {
    /// Nothing is known yet. `checks`: whether there is anybody to ask.
    #[must_use]
    pub fn new(settings: &NetworkSettings, checks: bool, links: Links) -> Self {
        let why = "not asked yet".to_owned();
        Self {
            checks,
            decisive: settings.check.is_some(),
            interval: settings.check_interval,
            settle: settings.settle,
            seen: Seen { state: NetworkState::Unknown, why: why.clone(), default_route: false },
            looked: false,
            links,
            answers: Vec::new(),
            gateway_known: false,
            round: Round::default(),
            wanted: None,
            asked: None,
            due: None,
            lost: None,
            held: None,
            state: NetworkState::Unknown,
            why,
        }
    }

    #[must_use]
    pub fn state(&self) -> NetworkState {
        self.state
    }

    /// For people.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }

    /// Of the newest round; empty before the first.
    #[must_use]
    pub fn answers(&self) -> &[CheckAnswer] {
        &self.answers
    }

    pub fn handle_input(&mut self, now: Mono, input: NetworkInput) {
        match input {
            NetworkInput::Seen { state, why, default_route } => {
                let seen = Seen { state, why, default_route };
                if self.looked && seen == self.seen {
                    return;
                }
                self.seen = seen;
                // The first look is no change: whoever just starts does not knock at doors for it.
                let news = std::mem::replace(&mut self.looked, true) || self.links != Links::Quiet;
                if state == NetworkState::Down {
                    // They were of a network that is no more.
                    self.answers.clear();
                    (self.due, self.wanted) = (None, None);
                } else if news {
                    self.ask_soon(now);
                }
            }
            NetworkInput::Links(links) => {
                let was = std::mem::replace(&mut self.links, links);
                match links {
                    Links::Quiet if was == Links::Quiet => {}
                    Links::Quiet => {
                        // Nobody asks any more, so the old answers must not stand for ever.
                        self.answers.clear();
                        self.due = None;
                    }
                    Links::Wanting { .. } if was == Links::Quiet => self.ask_soon(now),
                    Links::Wanting { .. } => {}
                }
            }
            NetworkInput::Answered { round, answers } if round == self.round => {
                self.gateway_known |= answers.iter().any(|answer| answer.gateway && answer.is_reached());
                self.answers = answers;
                // What it takes away it must give back, although no link needs it at the moment.
                if self.due.is_none() && self.verdict().0 != self.seen.state {
                    self.due = Some(now + self.interval);
                }
            }
            // Of a round that was overtaken by a change.
            NetworkInput::Answered { .. } => {}
        }
        self.conclude(now);
    }

    /// Does what is due at `now`; harmless when nothing is.
    pub fn handle_timeout(&mut self, now: Mono) {
        if self.due.is_some_and(|due| now >= due) {
            self.ask(now);
        }
        self.conclude(now);
    }

    /// When [`Network::handle_timeout`] is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Mono> {
        self.due.into_iter().chain(self.held).min()
    }

    /// The round that is to be asked now; answers of earlier ones are not waited for any more.
    pub fn poll_ask(&mut self) -> Option<Round> {
        self.wanted.take()
    }

    /// At once, or a little after the last round: changes come in swarms.
    fn ask_soon(&mut self, now: Mono) {
        let earliest = self.asked.map_or(now, |asked| asked + SHORTEST_GAP);
        if now >= earliest {
            self.ask(now);
        } else if self.checks {
            self.due = Some(earliest);
        }
    }

    fn ask(&mut self, now: Mono) {
        self.due = None;
        if !self.checks || self.seen.state == NetworkState::Down {
            return;
        }
        self.round = Round(self.round.0 + 1);
        self.wanted = Some(self.round);
        self.asked = Some(now);
        if let Links::Wanting { .. } = self.links {
            self.due = Some(now + self.interval);
        }
    }

    fn conclude(&mut self, now: Mono) {
        let (state, why) = self.verdict();
        if state == NetworkState::Down {
            if self.state != NetworkState::Down || self.held.is_some() {
                self.lost = Some(now);
            }
            self.held = None;
        } else if self.state == NetworkState::Down {
            let steady = self.lost.is_none_or(|lost| now >= lost + self.settle);
            let first = self.held.is_none();
            let until = *self.held.get_or_insert(now + self.settle);
            let answered = self.answers.iter().any(CheckAnswer::is_reached);
            if !(answered || now >= until || (first && steady)) {
                self.why = format!("coming back: {why}");
                return;
            }
            (self.held, self.lost) = (None, None);
        }
        (self.state, self.why) = (state, why);
    }

    fn verdict(&self) -> (NetworkState, String) {
        let Seen { state: seen, why, .. } = &self.seen;
        let hosts = self.answers.iter().filter(|answer| !answer.gateway);
        let (reached, silent): (Vec<_>, Vec<_>) = hosts.partition(|answer| answer.is_reached());
        if *seen == NetworkState::Down || self.answers.is_empty() || (reached.is_empty() && silent.is_empty()) {
            return (*seen, why.clone());
        }
        let all = reached.len() + silent.len();
        let enough = if self.decisive { silent.is_empty() } else { reached.len() * 2 >= all };
        if enough {
            return (NetworkState::Up, why.clone());
        }
        let who = told(&silent);
        if !reached.is_empty() {
            let words = format!("{} of {all} check hosts answer over {why}; not {who}", reached.len());
            return (NetworkState::Degraded, words);
        }
        let (state, excuse) = self.nobody_answers();
        (state, format!("no check host answers over {why}: {who}{excuse}"))
    }

    /// Whose fault it is that nobody answers.
    fn nobody_answers(&self) -> (NetworkState, &'static str) {
        let mut gateways = self.answers.iter().filter(|answer| answer.gateway).peekable();
        let asked = gateways.peek().is_some();
        if self.links == (Links::Wanting { some_alive: true }) {
            (NetworkState::Degraded, "; but other links are alive")
        } else if self.decisive {
            (NetworkState::Down, "")
        } else if gateways.any(CheckAnswer::is_reached) {
            (NetworkState::Degraded, "; but our gateway does")
        } else if asked && self.gateway_known {
            (NetworkState::Down, "; nor does our gateway, which did before")
        } else {
            (NetworkState::Degraded, "; it may be theirs: name others in [network] check")
        }
    }
}

impl CheckAnswer {
    #[must_use]
    pub fn is_reached(&self) -> bool {
        match self.answer {
            Answer::Reached(_) => true,
            Answer::Silent(_) => false,
        }
    }
}

/// `gate:22 (timed out), db1:22 (no route), 2 more`
fn told(silent: &[&CheckAnswer]) -> String {
    let mut words: Vec<String> = silent.iter().take(LISTED).map(|one| one.told()).collect();
    if silent.len() > LISTED {
        words.push(format!("{} more", silent.len() - LISTED));
    }
    words.join(", ")
}

impl CheckAnswer {
    fn told(&self) -> String {
        match &self.answer {
            Answer::Reached(_) => self.name.clone(),
            Answer::Silent(why) => format!("{} ({why})", self.name),
        }
    }
}

/// So many are named in one line.
const LISTED: usize = 3;

/// Between two rounds, whatever happens.
const SHORTEST_GAP: Duration = Duration::from_secs(1);

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
