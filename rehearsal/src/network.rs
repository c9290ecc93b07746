//! How long the way between a load balancer and its targets takes, so that a service that answers in
//! less than a millisecond takes a time that can be compared.

use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use crate::world::seconds;

/// The longest that chance adds, in times of the jitter.
const LONGEST: f64 = 4.0;

/// What the way adds to every answer, as it passes here: no scale shortens it. None by default. In
/// JSON: seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// What each answer takes longer.
    #[serde(with = "seconds")]
    pub base: Duration,
    /// What chance adds on average: mostly less, now and then up to four times as much.
    #[serde(with = "seconds", default)]
    pub jitter: Duration,
}

impl Network {
    /// How long the way of the next answer takes.
    pub(crate) fn delay(&self, random: &mut StdRng) -> Duration {
        if self.jitter.is_zero() {
            return self.base;
        }
        let share: f64 = random.random();
        self.base + self.jitter.mul_f64((-(1.0 - share).ln()).min(LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    fn delays(network: Network, seed: u64) -> Vec<Duration> {
        let mut random = StdRng::seed_from_u64(seed);
        (0..2000).map(|_| network.delay(&mut random)).collect()
    }

    #[test]
    fn a_way_takes_its_time_and_a_little_more() {
        let network = Network { base: Duration::from_millis(20), jitter: Duration::from_millis(4) };
        let all = delays(network, 1);
        let mean = all.iter().sum::<Duration>().as_secs_f64() / all.len() as f64;
        assert!((0.0235..0.0245).contains(&mean), "{mean}");
        assert!(all.iter().all(|delay| (20..=36).contains(&delay.as_millis())));
        assert_eq!(all, delays(network, 1));
        assert_ne!(all, delays(network, 2));
    }

    #[test]
    fn without_chance_it_takes_always_the_same_and_by_default_nothing() {
        let network = Network { base: Duration::from_millis(5), jitter: Duration::ZERO };
        assert!(delays(network, 1).iter().all(|delay| *delay == network.base));
        assert!(delays(Network::default(), 1).iter().all(Duration::is_zero));
    }
}
