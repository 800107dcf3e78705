//! The time limit of one dial. It stands still while the operator is asked: a human may think.

use std::future::Future;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// A deadline that is put off by as long as somebody was asked something.
pub(super) struct Patience {
    deadline: Mutex<Instant>,
    asking: watch::Sender<u32>,
}

/// The limit is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct OutOfTime;

impl Patience {
    pub(super) fn new(limit: Duration) -> Self {
        Self { deadline: Mutex::new(after(limit)), asking: watch::Sender::new(0) }
    }

    /// Each hop of a chain has its own time.
    pub(super) fn restart(&self, limit: Duration) {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = after(limit);
    }

    /// What `work` gives, if it does within the limit, and within `cap` from now if there is one.
    pub(super) async fn within<T>(&self, cap: Option<Duration>, work: impl Future<Output = T>) -> Result<T, OutOfTime> {
        let mut work = pin!(work);
        let cap = cap.map(after);
        loop {
            let until = cap.map_or_else(|| self.deadline(), |cap| cap.min(self.deadline()));
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                () = sleep_until(until) => {}
            }
            let mut asking = self.asking.subscribe();
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                _ = asking.wait_for(|count| *count == 0) => {}
            }
            let capped = cap.is_some_and(|cap| cap <= now());
            if capped || self.deadline() <= now() {
                return Err(OutOfTime);
            }
        }
    }

    /// Lets the limit stand still until the guard is dropped.
    pub(super) fn pause(&self) -> Pause<'_> {
        self.asking.send_modify(|count| *count += 1);
        Pause { patience: self, since: now() }
    }

    fn deadline(&self) -> Instant {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct Pause<'a> {
    patience: &'a Patience,
    since: Instant,
}

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        let mut deadline = self.patience.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        *deadline += now().saturating_duration_since(self.since);
        drop(deadline);
        self.patience.asking.send_modify(|count| *count = count.saturating_sub(1));
    }
}

/// The runtime's clock: the one that its timers go by, also when tests stop it.
fn now() -> Instant {
    Instant::now()
}

/// A year is for ever; more could not be added to an `Instant` everywhere.
fn after(limit: Duration) -> Instant {
    now() + limit.min(Duration::from_secs(365 * 24 * 3600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_runs_out() {
        let patience = Patience::new(Duration::from_secs(10));
        assert_eq!(patience.within(None, std::future::pending::<()>()).await, Err(OutOfTime));
        let patience = Patience::new(Duration::from_secs(10));
        assert_eq!(patience.within(None, async { 1 }).await, Ok(1));
        let capped = patience.within(Some(Duration::from_secs(1)), tokio::time::sleep(Duration::from_secs(5)));
        assert_eq!(capped.await, Err(OutOfTime));
    }

    #[tokio::test(start_paused = true)]
    async fn it_stands_still_while_the_operator_thinks() {
        let patience = Patience::new(Duration::from_secs(10));
        let work = async {
            tokio::time::sleep(Duration::from_secs(6)).await;
            let pause = patience.pause();
            tokio::time::sleep(Duration::from_secs(3600)).await;
            drop(pause);
            tokio::time::sleep(Duration::from_secs(3)).await;
        };
        assert_eq!(patience.within(None, work).await, Ok(()));
        let late = tokio::time::sleep(Duration::from_secs(2));
        assert_eq!(patience.within(None, late).await, Err(OutOfTime));
    }
}
