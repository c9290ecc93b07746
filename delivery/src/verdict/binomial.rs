//! The binomial distribution: its tails, and the bounds of a share that follow from them.
//!
//! Written here and not taken from a library: it is a page, exact for whole numbers, and the library
//! that has it puts twelve crates of linear algebra into the lock file for the scanner to mind.

/// A term so much smaller than the sum adds nothing to it.
const NOTHING: f64 = 1e-18;
/// The bisection halves so often: more gives no more digits.
const HALVINGS: u32 = 60;

/// The probability of at most `hits` in `draws`, each a hit with this probability.
#[must_use]
pub fn at_most(hits: u64, draws: u64, probability: f64) -> f64 {
    if hits >= draws || probability <= 0.0 {
        return 1.0;
    }
    if probability >= 1.0 {
        return 0.0;
    }
    // The tail that is away from the middle: its terms only get smaller.
    if hits as f64 <= draws as f64 * probability {
        downwards(hits, draws, probability)
    } else {
        1.0 - upwards(hits + 1, draws, probability)
    }
    .clamp(0.0, 1.0)
}

/// The probability of at least `hits` in `draws`, each a hit with this probability.
#[must_use]
pub fn at_least(hits: u64, draws: u64, probability: f64) -> f64 {
    if hits == 0 {
        return 1.0;
    }
    if hits > draws || probability <= 0.0 {
        return 0.0;
    }
    if probability >= 1.0 {
        return 1.0;
    }
    if hits as f64 > draws as f64 * probability {
        upwards(hits, draws, probability)
    } else {
        1.0 - downwards(hits - 1, draws, probability)
    }
    .clamp(0.0, 1.0)
}

/// The one-sided upper bound of the share after so many hits: over it the share is not, at this
/// confidence ([Clopper and Pearson, 1934]: where so few hits would be as improbable as `1 - confidence`).
///
/// [Clopper and Pearson, 1934]: https://doi.org/10.1093/biomet/26.4.404
#[must_use]
pub fn upper(hits: u64, draws: u64, confidence: f64) -> f64 {
    if hits >= draws {
        return 1.0;
    }
    bisect(hits as f64 / draws as f64, 1.0, |share| at_most(hits, draws, share) > 1.0 - confidence)
}

/// The one-sided lower bound of the share after so many hits: under it the share is not, at this
/// confidence.
#[must_use]
pub fn lower(hits: u64, draws: u64, confidence: f64) -> f64 {
    if hits == 0 || draws == 0 {
        return 0.0;
    }
    bisect(0.0, hits as f64 / draws as f64, |share| at_least(hits, draws, share) < 1.0 - confidence)
}

/// The share up to which `holds`.
fn bisect(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The terms from `hits` down to none.
fn downwards(hits: u64, draws: u64, probability: f64) -> f64 {
    let odds = probability / (1.0 - probability);
    let mut term = term(hits, draws, probability);
    let mut sum = term;
    for hits in (1..=hits).rev() {
        term *= hits as f64 / ((draws - hits + 1) as f64 * odds);
        sum += term;
        if term < sum * NOTHING {
            break;
        }
    }
    sum
}

/// The terms from `hits` up to all.
fn upwards(hits: u64, draws: u64, probability: f64) -> f64 {
    let odds = probability / (1.0 - probability);
    let mut term = term(hits, draws, probability);
    let mut sum = term;
    for hits in hits..draws {
        term *= (draws - hits) as f64 * odds / (hits + 1) as f64;
        sum += term;
        if term < sum * NOTHING {
            break;
        }
    }
    sum
}

/// The probability of exactly `hits`.
fn term(hits: u64, draws: u64, probability: f64) -> f64 {
    let ways = ln_factorial(draws) - ln_factorial(hits) - ln_factorial(draws - hits);
    (ways + hits as f64 * probability.ln() + (draws - hits) as f64 * (-probability).ln_1p()).exp()
}

/// The logarithm of the factorial, by Stirling's series: exact to fifteen digits from 20 on.
fn ln_factorial(number: u64) -> f64 {
    if number < 20 {
        return (2..=number).map(|factor| (factor as f64).ln()).sum();
    }
    let x = number as f64;
    let series = 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3)) + 1.0 / (1260.0 * x.powi(5));
    (x + 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-9 * expected.abs().max(1.0), "{value} is not {expected}");
    }

    #[test]
    fn tails_are_those_that_one_counts_out() {
        close(at_most(0, 3, 0.5), 0.125);
        close(at_most(1, 3, 0.5), 0.5);
        close(at_least(2, 3, 0.5), 0.5);
        close(at_least(3, 3, 0.1), 0.001);
        close(at_most(0, 299, 0.01), 0.99_f64.powi(299));
        close(ln_factorial(20), (2..=20).map(|n| f64::from(n).ln()).sum());
        for draws in [1, 7, 300, 100_000] {
            for hits in [0, 1, draws / 3, draws - 1] {
                close(at_most(hits, draws, 0.3) + at_least(hits + 1, draws, 0.3), 1.0);
            }
        }
    }

    #[test]
    fn the_bounds_of_nothing_and_of_everything_are_known() {
        for draws in [0, 1, 10, 1000] {
            close(lower(0, draws, 0.95), 0.0);
            close(upper(draws, draws, 0.95), 1.0);
        }
        close(upper(0, 299, 0.95), 1.0 - 0.05_f64.powf(1.0 / 299.0));
        close(lower(10, 10, 0.95), 0.05_f64.powf(0.1));
        // Over no draws anything is possible.
        close(upper(0, 0, 0.95), 1.0);
    }

    #[test]
    fn bounds_hold_the_share_and_move_with_hits_and_draws() {
        for draws in [1_u64, 2, 10, 137, 1000, 200_000] {
            for hits in [0, 1, draws / 50, draws / 2, draws] {
                let (low, high) = (lower(hits, draws, 0.95), upper(hits, draws, 0.95));
                let share = hits as f64 / draws as f64;
                assert!(low <= share && share <= high && low >= 0.0 && high <= 1.0, "{hits} of {draws}");
                if hits < draws {
                    assert!(upper(hits + 1, draws, 0.95) >= high && lower(hits + 1, draws, 0.95) >= low);
                    assert!(upper(hits, draws + 1, 0.95) <= high && lower(hits, draws + 1, 0.95) <= low);
                }
            }
        }
    }
}
