//! Latency that is terrible, seen before the end.
//!
//! Every [`EVERY`] answers the last [`LAST`] of both releases are looked at. The test asks nothing of
//! their distribution: the candidate's quantile is over its order statistic of some rank, and the
//! serving release's under that of another, each but for a binomial probability. When the one is over
//! what is allowed for the other, the candidate is slow, but for the sum of both.
//!
//! All looks together may be wrong once in 200 watches of a release that is just at the limit: the i-th
//! look has the share `1 / (i (i + 1))` of that, half of it for each percentile. A release as fast as the
//! one that serves is so far from the limit that it is wrongly taken back far less often than that.

use super::{Allowed, PERCENTILES, Percentile};
use crate::evidence::Judgement;
use crate::verdict::words::time;
use crate::verdict::{Finding, Trigger, binomial};

/// After so many answers of the candidate it looks again.
pub const EVERY: u64 = 50;
/// At the last so many answers of each.
pub const LAST: usize = 300;
/// How often all looks together may be wrong about a release that is at the limit.
const WRONG: f64 = 0.005;

/// The looks of one watch.
#[derive(Clone, Debug, Default)]
pub struct Early {
    looks: u32,
}

impl Early {
    /// Looks at the last answers of both, in seconds and as they came; what is terrible, if it is.
    pub fn look(&mut self, candidate: &[f64], serving: &[f64], allowed: Allowed, control: &str) -> Option<Finding> {
        self.looks += 1;
        let share = WRONG / (f64::from(self.looks) * f64::from(self.looks + 1));
        let (ours, theirs) = (last(candidate), last(serving));
        PERCENTILES.iter().find_map(|percentile| {
            let wrong = share / (2.0 * PERCENTILES.len() as f64);
            let at_least = ours[floor(ours.len(), percentile.share, wrong)?];
            let at_most = theirs[ceiling(theirs.len(), percentile.share, wrong)?];
            (at_least > allowed.limit(at_most)).then(|| {
                let words = words(*percentile, &ours, at_least, &theirs, at_most, allowed, control, 1.0 - share);
                Finding::new(Trigger::Latency, Judgement::Failed, words).with_numbers(
                    at_least / at_most.max(1e-6),
                    allowed.ratio,
                    "times",
                )
            })
        })
    }
}

#[expect(clippy::too_many_arguments, reason = "they are what is said")]
fn words(
    percentile: Percentile,
    ours: &[f64],
    at_least: f64,
    theirs: &[f64],
    at_most: f64,
    allowed: Allowed,
    control: &str,
    sure: f64,
) -> String {
    format!(
        "{} of the last {} answers is surely over {}, of the last {} of {control} under {}: over {:.2} times as long and \
         over {} longer, so that no more answers are waited for (confidence {:.4} %)",
        percentile.name,
        ours.len(),
        time(at_least),
        theirs.len(),
        time(at_most),
        allowed.ratio,
        time(allowed.floor.as_secs_f64()),
        sure * 100.0,
    )
}

fn last(answers: &[f64]) -> Vec<f64> {
    let mut last = answers[answers.len().saturating_sub(LAST)..].to_vec();
    last.sort_by(f64::total_cmp);
    last
}

/// The index of the largest value that the quantile is not under, but for this probability.
fn floor(n: usize, share: f64, wrong: f64) -> Option<usize> {
    // The quantile is under the value at the index when no more than `index` draws are at or under it.
    first(n, |index| binomial::at_most(index, n as u64, share) > wrong).checked_sub(1)
}

/// The index of the smallest value that the quantile is not over, but for this probability.
fn ceiling(n: usize, share: f64, wrong: f64) -> Option<usize> {
    let index = first(n, |index| binomial::at_least(index + 1, n as u64, share) <= wrong);
    (index < n).then_some(index)
}

/// The first index from which on something holds; `n` when it never does.
fn first(n: usize, holds: impl Fn(u64) -> bool) -> usize {
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = low.midpoint(high);
        if holds(middle as u64) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const ALLOWED: Allowed = Allowed { ratio: 1.2, floor: Duration::from_millis(5) };

    fn around(seconds: f64, number: u32) -> Vec<f64> {
        // In no order.
        (0..number).map(|i| seconds * (0.8 + 0.4 * f64::from(i * 7 % number) / f64::from(number))).collect()
    }

    #[test]
    fn what_takes_three_times_as_long_is_seen_at_the_first_look() {
        let found = Early::default().look(&around(0.15, 50), &around(0.05, 50), ALLOWED, "the release that serves");
        let found = found.expect("it is terrible");
        assert_eq!(found.judgement, Judgement::Failed);
        assert!(found.words.starts_with("p50 of the last 50 answers is surely over 1"), "{}", found.words);
    }

    #[test]
    fn what_is_as_fast_or_nearly_is_let_be_and_nothing_is_nothing() {
        let mut early = Early::default();
        for (candidate, serving) in [(0.05, 0.05), (0.06, 0.05), (0.004, 0.001)] {
            assert_eq!(early.look(&around(candidate, 300), &around(serving, 300), ALLOWED, "it"), None);
        }
        for (candidate, serving) in [(0, 0), (1, 1), (0, 300), (300, 0), (10, 10)] {
            assert_eq!(early.look(&around(9.0, candidate), &around(0.1, serving), ALLOWED, "it"), None);
        }
    }

    #[test]
    fn what_gets_slow_late_is_seen_in_the_last_answers() {
        let mut candidate = around(0.05, 5000);
        candidate.extend(around(0.1, 300));
        assert!(Early::default().look(&candidate, &around(0.05, 300), ALLOWED, "it").is_some());
    }
}
