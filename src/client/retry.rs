//! Tries an operation again, as the supervisor does with a link: with growing pauses, and not while our
//! own network is down.

use std::time::Duration;

use tokio::sync::watch;

use crate::domain::link::Jitter;
use crate::domain::network::NetworkState;
use crate::net::{NetworkMonitor, OwnNetwork, wait_until_up};

/// How an operation is tried again.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::time::Duration;
///
/// use steadfast::client::Retry;
///
/// let retry = Retry { initial: Duration::from_millis(1), ..Retry::default() };
/// let fetched = retry
///     .run(|attempt| async move {
///         // Whatever may fail for a while: a login, an upload, a query.
///         if attempt < 3 { Err("connection reset") } else { Ok(attempt) }
///     })
///     .await;
/// assert_eq!(fetched, Ok(3));
/// # }
/// ```
///
/// With a [`NetworkMonitor`] no attempt is made while our own network is down, one that fails because it
/// went is not counted, and the next follows at once when it is back:
///
/// ```
/// # async fn fetch() -> Result<u32, std::io::Error> { Ok(7) }
/// # #[tokio::main]
/// # async fn main() -> Result<(), std::io::Error> {
/// use std::sync::Arc;
///
/// use steadfast::client::Retry;
/// use steadfast::clock::SystemClock;
/// use steadfast::net::{NetSettings, NetworkMonitor};
///
/// let monitor = NetworkMonitor::start(NetSettings::default(), Arc::new(SystemClock));
/// # // The example must end also where there is no network.
/// # let settings = NetSettings { loopback_only: true, ..NetSettings::default() };
/// # let monitor = NetworkMonitor::start(settings, Arc::new(SystemClock));
/// let fetched = Retry::default().wait_for_network(&monitor).run(|_| fetch()).await?;
/// assert_eq!(fetched, 7);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Retry {
    /// At least one is made.
    pub max_attempts: u32,
    /// The pause after the first failure, at most: with jitter it is anything up to that.
    pub initial: Duration,
    /// How much longer the pause may be after each further failure.
    pub multiplier: f64,
    /// The pause grows no further.
    pub maximum: Duration,
    /// Spreads those who failed together. Without it every pause is as long as it may be.
    pub jitter: bool,
    /// Set by [`Retry::wait_for_network`].
    pub network: Option<watch::Receiver<OwnNetwork>>,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            max_attempts: 5,
            initial: Duration::from_secs(1),
            multiplier: 2.0,
            maximum: Duration::from_secs(30),
            jitter: true,
            network: None,
        }
    }
}

impl Retry {
    /// No attempt is made while our own network is down.
    #[must_use]
    pub fn wait_for_network(self, monitor: &NetworkMonitor) -> Self {
        self.wait_for(monitor.subscribe())
    }

    fn wait_for(self, network: watch::Receiver<OwnNetwork>) -> Self {
        Self { network: Some(network), ..self }
    }

    /// Runs `operation` until it succeeds or the attempts are spent; hands it the attempt's number, from 1
    /// on. Dropping the future ends it.
    ///
    /// # Errors
    /// The last attempt's.
    pub async fn run<T, E, F>(&self, mut operation: impl FnMut(u32) -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let mut network = self.network.clone();
        let mut jitter = Jitter::new(rand::random());
        let mut attempt = 1;
        loop {
            if let Some(network) = &mut network {
                wait_until_up(network).await;
            }
            let error = match operation(attempt).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            if network.as_ref().is_some_and(|network| network.borrow().state == NetworkState::Down) {
                continue;
            }
            if attempt >= self.max_attempts {
                return Err(error);
            }
            self.pause(attempt, &mut jitter, network.as_mut()).await;
            attempt += 1;
        }
    }

    /// Ends early when the network went and came back: what failed because of it need not wait.
    async fn pause(&self, failures: u32, jitter: &mut Jitter, network: Option<&mut watch::Receiver<OwnNetwork>>) {
        let pause = tokio::time::sleep(self.delay(failures, jitter));
        let Some(network) = network else { return pause.await };
        let outage = async {
            let down = |network: &OwnNetwork| network.state == NetworkState::Down;
            if network.wait_for(down).await.is_err() {
                // Nobody watches any more.
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = pause => {}
            () = outage => {}
        }
    }

    fn delay(&self, failures: u32, jitter: &mut Jitter) -> Duration {
        let exponent = i32::try_from(failures.saturating_sub(1)).unwrap_or(i32::MAX);
        let factor = self.multiplier.max(0.0).powi(exponent);
        let seconds = (self.initial.as_secs_f64() * factor).min(self.maximum.as_secs_f64());
        let longest = Duration::try_from_secs_f64(seconds).unwrap_or(self.maximum);
        if self.jitter { longest.mul_f64(jitter.fraction()) } else { longest }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::net::Source;

    fn exact() -> Retry {
        Retry { jitter: false, ..Retry::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_double_up_to_the_maximum_and_the_last_error_is_told() {
        let start = tokio::time::Instant::now();
        let retry = Retry { max_attempts: 8, ..exact() };
        let times = RefCell::new(Vec::new());
        let failed: Result<(), u32> = retry
            .run(|attempt| {
                times.borrow_mut().push(start.elapsed().as_secs());
                std::future::ready(Err(attempt))
            })
            .await;
        assert_eq!(failed, Err(8));
        assert_eq!(times.into_inner(), [0, 1, 3, 7, 15, 31, 61, 91]);
    }

    #[test]
    fn with_jitter_a_pause_is_anything_up_to_that() {
        let (retry, mut jitter) = (Retry::default(), Jitter::new(7));
        let delays: Vec<_> =
            (1..200).map(|n| (retry.delay(n, &mut jitter), exact().delay(n, &mut Jitter::new(0)))).collect();
        assert!(delays.iter().all(|(with, without)| with <= without && *without <= Duration::from_secs(30)));
        assert!(delays.iter().any(|(with, without)| *with < *without / 2));
        let odd = Retry { multiplier: f64::NAN, ..exact() };
        assert!(odd.delay(u32::MAX, &mut jitter) <= odd.maximum);
    }

    fn network(state: NetworkState) -> OwnNetwork {
        OwnNetwork { state, source: Source::Netlink, ..OwnNetwork::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn while_the_network_is_down_nothing_is_tried_and_nothing_is_spent() {
        let (seen, changes) = watch::channel(network(NetworkState::Down));
        let retry = Retry { max_attempts: 2, ..exact() }.wait_for(changes);
        let calls = RefCell::new(Vec::new());
        let start = tokio::time::Instant::now();
        let run = retry.run(|attempt| {
            calls.borrow_mut().push((attempt, start.elapsed().as_secs()));
            let first = calls.borrow().len() == 1;
            if first {
                // It fails because the network goes.
                seen.send_replace(network(NetworkState::Down));
            }
            std::future::ready(if attempt == 1 { Err("cut") } else { Ok(attempt) })
        });
        let outages = async {
            for _ in 0..2 {
                tokio::time::sleep(Duration::from_secs(3_600)).await;
                seen.send_replace(network(NetworkState::Up));
            }
        };
        let (done, ()) = tokio::join!(run, outages);
        assert_eq!(done, Ok(2));
        assert_eq!(calls.into_inner(), [(1, 3_600), (1, 7_200), (2, 7_201)]);
    }
}
