//! Links in a simulated world: incidents in any order, simulated time, and what must always hold.
//!
//! In the manner of Firezone's tunnel tests. `PROPTEST_CASES` sets the number of cases.

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "sim/incident.rs"]
mod incident;
#[path = "sim/world.rs"]
mod world;

use std::time::Duration;

use incident::{Incident, Kind, any_incidents};
use proptest::prelude::*;
use world::World;

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_link_tells_the_truth_and_comes_back(
        kind in Kind::any(), seed in any::<u64>(), incidents in any_incidents()
    ) {
        let first = World::live(kind, seed, &incidents);
        let second = World::live(kind, seed, &incidents);
        prop_assert_eq!(first, second, "equal inputs, unequal outputs");
    }
}

#[test]
fn a_refusal_on_its_way_when_all_is_mended_waits_for_the_operator() {
    let incidents = [Incident::KeyChanged, Incident::SupervisorRestarts].map(|incident| (incident, Duration::ZERO));
    World::live(Kind::BootId, 0, &incidents);
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").map_or(1_000, |cases| cases.parse().unwrap())
}
