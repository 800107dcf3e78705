//! Identifiers of new runs, from a random seed.

use crate::domain::id::RunId;

/// Makes run identifiers: the numbers of splitmix64 (<https://prng.di.unimi.it/splitmix64.c>).
#[derive(Clone, Debug)]
pub(super) struct Ids(pub u64);

impl Ids {
    pub fn next(&mut self) -> RunId {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        RunId::from_random(z ^ (z >> 31))
    }
}
