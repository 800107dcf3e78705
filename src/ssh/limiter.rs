//! How many handshakes go on at a time, so that 500 hosts that come back do not make a storm: sshd
//! drops logins beyond `MaxStartups` (10:30:100), which looks like random failure.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Places for handshakes: per destination (jump host or address), and in all.
pub(super) struct Limiter {
    all: Arc<Semaphore>,
    destinations: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// Held during a handshake; the next one begins when it is dropped.
pub(super) struct Place {
    _all: OwnedSemaphorePermit,
    _destination: OwnedSemaphorePermit,
}

impl Limiter {
    pub(super) fn new() -> Self {
        Self { all: Arc::new(Semaphore::new(IN_ALL)), destinations: Mutex::new(HashMap::new()) }
    }

    /// Waits for a place: first in, first out. Who had to wait waits a little more, at random, so
    /// that those set free together do not start together. The wait ends with the handshakes before
    /// it, each of which has its own limit.
    pub(super) async fn place(&self, destination: &str) -> Option<Place> {
        let own = self.destination(destination);
        let crowded = own.available_permits() == 0 || self.all.available_permits() == 0;
        // The destination first: whoever waits for a busy jump host must not take a place from others.
        let destination = own.acquire_owned().await.ok()?;
        let all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        if crowded {
            tokio::time::sleep(JITTER.mul_f64(rand::random::<f64>())).await;
        }
        Some(Place { _all: all, _destination: destination })
    }

    fn destination(&self, name: &str) -> Arc<Semaphore> {
        let mut destinations = self.destinations.lock().unwrap_or_else(PoisonError::into_inner);
        // Idle ones are forgotten: the map holds no more than the destinations in use.
        destinations.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
        Arc::clone(destinations.entry(name.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(PER_DESTINATION))))
    }
}

/// Below sshd's default of ten unauthenticated connections, with room for others.
const PER_DESTINATION: usize = 8;
/// What one processor does at once without making any of them late.
const IN_ALL: usize = 32;
const JITTER: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_destination_has_eight_places_and_does_not_take_those_of_others() {
        let limiter = Limiter::new();
        let mut held = Vec::new();
        for _ in 0..PER_DESTINATION {
            held.push(limiter.place("jump:22").await.unwrap());
        }
        assert!(limiter.place("jump:22").now_or_never().is_none());
        assert!(limiter.place("other:22").now_or_never().is_some());
        held.pop();
        assert!(limiter.place("jump:22").await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn there_are_thirty_two_in_all_and_idle_destinations_are_forgotten() {
        let limiter = Limiter::new();
        let mut held = Vec::new();
        for host in 0..IN_ALL {
            held.push(limiter.place(&host.to_string()).await.unwrap());
        }
        assert!(limiter.place("one more").now_or_never().is_none());
        held.clear();
        assert!(limiter.place("one more").await.is_some());
        assert_eq!(limiter.destinations.lock().unwrap().len(), 1);
    }
}
