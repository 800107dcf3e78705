//! Where samples are written down, and where those of before come from.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use crate::domain::health::HostHealth;
use crate::ledger::{HealthListener, HealthLog, HealthReader, Ledger, Past};
use crate::supervisor::handle::Order;
use crate::supervisor::shared::Shared;

/// Begins to write, and brings the past in when it has been read. `None`, and a warning, when that
/// cannot be: samples are shown all the same.
pub(super) fn open(
    ledger: &Ledger,
    shared: &Arc<Shared>,
    orders: &mpsc::Sender<Order>,
    tracker: &TaskTracker,
) -> Option<HealthLog> {
    let (shared, orders) = (Arc::clone(shared), orders.downgrade());
    let warn = move |trouble: Option<String>| {
        let text = trouble.map_or_else(
            || "the history of health is written again".to_owned(),
            |why| format!("the history of health is not written: {why}; samples are shown, and forgotten at the end"),
        );
        tracing::warn!("{text}");
        // Full, or gone: it stands in the log.
        orders.upgrade().map(|orders| orders.try_send(Order::Warn(text)).ok());
    };
    let listener = HealthListener { past: Box::new(move |past| take_in(&shared, past)), trouble: Box::new(warn) };
    match HealthLog::start(ledger.dir(), listener) {
        Ok((log, over)) => {
            tracker.spawn(async move {
                // An error means that it has ended, too.
                over.await.ok();
            });
            Some(log)
        }
        Err(error) => {
            tracing::error!(%error, "the history of health is not written");
            None
        }
    }
}

/// What a viewer has not seen yet of what the holder of the ledger writes. Blocks.
pub(super) fn look(ledger: &Ledger, shared: &Arc<Shared>, points: usize) {
    match HealthReader::open(ledger.dir()).and_then(|reader| reader.map(|reader| reader.recent(points)).transpose()) {
        Ok(past) => past.unwrap_or_default().into_iter().for_each(|past| take_in(shared, past)),
        Err(error) => tracing::debug!(%error, "the history of health cannot be read"),
    }
}

fn take_in(shared: &Arc<Shared>, past: Past) {
    let known = shared.health(&past.host).and_then(|health| health.latest.as_ref().map(|latest| latest.at));
    if known.is_some() && known == past.latest.as_ref().map(|latest| latest.at) {
        return;
    }
    shared.change_health(&past.host, |health: &mut HostHealth| {
        past.points.into_iter().for_each(|point| health.push(point));
        if let Some(latest) = past.latest {
            health.apply(latest);
        }
    });
}
