//! How long things took: a histogram whose answers are right to about one and a half percent.

use std::collections::BTreeMap;
use std::time::Duration;

/// Parts of each power of two: 64 make a bucket at most 1/64 of its value wide.
const PARTS: u32 = 64;

/// Counts of durations by size, in microseconds. Only what occurs takes room.
#[derive(Clone, Debug, Default)]
pub struct Latency {
    counts: BTreeMap<u32, u64>,
    total: u64,
    sum: Duration,
    shortest: Option<Duration>,
    longest: Duration,
}

impl Latency {
    /// Counts one.
    pub fn record(&mut self, duration: Duration) {
        *self.counts.entry(bucket(duration)).or_default() += 1;
        self.total += 1;
        self.sum += duration;
        self.shortest = Some(self.shortest.map_or(duration, |shortest| shortest.min(duration)));
        self.longest = self.longest.max(duration);
    }

    /// Adds the counts of another.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, theirs) in &other.counts {
            *self.counts.entry(*bucket).or_default() += theirs;
        }
        self.total += other.total;
        self.sum += other.sum;
        self.shortest = self.shortest.into_iter().chain(other.shortest).min();
        self.longest = self.longest.max(other.longest);
    }

    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The shortest; zero when none was counted.
    #[must_use]
    pub fn shortest(&self) -> Duration {
        self.shortest.unwrap_or_default()
    }

    /// The longest.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// The sum of all.
    #[must_use]
    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// The duration that this share (0.0 to 1.0) of all did not exceed; zero when none was counted.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Duration {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count is a count")]
        let rank = ((share.clamp(0.0, 1.0) * self.total as f64).ceil() as u64).max(1);
        let mut seen = 0;
        for (number, count) in &self.counts {
            seen += count;
            if seen >= rank {
                return upper_end(*number).min(self.longest);
            }
        }
        self.longest
    }
}

/// The number of the bucket: exact below 64 microseconds, then 64 to each power of two.
fn bucket(duration: Duration) -> u32 {
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let exponent = micros.max(1).ilog2().saturating_sub(PARTS.ilog2());
    let part = u32::try_from(micros >> exponent).unwrap_or(u32::MAX);
    exponent * PARTS + part
}

/// The greatest duration of a bucket.
fn upper_end(number: u32) -> Duration {
    let exponent = (number / PARTS).saturating_sub(1);
    let part = u64::from(number - exponent * PARTS);
    Duration::from_micros(((part + 1) << exponent) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_at_most_a_sixty_fourth_too_long_and_never_too_short() {
        for micros in [0, 1, 15, 16, 17, 63, 64, 65, 100, 1023, 1024, 999_999, 5_000_000, 3_600_000_000] {
            let duration = Duration::from_micros(micros);
            let end = upper_end(bucket(duration));
            assert!(end >= duration, "{micros}: {end:?}");
            assert!(end <= duration + duration / 64, "{micros}: {end:?}");
        }
    }

    #[test]
    fn quantiles_are_those_of_the_counted() {
        let mut latency = Latency::default();
        for millis in 1..=100 {
            latency.record(Duration::from_millis(millis));
        }
        for (share, millis) in [(0.5, 50.0), (0.95, 95.0), (0.99, 99.0), (1.0, 100.0), (0.0, 1.0)] {
            let seen = latency.quantile(share).as_secs_f64() * 1000.0;
            assert!((millis..=millis * 1.016).contains(&seen), "{share}: {seen}");
        }
        assert_eq!((latency.shortest(), latency.longest()), (Duration::from_millis(1), Duration::from_millis(100)));
    }

    #[test]
    fn nothing_took_no_time() {
        assert_eq!(Latency::default().quantile(0.99), Duration::ZERO);
    }

    #[test]
    fn a_merge_is_as_if_all_had_been_counted_by_one() {
        let (mut left, mut right, mut both) = (Latency::default(), Latency::default(), Latency::default());
        for micros in 0..2000 {
            let duration = Duration::from_micros(micros * 7);
            if micros % 3 == 0 { &mut left } else { &mut right }.record(duration);
            both.record(duration);
        }
        left.merge(&right);
        assert_eq!(left.counts, both.counts);
        let facts = |latency: &Latency| (latency.count(), latency.sum(), latency.shortest(), latency.longest());
        assert_eq!(facts(&left), facts(&both));
    }
}
