//! The verdicts, played many times over on services whose truth is known: how often they are right, and
//! how soon. Seeded, so that the figures are the same each time; each test prints its own.

mod errors;
mod latency;

use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// A source of randomness for one run of many.
fn random(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

/// The share of these that are true.
fn share(of: impl IntoIterator<Item = bool>) -> f64 {
    let (mut all, mut true_ones) = (0_u32, 0_u32);
    for is_true in of {
        all += 1;
        true_ones += u32::from(is_true);
    }
    f64::from(true_ones) / f64::from(all)
}
