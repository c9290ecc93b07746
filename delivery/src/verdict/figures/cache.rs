//! The cache: a task that has just started has an empty one, so that its hit rate is low and rises.
//!
//! It is bad when it is low and rises no more. Of the share of hits since the start, `c(n)` after `n`
//! lookups, this much is known whatever is looked up: while a cache fills, the next lookup is likelier to
//! hit than those before were, so `c` rises. It does so slowest where links are followed as unevenly as
//! Zipf's law has it. Then `c(n)` is about `a (ln n - 1)`, and doubling the lookups makes it larger by a
//! factor of `1 + ln 2 / (ln n - 1)`: 1.08 at 10 000 lookups, 1.07 at 50 000. Whoever is under half of the
//! other's and is less than 1.05 times as good after twice as many lookups does not fill.

use super::{Told, Tolerance, not_judged};
use crate::evidence::Judgement;
use crate::verdict::words::percent;
use crate::verdict::{Finding, Trigger};

/// So many rounds in a row have to be low: answers come from one task or another.
const IN_A_ROW: usize = 6;
/// So many rounds of at most half as many lookups are needed to say whether it rises.
const EARLY: usize = 3;
/// A rate that has not become so many times as large over twice as many lookups rises no more.
const RISES: f64 = 1.05;

/// A round in which both caches were warm.
#[derive(Clone, Copy, Debug)]
struct Round {
    lookups: f64,
    ours: f64,
    theirs: f64,
}

/// How often the caches hit, round by round.
#[derive(Clone, Debug, Default)]
pub(super) struct Cache {
    /// What both told last.
    last: (Told, Told),
    warm: Vec<Round>,
    bad: Option<Finding>,
}

impl Cache {
    /// Takes a round; what is bad, when this round shows it first.
    pub(super) fn take(&mut self, ours: Told, theirs: Told, tolerance: &Tolerance) -> Option<Finding> {
        let rate = ours.hit_rate?;
        self.last = (ours, theirs);
        let is_warm = |told: Told| told.lookups.is_some_and(|lookups| lookups >= f64::from(tolerance.lookups));
        if !is_warm(ours) || !is_warm(theirs) {
            return None;
        }
        let (lookups, ours, theirs) = (ours.lookups?, rate, theirs.hit_rate?);
        self.warm.push(Round { lookups, ours, theirs });
        if self.bad.is_some() || !self.is_low(tolerance) || self.rises() != Some(false) {
            return None;
        }
        let words = format!(
            "the cache hits {} of {lookups:.0} lookups, that of the old release {}: under {} of it, {IN_A_ROW} times in a row, \
             and no better than at half as many lookups",
            percent(ours),
            percent(theirs),
            percent(tolerance.hits)
        );
        self.bad = Some(numbers(Finding::new(Trigger::Figures, Judgement::Failed, words), ours, theirs, tolerance));
        self.bad.clone()
    }

    pub(super) fn is_told(&self) -> bool {
        self.last.0.hit_rate.is_some()
    }

    pub(super) fn finding(&self, tolerance: &Tolerance) -> Finding {
        if let Some(bad) = &self.bad {
            return bad.clone();
        }
        let (ours, theirs) = self.last;
        let Some(rate) = ours.hit_rate else { return not_judged("it does not tell how often its cache hits") };
        let rate = percent(rate);
        let warm = tolerance.lookups;
        let Some(round) = self.warm.last() else {
            return not_judged(match (ours.lookups, theirs.hit_rate.zip(theirs.lookups)) {
                (None, _) => format!("the cache hits {rate}, and it does not tell of how many lookups"),
                (Some(lookups), _) if lookups < f64::from(warm) => {
                    format!("the cache hits {rate} of {lookups:.0} lookups, and is cold before a task has had {warm}")
                }
                (_, None) => format!("the cache hits {rate}, and of the old release that is not known"),
                _ => format!(
                    "the cache hits {rate}, and that of the old release has had fewer than {warm} lookups itself"
                ),
            });
        };
        let both = format!(
            "the cache hits {} of {:.0} lookups, that of the old release {}",
            percent(round.ours),
            round.lookups,
            percent(round.theirs)
        );
        if self.low(tolerance) == self.warm.len().min(IN_A_ROW) {
            let half = percent(tolerance.hits);
            return not_judged(match self.rises() {
                Some(_) => format!("{both}: that is under {half} of it, and it is still filling"),
                None => format!("{both}: that is under {half} of it, and it may still be filling"),
            });
        }
        let words = format!("{both}: at least {} of it", percent(tolerance.hits));
        numbers(Finding::new(Trigger::Figures, Judgement::Passed, words), round.ours, round.theirs, tolerance)
    }

    /// How many of the last rounds are low.
    fn low(&self, tolerance: &Tolerance) -> usize {
        self.latest().iter().filter(|round| round.ours < round.theirs * tolerance.hits).count()
    }

    fn is_low(&self, tolerance: &Tolerance) -> bool {
        self.low(tolerance) == IN_A_ROW
    }

    fn latest(&self) -> &[Round] {
        &self.warm[self.warm.len().saturating_sub(IN_A_ROW)..]
    }

    /// Whether the last rounds are better than those of at most half as many lookups; none when there are
    /// too few of those.
    fn rises(&self) -> Option<bool> {
        let latest = self.latest();
        let least = latest.iter().map(|round| round.lookups).fold(f64::INFINITY, f64::min);
        let early: Vec<Round> = self.warm.iter().filter(|round| round.lookups * 2.0 <= least).copied().collect();
        let mean = |rounds: &[Round]| rounds.iter().map(|round| round.ours).sum::<f64>() / rounds.len().max(1) as f64;
        (early.len() >= EARLY).then(|| mean(latest) > mean(&early) * RISES)
    }
}

/// A finding with the share of misses: what is measured is at most what is allowed.
fn numbers(finding: Finding, ours: f64, theirs: f64, tolerance: &Tolerance) -> Finding {
    finding.with_numbers(1.0 - ours, 1.0 - theirs * tolerance.hits, "of lookups missed")
}

#[cfg(test)]
mod tests;
