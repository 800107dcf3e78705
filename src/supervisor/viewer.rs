//! Two on one ledger: the second looks on, and its commands go through the first.

use std::sync::Arc;

use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::domain::command::Command;
use crate::domain::event::Event;
use crate::domain::fleet::Fleet;
use crate::domain::health::POINTS;
use crate::ledger::{Ledger, LedgerError};
use crate::port::Clock;
use crate::supervisor::handle::{Handle, Order};
use crate::supervisor::history;
use crate::supervisor::limits::{EVENTS, LEDGER_POLL, ORDERS};
use crate::supervisor::shared::Shared;

/// Looks on at the ledger that `holder` writes.
pub(super) fn start(ledger: Ledger, holder: String, fleet: Fleet, _clock: Arc<dyn Clock>) -> Handle {
    let tracker = TaskTracker::new();
    let (orders_out, orders) = mpsc::channel(ORDERS);
    let (events, _) = broadcast::channel(EVENTS);
    let shared = Arc::new(Shared::new(ledger.clone(), Some(holder)));
    let viewer = Viewer { ledger, fleet, events, shared: Arc::clone(&shared), looks: 0 };
    tracker.spawn(viewer.run(orders));
    tracker.close();
    Handle::new(orders_out, shared, tracker)
}

struct Viewer {
    ledger: Ledger,
    fleet: Fleet,
    events: broadcast::Sender<Arc<Event>>,
    shared: Arc<Shared>,
    /// How often it has looked.
    looks: u64,
}

impl Viewer {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut poll = tokio::time::interval(LEDGER_POLL);
        poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Command(command)) => self.pass_on(*command).await,
                    // The holder of the ledger tells.
                    Some(Order::Tell(_)) => {}
                    Some(Order::Warn(text)) => tracing::warn!(text, "not written down: another holds the ledger"),
                    Some(Order::Subscribe(answer)) => {
                        // Whoever asked may have gone.
                        answer.send((self.fleet.clone(), self.events.subscribe())).ok();
                    }
                    Some(Order::Shutdown) | None => return,
                },
                _ = poll.tick() => self.look().await,
            }
        }
    }

    async fn pass_on(&mut self, command: Command) {
        let ledger = self.ledger.clone();
        let outcome = tokio::task::spawn_blocking(move || ledger.order(&command)).await;
        if let Ok(Err(error)) = outcome {
            tracing::error!(%error, "the command could not be left in the ledger");
        }
    }

    /// Takes in what the holder has journaled since, and how far the logs have come.
    async fn look(&mut self) {
        loop {
            let (ledger, after) = (self.ledger.clone(), self.fleet.seq);
            let read = tokio::task::spawn_blocking(move || ledger.events(after, BATCH)).await;
            let Ok(Ok(events)) = read else { break };
            let last = events.len() < BATCH;
            for event in events {
                self.fleet.apply(&event);
                // An error means that nobody is looking.
                self.events.send(Arc::new(event)).ok();
            }
            if last {
                break;
            }
        }
        self.shared.measure_tails();
        if self.looks.is_multiple_of(HEALTH) {
            let (ledger, shared) = (self.ledger.clone(), Arc::clone(&self.shared));
            let points = if self.looks == 0 { POINTS } else { FRESH };
            tokio::task::spawn_blocking(move || history::look(&ledger, &shared, points)).await.ok();
        }
        self.looks += 1;
    }
}

/// Hands the commands that viewers left in the ledger to the hub.
pub(super) async fn forward_orders(ledger: Ledger, orders: mpsc::Sender<Order>, stop: CancellationToken) {
    let mut poll = tokio::time::interval(LEDGER_POLL);
    poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = poll.tick() => {}
        }
        match take(&ledger).await {
            Ok(commands) => {
                for command in commands {
                    if orders.send(Order::Command(Box::new(command))).await.is_err() {
                        return;
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "commands of viewers cannot be read"),
        }
    }
}

async fn take(ledger: &Ledger) -> Result<Vec<Command>, LedgerError> {
    let ledger = ledger.clone();
    tokio::task::spawn_blocking(move || ledger.take_orders()).await.unwrap_or(Err(LedgerError::Stopped))
}

/// Samples are looked for with every so many looks: every two seconds or so.
const HEALTH: u64 = 14;

/// Numbers of each host that may have come since.
const FRESH: usize = 8;

/// Events read at a time.
const BATCH: usize = 1_000;
