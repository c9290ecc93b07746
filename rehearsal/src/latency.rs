//! How long things took: a histogram of fixed size, whose answers are right to about six percent.

use std::time::Duration;

/// Parts of each power of two: 16 make a bucket at most 1/16 of its value wide.
const PARTS: u32 = 16;
const BUCKETS: usize = 40 * PARTS as usize;

/// Counts of durations by size, in microseconds.
#[derive(Clone, Debug)]
pub struct Latency {
    counts: Vec<u64>,
    total: u64,
    sum: Duration,
    longest: Duration,
}

impl Default for Latency {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0, sum: Duration::ZERO, longest: Duration::ZERO }
    }
}

impl Latency {
    /// Counts one.
    pub fn record(&mut self, duration: Duration) {
        self.counts[bucket(duration)] += 1;
        self.total += 1;
        self.sum += duration;
        self.longest = self.longest.max(duration);
    }

    /// Adds the counts of another.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.total += other.total;
        self.sum += other.sum;
        self.longest = self.longest.max(other.longest);
    }

    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.total
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
        for (number, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return upper_end(number).min(self.longest);
            }
        }
        self.longest
    }
}

/// The number of the bucket: exact below 16 microseconds, then 16 to each power of two.
fn bucket(duration: Duration) -> usize {
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let exponent = micros.max(1).ilog2().saturating_sub(PARTS.ilog2());
    let part = micros >> exponent;
    let number = u64::from(exponent * PARTS) + part;
    usize::try_from(number).unwrap_or(usize::MAX).min(BUCKETS - 1)
}

/// The greatest duration of a bucket.
fn upper_end(number: usize) -> Duration {
    let number = u64::try_from(number).unwrap_or(u64::MAX);
    let parts = u64::from(PARTS);
    let exponent = (number / parts).saturating_sub(1);
    let part = number - exponent * parts;
    Duration::from_micros(((part + 1) << exponent) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_at_most_a_sixteenth_too_long_and_never_too_short() {
        for micros in [0, 1, 15, 16, 17, 31, 32, 33, 100, 1023, 1024, 999_999, 5_000_000, 3_600_000_000] {
            let duration = Duration::from_micros(micros);
            let end = upper_end(bucket(duration));
            assert!(end >= duration, "{micros}: {end:?}");
            assert!(end <= duration + duration / 16, "{micros}: {end:?}");
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
            assert!((millis..=millis * 1.0625).contains(&seen), "{share}: {seen}");
        }
        assert_eq!(latency.longest(), Duration::from_millis(100));
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
        assert_eq!((left.count(), left.sum(), left.longest()), (both.count(), both.sum(), both.longest()));
    }
}
