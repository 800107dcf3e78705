//! A control plane beside the hosts: asked round by round, never two at a time; what changes is an event.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::domain::event::Fact;
use crate::domain::health::{Illness, PlaneHealth, PlaneWatch, Report, Settings, plain, server_key};
use crate::domain::id::HostId;
use crate::domain::moment::Wall;
use crate::port::{Clock, HealthProvider, SurveyError};
use crate::supervisor::handle::{Handle, Order};
use crate::supervisor::shared::Shared;

/// Who is asked.
pub struct ControlPlane {
    /// For people; nothing secret.
    pub name: String,
    pub provider: Arc<dyn HealthProvider>,
}

impl Handle {
    /// Asks a control plane at the interval of the hosts until [`Handle::shutdown`]. Changes are told by
    /// whoever holds the ledger; a viewer asks for itself, and only shows.
    pub fn watch_plane(&self, plane: ControlPlane, settings: Settings, clock: Arc<dyn Clock>) {
        let (handle, settings) = (self.clone(), Arc::new(settings));
        self.shared.change_plane(|known| known.name = plain(&plane.name, LINE));
        self.tasks.spawn(async move {
            let known = match handle.subscribe().await {
                Ok(seat) => seat.snapshot.servers,
                // It has stopped already.
                Err(_) => return,
            };
            let (orders, shared) = (handle.orders.clone(), Arc::clone(&handle.shared));
            drop(handle);
            Rounds::new(plane, settings, clock, orders, shared, &known).run().await;
        });
    }
}

struct Rounds {
    plane: ControlPlane,
    settings: Arc<Settings>,
    clock: Arc<dyn Clock>,
    orders: mpsc::Sender<Order>,
    shared: Arc<Shared>,
    watch: PlaneWatch,
}

impl Rounds {
    fn new(
        plane: ControlPlane,
        settings: Arc<Settings>,
        clock: Arc<dyn Clock>,
        orders: mpsc::Sender<Order>,
        shared: Arc<Shared>,
        known: &BTreeMap<String, Illness>,
    ) -> Self {
        let watch = PlaneWatch::new(Arc::clone(&settings), known);
        Self { plane, settings, clock, orders, shared, watch }
    }

    async fn run(mut self) {
        let stopped = self.orders.clone();
        tokio::select! {
            () = stopped.closed() => {}
            () = self.rounds() => {}
        }
    }

    async fn rounds(&mut self) {
        let mut ticks = tokio::time::interval(self.settings.sampling.unwrap_or_default().interval);
        // A round that took too long is not made up for.
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let outcome = self.round().await;
            let now = self.clock.now();
            match outcome {
                Ok(reports) => {
                    let changes = self.watch.handle_reports(&reports, now.mono);
                    self.keep(now.wall, reports);
                    if self.shared.holder().is_some() {
                        continue;
                    }
                    for change in changes {
                        // Waits for the hub; when that has stopped, nobody is left to tell.
                        if self.orders.send(Order::Tell(Fact::Health(change))).await.is_err() {
                            return;
                        }
                    }
                }
                Err(SurveyError(why)) => {
                    let failed = Some((now.wall, plain(&why, LINE)));
                    self.shared.change_plane(|plane| (plane.late, plane.failed) = (None, failed));
                }
            }
        }
    }

    /// Shows a round, with what was written down of its servers before, and writes it down.
    fn keep(&self, at: Wall, reports: Vec<Report>) {
        let listed: Vec<(String, HostId)> =
            reports.iter().filter_map(|report| Some((report.server.clone(), server_key(&report.server)?))).collect();
        self.shared.change_plane(|plane| {
            plane.apply(at, reports);
            for (server, key) in &listed {
                if let Some(past) = self.shared.take_health(key) {
                    plane.remember(server, &past);
                }
            }
        });
        let (Some(log), Some(plane)) = (self.shared.health_log(), self.shared.plane()) else { return };
        for (server, key) in listed {
            let latest = plane.servers.get(&server).and_then(|known| known.latest.as_ref());
            if let Some(taken) = latest.filter(|latest| latest.at == at) {
                log.record(&key, taken);
            }
        }
    }

    /// One round; from a while on it is shown as late, and given up at last.
    async fn round(&self) -> Result<Vec<Report>, SurveyError> {
        let late = self.settings.sampling.unwrap_or_default().interval.max(LATE);
        let asked = self.clock.now().wall;
        let mut survey = self.plane.provider.survey();
        if let Ok(outcome) = tokio::time::timeout(late, &mut survey).await {
            return outcome;
        }
        self.shared.change_plane(|plane: &mut PlaneHealth| plane.late = Some(asked));
        let outcome = tokio::time::timeout(GIVEN_UP, survey).await;
        outcome.unwrap_or_else(|_| Err(SurveyError(format!("a round did not end within {GIVEN_UP:?}"))))
    }
}

/// A round of many servers that hang may take this long, and nobody worries.
const LATE: Duration = Duration::from_secs(15);

/// A round that takes longer is ended: the time limits of its requests should have done that long before.
const GIVEN_UP: Duration = Duration::from_secs(600);

/// Characters of a line.
const LINE: usize = 300;
