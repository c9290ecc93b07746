//! How long answers take, against those of the release that serves.
//!
//! A candidate is slow when a percentile of its answers is over the serving release's times the ratio,
//! and over the serving release's plus the floor too. How sure that is, says the [`bootstrap`]: at 95 %
//! slow fails, at 95 % not slow passes, anything else is inconclusive. Where the floor does not matter
//! this is the 90 % interval of the ratio, all under the limit or all over it.
//!
//! That is judged once, at the end. In between [`early`] looks for what is terrible.

pub mod bootstrap;
pub mod early;

use std::time::Duration;

use self::bootstrap::Quantile;
use super::words::{percent, time};
use super::{Finding, Trigger};
use crate::evidence::Judgement;

/// The percentiles that are compared.
pub const PERCENTILES: [Percentile; 2] =
    [Percentile { name: "p50", share: 0.50 }, Percentile { name: "p95", share: 0.95 }];

/// Of fewer answers a bootstrap says too little about their p95.
pub const FEWEST: usize = 100;

/// How sure a verdict is.
const CONFIDENCE: f64 = 0.95;

/// A percentile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percentile {
    /// `p95`.
    pub name: &'static str,
    /// 0.95.
    pub share: f64,
}

/// What is allowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Allowed {
    /// Times what the serving release takes, 1.2 for 20 % more.
    pub ratio: f64,
    /// A difference that is not over this is none.
    pub floor: Duration,
}

impl Allowed {
    /// From where on an answer is slow, beside one that takes so many seconds.
    fn limit(self, serving: f64) -> f64 {
        (serving * self.ratio).max(serving + self.floor.as_secs_f64())
    }
}

/// How the latencies of two releases compare at a percentile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared {
    /// Which percentile.
    pub percentile: Percentile,
    /// How.
    pub judgement: Judgement,
    /// The candidate's, in seconds, and of how many answers.
    pub candidate: (f64, usize),
    /// The serving release's.
    pub serving: (f64, usize),
    /// The 90 % interval of the ratio.
    pub ratio: (f64, f64),
    /// The probability that the candidate is not slow.
    pub good: f64,
}

/// Compares the latencies of answers, in seconds and sorted, at a percentile; none with too few.
#[must_use]
pub fn compare(candidate: &[f64], serving: &[f64], percentile: Percentile, allowed: Allowed) -> Option<Compared> {
    if candidate.len() < FEWEST || serving.len() < FEWEST {
        return None;
    }
    let (ours, theirs) = (Quantile::of(candidate, percentile.share), Quantile::of(serving, percentile.share));
    let good = ours.probability_under(&theirs, |serving| allowed.limit(serving));
    let judgement = match good {
        good if good >= CONFIDENCE => Judgement::Passed,
        good if good <= 1.0 - CONFIDENCE => Judgement::Failed,
        _ => Judgement::Inconclusive,
    };
    Some(Compared {
        percentile,
        judgement,
        candidate: (ours.value(), candidate.len()),
        serving: (theirs.value(), serving.len()),
        ratio: (ours.ratio(&theirs, 1.0 - CONFIDENCE), ours.ratio(&theirs, CONFIDENCE)),
        good,
    })
}

/// The comparison of these answers at a percentile as a finding. `control` says what they were compared
/// with: `the release that serves`.
#[must_use]
pub fn finding(candidate: &[f64], serving: &[f64], percentile: Percentile, allowed: Allowed, control: &str) -> Finding {
    match compare(candidate, serving, percentile, allowed) {
        Some(compared) => compared.finding(allowed, control),
        None => Finding::new(
            Trigger::Latency,
            Judgement::Inconclusive,
            format!(
                "{}: {} good answers of the candidate and {} of {control} are too few to compare: at least {FEWEST} of \
                 each are needed, and about 300",
                percentile.name,
                candidate.len(),
                serving.len(),
            ),
        ),
    }
}

impl Compared {
    fn finding(&self, allowed: Allowed, control: &str) -> Finding {
        let finding = Finding::new(Trigger::Latency, self.judgement, self.words(allowed, control));
        let (candidate, serving) = (self.candidate.0, self.serving.0);
        if serving > 0.0 { finding.with_numbers(candidate / serving, allowed.ratio, "times") } else { finding }
    }

    fn words(&self, allowed: Allowed, control: &str) -> String {
        let ((candidate, n), (serving, m)) = (self.candidate, self.serving);
        let floor = time(allowed.floor.as_secs_f64());
        let over = candidate - serving;
        let (low, high) = self.ratio;
        let head = format!(
            "{} of {n} answers is {}, of {m} of {control} {}: with 90 % confidence {low:.2} to {high:.2} times as long",
            self.percentile.name,
            time(candidate),
            time(serving),
        );
        let limit = format!("{:.2} times", allowed.ratio);
        match self.judgement {
            Judgement::Passed if high < allowed.ratio => format!("{head}, which is under {limit}"),
            Judgement::Passed => format!("{head}, and surely no more than {floor} longer, which counts as none"),
            Judgement::Failed => {
                format!("{head}, which is over {limit}, and {} longer, which is over {floor}", time(over))
            }
            _ => {
                let sure = percent(self.good);
                let more = self.more(allowed);
                format!(
                    "{head}: it is under {limit} or within {floor} with {sure}, and {} is asked for{more}",
                    percent(CONFIDENCE)
                )
            }
        }
    }

    /// About how many more answers would have told, if they were like those there are: the interval
    /// shrinks with the root of their number.
    fn more(&self, allowed: Allowed) -> String {
        let estimate = self.candidate.0 / self.serving.0;
        let (low, high) = self.ratio;
        let (gap, width) = if estimate < allowed.ratio {
            ((allowed.ratio / estimate).ln(), (high / estimate).ln())
        } else {
            ((estimate / allowed.ratio).ln(), (estimate / low).ln())
        };
        let times = (width / gap).powi(2);
        if !times.is_finite() || !(1.0..=1000.0).contains(&times) {
            return String::new();
        }
        let (_, n) = self.candidate;
        format!(
            "; about {:.0} more answers of each would have told",
            (times - 1.0) * n.min(self.serving.1) as f64 + 1.0
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Judgement::{Failed, Inconclusive, Passed};

    const ALLOWED: Allowed = Allowed { ratio: 1.2, floor: Duration::from_millis(5) };

    /// Evenly spread answers around so many milliseconds, from 80 % to 120 % of it.
    fn around(milliseconds: f64, number: u32) -> Vec<f64> {
        (0..number).map(|i| milliseconds / 1000.0 * (0.8 + 0.4 * f64::from(i) / f64::from(number))).collect()
    }

    #[track_caller]
    fn check(candidate: &[f64], serving: &[f64], judgement: Judgement, words: &str) {
        let found = finding(candidate, serving, PERCENTILES[1], ALLOWED, "the release that serves");
        assert_eq!((found.judgement, found.words.as_str()), (judgement, words));
    }

    #[test]
    fn a_comparison_can_be_checked_by_a_person() {
        check(
            &around(51.0, 1000),
            &around(50.0, 1000),
            Passed,
            "p95 of 1000 answers is 60.2 ms, of 1000 of the release that serves 59 ms: with 90 % confidence 1.01 to 1.03 \
             times as long, which is under 1.20 times",
        );
        check(
            &around(75.0, 300),
            &around(50.0, 300),
            Failed,
            "p95 of 300 answers is 88.4 ms, of 300 of the release that serves 58.9 ms: with 90 % confidence 1.48 to 1.52 \
             times as long, which is over 1.20 times, and 29.5 ms longer, which is over 5 ms",
        );
        check(
            &around(60.2, 100),
            &around(50.0, 100),
            Inconclusive,
            "p95 of 100 answers is 70.8 ms, of 100 of the release that serves 58.8 ms: with 90 % confidence 1.18 to 1.22 \
             times as long: it is under 1.20 times or within 5 ms with 43.7 %, and 95 % is asked for; about 2576 more \
             answers of each would have told",
        );
        check(
            &around(3.0, 300),
            &around(1.0, 300),
            Passed,
            "p95 of 300 answers is 3.5 ms, of 300 of the release that serves 1.2 ms: with 90 % confidence 2.97 to 3.03 \
             times as long, and surely no more than 5 ms longer, which counts as none",
        );
        check(
            &around(1.0, 99),
            &[],
            Inconclusive,
            "p95: 99 good answers of the candidate and 0 of the release that serves are too few to compare: at least 100 \
             of each are needed, and about 300",
        );
    }

    #[test]
    fn slower_never_judges_better() {
        let serving = around(50.0, 300);
        for percentile in PERCENTILES {
            let mut last = 1.0;
            for milliseconds in [40.0, 50.0, 55.0, 58.0, 60.0, 62.0, 70.0, 100.0] {
                let good = compare(&around(milliseconds, 300), &serving, percentile, ALLOWED).expect("enough").good;
                assert!(good <= last + 1e-12, "{milliseconds}: {good} after {last}");
                last = good;
            }
            assert!(last < 1e-9);
        }
    }

    #[test]
    fn answers_that_take_no_time_at_all_are_not_slow() {
        let compared = compare(&[0.0; 200], &[0.0; 200], PERCENTILES[0], ALLOWED).expect("enough");
        assert_eq!(compared.judgement, Passed);
        let found = finding(&[0.0; 200], &[0.0; 200], PERCENTILES[0], ALLOWED, "it");
        assert_eq!(found.measured, None);
    }
}
