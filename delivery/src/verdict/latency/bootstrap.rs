//! The bootstrap of a quantile, carried to its limit.
//!
//! A bootstrap draws as many answers from those there are, with replacement, takes the quantile, and
//! does so again and again. For a quantile the result of drawing for ever is known: the r-th smallest of
//! n draws is no larger than the j-th of the answers when at least r draws fell among the first j, which
//! is a binomial probability ([Maritz and Jarrett, 1978]). So nothing is drawn here: the same answers
//! always give the same verdict, without a seed.
//!
//! [Maritz and Jarrett, 1978]: https://doi.org/10.1080/01621459.1978.10480027

use crate::verdict::binomial::at_least;

/// What is less probable than this is left out.
const NEGLIGIBLE: f64 = 1e-9;
/// The bisection halves so often.
const HALVINGS: u32 = 60;
/// A time that is shorter than this many seconds is taken for this long where it divides.
const SHORTEST: f64 = 1e-6;

/// What a quantile may be, and how probable each value is.
#[derive(Clone, Debug)]
pub struct Quantile {
    value: f64,
    /// Ascending.
    values: Vec<(f64, f64)>,
}

impl Quantile {
    /// Of these values, ascending and at least one, the one under which this share of them is.
    ///
    /// # Panics
    ///
    /// When there is no value.
    #[must_use]
    pub fn of(sorted: &[f64], share: f64) -> Self {
        assert!(!sorted.is_empty(), "there is no quantile of nothing");
        let n = sorted.len() as u64;
        let rank = rank(n, share);
        let reached = |j: u64| at_least(rank, n, j as f64 / n as f64);
        // The middle is at the rank; beyond seven standard deviations of it nothing is left.
        let deviation = (n as f64 * share * (1.0 - share)).sqrt();
        let far = whole(7.0 * deviation + 7.0);
        let (first, last) = (rank.saturating_sub(far).max(1), (rank + far).min(n));
        let mut values = Vec::new();
        let mut before = reached(first - 1);
        for (value, j) in sorted[index(first - 1)..index(last)].iter().zip(first..) {
            let here = reached(j);
            if here - before > NEGLIGIBLE {
                values.push((*value, here - before));
            }
            before = here;
        }
        let total: f64 = values.iter().map(|(_, weight)| weight).sum();
        for (_, weight) in &mut values {
            *weight /= total;
        }
        Self { value: sorted[index(rank - 1)], values }
    }

    /// The quantile of the values themselves.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// How probably this is no larger than what the other becomes by a function that grows.
    #[must_use]
    pub fn probability_under(&self, other: &Self, grows: impl Fn(f64) -> f64) -> f64 {
        let mut ours = self.values.iter().peekable();
        let (mut under, mut probability) = (0.0, 0.0);
        for (value, weight) in &other.values {
            let limit = grows(*value);
            while let Some((_, weight)) = ours.next_if(|(value, _)| *value <= limit) {
                under += weight;
            }
            probability += weight * under;
        }
        probability.clamp(0.0, 1.0)
    }

    /// Over which ratio of this to the other it is with no more than this probability.
    #[must_use]
    pub fn ratio(&self, other: &Self, probability: f64) -> f64 {
        let ends = |quantile: &Self| {
            let at = |end: Option<&(f64, f64)>| end.map_or(SHORTEST, |(value, _)| value.max(SHORTEST));
            (at(quantile.values.first()), at(quantile.values.last()))
        };
        let ((ours_low, ours_high), (low, high)) = (ends(self), ends(other));
        // In logarithms, so that small ratios are as exact as large ones.
        let (mut low, mut high) = ((ours_low / high).ln() - 1e-9, (ours_high / low).ln() + 1e-9);
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(low, high);
            if self.probability_under(other, |value| value.max(SHORTEST) * middle.exp()) < probability {
                low = middle;
            } else {
                high = middle;
            }
        }
        f64::midpoint(low, high).exp()
    }
}

/// Which of so many ascending values is the quantile, from 1: the first with at least this share up to it.
#[must_use]
pub fn rank(n: u64, share: f64) -> u64 {
    // A hair less: 0.95 times 300 is a little more than 285 in binary.
    whole((n as f64 * share - 1e-9).ceil()).clamp(1, n)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of answers")]
fn whole(number: f64) -> u64 {
    number.max(0.0) as u64
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rank_of_a_percentile_is_the_nearest_above() {
        for (n, share, expected) in
            [(1, 0.5, 1), (2, 0.5, 1), (3, 0.5, 2), (300, 0.95, 285), (100, 0.95, 95), (20, 0.99, 20)]
        {
            assert_eq!(rank(n, share), expected, "{n} {share}");
        }
    }

    #[test]
    fn the_probabilities_are_those_of_drawing_again_and_again() {
        // Of two values, the smaller of two draws is the first in three cases of four.
        let quantile = Quantile::of(&[1.0, 2.0], 0.5);
        assert!((quantile.value() - 1.0).abs() < 1e-12);
        assert_eq!(quantile.values.len(), 2);
        assert!((quantile.values[0].1 - 0.75).abs() < 1e-12);
        for n in [1, 5, 300, 20_000] {
            let sorted: Vec<f64> = (0..n).map(f64::from).collect();
            for share in [0.5, 0.95] {
                let quantile = Quantile::of(&sorted, share);
                let total: f64 = quantile.values.iter().map(|(_, weight)| weight).sum();
                assert!((total - 1.0).abs() < 1e-9);
                let mean: f64 = quantile.values.iter().map(|(value, weight)| value * weight).sum();
                assert!((mean - quantile.value()).abs() < 1.0 + f64::from(n) * 0.002, "{n} {share}: {mean}");
            }
        }
    }

    #[test]
    fn a_ratio_is_where_its_probability_is_reached() {
        let one = Quantile::of(&[1.0; 200], 0.5);
        let two = Quantile::of(&[2.0; 200], 0.5);
        assert!((two.ratio(&one, 0.05) - 2.0).abs() < 1e-6);
        assert!((two.probability_under(&one, |value| value * 2.1) - 1.0).abs() < 1e-12);
        assert!(two.probability_under(&one, |value| value * 1.9) < 1e-12);
    }
}
