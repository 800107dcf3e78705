//! How many handshakes go on at a time, so that 500 hosts that come back do not make a storm: sshd
//! drops logins beyond `MaxStartups` (10:30:100), which looks like random failure.

mod places;
mod room;

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use crate::domain::moment::Mono;

use places::{Places, Ticket};

/// Places for handshakes: per destination (jump host or address), and in all.
pub(super) struct Limiter(Arc<Shared>);

struct Shared {
    queue: Mutex<Queue>,
    started: Instant,
}

#[derive(Default)]
struct Queue {
    places: Places,
    calls: HashMap<Ticket, Arc<Notify>>,
}

/// Held during a handshake; the next one begins when it is dropped.
pub(super) struct Place {
    shared: Arc<Shared>,
    destination: String,
    begun: Mono,
}

/// In the queue, until dropped or called.
struct Waiting<'a> {
    shared: &'a Arc<Shared>,
    destination: &'a str,
    ticket: Ticket,
    called: bool,
}

impl Limiter {
    pub(super) fn new() -> Self {
        Self(Arc::new(Shared { queue: Mutex::default(), started: now() }))
    }

    /// Waits for a place: first in, first out. Who had to wait waits a little more, at random, so
    /// that those set free together do not start together. The wait ends with the handshakes before
    /// it, each of which has its own limit. `tell` learns how many these are, once a second. There are at most
    /// `most` places at the destination; the lowest number of those who ask counts.
    pub(super) async fn place(&self, destination: &str, most: NonZeroU32, tell: impl Fn(u32)) -> Place {
        let call = Arc::new(Notify::new());
        let ticket = {
            let mut queue = self.0.queue();
            let ticket =
                queue.places.queue(self.0.now(), destination, usize::try_from(most.get()).unwrap_or(usize::MAX));
            queue.calls.insert(ticket, Arc::clone(&call));
            queue.call_next();
            ticket
        };
        let mut waiting = Waiting { shared: &self.0, destination, ticket, called: false };
        let mut crowded = false;
        while let Some(before) = self.0.before(destination, ticket) {
            crowded = true;
            tell(before);
            // Not called: the number may be another.
            timeout(NEWS, call.notified()).await.ok();
        }
        waiting.called = true;
        drop(waiting);
        let mut place = Place { shared: Arc::clone(&self.0), destination: destination.to_owned(), begun: self.0.now() };
        if crowded {
            sleep(JITTER.mul_f64(rand::random::<f64>())).await;
            place.begun = self.0.now();
        }
        place
    }

    /// What became of a handshake that began at `begun`: `dropped` before the banner, or logged in.
    pub(super) fn learn(&self, destination: &str, begun: Mono, dropped: bool) {
        let mut queue = self.0.queue();
        queue.places.learn(self.0.now(), destination, begun, dropped);
        queue.call_next();
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn before(&self, destination: &str, ticket: Ticket) -> Option<u32> {
        self.queue().places.before(destination, ticket)
    }

    fn now(&self) -> Mono {
        Mono(self.started.elapsed())
    }
}

impl Queue {
    fn call_next(&mut self) {
        for ticket in self.places.call() {
            if let Some(call) = self.calls.get(&ticket) {
                call.notify_one();
            }
        }
    }
}

impl Place {
    /// When its handshake could begin.
    pub(super) fn begun(&self) -> Mono {
        self.begun
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut queue = self.shared.queue();
        queue.places.release(&self.destination);
        queue.call_next();
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut queue = self.shared.queue();
        queue.calls.remove(&self.ticket);
        if !self.called {
            queue.places.leave(self.destination, self.ticket);
            queue.call_next();
        }
    }
}

/// The runtime's clock: the one that its timers go by, also when tests stop it.
fn now() -> Instant {
    Instant::now()
}

const JITTER: Duration = Duration::from_millis(250);

/// How often who waits looks how far the queue has come.
const NEWS: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::places::IN_ALL;
    use super::room::PER_DESTINATION;
    use super::*;
    use crate::domain::link::CONNECT_LIMIT;

    #[tokio::test(start_paused = true)]
    async fn who_waits_is_told_how_long_the_queue_is_and_called_in_turn() {
        let limiter = Limiter::new();
        let mut held = Vec::new();
        for _ in 0..PER_DESTINATION {
            held.push(limiter.place("jump:22", CONNECT_LIMIT, |_| panic!("nobody is before it")).await);
        }
        assert!(limiter.place("other:22", CONNECT_LIMIT, |_| ()).now_or_never().is_some());
        let told = [Mutex::new(Vec::new()), Mutex::new(Vec::new())];
        let first = limiter.place("jump:22", CONNECT_LIMIT, |before| told[0].lock().unwrap().push(before));
        let second = limiter.place("jump:22", CONNECT_LIMIT, |before| told[1].lock().unwrap().push(before));
        let set_free = async {
            sleep(Duration::from_millis(1_500)).await;
            held.pop();
            sleep(Duration::from_secs(2)).await;
            held.pop();
        };
        let (_first, _second, ()) = tokio::join!(first, second, set_free);
        assert_eq!(*told[0].lock().unwrap(), [0, 0]);
        assert_eq!(*told[1].lock().unwrap(), [1, 1, 0, 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_gives_up_waiting_takes_no_place_with_him() {
        let limiter = Limiter::new();
        let mut held = Vec::new();
        for host in 0..IN_ALL {
            held.push(limiter.place(&host.to_string(), CONNECT_LIMIT, |_| ()).await);
        }
        let mut waiting = Box::pin(limiter.place("one more", CONNECT_LIMIT, |_| ()));
        assert!(waiting.as_mut().now_or_never().is_none());
        held.pop();
        // Called, but it goes away before it comes.
        drop(waiting);
        assert!(limiter.place("another", CONNECT_LIMIT, |_| ()).now_or_never().is_some());
        assert!(limiter.0.queue().calls.is_empty());
    }
}
