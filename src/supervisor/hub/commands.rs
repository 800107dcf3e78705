//! What the operator asks for, one small function each.

use crate::domain::command::Command;
use crate::domain::event::{CancelReason, Fact, OperatorFact, RunFact, Started};
use crate::domain::id::{Attempt, AttemptId, HostId, RunId};
use crate::domain::link::{Hold, LinkInput};
use crate::domain::run::{RunInput, RunSpec};
use crate::remote::Found;
use crate::supervisor::host::HostOrder;
use crate::supervisor::hub::Hub;
use crate::supervisor::start;

impl Hub {
    pub(super) fn handle_command(&mut self, command: Command) {
        match command {
            Command::Connect(host) => self.link(host, LinkInput::Connect, OperatorFact::Connect),
            Command::Reconnect(host) => self.link(host, LinkInput::Reconnect, OperatorFact::Reconnect),
            Command::Detach(host) => self.link(host, LinkInput::Detach, OperatorFact::Detach),
            Command::Pause(host) => self.link(host, LinkInput::Hold(Hold::Paused), OperatorFact::Pause),
            Command::MarkDead(host) => self.link(host, LinkInput::Hold(Hold::Dead), OperatorFact::MarkDead),
            Command::Start { id, host, spec } => self.start(id, host, spec),
            Command::Cancel { run, reason } => self.cancel(run, reason),
            Command::Rerun(run) => self.rerun(run),
            Command::Adopt(host) => {
                self.offer(&host, HostOrder::Adopt);
            }
            Command::Note { host, text } => self.publish(Some(host), Fact::Operator(OperatorFact::Note(text))),
        }
    }

    fn link(&mut self, host: HostId, input: LinkInput, fact: OperatorFact) {
        self.offer(&host, HostOrder::Link(input));
        self.publish(Some(host), Fact::Operator(fact));
    }

    fn start(&mut self, run: RunId, host: HostId, spec: Box<RunSpec>) {
        if self.fleet.runs.contains_key(&run) {
            self.warn(format!("run {run} is there already: it is not started again"));
            return;
        }
        self.offer(&host, HostOrder::Link(LinkInput::Connect));
        self.request(host, AttemptId { run, attempt: Attempt::FIRST }, spec);
    }

    /// The next attempt of a run that is over.
    pub(super) fn rerun(&mut self, run: RunId) {
        let Some(view) = self.fleet.runs.get(&run) else {
            self.warn(format!("rerun {run}: no such run"));
            return;
        };
        let Some(latest) = view.latest_id().filter(|_| view.is_over()) else {
            self.warn(format!("rerun {run}: it is not over"));
            return;
        };
        let (host, spec) = (view.host.clone(), Box::new(view.spec.clone()));
        self.retries.forget(run);
        self.offer(&host, HostOrder::Link(LinkInput::Connect));
        self.request(host, AttemptId { run, attempt: latest.attempt.next() }, spec);
    }

    fn cancel(&mut self, run: RunId, reason: CancelReason) {
        let Some(view) = self.fleet.runs.get(&run) else {
            self.warn(format!("cancel {run}: no such run"));
            return;
        };
        let planned = self.retries.forget(run);
        let Some(id) = view.latest_id().filter(|_| !view.is_over()) else {
            match (planned, view.latest_id()) {
                // Written down, so that a later supervisor does not make it either.
                (true, Some(id)) => {
                    let host = view.host.clone();
                    self.publish(Some(host), Fact::Run { id, fact: RunFact::CancelRequested { reason } });
                }
                (true, None) | (false, _) => self.warn(format!("cancel {run}: it is over already")),
            }
            return;
        };
        let host = view.host.clone();
        if let Some(cancelled) = self.unsent.get_mut(&id) {
            // Its host's task does not know it yet.
            *cancelled = Some(reason);
            return;
        }
        self.offer(&host, HostOrder::Input(id, RunInput::Cancel(reason)));
    }

    /// Runs that were found on a host; those that are known here are left as they are.
    pub(super) fn adopt(&mut self, host: &HostId, found: Vec<Found>) {
        let mut adopted = 0;
        for Found { id, title, evidence } in found {
            // What has not come up yet is somebody else's to start: all that we know of it is its title.
            if self.fleet.attempt(id).is_some() || evidence.started.is_none() {
                continue;
            }
            adopted += 1;
            self.request(host.clone(), id, Box::new(start::spec_of(title, &evidence)));
            if let Some(started) = evidence.started {
                let fact = RunFact::Started(Started { attached: true, ..started });
                self.publish(Some(host.clone()), Fact::Run { id, fact });
            }
        }
        self.publish(Some(host.clone()), Fact::Operator(OperatorFact::Note(format!("adopted {adopted} runs"))));
    }

    /// Goes on with what an earlier supervisor left.
    pub(super) fn resume(&mut self) {
        let unfinished: Vec<_> = self.fleet.runs.values().filter(|run| !run.is_over()).cloned().collect();
        for run in unfinished {
            let (Some(id), Some(attempt)) = (run.latest_id(), run.latest()) else { continue };
            let machine = crate::supervisor::resume::machine(id, &run.spec, attempt, self.last_seen);
            let seen = self.last_seen.filter(|_| attempt.started.is_some());
            let unseen = seen.map(|seen| self.clock.now().wall.since(seen));
            let reboots = self.reboots(id);
            self.offer(&run.host, HostOrder::Link(LinkInput::Connect));
            self.offer(&run.host, HostOrder::Run { run: Box::new(machine), reboots, unseen });
            if attempt.cancelling {
                self.offer(&run.host, HostOrder::Input(id, RunInput::Cancel(CancelReason::Operator)));
            }
        }
        let planned: Vec<_> = self
            .fleet
            .runs
            .values()
            .filter(|run| run.is_over())
            .filter_map(|run| run.latest()?.retry_at.map(|at| (at, run.id)))
            .collect();
        for (at, run) in planned {
            self.retries.plan(at, run);
        }
    }
}
