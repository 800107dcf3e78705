//! Values of arguments, parsed where they come in.

use std::str::FromStr;
use std::time::Duration;

use crate::config::{expand, is_variable_name, parse_duration, parse_size};
use crate::domain::health::Percent;
use crate::domain::id::{Attempt, HostId, RunId};

/// `db1`, or `node[01-20]` for twenty hosts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hosts(pub Vec<HostId>);

impl FromStr for Hosts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = expand(text).map_err(|error| error.to_string())?;
        let ids: Result<Vec<_>, _> = names.iter().map(|name| HostId::parse(name)).collect();
        ids.map(Self).map_err(|error| error.to_string())
    }
}

/// A run on the command line: its identifier, the beginning of it, or `last`; then maybe `.ATTEMPT`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunName {
    pick: Pick,
    pub attempt: Option<Attempt>,
}

/// Which run is meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pick {
    /// The one that was asked for last.
    Last,
    /// The one whose identifier begins so.
    Prefix(String),
}

impl FromStr for RunName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (run, attempt) = match text.split_once('.') {
            Some((run, attempt)) => (run, Some(attempt)),
            None => (text, None),
        };
        let attempt = attempt
            .map(|number| {
                number.parse().ok().and_then(Attempt::new).ok_or(format!("{number:?} is no attempt: 1, 2, …"))
            })
            .transpose()?;
        // `last` is no beginning of an identifier: they have no l.
        let pick = if run == "last" { Pick::Last } else { Pick::Prefix(run.to_lowercase()) };
        let wanting = RunId::LEN.checked_sub(run.len());
        let sound = wanting
            .is_some_and(|wanting| RunId::parse(&format!("{}{}", run.to_lowercase(), "0".repeat(wanting))).is_ok());
        if pick != Pick::Last && (run.is_empty() || !sound) {
            return Err(format!(
                "{run:?} is no run: give its identifier or the beginning of it (see `steadfast runs`), or `last`"
            ));
        }
        Ok(Self { pick, attempt })
    }
}

impl RunName {
    /// The run meant, out of all that are known, the latest first.
    pub fn find(&self, known: impl IntoIterator<Item = RunId>) -> Result<RunId, String> {
        let mut known = known.into_iter();
        match &self.pick {
            Pick::Last => known.next().ok_or_else(|| "there is no run yet".into()),
            Pick::Prefix(prefix) => {
                let matching: Vec<RunId> = known.filter(|id| id.as_str().starts_with(prefix.as_str())).collect();
                match matching.as_slice() {
                    [] => Err(format!("there is no run {prefix}")),
                    [id] => Ok(*id),
                    [a, b, ..] => {
                        Err(format!("{prefix} is the beginning of {} runs, {a} and {b} among them", matching.len()))
                    }
                }
            }
        }
    }
}

/// `NAME=value`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Variable {
    pub name: String,
    pub value: String,
}

impl FromStr for Variable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The text is not repeated: there may be a secret in it.
        let (name, value) = text.split_once('=').ok_or("it has no `=`: write NAME=value")?;
        if !is_variable_name(name) {
            return Err(format!("{name:?} is no name of a variable: letters, digits and `_`, no digit first"));
        }
        Ok(Self { name: name.into(), value: value.into() })
    }
}

/// `90` or `90%`.
pub(super) fn percent(text: &str) -> Result<Percent, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim_end();
    Percent::parse_number(number).map_err(|error| error.to_string())
}

/// From 1 to 1024.
pub(super) fn several(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| (1..=1024).contains(number)).ok_or_else(|| "1 to 1024 at a time".into())
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text)
}

/// A time limit: longer than nothing.
pub(super) fn limit(text: &str) -> Result<Duration, String> {
    let limit = parse_duration(text)?;
    if limit.is_zero() { Err("must be longer than nothing; leave it out for no limit".into()) } else { Ok(limit) }
}

pub(super) fn spool_limit(text: &str) -> Result<u64, String> {
    let limit = parse_size(text)?;
    if limit < 64 << 10 { Err("less than 64KiB: every pause would lose output".into()) } else { Ok(limit) }
}

pub(super) fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| format!("{text:?} is no number"))?;
    if (0.1..=100.0).contains(&speed) { Ok(speed) } else { Err("allowed: 0.1 to 100".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> RunId {
        RunId::parse(text).unwrap()
    }

    #[test]
    fn a_run_is_found_by_the_beginning_of_its_identifier() {
        let known = [id("abc0000000"), id("abd0000000"), id("x000000000")];
        let find = |text: &str| RunName::from_str(text).unwrap().find(known);
        assert_eq!(find("x"), Ok(known[2]));
        assert_eq!(find("ABC"), Ok(known[0]));
        assert_eq!(find("abd0000000.3"), Ok(known[1]));
        assert_eq!(find("last"), Ok(known[0]));
        assert_eq!(find("ab"), Err("ab is the beginning of 2 runs, abc0000000 and abd0000000 among them".into()));
        assert_eq!(find("zz"), Err("there is no run zz".into()));
        assert_eq!(RunName::from_str("last").unwrap().find([]), Err("there is no run yet".into()));
        assert_eq!(RunName::from_str("x.3").unwrap().attempt, Attempt::new(3));
    }

    #[test]
    fn what_is_no_run_is_refused_before_anything_is_opened() {
        for bad in ["", ".", "x.", "x.0", "x.y", "../etc", "l", "abc00000000", "é"] {
            assert!(RunName::from_str(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_variable_keeps_its_equals_signs_and_errors_do_not_repeat_values() {
        let variable = Variable::from_str("A=b=c").unwrap();
        assert_eq!((variable.name.as_str(), variable.value.as_str()), ("A", "b=c"));
        for bad in ["hunter2", "2=hunter2", "=hunter2"] {
            assert!(!Variable::from_str(bad).unwrap_err().contains("hunter2"), "{bad}");
        }
    }

    #[test]
    fn hosts_may_be_a_range() {
        assert_eq!(Hosts::from_str("n[1-3]").unwrap().0.len(), 3);
        for bad in ["", "-oProxyCommand=x", "a b", "n[3-1]"] {
            assert!(Hosts::from_str(bad).is_err(), "{bad:?}");
        }
    }
}
