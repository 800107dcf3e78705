//! The configured jobs, to pick one from. Those that the configuration means for the hosts in
//! question come first; typing narrows the list.

use super::Step;
use crate::app::key::{Code, Key};
use crate::app::line::Line;
use crate::domain::fleet::Fleet;
use crate::domain::id::HostId;
use crate::domain::run::Job;

#[derive(Clone, Debug)]
pub struct JobList {
    /// Where it will be started.
    pub hosts: Vec<HostId>,
    jobs: Vec<(Job, bool)>,
    pub filter: Line,
    at: usize,
}

impl JobList {
    #[must_use]
    pub fn new(fleet: &Fleet, hosts: Vec<HostId>, jobs: &[Job]) -> Self {
        let meant =
            |job: &Job| hosts.iter().all(|id| fleet.hosts.get(id).is_some_and(|host| job.targets(id, &host.tags)));
        let mut jobs: Vec<_> = jobs.iter().map(|job| (job.clone(), meant(job))).collect();
        jobs.sort_by_key(|(_, meant)| !meant);
        Self { hosts, jobs, filter: Line::default(), at: 0 }
    }

    /// The jobs that pass the filter, each with whether it is meant for these hosts.
    pub fn shown(&self) -> impl Iterator<Item = &(Job, bool)> {
        let wanted = self.filter.text().to_lowercase();
        self.jobs.iter().filter(move |(job, _)| {
            [job.name.as_str(), &job.about, &job.spec.command].iter().any(|text| text.to_lowercase().contains(&wanted))
        })
    }

    /// How many there are, whatever the filter.
    #[must_use]
    pub fn total(&self) -> usize {
        self.jobs.len()
    }

    /// The row of [`JobList::shown`] that is selected.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at.min(self.shown().count().saturating_sub(1))
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.filter.insert(text);
    }

    pub(super) fn handle_key(&mut self, key: Key) -> Step {
        match (key.code, key.ctrl) {
            (Code::Esc, _) => return Step::Close,
            (Code::Enter, _) => {
                let chosen = self.shown().nth(self.at()).map(|(job, _)| Box::new(job.clone()));
                return chosen.map_or(Step::Stay, Step::Choose);
            }
            (Code::Up, _) | (Code::Char('p'), true) => self.at = self.at().saturating_sub(1),
            (Code::Down, _) | (Code::Char('n'), true) => self.at = self.at() + 1,
            (Code::PageUp, _) => self.at = 0,
            (Code::PageDown, _) => self.at = self.jobs.len(),
            _ => {
                if self.filter.handle_key(key) {
                    self.at = 0;
                }
            }
        }
        self.at = self.at();
        Step::Stay
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::JobName;
    use crate::domain::moment::Wall;
    use crate::domain::run::RunSpec;

    fn job(name: &str, hosts: &[&str]) -> Job {
        let hosts = hosts.iter().map(|host| HostId::parse(host).expect("a name")).collect();
        let name = JobName::parse(name).expect("a name");
        Job { name, about: String::new(), spec: RunSpec::new("run"), hosts, tags: Vec::new(), upload: None }
    }

    #[test]
    fn jobs_meant_for_the_host_come_first_and_typing_narrows() {
        let host = HostId::parse("b").expect("a name");
        let mut fleet = Fleet::default();
        fleet.add_host(host.clone(), String::new(), Vec::new(), Wall(0));
        let mut list = JobList::new(&fleet, vec![host], &[job("one", &["a"]), job("two", &["b"]), job("three", &[])]);
        let names = |list: &JobList| list.shown().map(|(job, _)| job.name.to_string()).collect::<Vec<_>>();
        assert_eq!(names(&list), ["two", "one", "three"]);
        list.handle_key(Key::of(Code::Down));
        list.handle_key(Key::char('t'));
        assert_eq!((names(&list), list.at()), (vec!["two".to_owned(), "three".to_owned()], 0));
        for _ in 0..5 {
            list.handle_key(Key::of(Code::Down));
        }
        assert!(matches!(list.handle_key(Key::of(Code::Enter)), Step::Choose(job) if job.name.as_str() == "three"));
        list.handle_key(Key::char('x'));
        assert!(matches!(list.handle_key(Key::of(Code::Enter)), Step::Stay), "nothing left to choose");
    }
}
