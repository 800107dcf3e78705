//! What a host's task does about health: asks over the session it has, one question at a time, beside
//! everything else. Nothing here is waited for: a host that is late is only shown as late.

use std::sync::Arc;

use crate::domain::event::Fact;
use crate::domain::fleet::HostView;
use crate::domain::health::{Pace, Rates, Sample, Settings, Step, Taken, Traffic, Watch, plain};
use crate::domain::id::Epoch;
use crate::domain::moment::{Moment, Mono};
use crate::health::probe::{self, CpuTimes};
use crate::ledger::HealthLog;
use crate::supervisor::host::HostTask;
use crate::supervisor::host::calls::Outcome;

/// One host's sampling.
pub(in crate::supervisor) struct Sampler {
    settings: Arc<Settings>,
    pace: Pace,
    watch: Watch,
    /// For the next sample over the same connection.
    times: Option<CpuTimes>,
    traffic: Option<(Mono, Traffic)>,
    log: Option<HealthLog>,
}

/// What a question came to.
pub(super) type Answer = Result<(Sample, Option<CpuTimes>), String>;

impl Sampler {
    /// `None`: hosts are not sampled.
    pub(in crate::supervisor) fn new(
        settings: &Arc<Settings>,
        view: Option<&HostView>,
        seed: u64,
        log: Option<HealthLog>,
    ) -> Option<Self> {
        let sampling = settings.sampling?;
        let unwell = view.map(|view| view.unwell.clone()).unwrap_or_default();
        Some(Self {
            settings: Arc::clone(settings),
            pace: Pace::new(sampling, seed),
            watch: Watch::new(Arc::clone(settings), &unwell),
            times: None,
            traffic: None,
            log,
        })
    }

    pub(super) fn poll_timeout(&self) -> Option<Mono> {
        self.pace.poll_timeout()
    }

    fn forget_connection(&mut self) {
        self.pace.handle_gone();
        (self.times, self.traffic) = (None, None);
    }

    fn rates(&mut self, now: Mono, traffic: Option<Traffic>) -> Option<Rates> {
        let traffic = (now, traffic?);
        let before = self.traffic.replace(traffic)?;
        Rates::between(before, traffic)
    }
}

impl HostTask {
    /// Whether a question would be heard.
    pub(super) fn can_ask(&self) -> bool {
        self.announced.is_some() && self.link.state().is_connected()
    }

    /// Asks when it is time to, as long as the host can be asked.
    pub(super) fn pace_health(&mut self, now: Moment) {
        let epoch = self.announced.filter(|_| self.can_ask());
        let Some(sampler) = &mut self.sampler else { return };
        let Some(epoch) = epoch else {
            // A question that is out goes on while its connection does; it is the only one.
            if self.announced.is_none() {
                sampler.forget_connection();
            }
            return;
        };
        sampler.pace.handle_connected(now.mono);
        match sampler.pace.handle_timeout(now.mono) {
            Some(Step::Ask) => {
                let (settings, times) = (Arc::clone(&sampler.settings), sampler.times);
                self.bind(epoch, move |session| async move {
                    let answer = probe::sample(session, &settings.watched, times).await;
                    Outcome::Sampled(epoch, Box::new(answer))
                });
            }
            Some(Step::Late) => {
                self.around.shared.change_health(&self.around.host, |health| health.late = Some(now.wall));
            }
            None => {}
        }
    }

    pub(super) fn handle_sampled(&mut self, now: Moment, epoch: Epoch, answer: Answer) {
        let Some(sampler) = self.sampler.as_mut().filter(|_| self.announced == Some(epoch)) else { return };
        let in_time = sampler.pace.handle_answer(now.mono);
        match answer {
            Ok((sample, times)) if in_time => {
                sampler.times = times;
                let rates = sampler.rates(now.mono, sample.vitals.traffic);
                let changes = sampler.watch.handle_sample(&sample, now.mono);
                let taken = Taken { at: now.wall, sample, rates };
                if let Some(log) = &sampler.log {
                    log.record(&self.around.host, &taken);
                }
                self.around.shared.change_health(&self.around.host, |health| health.apply(taken));
                for change in changes {
                    self.spawn_fact(Fact::Health(change));
                }
            }
            // What it says is old: it only makes room for the next.
            Ok(_) => (sampler.times, sampler.traffic) = (None, None),
            Err(why) => {
                (sampler.times, sampler.traffic) = (None, None);
                let failed = Some((now.wall, plain(&why, LINE)));
                self.around.shared.change_health(&self.around.host, |health| health.failed = failed);
            }
        }
    }
}

/// Characters of a line about an error.
const LINE: usize = 300;
