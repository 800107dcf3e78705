//! This machine sleeps while a run goes on: nobody is blamed, and it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use steadfast::clock::SystemClock;
use steadfast::domain::moment::{Moment, Mono};
use steadfast::port::Clock;

use crate::rig::{Rig, split};

/// The system's clock on a machine that can be put to sleep.
#[derive(Default)]
struct Sleeper(AtomicU64);

impl Sleeper {
    fn sleep(&self, time: Duration) {
        self.0.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for Sleeper {
    fn now(&self) -> Moment {
        let Moment { mono, wall } = SystemClock.now();
        Moment { mono: Mono(mono.0 + self.asleep()), wall: wall + self.asleep() }
    }

    fn asleep(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

#[test]
fn our_own_sleep_is_told_and_no_host_is_blamed_for_it() {
    let Some(rig) = Rig::new(&[]) else { return };
    let clock = Arc::new(Sleeper::default());
    let mut running = rig.start_by(Arc::clone(&clock) as Arc<dyn Clock>);
    let id = running.run(split("sleep 2; echo slept; sleep 2"));
    running.wait_started(id);
    let before = running.links.len();
    let night = Duration::from_secs(8 * 3600);
    clock.sleep(night);
    // A busy machine may have stalled for real besides.
    while !running.stalls.iter().any(|told| told.abs_diff(night) < Duration::from_secs(60)) {
        running.step();
    }
    running.wait("the words", |fleet| {
        let attempt = fleet.attempt(id).expect("known");
        attempt.notices.iter().any(|notice| notice.starts_with("blind 8 h 00 min (this machine slept)"))
    });
    assert!(running.verdict(id).is_success());
    assert_eq!(running.links[before..], [], "no host is blamed");
    running.stop();
}
